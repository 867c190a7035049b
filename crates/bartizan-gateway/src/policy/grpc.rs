//! gRPC: which methods may be called, and whether messages are what their descriptors say.

use std::path::PathBuf;

use bartizan_model::Mode;
use bytes::Bytes;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, asked,
    config::Problem,
    detectors::{OVER_BUDGET, OVER_LIMITS, OnGap},
    names::{Names, NamesConfig},
    reading::{Checked, NOT_HELD, NOT_READABLE, Within, essence, fields, media_type},
    record::Refusal,
};
use crate::{call::Call, phases::BodyView};

mod descriptors;

use descriptors::{Descriptors, Fit};

/// Deepest nesting that can be asked for.
const MOST_DEPTH: u32 = 64;
/// Bytes in front of a message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Most messages of one body.
const MAX_MESSAGES: usize = 10_000;
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
import) methods that are not described are refused (403), and messages that are no messages of their type: a field that it \
does not have (unless `unknown_fields` is set, as for clients that are newer than the server), one that is written as another type is, \
messages within each other more than `depth` times (422). What a map or a message from a file that was not read holds is not compared.

A message is at most `message_bytes` (413). A body that is gathered completely is read within `body_bytes` and \
`budget_micros` of processor time; what is beyond, and messages with more than 4096 fields, are refused (413) unless \
`on_budget` lets them pass. Of a compressed message, of JSON and of base64 (gRPC-Web-Text) nothing is read (`not-readable`), nor of a call that goes on \
(`body-not-held`): with `on_unreadable` these pass and count as not evaluated, which is the default here, or are \
refused (415). The method is looked at in any case.",
    examples: &["\
name: grpc
mode: enforce
scope: {paths: ['/quayside.v1.*/*', '/grpc.reflection.*/*']}
grpc: {methods: {deny: [quayside.v1.Release/*]}, message_bytes: 65536}
"],
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
    /// Whether messages may have fields that are not described.
    pub unknown_fields: bool,
    /// Most messages within each other, 1 to 64.
    pub depth: u32,
    /// Most bytes of one message.
    pub message_bytes: u32,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
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
            depth: 16,
            message_bytes: 4 * 1024 * 1024,
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
    message_bytes: u32,
    body_bytes: u32,
    within: Within,
}

/// How messages are in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Each with its length in front.
    Framed,
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
            message_bytes: config.message_bytes,
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
        let is_coded = fields(call, header::CONTENT_ENCODING).any(|coding| coding != "identity");
        let form = if is_coded { Form::Other } else { form(&kind).unwrap_or(Form::Other) };
        self.judge(speaks, name, form, body)
    }

    fn judge(&self, speaks: bool, name: Option<&str>, form: Form, body: BodyView<'_>) -> Checked {
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
        let BodyView::Whole(bytes) = body else { return self.within.gap(NOT_HELD) };
        if bytes.len() > self.body_bytes as usize {
            return self.within.gap(OVER_LIMITS);
        }
        match form {
            _ if bytes.is_empty() => Ok(None),
            Form::Framed => self.framed(name, bytes),
            Form::Plain => self.message(name, bytes, self.within.until()),
            Form::Other => self.within.gap(NOT_READABLE),
        }
    }

    fn framed(&self, name: &str, bytes: &Bytes) -> Checked {
        let until = self.within.until();
        let (mut rest, mut missing): (&[u8], _) = (bytes, None);
        for _ in 0..MAX_MESSAGES {
            if rest.is_empty() {
                return Ok(missing);
            }
            let broken = || Err(unfit("the body is no series of messages").because("frames"));
            let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX>() else {
                return broken();
            };
            let [flags, length @ ..] = *prefix;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            let Some((message, behind)) = behind.split_at_checked(length) else { return broken() };
            rest = behind;
            let checked = match flags {
                0 => self.message(name, message, until),
                1 => self.size(message).and_then(|()| self.within.gap(NOT_READABLE)),
                // Connect ends a stream with a frame of its own.
                2 | 3 => Ok(None),
                _ => broken(),
            };
            missing = missing.or(checked?);
        }
        self.within.gap(OVER_LIMITS)
    }

    fn size(&self, message: &[u8]) -> Result<(), Refusal> {
        if message.len() <= self.message_bytes as usize {
            return Ok(());
        }
        let title = "a message is larger than is taken here";
        Err(Refusal::deny(StatusCode::PAYLOAD_TOO_LARGE, CODE, title).because("message-size"))
    }

    fn message(&self, name: &str, message: &[u8], until: u64) -> Checked {
        self.size(message)?;
        let Some(descriptors) = &self.descriptors else { return Ok(None) };
        let title = "a message is not what is described";
        match descriptors.compare(name, message, until) {
            Fit::Fits => Ok(None),
            Fit::Field => Err(unfit(title).because("field")),
            Fit::Type => Err(unfit(title).because("type")),
            Fit::Depth => Err(unfit("messages are too deep in each other").because("depth")),
            Fit::NoMessage => self.within.gap(NOT_READABLE),
            Fit::OutOfTime => self.within.gap(OVER_BUDGET),
        }
    }
}

const CONNECT: http::HeaderName = http::HeaderName::from_static("connect-protocol-version");

/// How messages are in a body of this type; `None` when it is none of gRPC and what is like it.
fn form(kind: &str) -> Option<Form> {
    let subtype = kind.strip_prefix("application/")?;
    Some(match subtype {
        "grpc" | "grpc+proto" | "grpc-web" | "grpc-web+proto" | "connect+proto" => Form::Framed,
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

#[cfg(test)]
mod tests;
