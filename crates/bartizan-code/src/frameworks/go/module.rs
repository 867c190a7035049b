//! Modules of Go code: which folders the paths of imports mean.
//!
//! Manifests are not asked for: imports of an application mostly name its own folders, so what
//! most of them have in front is the name of its module.

use std::collections::{BTreeMap, HashMap};

use super::{DIALECTS, value::Dialect};
use crate::{
    project::Project,
    syntax::{Language, Piece},
};

/// First parts of import paths of the standard library; a folder of that name is another.
const STANDARD: &[&str] = &[
    "bufio", "bytes", "context", "crypto", "database", "embed", "encoding", "errors", "expvar",
    "flag", "fmt", "hash", "html", "image", "io", "log", "maps", "math", "mime", "net", "os",
    "path", "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "sync",
    "syscall", "testing", "text", "time", "unicode", "unsafe",
];

/// Names of modules, with the folders that they are in.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Folder and name, the ones that most imports speak for first.
    known: Vec<(String, String)>,
}

impl Modules {
    /// Finds them from all imports.
    pub(super) fn read<'a>(project: &Project<'_>, folders: impl Iterator<Item = &'a str>) -> Self {
        let mut by_end: HashMap<&str, Vec<&str>> = HashMap::new();
        for folder in folders.filter(|folder| !folder.is_empty()) {
            by_end.entry(folder.rsplit('/').next().unwrap_or(folder)).or_default().push(folder);
        }
        let mut votes: BTreeMap<(String, String), usize> = BTreeMap::new();
        for file in project.files(&[Language::Go]) {
            for spec in file.root().children().filter(|piece| piece.is(&["import_declaration"])) {
                for spec in spec.all(&["import_spec"]) {
                    let Some(path) = spec.field("path") else { continue };
                    let path = import_path(&path);
                    let end = path.rsplit('/').next().unwrap_or(path);
                    if is_foreign(path) {
                        continue;
                    }
                    let same = |folder: &str| {
                        path.rsplit('/').zip(folder.rsplit('/')).take_while(|(a, b)| a == b).count()
                    };
                    let fits = by_end.get(end).map_or(&[][..], Vec::as_slice);
                    let most = fits.iter().map(|folder| same(folder)).max().unwrap_or(0);
                    for folder in fits.iter().filter(|folder| same(folder) == most) {
                        let cut = |text: &str| {
                            let parts: Vec<_> = text.split('/').collect();
                            let keep = parts.len().saturating_sub(most);
                            parts.get(..keep).unwrap_or_default().join("/")
                        };
                        *votes.entry((cut(folder), cut(path))).or_default() += 1;
                    }
                }
            }
        }
        let mut votes: Vec<_> = votes.into_iter().collect();
        votes.sort_by_key(|((folder, _), votes)| (std::cmp::Reverse(*votes), folder.len()));
        let mut known: Vec<(String, String)> = Vec::new();
        for ((folder, name), _) in votes {
            // Modules are hardly ever in each other; a second one is another's package whose
            // name is also that of a folder here.
            if !known.iter().any(|(other, _)| is_in(other, &folder) || is_in(&folder, other)) {
                known.push((folder, name));
            }
        }
        Self { known }
    }

    /// The folder that the import `path` means in a file in `from`.
    pub(super) fn folder(&self, path: &str, from: &str) -> Option<String> {
        let fits = self.known.iter().filter_map(|(folder, name)| {
            let rest = path.strip_prefix(name.as_str())?;
            let rest = if name.is_empty() {
                rest
            } else {
                rest.strip_prefix('/').or((rest.is_empty()).then_some(""))?
            };
            let whole = match (folder.is_empty(), rest.is_empty()) {
                (true, _) => rest.to_owned(),
                (_, true) => folder.clone(),
                _ => format!("{folder}/{rest}"),
            };
            Some((is_in(folder, from), whole))
        });
        let fits: Vec<_> = fits.collect();
        let near = fits.iter().find(|(is_near, _)| *is_near).or(fits.first());
        near.filter(|_| !is_foreign(path)).map(|(_, folder)| folder.clone())
    }
}

/// Whether `inner` is the folder `outer` or in it.
fn is_in(outer: &str, inner: &str) -> bool {
    outer.is_empty()
        || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Text of the path of an import.
pub(super) fn import_path<'f>(path: &Piece<'f>) -> &'f str {
    path.text().trim_matches(['"', '`'])
}

/// Whether the path is surely of no package of the project.
fn is_foreign(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or(path);
    STANDARD.contains(&first) || DIALECTS.iter().any(|dialect| is_of(dialect, path))
}

/// Whether an import path is of a dialect or below it, as its middleware.
fn is_of(dialect: &Dialect, path: &str) -> bool {
    dialect.packages.iter().any(|package| {
        let owner = package.rsplit_once('/').map_or(*package, |(owner, _)| owner);
        let owner = if owner.contains('/') { owner } else { package };
        path.starts_with(owner) && path.as_bytes().get(owner.len()).is_none_or(|b| *b == b'/')
    })
}
