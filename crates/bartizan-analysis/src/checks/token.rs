//! A decoded JSON Web Token in the view.

use std::ops::Deref;

use bartizan_protocols::{NodeRef, Value};

/// A decoded token with claims; tokens without are none of an API.
#[derive(Clone, Copy)]
pub(crate) struct Token<'a> {
    node: NodeRef<'a>,
    header: Option<NodeRef<'a>>,
    payload: NodeRef<'a>,
    signature: Option<NodeRef<'a>>,
}

impl<'a> Deref for Token<'a> {
    type Target = NodeRef<'a>;

    fn deref(&self) -> &Self::Target {
        &self.node
    }
}

impl<'a> Token<'a> {
    /// The token that was decoded at `node`; `None` when its payload has no members.
    pub(crate) fn of(node: NodeRef<'a>) -> Option<Self> {
        let (mut header, mut payload, mut signature) = (None, None, None);
        for part in node.children() {
            let place = match part.key() {
                "header" => &mut header,
                "payload" => &mut payload,
                "signature" => &mut signature,
                _ => continue,
            };
            place.get_or_insert(part);
        }
        let payload = payload.filter(|payload| payload.children().next().is_some())?;
        Some(Self { node, header, payload, signature })
    }

    /// Members of the payload.
    pub(crate) fn claims(&self) -> impl Iterator<Item = NodeRef<'a>> + use<'a> {
        self.payload.children()
    }

    /// A member of the header.
    pub(crate) fn header(&self, name: &str) -> Option<Value<'a>> {
        self.header?.children().find(|child| child.key() == name).map(|child| child.value())
    }

    /// Its last part.
    pub(crate) fn signature(&self) -> Option<Value<'a>> {
        self.signature.map(|signature| signature.value())
    }
}
