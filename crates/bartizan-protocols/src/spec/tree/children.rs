//! The children of a node.

use super::{Node, NodeId, Tree};

/// Children of a node that are shown.
pub(crate) struct Children<'t> {
    tree: &'t Tree,
    at: u32,
    end: u32,
    passed: usize,
}

impl<'t> Children<'t> {
    pub(super) fn of(parent: Node<'t>) -> Self {
        let end = parent.tree.slot(parent.id).map_or(0, |slot| slot.end);
        Self { tree: parent.tree, at: parent.id.0.saturating_add(1), end, passed: 0 }
    }

    /// How many were looked at, hidden ones too.
    pub(crate) fn passed(&self) -> usize {
        self.passed
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        while self.at < self.end {
            let slot = self.tree.slots.get(self.at as usize)?;
            let id = NodeId(self.at);
            self.at = slot.end.max(self.at + 1);
            self.passed += 1;
            if !slot.hidden {
                return Some(Node { tree: self.tree, id });
            }
        }
        None
    }
}
