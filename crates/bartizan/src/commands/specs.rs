//! Reads the specifications named on the command line.

use std::{path::PathBuf, sync::Arc};

use bartizan_analysis::Specs;

use super::CommandError;

/// Largest specification, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads all specifications; `None` when none is named.
pub(super) fn read(paths: &[PathBuf]) -> Result<Option<Arc<Specs>>, CommandError> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut documents = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| {
            CommandError::input(format!("cannot read specification {name}: {error}"))
        };
        let size = std::fs::metadata(path).map_err(fail)?.len();
        if size > MAX_BYTES {
            return Err(CommandError::input(format!(
                "specification {name} is larger than {} MiB",
                MAX_BYTES / 1024 / 1024
            )));
        }
        documents.push((name.clone(), std::fs::read(path).map_err(fail)?));
    }
    let specs = Specs::read(&documents).map_err(|error| {
        CommandError::input(error.to_string())
            .help("OpenAPI 2.0, 3.0 and 3.1 documents are read, in YAML or JSON")
    })?;
    Ok(Some(Arc::new(specs)))
}
