//! gRPC: which methods may be called, and whether messages are what their descriptors say.

use std::path::PathBuf;

use bartizan_model::Mode;
use http::{HeaderName, StatusCode, header, response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, asked,
    config::Problem,
    detectors::OnGap,
    names::{Names, NamesConfig},
    reading::{Checked, Within, essence, fields, media_type},
    record::Refusal,
    websocket::Rate,
};
use crate::{call::Call, messages::Spoken, phases::BodyView};

mod descriptors;
mod messages;
mod stream;

pub(crate) use stream::close_streams;
pub(super) use stream::watching;
use {descriptors::Descriptors, messages::Said};

/// Deepest nesting that can be asked for.
const MOST_DEPTH: u32 = 64;
const CODE: &str = "grpc-refused";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "grpc",
    title: "gRPC methods and messages",
    mode: Mode::Monitor,
    documentation: "\
Says which methods of gRPC, gRPC-Web and Connect may be called (`methods`, names as `package.Service/Method`), and \
refuses others (403). Reflection (`grpc.reflection.*`), which tells every message there is, is refused unless `reflection` \
is set; so is what does not name a service and a method in letters, digits, `_` and dots, as those of gRPC do. Requests \
are looked at that have a media type of gRPC, Connect or protocol buffers, or the field `Connect-Protocol-Version`, or a \
path of reflection, of a method that is described, of one that `methods.deny` names, or that ends as methods of packages do \
(`package.Service/Method`): Connect and Twirp take calls in JSON, and Connect by GET, that say nothing of it.

With `descriptors` (a `.proto` file, or a set of descriptors that `protoc --include_imports -o` makes, which also holds what files \
import) methods that are not described are refused (403), and messages that are no messages of their type (422): a field \
that it does not have or a value that its enumeration does not have (unless `unknown_fields` is set, as for clients that are \
newer than the server), a value that is written as another type is, a text that is not UTF-8, a field missing that is \
required (proto2), messages within each other more than `depth` times, a second message to a method that takes one. What a map, \
an extension or a message from a file that was not read holds is not compared. Messages of answers are looked at too unless \
`answers` is not set: what is not as described, or larger, does not reach the client (502).

A message is at most `message_bytes` (413), with its compression and without it. gzip, deflate, br and zstd are undone, up to \
200 times the size beyond 64 KiB. A call has at most `call_messages` in each direction and the client sends at most `messages` in \
`period_seconds` (429).

Calls of gRPC over HTTP/2 and of gRPC-Web (binary and text) are looked at message by message where they go on: each is held until it \
is whole, under the budget for bodies and no longer than a whole body may take, and goes on as soon as it was looked at; it never \
waits for the next. The first that is refused ends the call: the client gets `grpc-status` (3 for 422, 7 for 403, 8 for 413 and 429, \
12 for 415, 13 for answers), in trailers where the answer has begun, and the call is reset at the upstream. A refused head is answered with such a \
status too over HTTP/2. Half a message, and what is no message, is refused (422). Text of gRPC-Web that goes on is written anew, \
message by message; nothing else of a call is changed.

A body, or a message of a call that goes on, is read within `body_bytes` and \
`budget_micros` of processor time; what is beyond, and messages with more than 4096 fields, are refused (413) unless \
`on_budget` lets them pass. Of JSON, of groups (proto2) and of other compression nothing is read (`not-readable`), nor of a call of Connect that goes on \
(`body-not-held`): with `on_unreadable` these pass and count as not evaluated, which is the default here, or are \
refused (415). The method is looked at in any case.",
    examples: &[
        "\
name: grpc
mode: enforce
scope: {paths: ['/quayside.v1.*/*', '/grpc.reflection.*/*']}
grpc: {methods: {deny: [quayside.v1.Release/*]}, message_bytes: 65536}
",
        "\
name: tracking-streams
mode: enforce
scope: {paths: ['/quayside.v1.Tracking/*']}
grpc: {message_bytes: 16384, messages: 600, period_seconds: 60, call_messages: 100000, on_unreadable: refuse}
",
    ],
};

/// Settings of a gRPC policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcConfig {
    /// Which methods may be called: `package.Service/Method`, or `package.Service/*`.
    pub methods: NamesConfig,
    /// Whether reflection may be called.
    pub reflection: bool,
    /// A file with descriptors, up to 8 MiB, read again at each reload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptors: Option<PathBuf>,
    /// Whether messages may have fields, and values of enumerations, that are not described.
    pub unknown_fields: bool,
    /// Whether messages of answers are looked at too.
    pub answers: bool,
    /// Most messages within each other, 1 to 64.
    pub depth: u32,
    /// Most bytes of one message, with its compression and without it.
    pub message_bytes: u32,
    /// Most messages of one call, in each direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_messages: Option<u32>,
    /// Most messages of the client in `period_seconds`, in one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
    /// The time for `messages`, 1 to 86400 seconds.
    pub period_seconds: u32,
    /// Most bytes that are read, of a body or of a message of a call that goes on, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that these are read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose messages cannot be read, or are not held.
    pub on_unreadable: OnGap,
}

impl Default for GrpcConfig {
    fn default() -> Self {
        Self {
            methods: NamesConfig::default(),
            reflection: false,
            descriptors: None,
            unknown_fields: false,
            answers: true,
            depth: 16,
            message_bytes: 4 * 1024 * 1024,
            call_messages: None,
            messages: None,
            period_seconds: 60,
            body_bytes: 4 * 1024 * 1024 + 1024,
            budget_micros: 5_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Pass,
        }
    }
}

/// A compiled gRPC policy.
#[derive(Debug)]
pub(crate) struct Grpc {
    methods: Names,
    reflection: bool,
    descriptors: Option<Descriptors>,
    answers: bool,
    message_bytes: u32,
    call_messages: Option<u32>,
    rate: Option<Rate>,
    body_bytes: u32,
    within: Within,
}

/// How messages are in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Each with its length in front.
    Framed(Spoken),
    /// The same in Connect, which ends a stream with a frame of its own.
    Connect,
    /// One as it is.
    Plain,
    /// In a way that is not read here.
    Other,
}

impl Grpc {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &GrpcConfig, seed: u64) -> Result<Self, Problem> {
        if !(1..=MOST_DEPTH).contains(&config.depth) {
            return Err(Problem::new("depth", format!("expected 1 to {MOST_DEPTH}")));
        }
        if config.call_messages == Some(0) {
            return Err(Problem::new("call_messages", "expected at least 1"));
        }
        let descriptors = config.descriptors.as_deref();
        let descriptors = descriptors
            .map(|path| Descriptors::read(path, config.depth, config.unknown_fields))
            .transpose();
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            methods: Names::compile("methods", &config.methods)?,
            reflection: config.reflection,
            descriptors: descriptors.map_err(|why| Problem::new("descriptors", why))?,
            answers: config.answers,
            message_bytes: config.message_bytes,
            call_messages: config.call_messages,
            rate: Rate::compile(config.messages, config.period_seconds)?,
            body_bytes: config.body_bytes,
            within: Within::compile(CODE, bounds, gaps, seed)?,
        })
    }

    /// What follows for a request.
    pub(super) fn check(&self, call: &Call, body: BodyView<'_>) -> Checked {
        let kind = media_type(call);
        // One of several types is enough for some servers.
        let types = || fields(call, header::CONTENT_TYPE).map(essence);
        let speaks = fields(call, CONNECT).next().is_some() || types().any(|t| form(&t).is_some());
        let decoded = asked::decoded(call.uri.path());
        // Connect and Twirp take other ways to write a path, and gRPC does not.
        let name = method(call.uri.path()).or_else(|| method(&decoded).filter(|_| !speaks));
        let form = request_form(call, &kind);
        let coding = coding_of(fields(call, ENCODING));
        self.judge(speaks, name, (form, &coding), body)
    }

    fn judge(
        &self,
        speaks: bool,
        name: Option<&str>,
        (form, coding): (Form, &str),
        body: BodyView<'_>,
    ) -> Checked {
        let is_reflection = name.is_some_and(is_reflection);
        let described = self.descriptors.as_ref();
        let knows = |name: &str| described.is_some_and(|described| described.has(name));
        let is_meant = |name: &str| knows(name) || self.methods.denies(name) || is_of_package(name);
        if !speaks && !is_reflection && !name.is_some_and(is_meant) {
            return Ok(None);
        }
        let Some(name) = name else {
            return Err(denied("the path names no method").because("no-method"));
        };
        if is_reflection && !self.reflection {
            return Err(denied("methods are not told here").because("reflection"));
        }
        if !self.methods.allows(name) {
            return Err(denied("this method is not served here").because("method"));
        }
        if described.is_some() && !knows(name) && !is_reflection {
            return Err(denied("this method is not described").because("undescribed"));
        }
        self.body(Said { method: name, from_client: true, coding }, form, body)
    }

    /// Whether messages of answers are looked at.
    pub(super) fn looks_at_answers(&self) -> bool {
        self.answers
    }

    /// What follows for an answer; `None` for one that has nothing of this.
    pub(super) fn check_answer(
        &self,
        call: &Call,
        response: &response::Parts,
        body: BodyView<'_>,
    ) -> Option<Checked> {
        let kind = answer_type(response)?;
        let form = form(&kind)?;
        let is_coded = response.headers.contains_key(header::CONTENT_ENCODING);
        let form = if is_coded { Form::Other } else { form };
        let decoded = asked::decoded(call.uri.path());
        let method = method(call.uri.path()).or_else(|| method(&decoded))?;
        let coding = answer_coding(response);
        let said = Said { method, from_client: false, coding: &coding };
        Some(self.body(said, form, body).map_err(of_answer))
    }
}

const CONNECT: HeaderName = HeaderName::from_static("connect-protocol-version");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// How messages are in the body of a request of this type.
fn request_form(call: &Call, kind: &str) -> Form {
    let is_coded = fields(call, header::CONTENT_ENCODING).any(|coding| coding != "identity");
    if is_coded { Form::Other } else { form(kind).unwrap_or(Form::Other) }
}

/// How messages are in the body of a request of gRPC or gRPC-Web; `None` for others, whose messages are not looked at
/// one by one.
pub(super) fn spoken(call: &Call) -> Option<Spoken> {
    let kind = media_type(call);
    match request_form(call, &kind) {
        Form::Framed(spoken) => Some(spoken),
        _ => None,
    }
}

/// The coding of messages that are compressed; empty for none, and for several.
fn coding_of<'v>(mut values: impl Iterator<Item = &'v str>) -> String {
    match (values.next(), values.next()) {
        (Some(one), None) => one.to_owned(),
        _ => String::new(),
    }
}

fn answer_coding(response: &response::Parts) -> String {
    let values = response.headers.get_all(ENCODING).into_iter();
    coding_of(values.map(|value| value.to_str().unwrap_or("?")))
}

/// The media type that an answer names; `None` when it names none or several.
fn answer_type(response: &response::Parts) -> Option<String> {
    let mut types = response.headers.get_all(header::CONTENT_TYPE).into_iter();
    match (types.next(), types.next()) {
        (Some(one), None) => one.to_str().ok().map(essence),
        _ => None,
    }
}

/// How messages are in a body of this type; `None` when it is none of gRPC and what is like it.
fn form(kind: &str) -> Option<Form> {
    if let Some(spoken) = Spoken::of(kind) {
        return Some(Form::Framed(spoken));
    }
    let subtype = kind.strip_prefix("application/")?;
    Some(match subtype {
        "connect+proto" => Form::Connect,
        "proto" | "x-protobuf" | "protobuf" => Form::Plain,
        _ if subtype.starts_with("grpc") || subtype.starts_with("connect+") => Form::Other,
        _ => return None,
    })
}

/// `package.Service/Method`: the last two segments of a path; `None` for what servers of gRPC do not have.
fn method(path: &str) -> Option<&str> {
    let (service, _) = path.rsplit_once('/')?;
    let at = service.rfind('/')? + 1;
    let name = path.get(at..)?;
    let is_name = |part: &str| {
        let is_one = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        !part.is_empty() && part.bytes().all(is_one)
    };
    name.split('/').all(is_name).then_some(name)
}

/// Whether a method is one of a service in a package, by how these are usually written: `quayside.v1.Release/Free`.
fn is_of_package(name: &str) -> bool {
    let is_upper = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    name.split_once('/').is_some_and(|(service, method)| {
        service.rsplit_once('.').is_some_and(|(_, name)| is_upper(name)) && is_upper(method)
    })
}

fn is_reflection(name: &str) -> bool {
    name.get(..16).is_some_and(|text| text.eq_ignore_ascii_case("grpc.reflection."))
}

fn denied(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

fn unfit(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::UNPROCESSABLE_ENTITY, CODE, title)
}

fn too_many(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::TOO_MANY_REQUESTS, CODE, title)
}

/// The client is not told what the service did wrong.
fn of_answer(refusal: Refusal) -> Refusal {
    let title = "the service answered what is not let through";
    Refusal { status: StatusCode::BAD_GATEWAY, title, ..refusal }
}

#[cfg(test)]
mod tests;
