//! The one parsed view of an exchange: typed values in document order, each with a location.
//!
//! Nodes live in one vector and all text in one string, so that building a view allocates little
//! and a cleared view is reused without allocating at all. A node is followed by its descendants;
//! `end` is the index behind the last of them.

use std::hash::{BuildHasher, Hasher};

use bartizan_model::{
    limits::{LimitName, Limits, NotInspected, NotInspectedReason},
    location::{Location, Root, Side},
};
use foldhash::quality::FixedState;

use crate::anomaly::AnomalyKind;

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

/// An embedded encoding that was undone, as the decode chain names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Base64 or base64url.
    Base64,
    /// JSON inside a string.
    Json,
    /// A JSON Web Token; `header` and `payload` follow.
    Jwt,
    /// Another round of percent-decoding.
    Percent,
    /// Form encoding inside a string.
    Form,
}

impl Codec {
    /// The word in the decode chain.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Json => "json",
            Self::Jwt => "jwt",
            Self::Percent => "percent",
            Self::Form => "form",
        }
    }
}

/// How a node hangs on its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Key of an object, name of a parameter, header, cookie, form field or element.
    Key(&'a str),
    /// Key of a map of high cardinality: `{key}` in the general form.
    AnyKey(&'a str),
    /// The n-th value (from 0) of a name that repeats.
    Repeat(&'a str, u32),
    /// Element of an array, or segment of a path.
    Index(u32),
    /// What an embedded decoder found in the parent's text.
    Decoded(Codec),
}

/// A typed value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// JSON `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// Any other number, as a double.
    Number(f64),
    /// Text; from forms, query, headers and XML everything is text.
    Text(&'a str),
    /// An object; children follow.
    Object,
    /// An array; children follow.
    Array,
    /// Bytes that are no text (their number).
    Opaque(u64),
}

impl Value<'_> {
    /// The type as parameters name it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Object => "object",
            Self::Array => "array",
            Self::Opaque(_) => "binary",
        }
    }

    /// Whether it holds no other values.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        !matches!(self, Self::Object | Self::Array)
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

const NO_PARENT: u32 = u32::MAX;

/// Typed values of an exchange, with anomalies and what was not inspected.
#[derive(Debug, Default)]
pub struct View {
    seed: u64,
    max_nodes: usize,
    max_text: usize,
    text: String,
    nodes: Vec<Node>,
    anomalies: Vec<(Side, AnomalyKind)>,
    not_inspected: Vec<NotInspected>,
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
        self.anomalies.clear();
        self.not_inspected.clear();
    }

    /// Starts one root of one side as an object. `None` when a limit was reached.
    pub fn open_root(&mut self, side: Side, root: Root) -> Option<NodeId> {
        let general = FixedState::with_seed(self.seed).hash_one((side as u8, root as u8));
        self.push(Node {
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
        })
    }

    /// Turns a root or decoded node into another value, for example a body that is one number.
    pub fn set_value(&mut self, id: NodeId, value: Value<'_>) {
        let scalar = match value {
            Value::Null => Scalar::Null,
            Value::Bool(b) => Scalar::Bool(b),
            Value::Integer(i) => Scalar::Integer(i),
            Value::Number(n) => Scalar::Number(n),
            Value::Text(text) => {
                let side = self.nodes[id.index()].side;
                let Some(raw) = self.keep(side, text) else { return };
                self.nodes[id.index()].raw = raw;
                Scalar::Text
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

    /// Adds a number with the text it was written as.
    pub fn number_leaf(
        &mut self,
        parent: NodeId,
        step: Step<'_>,
        value: Value<'_>,
        written: &str,
    ) -> Option<NodeId> {
        let id = self.leaf(parent, step, value)?;
        let side = self.nodes[id.index()].side;
        if let Some(raw) = self.keep(side, written) {
            self.nodes[id.index()].raw = raw;
        }
        Some(id)
    }

    fn child(&mut self, parent: NodeId, step: Step<'_>) -> Option<NodeId> {
        let above = *self.nodes.get(parent.index())?;
        let (kind, key, index) = match step {
            Step::Key(key) => (StepKind::Key, key, 0),
            Step::AnyKey(key) => (StepKind::AnyKey, key, 0),
            Step::Repeat(key, index) => (StepKind::Repeat, key, index),
            Step::Index(index) => (StepKind::Index, "", index),
            Step::Decoded(codec) => (StepKind::Decoded(codec), "", 0),
        };
        let state = FixedState::with_seed(above.general);
        let general = match kind {
            StepKind::Key | StepKind::Repeat => {
                let mut hasher = state.build_hasher();
                hasher.write(key.as_bytes());
                hasher.finish()
            }
            StepKind::AnyKey => state.hash_one(1u8),
            // A path segment keeps its place; an array element does not.
            StepKind::Index if above.root == Root::Path => state.hash_one(index),
            StepKind::Index => state.hash_one(2u8),
            StepKind::Decoded(codec) => state.hash_one(16 + codec as u8),
            StepKind::Root => above.general,
        };
        let key = self.keep(above.side, key)?;
        self.push(Node {
            parent: parent.0,
            end: 0,
            side: above.side,
            root: above.root,
            step: kind,
            depth: above.depth.saturating_add(1),
            key,
            index,
            raw: Span::default(),
            scalar: Scalar::Null,
            general,
        })
    }

    fn push(&mut self, node: Node) -> Option<NodeId> {
        if self.nodes.len() >= self.max_nodes {
            self.limit(node.side, LimitName::Nodes);
            return None;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).ok()?);
        self.nodes.push(Node { end: id.0 + 1, ..node });
        Some(id)
    }

    fn keep(&mut self, side: Side, text: &str) -> Option<Span> {
        if self.text.len() + text.len() > self.max_text {
            self.limit(side, LimitName::TextBytes);
            return None;
        }
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(text);
        Some(Span { start, end: u32::try_from(self.text.len()).ok()? })
    }

    /// Records an anomaly; each kind once per side.
    pub fn anomaly(&mut self, side: Side, kind: AnomalyKind) {
        if !self.anomalies.contains(&(side, kind)) {
            self.anomalies.push((side, kind));
        }
    }

    /// Records that a limit was reached.
    pub fn limit(&mut self, side: Side, name: LimitName) {
        self.skip(side, NotInspectedReason::Limit(name));
    }

    /// Records that something was not inspected; each reason once per side.
    pub fn skip(&mut self, side: Side, reason: NotInspectedReason) {
        let entry = NotInspected { side, reason };
        if !self.not_inspected.contains(&entry) {
            self.not_inspected.push(entry);
        }
    }

    /// Anomalies, in order of discovery.
    #[must_use]
    pub fn anomalies(&self) -> &[(Side, AnomalyKind)] {
        &self.anomalies
    }

    /// Whether an anomaly of that kind was found on that side.
    #[must_use]
    pub fn has_anomaly(&self, side: Side, kind: AnomalyKind) -> bool {
        self.anomalies.contains(&(side, kind))
    }

    /// What was not inspected, in order of discovery.
    #[must_use]
    pub fn not_inspected(&self) -> &[NotInspected] {
        &self.not_inspected
    }

    /// Whether everything of the body of that side was read.
    #[must_use]
    pub fn is_fully_inspected(&self, side: Side) -> bool {
        self.not_inspected.iter().all(|entry| entry.side != side)
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

    /// The root node of a side, when the message has that part.
    #[must_use]
    pub fn root(&self, side: Side, root: Root) -> Option<NodeRef<'_>> {
        self.nodes().find(|node| node.is_root() && node.side() == side && node.root() == root)
    }

    /// The first direct child of a root with that name (query parameter, header in lower case,
    /// cookie, top-level body field).
    #[must_use]
    pub fn named(&self, side: Side, root: Root, name: &str) -> Option<NodeRef<'_>> {
        self.root(side, root)?.children().find(|child| child.key() == name)
    }
}

/// A node together with its view.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    view: &'a View,
    id: NodeId,
}

impl<'a> NodeRef<'a> {
    fn node(&self) -> &'a Node {
        &self.view.nodes[self.id.index()]
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// On which side of the exchange.
    #[must_use]
    pub fn side(&self) -> Side {
        self.node().side
    }

    /// In which part of the message.
    #[must_use]
    pub fn root(&self) -> Root {
        self.node().root
    }

    /// Whether it is the root of its part.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.node().step == StepKind::Root
    }

    /// Steps from the root: 0 for the root.
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.node().depth
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        match self.node().scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Integer(i) => Value::Integer(i),
            Scalar::Number(n) => Value::Number(n),
            Scalar::Text => Value::Text(self.raw()),
            Scalar::Object => Value::Object,
            Scalar::Array => Value::Array,
            Scalar::Opaque(bytes) => Value::Opaque(bytes),
        }
    }

    /// The text of a text, or a number as written; empty for everything else.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        let span = self.node().raw;
        &self.view.text[span.start as usize..span.end as usize]
    }

    /// Its own key or name; empty for elements, segments, roots and decoded values.
    #[must_use]
    pub fn key(&self) -> &'a str {
        let span = self.node().key;
        &self.view.text[span.start as usize..span.end as usize]
    }

    /// The nearest key on the way up, its own included: the field name that gives the value its
    /// context (`emails` for `body:/emails/3`). Empty when there is none.
    #[must_use]
    pub fn name(&self) -> &'a str {
        let mut node = *self;
        loop {
            if !node.key().is_empty() {
                return node.key();
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return "",
            }
        }
    }

    /// Its index in an array, a path or among values of the same name.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        matches!(self.node().step, StepKind::Index | StepKind::Repeat).then(|| self.node().index)
    }

    /// The node above; `None` for a root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let parent = self.node().parent;
        (parent != NO_PARENT).then_some(Self { view: self.view, id: NodeId(parent) })
    }

    /// The decoder that produced this node from its parent's text.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        match self.node().step {
            StepKind::Decoded(codec) => Some(codec),
            _ => None,
        }
    }

    /// Direct children in document order.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (view, end) = (self.view, self.node().end);
        let mut next = self.id.0 + 1;
        std::iter::from_fn(move || {
            let id = NodeId(next);
            let node = view.nodes.get(id.index()).filter(|_| next < end)?;
            next = node.end;
            Some(NodeRef { view, id })
        })
    }

    /// All nodes below, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (view, end) = (self.view, self.node().end);
        (self.id.0 + 1..end).map(move |i| NodeRef { view, id: NodeId(i) })
    }

    /// Hash of the side and the general location; equal for equal ones under one seed.
    #[must_use]
    pub fn general_hash(&self) -> u64 {
        self.node().general
    }

    /// Its location, instance form. Path segments are numbered from 0 until the endpoint names
    /// them.
    #[must_use]
    pub fn instance(&self) -> Location {
        self.location(false)
    }

    /// Its location, general form.
    #[must_use]
    pub fn general(&self) -> Location {
        self.location(true)
    }

    fn location(&self, general: bool) -> Location {
        let mut chain = Vec::with_capacity(8);
        let mut at = Some(*self);
        while let Some(node) = at {
            chain.push(node);
            at = node.parent();
        }
        let mut out = Location::root(self.root());
        let named = self.root().is_named();
        for (depth, node) in chain.iter().rev().enumerate().skip(1) {
            let first_name = named && depth == 1;
            match node.node().step {
                StepKind::Index if first_name => out.push_name(&node.node().index.to_string()),
                StepKind::Key if first_name => out.push_name(node.key()),
                StepKind::Key => out.push_key(node.key()),
                StepKind::Repeat => {
                    if first_name {
                        out.push_name(node.key());
                    } else {
                        out.push_key(node.key());
                    }
                    if !general {
                        out.push_repeat(node.node().index);
                    }
                }
                StepKind::AnyKey if general => out.push_any_key(),
                StepKind::AnyKey => out.push_key(node.key()),
                StepKind::Index if general => out.push_any_index(),
                StepKind::Index => out.push_index(node.node().index),
                StepKind::Decoded(codec) => out.push_decoder(codec.as_str()),
                StepKind::Root => {}
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> View {
        let mut view = View::new(&Limits::default(), 1);
        let query = view.open_root(Side::Request, Root::Query).expect("room");
        view.leaf(query, Step::Repeat("q", 0), Value::Text("a")).expect("room");
        view.leaf(query, Step::Repeat("q", 1), Value::Text("b")).expect("room");
        view.close(query);
        let body = view.open_root(Side::Request, Root::Body).expect("room");
        let items = view.open(body, Step::Key("items"), Value::Array).expect("room");
        for i in 0..2 {
            let item = view.open(items, Step::Index(i), Value::Object).expect("room");
            view.leaf(item, Step::Key("sku/x"), Value::Integer(7)).expect("room");
            view.close(item);
        }
        view.close(items);
        view.close(body);
        view
    }

    #[test]
    fn locations_have_two_forms() {
        let view = sample();
        let leaves: Vec<_> = view.leaves(Side::Request).collect();
        let both: Vec<_> =
            leaves.iter().map(|n| (n.instance().to_string(), n.general().to_string())).collect();
        assert_eq!(both[1], ("query.q#1".to_owned(), "query.q".to_owned()));
        assert_eq!(both[3], ("body:/items/1/sku~1x".to_owned(), "body:/items/*/sku~1x".to_owned()));
        assert_eq!(leaves[2].general_hash(), leaves[3].general_hash());
        assert_ne!(leaves[1].general_hash(), leaves[3].general_hash());
        assert_eq!(leaves[0].general_hash(), leaves[1].general_hash());
    }

    #[test]
    fn children_and_descendants_stay_inside() {
        let view = sample();
        let body = view.root(Side::Request, Root::Body).expect("body");
        assert_eq!(body.children().count(), 1);
        assert_eq!(body.descendants().count(), 5);
        let items = view.named(Side::Request, Root::Body, "items").expect("items");
        assert_eq!(items.children().map(|c| c.index()).collect::<Vec<_>>(), [Some(0), Some(1)]);
        assert_eq!(
            items.children().next().and_then(|c| c.children().next()).map(|n| n.name()),
            Some("sku/x")
        );
    }

    #[test]
    fn limits_are_recorded_once_and_stop_growth() {
        let limits = Limits { nodes: 2, ..Limits::default() };
        let mut view = View::new(&limits, 1);
        let root = view.open_root(Side::Response, Root::Body).expect("room");
        assert!(view.leaf(root, Step::Index(0), Value::Null).is_some());
        for _ in 0..5 {
            assert!(view.leaf(root, Step::Index(1), Value::Null).is_none());
        }
        view.close(root);
        assert_eq!(view.not_inspected().len(), 1);
        assert!(!view.is_fully_inspected(Side::Response) && view.is_fully_inspected(Side::Request));
    }
}
