//! A view of one call of a message that carries several: the head of that message, with the call as its body.

use std::hash::BuildHasher as _;

use bartizan_model::location::{Root, Side};
use foldhash::quality::FixedState;

use super::{NO_PARENT, Node, NodeId, Span, StepKind, View, hash_below};

/// Hash of the root of a part of one side, see [`View::open_root`].
pub(super) fn root_hash(seed: u64, side: Side, root: Root) -> u64 {
    FixedState::with_seed(seed).hash_one((side as u8, root as u8))
}

/// How much of a view is the head of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    nodes: usize,
    roots: usize,
    text: usize,
}

/// The nodes of a call that were copied, and where to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    from: u32,
    end: u32,
    to: u32,
}

impl Moved {
    /// Where a node of the whole view is in the part.
    pub(crate) fn place(self, id: NodeId) -> Option<NodeId> {
        (self.from..self.end).contains(&id.0).then(|| NodeId(id.0 - self.from + self.to))
    }
}

impl Head {
    /// Whether a node belongs to it. Its id is the same in every part.
    pub(crate) const fn holds(self, id: NodeId) -> bool {
        id.index() < self.nodes
    }
}

impl View {
    /// Makes this view the head of `whole`: all that comes before the root with this id.
    pub(crate) fn take_head(&mut self, whole: &Self, root: NodeId) -> Head {
        let nodes = whole.nodes.get(..root.index()).unwrap_or_default();
        let text = nodes.iter().map(|node| node.key.end.max(node.raw.end)).max().unwrap_or(0);
        self.seed = whole.seed;
        self.max_nodes = whole.max_nodes;
        self.max_text = whole.max_text;
        self.nodes.clear();
        self.nodes.extend_from_slice(nodes);
        self.text.clear();
        self.text.push_str(whole.text.get(..text as usize).unwrap_or_default());
        self.roots.clear();
        self.roots.extend(whole.roots.iter().filter(|id| id.0 < root.0));
        self.not_inspected.clone_from(&whole.not_inspected);
        Head { nodes: self.nodes.len(), roots: self.roots.len(), text: self.text.len() }
    }

    /// Forgets what was taken behind the head.
    pub(crate) fn keep_head(&mut self, head: Head) {
        self.nodes.truncate(head.nodes);
        self.roots.truncate(head.roots);
        self.text.truncate(head.text);
    }

    /// Takes a node of another view, with all that is below it, as the body of its side. `None` for an id of
    /// another view.
    pub(crate) fn take_body(&mut self, whole: &Self, top: NodeId) -> Option<Moved> {
        let first = whole.nodes.get(top.index())?;
        let to = u32::try_from(self.nodes.len()).ok()?;
        let moved = Moved { from: top.0, end: first.end, to };
        for at in moved.from..moved.end {
            let node = whole.nodes.get(at as usize)?;
            let placed = if at == moved.from {
                let general = root_hash(self.seed, node.side, Root::Body);
                let (parent, step, key) = (NO_PARENT, StepKind::Root, Span::default());
                Node { parent, step, depth: 0, key, index: 0, general, ..*node }
            } else {
                let parent = moved.place(NodeId(node.parent))?;
                let key = self.copied(whole, node.key);
                let name = self.text.get(key.start as usize..key.end as usize)?;
                let above = self.nodes.get(parent.index())?.general;
                let general = hash_below(above, Root::Body, node.step, name, node.index);
                let depth = node.depth.saturating_sub(first.depth);
                Node { parent: parent.0, depth, key, general, ..*node }
            };
            let raw = self.copied(whole, node.raw);
            let end = (node.end - moved.from).saturating_add(to);
            self.nodes.push(Node { root: Root::Body, raw, end, ..placed });
        }
        self.roots.push(NodeId(to));
        Some(moved)
    }

    /// A text of another view, in this one.
    fn copied(&mut self, whole: &Self, span: Span) -> Span {
        let text = whole.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let start = self.text.len();
        let end = u32::try_from(start + text.len());
        let (Ok(start), Ok(end)) = (u32::try_from(start), end) else { return Span::default() };
        self.text.push_str(text);
        Span { start, end }
    }
}
