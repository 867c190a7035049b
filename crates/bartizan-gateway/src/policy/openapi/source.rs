//! Where a specification comes from: a file with those below its folder, or the configuration itself. Never the
//! network.

use std::path::{Path, PathBuf};

use bartizan_protocols::spec::{
    self, Files, MAX_SPEC_BYTES, NoFiles, OUTSIDE, ProblemSeverity, SpecDocument, SpecFormat,
};

use super::{OnProblems, OpenApiConfig};
use crate::policy::{config::Problem, files};

/// Most problems of a specification that are told.
const PROBLEMS_TOLD: usize = 3;

/// The specification that the settings name.
pub(super) fn read(config: &OpenApiConfig) -> Result<SpecDocument, Problem> {
    let (key, read) = match (&config.source, &config.inline) {
        (Some(source), None) => ("source", of_source(source)),
        (None, Some(inline)) => {
            let bytes = serde_json::to_vec(inline).map_err(|error| error.to_string());
            ("inline", bytes.and_then(|bytes| document(&bytes, &mut NoFiles)))
        }
        (None, None) => {
            return Err(Problem::new(
                "",
                "a specification is needed: `source` or `inline`, or what was `learned`",
            ));
        }
        (Some(_), Some(_)) => {
            let problem = "there is a `source` too, and one specification is needed";
            return Err(Problem::new("inline", problem));
        }
    };
    let document = read.map_err(|why| Problem::new(key, why))?;
    if config.on_problems == OnProblems::Refuse {
        complete(&document).map_err(|why| Problem::new(key, why))?;
    }
    Ok(document)
}

fn of_source(source: &str) -> Result<SpecDocument, String> {
    let Some(path) = source.strip_prefix("file:") else {
        return Err("expected `file:` and the path of a specification".to_owned());
    };
    let path = Path::new(path);
    let text = files::text(path, MAX_SPEC_BYTES as u64)?;
    document(text.as_bytes(), &mut Beside::new(path))
        .map_err(|why| format!("{}: {why}", path.display()))
}

fn document(bytes: &[u8], files: &mut dyn Files) -> Result<SpecDocument, String> {
    let document = spec::read(bytes, files).map_err(|problem| problem.to_string())?;
    match document.format {
        SpecFormat::OpenApi => Ok(document),
        other => Err(format!("expected OpenAPI 2.0 to 3.2, and this is {other}")),
    }
}

/// Whether nothing was left out of a specification when it was read.
fn complete(document: &SpecDocument) -> Result<(), String> {
    let is_error = |problem: &&spec::Problem| problem.severity == ProblemSeverity::Error;
    let errors: Vec<_> = document.problems.iter().filter(is_error).collect();
    if errors.is_empty() && document.more_problems == 0 {
        return Ok(());
    }
    let told: Vec<_> = errors.iter().take(PROBLEMS_TOLD).map(ToString::to_string).collect();
    let more = errors.len().saturating_sub(told.len()) as u64 + document.more_problems;
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Err(format!(
        "parts of it cannot be read: {}{more}; correct them, or set `on_problems: pass`, which leaves them out",
        told.join("; ")
    ))
}

/// Files in and below the folder of a specification, links resolved.
struct Beside {
    name: String,
    folder: Option<PathBuf>,
}

impl Beside {
    fn new(path: &Path) -> Self {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        Self { name, folder: folder.unwrap_or(Path::new(".")).canonicalize().ok() }
    }
}

impl Files for Beside {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let folder = self.folder.as_ref().ok_or("the folder cannot be read")?;
        let file = folder.join(path).canonicalize().map_err(|error| error.to_string())?;
        if !file.starts_with(folder) {
            return Err(OUTSIDE.to_owned());
        }
        // Opening a pipe waits for its other end.
        if !file.is_file() {
            return Err("it is no file".to_owned());
        }
        files::text(&file, MAX_SPEC_BYTES as u64).map(String::into_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(path: &Path) -> OpenApiConfig {
        OpenApiConfig {
            source: Some(format!("file:{}", path.display())),
            ..OpenApiConfig::default()
        }
    }

    #[test]
    fn files_below_the_folder_are_followed_and_no_others() {
        let home = tempfile::tempdir().expect("a folder");
        let inner = home.path().join("api");
        std::fs::create_dir_all(inner.join("parts")).expect("a folder");
        std::fs::write(home.path().join("secret.yaml"), "get: {responses: {}}").expect("written");
        let part =
            "get: {parameters: [{name: n, in: query, schema: {type: integer}}], responses: {}}";
        std::fs::write(inner.join("parts/a.yaml"), part).expect("written");
        let root = inner.join("openapi.yaml");
        let spec = |reference: &str| {
            format!(
                "openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\npaths:\n  /a: {{$ref: '{reference}'}}\n"
            )
        };
        std::fs::write(&root, spec("parts/a.yaml")).expect("written");
        let document = read(&config(&root)).expect("read");
        assert_eq!((document.files(), document.operations[0].parameters.len()), (2, 1));
        for outside in
            ["../secret.yaml", "https://example.com/a.yaml", "/etc/hostname", "none.yaml"]
        {
            std::fs::write(&root, spec(outside)).expect("written");
            let problem = read(&config(&root)).expect_err(outside);
            assert_eq!(problem.key, "source", "{outside}");
            let lax = OpenApiConfig { on_problems: OnProblems::Pass, ..config(&root) };
            assert!(read(&lax).expect(outside).operations.is_empty());
        }
    }

    #[test]
    fn exactly_one_specification_of_openapi_is_needed() {
        let inline = Some(serde_json::json!({"asyncapi": "2.0.0"}));
        for (config, key) in [
            (OpenApiConfig::default(), ""),
            (
                OpenApiConfig { source: Some("api.yaml".into()), ..OpenApiConfig::default() },
                "source",
            ),
            (
                OpenApiConfig {
                    source: Some("file:/nonexistent/x".into()),
                    ..OpenApiConfig::default()
                },
                "source",
            ),
            (OpenApiConfig { inline: inline.clone(), ..OpenApiConfig::default() }, "inline"),
            (
                OpenApiConfig { source: Some("file:a".into()), inline, ..OpenApiConfig::default() },
                "inline",
            ),
        ] {
            assert_eq!(
                read(&config).map(|_| ()).map_err(|problem| problem.key),
                Err(key.to_owned())
            );
        }
    }
}
