//! Kinds of messages of a WebSocket, and of events of a stream: what a message says that it is.

use std::borrow::Cow;

use bartizan_model::{Direction, MessageSeen, Root, Side};
use bartizan_protocols::{Format, NodeRef, Value};
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// Most kinds per endpoint; messages of further ones are counted.
pub const MAX_KINDS: usize = 64;
/// Most names of members of one kind.
const MAX_FIELDS: usize = 32;
/// Longest name of a kind or a member, in bytes.
const MAX_NAME: usize = 64;

/// Members that say what a message is, by convention, the surest first.
const KINDS: [&str; 10] =
    ["type", "event", "method", "action", "command", "cmd", "kind", "messageType", "op", "topic"];

/// Kinds of messages of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// In the order of direction and name.
    seen: Vec<MessageSeen>,
    left_out: u64,
}

impl Messages {
    /// Kinds, those to the API first, by name.
    #[must_use]
    pub fn seen(&self) -> &[MessageSeen] {
        &self.seen
    }

    /// Messages of kinds beyond [`MAX_KINDS`].
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Learns from the messages and events of one exchange.
    pub(super) fn learn(&mut self, facts: &Facts<'_>) {
        let view = &facts.decoded.view;
        for side in [Side::Request, Side::Response] {
            let Some(root) = view.root(side, Root::Message) else { continue };
            for message in root.children() {
                self.add(side.into(), &kind(message), 1, fields(message));
            }
        }
        if facts.decoded.response_format == Format::EventStream
            && let Some(root) = view.root(Side::Response, Root::Body)
        {
            for event in root.children() {
                let data = member(event, "data");
                let named = member(event, "event").map(|node| node.raw()).filter(|n| is_name(n));
                // `message` is what an event is that says nothing: its data may.
                let named = named.filter(|name| *name != "message");
                let said = data.and_then(said);
                let name = named.map(Cow::Borrowed).or(said).unwrap_or(Cow::Borrowed("message"));
                self.add(Direction::Response, &name, 1, data.into_iter().flat_map(fields));
            }
        }
    }

    fn add<'n>(
        &mut self,
        direction: Direction,
        name: &str,
        count: u64,
        fields: impl Iterator<Item = &'n str>,
    ) {
        let key = |seen: &MessageSeen| (seen.direction, seen.name.clone());
        let at = match self.seen.binary_search_by_key(&(direction, name.to_owned()), key) {
            Ok(at) => at,
            Err(_) if self.seen.len() >= MAX_KINDS => {
                self.left_out += count;
                return;
            }
            Err(at) => {
                let name = name.to_owned();
                self.seen.insert(at, MessageSeen { direction, name, count: 0, fields: Vec::new() });
                at
            }
        };
        let Some(seen) = self.seen.get_mut(at) else { return };
        seen.count += count;
        for field in fields {
            if seen.fields.len() >= MAX_FIELDS {
                break;
            }
            if let Err(at) = seen.fields.binary_search_by(|known| known.as_str().cmp(field)) {
                seen.fields.insert(at, field.to_owned());
            }
        }
    }

    /// Takes in what was learned under another id of the same endpoint.
    pub(super) fn merge(&mut self, other: &Self) {
        for seen in &other.seen {
            let fields = seen.fields.iter().map(String::as_str);
            self.add(seen.direction, &seen.name, seen.count, fields);
        }
        self.left_out += other.left_out;
    }
}

fn member<'a>(node: NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    node.children().find(|child| child.key() == name)
}

/// Names of the members of an object.
fn fields<'a>(message: NodeRef<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let is_object = matches!(message.value(), Value::Object);
    let members = is_object.then(|| message.children()).into_iter().flatten();
    members.filter(|member| member.is_keyed()).map(|member| member.key()).filter(|key| is_name(key))
}

/// What a message is: what it says, else what it is made of.
fn kind(message: NodeRef<'_>) -> Cow<'_, str> {
    said(message).unwrap_or(Cow::Borrowed(match message.value() {
        Value::Object => "object",
        Value::Array => "array",
        Value::Opaque(_) => "binary",
        _ => "text",
    }))
}

/// What a message says that it is.
fn said(message: NodeRef<'_>) -> Option<Cow<'_, str>> {
    match message.value() {
        Value::Object => {
            if let Some(named) = KINDS.iter().find_map(|name| name_of(member(message, name)?)) {
                return Some(named);
            }
            // An answer of JSON-RPC (2.0 §5) or of what is like it has no name of its own.
            let is_answer = member(message, "id").is_some();
            ["result", "error"]
                .into_iter()
                .find(|name| is_answer && member(message, name).is_some())
                .map(Cow::Borrowed)
        }
        // `["event", …]`
        Value::Array => {
            let first = message.children().next()?;
            matches!(first.value(), Value::Text(_)).then(|| name_of(first)).flatten()
        }
        _ => None,
    }
}

/// The name that a value is: a short word, or the number of a kind.
fn name_of(node: NodeRef<'_>) -> Option<Cow<'_, str>> {
    match node.value() {
        Value::Text(text) => is_name(text).then_some(Cow::Borrowed(text)),
        Value::Integer(number) if (0..1_000).contains(&number) => {
            Some(Cow::Owned(format!("{} {number}", node.key())))
        }
        _ => None,
    }
}

/// Whether a text is a word that somebody wrote into a program: no value of a person, no number.
fn is_name(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_-.:/$".contains(&b);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_part) && digits <= 3
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, HashKey, Message, Response, Scope};

    use super::*;
    use crate::{judge, snapshot::Snapshot};

    fn learned(exchange: &Exchange) -> Messages {
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let prepared = judge::prepare(exchange, &snapshot);
        let mut messages = Messages::default();
        messages.learn(&prepared.facts(exchange, &snapshot));
        messages
    }

    fn told(messages: &Messages) -> Vec<String> {
        let told = messages.seen().iter().map(|seen| {
            let direction = if seen.direction == Direction::Request { "to" } else { "from" };
            format!("{direction} {} {} {}", seen.name, seen.count, seen.fields.join(","))
        });
        told.collect()
    }

    fn socket(messages: &[(bool, &str)]) -> Exchange {
        let message = |(from_client, data): &(bool, &str)| Message {
            from_client: *from_client,
            time: None,
            data: data.as_bytes().to_vec().into(),
            text: true,
        };
        Exchange { messages: messages.iter().map(message).collect(), ..Exchange::default() }
    }

    #[test]
    fn messages_say_what_they_are() {
        let exchange = socket(&[
            (true, r#"{"type":"join","room":4}"#),
            (true, r#"{"type":"join","room":4,"as":"ann"}"#),
            (true, "ping"),
            (true, r#"["offer",{"price":1}]"#),
            (false, r#"{"jsonrpc":"2.0","id":1,"result":1}"#),
            (false, r#"{"jsonrpc":"2.0","method":"price.changed","params":[]}"#),
            (false, r#"{"op":10,"d":{}}"#),
            (false, r#"{"type":"order 17 of ann@example.com","x":1}"#),
        ]);
        assert_eq!(
            told(&learned(&exchange)),
            [
                "to join 2 as,room,type",
                "to offer 1 ",
                "to text 1 ",
                "from object 1 type,x",
                "from op 10 1 d,op",
                "from price.changed 1 jsonrpc,method,params",
                "from result 1 id,jsonrpc,result",
            ]
        );
    }

    #[test]
    fn events_say_what_they_are() {
        let stream = "event: order.paid\ndata: {\"total\":1}\n\ndata: {\"type\":\"delta\",\"text\":\"a\"}\n\n\
                      event: message\ndata: plain\n\n";
        let response = Response {
            status: 200,
            headers: [("content-type", "text/event-stream")].into_iter().collect(),
            headers_captured: true,
            body: stream.as_bytes().to_vec().into(),
            ..Response::default()
        };
        let exchange = Exchange { response: Some(response), ..Exchange::default() };
        assert_eq!(
            told(&learned(&exchange)),
            ["from delta 1 text,type", "from message 1 ", "from order.paid 1 total"]
        );
    }

    #[test]
    fn made_up_kinds_have_an_end() {
        let letters = |n: usize| (b'a' + u8::try_from(n % 26).expect("a letter")) as char;
        let all: Vec<String> = (0..MAX_KINDS + 6)
            .map(|n| format!("{{\"type\":\"k{}{}\"}}", letters(n), letters(n / 26)))
            .collect();
        let all: Vec<(bool, &str)> = all.iter().map(|text| (true, text.as_str())).collect();
        let mut messages = learned(&socket(&all));
        assert_eq!((messages.seen().len(), messages.left_out()), (MAX_KINDS, 6));
        let other = messages.clone();
        messages.merge(&other);
        assert_eq!((messages.seen()[0].count, messages.left_out()), (2, 12));
    }
}
