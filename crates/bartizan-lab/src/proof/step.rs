//! One step of a proof, written so that it can be built in a `static`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// How a step is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One HTTP request.
    Http,
    /// One unary gRPC call over HTTP/2 without TLS; the body is one message without its prefix.
    Grpc,
    /// A WebSocket: the body's lines are sent as text messages, the answer is all that came back.
    Websocket,
    /// Server-sent events: what came within a second.
    Events,
}

/// What is sent along.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Nothing.
    Nothing,
    /// Text of a media type.
    Text(&'static str, &'static str),
    /// Bytes (a protobuf message).
    Bytes(&'static [u8]),
    /// Text, that many letters `a`, text: for size limits.
    Filler(&'static str, &'static str, usize, &'static str),
    /// Text repeated with commas between, in brackets: for batches.
    Array(&'static str, usize),
    /// Text repeated on lines: for many messages of one WebSocket.
    Lines(&'static str, usize),
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Nothing => {}
            Self::Text(kind, text) => {
                map.serialize_entry("content_type", kind)?;
                map.serialize_entry("text", text)?;
            }
            Self::Bytes(bytes) => {
                map.serialize_entry("base64", &BASE64_STANDARD.encode(bytes))?;
            }
            Self::Filler(kind, before, count, after) => {
                map.serialize_entry("content_type", kind)?;
                map.serialize_entry("text", before)?;
                map.serialize_entry("filler", count)?;
                map.serialize_entry("after", after)?;
            }
            Self::Array(item, count) => {
                map.serialize_entry("content_type", "application/json")?;
                map.serialize_entry("array_of", item)?;
                map.serialize_entry("times", count)?;
            }
            Self::Lines(line, count) => {
                map.serialize_entry("line", line)?;
                map.serialize_entry("times", count)?;
            }
        }
        map.end()
    }
}

/// What has to be true of the answer.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// This status.
    Status(u16),
    /// A status from 200 to 299.
    Success,
    /// The body holds this text, after `${…}` is filled in.
    Has(&'static str),
    /// The body does not hold this text.
    Lacks(&'static str),
    /// A header field holds this text.
    Header(&'static str, &'static str),
    /// A header field is not there or lacks this text.
    HeaderLacks(&'static str, &'static str),
    /// The body has at least so many bytes.
    Bytes(usize),
    /// The body holds the text at least so many times.
    Times(&'static str, usize),
}

/// One step. All steps but the last are preparation: what they expect is also true where the flaw
/// is repaired. The last one proves: there, at least one expectation fails.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Step {
    /// How it is sent.
    pub kind: Kind,
    /// Login of who sends it (`Authorization: Bearer …`); empty for nobody.
    pub identity: &'static str,
    /// Method.
    pub method: &'static str,
    /// Path and query; `${name}` stands for a captured value, `${token:login}` for an access token,
    /// `${aged:login}` for one that ran out, `${key:login}` for an API key, `${origin}` for the lab.
    pub path: &'static str,
    /// Further header fields.
    pub headers: &'static [(&'static str, &'static str)],
    /// Body.
    pub body: Body,
    /// How often it is sent; expectations are about the last answer.
    pub repeat: u16,
    /// Values taken from the answer: a name, and the text that stands before the value. A value
    /// ends at the first of `"'\\<>;&,}` or white space.
    pub capture: &'static [(&'static str, &'static str)],
    /// What has to be true.
    pub expect: &'static [Expect],
}

const JSON: &str = "application/json";

impl Step {
    const fn new(identity: &'static str, method: &'static str, path: &'static str) -> Self {
        Self {
            kind: Kind::Http,
            identity,
            method,
            path,
            headers: &[],
            body: Body::Nothing,
            repeat: 1,
            capture: &[],
            expect: &[],
        }
    }

    /// With header fields.
    #[must_use]
    pub const fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// With a body.
    #[must_use]
    pub const fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sent so often.
    #[must_use]
    pub const fn times(mut self, repeat: u16) -> Self {
        self.repeat = repeat;
        self
    }

    /// Remembers values of the answer.
    #[must_use]
    pub const fn take(mut self, capture: &'static [(&'static str, &'static str)]) -> Self {
        self.capture = capture;
        self
    }

    /// Says what has to be true.
    #[must_use]
    pub const fn shows(mut self, expect: &'static [Expect]) -> Self {
        self.expect = expect;
        self
    }
}

/// GET.
#[must_use]
pub const fn get(identity: &'static str, path: &'static str) -> Step {
    Step::new(identity, "GET", path)
}

/// DELETE.
#[must_use]
pub const fn delete(identity: &'static str, path: &'static str) -> Step {
    Step::new(identity, "DELETE", path)
}

/// POST with JSON.
#[must_use]
pub const fn post(identity: &'static str, path: &'static str, json: &'static str) -> Step {
    Step::new(identity, "POST", path).body(Body::Text(JSON, json))
}

/// PATCH with JSON.
#[must_use]
pub const fn patch(identity: &'static str, path: &'static str, json: &'static str) -> Step {
    Step::new(identity, "PATCH", path).body(Body::Text(JSON, json))
}

/// PUT with JSON.
#[must_use]
pub const fn put(identity: &'static str, path: &'static str, json: &'static str) -> Step {
    Step::new(identity, "PUT", path).body(Body::Text(JSON, json))
}

/// Any method without a body.
#[must_use]
pub const fn call(identity: &'static str, method: &'static str, path: &'static str) -> Step {
    Step::new(identity, method, path)
}

/// POST with a form.
#[must_use]
pub const fn form(identity: &'static str, path: &'static str, text: &'static str) -> Step {
    raw(identity, path, "application/x-www-form-urlencoded", text)
}

/// POST with text of a media type.
#[must_use]
pub const fn raw(
    identity: &'static str,
    path: &'static str,
    kind: &'static str,
    text: &'static str,
) -> Step {
    Step::new(identity, "POST", path).body(Body::Text(kind, text))
}

/// A unary gRPC call.
#[must_use]
pub const fn grpc(identity: &'static str, path: &'static str, message: &'static [u8]) -> Step {
    let mut step = Step::new(identity, "POST", path).body(Body::Bytes(message));
    step.kind = Kind::Grpc;
    step
}

/// A WebSocket; each line is one message.
#[must_use]
pub const fn socket(identity: &'static str, path: &'static str, lines: &'static str) -> Step {
    let mut step = Step::new(identity, "GET", path).body(Body::Text("text/plain", lines));
    step.kind = Kind::Websocket;
    step
}

/// Server-sent events.
#[must_use]
pub const fn events(identity: &'static str, path: &'static str) -> Step {
    let mut step = Step::new(identity, "GET", path);
    step.kind = Kind::Events;
    step
}
