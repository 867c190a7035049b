//! What a body or a message calls, as far as rules have to know it.

use bartizan_model::{Exchange, Protocol, Root, Side};
use bartizan_protocols::{Call, Decoded, Members, NodeRef, Places, Value};

use super::{reading::is_plain, spelling::is_same_name};

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

/// Words of the protocols for members that say what is called.
const WORDS: [&str; 8] = [
    "query",
    "operationName",
    "extensions",
    "documentId",
    "jsonrpc",
    "method",
    "params",
    "payload",
];
/// Longest name of a member that servers may take for one of them, in bytes.
const WORD_BYTES: usize = 64;
/// Those that may be parameters, of GraphQL.
const OF_GRAPHQL: [&str; 4] = ["query", "operationName", "extensions", "documentId"];

/// What a request calls. One that says nothing of it although it has a body that was not read says anything, and so
/// does one that others may read differently: with a name twice, spelt otherwise, or with what two protocols look at.
pub(crate) fn of_request(decoded: &Decoded) -> Called {
    if !is_plain(&decoded.view, Places::ALL) {
        return Called::Unknown;
    }
    let (in_target, in_body) =
        (has_document(decoded, Root::Query), has_document(decoded, Root::Body));
    let says_method = || has_member(decoded, "method");
    let is_odd = || {
        let roots = [Root::Query, Root::Body].into_iter();
        let roots = roots.filter_map(|root| decoded.view.root(Side::Request, root));
        roots.flat_map(objects).any(is_spelt_otherwise)
    };
    match &decoded.call {
        // Who declines the upgrade may do what the target asks for.
        Some(call) if call.protocol == Protocol::Websocket => match in_target {
            true => Called::Unknown,
            false => Called::Nothing,
        },
        Some(call) if call.is_batch() || call.operation.is_empty() => Called::Unknown,
        Some(call) if call.operation == MULTICALL => Called::Unknown,
        Some(_) if is_odd() => Called::Unknown,
        Some(call) if call.protocol == Protocol::Graphql => {
            let is_twice = in_target && in_body || is_chosen_twice(decoded, in_target);
            if is_twice { Called::Unknown } else { names(call) }
        }
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
    let root = decoded.view.root(Side::Request, root);
    root.into_iter().flat_map(objects).any(|object| !documents(object).is_empty())
}

/// Members of an object that lenient servers may take for a document.
fn documents(object: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    let is_document = |value: Value<'_>| matches!(value, Value::Text(text) if text.contains('{'));
    named(object, "query").into_iter().filter(|member| is_document(member.value())).collect()
}

/// Whether target and body choose differently what of a document is called, or both name documents. The name of an
/// operation alone may be in both: clients add it to addresses for logs.
fn is_chosen_twice(decoded: &Decoded, in_target: bool) -> bool {
    let said = |root, name: &str| -> Vec<String> {
        let root = decoded.view.root(Side::Request, root).into_iter().flat_map(objects);
        let members = root.flat_map(|object| named(object, name));
        let said = members.filter(|member| member.value() != Value::Null);
        said.map(|member| member.raw().to_owned()).collect()
    };
    let (here, there) =
        if in_target { (Root::Query, Root::Body) } else { (Root::Body, Root::Query) };
    let is_named = ["extensions", "documentId"].iter().any(|name| !said(there, name).is_empty());
    let names = said(there, "operationName");
    is_named
        || (!names.is_empty() && names != said(here, "operationName"))
        || !said(here, "documentId").is_empty()
}

/// Whether an object has a member that servers may take for one with a word of a protocol and others not, or several.
fn is_spelt_otherwise(object: NodeRef<'_>) -> bool {
    let words: &[&str] = if object.root() == Root::Query { &OF_GRAPHQL } else { &WORDS };
    let words_of = |member: NodeRef<'_>| {
        words.iter().position(|word| is_short(member) && is_same_name(member.key(), word))
    };
    let mut seen = [false; WORDS.len()];
    object.children().any(|member| {
        words_of(member).is_some_and(|at| {
            let is_again = std::mem::replace(&mut seen[at], true);
            is_again || member.key() != words[at]
        })
    })
}

fn is_short(member: NodeRef<'_>) -> bool {
    member.key().len() <= WORD_BYTES
}

/// Whether the body has a member with such a name that is a text.
fn has_member(decoded: &Decoded, name: &str) -> bool {
    let body = decoded.view.root(Side::Request, Root::Body).into_iter().flat_map(objects);
    let mut members = body.flat_map(|object| named(object, name));
    members.any(|member| matches!(member.value(), Value::Text(_)))
}

/// An object, or the objects of an array; with those that a part of a multipart request holds for GraphQL.
fn objects(root: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    fn of_one(node: NodeRef<'_>) -> Vec<NodeRef<'_>> {
        match node.value() {
            Value::Array => node.children().collect(),
            _ => vec![node],
        }
    }
    let parts = named(root, "operations").into_iter();
    let inner = parts.flat_map(|part| part.children()).filter(|inner| inner.codec().is_some());
    let inner: Vec<_> = inner.flat_map(of_one).collect();
    let mut all = of_one(root);
    all.extend(inner);
    all
}

fn names(call: &Call) -> Called {
    // A document that is known by its hash only: the name is its client's choice.
    let is_told = call.protocol != Protocol::Graphql || call.operation.contains(' ');
    let names = || call.operation.split('+').map(str::to_owned).collect();
    if is_told { Called::Names(names()) } else { Called::Unknown }
}

/// What the message of a WebSocket calls. `exchange` has it alone, with the head of a handshake.
pub(crate) fn of_message(exchange: &Exchange, decoded: &Decoded) -> Called {
    let Some(root) = decoded.view.root(Side::Request, Root::Message) else {
        return Called::Unknown;
    };
    if !decoded.view.is_fully_inspected(Side::Request) {
        return Called::Unknown;
    }
    let messages: Vec<_> = root.children().flat_map(objects).collect();
    let mut names: Vec<String> = messages.iter().flat_map(|one| said(*one)).collect();
    let payloads = messages.iter().flat_map(|one| named(*one, "payload"));
    let sent: Vec<_> = messages.iter().copied().chain(payloads).collect();
    if sent.iter().any(|one| !documents(*one).is_empty()) {
        // Unless all of it is spelt as usual, others may take something else for the document.
        let is_odd = messages.len() != 1 || sent.iter().any(|one| is_spelt_otherwise(*one));
        let fields = if is_odd { None } else { fields(exchange, decoded) };
        let Some(fields) = fields else { return Called::Unknown };
        names.extend(fields);
    }
    if names.is_empty() { Called::Unknown } else { Called::Names(names) }
}

/// Texts of a message that say what it is about; what a method calls by its parameters too.
fn said(message: NodeRef<'_>) -> Vec<String> {
    let texts = |node: NodeRef<'_>, name: &str| -> Vec<String> {
        let text = |node: NodeRef<'_>| match node.value() {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        };
        named(node, name).into_iter().filter_map(text).collect()
    };
    let mut out: Vec<_> = KINDS.iter().flat_map(|kind| texts(message, kind)).collect();
    for called in named(message, "params").into_iter().flat_map(|params| texts(params, "name")) {
        let methods = texts(message, "method").into_iter();
        out.extend(methods.map(|method| format!("{method} {called}")));
    }
    out
}

/// Members that servers may take for one of this name.
fn named<'d>(object: NodeRef<'d>, name: &str) -> Vec<NodeRef<'d>> {
    let members = object.children().filter(|member| is_short(*member));
    members.filter(|member| is_same_name(member.key(), name)).collect()
}

/// The fields of the one document that a message carries.
fn fields(exchange: &Exchange, decoded: &Decoded) -> Option<Vec<String>> {
    let mut members = Members::of(exchange, decoded)?;
    let member = members.advance()?;
    match member.decoded.call.as_ref().map(names) {
        Some(Called::Names(names)) if names.iter().any(|name| name.contains(' ')) => Some(names),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Limits, Message};
    use bartizan_protocols::decode;

    use super::{super::readings::tests::posted, *};

    fn asked(target: &str, kind: &str, body: &str) -> Called {
        of_request(&decode(&posted(target, kind, body), &Limits::default(), 1))
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
        for (target, body) in [
            ("/graphql", r#"{"query":"{me{id}}","Query":"mutation{setRole{id}}"}"#),
            ("/graphql", r#"{"query":"{me{id}}","OPERATIONNAME":"B"}"#),
            ("/graphql", r#"{"QUERY":"mutation{setRole{id}}"}"#),
            ("/graphql", r#"{"query":"{me{id}}","documentId":"x"}"#),
            ("/graphql?operationName=B", r#"{"query":"query A{me} mutation B{setRole}"}"#),
            ("/graphql?Query=mutation%7BsetRole%7D", r#"{"query":"{me{id}}"}"#),
            ("/rpc", r#"{"jsonrpc":"2.0","id":1,"method":"me","Method":"depot.close"}"#),
            ("/rpc", r#"{"JsonRpc":"2.0","id":1,"Method":"depot.close"}"#),
        ] {
            assert_eq!(asked(target, json, body), Called::Unknown, "{target} {body}");
        }
        let same = r#"{"query":"{me{id}}","operationName":"Me"}"#;
        assert_eq!(asked("/graphql?operationName=Me", json, same), names(&["query me"]));
        assert_eq!(asked("/graphql", "application/graphql", "{ me { id } }"), names(&["query me"]));
        assert!(is("mutation setRole", "SETROLE") && is("pkg.Users/Get", "get"));
        assert!(!is("mutation setRoles", "setRole"));
    }

    #[test]
    fn messages_say_what_they_are_about() {
        let said = |text: &str| {
            let data = text.as_bytes().to_vec().into();
            let message = Message { from_client: true, time: None, data, text: true };
            let mut exchange = Exchange { messages: vec![message], ..Exchange::default() };
            exchange.request.headers.push("upgrade", "websocket");
            of_message(&exchange, &decode(&exchange, &Limits::default(), 1))
        };
        let broadcast = Called::Names(vec!["broadcast".to_owned()]);
        assert_eq!(said(r#"{"type":"broadcast","text":"x"}"#), broadcast);
        assert_eq!(said(r#"[{"Type":"broadcast"}]"#), broadcast);
        assert_eq!(said(r#"{"text":"x"}"#), Called::Unknown);
        assert_eq!(said("broadcast"), Called::Unknown);
        let names = |all: &[&str]| Called::Names(all.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(
            said(r#"{"id":"1","type":"subscribe","payload":{"query":"mutation{setRole{id}}"}}"#),
            names(&["subscribe", "mutation setRole"])
        );
        for lenient in [
            r#"{"id":"1","type":"subscribe","payload":{"query":"{me}","Query":"mutation{setRole}"}}"#,
            r#"{"id":"1","type":"subscribe","Payload":{"query":"mutation{setRole}"}}"#,
            r#"[{"id":"1","type":"subscribe","payload":{"query":"mutation{setRole}"}}]"#,
            r#"{"type":"subscribe","query":"mutation{setRole}"}"#,
        ] {
            assert_eq!(said(lenient), Called::Unknown, "{lenient}");
        }
        let tool = r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"drop"}}"#;
        assert_eq!(said(tool), names(&["tools/call", "tools/call drop"]));
    }
}
