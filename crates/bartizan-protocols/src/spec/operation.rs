//! The model of operations that every format is read into.

use std::{rc::Rc, sync::Arc};

use bartizan_model::{HostPattern, Protocol};

use super::{
    SpecLimit,
    budget::{Limits, Walk, Work},
    problem::Problems,
    tree::{Node, NodeId, Position},
};

/// Most operations of one document.
pub const MAX_OPERATIONS: usize = 20_000;
/// Most servers of one document, path or operation.
pub const MAX_SERVERS: usize = 64;
/// Most parameters, bodies, responses and extensions of one document together. Shared ones count
/// for each operation that has them.
pub const MAX_ITEMS: usize = 1_000_000;
/// Longest path of an operation, in bytes; a longer one is left out.
pub const MAX_PATH: usize = 4 * 1024;
/// Names, tags, types and summaries are cut at so many bytes.
pub const MAX_TEXT: usize = 512;

/// A node of one of the files of a specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which file: 0 is the one that was given.
    pub file: u32,
    /// Which node.
    pub node: NodeId,
}

/// Where an API is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecServer {
    /// Host without port, lower case; empty when the document does not say. Variables without a
    /// default stay as `{name}`.
    pub host: String,
    /// The hosts that it may be, where variables stand for labels in front of a domain of at least two:
    /// `{tenant}.api.example.com`.
    pub pattern: Option<Arc<HostPattern>>,
    /// Path in front of all path templates, without a slash at the end; may hold `{name}`.
    pub base_path: String,
    /// Scheme of the URL or protocol of a broker, lower case; empty when the document does not say.
    pub protocol: String,
    /// Name of the server (OpenAPI 3.2, AsyncAPI, port of a WSDL); empty for none.
    pub name: String,
}

/// What an operation is: whether and how traffic can be compared with it follows from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// A request with a method to a path.
    #[default]
    Http,
    /// A request that the API sends to a URL of its client, named by a request before.
    Callback,
    /// A request that the API sends to a URL that was agreed on.
    Webhook,
    /// A message that the application sends to a channel.
    Send,
    /// A message that the application receives from a channel.
    Receive,
    /// A field of the root type for reading.
    GraphqlQuery,
    /// A field of the root type for changing.
    GraphqlMutation,
    /// A field of the root type for events.
    GraphqlSubscription,
    /// A method of a gRPC service.
    Grpc {
        /// Whether the caller sends several messages.
        client_streams: bool,
        /// Whether several messages are answered.
        server_streams: bool,
    },
    /// An operation of a SOAP binding.
    Soap,
}

impl OperationKind {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Callback => "callback",
            Self::Webhook => "webhook",
            Self::Send => "sent message",
            Self::Receive => "received message",
            Self::GraphqlQuery => "GraphQL query",
            Self::GraphqlMutation => "GraphQL mutation",
            Self::GraphqlSubscription => "GraphQL subscription",
            Self::Grpc { .. } => "gRPC",
            Self::Soap => "SOAP",
        }
    }

    /// What stands for the method where it is no HTTP method.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Send => "SEND",
            Self::Receive => "RECEIVE",
            Self::GraphqlQuery => "QUERY",
            Self::GraphqlMutation => "MUTATION",
            Self::GraphqlSubscription => "SUBSCRIPTION",
            Self::Http | Self::Callback | Self::Webhook | Self::Grpc { .. } | Self::Soap => "POST",
        }
    }

    /// Whether an HTTP request can be told to be this operation by host, method and path alone.
    #[must_use]
    pub const fn is_matched_by_path(self) -> bool {
        matches!(self, Self::Http | Self::Grpc { .. })
    }

    /// Whether requests name it in their message, and can be compared with it by that name.
    #[must_use]
    pub const fn is_called_by_name(self) -> bool {
        matches!(
            self,
            Self::GraphqlQuery | Self::GraphqlMutation | Self::GraphqlSubscription | Self::Soap
        )
    }

    /// Whether it is a message of a channel.
    #[must_use]
    pub const fn is_channel(self) -> bool {
        matches!(self, Self::Send | Self::Receive)
    }

    /// The protocol that its traffic speaks; `None` where the server tells.
    #[must_use]
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Http | Self::Callback | Self::Webhook => Some(Protocol::Rest),
            Self::GraphqlQuery | Self::GraphqlMutation | Self::GraphqlSubscription => {
                Some(Protocol::Graphql)
            }
            Self::Grpc { .. } => Some(Protocol::Grpc),
            Self::Soap => Some(Protocol::Soap),
            Self::Send | Self::Receive => None,
        }
    }
}

/// Where a parameter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParameterIn {
    /// A part of the path or of the address of a channel.
    #[default]
    Path,
    /// A field of the query.
    Query,
    /// The whole query as one value (OpenAPI 3.2).
    QueryString,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
    /// A field of a form body (Swagger 2.0).
    Form,
    /// An argument of a field or call.
    Argument,
}

/// A parameter of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecParameter {
    /// As written.
    pub name: String,
    /// Where it is.
    pub location: ParameterIn,
    /// Whether it must be there.
    pub required: bool,
    /// Whether callers are told to leave it.
    pub deprecated: bool,
    /// Of a path, whether it is written as `;name=value` (`style: matrix` of OpenAPI 3).
    pub is_matrix: bool,
    /// Type in the words of a format that has no JSON Schema (`[ID!]!`); empty otherwise.
    pub type_name: String,
    /// Its schema. In Swagger 2.0 the parameter itself.
    pub schema: Option<Place>,
    /// Where it stands.
    pub place: Place,
}

/// A body in one media type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecBody {
    /// Media type or range as written; empty when the document does not say.
    pub media_type: String,
    /// Whether it must be there.
    pub required: bool,
    /// Type in the words of a format that has no JSON Schema; empty otherwise.
    pub type_name: String,
    /// Of SOAP in style "rpc" (WSDL 1.1 §3.5), the name of the part: the element that the value is in, below the one
    /// that is named as the operation. Empty otherwise.
    pub part: String,
    /// Its schema, unresolved: see [`super::SpecDocument::follow`].
    pub schema: Option<Place>,
}

/// What an operation answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecResponse {
    /// `200`, `4XX` or `default`; empty in formats without status.
    pub status: String,
    /// By media type; empty when there is none.
    pub bodies: Vec<SpecBody>,
    /// Where it stands, behind its reference.
    pub place: Place,
}

/// A scheme of authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecScheme {
    /// As requirements name it.
    pub name: String,
    /// `apiKey`, `http`, `oauth2`, `openIdConnect`, `mutualTLS`, `basic` or as written.
    pub kind: String,
    /// `basic`, `bearer` … of `http`; empty otherwise.
    pub scheme: String,
    /// `header`, `query`, `cookie` of an API key; empty otherwise.
    pub location: String,
    /// Name of header, field or cookie of an API key; empty otherwise.
    pub parameter: String,
    /// Where it stands.
    pub place: Place,
}

/// One alternative: all of its schemes are needed. Without any, anonymous callers are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Names of schemes, each with the scopes that are asked for.
    pub schemes: Vec<(String, Vec<String>)>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecOperation {
    /// What it is.
    pub kind: OperationKind,
    /// Of HTTP as sent, upper case when it is a registered one; `QUERY`, `MUTATION`, `SEND` … of
    /// others.
    pub method: String,
    /// Path template as written, without the base path; of others the channel, field or call.
    pub path: String,
    /// `operationId` or what stands for it.
    pub operation_id: Option<String>,
    /// `soapAction` of SOAP, as written.
    pub action: Option<String>,
    /// Of SOAP, the local name of the element that a request has in its body where that is not the name
    /// of the operation by convention: messages that are an element as it is ("document" style).
    pub element: Option<String>,
    /// One line about it.
    pub summary: String,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// Groups it is in.
    pub tags: Vec<String>,
    /// Alternatives of authentication: `None` when nothing is said, an empty list when it is said
    /// that there is none.
    pub security: Option<Arc<[Requirement]>>,
    /// Parameters, those of the path item included.
    pub parameters: Vec<SpecParameter>,
    /// What is sent, by media type.
    pub bodies: Vec<SpecBody>,
    /// What is answered.
    pub responses: Vec<SpecResponse>,
    /// Members that begin with `x-`.
    pub extensions: Vec<(String, Place)>,
    /// Servers of its own, which replace those of the document.
    pub servers: Vec<SpecServer>,
    /// Where it is in its file (RFC 6901).
    pub pointer: String,
    /// Where it stands.
    pub position: Position,
    /// Its node.
    pub place: Place,
}

impl SpecOperation {
    /// Whether authentication is asked for: `Some(false)` when anonymous callers are explicitly
    /// allowed, `None` when nothing is said.
    #[must_use]
    pub fn secured(&self) -> Option<bool> {
        let list = self.security.as_ref()?;
        Some(!list.is_empty() && list.iter().all(|one| !one.schemes.is_empty()))
    }
}

/// At most [`MAX_TEXT`] bytes of a text.
pub(super) fn cut(text: &str) -> String {
    beginning(text).to_owned()
}

/// The same, not copied.
pub(super) fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default()
}

/// Operations and problems while a document is read.
pub(super) struct Operations {
    list: Vec<Arc<SpecOperation>>,
    /// No operation is kept any more, and a problem says why.
    full: bool,
    items: usize,
    /// Bytes that are left for operations.
    room: usize,
    /// Bytes of items whose operation is not yet kept.
    pending: usize,
    work: Rc<Work>,
    pub(super) problems: Problems,
}

impl Operations {
    pub(super) fn new(problems: Problems, limits: Limits) -> Self {
        Self {
            list: Vec::new(),
            full: false,
            items: 0,
            room: limits.model_bytes,
            pending: 0,
            work: Work::new(limits.work),
            problems,
        }
    }

    /// Keeps an operation that stands at `node`. False when there is no room.
    pub(super) fn add(&mut self, mut operation: SpecOperation, node: Node<'_>, file: u32) -> bool {
        // What was read as far as a limit may lack what matters, as an alternative without
        // authentication.
        if self.full || self.work.is_over() {
            return false;
        }
        if self.list.len() >= MAX_OPERATIONS {
            return self.end(node, SpecLimit::Operations);
        }
        operation.place = Place { file, node: node.id() };
        operation.position = node.position();
        if operation.pointer.is_empty() {
            operation.pointer = node.pointer();
        }
        // Of items the exact figure takes the place of the one that was taken for each.
        self.room = self.room.saturating_add(std::mem::take(&mut self.pending));
        match self.room.checked_sub(operation.bytes()) {
            Some(room) => self.room = room,
            None => return self.end(node, SpecLimit::ModelBytes),
        }
        self.list.push(Arc::new(operation));
        true
    }

    /// Nothing behind `node` is kept; always false.
    fn end(&mut self, node: Node<'_>, limit: SpecLimit) -> bool {
        if !std::mem::replace(&mut self.full, true) {
            self.problems.limit_at(node, limit);
        }
        false
    }

    /// Whether there is room for one more parameter, body, response or extension, with a text of
    /// so many bytes.
    pub(super) fn item(&mut self, node: Node<'_>, text: usize) -> bool {
        self.items += 1;
        if self.items == MAX_ITEMS + 1 {
            self.problems.limit_at(node, SpecLimit::Items);
        }
        if self.items > MAX_ITEMS || self.full {
            return false;
        }
        let bytes = size_of::<SpecParameter>() + text.min(MAX_TEXT);
        match self.room.checked_sub(bytes) {
            Some(room) => {
                self.room = room;
                self.pending += bytes;
                true
            }
            None => self.end(node, SpecLimit::ModelBytes),
        }
    }

    /// Steps that are left, for what several operations may share.
    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    /// Children of a node that several operations may share.
    pub(super) fn children<'t>(&self, node: Node<'t>) -> Walk<'t> {
        self.work.children(node)
    }

    /// The same with their names.
    pub(super) fn members<'t>(
        &self,
        node: Node<'t>,
    ) -> impl Iterator<Item = (&'t str, Node<'t>)> + use<'t> {
        self.work.children(node).named()
    }

    /// Whether no operation is kept any more. `node`: what was read last.
    pub(super) fn is_full(&mut self, node: Node<'_>) -> bool {
        if self.work.is_over() {
            self.end(node, SpecLimit::Work);
        }
        self.full
    }

    pub(super) fn finish(self) -> (Vec<Arc<SpecOperation>>, Problems) {
        (self.list, self.problems)
    }
}

impl SpecOperation {
    /// Bytes that it takes, about; security that it shares with its document not counted.
    fn bytes(&self) -> usize {
        fn all<T>(list: &[T], texts: impl Fn(&T) -> usize) -> usize {
            list.iter().map(|one| size_of::<T>() + texts(one)).sum()
        }
        let bodies = |list: &[SpecBody]| {
            all(list, |b| b.media_type.len() + b.type_name.len() + b.part.len())
        };
        let scheme = |(name, scopes): &(String, Vec<String>)| name.len() + all(scopes, String::len);
        let own = self.security.as_ref().filter(|list| Arc::strong_count(list) == 1);
        let texts = [&self.operation_id, &self.action, &self.element].into_iter().flatten();
        size_of::<Self>()
            + texts.map(String::len).sum::<usize>()
            + self.method.len()
            + self.path.len()
            + self.summary.len()
            + self.pointer.len()
            + all(&self.tags, String::len)
            + own.map_or(0, |list| all(list, |one| all(&one.schemes, scheme)))
            + all(&self.parameters, |p| p.name.len() + p.type_name.len())
            + bodies(&self.bodies)
            + all(&self.responses, |r| r.status.len() + bodies(&r.bodies))
            + all(&self.extensions, |(name, _)| name.len())
            + all(&self.servers, |s| {
                let pattern = s.pattern.as_ref().map_or(0, |pattern| pattern.held());
                s.host.len() + pattern + s.base_path.len() + s.protocol.len() + s.name.len()
            })
    }
}
