//! What a body or a message calls, as far as rules have to know it.

use bartizan_model::{Protocol, Root, Side};
use bartizan_protocols::{Call, Decoded, NodeRef, Value};

use super::reading::is_plain;

/// Members of a message of a WebSocket that say what it is about.
const KINDS: [&str; 5] = ["type", "action", "event", "method", "command"];

/// What is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// These, by their own names.
    Names(Vec<String>),
    /// Nothing but what method and path say.
    Nothing,
    /// It cannot be told: anything.
    Unknown,
}

/// Whether a name is the one that a rule gives: whole, or without what it is called by (`mutation setRole`,
/// `pkg.Service/Method`, `tools/call search`). Without case, as some servers do.
pub(crate) fn is(name: &str, wanted: &str) -> bool {
    let last = name.rsplit([' ', '/']).next().unwrap_or(name);
    name.eq_ignore_ascii_case(wanted) || last.eq_ignore_ascii_case(wanted)
}

/// Calls several methods in one.
const MULTICALL: &str = "system.multicall";

/// What a request calls. One that says nothing of it although it has a body that was not read says anything, and so
/// does one that others may read differently: with a name twice, or with what two protocols look at.
pub(crate) fn of_request(decoded: &Decoded) -> Called {
    if !is_plain(&decoded.view) {
        return Called::Unknown;
    }
    let (in_target, in_body) =
        (has_document(decoded, Root::Query), has_document(decoded, Root::Body));
    let says_method = || has_member(decoded, |name| name.eq_ignore_ascii_case("method"));
    match &decoded.call {
        // Who declines the upgrade may do what the target asks for.
        Some(call) if call.protocol == Protocol::Websocket => match in_target {
            true => Called::Unknown,
            false => Called::Nothing,
        },
        Some(call) if call.is_batch() || call.operation.is_empty() => Called::Unknown,
        Some(call) if call.operation == MULTICALL => Called::Unknown,
        Some(call) if call.protocol == Protocol::Graphql && !(in_target && in_body) => names(call),
        Some(_) if in_target || in_body => Called::Unknown,
        Some(call) if call.protocol == Protocol::Grpc && says_method() => Called::Unknown,
        Some(call) => names(call),
        None if !decoded.view.is_fully_inspected(Side::Request) => Called::Unknown,
        None if in_target || in_body || says_method() => Called::Unknown,
        None => Called::Nothing,
    }
}

/// Whether there is a GraphQL document, whatever else there is.
fn has_document(decoded: &Decoded, root: Root) -> bool {
    let mut members = decoded.view.root(Side::Request, root).into_iter().flat_map(members);
    members.any(|member| {
        let is_document = |value| matches!(value, Value::Text(text) if text.contains('{'));
        member.key().eq_ignore_ascii_case("query") && is_document(member.value())
    })
}

/// Whether the body has a member with such a name that is a text.
fn has_member(decoded: &Decoded, is_it: impl Fn(&str) -> bool) -> bool {
    let mut members = decoded.view.root(Side::Request, Root::Body).into_iter().flat_map(members);
    members.any(|member| is_it(member.key()) && matches!(member.value(), Value::Text(_)))
}

/// Members of an object, or of the objects of an array.
fn members(root: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    match root.value() {
        Value::Array => root.children().flat_map(|element| element.children()).collect(),
        _ => root.children().collect(),
    }
}

fn names(call: &Call) -> Called {
    // A document that is known by its hash only: the name is its client's choice.
    let is_told = call.protocol != Protocol::Graphql || call.operation.contains(' ');
    let names = || call.operation.split('+').map(str::to_owned).collect();
    if is_told { Called::Names(names()) } else { Called::Unknown }
}

/// What the message of a WebSocket calls.
pub(crate) fn of_message(decoded: &Decoded) -> Called {
    let Some(root) = decoded.view.root(Side::Request, Root::Message) else {
        return Called::Unknown;
    };
    if !decoded.view.is_fully_inspected(Side::Request) {
        return Called::Unknown;
    }
    let said = |message: NodeRef<'_>| -> Vec<String> {
        let members = message
            .children()
            .filter(|child| KINDS.iter().any(|kind| child.key().eq_ignore_ascii_case(kind)));
        let texts = members.filter_map(|child| match child.value() {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        });
        texts.collect()
    };
    let messages = root.children().flat_map(|message| match message.value() {
        Value::Array => message.children().collect(),
        _ => vec![message],
    });
    let names: Vec<String> = messages.flat_map(said).collect();
    if names.is_empty() { Called::Unknown } else { Called::Names(names) }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Message, Request};
    use bartizan_protocols::decode;

    use super::*;

    fn asked(target: &str, kind: &str, body: &str) -> Called {
        let mut request = Request {
            method: "POST".to_owned(),
            target: target.to_owned(),
            body: body.to_owned().into(),
            ..Request::default()
        };
        request.headers.push("content-type", kind);
        let exchange = Exchange { request, ..Exchange::default() };
        of_request(&decode(&exchange, &Limits::default(), 1))
    }

    #[test]
    fn aliases_hide_no_field_and_batches_may_call_anything() {
        let names = |all: &[&str]| Called::Names(all.iter().map(|n| (*n).to_owned()).collect());
        let json = "application/json";
        let aliased = r#"{"query":"mutation { harmless: setRole(id: 1) { id } }"}"#;
        assert_eq!(asked("/graphql", json, aliased), names(&["mutation setRole"]));
        let batch = r#"[{"query":"{me{id}}"},{"query":"mutation{setRole{id}}"}]"#;
        assert_eq!(asked("/graphql", json, batch), Called::Unknown);
        let hashed =
            r#"{"operationName":"Me","extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#;
        assert_eq!(asked("/graphql", json, hashed), Called::Unknown);
        let rpc = r#"{"jsonrpc":"2.0","id":1,"method":"depot.close","params":{}}"#;
        assert_eq!(asked("/rpc", json, rpc), names(&["depot.close"]));
        assert_eq!(asked("/v1/orders", json, r#"{"sku":1}"#), Called::Nothing);
        assert!(is("mutation setRole", "SETROLE") && is("pkg.Users/Get", "get"));
        assert!(!is("mutation setRoles", "setRole"));
    }

    #[test]
    fn messages_say_what_they_are_about() {
        let said = |text: &str| {
            let data = text.as_bytes().to_vec().into();
            let message = Message { from_client: true, time: None, data, text: true };
            let exchange = Exchange { messages: vec![message], ..Exchange::default() };
            of_message(&decode(&exchange, &Limits::default(), 1))
        };
        let broadcast = Called::Names(vec!["broadcast".to_owned()]);
        assert_eq!(said(r#"{"type":"broadcast","text":"x"}"#), broadcast);
        assert_eq!(said(r#"[{"Type":"broadcast"}]"#), broadcast);
        assert_eq!(said(r#"{"text":"x"}"#), Called::Unknown);
        assert_eq!(said("broadcast"), Called::Unknown);
    }
}
