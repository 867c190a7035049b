//! WebSockets: what messages look like, how large they are, and how many there may be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::Format;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    config::Problem,
    detectors::OnGap,
    reading::{Checked, NOT_READABLE, Within},
    record::Refusal,
    schema::Shape,
};
use crate::websocket::Message;

/// Longest time that messages are counted in, in seconds.
const MOST_SECONDS: u32 = 86_400;
const CODE: &str = "websocket-refused";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "websocket",
    title: "WebSocket messages",
    mode: Mode::Monitor,
    documentation: "\
Looks at each message of WebSockets before it goes on: at its size, whether it is text, how many the client sends on its \
connection, and whether it fits a JSON Schema, one for each direction. The first that is not as it should be closes the \
connection (1008), a message of the server too: what breaks its contract does not reach the client. The scope is that \
of the handshake. Who may open a WebSocket is said by `cors` (origins) and `authentication`.

`messages` in `period_seconds` are counted for each connection on its own, all at once or spread over the time; a reload \
goes on counting. The schemas are as those of the policy `schema`, and written here.

A message is parsed only for a schema, within `body_bytes` and `budget_micros` of processor time; what is beyond is refused unless \
`on_budget` lets it pass. One that is no JSON, or that others may read differently (a name twice, \
comments), is `not-readable`: `on_unreadable` says whether it is refused, as it is by default, or passes and counts as not evaluated.",
    examples: &[
        "\
name: tracking
mode: enforce
scope: {paths: [/ws]}
websocket: {message_bytes: 8192, messages: 100, period_seconds: 60, text_only: true}
",
        "\
name: tracking-messages
scope: {paths: [/ws]}
websocket:
  client:
    type: object
    required: [type]
    properties: {type: {enum: [subscribe, ping]}}
  server: {type: object}
",
    ],
};

/// Settings of a WebSocket policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebsocketConfig {
    /// Most bytes of a message, in both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_bytes: Option<u32>,
    /// Most messages of the client in `period_seconds`, on one connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
    /// The time for `messages`, 1 to 86400 seconds.
    pub period_seconds: u32,
    /// Whether messages are texts, in both directions.
    pub text_only: bool,
    /// JSON Schema of messages of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Value>,
    /// JSON Schema of messages of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Value>,
    /// Most bytes of a message that are parsed, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a message is read and compared for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of messages that are beyond these or take longer.
    pub on_budget: OnGap,
    /// What becomes of messages that cannot be read as JSON in one way only, where there is a schema.
    pub on_unreadable: OnGap,
}

impl Default for WebsocketConfig {
    fn default() -> Self {
        Self {
            message_bytes: None,
            messages: None,
            period_seconds: 60,
            text_only: false,
            client: None,
            server: None,
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled WebSocket policy.
#[derive(Debug)]
pub(crate) struct Websocket {
    message_bytes: Option<u32>,
    rate: Option<Rate>,
    text_only: bool,
    client: Option<Shape>,
    server: Option<Shape>,
    within: Within,
}

/// So many messages in a time, as GCRA counts them (ITU-T I.371, "virtual scheduling").
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Nanoseconds for one message.
    each: u64,
    /// Nanoseconds for all but one.
    burst: u64,
}

impl Rate {
    /// So many messages in so many seconds, if there is such a limit.
    pub(super) fn compile(
        messages: Option<u32>,
        period_seconds: u32,
    ) -> Result<Option<Self>, Problem> {
        if !(1..=MOST_SECONDS).contains(&period_seconds) {
            return Err(Problem::new("period_seconds", format!("expected 1 to {MOST_SECONDS}")));
        }
        if messages == Some(0) {
            return Err(Problem::new("messages", "expected at least 1"));
        }
        Ok(messages.map(|messages| {
            let each = u64::from(period_seconds) * 1_000_000_000 / u64::from(messages);
            Self { each, burst: each.saturating_mul(u64::from(messages) - 1) }
        }))
    }

    /// Counts a message at this time, and says whether it conforms; what does not is not counted. `due`: when the next
    /// one is due, `None` before the first.
    pub(super) fn conforms(self, due: &mut Option<u64>, now: u64) -> bool {
        let next = due.unwrap_or(now).max(now);
        let conforms = next - now <= self.burst;
        if conforms {
            *due = Some(next.saturating_add(self.each));
        }
        conforms
    }
}

/// When the next message of a connection is due, by the name of the policy that counts. One for each connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessagePace(Arc<Mutex<BTreeMap<Arc<str>, u64>>>);

impl MessagePace {
    /// Counts a message at this time, and says whether it conforms; what does not is not counted.
    fn conforms(&self, policy: &Arc<str>, rate: Rate, now: u64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = all.get(policy).copied();
        let conforms = rate.conforms(&mut due, now);
        if let Some(due) = due {
            all.insert(Arc::clone(policy), due);
        }
        conforms
    }
}

impl Websocket {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &WebsocketConfig, seed: u64) -> Result<Self, Problem> {
        let shape = |key: &str, schema: &Option<Value>| {
            let shape = schema.as_ref().map(Shape::compile).transpose();
            shape.map_err(|why| Problem::new(key, why))
        };
        let rate = Rate::compile(config.messages, config.period_seconds)?;
        let (client, server) = (shape("client", &config.client)?, shape("server", &config.server)?);
        let is_empty = config.message_bytes.is_none()
            && rate.is_none()
            && !config.text_only
            && client.is_none()
            && server.is_none();
        if is_empty {
            return Err(Problem::new("", "at least one limit or schema is needed"));
        }
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        let (message_bytes, text_only) = (config.message_bytes, config.text_only);
        let within = Within::compile(CODE, bounds, gaps, seed)?;
        Ok(Self { message_bytes, rate, text_only, client, server, within })
    }

    /// What follows for a message at this time (nanoseconds). `policy`: the name under which it is counted.
    pub(super) fn check(
        &self,
        message: &Message,
        pace: &MessagePace,
        policy: &Arc<str>,
        now: u64,
    ) -> Checked {
        if self.message_bytes.is_some_and(|most| message.data.len() > most as usize) {
            return Err(refusal("a message is larger than is taken here").because("message-size"));
        }
        if self.text_only && !message.is_text {
            return Err(refusal("messages are texts here").because("binary"));
        }
        if let Some(rate) = self.rate.filter(|_| message.from_client)
            && !pace.conforms(policy, rate, now)
        {
            return Err(refusal("there are more messages than are taken here").because("messages"));
        }
        let shape = if message.from_client { &self.client } else { &self.server };
        shape.as_ref().map_or(Ok(None), |shape| self.compare(shape, message))
    }

    fn compare(&self, shape: &Shape, message: &Message) -> Checked {
        let until = self.within.until();
        let decoded = match self.within.read_message(message) {
            Ok(decoded) => decoded,
            Err(reason) => return self.within.gap(reason),
        };
        let root = decoded.view.root(Side::Request, Root::Body);
        let Some(root) = root.filter(|_| decoded.request_format == Format::Json) else {
            return self.within.gap(NOT_READABLE);
        };
        match shape.fits(root, until) {
            Ok(true) => Ok(None),
            Ok(false) => Err(refusal("a message does not fit its schema").because("schema")),
            Err(reason) => self.within.gap(reason),
        }
    }
}

/// The status is for the record: a connection that is open has none.
fn refusal(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn compile(text: &str) -> Websocket {
        let config: WebsocketConfig = serde_saphyr::from_str(text).expect("settings");
        Websocket::compile(&config, 1).expect("compiles")
    }

    fn message(from_client: bool, text: &str) -> Message {
        let data = Bytes::copy_from_slice(text.as_bytes());
        Message { from_client, is_text: true, data }
    }

    fn ask(rule: &Websocket, message: &Message) -> Result<Option<&'static str>, &'static str> {
        let checked = rule.check(message, &MessagePace::default(), &"a".into(), 0);
        checked.map_err(|refusal| refusal.reason)
    }

    #[test]
    fn messages_have_sizes_and_schemas_by_direction() {
        let rule = compile(
            "{budget_micros: 1000000, message_bytes: 40, text_only: true, \
             client: {type: object, properties: {type: {enum: [ping]}}}, server: {required: [type]}}",
        );
        for (from_client, text, expected) in [
            (true, r#"{"type":"ping"}"#, Ok(None)),
            (true, r#"{"type":"broadcast"}"#, Err("schema")),
            (true, r#"{"type":"\u0062roadcast"}"#, Err("schema")),
            (true, r#"{"type":"ping","type":"x"}"#, Err(NOT_READABLE)),
            (true, "[]", Err("schema")),
            (true, "ping", Err(NOT_READABLE)),
            (false, r#"{"type":"broadcast"}"#, Ok(None)),
            (false, "{}", Err("schema")),
            (false, r#"{"type":"this is longer than forty bytes"}"#, Err("message-size")),
        ] {
            assert_eq!(ask(&rule, &message(from_client, text)), expected, "{text}");
        }
        let binary = Message { is_text: false, ..message(true, r#"{"type":"ping"}"#) };
        assert_eq!(ask(&rule, &binary), Err("binary"));
        let loose =
            compile("{budget_micros: 1000000, client: {type: object}, on_unreadable: pass}");
        assert_eq!(ask(&loose, &message(true, "ping")), Ok(Some(NOT_READABLE)));
        assert_eq!(ask(&loose, &message(false, "ping")), Ok(None), "there is no schema for it");
    }

    #[test]
    fn a_connection_has_so_many_messages_in_a_time() {
        let rule = compile("{messages: 3, period_seconds: 3}");
        let (pace, name) = (MessagePace::default(), Arc::from("a"));
        let send = |from_client: bool, now: u64| {
            rule.check(&message(from_client, "x"), &pace, &name, now).is_ok()
        };
        assert_eq!([0, 0, 0, 0].map(|now| send(true, now)), [true, true, true, false]);
        assert!(send(false, 0), "the server is not counted");
        assert!(!send(true, SECOND - 1) && send(true, SECOND) && !send(true, SECOND));
        assert!((0..3).all(|_| send(true, 100 * SECOND)) && !send(true, 100 * SECOND));
        let other = MessagePace::default();
        assert!(rule.check(&message(true, "x"), &other, &name, 0).is_ok(), "another connection");
        let of_another = Arc::from("b");
        assert!(rule.check(&message(true, "x"), &pace, &of_another, 0).is_ok(), "another policy");
    }

    #[test]
    fn what_limits_nothing_is_refused() {
        for (text, key) in [
            ("{}", ""),
            ("{messages: 0}", "messages"),
            ("{messages: 1, period_seconds: 0}", "period_seconds"),
            ("{client: {type: nothing}}", "client"),
        ] {
            let config: WebsocketConfig = serde_saphyr::from_str(text).expect("settings");
            assert_eq!(Websocket::compile(&config, 1).expect_err(text).key, key);
        }
    }
}
