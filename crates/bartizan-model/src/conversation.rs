//! What goes on beyond one request and its answer: messages of a connection, and what an answer that came at once
//! leaves for later.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{data_class::Direction, ids::EndpointId};

/// A kind of message of a WebSocket, or of event of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSeen {
    /// Sent to the API, or by it.
    pub direction: Direction,
    /// What the message says that it is; `object`, `array`, `text` or `binary` when it does not say.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Names of its members, sorted; of each kind no more than 32. Of a list that begins with the name of an event,
    /// members of what comes with it.
    pub fields: Vec<String>,
    /// Types of these members, in the same order: as those of parameters, joined by `|` where several were seen.
    /// Empty in what was written down before they were learned.
    #[serde(default)]
    pub types: Vec<String>,
}

/// How what was accepted comes to its end.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CompletedBy {
    /// The caller asks at the address that the answer named (RFC 9110 §15.3.3).
    Poll,
    /// The API calls the address that the request named.
    Callback,
}

impl CompletedBy {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Callback => "callback",
        }
    }
}

impl fmt::Display for CompletedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The endpoint at which what was accepted comes to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completed {
    /// How.
    pub by: CompletedBy,
    /// Which endpoint.
    pub endpoint_id: EndpointId,
    /// Its host, method and path, for people.
    pub name: String,
    /// Requests there that ended, or asked for the end of, one that was accepted here.
    pub exchanges: u64,
}

/// What goes on at an endpoint beyond one request and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Kinds of messages of its connections and streams: those to the API first, by name.
    pub messages: Vec<MessageSeen>,
    /// Messages of further kinds, of which there is nothing in `messages`.
    pub messages_left_out: u64,
    /// Where what it accepts comes to its end, those of most exchanges first.
    pub completed: Vec<Completed>,
    /// Requests that tell their receiver of an event (webhooks, callbacks), and are no calls of an API.
    pub deliveries: u64,
}
