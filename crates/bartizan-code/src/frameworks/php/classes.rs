//! Classes by their full names, with parents, traits, methods and constants.

use std::collections::HashMap;

use super::calls::statements;
use crate::syntax::{File, Piece};

/// A class, trait, interface or enumeration.
#[derive(Clone, Debug)]
pub(super) struct Class<'f> {
    /// Name with its namespace.
    pub(super) full: String,
    pub(super) piece: Piece<'f>,
    /// Full name of what it extends.
    pub(super) parent: Option<String>,
    /// Full names of its traits.
    traits: Vec<String>,
    methods: HashMap<&'f str, Piece<'f>>,
    constants: HashMap<&'f str, Piece<'f>>,
    properties: HashMap<&'f str, Piece<'f>>,
}

/// What names mean in a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    namespace: String,
    used: HashMap<String, String>,
}

/// All classes of the PHP files of a project.
#[derive(Debug, Default)]
pub(super) struct Classes<'f> {
    files: Vec<&'f File>,
    names: HashMap<&'f str, Names>,
    by_full: HashMap<String, Vec<Class<'f>>>,
    by_last: HashMap<String, Vec<String>>,
}

const KINDS: &[&str] =
    &["class_declaration", "trait_declaration", "interface_declaration", "enum_declaration"];
/// Parents are followed so far.
const MAX_DEPTH: usize = 16;

impl Names {
    fn new(file: &File) -> Self {
        let mut names = Self::default();
        let mut open: Vec<Piece<'_>> = file.root().children().collect();
        let mut at = 0;
        while let Some(piece) = open.get(at).copied() {
            at += 1;
            match piece.kind() {
                "namespace_definition" => {
                    if let Some(name) = piece.field("name") {
                        names.namespace = name.text().to_owned();
                    }
                    open.extend(statements(&piece));
                }
                "namespace_use_declaration" => names.add_use(&piece),
                _ => {}
            }
        }
        names
    }

    fn add_use(&mut self, piece: &Piece<'_>) {
        let front = piece.child(&["namespace_name"]).map(|name| name.text());
        for clause in piece.all(&["namespace_use_clause"]) {
            let mut parts = clause.children();
            let Some(name) = parts.next() else { continue };
            let name = name.text().trim_start_matches('\\');
            let full = front.map_or_else(|| name.to_owned(), |front| format!("{front}\\{name}"));
            let last = name.rsplit('\\').next().unwrap_or(name);
            let alias = parts.last().map_or(last, |alias| alias.text());
            self.used.insert(alias.to_owned(), full);
        }
    }

    /// The full name of a class that is written as `name`.
    pub(super) fn full(&self, name: &str) -> String {
        if let Some(full) = name.strip_prefix('\\') {
            return full.to_owned();
        }
        let (first, rest) = name.split_once('\\').unwrap_or((name, ""));
        match self.used.get(first) {
            Some(full) if rest.is_empty() => full.clone(),
            Some(full) => format!("{full}\\{rest}"),
            None if self.namespace.is_empty() => name.to_owned(),
            None => format!("{}\\{name}", self.namespace),
        }
    }

    /// The full name of a class that is declared in the file.
    pub(super) fn declared(&self, class: &Piece<'_>) -> String {
        let name = class.field("name").map_or("", |name| name.text());
        if self.namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{}\\{name}", self.namespace)
        }
    }
}

impl<'f> Classes<'f> {
    /// Reads the classes of files.
    pub(super) fn new(files: impl Iterator<Item = &'f File>) -> Self {
        let mut classes = Self { files: files.collect(), ..Self::default() };
        for file in classes.files.clone() {
            let names = Names::new(file);
            let mut open: Vec<Piece<'f>> = file.root().children().collect();
            let mut at = 0;
            while let Some(piece) = open.get(at).copied() {
                at += 1;
                if piece.is(&["namespace_definition", "if_statement", "compound_statement"]) {
                    open.extend(statements(&piece));
                } else if piece.is(KINDS) {
                    classes.add(&piece, &names);
                }
            }
            classes.names.insert(&file.path, names);
        }
        classes
    }

    fn add(&mut self, piece: &Piece<'f>, names: &Names) {
        let full = names.declared(piece);
        let parent = piece.child(&["base_clause"]).and_then(|base| base.children().next());
        let mut class = Class {
            full: full.clone(),
            piece: *piece,
            parent: parent.map(|parent| names.full(parent.text())),
            traits: Vec::new(),
            methods: HashMap::new(),
            constants: HashMap::new(),
            properties: HashMap::new(),
        };
        for member in statements(piece) {
            match member.kind() {
                "method_declaration" => {
                    if let Some(name) = member.field("name") {
                        class.methods.insert(name.text(), member);
                    }
                }
                "use_declaration" => {
                    class.traits.extend(member.children().map(|name| names.full(name.text())));
                }
                "const_declaration" => {
                    for element in member.all(&["const_element"]) {
                        let mut parts = element.children();
                        if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                            class.constants.insert(name.text(), value);
                        }
                    }
                }
                "enum_case" => {
                    let mut parts = member.children();
                    if let (Some(name), Some(value)) = (parts.next(), parts.last()) {
                        class.constants.insert(name.text(), value);
                    }
                }
                "property_declaration" => {
                    for element in member.all(&["property_element"]) {
                        let mut parts = element.children();
                        if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                            class.properties.insert(name.text().trim_start_matches('$'), value);
                        }
                    }
                }
                _ => {}
            }
        }
        let last = full.rsplit('\\').next().unwrap_or(&full).to_lowercase();
        self.by_last.entry(last).or_default().push(full.to_lowercase());
        self.by_full.entry(full.to_lowercase()).or_default().push(class);
    }

    /// All PHP files.
    pub(super) fn files(&self) -> &[&'f File] {
        &self.files
    }

    /// What names mean in a file.
    pub(super) fn names(&self, file: &File) -> Names {
        self.names.get(file.path.as_str()).cloned().unwrap_or_default()
    }

    /// The classes of a full name, those below `root` when there are some. One whose namespace is
    /// not known is found by its last part, when that is of one class only.
    pub(super) fn named(&self, full: &str, root: &str) -> Vec<&Class<'f>> {
        let key = full.trim_start_matches('\\').to_lowercase();
        let all = match self.by_full.get(&key) {
            Some(all) => all,
            None if key.starts_with("illuminate\\") || key.starts_with("laravel\\") => {
                return Vec::new();
            }
            None => {
                let last = key.rsplit('\\').next().unwrap_or(&key);
                match self.by_last.get(last).map(Vec::as_slice) {
                    Some([only]) => match self.by_full.get(only) {
                        Some(all) => all,
                        None => return Vec::new(),
                    },
                    _ => return Vec::new(),
                }
            }
        };
        let is_here = |class: &&Class<'f>| is_below(&class.piece.file.path, root);
        let here: Vec<_> = all.iter().filter(is_here).collect();
        if here.is_empty() { all.iter().collect() } else { here }
    }

    /// A class, its traits, its parent and so on, in the order in which methods are looked for; and
    /// the names of parents that are not in the project.
    pub(super) fn ancestors(&self, full: &str, root: &str) -> (Vec<&Class<'f>>, Vec<String>) {
        let (mut out, mut unknown): (Vec<&Class<'f>>, Vec<String>) = (Vec::new(), Vec::new());
        let mut open = vec![full.to_owned()];
        for _ in 0..MAX_DEPTH * 4 {
            let Some(name) = open.pop() else { break };
            let Some(class) = self.named(&name, root).first().copied() else {
                unknown.push(name);
                continue;
            };
            if out.iter().any(|known| known.piece == class.piece) {
                continue;
            }
            out.push(class);
            open.extend(class.parent.clone());
            open.extend(class.traits.iter().rev().cloned());
        }
        (out, unknown)
    }
}

impl<'f> Class<'f> {
    /// A method of its own.
    pub(super) fn method(&self, name: &str) -> Option<Piece<'f>> {
        self.methods.get(name).copied()
    }

    /// All methods of its own.
    pub(super) fn methods(&self) -> impl Iterator<Item = Piece<'f>> + '_ {
        self.methods.values().copied()
    }

    /// The value of a constant or case of its own.
    pub(super) fn constant(&self, name: &str) -> Option<Piece<'f>> {
        self.constants.get(name).copied()
    }

    /// What a property of its own is first set to; its name without `$`.
    pub(super) fn property(&self, name: &str) -> Option<Piece<'f>> {
        self.properties.get(name).copied()
    }
}

/// Whether a file is below a folder.
pub(super) fn is_below(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}
