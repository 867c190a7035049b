//! Writes a tree, node after node in document order.

use super::{Key, Kind, MAX_DEPTH, Node, NodeId, Part, Position, Slot, Tree, Value, short};
use crate::spec::{SpecLimit, budget::Limits};

/// Writes a tree from front to back.
#[derive(Default)]
pub(crate) struct Builder {
    pub(super) tree: Tree,
    open: Vec<Open>,
    key: Option<(Part, Position)>,
    limits: Limits,
    /// Nodes and bytes that aliases and merge keys added.
    expanded: usize,
    expanded_bytes: usize,
}

struct Open {
    id: u32,
    children: u32,
}

/// How many objects and lists are in each other, of the nodes of one subtree.
fn levels(slots: &[Slot]) -> usize {
    let mut ends: Vec<u32> = Vec::new();
    let mut most = 0;
    let from = slots.first().map_or(0, |top| top.end.saturating_sub(short(slots.len())));
    for (slot, at) in slots.iter().zip(from..) {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        if matches!(slot.kind, Kind::Array | Kind::Object) {
            ends.push(slot.end);
            most = most.max(ends.len());
        }
    }
    most
}

impl Builder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The name of the next node, inside an object.
    pub(crate) fn key(&mut self, name: &str, position: Position) -> Result<(), SpecLimit> {
        let part = self.store(name)?;
        self.key = Some((part, position));
        Ok(())
    }

    pub(crate) fn null(&mut self, position: Position) -> Result<NodeId, SpecLimit> {
        self.push(Kind::Null, position)
    }

    pub(crate) fn bool(&mut self, value: bool, position: Position) -> Result<NodeId, SpecLimit> {
        self.push(Kind::Bool(value), position)
    }

    pub(crate) fn number(&mut self, text: &str, position: Position) -> Result<NodeId, SpecLimit> {
        let part = self.store(text)?;
        self.push(Kind::Number(part), position)
    }

    pub(crate) fn text(&mut self, text: &str, position: Position) -> Result<NodeId, SpecLimit> {
        let part = self.store(text)?;
        self.push(Kind::Text(part), position)
    }

    pub(crate) fn open(&mut self, object: bool, position: Position) -> Result<NodeId, SpecLimit> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SpecLimit::Depth);
        }
        let id = self.push(if object { Kind::Object } else { Kind::Array }, position)?;
        self.open.push(Open { id: id.0, children: 0 });
        Ok(id)
    }

    /// Ends the innermost open object or array.
    pub(crate) fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            let end = short(self.tree.slots.len());
            if let Some(slot) = self.tree.slots.get_mut(open.id as usize) {
                slot.end = end;
            }
        }
        self.key = None;
    }

    /// An object with a name, for what is no JSON or YAML.
    pub(crate) fn object(&mut self, name: &str, position: Position) -> Result<NodeId, SpecLimit> {
        self.key(name, position)?;
        self.open(true, position)
    }

    /// A text with a name.
    pub(crate) fn member(
        &mut self,
        name: &str,
        text: &str,
        position: Position,
    ) -> Result<NodeId, SpecLimit> {
        self.key(name, position)?;
        self.text(text, position)
    }

    /// The tree, with everything closed that is open.
    pub(crate) fn finish(mut self) -> Tree {
        while !self.open.is_empty() {
            self.close();
        }
        self.tree
    }

    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tree.slots.is_empty()
    }

    /// Whether the innermost open value is an object.
    pub(crate) fn in_object(&self) -> bool {
        self.open.last().is_some_and(|open| {
            let slot = self.tree.slots.get(open.id as usize);
            matches!(slot.map(|s| s.kind), Some(Kind::Object))
        })
    }

    /// The JSON pointer of the innermost open value and the name that waits.
    pub(crate) fn pointer(&self) -> String {
        let open = self.open.last().map_or(NodeId::ROOT, |open| NodeId(open.id));
        self.tree.pointer(open, self.key.map(|(part, _)| part))
    }

    /// Whether the innermost open object has a member of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.open.last().is_some_and(|open| self.tree.member(open.id, name).is_some())
    }

    fn store(&mut self, text: &str) -> Result<Part, SpecLimit> {
        if text.len() > self.limits.text_bytes.saturating_sub(self.tree.text.len()) {
            return Err(SpecLimit::TextBytes);
        }
        let part = Part { from: short(self.tree.text.len()), length: short(text.len()) };
        self.tree.text.push_str(text);
        Ok(part)
    }

    fn push(&mut self, kind: Kind, position: Position) -> Result<NodeId, SpecLimit> {
        let id = self.tree.slots.len();
        if id >= self.limits.nodes {
            return Err(SpecLimit::Nodes);
        }
        let id = short(id);
        let named = self.key.take();
        let (parent, key) = match self.open.last_mut() {
            None => (0, Key::Index(0)),
            Some(open) => {
                let index = open.children;
                open.children += 1;
                (open.id, named.map_or(Key::Index(index), |(part, _)| Key::Name(part)))
            }
        };
        let at = named.map_or(position, |(_, at)| at);
        let slot = Slot {
            parent,
            end: id + 1,
            key,
            kind,
            line: at.line,
            column: at.column,
            hidden: false,
        };
        if let Some((part, _)) = named {
            self.register(parent, part, id);
        }
        self.tree.slots.push(slot);
        Ok(NodeId(id))
    }

    /// The last member of a name is the one that counts.
    fn register(&mut self, parent: u32, part: Part, id: u32) {
        let hash = self.tree.hash(parent, self.tree.part(part));
        let before = self.tree.member(parent, self.tree.part(part));
        if let Some(slot) = before.and_then(|b| self.tree.slots.get_mut(b as usize)) {
            slot.hidden = true;
        }
        self.tree.members.insert(hash, id);
    }

    /// Counts bytes that an alias stands for. Copies share their text; what reads them later does
    /// not know that, and goes over it for each of them.
    pub(crate) fn expand_bytes(&mut self, bytes: usize) -> Result<(), SpecLimit> {
        self.expanded_bytes = self.expanded_bytes.saturating_add(bytes);
        if self.expanded_bytes > self.limits.expanded_bytes {
            return Err(SpecLimit::ExpandedBytes);
        }
        Ok(())
    }

    /// Copies a closed subtree to here: what an alias or a merge key stands for.
    pub(crate) fn copy(&mut self, from: NodeId) -> Result<NodeId, SpecLimit> {
        let Some(slot) = self.tree.slot(from).copied() else {
            return self.null(Position::default());
        };
        let size = (slot.end as usize).saturating_sub(from.at());
        self.expanded = self.expanded.saturating_add(size);
        if self.expanded > self.limits.expanded_nodes {
            return Err(SpecLimit::ExpandedNodes);
        }
        if self.tree.slots.len() + size > self.limits.nodes {
            return Err(SpecLimit::Nodes);
        }
        let copied = self.tree.slots.get(from.at()..slot.end as usize).unwrap_or_default();
        let bytes = copied.iter().map(Slot::bytes).sum();
        if self.open.len() + levels(copied) > MAX_DEPTH {
            return Err(SpecLimit::Depth);
        }
        self.expand_bytes(bytes)?;
        let top = self.push(slot.kind, Position { line: slot.line, column: slot.column })?;
        let shift = top.0 - from.0;
        for at in from.0 + 1..slot.end {
            let Some(mut inner) = self.tree.slots.get(at as usize).copied() else { break };
            inner.parent += shift;
            inner.end += shift;
            let id = short(self.tree.slots.len());
            if let (Key::Name(part), false) = (inner.key, inner.hidden) {
                let hash = self.tree.hash(inner.parent, self.tree.part(part));
                self.tree.members.insert(hash, id);
            }
            self.tree.slots.push(inner);
        }
        if let Some(top) = self.tree.slots.get_mut(top.at()) {
            top.end = slot.end + shift;
        }
        Ok(top)
    }

    /// Whether a node is open still, so that it cannot be copied.
    pub(crate) fn is_open(&self, id: NodeId) -> bool {
        self.open.iter().any(|open| open.id == id.0)
    }

    /// Replaces the member `<<` of the innermost open object by the members that it names, which
    /// count less than those of the object itself.
    pub(crate) fn merge(&mut self) -> Result<(), SpecLimit> {
        let Some(open) = self.open.last().map(|open| open.id) else { return Ok(()) };
        let Some(merge) = self.tree.member(open, "<<") else { return Ok(()) };
        let node = self.tree.node(NodeId(merge));
        let sources: Vec<NodeId> = match node.value() {
            Value::Object => vec![node.id],
            Value::Array => node.children().filter(|n| n.is_object()).map(Node::id).collect(),
            _ => return Ok(()),
        };
        for source in sources {
            let members: Vec<(Part, u32)> = self
                .tree
                .node(source)
                .children()
                .filter_map(|child| match self.tree.slot(child.id)?.key {
                    Key::Name(part) => Some((part, child.id.0)),
                    Key::Index(_) => None,
                })
                .collect();
            for (part, id) in members {
                if self.tree.member(open, self.tree.part(part)).is_some() {
                    continue;
                }
                let at = self.tree.node(NodeId(id)).position();
                self.key = Some((part, at));
                self.copy(NodeId(id))?;
            }
        }
        if let Some(slot) = self.tree.slots.get_mut(merge as usize) {
            slot.hidden = true;
        }
        // A name that leads to what is hidden would be looked for among all members.
        let hash = self.tree.hash(open, "<<");
        self.tree.members.remove(&hash);
        Ok(())
    }
}
