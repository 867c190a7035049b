//! What a request asks a GraphQL server for, wherever servers look for it (GraphQL over HTTP; the multipart request
//! specification; `graphql-transport-ws` and its predecessor). Servers differ in which place counts, so all do.

use std::borrow::Cow;

use bartizan_model::{Exchange, Request, Root, Side};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Places, Value};

use crate::policy::{
    reading::{NOT_READABLE, Within, cut, has, is_plain, is_read, member, members},
    readings::decode_all,
    spelling::is_same_name,
};

/// Most texts with JSON in them of one request.
const MAX_INNER: usize = 16;
/// Most operations of one request that are told apart: more than any limit lets through.
const MAX_ASKED: usize = 2_000;
/// Members that may be JSON within a text where the rest is none, and also where it is.
const INNER: [&str; 3] = ["operations", "variables", "extensions"];
/// Members of which there is one, however it is written.
const SINGLE: [&str; 4] = ["query", "variables", "operations", "extensions"];
/// Members that name a document, as servers differ.
const IDS: [&str; 3] = ["documentId", "docId", "id"];
/// Most ids of one operation that are told apart.
const MAX_IDS: usize = 16;

/// One operation that is asked for.
#[derive(Debug)]
pub(super) struct Asked<'d> {
    /// The document; `None` when it is not brought.
    pub(super) document: Option<&'d str>,
    /// Hashes and ids that name it: which of them counts is a matter of the server.
    pub(super) ids: Vec<Cow<'d, str>>,
    /// Whether it is in the target.
    pub(super) is_in_target: bool,
    /// Objects that may hold its variables.
    pub(super) variables: Vec<NodeRef<'d>>,
}

/// Parts of a request that are read beside its body.
#[derive(Debug)]
pub(super) struct Sources {
    query: Option<Decoded>,
    /// Texts that are JSON.
    inner: Vec<Inner>,
}

/// A text that is JSON.
#[derive(Debug)]
struct Inner {
    decoded: Decoded,
    /// The one of [`INNER`] that it is.
    name: &'static str,
}

impl Sources {
    /// Reads what there is beside the body.
    ///
    /// # Errors
    /// Why it, or the body, cannot be read in one way only.
    pub(super) fn of(query: &str, body: &Decoded, within: &Within) -> Result<Self, &'static str> {
        check_body(body)?;
        let query = (!query.is_empty()).then(|| read_query(query, within)).transpose()?;
        let mut inner = Vec::new();
        let nodes = query.iter().flat_map(in_query).chain(in_body(body)).flat_map(messages);
        let texts = nodes.flat_map(|node| node.children());
        for (text, name) in texts.filter_map(|node| Some((node, inner_name(node)?))) {
            if inner.len() >= MAX_INNER {
                return Err(NOT_READABLE);
            }
            let Value::Text(text) = text.value() else { return Err(NOT_READABLE) };
            // What is left empty is not there.
            if text.trim().is_empty() {
                continue;
            }
            let decoded = within.decode("application/json", text.to_owned().into());
            if let Some(reason) = cut(&decoded.view, Places::BODY) {
                return Err(reason);
            }
            if decoded.request_format != Format::Json || !is_plain(&decoded.view, Places::BODY) {
                return Err(NOT_READABLE);
            }
            inner.push(Inner { decoded, name });
        }
        let sources = Self { query, inner };
        // Texts in texts are not gone after.
        let has_text = sources
            .operations(body)
            .flat_map(|node| members(node, "variables"))
            .any(|node| matches!(node.value(), Value::Text(text) if !text.is_empty()));
        let outer = sources.query.iter().flat_map(in_query).chain(in_body(body));
        let outer = outer.flat_map(messages);
        let is_twice = outer.chain(sources.operations(body)).any(is_ambiguous);
        if has_text || is_twice { Err(NOT_READABLE) } else { Ok(sources) }
    }

    /// What is asked for by texts with JSON, and by parts of it.
    fn operations<'s>(&'s self, body: &'s Decoded) -> impl Iterator<Item = NodeRef<'s>> {
        let texts = self.inner.iter().filter(|inner| inner.name == "operations");
        let texts = texts.flat_map(|inner| in_body(&inner.decoded));
        texts.chain(typed_parts(body)).flat_map(messages)
    }

    /// A document that is the body.
    pub(super) fn document(text: &str) -> Asked<'_> {
        let (ids, is_in_target) = (Vec::new(), false);
        Asked { document: Some(text), ids, is_in_target, variables: Vec::new() }
    }

    /// All that is asked for.
    pub(super) fn asked<'s>(&'s self, body: &'s Decoded) -> Vec<Asked<'s>> {
        let mut found = Vec::new();
        if body.request_format == Format::Text {
            found.extend(in_body(body).map(|root| Self::document(root.raw())));
        } else {
            found.extend(in_body(body).flat_map(messages).filter_map(|one| asked(one, false)));
        }
        let inner: Vec<_> = self.inner.iter().flat_map(|inner| in_body(&inner.decoded)).collect();
        found.extend(self.operations(body).filter_map(|one| asked(one, false)));
        let query = self.query.iter().flat_map(in_query);
        let in_target: Vec<_> = query.filter_map(|one| asked(one, true)).collect();
        // Servers that take the document of the one place may take the variables of the other.
        let others = in_body(body).chain(inner.iter().copied()).flat_map(messages);
        let shared = inner.iter().copied().chain(others.filter_map(variables));
        let shared: Vec<_> = shared.take(MAX_INNER).collect();
        found.extend(in_target);
        found.truncate(MAX_ASKED);
        for one in &mut found {
            if one.is_in_target || one.variables.is_empty() {
                one.variables.extend(shared.iter().copied());
            }
        }
        found
    }
}

/// Parts `operations` of multipart bodies that say themselves that they are JSON.
fn typed_parts(body: &Decoded) -> impl Iterator<Item = NodeRef<'_>> {
    let parts = in_body(body).flat_map(messages).flat_map(|node| node.children());
    parts.filter(|part| is_same_name(part.key(), "operations") && is_tree(*part))
}

/// What a message of a WebSocket asks for.
///
/// # Errors
/// It cannot be read in one way only.
pub(super) fn of_message(decoded: &Decoded) -> Result<Vec<Asked<'_>>, &'static str> {
    let mut found = Vec::new();
    for message in in_body(decoded).flat_map(messages) {
        let Some(payload) = member(message, "payload")? else { continue };
        if is_ambiguous(payload) {
            return Err(NOT_READABLE);
        }
        found.extend(asked(payload, false));
    }
    Ok(found)
}

/// Whether servers that ignore case take one and those that do not take another.
fn is_ambiguous(message: NodeRef<'_>) -> bool {
    SINGLE.iter().any(|name| member(message, name).is_err())
}

/// The object with the variables of a message.
fn variables(message: NodeRef<'_>) -> Option<NodeRef<'_>> {
    members(message, "variables").find(|child| is_tree(*child))
}

fn in_query(decoded: &Decoded) -> impl Iterator<Item = NodeRef<'_>> {
    decoded.view.root(Side::Request, Root::Query).into_iter()
}

fn in_body(decoded: &Decoded) -> impl Iterator<Item = NodeRef<'_>> {
    decoded.view.root(Side::Request, Root::Body).into_iter()
}

/// Itself, or the elements of a batch.
fn messages(root: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let is_batch = root.value() == Value::Array;
    let elements = is_batch.then(|| root.children()).into_iter().flatten();
    (!is_batch).then_some(root).into_iter().chain(elements)
}

fn is_tree(node: NodeRef<'_>) -> bool {
    matches!(node.value(), Value::Object | Value::Array)
}

fn inner_name(node: NodeRef<'_>) -> Option<&'static str> {
    let is_text = !is_tree(node) && node.value() != Value::Null;
    INNER.into_iter().find(|name| is_text && is_same_name(node.key(), name))
}

fn asked(message: NodeRef<'_>, is_in_target: bool) -> Option<Asked<'_>> {
    let document = members(message, "query").find_map(|query| match query.value() {
        Value::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    });
    let hashes = members(message, "extensions").filter_map(hash_of);
    let named = IDS.iter().flat_map(|name| members(message, name));
    let named = named.filter(|id| id.value() != Value::Null).map(|id| Cow::Borrowed(id.raw()));
    let ids: Vec<_> = hashes.chain(named).take(MAX_IDS).collect();
    let variables = variables(message).into_iter().collect();
    let is_asked = document.is_some() || !ids.is_empty();
    is_asked.then_some(Asked { document, ids, is_in_target, variables })
}

/// The hash that extensions name a document by (automatic persisted queries); empty when it is none.
fn hash_of(extensions: NodeRef<'_>) -> Option<Cow<'_, str>> {
    if let Value::Text(text) = extensions.value() {
        let told: serde_json::Value = serde_json::from_str(text).ok()?;
        let of = |value: &serde_json::Value, name: &str| {
            let mut named = value.as_object()?.iter().filter(|(key, _)| is_same_name(key, name));
            let (_, one) = named.next()?;
            Some(named.next().map_or(one.clone(), |_| serde_json::Value::Null))
        };
        let hash = of(&of(&told, "persistedQuery")?, "sha256Hash");
        let hash = hash.as_ref().and_then(|hash| hash.as_str());
        return Some(Cow::Owned(hash.unwrap_or_default().to_owned()));
    }
    let named = members(extensions, "persistedQuery").next()?;
    let hash = member(named, "sha256Hash").ok().flatten();
    Some(Cow::Borrowed(hash.map_or("", |hash| hash.raw())))
}

/// Whether a body is of a kind that is read here, and can be read in one way only.
fn check_body(body: &Decoded) -> Result<(), &'static str> {
    let view = &body.view;
    let is_fine = match body.request_format {
        Format::Empty => true,
        // A document may look like bent JSON for a moment, so that only its charset counts.
        Format::Text => ![
            AnomalyKind::InvalidUtf8,
            AnomalyKind::OverlongUtf8,
            AnomalyKind::UnknownCharset,
            AnomalyKind::BrokenEncoding,
            AnomalyKind::AmbiguousEncoding,
        ]
        .iter()
        .any(|kind| has(view, *kind)),
        // Files are none of what is looked at here.
        Format::Multipart => is_plain(view, Places::BODY),
        Format::Json | Format::Form => is_plain(view, Places::BODY) && is_read(view),
        _ => false,
    };
    if is_fine { Ok(()) } else { Err(NOT_READABLE) }
}

fn read_query(query: &str, within: &Within) -> Result<Decoded, &'static str> {
    const ODD: [AnomalyKind; 4] = [
        AnomalyKind::DuplicateParameter,
        AnomalyKind::InvalidUtf8,
        AnomalyKind::OverlongUtf8,
        AnomalyKind::NulByte,
    ];
    let request = Request { target: format!("/?{query}"), ..Request::default() };
    let exchange = Exchange { request, ..Exchange::default() };
    let (decoded, _) = decode_all(&exchange, within.amount, within.seed);
    if let Some(reason) = cut(&decoded.view, Places::ALL) {
        return Err(reason);
    }
    let is_odd = decoded.view.has_one_of(Side::Request, Places::ALL, &ODD);
    if is_odd { Err(NOT_READABLE) } else { Ok(decoded) }
}
