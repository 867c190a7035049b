//! Names that a query or a form has several times: parameters that are arrays.

use std::collections::HashMap;

use bartizan_protocols::NodeRef;
use foldhash::fast::RandomState;

/// Which of the values of one name in a message a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// What is an array says so itself, as in JSON.
    #[default]
    Typed,
    /// The first of so many, one or more.
    First(u64),
    /// Another one.
    Again,
}

/// How often each name of a message is there.
pub(super) struct Names(HashMap<u64, u64, RandomState>);

impl Names {
    /// Of the names directly below a root. Their number is bounded by the limits of the view.
    pub(super) fn of(root: NodeRef<'_>) -> Self {
        let mut out: HashMap<u64, u64, RandomState> = HashMap::default();
        root.children().for_each(|node| *out.entry(node.general_hash()).or_default() += 1);
        Self(out)
    }

    /// Which of the values of its name this is; each is asked for once, in order.
    pub(super) fn next(&mut self, node: NodeRef<'_>) -> Repeat {
        if node.depth() != 1 {
            return Repeat::Typed;
        }
        match self.0.get_mut(&node.general_hash()) {
            None => Repeat::Typed,
            Some(0) => Repeat::Again,
            Some(count) => Repeat::First(std::mem::take(count)),
        }
    }
}
