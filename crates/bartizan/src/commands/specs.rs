//! Reads the specifications named on the command line, and the files they refer to.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_analysis::Specs;
use bartizan_protocols::spec::{self, Files, MAX_SPEC_BYTES, OUTSIDE};

use super::{CommandError, watched::Watched};

/// Reads all specifications; `None` when none is named. Files are noted before they are read: those that are named,
/// then those that they refer to, read or missing.
pub(super) fn read(
    paths: &[PathBuf],
    watched: &mut Watched,
) -> Result<Option<Arc<Specs>>, CommandError> {
    if paths.is_empty() {
        return Ok(None);
    }
    paths.iter().for_each(|path| watched.note(path));
    let mut documents = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let fail = |reason: String| {
            CommandError::input(format!("cannot read specification {name}: {reason}"))
        };
        let bytes = bounded(path).map_err(fail)?;
        let mut beside = Beside::new(path, watched);
        let document = spec::read(&bytes, &mut beside)
            .map_err(|problem| fail(problem.to_string()).help(FORMATS))?;
        documents.push((name.clone(), document));
    }
    Ok(Some(Arc::new(Specs::new(documents))))
}

const FORMATS: &str = "OpenAPI 2.0 to 3.2, AsyncAPI 2 and 3, GraphQL (SDL or introspection), \
     .proto files, sets of descriptors (`protoc --include_imports -o api.binpb`, `buf build`), WSDL 1.1 and \
     2.0 are read";

/// A file of bounded size: a pipe or device could be without end.
fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    let text = |error: std::io::Error| error.to_string();
    let file = std::fs::File::open(path).map_err(text)?;
    let mut out = Vec::new();
    let most = MAX_SPEC_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut out).map_err(text)?;
    if out.len() > MAX_SPEC_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_SPEC_BYTES / 1024 / 1024));
    }
    Ok(out)
}

/// Files in and below the folder of a specification, links resolved.
struct Beside<'w> {
    name: String,
    folder: Option<PathBuf>,
    watched: &'w mut Watched,
}

impl<'w> Beside<'w> {
    fn new(path: &Path, watched: &'w mut Watched) -> Self {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
        Self { name, folder, watched }
    }
}

impl Files for Beside<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let folder = self.folder.as_ref().ok_or("the folder cannot be read")?;
        let named = folder.join(path);
        let file = named.canonicalize().map_err(|error| {
            // It may come.
            self.watched.note(&named);
            error.to_string()
        })?;
        if !file.starts_with(folder) {
            return Err(OUTSIDE.to_owned());
        }
        // Opening a pipe waits for its other end.
        if !file.is_file() {
            return Err("it is no file".to_owned());
        }
        self.watched.note(&file);
        bounded(&file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_do_not_lead_out_of_the_folder() {
        let home = tempfile::tempdir().expect("a folder");
        let inner = home.path().join("api");
        std::fs::create_dir_all(inner.join("parts")).expect("a folder");
        std::fs::write(home.path().join("secret.yaml"), "a: 1").expect("a file");
        std::fs::write(inner.join("parts/a.yaml"), "a: 1").expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink("../secret.yaml", inner.join("link.yaml")).expect("a link");
        let mut watched = Watched::default();
        let mut files = Beside::new(&inner.join("openapi.yaml"), &mut watched);
        assert_eq!(files.read("parts/a.yaml").as_deref(), Ok(&b"a: 1"[..]));
        for path in ["link.yaml", "../secret.yaml", "/etc/hostname", "parts", "missing.yaml"] {
            assert!(files.read(path).is_err(), "{path}");
        }
    }
}
