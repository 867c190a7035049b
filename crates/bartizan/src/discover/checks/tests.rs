use std::fs;

use bartizan_analysis::Snapshot;
use bartizan_code::Limits;
use bartizan_model::{HashKey, Scope};

use super::*;
use crate::discover::secrets::Search;

fn findings(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([5; 32]));
    let mut progress = |_| {};
    let mut search = Search::new(&snapshot, &mut progress);
    let found = bartizan_code::read(folder.path(), &Limits::default(), &mut search).expect("read");
    run(&found.routes, &search.found, &Scope::default())
        .into_iter()
        .map(|CodeFinding { finding, .. }| (finding.code, finding.evidence[0].note.clone()))
        .collect()
}

#[test]
fn secrets_are_found_by_form_and_by_name_and_never_shown() {
    let code = "const key = 'AKIAQ3EGRN7XWLZP5TB2';\nconst dbPassword = 'c0rrect-h0rse-9';\n\
                const label = 'Password must have eight characters';\n\
                const url = `postgres://app:${process.env.PASSWORD}@db/app`;\n\
                const password = process.env.PASSWORD;\n\
                errors.password = 'Password is required';\n";
    let found = findings(&[("config.js", code)]);
    let lines: Vec<&str> =
        found.iter().map(|(_, note)| note.split(' ').next().unwrap_or("")).collect();
    assert_eq!(lines, ["config.js:1", "config.js:2"], "{found:?}");
    assert!(found.iter().all(|(code, note)| code == "BZ-C029" && !note.contains("c0rrect")));
}

#[test]
fn a_forgotten_guard_is_found_and_an_application_without_guards_is_not_blamed() {
    let guarded = "const express = require('express');\nconst app = express();\n\
                   app.get('/login', (req, res) => res.end());\n\
                   app.get('/orders', requireAuth, list);\napp.get('/orders/:id', requireAuth, one);\n\
                   app.get('/me', requireAuth, me);\n\
                   app.delete('/orders/:id', remove);\n";
    let found = findings(&[("app.js", guarded)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with("app.js:7 declares DELETE /orders/{id} and"), "{found:?}");
    let open = guarded.replace("requireAuth, ", "");
    assert!(findings(&[("app.js", &open)]).is_empty());
}

#[test]
fn codes_are_their_own() {
    let mut codes: Vec<&str> = CHECKS.iter().map(|check| check.meta.code).collect();
    codes.extend(bartizan_analysis::checks::CHECKS.iter().map(|check| check.meta.code));
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}
