//! The files of one specification and the references between and inside them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use super::{
    MAX_SPEC_BYTES, SpecLimit,
    budget::{Limits, Work},
    operation::Place,
    problem::Problems,
    proto,
    tree::{Node, NodeId, Tree},
};

/// Most files of one specification.
pub const MAX_FILES: usize = 256;
/// Most references that are followed one after the other.
pub const MAX_REFERENCES: usize = 32;
/// Most other files that one file may name; more would not be read either way.
const MAX_NAMED: usize = 4 * MAX_FILES;
/// What to do about a file that may not be read.
const BRING: &str = "put it in or below the folder of the specification and refer to it by a relative \
     path, or give a specification that is bundled into one file";
/// Why a file is not read that is not below the folder of the specification, and what to do.
pub const OUTSIDE: &str = "it is outside of the folder of the specification: put it in or below that \
     folder, or give the specification that is above both";
/// Most bytes of a reference.
pub(super) const MAX_REFERENCE: usize = 4 * 1024;

/// Further files of a specification.
pub trait Files {
    /// Name of the file that was given, in its folder, so that others can refer to it; empty when
    /// it has none.
    fn name(&self) -> &str {
        ""
    }

    /// The bytes of a file. `path` is relative to the folder of the file that was given, with `/`
    /// between names, without `.`, `..`, a drive or a scheme.
    ///
    /// # Errors
    /// With the reason, when the file cannot be read or may not.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;
}

/// No further files: references to others are problems.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Err("other files are not read here".to_owned())
    }
}

/// How files of a specification refer to others, and are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// JSON, YAML and XML: `$ref` and imports with a location, relative to the file that has them.
    Tree,
    /// Text of protocol buffers: imports, relative to the file that was given. That a compiler would look
    /// for them elsewhere is no fault of the file.
    Proto,
}

impl Language {
    fn read(self, bytes: &[u8], limits: Limits, problems: &mut Problems) -> Tree {
        match self {
            Self::Tree => Tree::read(bytes, limits, problems),
            Self::Proto => proto::tree_of_bytes(bytes, limits, problems),
        }
    }

    /// The path that a member names, when it is a reference to another file.
    fn path(self, from: &str, node: Node<'_>) -> Option<Result<String, Lost<'static>>> {
        let (key, text) = (node.key()?, node.as_str()?);
        let (other, from) = match (self, key) {
            (Self::Tree, "$ref") => (text.split('#').next().unwrap_or(""), from),
            (Self::Tree, "@schemaLocation" | "@location") if is_import(node) => (text, from),
            (Self::Proto, _) if proto::is_import(node) => (text, ""),
            _ => return None,
        };
        if key == "$ref" && other.is_empty() {
            return None;
        }
        Some(if other.len() > MAX_REFERENCE { Err(Lost::Long) } else { Ok(join(from, other)) })
    }

    /// Where the file that was given lies by convention below the folder that paths lead on from: files of
    /// the package `a.b` in `a/b` (AIP-191, "File layout").
    fn folder(self, root: Node<'_>) -> Option<String> {
        let package = root.get("package").and_then(Node::as_str).filter(|_| self == Self::Proto)?;
        Some(format!("{}/", package.replace('.', "/")))
    }

    fn not_read(self, problems: &mut Problems, node: Node<'_>, path: &str, reason: &str) {
        match self {
            Self::Tree => {
                problems.error_at(node, format_args!("{path} is not followed: {reason}"));
            }
            Self::Proto => {
                let what = format_args!(
                    "{path} is not read, {reason}; its messages have names and no fields here: give a \
                     set of descriptors (`protoc --include_imports --include_source_info -o api.binpb …`)"
                );
                problems.warning_at(node, what);
            }
        }
    }
}

/// The trees of a specification's files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forest {
    trees: Vec<(String, Tree)>,
    by_name: BTreeMap<String, u32>,
    /// `$id`, `$self` of schemas and documents.
    ids: BTreeMap<String, Place>,
    /// `$anchor` by file.
    anchors: BTreeMap<(u32, String), Place>,
}

impl Forest {
    /// A specification of one file.
    pub(super) fn alone(root: Tree) -> Self {
        Self { trees: vec![(String::new(), root)], ..Self::default() }
    }

    /// Reads all files that a tree refers to, each once.
    pub(super) fn load(
        (root, language): (Tree, Language),
        bytes: usize,
        files: &mut dyn Files,
        limits: Limits,
        problems: &mut Problems,
    ) -> Self {
        let mut forest = Self::default();
        let mut nodes = limits.nodes.saturating_sub(root.len());
        let folder = language.folder(root.root());
        forest.by_name.insert(files.name().to_owned(), 0);
        forest.trees.push((String::new(), root));
        let mut waiting = VecDeque::from([0u32]);
        let mut refused: BTreeSet<String> = BTreeSet::new();
        let mut room = MAX_SPEC_BYTES.saturating_sub(bytes);
        while let Some(at) = waiting.pop_front() {
            let wanted = forest.scan(at, language, problems);
            for (path, node) in wanted {
                if forest.by_name.contains_key(&path) || refused.contains(&path) {
                    continue;
                }
                let read = if forest.trees.len() >= MAX_FILES {
                    Err(SpecLimit::Files.message())
                } else {
                    fetch(files, &path, folder.as_deref())
                };
                let read = read.and_then(|bytes| match room.checked_sub(bytes.len()) {
                    Some(left) => {
                        room = left;
                        Ok(bytes)
                    }
                    None => Err(SpecLimit::Bytes.message()),
                });
                match read {
                    Ok(bytes) => {
                        let mut inner = Problems::in_file(&path);
                        let limits = Limits { nodes, ..limits };
                        let tree = language.read(&bytes, limits, &mut inner);
                        nodes = nodes.saturating_sub(tree.len());
                        problems.append(inner);
                        let index = super::tree::short(forest.trees.len());
                        forest.by_name.insert(path.clone(), index);
                        forest.trees.push((path, tree));
                        waiting.push_back(index);
                    }
                    Err(reason) => {
                        problems.set_file(forest.name(at));
                        let node = forest.node(Place { file: at, node });
                        language.not_read(problems, node, &path, &reason);
                        problems.set_file("");
                        refused.insert(path);
                    }
                }
            }
        }
        forest
    }

    /// Files that a file refers to, with the first reference to each; notes ids and anchors.
    fn scan(
        &mut self,
        file: u32,
        language: Language,
        problems: &mut Problems,
    ) -> Vec<(String, NodeId)> {
        let Self { trees, ids, anchors, .. } = self;
        let Some((name, tree)) = trees.get(file as usize) else { return Vec::new() };
        for node in tree.nodes() {
            let (Some(key @ ("$id" | "$self" | "$anchor")), Some(text)) =
                (node.key(), node.as_str())
            else {
                continue;
            };
            if text.len() > MAX_REFERENCE {
                // No reference can name it.
                continue;
            }
            let place = Place { file, node: node.parent().map_or(NodeId::ROOT, Node::id) };
            if key == "$anchor" {
                anchors.entry((file, text.to_owned())).or_insert(place);
            } else {
                ids.entry(text.trim_end_matches('#').to_owned()).or_insert(place);
            }
        }
        let mut wanted: BTreeMap<String, NodeId> = BTreeMap::new();
        problems.set_file(name);
        for node in tree.nodes() {
            let path = match language.path(name, node) {
                None => continue,
                Some(Err(lost)) => {
                    problems.error_at(node, lost);
                    continue;
                }
                Some(Ok(path)) => path,
            };
            // What has a name of its own here needs no file.
            if ids.contains_key(&path) || wanted.contains_key(&path) {
                continue;
            }
            if wanted.len() >= MAX_NAMED {
                problems.error_at(node, SpecLimit::Files.message());
                break;
            }
            wanted.insert(path, node.id());
        }
        problems.set_file("");
        wanted.into_iter().collect()
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.node(Place::default())
    }

    /// The roots of all files, with their numbers.
    pub(super) fn roots(&self) -> impl Iterator<Item = (u32, Node<'_>)> {
        self.trees.iter().zip(0u32..).map(|((_, tree), file)| (file, tree.root()))
    }

    pub(super) fn node(&self, place: Place) -> Node<'_> {
        // An index from elsewhere gives the first file's nothing, never a panic.
        match self.trees.get(place.file as usize).or_else(|| self.trees.first()) {
            Some((_, tree)) => tree.node(place.node),
            None => {
                static NOTHING: std::sync::LazyLock<Tree> = std::sync::LazyLock::new(Tree::default);
                NOTHING.root()
            }
        }
    }

    pub(super) fn file(&self, place: Place) -> &str {
        self.name(place.file)
    }

    fn name(&self, file: u32) -> &str {
        self.trees.get(file as usize).map_or("", |(name, _)| name.as_str())
    }

    pub(super) fn len(&self) -> usize {
        self.trees.len()
    }

    /// What a reference in a file names.
    pub(super) fn resolve(&self, file: u32, reference: &str, work: &Work) -> Option<Place> {
        let (other, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let base = if other.is_empty() {
            Place { file, node: NodeId::ROOT }
        } else {
            let name = self.name(file);
            if !work.spend_text(name.len()) {
                return None;
            }
            let path = join(name, other);
            match self.by_name.get(&path) {
                Some(file) => Place { file: *file, node: NodeId::ROOT },
                None => *self.ids.get(other).or_else(|| self.ids.get(&path))?,
            }
        };
        if fragment.is_empty() || fragment.starts_with('/') {
            let pointer = percent_decode(fragment);
            let node = self.node(base);
            let mut steps = 0;
            let mut found = node.find_counted(&pointer, &mut steps);
            if found.is_none() && pointer != fragment {
                found = node.find_counted(fragment, &mut steps);
            }
            work.spend(steps);
            return Some(Place { file: base.file, node: found?.id() });
        }
        self.anchors.get(&(base.file, fragment.to_owned())).copied()
    }

    /// The end of the references that begin at a place; the reason when there is none.
    pub(super) fn follow(&self, mut place: Place, work: &Work) -> Result<Place, Lost<'_>> {
        for _ in 0..MAX_REFERENCES {
            let node = self.node(place);
            let Some(reference) = node.get("$ref").and_then(Node::as_str) else {
                return Ok(place);
            };
            if reference.len() > MAX_REFERENCE {
                return Err(Lost::Long);
            }
            let found =
                work.spend_text(reference.len()).then(|| self.resolve(place.file, reference, work));
            if work.is_over() {
                return Err(Lost::Work);
            }
            place = found.flatten().ok_or(Lost::Nowhere(reference))?;
        }
        Err(Lost::Many)
    }
}

/// Why a reference leads to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost<'r> {
    Long,
    Nowhere(&'r str),
    Many,
    /// No steps are left to look.
    Work,
}

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long => write!(f, "a reference of more than {MAX_REFERENCE} bytes"),
            Self::Nowhere(reference) => write!(f, "reference {reference:?} leads nowhere"),
            Self::Many => write!(f, "more than {MAX_REFERENCES} references one after the other"),
            Self::Work => f.write_str(&SpecLimit::Work.message()),
        }
    }
}

/// Whether an attribute is one of an element that imports (WSDL 1.1 §2.1, XML Schema §4.2).
fn is_import(attribute: Node<'_>) -> bool {
    attribute.parent().and_then(Node::key).is_some_and(|key| {
        let name = key.split('[').next().unwrap_or("");
        matches!(name, "import" | "include" | "redefine")
    })
}

/// Whether a path may be asked for: below the folder of the specification, not on the network.
fn check(path: &str) -> Result<(), String> {
    if path.contains(':') {
        return Err(format!(
            "only files beside the specification are read, never the network: {BRING}"
        ));
    }
    if path.starts_with('/') || path.contains('\\') || path.contains('\0') {
        return Err(format!("only relative paths are read: {BRING}"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(OUTSIDE.to_owned());
    }
    Ok(())
}

/// The bytes of a file that is named by a path, or by what is left of it in this folder.
fn fetch(files: &mut dyn Files, path: &str, folder: Option<&str>) -> Result<Vec<u8>, String> {
    check(path)?;
    let inside =
        folder.and_then(|folder| path.strip_prefix(folder)).filter(|path| !path.is_empty());
    match (files.read(path), inside) {
        (Err(reason), Some(inside)) => files.read(inside).map_err(|_| reason),
        (read, _) => read,
    }
}

/// A relative reference from a file, without `.` and, where it can be, without `..`.
fn join(from: &str, reference: &str) -> String {
    let scheme = reference.split(['/', '?', '#']).next().unwrap_or("");
    if reference.starts_with('/') || scheme.contains(':') {
        return reference.to_owned();
    }
    let reference = percent_decode(reference);
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(reference.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// RFC 3986 §2.1; what is no escape or no UTF-8 stays as it is.
fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| *byte == b'%' && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
