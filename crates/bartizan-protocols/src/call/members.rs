//! The calls that one message or one connection carries, one by one: elements of a batch (JSON-RPC 2.0 §6; GraphQL
//! as clients send it), and what is called by messages of a WebSocket (`graphql-transport-ws`, its predecessor, and
//! JSON-RPC).
//!
//! Nothing is parsed again: each call is copied out of the view as the body of a view of its own, so that its places
//! are those of the same call sent alone.

use std::collections::{BTreeMap, VecDeque};

use bartizan_model::{Exchange, Protocol, Root, Side};

use super::{Answered, Call, answers, body, graphql, json_rpc, member, messages, text};
use crate::{
    Decoded, Format, NodeId, NodeRef, Value,
    view::{Head, Moved},
};

/// Most calls of one message or connection that are looked at one by one.
pub const MAX_MEMBERS: usize = 64;

/// A call with its own answer.
#[derive(Clone, Copy, Debug)]
struct Pair<'d> {
    protocol: Protocol,
    asked: NodeRef<'d>,
    answer: Option<NodeRef<'d>>,
    /// What the envelope of the answer says.
    envelope: Answered,
}

/// Calls of one exchange, in the order they were sent.
#[derive(Debug)]
pub struct Members<'d> {
    exchange: &'d Exchange,
    whole: &'d Decoded,
    pairs: std::vec::IntoIter<Pair<'d>>,
    left_out: u64,
    head: Head,
    moved: [Option<Moved>; 2],
    one: Decoded,
}

/// One of them.
#[derive(Debug)]
pub struct Member<'m> {
    /// It, as if it had been sent alone: with the head of the request that carried it.
    pub decoded: &'m mut Decoded,
    /// Whether there is an answer of its own. `None` when no answer was seen at all, and for what is never answered:
    /// a notification (JSON-RPC 2.0 §4.1).
    pub is_answered: Option<bool>,
    head: Head,
    moved: [Option<Moved>; 2],
}

impl Member<'_> {
    /// Where a value of the whole is in this call; `None` when it belongs to another one.
    #[must_use]
    pub fn place(&self, id: NodeId) -> Option<NodeId> {
        if self.head.holds(id) {
            return Some(id);
        }
        self.moved.iter().flatten().find_map(|moved| moved.place(id))
    }
}

impl<'d> Members<'d> {
    /// The calls that an exchange carries; `None` when it is one call, or none that can be told.
    #[must_use]
    pub fn of(exchange: &'d Exchange, whole: &'d Decoded) -> Option<Self> {
        let call = whole.call.as_ref()?;
        let (root, mut pairs) = match call.protocol {
            Protocol::Websocket => of_socket(whole)?,
            protocol if call.is_batch() => of_batch(protocol, whole)?,
            _ => return None,
        };
        let left_out = pairs.len().saturating_sub(MAX_MEMBERS) as u64;
        pairs.truncate(MAX_MEMBERS);
        let mut one = Decoded::default();
        let head = one.view.take_head(&whole.view, root.id());
        one.request_format = Format::Json;
        let pairs = pairs.into_iter();
        (pairs.len() > 0).then_some(Self {
            exchange,
            whole,
            pairs,
            left_out,
            head,
            moved: [None; 2],
            one,
        })
    }

    /// How many there are beyond [`MAX_MEMBERS`].
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The next one. It takes the place of the one before.
    pub fn advance(&mut self) -> Option<Member<'_>> {
        let pair = self.pairs.next()?;
        let (one, whole) = (&mut self.one, &self.whole.view);
        one.view.keep_head(self.head);
        let asked = one.view.take_body(whole, pair.asked.id());
        let answer = pair.answer.and_then(|answer| one.view.take_body(whole, answer.id()));
        self.moved = [asked, answer];
        one.response_format = if answer.is_some() { Format::Json } else { Format::Empty };
        let call = match pair.protocol {
            Protocol::Graphql => graphql::call_of_message(one),
            _ => json_rpc::call(self.exchange, one),
        };
        let call = call.map(|call| Call { protocol: pair.protocol, ..call });
        // What cannot be read as a call is one all the same.
        let call = call.unwrap_or_else(|| Call::new(pair.protocol, String::new()));
        one.answered = match pair.envelope {
            Answered::Unknown => call.answered(self.exchange, one),
            told => told,
        };
        one.call = Some(call);
        let is_seen = body(self.whole, Side::Response).is_some()
            || self.whole.view.root(Side::Response, Root::Message).is_some();
        let is_notification =
            pair.protocol != Protocol::Graphql && member(pair.asked, "id").is_none();
        let is_answered = pair.answer.is_some() || pair.envelope != Answered::Unknown;
        Some(Member {
            decoded: &mut self.one,
            is_answered: (is_seen && (is_answered || !is_notification)).then_some(is_answered),
            head: self.head,
            moved: self.moved,
        })
    }
}

/// Elements of a batch, below the root of the body.
fn of_batch(protocol: Protocol, whole: &Decoded) -> Option<(NodeRef<'_>, Vec<Pair<'_>>)> {
    let root = body(whole, Side::Request)?;
    let list = if protocol == Protocol::Graphql { graphql::operations(root) } else { root };
    let given: Vec<NodeRef<'_>> = answers(whole).collect();
    // One answer to all of them: the server did not take the batch.
    let is_list = given.len() != 1
        || whole.response_format == Format::EventStream
        || body(whole, Side::Response).is_some_and(|root| matches!(root.value(), Value::Array));
    let envelope =
        if is_list || !whole.answered.is_refusal() { Answered::Unknown } else { whole.answered };
    let mut by_id = by_id(given.iter().copied());
    let pairs = messages(list).enumerate().map(|(at, asked)| Pair {
        protocol,
        asked,
        answer: match protocol {
            Protocol::Graphql => given.get(at).copied().filter(|_| is_list),
            _ => id_of(asked).and_then(|id| by_id.get_mut(&id)?.pop_front()),
        },
        envelope,
    });
    Some((root, pairs.collect()))
}

/// What messages of the client call, below the root of its messages.
fn of_socket(whole: &Decoded) -> Option<(NodeRef<'_>, Vec<Pair<'_>>)> {
    let root = whole.view.root(Side::Request, Root::Message)?;
    let given = || whole.view.root(Side::Response, Root::Message).into_iter();
    let given = || given().flat_map(|root| root.children());
    let mut by_id = by_id(given());
    let mut pairs = Vec::new();
    for message in root.children() {
        if json_rpc::is_json_rpc(message) && text(message, "method").is_some() {
            let answer = id_of(message).and_then(|id| by_id.get_mut(&id)?.pop_front());
            let (protocol, envelope) = (Protocol::JsonRpc, Answered::Unknown);
            pairs.push(Pair { protocol, asked: message, answer, envelope });
        } else if let Some(asked) = subscribed(message) {
            // Further answers to the same subscription say nothing that the first does not.
            let answer = id_of(message).and_then(|id| by_id.get_mut(&id)?.pop_front());
            let kind = answer.and_then(|answer| text(answer, "type"));
            let envelope = match kind {
                Some("error") => Answered::Failed,
                _ => Answered::Unknown,
            };
            let answer = answer.filter(|_| matches!(kind, Some("next" | "data")));
            let answer = answer.and_then(|answer| member(answer, "payload"));
            pairs.push(Pair { protocol: Protocol::Graphql, asked, answer, envelope });
        }
    }
    Some((root, pairs))
}

/// What a message of `graphql-transport-ws` (`subscribe`) or its predecessor (`start`) asks for.
fn subscribed(message: NodeRef<'_>) -> Option<NodeRef<'_>> {
    let is_start = matches!(text(message, "type"), Some("subscribe" | "start"));
    let payload = member(message, "payload").filter(|_| is_start)?;
    (text(payload, "query").is_some() || graphql::is_persisted(payload)).then_some(payload)
}

/// An id: whether it is a number, and as it was written.
type Id<'d> = (bool, &'d str);

fn id_of(message: NodeRef<'_>) -> Option<Id<'_>> {
    let id = member(message, "id")?;
    match id.value() {
        Value::Text(text) => Some((false, text)),
        Value::Integer(_) | Value::Number(_) => Some((true, id.raw())),
        _ => None,
    }
}

/// Answers by their id, those of one id in order. What has a method is no answer.
fn by_id<'d>(
    answers: impl Iterator<Item = NodeRef<'d>>,
) -> BTreeMap<Id<'d>, VecDeque<NodeRef<'d>>> {
    let mut out: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
    for answer in answers.filter(|answer| member(*answer, "method").is_none()) {
        if let Some(id) = id_of(answer) {
            out.entry(id).or_default().push_back(answer);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bartizan_model::{BodyState, Limits, Message, Response, Sketch};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::decode;

    fn sent(target: &str, asked: &Json, answer: &str) -> Exchange {
        let mut exchange = Exchange::default();
        exchange.request.method = "POST".to_owned();
        exchange.request.target = target.to_owned();
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = asked.to_string().into();
        exchange.request.body_state = BodyState::Complete;
        let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
        let is_stream = answer.starts_with("event:") || answer.starts_with("data:");
        let kind = if is_stream { "text/event-stream" } else { "application/json" };
        response.headers.push("content-type", kind);
        response.body = answer.to_owned().into();
        response.body_state = BodyState::Complete;
        exchange.response = Some(response);
        exchange
    }

    /// What is called, how it was answered, and the places of the values of both bodies.
    fn members(exchange: &Exchange) -> Vec<(String, Answered, String)> {
        let whole = decode(exchange, &Limits::default(), 7);
        let Some(mut members) = Members::of(exchange, &whole) else { return Vec::new() };
        let mut out = Vec::new();
        while let Some(member) = members.advance() {
            let one = &*member.decoded;
            let bodies = one.view.roots().filter(|root| root.root() == Root::Body);
            let leaves = bodies.flat_map(|root| root.descendants());
            let leaves = leaves.filter(|node| node.value().is_scalar() && node.key() != "jsonrpc");
            let mut leaves: Vec<String> =
                leaves.map(|node| format!("{}={}", node.instance(), node.raw())).collect();
            leaves.sort();
            let name = one.call.as_ref().map_or("", |call| call.operation.as_str()).to_owned();
            out.push((name, one.answered, leaves.join(" ")));
        }
        out
    }

    fn short(exchange: &Exchange) -> Vec<(String, Answered)> {
        members(exchange).into_iter().map(|(name, answered, _)| (name, answered)).collect()
    }

    fn named(name: &str, answered: Answered) -> (String, Answered) {
        (name.to_owned(), answered)
    }

    #[test]
    fn answers_of_json_rpc_are_found_by_their_id() {
        let asked = json!([
            { "jsonrpc": "2.0", "id": 1, "method": "users.get", "params": { "user": 7 } },
            { "jsonrpc": "2.0", "method": "seen" },
            { "jsonrpc": "2.0", "id": "1", "method": "login", "params": { "password": "x" } },
            { "jsonrpc": "2.0", "id": 9, "method": "never" },
        ]);
        let answer = json!([
            { "jsonrpc": "2.0", "id": "1", "error": { "code": -32_000 } },
            { "jsonrpc": "2.0", "id": 1, "result": { "email": "a@example.com" } },
        ]);
        let found = members(&sent("/rpc", &asked, &answer.to_string()));
        let row =
            |name: &str, answered, leaves: &str| (name.to_owned(), answered, leaves.to_owned());
        assert_eq!(
            found,
            [
                row(
                    "users.get",
                    Answered::Granted,
                    "body:/id=1 body:/id=1 body:/method=users.get body:/params/user=7 \
                     body:/result/email=a@example.com"
                ),
                row("seen", Answered::Unknown, "body:/method=seen"),
                row(
                    "login",
                    Answered::Failed,
                    "body:/error/code=-32000 body:/id=1 body:/id=1 body:/method=login \
                     body:/params/password=x"
                ),
                row("never", Answered::Unknown, "body:/id=9 body:/method=never"),
            ]
        );
    }

    #[test]
    fn notifications_wait_for_no_answer() {
        let asked = json!([
            { "jsonrpc": "2.0", "id": 1, "method": "a" },
            { "jsonrpc": "2.0", "method": "note" },
            { "jsonrpc": "2.0", "id": 2, "method": "never" },
        ]);
        let answered = |answer: &str| {
            let exchange = sent("/rpc", &asked, answer);
            let whole = decode(&exchange, &Limits::default(), 7);
            let mut members = Members::of(&exchange, &whole).expect("members");
            let mut out = Vec::new();
            while let Some(member) = members.advance() {
                out.push(member.is_answered);
            }
            out
        };
        let given = json!([{ "jsonrpc": "2.0", "id": 1, "result": 1 }]);
        assert_eq!(answered(&given.to_string()), [Some(true), None, Some(false)]);
        let refused = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_600 } });
        assert_eq!(answered(&refused.to_string()), [Some(true); 3]);
    }

    #[test]
    fn answers_of_graphql_are_found_by_their_place() {
        let asked = json!([{ "query": "{ a }" }, { "query": "mutation { b: c }" }]);
        let answer = json!([{ "data": { "a": 1 } }, { "errors": [{ "message": "no" }] }]);
        let exchange = sent("/graphql", &asked, &answer.to_string());
        assert_eq!(
            short(&exchange),
            [named("query a", Answered::Granted), named("mutation c", Answered::NotThere)]
        );
        let whole = decode(&exchange, &Limits::default(), 7);
        let call = whole.call.as_ref().expect("a call");
        assert!(call.is_batch() && call.sketch(&exchange, &whole).is_none());
        let mut members = Members::of(&exchange, &whole).expect("members");
        let one = members.advance().expect("the first").decoded;
        let call = one.call.clone().expect("a call");
        let Some(Sketch::Graphql(sketch)) = call.sketch(&exchange, one) else {
            panic!("no sketch")
        };
        assert_eq!(sketch.fields.keys().collect::<Vec<_>>(), ["query.a"]);
        assert_eq!(sketch.fields["query.a"].values, 1);
    }

    #[test]
    fn places_are_those_of_the_same_call_sent_alone() {
        let call = |id: i64| json!({ "jsonrpc": "2.0", "id": id, "method": "m", "params": [{ "a": [1] }] });
        let answer =
            |id: i64| json!({ "jsonrpc": "2.0", "id": id, "result": { "b": [{ "c": 1 }] } });
        let alone = sent("/rpc?x=1", &call(1), &answer(1).to_string());
        let alone = decode(&alone, &Limits::default(), 7);
        let asked = json!([call(5), call(1)]);
        let both = sent("/rpc?x=1", &asked, &json!([answer(1), answer(5)]).to_string());
        let whole = decode(&both, &Limits::default(), 7);
        let mut members = Members::of(&both, &whole).expect("members");
        members.advance();
        let second = members.advance().expect("the second");
        let of = |view: &crate::View| -> Vec<(u64, u16, String)> {
            let nodes =
                view.nodes().filter(|n| n.side() == Side::Request || n.root() == Root::Body);
            let own = nodes.filter(|n| n.root() != Root::Header);
            own.map(|n| (n.general_hash(), n.depth(), n.raw().to_owned())).collect()
        };
        assert_eq!(of(&second.decoded.view), of(&alone.view));
        let secret = whole.view.nodes().filter(|n| n.key() == "a").map(|n| n.id());
        let moved: Vec<bool> = secret.map(|id| second.place(id).is_some()).collect();
        assert_eq!(moved, [false, true]);
        assert!(members.advance().is_none());
    }

    #[test]
    fn one_refusal_of_a_whole_batch_is_one_of_each() {
        let asked = json!([{ "jsonrpc": "2.0", "id": 1, "method": "a" }, { "jsonrpc": "2.0", "id": 2, "method": "b" }]);
        let no = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_600 } });
        let refused = [named("a", Answered::NotThere), named("b", Answered::NotThere)];
        assert_eq!(short(&sent("/rpc", &asked, &no.to_string())), refused);
        let asked = json!([{ "query": "{ a }" }, { "query": "{ b }" }]);
        let no = json!({ "errors": [{ "message": "batching is off" }] });
        let refused = [named("query a", Answered::NotThere), named("query b", Answered::NotThere)];
        assert_eq!(short(&sent("/graphql", &asked, &no.to_string())), refused);
    }

    #[test]
    fn events_carry_answers() {
        let asked = json!([
            { "jsonrpc": "2.0", "id": 1, "method": "tools/list" },
            { "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "search" } },
        ]);
        let stream = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n\
                      event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"isError\":true}}\n\n\
                      data: [{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]\n\n";
        assert_eq!(
            short(&sent("/mcp", &asked, stream)),
            [named("tools/list", Answered::Granted), named("tools/call search", Answered::Failed)]
        );
        // A subscription of GraphQL is one call.
        let asked = json!({ "query": "subscription { added { id } }" });
        let stream =
            "event: next\ndata: {\"data\":{\"added\":{\"id\":1}}}\n\nevent: complete\ndata:\n\n";
        let exchange = sent("/graphql", &asked, stream);
        assert!(members(&exchange).is_empty());
        assert_eq!(decode(&exchange, &Limits::default(), 7).answered, Answered::Granted);
    }

    #[test]
    fn messages_of_a_socket_are_calls() {
        let mut exchange = Exchange::default();
        exchange.request.target = "/socket".to_owned();
        exchange.request.headers.push("Upgrade", "websocket");
        exchange.response = Some(Response { status: 101, ..Response::default() });
        let mut say = |from_client: bool, data: Json| {
            let data = data.to_string().into_bytes().into();
            exchange.messages.push(Message { from_client, time: None, data, text: true });
        };
        say(true, json!({ "type": "connection_init" }));
        say(false, json!({ "type": "connection_ack" }));
        let query = json!({ "query": "subscription { added { id } }", "variables": { "room": 4 } });
        say(true, json!({ "id": "1", "type": "subscribe", "payload": query }));
        say(true, json!({ "id": "2", "type": "subscribe", "payload": { "query": "{ gone }" } }));
        say(false, json!({ "id": "2", "type": "error", "payload": [{ "message": "no" }] }));
        say(
            false,
            json!({ "id": "1", "type": "next", "payload": { "data": { "added": { "id": 1 } } } }),
        );
        say(
            true,
            json!({ "jsonrpc": "2.0", "id": 3, "method": "eth_subscribe", "params": ["logs"] }),
        );
        say(false, json!({ "jsonrpc": "2.0", "id": 3, "result": "0x1" }));
        assert_eq!(
            short(&exchange),
            [
                named("subscription added", Answered::Granted),
                named("query gone", Answered::Failed),
                named("eth_subscribe", Answered::Granted),
            ]
        );
        assert!(members(&exchange)[0].2.contains("body:/variables/room=4"));
    }

    #[test]
    fn more_than_are_looked_at_are_counted() {
        let one = |id: usize| json!({ "jsonrpc": "2.0", "id": id, "method": format!("m{id}") });
        let asked: Vec<Json> = (0..MAX_MEMBERS + 3).map(one).collect();
        // The answers stand in the opposite order.
        let answer = |id: usize| json!({ "jsonrpc": "2.0", "id": id, "result": id });
        let answers: Vec<Json> = (0..MAX_MEMBERS + 3).rev().map(answer).collect();
        let exchange = sent("/rpc", &json!(asked), &json!(answers).to_string());
        let whole = decode(&exchange, &Limits::default(), 7);
        let found = Members::of(&exchange, &whole).expect("members");
        assert_eq!(found.left_out(), 3);
        let found = short(&exchange);
        assert_eq!(found.len(), MAX_MEMBERS);
        assert!(found.iter().all(|(_, answered)| *answered == Answered::Granted));
    }
}
