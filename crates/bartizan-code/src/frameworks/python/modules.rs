//! Finds the modules that `import` means.

use std::collections::HashMap;

use crate::syntax::File;

/// A module, or a package without a file of its own.
#[derive(Debug)]
pub(super) struct Module<'f> {
    /// Path without extension, parts joined by `/`.
    pub(super) path: String,
    /// Its file.
    pub(super) file: Option<&'f File>,
    /// What it defines.
    pub(super) scope: usize,
    /// Whether following it began.
    pub(super) is_begun: bool,
}

impl Module<'_> {
    /// The folder that relative imports of it start from.
    pub(super) fn folder(&self) -> &str {
        match self.file {
            Some(file) if file.name() != "__init__.py" => {
                self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
            }
            _ => &self.path,
        }
    }
}

/// Modules of the same name that are looked at.
const MAX_ALIKE: usize = 500;

/// Packages that a folder of the same name in a project must not hide.
const OUTSIDE: &[&str] = &[
    "django",
    "fastapi",
    "flask",
    "flask_restful",
    "flask_restx",
    "functools",
    "importlib",
    "jwt",
    "os",
    "re",
    "rest_framework",
    "starlette",
    "typing",
];

/// All modules by their paths.
#[derive(Debug, Default)]
pub(super) struct Modules<'f> {
    pub(super) all: Vec<Module<'f>>,
    by_path: HashMap<String, usize>,
    by_tail: HashMap<String, Vec<usize>>,
}

impl<'f> Modules<'f> {
    /// The modules of files; the scope of each has its number.
    pub(super) fn new(files: impl Iterator<Item = &'f File>) -> Self {
        let mut modules = Self::default();
        for file in files {
            let path = file.path.strip_suffix(".py").unwrap_or(&file.path);
            let path = path.strip_suffix("__init__").map_or(path, |p| p.trim_end_matches('/'));
            modules.add(path.to_owned(), Some(file));
        }
        let mut folders = Vec::new();
        for module in &modules.all {
            let mut path = module.path.as_str();
            while let Some((folder, _)) = path.rsplit_once('/') {
                folders.push(folder.to_owned());
                path = folder;
            }
        }
        for folder in folders {
            if !modules.by_path.contains_key(&folder) {
                modules.add(folder, None);
            }
        }
        modules
    }

    fn add(&mut self, path: String, file: Option<&'f File>) {
        let at = self.all.len();
        let tail = path.rsplit('/').next().unwrap_or(&path).to_owned();
        self.by_tail.entry(tail).or_default().push(at);
        self.by_path.insert(path.clone(), at);
        self.all.push(Module { path, file, scope: at, is_begun: false });
    }

    /// The module at exactly that path.
    pub(super) fn at(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The module `below` (a dotted name) of another.
    pub(super) fn below(&self, module: usize, name: &str) -> Option<usize> {
        let path = &self.all.get(module)?.path;
        self.at(join(path, &name.replace('.', "/")).as_str())
    }

    /// What `import name` means in the module `from`: searched in the folders above it, nearest
    /// first, then anywhere, for a folder like `src` may be where names begin.
    pub(super) fn absolute(&self, name: &str, from: usize) -> Option<usize> {
        let first = name.split('.').next().unwrap_or(name);
        if OUTSIDE.contains(&first) || name.is_empty() {
            return None;
        }
        let rest = name.replace('.', "/");
        let mut folder = self.all.get(from)?.folder();
        loop {
            let found = self.at(&join(folder, &rest)).filter(|found| *found != from);
            if found.is_some() {
                return found;
            }
            if folder.is_empty() {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        let below = format!("/{rest}");
        let named = self.by_tail.get(rest.rsplit('/').next()?)?;
        let mut found: Vec<usize> = named
            .iter()
            .copied()
            .take(MAX_ALIKE)
            .filter(|at| self.all.get(*at).is_some_and(|module| module.path.ends_with(&below)))
            .filter(|at| rest.contains('/') || self.is_at_top(*at))
            .collect();
        found.sort_by_key(|at| self.all.get(*at).map(|module| module.path.len()));
        found.first().copied()
    }

    /// Whether a module lies in a folder that is no package.
    fn is_at_top(&self, at: usize) -> bool {
        let Some(module) = self.all.get(at) else { return false };
        let folder = module.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.at(folder).and_then(|above| self.all.get(above)).is_none_or(|m| m.file.is_none())
            && (module.path.matches('/').count() <= 1)
    }

    /// What `from ..name import` means, with `dots` in front.
    pub(super) fn relative(&self, dots: usize, name: &str, from: usize) -> Option<usize> {
        let mut folder = self.all.get(from)?.folder();
        for _ in 1..dots.max(1) {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        self.at(&join(folder, &name.replace('.', "/")))
    }
}

fn join(folder: &str, path: &str) -> String {
    match (folder.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{path}"),
    }
}
