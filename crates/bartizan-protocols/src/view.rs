//! The one parsed view of an exchange: typed values in document order, each with a location.
//!
//! Nodes live in one vector and all text in one string, so that building a view allocates little
//! and a cleared view is reused without allocating at all. A node is followed by its descendants;
//! `end` is the index behind the last of them.

use std::hash::{BuildHasher, Hasher};

use bartizan_model::{
    limits::{LimitName, Limits, NotInspected, NotInspectedReason},
    location::{Root, Side},
};
use foldhash::quality::FixedState;

use crate::{anomaly::AnomalyKind, pace::Pace};

mod fields;
mod fold;
mod node_ref;
mod notes;
mod part;
mod place;
mod value;

pub use fold::general_hash_below;
pub use node_ref::{Children, NodeRef};
pub(crate) use part::{Head, Moved};
pub(crate) use place::Place;
pub use place::Places;
pub use value::{Codec, Step, Value};

/// Index of a node in its view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The position in document order.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepKind {
    Root,
    Key,
    AnyKey,
    Repeat,
    Index,
    Decoded(Codec),
}

#[derive(Clone, Copy, Debug)]
enum Scalar {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text,
    Object,
    Array,
    Opaque(u64),
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    end: u32,
    side: Side,
    root: Root,
    step: StepKind,
    depth: u16,
    key: Span,
    index: u32,
    raw: Span,
    scalar: Scalar,
    general: u64,
}

fn key_hash(above: u64, key: &str) -> u64 {
    let mut hasher = FixedState::with_seed(above).build_hasher();
    hasher.write(key.as_bytes());
    hasher.finish()
}

/// Hash of the side and general location of a node below one whose hash is `above`.
fn hash_below(above: u64, root: Root, step: StepKind, key: &str, index: u32) -> u64 {
    let state = || FixedState::with_seed(above);
    match step {
        StepKind::Root => above,
        StepKind::Key | StepKind::Repeat => key_hash(above, key),
        StepKind::AnyKey => state().hash_one(1u8),
        // A path segment keeps its place; an array element does not.
        StepKind::Index if matches!(root, Root::Path | Root::Matrix) => state().hash_one(index),
        StepKind::Index => state().hash_one(2u8),
        StepKind::Decoded(codec) => state().hash_one(16 + codec as u8),
    }
}

/// The anomalies of one side, by where they are. One bit for each kind: hostile input can repeat an anomaly a
/// million times.
type Noted = [u64; Place::COUNT];

const NO_PARENT: u32 = u32::MAX;

/// Most bytes that are reserved before anything is read.
const MAX_RESERVE: usize = 64 * 1024;

/// Bytes of text after which it is asked whether there is time for more; a value counts as
/// [`VALUE_WORK`] of them.
const WORK_AT_ONCE: usize = 4096;
/// See [`WORK_AT_ONCE`].
const VALUE_WORK: usize = 64;

/// A place in the building of a view to which it can go back, see [`View::rollback`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    nodes: usize,
    roots: usize,
    text: usize,
    per_side: [usize; 2],
    anomalies: usize,
    noted: [Noted; 2],
    not_inspected: usize,
    missing: usize,
}

/// Typed values of an exchange, with anomalies and what was not inspected.
///
/// The limit on nodes holds for each side, the one on text for both together.
#[derive(Debug, Default)]
pub struct View {
    seed: u64,
    max_nodes: usize,
    max_text: usize,
    per_side: [usize; 2],
    text: String,
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    anomalies: Vec<(Side, AnomalyKind)>,
    noted: [Noted; 2],
    not_inspected: Vec<NotInspected>,
    /// The same with where that was.
    missing: Vec<(NotInspected, Place)>,
    /// What is being read.
    place: Place,
    pace: Pace,
    /// Since it was asked last whether there is time.
    work: usize,
    /// There is none: nothing more is taken.
    is_late: bool,
}

impl View {
    /// An empty view. `seed` keys the hashes of general locations, see
    /// [`bartizan_model::HashKey::seed`].
    #[must_use]
    pub fn new(limits: &Limits, seed: u64) -> Self {
        let mut view = Self::default();
        view.reset(limits, seed);
        view
    }

    /// Empties the view and keeps its memory.
    pub fn reset(&mut self, limits: &Limits, seed: u64) {
        self.seed = seed;
        self.max_nodes = limits.nodes as usize;
        self.max_text = limits.text_bytes as usize;
        self.text.clear();
        self.nodes.clear();
        self.roots.clear();
        self.per_side = [0; 2];
        self.noted = [Noted::default(); 2];
        self.anomalies.clear();
        self.not_inspected.clear();
        self.missing.clear();
        self.place = Place::default();
        self.pace = Pace::default();
        self.work = 0;
        self.is_late = false;
    }

    /// Takes nothing more when `pace` says that the time is over. What was not taken stays missing.
    pub fn keep_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// What was given last, for those that go on with what was taken.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Makes room for the values of a message of about `bytes` bytes, so that growing copies nothing.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        // A value for each 24 bytes is what APIs send; large bodies grow by doubling.
        let bytes = bytes.min(self.max_text).min(MAX_RESERVE);
        self.text.reserve(bytes);
        self.nodes.reserve((bytes / 24).min(self.max_nodes));
    }

    /// Starts one root of one side as an object. `None` when a limit was reached.
    pub fn open_root(&mut self, side: Side, root: Root) -> Option<NodeId> {
        let general = part::root_hash(self.seed, side, root);
        let id = self.push(Node {
            parent: NO_PARENT,
            end: 0,
            side,
            root,
            step: StepKind::Root,
            depth: 0,
            key: Span::default(),
            index: 0,
            raw: Span::default(),
            scalar: Scalar::Object,
            general,
        })?;
        self.roots.push(id);
        Some(id)
    }

    /// Turns a node into another value, for example a root into a body that is one number. A text
    /// for which there is no room becomes [`Value::Opaque`].
    pub fn set_value(&mut self, id: NodeId, value: Value<'_>) {
        // The text of an earlier value may be gone, see `rollback`.
        self.nodes[id.index()].raw = Span::default();
        let scalar = match value {
            Value::Null => Scalar::Null,
            Value::Bool(b) => Scalar::Bool(b),
            Value::Integer(i) => Scalar::Integer(i),
            Value::Number(n) => Scalar::Number(n),
            Value::Text(text) => {
                let side = self.nodes[id.index()].side;
                match self.keep(side, text) {
                    Some(raw) => {
                        self.nodes[id.index()].raw = raw;
                        Scalar::Text
                    }
                    None => Scalar::Opaque(text.len() as u64),
                }
            }
            Value::Object => Scalar::Object,
            Value::Array => Scalar::Array,
            Value::Opaque(bytes) => Scalar::Opaque(bytes),
        };
        self.nodes[id.index()].scalar = scalar;
    }

    /// Starts an object or array below `parent`; call [`View::close`] after its children. `None`
    /// when a limit was reached: skip its children then.
    pub fn open(&mut self, parent: NodeId, step: Step<'_>, value: Value<'_>) -> Option<NodeId> {
        let id = self.child(parent, step)?;
        self.set_value(id, value);
        Some(id)
    }

    /// Ends what `open` or `open_root` started.
    pub fn close(&mut self, id: NodeId) {
        self.nodes[id.index()].end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
    }

    /// Adds a value without children. `None` when a limit was reached.
    pub fn leaf(&mut self, parent: NodeId, step: Step<'_>, value: Value<'_>) -> Option<NodeId> {
        let id = self.open(parent, step, value)?;
        self.close(id);
        Some(id)
    }

    /// Turns a node into a number with the text it was written as.
    pub fn set_number(&mut self, id: NodeId, value: Value<'_>, written: &str) {
        self.set_value(id, value);
        let side = self.nodes[id.index()].side;
        if let Some(raw) = self.keep(side, written) {
            self.nodes[id.index()].raw = raw;
        }
    }

    /// Hash of the side and general location of a node under construction.
    pub(crate) fn general_of(&self, id: NodeId) -> u64 {
        self.nodes[id.index()].general
    }

    /// What [`View::general_of`] of a plain key below `parent` is.
    pub(crate) fn key_hash_of(&self, parent: NodeId, key: &str) -> u64 {
        key_hash(self.general_of(parent), key)
    }

    /// Whether a node under construction is the root of its part.
    pub(crate) fn is_root(&self, id: NodeId) -> bool {
        self.nodes[id.index()].parent == NO_PARENT
    }

    /// Where the building of the view stands.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            roots: self.roots.len(),
            text: self.text.len(),
            per_side: self.per_side,
            anomalies: self.anomalies.len(),
            noted: self.noted,
            not_inspected: self.not_inspected.len(),
            missing: self.missing.len(),
        }
    }

    /// Forgets everything since `mark`: what was tried as one format turned out to be another.
    pub(crate) fn rollback(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.roots.truncate(mark.roots);
        self.text.truncate(mark.text);
        self.per_side = mark.per_side;
        self.anomalies.truncate(mark.anomalies);
        self.noted = mark.noted;
        self.not_inspected.truncate(mark.not_inspected);
        self.missing.truncate(mark.missing);
    }

    /// Forgets what was taken below a node that was opened last of its level.
    pub(crate) fn drop_below(&mut self, id: NodeId) {
        let side = self.nodes[id.index()].side as usize;
        let kept = id.index() + 1;
        self.per_side[side] -= self.nodes.len().saturating_sub(kept);
        self.nodes.truncate(kept);
    }

    fn child(&mut self, parent: NodeId, step: Step<'_>) -> Option<NodeId> {
        let &Node { side, root, depth, general: above, .. } = self.nodes.get(parent.index())?;
        let (kind, key, index) = match step {
            Step::Key(key) => (StepKind::Key, key, 0),
            Step::AnyKey(key) => (StepKind::AnyKey, key, 0),
            Step::Repeat(key, index) => (StepKind::Repeat, key, index),
            Step::Index(index) => (StepKind::Index, "", index),
            Step::Decoded(codec) => (StepKind::Decoded(codec), "", 0),
        };
        let general = hash_below(above, root, kind, key, index);
        let key = self.keep(side, key)?;
        self.push(Node {
            parent: parent.0,
            end: 0,
            side,
            root,
            step: kind,
            depth: depth.saturating_add(1),
            key,
            index,
            raw: Span::default(),
            scalar: Scalar::Null,
            general,
        })
    }

    /// Whether there is time for so many bytes of work; asks whenever enough came together.
    pub(crate) fn has_time(&mut self, side: Side, work: usize) -> bool {
        self.work += work;
        if self.work >= WORK_AT_ONCE {
            self.work = 0;
            self.is_late |= !self.pace.has_time();
        }
        if self.is_late {
            // Again each time: what was noted may have been rolled back.
            self.skip(side, NotInspectedReason::OutOfTime);
        }
        !self.is_late
    }

    fn push(&mut self, node: Node) -> Option<NodeId> {
        let side = node.side as usize;
        if self.per_side[side] >= self.max_nodes {
            self.limit(node.side, LimitName::Nodes);
            return None;
        }
        if !self.has_time(node.side, VALUE_WORK) {
            return None;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).ok()?);
        self.per_side[side] += 1;
        self.nodes.push(Node { end: id.0 + 1, ..node });
        Some(id)
    }

    fn keep(&mut self, side: Side, text: &str) -> Option<Span> {
        if text.is_empty() {
            return Some(Span::default());
        }
        if self.text.len() + text.len() > self.max_text {
            self.limit(side, LimitName::TextBytes);
            return None;
        }
        let start = u32::try_from(self.text.len()).ok()?;
        self.work += text.len();
        self.text.push_str(text);
        Some(Span { start, end: u32::try_from(self.text.len()).ok()? })
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node. `None` for an id of another view.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<NodeRef<'_>> {
        (id.index() < self.nodes.len()).then_some(NodeRef { view: self, id })
    }

    /// All nodes in document order, roots included.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        (0..self.nodes.len()).map(|i| NodeRef { view: self, id: NodeId(i as u32) })
    }

    /// All scalar values of one side in document order. A text in which an embedded decoder found
    /// something comes before what was found.
    pub fn leaves(&self, side: Side) -> impl Iterator<Item = NodeRef<'_>> {
        self.nodes().filter(move |node| node.side() == side && node.value().is_scalar())
    }

    /// The root nodes of all parts in document order.
    pub fn roots(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.roots.iter().map(|id| NodeRef { view: self, id: *id })
    }

    /// The root node of a side, when the message has that part.
    #[must_use]
    pub fn root(&self, side: Side, root: Root) -> Option<NodeRef<'_>> {
        self.roots().find(|node| node.side() == side && node.root() == root)
    }

    /// The first direct child of a root with that name (query parameter, header in lower case,
    /// cookie, top-level body field).
    #[must_use]
    pub fn named(&self, side: Side, root: Root, name: &str) -> Option<NodeRef<'_>> {
        self.root(side, root)?.children().find(|child| child.key() == name)
    }
}

#[cfg(test)]
mod tests;
