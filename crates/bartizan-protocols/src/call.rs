//! What a message calls where method and path do not tell: fields of GraphQL, methods of gRPC,
//! JSON-RPC and XML-RPC, operations of SOAP, tools of MCP; and whether the answer says, in a way of
//! its own, that it was refused.

use bartizan_model::{Exchange, Protocol, Root, Side, Sketch};
use serde::{Deserialize, Serialize};

use crate::{Decoded, Format, NodeRef, Value};

mod graphql;
mod grpc;
mod json_rpc;
mod members;
mod soap;
#[cfg(test)]
mod tests;
mod xml_rpc;

pub use graphql::{
    Argument, ArgumentValue, Counted, Document as GraphqlDocument, Measure, Misfit, Persisted,
    Types as GraphqlTypes, Unread as UnreadDocument, arguments, persisted,
};
pub(crate) use grpc::method as grpc_method;
pub use members::{MAX_MEMBERS, Member, Members};

/// The name of what calls several things one by one in one message. Each of them is an operation of its own, see
/// [`Members`]. No method, field or tool is called like that.
pub const BATCH: &str = "[batch]";
/// Most names that one call is made of, as a selection with several fields is.
pub const MAX_NAMES: usize = 4;
/// Longest name of what is called, in bytes; in a longer one nothing is seen.
pub const MAX_NAME: usize = 200;
/// Most operations that are taken of one answer that lists some.
pub const MAX_TOLD: usize = 256;
/// Most messages of one body that are looked at to tell what all of them say.
const MAX_MESSAGES: usize = 64;

/// What a request calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Call {
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// What is called: `mutation createUser`, `pkg.Users/Get`, `tools/call search`. The names of a
    /// call of several things at once are in order, joined by `+`; [`BATCH`] for several calls in one
    /// message. Empty when it cannot be told, or when it calls more than [`MAX_NAMES`] things.
    pub operation: String,
}

/// What an answer says in the words of its protocol, whatever its HTTP status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answered {
    /// Nothing, or nothing that was seen.
    #[default]
    Unknown,
    /// It was done.
    Granted,
    /// It is there, and failed or was refused.
    Failed,
    /// It was not understood, or nothing of that name is there.
    NotThere,
}

impl Answered {
    /// Whether nothing was done.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Failed | Self::NotThere)
    }
}

impl Call {
    /// What a request calls; `None` when method and path say all, or when nothing was seen of what
    /// would tell.
    #[must_use]
    pub fn of(exchange: &Exchange, decoded: &Decoded) -> Option<Self> {
        grpc::call(exchange)
            .or_else(|| websocket(exchange))
            .or_else(|| soap::call(exchange, decoded))
            .or_else(|| xml_rpc::call(decoded))
            .or_else(|| json_rpc::call(exchange, decoded))
            .or_else(|| graphql::call(decoded))
    }

    /// What the answer says.
    #[must_use]
    pub fn answered(&self, exchange: &Exchange, decoded: &Decoded) -> Answered {
        match self.protocol {
            Protocol::Graphql => graphql::answered(decoded),
            Protocol::Grpc => grpc::answered(exchange),
            Protocol::JsonRpc | Protocol::Mcp => json_rpc::answered(decoded),
            Protocol::Soap => soap::answered(decoded),
            Protocol::XmlRpc => xml_rpc::answered(decoded),
            _ => Answered::Unknown,
        }
    }

    /// Operations that the answer names beside the one that was called: tools that a server of MCP lists. At most
    /// [`MAX_TOLD`].
    #[must_use]
    pub fn told(&self, decoded: &Decoded) -> Vec<Self> {
        match (self.protocol, decoded.answered) {
            (Protocol::Mcp, Answered::Granted) => json_rpc::told(self, decoded),
            _ => Vec::new(),
        }
    }

    /// Whether it is several calls in one message.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        self.operation == BATCH
    }

    /// What it is made of, as far as request and answer show it: of GraphQL and gRPC. `None` for other protocols,
    /// for a batch, whose members are made of something, and when nothing of it was seen.
    #[must_use]
    pub fn sketch(&self, exchange: &Exchange, decoded: &Decoded) -> Option<Sketch> {
        match self.protocol {
            _ if self.is_batch() => None,
            Protocol::Graphql => graphql::sketch(decoded).map(Sketch::Graphql),
            Protocol::Grpc => grpc::sketch(exchange).map(Sketch::Grpc),
            _ => None,
        }
    }

    fn new(protocol: Protocol, operation: String) -> Self {
        let operation = if is_name(&operation) { operation } else { String::new() };
        Self { protocol, operation }
    }

    /// Several calls in one message.
    fn batch(protocol: Protocol) -> Self {
        Self { protocol, operation: BATCH.to_owned() }
    }

    /// A call of several things.
    fn joined(protocol: Protocol, mut names: Vec<String>) -> Self {
        names.sort_unstable();
        names.dedup();
        let operation = if names.len() > MAX_NAMES { String::new() } else { names.join("+") };
        Self::new(protocol, operation)
    }
}

/// A handshake that the server accepted, or of which no answer was seen (RFC 6455 §4.2).
fn websocket(exchange: &Exchange) -> Option<Call> {
    let upgrade = exchange.request.headers.get("upgrade")?;
    let accepted = exchange.response.as_ref().is_none_or(|r| matches!(r.status, 0 | 101));
    (accepted && upgrade.eq_ignore_ascii_case("websocket"))
        .then(|| Call::new(Protocol::Websocket, String::new()))
}

/// Whether text can be shown as a name: not too long, and nothing in it that ends a line.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && !text.chars().any(char::is_control)
}

/// The root of a body as JSON.
fn body<'a>(decoded: &'a Decoded, side: Side) -> Option<NodeRef<'a>> {
    decoded.view.root(side, Root::Body)
}

/// A member of an object.
fn member<'a>(node: NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    matches!(node.value(), Value::Object)
        .then(|| node.children().find(|child| child.key() == name))
        .flatten()
}

/// A text that is a member of an object.
fn text<'a>(node: NodeRef<'a>, name: &str) -> Option<&'a str> {
    match member(node, name)?.value() {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The messages of a body: itself, or the elements of a batch.
fn messages<'a>(root: NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    let is_batch = matches!(root.value(), Value::Array);
    let alone = (!is_batch).then_some(root);
    let batch = is_batch.then(|| root.children());
    alone.into_iter().chain(batch.into_iter().flatten())
}

/// The messages of an answer: those of its body, or what its events carry.
fn answers(decoded: &Decoded) -> impl Iterator<Item = NodeRef<'_>> {
    let is_stream = decoded.response_format == Format::EventStream;
    let roots = body(decoded, Side::Response).into_iter().flat_map(messages);
    roots.flat_map(move |node| {
        let carried = if is_stream { member(node, "data") } else { Some(node) };
        // An event may carry a whole batch; an element of a body carries none.
        let inner = carried.filter(|_| is_stream).into_iter().flat_map(messages);
        carried.filter(|_| !is_stream).into_iter().chain(inner)
    })
}

/// What the answers of a batch say together: the best of them.
fn best(answers: impl Iterator<Item = Answered>) -> Answered {
    let rank = |answered: &Answered| match answered {
        Answered::Granted => 3,
        Answered::Failed => 2,
        Answered::NotThere => 1,
        Answered::Unknown => 0,
    };
    answers.max_by_key(rank).unwrap_or_default()
}

/// An element below others, by names without prefixes.
fn element<'a>(decoded: &'a Decoded, side: Side, path: &[&str]) -> Option<NodeRef<'a>> {
    let root = decoded.view.root(side, Root::Xml)?;
    path.iter().try_fold(root, |at, name| at.children().find(|child| child.key() == *name))
}
