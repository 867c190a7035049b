//! Reads what is known beside traffic and specifications: source code, and results of `discover`.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_analysis::{Discoveries, discoveries::FoundRoute};
use bartizan_code::Limits;

use super::CommandError;
use crate::{catalog::FileOwners, config::catalog::CatalogConfig, discover::knowledge};

/// Largest result of `discover` that is read, in bytes.
const MAX_RESULT_BYTES: u64 = 64 << 20;
/// Most results of one folder.
const MAX_RESULTS: usize = 200;

/// Reads all that is configured; `None` when nothing is.
pub(super) fn read(config: &CatalogConfig) -> Result<Option<Arc<Discoveries>>, CommandError> {
    if config.source.is_empty() && config.discovered.is_empty() {
        return Ok(None);
    }
    let owners =
        FileOwners::read(config).map_err(|error| CommandError::usage(error.to_string()))?;
    let mut found = Vec::new();
    for folder in &config.source {
        found.extend(source(folder, owners.as_ref())?);
    }
    for path in &config.discovered {
        for file in results(path)? {
            found.extend(result(&file)?);
        }
    }
    Ok(Some(Arc::new(Discoveries::new(found))))
}

/// The routes of a folder of source code.
fn source(folder: &Path, owners: Option<&FileOwners>) -> Result<Vec<FoundRoute>, CommandError> {
    let found = bartizan_code::read(folder, &Limits::default(), &mut ())
        .map_err(|error| CommandError::input(error.to_string()))?;
    let name = folder.display().to_string();
    if found.files == 0 {
        return Err(CommandError::input(format!("no source code was found in {name}")));
    }
    let owner = |file: &str| owners.and_then(|owners| Some(owners.of(&folder.join(file))?.0));
    Ok(found.routes.into_iter().map(|route| knowledge::of_code(&name, route, owner)).collect())
}

/// A file, or those of a folder whose names end in `.json`, in the order of their names.
fn results(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let fail = |error: std::io::Error| unreadable(path, &error.to_string());
    let mut out = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        if file.extension().is_some_and(|end| end == "json") && file.is_file() {
            out.push(file);
        }
    }
    if out.is_empty() || out.len() > MAX_RESULTS {
        let problem = format!("it has {} results (.json); expected 1 to {MAX_RESULTS}", out.len());
        return Err(unreadable(path, &problem));
    }
    out.sort();
    Ok(out)
}

fn result(path: &Path) -> Result<Vec<FoundRoute>, CommandError> {
    let fail = |problem: String| {
        unreadable(path, &problem)
            .help("`bartizan discover source|crawl|perimeter … --format json --out FILE` writes it")
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let read = file.take(MAX_RESULT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| fail(error.to_string()))?;
    if text.len() as u64 > MAX_RESULT_BYTES {
        return Err(fail(format!("it is larger than {} MiB", MAX_RESULT_BYTES >> 20)));
    }
    knowledge::of_result(&path.display().to_string(), &text).map_err(fail)
}

fn unreadable(path: &Path, problem: &str) -> CommandError {
    CommandError::input(format!("cannot read {}: {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: Option<&Path>, discovered: Option<&Path>) -> CatalogConfig {
        CatalogConfig {
            source: source.into_iter().map(Path::to_owned).collect(),
            discovered: discovered.into_iter().map(Path::to_owned).collect(),
            ..CatalogConfig::default()
        }
    }

    #[test]
    fn folders_of_code_and_of_results_are_read() {
        let home = tempfile::tempdir().expect("a folder");
        let (code, results) = (home.path().join("code"), home.path().join("results"));
        for folder in [&code, &results] {
            std::fs::create_dir(folder).expect("a folder");
        }
        let app = "const app = require('express')();\napp.get('/users/:id', (req, res) => {});\n";
        std::fs::write(code.join("app.js"), app).expect("a file");
        assert!(read(&CatalogConfig::default()).expect("nothing to read").is_none());
        let known = read(&config(Some(&code), None)).expect("read").expect("something");
        assert_eq!(known.path_of("GET", &["users", "7"]), Some("/users/{id}"));

        assert!(read(&config(None, Some(&results))).is_err(), "an empty folder is a mistake");
        std::fs::write(results.join("a.json"), r#"{"target":"http://a.example/","routes":[]}"#)
            .expect("a file");
        assert!(read(&config(None, Some(&results))).is_ok());
        std::fs::write(results.join("b.json"), r#"{"endpoints":[]}"#).expect("a file");
        let error = read(&config(None, Some(&results))).map(drop).expect_err("another result");
        assert!(error.to_string().contains("b.json"), "{error}");
        assert!(read(&config(Some(&home.path().join("none")), None)).is_err());
        assert!(read(&config(Some(&results), None)).is_err(), "no source code");
    }
}
