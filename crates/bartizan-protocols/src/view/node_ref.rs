//! Reading a view: a node together with its view.

use bartizan_model::location::{Location, Root, Side};

use super::{Codec, NO_PARENT, Node, NodeId, Scalar, StepKind, Value, View};

/// A node together with its view.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    pub(super) view: &'a View,
    pub(super) id: NodeId,
}

/// The direct children of a node, see [`NodeRef::children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    view: &'a View,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = NodeRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<NodeRef<'a>> {
        let id = NodeId(self.next);
        let node = self.view.nodes.get(id.index()).filter(|_| self.next < self.end)?;
        self.next = node.end;
        Some(NodeRef { view: self.view, id })
    }
}

impl<'a> NodeRef<'a> {
    #[inline]
    fn node(&self) -> &'a Node {
        &self.view.nodes[self.id.index()]
    }

    /// Its id.
    #[must_use]
    #[inline]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// On which side of the exchange.
    #[must_use]
    #[inline]
    pub fn side(&self) -> Side {
        self.node().side
    }

    /// In which part of the message.
    #[must_use]
    #[inline]
    pub fn root(&self) -> Root {
        self.node().root
    }

    /// Whether it is the root of its part.
    #[must_use]
    #[inline]
    pub fn is_root(&self) -> bool {
        self.node().step == StepKind::Root
    }

    /// Steps from the root: 0 for the root.
    #[must_use]
    #[inline]
    pub fn depth(&self) -> u16 {
        self.node().depth
    }

    /// Its value.
    #[must_use]
    #[inline]
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
    #[inline]
    pub fn raw(&self) -> &'a str {
        let span = self.node().raw;
        &self.view.text[span.start as usize..span.end as usize]
    }

    /// Its own key or name; empty for elements, segments, roots and decoded values.
    #[must_use]
    #[inline]
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

    /// Whether [`name`](Self::name) is part of the general location: false below keys of maps, which
    /// become `{key}`, and where there is no name.
    #[must_use]
    pub fn is_name_general(&self) -> bool {
        let mut node = *self;
        while node.key().is_empty() {
            match node.parent() {
                Some(parent) => node = parent,
                None => return false,
            }
        }
        node.node().step != StepKind::AnyKey
    }

    /// Whether it hangs on a key of an object that is part of the general location.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.node().step == StepKind::Key
    }

    /// Whether it is a value of a map: its own key is not part of the general location.
    #[must_use]
    pub fn is_map_value(&self) -> bool {
        self.node().step == StepKind::AnyKey
    }

    /// Its index in an array, a path or among values of the same name.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        matches!(self.node().step, StepKind::Index | StepKind::Repeat).then(|| self.node().index)
    }

    /// The node above; `None` for a root.
    #[must_use]
    #[inline]
    pub fn parent(&self) -> Option<Self> {
        let parent = self.node().parent;
        (parent != NO_PARENT).then_some(Self { view: self.view, id: NodeId(parent) })
    }

    /// The decoder that produced this node from its parent's text.
    #[must_use]
    #[inline]
    pub fn codec(&self) -> Option<Codec> {
        match self.node().step {
            StepKind::Decoded(codec) => Some(codec),
            _ => None,
        }
    }

    /// Direct children in document order.
    #[must_use]
    pub fn children(&self) -> Children<'a> {
        Children { view: self.view, next: self.id.0 + 1, end: self.node().end }
    }

    /// All nodes below, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (view, end) = (self.view, self.node().end);
        (self.id.0 + 1..end).map(move |i| NodeRef { view, id: NodeId(i) })
    }

    /// The same without what is encoded in texts.
    pub fn written(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (view, end) = (self.view, self.node().end);
        let mut next = self.id.0 + 1;
        std::iter::from_fn(move || {
            while next < end {
                let node = NodeRef { view, id: NodeId(next) };
                if node.codec().is_none() {
                    next += 1;
                    return Some(node);
                }
                next = node.node().end;
            }
            None
        })
    }

    /// Hash of the side and the general location; equal for equal ones under one seed.
    #[must_use]
    #[inline]
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
        let of_segments = self.root() == Root::Matrix && chain.len() > 1;
        let mut out = Location::root(if of_segments { Root::Path } else { self.root() });
        let named = self.root().is_named();
        for (depth, node) in chain.iter().rev().enumerate().skip(1) {
            let first_name = named && depth == 1;
            match node.node().step {
                StepKind::Index if of_segments && depth == 1 => {
                    out.push_segment_parameters(node.node().index);
                }
                StepKind::Key | StepKind::Repeat if of_segments && depth == 2 => {
                    out.push_segment_parameter(node.key());
                    if !general && node.node().step == StepKind::Repeat {
                        out.push_repeat(node.node().index);
                    }
                }
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
