//! Walks a folder and reads what is code in it.

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry},
    io::Read,
    path::Path,
};

use crate::{
    Observer,
    components::{self, Components},
    error::ReadError,
    limits::Limits,
    literals,
    syntax::{File, Language},
};

/// Folders that hold other people's code or tests: an application serves nothing from them.
const PASSED_OVER: &[&str] = &[
    "__mocks__",
    "__pycache__",
    "__tests__",
    "bower_components",
    "cypress",
    "e2e",
    "fixtures",
    "migrations",
    "node_modules",
    "site-packages",
    "spec",
    "specs",
    "test",
    "testdata",
    "tests",
    "venv",
    "virtualenv",
];

/// Folders that do so where one of these files is beside them: of a shop, `vendor` is a part of its own.
const PASSED_OVER_BESIDE: &[(&str, &[&str])] = &[
    ("coverage", &["Gemfile", "package.json", "pyproject.toml"]),
    ("obj", &[".csproj"]),
    ("target", &["Cargo.toml", "build.sbt", "pom.xml"]),
    ("vendor", &["Gemfile", "composer.json", "go.mod", "package.json"]),
];

/// Largest file of configuration that is read, in bytes: larger ones hold data.
const MAX_CONFIGURATION_BYTES: usize = 256 << 10;

/// Folders that hold what a build made: scripts for browsers, which declare nothing that is served.
const MADE: &[&str] = &["build", "dist"];

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) files: Vec<File>,
    pub(crate) components: Components,
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    bytes: u64,
    read: usize,
}

impl Folder {
    /// Reads everything below `path`. Links are not followed: they could lead out of it or round.
    pub(crate) fn read(
        path: &Path,
        limits: &Limits,
        observer: &mut dyn Observer,
    ) -> Result<Self, ReadError> {
        let mut folder = Self::default();
        let name = path
            .canonicalize()
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        folder.components.top = name.unwrap_or_default();
        folder.walk(path, "", 0, limits, observer)?;
        Ok(folder)
    }

    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn walk(
        &mut self,
        path: &Path,
        below: &str,
        depth: usize,
        limits: &Limits,
        observer: &mut dyn Observer,
    ) -> Result<(), ReadError> {
        let listed = match fs::read_dir(path) {
            Ok(listed) => listed,
            Err(source) if depth == 0 => {
                return Err(ReadError { path: path.to_path_buf(), source });
            }
            Err(_) => {
                self.skip("folder cannot be read");
                return Ok(());
            }
        };
        let mut entries: Vec<DirEntry> = listed.flatten().collect();
        // The order of a folder is that of its disk; results must not depend on it.
        entries.sort_by_key(DirEntry::file_name);
        let beside: Vec<String> =
            entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        for entry in entries {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.skip("name is not UTF-8");
                continue;
            };
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            if kind.is_dir() {
                if is_passed_over(name, &beside) {
                    // What begins with a dot is of tools.
                    if !name.starts_with('.') {
                        self.skip("folder of tests or of other people's code");
                    }
                    continue;
                }
                if depth >= limits.depth {
                    self.skip("folder too deep");
                    continue;
                }
                self.walk(&entry.path(), &path, depth + 1, limits, observer)?;
            } else if kind.is_file() {
                self.file(&entry.path(), &path, name, limits, observer);
                observer.progress(self.read as u64);
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        below: &str,
        name: &str,
        limits: &Limits,
        observer: &mut dyn Observer,
    ) {
        let is_manifest = components::is_manifest(name);
        let is_configuration = literals::is_configuration(name);
        let extension = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
        let is_read = |language: &Language| {
            !is_test(name) && (*language != Language::Settings || is_settings(name))
        };
        let language = Language::of_extension(&extension).filter(is_read);
        if !is_manifest && !is_configuration && language.is_none() {
            return;
        }
        if self.read >= limits.files || self.bytes >= limits.total_bytes {
            return self.skip("beyond the most files, or bytes of all files");
        }
        let text = match bounded(path, limits.file_bytes) {
            Ok(Some(text)) => text,
            Ok(None) => return self.skip("file too large"),
            Err(_) => return self.skip("file cannot be read as UTF-8"),
        };
        self.read += 1;
        self.bytes += text.len() as u64;
        if is_manifest {
            self.components.add(below, name, &text);
        }
        if is_configuration && text.len() <= MAX_CONFIGURATION_BYTES {
            observer.literals(below, &literals::of_lines(&text));
        }
        let Some(language) = language else { return };
        let is_script =
            matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx);
        let is_made = is_bundle(name, &text)
            || is_script && below.split('/').any(|part| MADE.contains(&part));
        let Some(file) = File::parse(below, language, text, limits) else {
            return self.skip("parsing took too long");
        };
        observer.literals(below, &literals::of_code(&file));
        // What a machine made small declares nothing that is served.
        if is_made {
            return self.skip("made by a build, searched for secrets only");
        }
        self.files.push(file);
    }
}

/// Whether a file that is no code says something about routes, or about what guards them.
fn is_settings(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "application.properties",
        "application.yaml",
        "application.yml",
        "build.gradle",
        "build.gradle.kts",
        "pom.xml",
    ];
    NAMES.contains(&name)
}

/// Whether a folder is passed over; `beside`: the names of what is beside it.
fn is_passed_over(name: &str, beside: &[String]) -> bool {
    let conditional = PASSED_OVER_BESIDE.iter().find(|(folder, _)| *folder == name);
    match conditional {
        Some((_, signs)) => beside.iter().any(|file| signs.iter().any(|sign| file.ends_with(sign))),
        None => name.starts_with('.') || PASSED_OVER.contains(&name),
    }
}

/// Whether a file holds tests, by the customs of its language.
fn is_test(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let lower = stem.to_ascii_lowercase();
    [".test", ".spec", "_test", "_spec", ".e2e-spec", ".d", ".stories"]
        .iter()
        .any(|end| lower.ends_with(end))
        || lower.starts_with("test_")
        || lower == "conftest"
        || ["Test", "Tests", "IT", "Spec"].iter().any(|end| {
            stem.strip_suffix(end).is_some_and(|stem| stem.ends_with(|c: char| c.is_lowercase()))
        })
}

/// Whether a script was made small by a machine: nobody writes lines of that length.
fn is_bundle(name: &str, text: &str) -> bool {
    name.contains(".min.") || text.len() > 20_000 && text.len() / (text.lines().count() + 1) > 500
}

/// A text file of at most `most` bytes; `None` when it is longer.
fn bounded(path: &Path, most: u64) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Ok(None);
    }
    let invalid = |error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    String::from_utf8(bytes).map(Some).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_others_are_told_from_own_ones_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "shop/src/vendor/vendor.js",
            "shop/vendor/other.js",
            "shop/build/Build.java",
            "shop/build/bundle.js",
            "shop/test/a.js",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "class A {}").unwrap();
        }
        fs::write(folder.path().join("shop/package.json"), "{}").unwrap();
        let found = Folder::read(folder.path(), &Limits::default(), &mut ()).unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["shop/build/Build.java", "shop/src/vendor/vendor.js"]);
        assert_eq!(found.skipped.values().sum::<u64>(), 3, "{:?}", found.skipped);
    }

    #[test]
    fn settings_are_kept_as_texts_and_not_counted_as_code() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["application.yml", "other.yml", "pom.xml", "A.java"] {
            fs::write(folder.path().join(name), "class A {}").unwrap();
        }
        let found = Folder::read(folder.path(), &Limits::default(), &mut ()).unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["A.java", "application.yml", "pom.xml"]);
        assert_eq!(found.files[1].root().children().count(), 0);
        let found = crate::read(folder.path(), &Limits::default(), &mut ()).unwrap();
        assert_eq!(found.files, 1);
    }
}
