//! What reading one specification may cost. Its size alone does not bound that: aliases, references
//! and lists that many operations share are read, and kept, once for each of them.

use std::{cell::Cell, rc::Rc};

use super::{
    MAX_SPEC_BYTES,
    tree::{Children, MAX_EXPANDED_BYTES, MAX_EXPANDED_NODES, MAX_NODES, MAX_TEXT_BYTES, Node},
};

/// Most bytes that the operations of one document take together, with what each keeps of shared
/// parts: texts, and the fixed size of what holds them.
pub const MAX_MODEL_BYTES: usize = 8 * MAX_SPEC_BYTES;
/// Most steps of reading operations from a tree. A step is a node that is looked at, or some bytes
/// of a reference or address; one that operations share counts for each of them.
pub const MAX_WORK: usize = 20_000_000;

/// Bytes of a text that cost as much as looking at a node.
const STEP_BYTES: usize = 8;

/// The limits of one specification; smaller ones are for tests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) nodes: usize,
    pub(crate) text_bytes: usize,
    pub(crate) expanded_nodes: usize,
    pub(crate) expanded_bytes: usize,
    pub(crate) model_bytes: usize,
    pub(crate) work: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: MAX_NODES,
            text_bytes: MAX_TEXT_BYTES,
            expanded_nodes: MAX_EXPANDED_NODES,
            expanded_bytes: MAX_EXPANDED_BYTES,
            model_bytes: MAX_MODEL_BYTES,
            work: MAX_WORK,
        }
    }
}

/// Steps that are left, shared by all that walk a tree. Once they are used up, walks end.
#[derive(Debug)]
pub(crate) struct Work {
    left: Cell<usize>,
    over: Cell<bool>,
}

impl Work {
    pub(crate) fn new(steps: usize) -> Rc<Self> {
        Rc::new(Self { left: Cell::new(steps), over: Cell::new(false) })
    }

    /// False when there are not so many steps left, now and from then on.
    pub(crate) fn spend(&self, steps: usize) -> bool {
        match self.left.get().checked_sub(steps) {
            Some(left) if !self.over.get() => self.left.set(left),
            _ => self.over.set(true),
        }
        !self.over.get()
    }

    /// Steps for going over a text once.
    pub(crate) fn spend_text(&self, bytes: usize) -> bool {
        self.spend(1 + bytes / STEP_BYTES)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Children of a node that others may share; ends when the steps are used up.
    pub(crate) fn children<'t>(self: &Rc<Self>, node: Node<'t>) -> Walk<'t> {
        Walk { work: Rc::clone(self), children: node.walk(), passed: 0 }
    }
}

/// See [`Work::children`].
pub(crate) struct Walk<'t> {
    work: Rc<Work>,
    children: Children<'t>,
    passed: usize,
}

impl<'t> Walk<'t> {
    /// With their names.
    pub(crate) fn named(self) -> impl Iterator<Item = (&'t str, Node<'t>)> {
        self.filter_map(|child| Some((child.key()?, child)))
    }
}

impl<'t> Iterator for Walk<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let child = self.children.next();
        // What is hidden is passed over, which costs the same.
        let passed = self.children.passed();
        let steps = passed.saturating_sub(std::mem::replace(&mut self.passed, passed));
        self.work.spend(steps).then_some(child)?
    }
}
