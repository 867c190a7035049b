//! `bartizan keys`: shown once, kept as a digest, changed beside a process that holds the folder.

use std::{path::Path, process::Command};

use bartizan_store::{DataDirectory, DataOptions};
use tempfile::TempDir;

fn keys(home: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
    command.current_dir(home.path()).env("HOME", home.path()).env("USER", "ann").arg("keys");
    let output = command.args(arguments).output().expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn list(home: &TempDir) -> serde_json::Value {
    let (code, out, err) = keys(home, &["list", "--format", "json"]);
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("folder").any(|entry| {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).expect("file");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn keys_are_shown_once_listed_and_revoked() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let create = ["create", "--owner", "acme", "--scope", "orders:read", "--days", "30"];
    let (code, out, err) = keys(&home, &[&create[..], &["--format", "json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let made: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let secret = made["key"].as_str().expect("a key");
    assert!(secret.starts_with("btz_") && secret.len() == 68, "{secret}");
    assert!(!holds(home.path(), secret) && !holds(home.path(), &secret[4..56]));

    let (code, out, _) = keys(&home, &create);
    assert_eq!((code, out.lines().next().map(str::len)), (Some(0), Some(68)));
    let listed = list(&home);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!((&listed[0]["owner"], &listed[0]["state"]), (&"acme".into(), &"active".into()));
    assert!(listed[0].get("key").is_none() && listed[0].get("digest").is_none());

    let id = made["id"].as_str().expect("an id");
    for (verb, state) in [("disable", "disabled"), ("enable", "active"), ("revoke", "revoked")] {
        let (code, out, err) = keys(&home, &[verb, id, "--reason", "leaked"]);
        assert_eq!(code, Some(0), "{err}");
        assert!(out.ends_with(&format!("→ {state}\n")), "{out}");
    }
    let (code, _, err) = keys(&home, &["enable", id]);
    assert_eq!(code, Some(2));
    assert!(err.contains("revoked, which is final"), "{err}");
    assert_eq!(keys(&home, &["revoke", "key_nobody"]).0, Some(2));
    assert_eq!(keys(&home, &["create", "--owner", ""]).0, Some(2));
    let (_, out, _) = keys(&home, &["list"]);
    assert!(out.contains("revoked") && out.contains("acme: key  orders:read"), "{out}");
}

#[test]
fn keys_change_beside_a_process_that_holds_the_folder() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let options = DataOptions::new(home.path().join("bartizan-data"));
    let now = bartizan_model::Timestamp::from_seconds(1);
    let holder = runtime.block_on(DataDirectory::open(&options, now)).expect("held");
    let (code, _, err) = keys(&home, &["create", "--owner", "acme"]);
    assert_eq!(code, Some(0), "{err}");
    let scope = bartizan_model::Scope::default();
    let seen = runtime.block_on(holder.store().api_keys(&scope)).expect("keys");
    assert_eq!(seen.len(), 1);
    let (code, _, err) = keys(&home, &["revoke", seen[0].id.as_str()]);
    assert_eq!(code, Some(0), "{err}");
    let audit = runtime
        .block_on(holder.store().audit_records(&scope, 0, &Default::default()))
        .expect("audit")
        .items;
    assert_eq!(audit.iter().map(|r| r.who.as_str()).collect::<Vec<_>>(), ["ann", "ann"]);
}

#[test]
fn conditions_of_keys_are_kept_and_shown() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let create = ["create", "--owner", "acme", "--address", "192.0.2.0/24", "--server-only"];
    let more = ["--certificate", "spiffe://example.org/a", "--rate", "100/60"];
    let (code, _, err) = keys(&home, &[&create[..], &more[..]].concat());
    assert_eq!(code, Some(0), "{err}");
    let terms = &list(&home)[0]["terms"];
    assert_eq!(terms["addresses"][0], "192.0.2.0/24");
    assert_eq!((&terms["server_only"], &terms["rate"]["requests"]), (&true.into(), &100.into()));
    let (_, out, _) = keys(&home, &["list"]);
    assert!(out.contains("bound to 192.0.2.0/24 spiffe://example.org/a  server only"), "{out}");
    assert!(out.contains("100 in 60 s"), "{out}");
    for wrong in [["--address", "x"], ["--rate", "100"], ["--rate", "0/1"], ["--certificate", ""]] {
        let (code, _, err) = keys(&home, &[&["create", "--owner", "a"], &wrong[..]].concat());
        assert_eq!(code, Some(2), "{wrong:?} {err}");
    }
}

#[test]
fn leaked_keys_are_revoked_and_others_counted() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let made = |home: &TempDir| {
        let (_, out, _) = keys(home, &["create", "--owner", "acme", "--format", "json"]);
        let made: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        made["key"].as_str().expect("a key").to_owned()
    };
    let (leaked, kept, before) = (made(&home), made(&home), made(&home));
    let elsewhere = made(&tempfile::tempdir().expect("another folder"));
    let id = |at: usize| list(&home)[at]["id"].as_str().expect("an id").to_owned();
    assert_eq!(keys(&home, &["revoke", &id(2)]).0, Some(0));
    let report = format!(
        "{{\"Secret\": \"{leaked}\", \"Line\": \"KEY={leaked}\"}}\n{elsewhere}\n{before}\nbtz_1234...\n"
    );
    let path = home.path().join("gitleaks.json");
    std::fs::write(&path, report).expect("written");
    let file = path.to_str().expect("text");
    let (code, out, err) = keys(&home, &["revoke", "--leaked", file]);
    assert_eq!(code, Some(0), "{err}");
    let told = "revoked 1, revoked before 1, unknown here 1, cut or mistyped 1\n";
    assert!(out.ends_with(told) && out.starts_with(&id(0)), "{out}");
    assert!(!out.contains(&leaked[4..]) && !out.contains(&kept));
    let states: Vec<_> = (0..3).map(|at| list(&home)[at]["state"].clone()).collect();
    assert_eq!(states, ["revoked", "active", "revoked"]);
    // Once more, it is as it was.
    let (code, out, _) = keys(&home, &["revoke", "--leaked", file]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("revoked 0, revoked before 2, unknown here 1"), "{out}");
    assert_eq!(keys(&home, &["revoke", "--leaked", "nothing-there"]).0, Some(3));
    assert_eq!(keys(&home, &["revoke"]).0, Some(2));
    assert_eq!(keys(&home, &["revoke", &id(1), "--leaked", file]).0, Some(2));
}
