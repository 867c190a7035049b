//! Kinds of messages of a WebSocket, and of events of a stream: what a message says that it is.

use std::{borrow::Cow, iter};

use bartizan_model::{Direction, MessageSeen, Root, Side};
use bartizan_protocols::{Format, NodeRef, Value, socket_io};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::facts::Facts;

/// Most kinds per endpoint; messages of further ones are counted.
pub const MAX_KINDS: usize = 64;
/// Most names of members of one kind.
pub(crate) const MAX_FIELDS: usize = 32;
/// Longest name of a kind or a member, in bytes.
const MAX_NAME: usize = 64;

/// Members that say what a message is, by convention, the surest first.
pub(crate) const KINDS: [&str; 10] =
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
            let is_client = side == Side::Request;
            let sent = facts.exchange.messages.iter().filter(|one| one.from_client == is_client);
            let events = sent.map(|one| one.text && socket_io::is_event(&one.data));
            for (message, is_event) in root.children().zip(events.chain(iter::repeat(false))) {
                let Said { name, holds } = kind(message, is_event);
                self.add(side.into(), &name, 1, holds.into_iter().flat_map(fields));
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
                let said = data.and_then(|data| said(data, false)).map(|said| said.name);
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
        fields: impl Iterator<Item = (&'n str, &'n str)>,
    ) {
        let at = self.seen.binary_search_by(|seen| {
            seen.direction.cmp(&direction).then_with(|| seen.name.as_str().cmp(name))
        });
        let at = match at {
            Ok(at) => at,
            Err(_) if self.seen.len() >= MAX_KINDS => {
                self.left_out += count;
                return;
            }
            Err(at) => {
                let (fields, types) = (Vec::new(), Vec::new());
                let name = name.to_owned();
                self.seen.insert(at, MessageSeen { direction, name, count: 0, fields, types });
                at
            }
        };
        let Some(seen) = self.seen.get_mut(at) else { return };
        seen.count += count;
        // What was written down before has no types.
        seen.types.resize(seen.fields.len(), String::new());
        for (field, types) in fields {
            match seen.fields.binary_search_by(|known| known.as_str().cmp(field)) {
                Ok(at) => types.split('|').for_each(|one| add_type(&mut seen.types[at], one)),
                Err(_) if seen.fields.len() >= MAX_FIELDS => {}
                Err(at) => {
                    seen.fields.insert(at, field.to_owned());
                    seen.types.insert(at, types.to_owned());
                }
            }
        }
    }

    /// Takes in what was learned under another id of the same endpoint.
    pub(super) fn merge(&mut self, other: &Self) {
        for seen in &other.seen {
            let fields = seen.fields.iter().map(String::as_str);
            let types = seen.types.iter().map(String::as_str).chain(iter::repeat(""));
            let fields = fields.zip(types);
            self.add(seen.direction, &seen.name, seen.count, fields);
        }
        self.left_out += other.left_out;
    }
}

fn member<'a>(node: NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    node.children().find(|child| child.key() == name)
}

/// Adds the name of a type to those that were seen.
fn add_type(types: &mut String, name: &str) {
    if name.is_empty() || types.split('|').any(|known| known == name) {
        return;
    }
    if !types.is_empty() {
        types.push('|');
    }
    types.push_str(name);
}

/// Names of the members of an object, each with its type.
fn fields<'a>(message: NodeRef<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let is_object = matches!(message.value(), Value::Object);
    let members = is_object.then(|| message.children()).into_iter().flatten();
    let named = members.filter(|member| member.is_keyed() && is_name(member.key()));
    named.map(|member| (member.key(), member.value().type_name()))
}

/// What a message is, and where its members are.
struct Said<'a> {
    name: Cow<'a, str>,
    holds: Option<NodeRef<'a>>,
}

/// What a message is: what it says, else what it is made of. `is_event`: it came as an event of Socket.IO.
fn kind(message: NodeRef<'_>, is_event: bool) -> Said<'_> {
    said(message, is_event).unwrap_or_else(|| {
        let name = match message.value() {
            Value::Object => "object",
            Value::Array => "array",
            Value::Opaque(_) => "binary",
            _ => "text",
        };
        Said { name: Cow::Borrowed(name), holds: Some(message) }
    })
}

/// What a message says that it is.
fn said(message: NodeRef<'_>, is_event: bool) -> Option<Said<'_>> {
    match message.value() {
        Value::Object => {
            let holds = Some(message);
            if let Some(name) = KINDS.iter().find_map(|name| name_of(member(message, name)?)) {
                return Some(Said { name, holds });
            }
            // An answer of JSON-RPC (2.0 §5) or of what is like it has no name of its own.
            let is_answer = member(message, "id").is_some();
            let mut named = ["result", "error"].into_iter();
            let name = named.find(|name| is_answer && member(message, name).is_some())?;
            Some(Said { name: Cow::Borrowed(name), holds })
        }
        Value::Array => of_list(message, is_event),
        _ => None,
    }
}

/// What a list says that it is: `["event", …]`, or with numbers in front as channels of Phoenix
/// (`[join, ref, topic, event, payload]`) and calls by a code have them (`[2, id, "action", {…}]` of
/// OCPP).
fn of_list(message: NodeRef<'_>, is_event: bool) -> Option<Said<'_>> {
    let all: SmallVec<[NodeRef<'_>; 6]> = message.children().take(6).collect();
    let is_object = |node: &NodeRef<'_>| matches!(node.value(), Value::Object);
    if is_event {
        let name = text(*all.first()?).filter(|name| is_event_name(name))?;
        let holds = all.get(1).copied().filter(is_object);
        return Some(Said { name: Cow::Borrowed(name), holds });
    }
    let is_reference = |node: &NodeRef<'_>| {
        matches!(node.value(), Value::Null | Value::Integer(_) | Value::Text(_))
    };
    if let [join, reference, topic, event, payload] = all.as_slice()
        && [join, reference].into_iter().all(is_reference)
        && text(*topic).is_some()
        && is_object(payload)
        && let Some(name) = text(*event).filter(|name| is_name(name))
    {
        return Some(Said { name: Cow::Borrowed(name), holds: Some(*payload) });
    }
    if let Some(name) = all.first().copied().and_then(text) {
        let is_word = is_name(name) && !name.bytes().all(|b| b.is_ascii_digit());
        let holds = all.get(1).copied().filter(is_object);
        return is_word.then_some(Said { name: Cow::Borrowed(name), holds });
    }
    let is_code = all.first().is_some_and(|first| matches!(first.value(), Value::Integer(_)));
    let [.., action, payload] = all.as_slice() else { return None };
    let name = text(*action).filter(|name| is_code && is_object(payload) && is_name(name))?;
    Some(Said { name: Cow::Borrowed(name), holds: Some(*payload) })
}

fn text(node: NodeRef<'_>) -> Option<&str> {
    match node.value() {
        Value::Text(text) => Some(text),
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

/// Whether a text is the name of an event, which may be a few words.
fn is_event_name(text: &str) -> bool {
    text.len() <= MAX_NAME && text.split(' ').count() <= 4 && text.split(' ').all(is_name)
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
                "to offer 1 price",
                "to text 1 ",
                "from object 1 type,x",
                "from op 10 1 d,op",
                "from price.changed 1 jsonrpc,method,params",
                "from result 1 id,jsonrpc,result",
            ]
        );
    }

    #[test]
    fn lists_of_channels_and_packets_say_what_they_are() {
        let exchange = socket(&[
            (true, r#"["1","1","room:lobby","phx_join",{"token":"x"}]"#),
            (false, r#"[null,null,"room:lobby","new_msg",{"body":"a","at":1}]"#),
            (false, r#"["1","2","room:lobby","new_msg",{"body":null}]"#),
            (true, r#"42["chat message",{"text":"hello"},"x"]"#),
            (true, r#"42/admin,17["ban",{"user":7}]"#),
            (false, "3"),
            (true, r#"[2,"19223201","BootNotification",{"model":"m"}]"#),
            (true, r#"["hello how are you",{"a":1}]"#),
        ]);
        let messages = learned(&exchange);
        assert_eq!(
            told(&messages),
            [
                "to BootNotification 1 model",
                "to array 1 ",
                "to ban 1 user",
                "to chat message 1 text",
                "to phx_join 1 token",
                "from new_msg 2 at,body",
                "from text 1 ",
            ]
        );
        let types: Vec<String> = messages.seen().iter().map(|seen| seen.types.join(",")).collect();
        assert_eq!(types[5], "integer,string|null");
        let mut twice = messages.clone();
        twice.merge(&messages);
        assert_eq!(twice.seen()[5].types, messages.seen()[5].types);
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
