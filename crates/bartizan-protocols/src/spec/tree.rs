//! The located tree that every specification is read into: values as written, each with its JSON
//! pointer (RFC 6901), line and column.
//!
//! Nodes lie in one list in document order, so that a subtree is a range: there is no recursion in
//! reading, walking, copying or dropping, however deep a document is.

use std::{collections::HashMap, fmt, hash::BuildHasher};

use foldhash::fast::RandomState;

use super::{MAX_SPEC_BYTES, budget::Limits, problem::Problems};

mod builder;
mod children;
mod json;
mod xml;
mod yaml;

pub(crate) use self::{builder::Builder, children::Children, xml::Lines};

#[cfg(test)]
mod tests;

/// Most nodes of one specification, all of its files together, aliases and merge keys expanded.
pub const MAX_NODES: usize = 2_000_000;
/// Most nodes that aliases and merge keys add to one file.
pub const MAX_EXPANDED_NODES: usize = 400_000;
/// Most bytes of names and values that aliases and merge keys add to one file.
pub const MAX_EXPANDED_BYTES: usize = MAX_SPEC_BYTES;
/// Most bytes of names and values that one file has, aliases and merge keys not counted. More than
/// its size only where reading adds to it, as numbers of repeated elements of XML.
pub const MAX_TEXT_BYTES: usize = 4 * MAX_SPEC_BYTES;
/// Deepest nesting of one file.
pub const MAX_DEPTH: usize = 200;
/// Longest name of a member, in bytes.
pub const MAX_NAME: usize = 16 * 1024;
/// Longest pointer that is given, in bytes; a longer one ends with `…`.
pub const MAX_POINTER: usize = 16 * 1024;
/// Elements of a list beyond this one cannot be named by a pointer.
pub const MAX_POINTED_INDEX: usize = 1_024;

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The whole document.
    pub const ROOT: Self = Self(0);

    const fn at(self) -> usize {
        self.0 as usize
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'t> {
    /// `null`, or nothing at all.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as written.
    Number(&'t str),
    /// A text, unescaped.
    Text(&'t str),
    /// A list.
    Array,
    /// Members with a name.
    Object,
}

/// A part of [`Tree::text`].
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    from: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Null,
    Bool(bool),
    Number(Part),
    Text(Part),
    Array,
    Object,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    Name(Part),
    Index(u32),
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    parent: u32,
    /// Behind the last node of the subtree.
    end: u32,
    key: Key,
    kind: Kind,
    line: u32,
    column: u32,
    /// Replaced by a later member of the same name, or a merge key: kept, never shown.
    hidden: bool,
}

impl Slot {
    /// Bytes of its name and value.
    fn bytes(&self) -> usize {
        let key = if let Key::Name(part) = self.key { part.length as usize } else { 0 };
        let value = match self.kind {
            Kind::Number(part) | Kind::Text(part) => part.length as usize,
            Kind::Null | Kind::Bool(_) | Kind::Array | Kind::Object => 0,
        };
        key + value
    }
}

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1; 0 when unknown.
    pub line: u32,
    /// From 1, in Unicode scalar values; 0 when unknown.
    pub column: u32,
}

/// One file, read.
#[derive(Clone, Default)]
pub struct Tree {
    slots: Vec<Slot>,
    text: String,
    /// Members by parent and name; a false hit is found out by comparing names.
    members: HashMap<u64, u32, RandomState>,
    hasher: RandomState,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("nodes", &self.slots.len()).finish_non_exhaustive()
    }
}

impl Tree {
    /// Reads JSON, YAML or XML. Never fails: what cannot be read is a problem, and the tree holds what
    /// stands before it.
    #[must_use]
    pub(crate) fn read(bytes: &[u8], limits: Limits, problems: &mut Problems) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let good = std::str::from_utf8(good).unwrap_or_default();
                problems.error("", position_of(good, good.len()), "not UTF-8 from here on");
                good
            }
        };
        Self::read_text(text, limits, problems)
    }

    fn read_text(text: &str, limits: Limits, problems: &mut Problems) -> Self {
        let first = text.trim_ascii_start().as_bytes().first().copied();
        if matches!(first, Some(b'{' | b'[')) {
            let mut found = Problems::default();
            let (tree, is_json) = json::read(text, limits, &mut found);
            if is_json {
                problems.append(found);
                return tree;
            }
            // A flow mapping of YAML looks like JSON until its first bare word. What is neither
            // is read as what more is understood of.
            let mut other = Problems::default();
            let as_yaml = yaml::read(text, limits, &mut other);
            let (tree, found) =
                if as_yaml.len() > tree.len() { (as_yaml, other) } else { (tree, found) };
            problems.append(found);
            return tree;
        }
        if first == Some(b'<') {
            return xml::read(text, limits, problems);
        }
        yaml::read(text, limits, problems)
    }

    /// The whole document; a tree of nothing is a null.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, id: NodeId::ROOT }
    }

    /// The node of this id.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All nodes that are shown, in document order.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let mut at = 0u32;
        std::iter::from_fn(move || {
            loop {
                let slot = self.slots.get(at as usize)?;
                let id = NodeId(at);
                at = if slot.hidden { slot.end.max(at + 1) } else { at + 1 };
                if !slot.hidden {
                    return Some(Node { tree: self, id });
                }
            }
        })
    }

    fn part(&self, part: Part) -> &str {
        let from = part.from as usize;
        self.text.get(from..from + part.length as usize).unwrap_or_default()
    }

    fn slot(&self, id: NodeId) -> Option<&Slot> {
        self.slots.get(id.at())
    }

    /// Where a node is, and a member of it that is not there yet.
    fn pointer(&self, node: NodeId, member: Option<Part>) -> String {
        let mut steps: Vec<Key> = member.map(Key::Name).into_iter().collect();
        let mut at = node;
        while at != NodeId::ROOT
            && let Some(slot) = self.slot(at)
        {
            steps.push(slot.key);
            at = NodeId(slot.parent);
        }
        let mut out = String::new();
        for key in steps.iter().rev() {
            out.push('/');
            match key {
                Key::Name(part) => out.push_str(&escape(self.part(*part))),
                Key::Index(index) => out.push_str(&index.to_string()),
            }
            if out.len() > MAX_POINTER {
                out.truncate(out.floor_char_boundary(MAX_POINTER));
                out.push('…');
                break;
            }
        }
        out
    }

    fn hash(&self, parent: u32, name: &str) -> u64 {
        self.hasher.hash_one((parent, name))
    }

    fn is_member(&self, id: u32, parent: u32, name: &str) -> bool {
        self.slots.get(id as usize).is_some_and(|slot| {
            slot.parent == parent
                && !slot.hidden
                && matches!(slot.key, Key::Name(part) if self.part(part) == name)
        })
    }

    fn member(&self, parent: u32, name: &str) -> Option<u32> {
        let found = self.members.get(&self.hash(parent, name)).copied()?;
        if self.is_member(found, parent, name) {
            return Some(found);
        }
        // Two names of one hash.
        let all = Node { tree: self, id: NodeId(parent) }.children();
        all.map(|node| node.id.0).find(|id| self.is_member(*id, parent, name))
    }
}

/// A node with its tree.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: NodeId,
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.pointer(), self.value())
    }
}

impl<'t> Node<'t> {
    /// Its id.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub fn value(self) -> Value<'t> {
        match self.tree.slot(self.id).map(|slot| slot.kind) {
            None | Some(Kind::Null) => Value::Null,
            Some(Kind::Bool(value)) => Value::Bool(value),
            Some(Kind::Number(part)) => Value::Number(self.tree.part(part)),
            Some(Kind::Text(part)) => Value::Text(self.tree.part(part)),
            Some(Kind::Array) => Value::Array,
            Some(Kind::Object) => Value::Object,
        }
    }

    /// Its name, in an object.
    #[must_use]
    pub fn key(self) -> Option<&'t str> {
        match self.tree.slot(self.id)?.key {
            Key::Name(part) if self.id != NodeId::ROOT => Some(self.tree.part(part)),
            _ => None,
        }
    }

    /// Its place in an array, from 0.
    #[must_use]
    pub fn index(self) -> Option<u32> {
        match self.tree.slot(self.id)?.key {
            Key::Index(index) => Some(index),
            Key::Name(_) => None,
        }
    }

    /// Where it stands: the first letter of a value, or of the name in front of it.
    #[must_use]
    pub fn position(self) -> Position {
        let slot = self.tree.slot(self.id);
        slot.map_or_else(Position::default, |s| Position { line: s.line, column: s.column })
    }

    /// Where it is in the document (RFC 6901), cut behind [`MAX_POINTER`] bytes.
    #[must_use]
    pub fn pointer(self) -> String {
        self.tree.pointer(self.id, None)
    }

    /// What it is a member or element of.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let slot = self.tree.slot(self.id).filter(|_| self.id != NodeId::ROOT)?;
        Some(Self { tree: self.tree, id: NodeId(slot.parent) })
    }

    /// The member of this name. Of several, the last.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Self> {
        let id = self.tree.member(self.id.0, name)?;
        Some(Self { tree: self.tree, id: NodeId(id) })
    }

    /// Members or elements, in the order of the document.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.walk()
    }

    pub(crate) fn walk(self) -> Children<'t> {
        Children::of(self)
    }

    /// Members with their names.
    pub fn members(self) -> impl Iterator<Item = (&'t str, Self)> {
        self.children().filter_map(|child| Some((child.key()?, child)))
    }

    /// The node that a JSON pointer names from here. Steps are bounded by the depth of a tree.
    #[must_use]
    pub fn find(self, pointer: &str) -> Option<Self> {
        self.find_counted(pointer, &mut 0)
    }

    /// The same; adds the nodes that were looked at to `steps`.
    pub(crate) fn find_counted(self, pointer: &str, steps: &mut usize) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut at = self;
        for step in pointer.strip_prefix('/')?.split('/') {
            *steps += 1;
            let step = step.replace("~1", "/").replace("~0", "~");
            at = match at.value() {
                Value::Object => at.get(&step)?,
                Value::Array => {
                    let index = step.parse().ok().filter(|index| *index < MAX_POINTED_INDEX)?;
                    let mut children = at.walk();
                    let found = children.nth(index);
                    *steps += children.passed();
                    found?
                }
                _ => return None,
            };
        }
        Some(at)
    }

    /// The text of a text.
    #[must_use]
    pub fn as_str(self) -> Option<&'t str> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a text or number: versions are often written without quotes.
    #[must_use]
    pub fn scalar(self) -> Option<&'t str> {
        match self.value() {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(value) => Some(if value { "true" } else { "false" }),
            _ => None,
        }
    }

    /// The truth value of one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.value() {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.value() == Value::Object
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.value() == Value::Array
    }

    /// The text of a member, empty when there is none.
    #[must_use]
    pub fn text_of(self, name: &str) -> &'t str {
        self.get(name).and_then(Self::scalar).unwrap_or_default()
    }
}

/// A step of a JSON pointer (RFC 6901 §3).
#[must_use]
pub fn escape(name: &str) -> String {
    if name.contains(['~', '/']) {
        name.replace('~', "~0").replace('/', "~1")
    } else {
        name.to_owned()
    }
}

fn position_of(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|b| *b == b'\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").chars().count();
    Position { line: short(line + 1), column: short(column + 1) }
}

pub(crate) fn short(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
