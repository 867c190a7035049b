//! Crates and modules of a Rust project, and what a path in code means.

use std::collections::{HashMap, HashSet};

use crate::{
    project::Project,
    syntax::{File, Language, Piece},
};

/// Names that stand for others are followed so often.
const MAX_HOPS: usize = 8;

/// A path of a module or an item, from its crate on.
pub(super) type ItemPath = Vec<String>;

#[derive(Debug, Default)]
struct Uses {
    names: HashMap<String, ItemPath>,
    globs: Vec<ItemPath>,
}

/// All items by name.
#[derive(Debug, Default)]
pub(super) struct Crates<'f> {
    functions: HashMap<&'f str, Vec<(ItemPath, Piece<'f>)>>,
    constants: HashMap<&'f str, Vec<(ItemPath, Piece<'f>)>>,
    impls: HashMap<&'f str, Vec<Piece<'f>>>,
    types: HashMap<&'f str, Vec<Piece<'f>>>,
    uses: HashMap<ItemPath, Uses>,
    modules: HashSet<ItemPath>,
}

impl<'f> Crates<'f> {
    /// Reads all Rust files.
    pub(super) fn read(project: &Project<'f>) -> Self {
        let mut all = Self::default();
        for file in project.files(&[Language::Rust]) {
            // Where something is, is kept on the way down: to ask a node for what it is in costs
            // a way from the top each time.
            let top = module_of_file(file);
            let mut places = vec![(top.clone(), top)];
            let mut open = vec![(file.root(), 0)];
            while let Some((piece, at)) = open.pop() {
                let Some((module, home)) = places.get(at) else { continue };
                let inner = match piece.kind() {
                    "mod_item" => piece.field("name").map(|name| {
                        let mut module = module.clone();
                        module.push(name.text().to_owned());
                        (module.clone(), module)
                    }),
                    "impl_item" => piece.field("type").map(|of| {
                        let mut home = module.clone();
                        home.push(type_name(&of).to_owned());
                        (module.clone(), home)
                    }),
                    _ => None,
                };
                all.item(piece, module, home);
                let below = match inner {
                    Some(inner) => {
                        places.push(inner);
                        places.len() - 1
                    }
                    None => at,
                };
                open.extend(piece.children().map(|child| (child, below)));
            }
        }
        all
    }

    fn item(&mut self, piece: Piece<'f>, module: &[String], home: &[String]) {
        let name = piece.field("name").map_or("", |name| name.text());
        match piece.kind() {
            "function_item" => {
                let mut path = home.to_vec();
                for parts in 1..=path.len() {
                    self.modules.extend(path.get(..parts).map(<[String]>::to_vec));
                }
                path.push(name.to_owned());
                self.functions.entry(name).or_default().push((path, piece));
            }
            "const_item" | "static_item" => {
                let mut path = home.to_vec();
                path.push(name.to_owned());
                self.constants.entry(name).or_default().push((path, piece));
            }
            "struct_item" | "enum_item" | "type_item" => {
                self.types.entry(name).or_default().push(piece);
            }
            "impl_item" => {
                if let Some(of) = piece.field("type") {
                    self.impls.entry(type_name(&of)).or_default().push(piece);
                }
            }
            "use_declaration" => {
                if let Some(argument) = piece.field("argument") {
                    let mut found = Vec::new();
                    names_of_use(argument, &[], 0, &mut found);
                    let uses = self.uses.entry(module.to_vec()).or_default();
                    for (name, path) in found {
                        match name {
                            Some(name) => drop(uses.names.insert(name, path)),
                            None => uses.globs.push(path),
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The function that `path` means at `at`.
    pub(super) fn function(&self, path: &str, at: &Piece<'f>) -> Option<Piece<'f>> {
        self.find(&self.functions, path, at)
    }

    /// The constant that `path` means at `at`.
    pub(super) fn constant(&self, path: &str, at: &Piece<'f>) -> Option<Piece<'f>> {
        self.find(&self.constants, path, at)
    }

    fn find(
        &self,
        items: &HashMap<&'f str, Vec<(ItemPath, Piece<'f>)>>,
        path: &str,
        at: &Piece<'f>,
    ) -> Option<Piece<'f>> {
        let wanted = self.absolute(path, at);
        self.look_up(items, &wanted, 0).or_else(|| {
            let last = wanted.last()?;
            let all = items.get(last.as_str())?;
            let module = module(at);
            let (written, crate_name) = (segments(path), module.first());
            if written.len() == 1 {
                let uses = self.uses.get(&module)?;
                let is_glob = !uses.globs.is_empty() || uses.names.contains_key(last);
                return match all.as_slice() {
                    [(_, one)] if is_glob => Some(*one),
                    _ => None,
                };
            }
            // Exported again on the way: the parts that are written appear in order.
            let tail = match written.split_first() {
                Some((first, rest)) if matches!(first.as_str(), "crate" | "self" | "super") => rest,
                _ => written.as_slice(),
            };
            let fits = |parts: &[String]| {
                let mut found: Vec<_> =
                    all.iter().filter(|(path, _)| is_in_order(parts, path)).collect();
                let near: Vec<_> =
                    found.iter().filter(|(path, _)| path.first() == crate_name).copied().collect();
                if !near.is_empty() {
                    found = near;
                }
                match found.as_slice() {
                    [(_, one)] => Some(*one),
                    _ => None,
                }
            };
            // The first part may be the name of this crate, as that of a library beside `main.rs`.
            let inner = wanted.get(1..).unwrap_or_default();
            let top = || {
                let is_foreign = wanted.first().is_some_and(|first| {
                    let known = ["actix", "axum", "core", "std", "tokio", "tower", "web"];
                    known.iter().any(|name| first.starts_with(name))
                });
                let is_top =
                    |path: &ItemPath| !is_foreign && path.len() == 2 && path.first() == crate_name;
                all.iter().find(|(path, _)| is_top(path)).map(|(_, piece)| *piece)
            };
            fits(tail).or_else(|| if inner.len() > 1 { fits(inner) } else { top() })
        })
    }

    fn look_up(
        &self,
        items: &HashMap<&'f str, Vec<(ItemPath, Piece<'f>)>>,
        path: &[String],
        hops: usize,
    ) -> Option<Piece<'f>> {
        let (last, module) = path.split_last()?;
        let exact = items
            .get(last.as_str())
            .and_then(|all| all.iter().find(|(other, _)| other == path).map(|(_, piece)| *piece));
        if exact.is_some() || hops > MAX_HOPS {
            return exact;
        }
        let uses = self.uses.get(module)?;
        if let Some(other) = uses.names.get(last) {
            let other = self.resolved(other, module, hops + 1);
            if other != path {
                return self.look_up(items, &other, hops + 1);
            }
        }
        uses.globs.iter().find_map(|glob| {
            let mut other = self.resolved(glob, module, hops + 1);
            other.push(last.clone());
            (other != path).then(|| self.look_up(items, &other, hops + 3))?
        })
    }

    /// A path as it is written at `at`, from its crate on.
    pub(super) fn absolute(&self, path: &str, at: &Piece<'f>) -> ItemPath {
        let written = segments(path);
        let module = module(at);
        if written.first().is_some_and(|first| first == "Self") {
            let mut whole = home(at);
            whole.extend(written.into_iter().skip(1));
            return whole;
        }
        self.resolved(&written, &module, 0)
    }

    fn resolved(&self, path: &[String], module: &[String], hops: usize) -> ItemPath {
        let Some((first, rest)) = path.split_first() else { return module.to_vec() };
        let mut whole = match first.as_str() {
            "crate" => module.first().into_iter().cloned().collect(),
            "self" => module.to_vec(),
            "super" => {
                let up = module.get(..module.len().saturating_sub(1).max(1)).unwrap_or(module);
                return match hops > 3 * MAX_HOPS {
                    true => up.to_vec(),
                    false => match rest.first().is_some_and(|next| next == "super") {
                        true => self.resolved(rest, up, hops + 1),
                        false => up.iter().chain(rest).cloned().collect(),
                    },
                };
            }
            name => {
                let used = self.uses.get(module).and_then(|uses| uses.names.get(name));
                match used {
                    Some(used) if hops < MAX_HOPS && used.first() != Some(first) => {
                        let mut whole = self.resolved(used, module, hops + 1);
                        whole.extend(rest.iter().cloned());
                        return whole;
                    }
                    Some(used) => used.clone(),
                    None => {
                        let mut inner = module.to_vec();
                        inner.push(name.to_owned());
                        let is_inner = self.uses.contains_key(&inner)
                            || self.modules.contains(&inner)
                            || self
                                .functions
                                .get(name)
                                .is_some_and(|all| all.iter().any(|(path, _)| *path == inner))
                            || self
                                .constants
                                .get(name)
                                .is_some_and(|all| all.iter().any(|(path, _)| *path == inner));
                        if is_inner { inner } else { vec![name.to_owned()] }
                    }
                }
            }
        };
        whole.extend(rest.iter().cloned());
        whole
    }

    /// `impl` blocks of a type.
    pub(super) fn impls(&self, of: &str) -> &[Piece<'f>] {
        self.impls.get(of).map_or(&[], Vec::as_slice)
    }

    /// Definitions of a type.
    pub(super) fn types(&self, name: &str) -> &[Piece<'f>] {
        self.types.get(name).map_or(&[], Vec::as_slice)
    }

    /// Functions and methods of that name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = Piece<'f>> + use<'_, 'f> {
        self.functions.get(name).into_iter().flatten().map(|(_, piece)| *piece)
    }

    /// All functions, in the order of files and lines.
    pub(super) fn all(&self) -> Vec<Piece<'f>> {
        let mut all: Vec<_> = self.functions.values().flatten().map(|(_, piece)| *piece).collect();
        all.sort_by(|a, b| (&a.file.path, a.offset()).cmp(&(&b.file.path, b.offset())));
        all
    }
}

/// Whether `parts` appear in `path` in that order, the last at its end.
fn is_in_order(parts: &[String], path: &[String]) -> bool {
    let mut path = path.iter();
    parts.last() == path.as_slice().last() && parts.iter().all(|part| path.any(|has| has == part))
}

/// Parts of a path, without types in angle brackets.
fn segments(path: &str) -> ItemPath {
    let mut depth = 0_usize;
    let plain: String = path
        .chars()
        .filter(|c| {
            match c {
                '<' => depth += 1,
                '>' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0 && !c.is_whitespace()
        })
        .collect();
    plain.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The name of a type without path, references and arguments.
pub(super) fn type_name<'f>(piece: &Piece<'f>) -> &'f str {
    let mut piece = *piece;
    for _ in 0..12 {
        let inner = match piece.kind() {
            "generic_type" | "reference_type" | "pointer_type" => piece.field("type"),
            "scoped_type_identifier" => piece.field("name"),
            _ => None,
        };
        match inner {
            Some(inner) => piece = inner,
            None => break,
        }
    }
    piece.text()
}

/// The module of a file: its crate first.
fn module_of_file(file: &File) -> ItemPath {
    let (root, inside) = match file.path.rfind("src/") {
        Some(at) if at == 0 || file.path.get(..at).is_some_and(|root| root.ends_with('/')) => {
            (file.path.get(..at).unwrap_or_default(), file.path.get(at + 4..).unwrap_or_default())
        }
        _ => ("", file.path.as_str()),
    };
    let name = root.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = if name.is_empty() { "crate" } else { name };
    let mut path = vec![name.replace('-', "_")];
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let inside = inside.strip_prefix("bin/").map_or(inside, |_| "");
    let parts: Vec<_> = inside.split('/').filter(|part| !part.is_empty()).collect();
    let count = parts.len();
    for (at, part) in parts.into_iter().enumerate() {
        let is_root =
            at + 1 == count && (part == "mod" || at == 0 && matches!(part, "main" | "lib"));
        if !is_root {
            path.push(part.to_owned());
        }
    }
    path
}

/// The module that something is in.
pub(super) fn module(piece: &Piece<'_>) -> ItemPath {
    let mut inner: Vec<String> = piece
        .ancestors()
        .filter(|outer| outer.is(&["mod_item"]))
        .filter_map(|outer| outer.field("name"))
        .map(|name| name.text().to_owned())
        .collect();
    inner.reverse();
    let mut path = module_of_file(piece.file);
    path.extend(inner);
    path
}

/// The module or type that something is in.
fn home(piece: &Piece<'_>) -> ItemPath {
    let mut path = module(piece);
    if let Some(of) = piece.within(&["impl_item"]).and_then(|block| block.field("type")) {
        path.push(type_name(&of).to_owned());
    }
    path
}

/// Names that a `use` brings, with what they stand for; none for all of a module.
fn names_of_use(
    piece: Piece<'_>,
    front: &[String],
    depth: usize,
    out: &mut Vec<(Option<String>, ItemPath)>,
) {
    if depth > 20 {
        return;
    }
    let join = |text: &str| front.iter().cloned().chain(segments(text)).collect::<ItemPath>();
    match piece.kind() {
        "use_list" => {
            for child in piece.children() {
                names_of_use(child, front, depth + 1, out);
            }
        }
        "scoped_use_list" => {
            let front = piece.field("path").map_or(front.to_vec(), |path| join(path.text()));
            if let Some(list) = piece.field("list") {
                names_of_use(list, &front, depth + 1, out);
            }
        }
        "use_as_clause" => {
            if let (Some(path), Some(alias)) = (piece.field("path"), piece.field("alias")) {
                out.push((Some(alias.text().to_owned()), join(path.text())));
            }
        }
        "use_wildcard" => {
            let path = piece.children().next().map_or(front.to_vec(), |path| join(path.text()));
            out.push((None, path));
        }
        "self" => {
            if let Some(name) = front.last() {
                out.push((Some(name.clone()), front.to_vec()));
            }
        }
        _ => {
            let path = join(piece.text());
            if let Some(name) = path.last() {
                out.push((Some(name.clone()), path.clone()));
            }
        }
    }
}
