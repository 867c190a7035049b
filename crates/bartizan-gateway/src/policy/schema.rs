//! JSON Schema: request bodies that are not what the API takes.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use bartizan_model::{Limits, Mode, Request, Root, Side, limits::NotInspectedReason};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Value as Seen, View, decode_body};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jsonschema::{PatternOptions, Validator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    config::Problem,
    detectors::{Bounds, OVER_BUDGET, OVER_LIMITS, OnGap, pace, thread_nanos},
    files,
    record::Refusal,
};
use crate::phases::BodyView;

mod in_place;
mod instance;
mod shape;

use instance::{Body, Instance, Watch};
pub(crate) use shape::Shape;

/// Most bytes of a file with a schema.
const SCHEMA_BYTES: u64 = 1024 * 1024;
/// Most bytes of a JSON pointer that a client is told, and of a problem of a schema.
const TEXT_BYTES: usize = 256;

/// Keywords that a body can fail; `falseSchema` is the schema `false`.
const KEYWORDS: [&str; 30] = [
    "additionalItems",
    "additionalProperties",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "falseSchema",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "propertyNames",
    "required",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];
/// Longest processor time to find out why a body does not fit, in nanoseconds.
const WHY_NANOS: u64 = 1_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "schema",
    title: "JSON Schema",
    mode: Mode::Monitor,
    documentation: "\
Compares JSON bodies of requests with a schema before anything of them goes to the upstream, and refuses \
those that do not fit (422, with the JSON pointer of the first value that does not and the keyword that \
it fails, never with the value). The schema is in a JSON file (`file`, up to 1 MiB, read again at each \
reload) or in the configuration (`inline`), of any draft from 4 on (`$schema`; 2020-12 if it names \
none). `format` is asserted for the formats that JSON Schema defines; keywords and formats that it does \
not define say nothing, as the specification wants it. A schema that is none, \
of an unknown draft, with a reference that leads nowhere or to another document (nothing is ever \
fetched), with a pattern that looks around or back, or with more than 1000 different references is \
refused together with the whole configuration. So is one with more than 20000 ways through references and \
alternatives (`allOf`, `anyOf`, `oneOf`, `not`, `if`, ...) that are all about one value, more than 500 of \
them inside each other, more than 100 below `propertyNames`, or a part that refers to itself without \
looking into the value.

The pointer ends with `...` at the first name that is not below a `properties` of the schema: such names \
are chosen by the client, and may be data.

A body is read without its content coding; nothing is changed in what goes on. One that others may read \
differently is not compared but counts as not readable (`not-readable`): what is no JSON to RFC 8259 (a \
byte order mark, comments, trailing commas, odd numbers, several values, anything behind the value; only \
control characters may be there without an escape) or no UTF-8, a name twice in one object, half a \
surrogate, NUL in a name or text, however written, an unknown or broken content coding, one with anything \
behind it, and one of a body that is text before it is undone too. The media type is none at all, \
`application/octet-stream`, or one that ends with `json` or `+json`, well-formed and without another \
charset than UTF-8; with any other a body is not readable. So does a body that is passed on as it comes (`body-not-held`: gRPC, or above the \
limit of the whole gateway where that streams). `on_unreadable` says whether such a request is refused \
(415, RFC 9110 section 15.5.16), as it is by default, or passes and counts as not evaluated. A request without a body \
passes unless `required` is set (400). Names are compared with case: where the upstream ignores it, \
`additionalProperties: false` keeps out what the schema does not name.

It is asked behind the size of the body and before detectors. It takes at most `budget_micros` of \
processor time, whatever the schema refers to and however often (some tenths of a millisecond more for \
a schema near the bounds above), and reads at most `body_bytes` of a body, as \
transferred and without its coding, 64 levels deep, 100000 values. `on_budget` says whether what is \
beyond that (`over-budget`, `over-limits`) is refused (413), as it is by default, or passes and counts \
as not evaluated. One comparison of a text with a pattern is not interrupted. It takes time in proportion \
to the text and, where the pattern counts (`a.{500}x`), to what it counts: mostly below a millisecond for a text \
of 128 KiB, for that pattern up to 0.4 seconds. Smaller `body_bytes` are the bound of that, and patterns \
that begin with `^` and count little. On a machine with two shared cores (x86-64, 2026-11-27) a POST of 1 KiB of JSON costs \
6 microseconds. Messages of WebSockets, trailers and answers are not compared.",
    examples: &["\
name: orders
mode: enforce
scope: {paths: [/v1/orders], methods: [POST]}
schema:
  required: true
  inline:
    type: object
    required: [sku, quantity]
    additionalProperties: false
    properties:
      sku: {type: string, pattern: '^SKU-[0-9]{4}$'}
      quantity: {type: integer, minimum: 1, maximum: 100}
"],
};

/// Settings of a schema policy: either `file` or `inline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaConfig {
    /// A JSON file with the schema, up to 1 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The schema itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<Value>,
    /// Whether requests without a body are refused.
    pub required: bool,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read and compared for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read as JSON in one way only.
    pub on_unreadable: OnGap,
}

impl Default for SchemaConfig {
    fn default() -> Self {
        Self {
            file: None,
            inline: None,
            required: false,
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled schema policy.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator<Body>,
    /// Names of members that the schema gives itself: others are chosen by the client.
    names: HashSet<String>,
    is_required: bool,
    limits: Limits,
    seed: u64,
    budget_nanos: u64,
    on_budget: OnGap,
    on_unreadable: OnGap,
}

impl Schema {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &SchemaConfig, seed: u64) -> Result<Self, Problem> {
        let bounds = Bounds::checked(config.body_bytes, config.budget_micros)?;
        let (key, schema) = match (&config.file, &config.inline) {
            (Some(path), None) => ("file", read(path).map_err(|why| Problem::new("file", why))?),
            (None, Some(schema)) => ("inline", schema.clone()),
            (None, None) => return Err(Problem::new("", "a schema is needed: `file` or `inline`")),
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    "inline",
                    "there is a `file` too, and one schema is needed",
                ));
            }
        };
        let validator = validator(&schema).map_err(|why| Problem::new(key, why))?;
        let mut names = HashSet::new();
        find_names(&schema, &mut names);
        Ok(Self {
            validator,
            names,
            is_required: config.required,
            limits: bounds.limits(),
            seed,
            budget_nanos: bounds.budget_nanos(),
            on_budget: config.on_budget,
            on_unreadable: config.on_unreadable,
        })
    }

    /// What follows: the request passes, or passes though its body was not compared (why), or is
    /// refused.
    pub(crate) fn check<'f>(
        &self,
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
        body: BodyView<'_>,
    ) -> Result<Option<&'static str>, Refusal> {
        let BodyView::Whole(bytes) = body else { return self.unreadable("body-not-held") };
        // What was sent says that: a body that decodes to nothing may be read by others as it is.
        if bytes.is_empty() {
            let missing = refusal(StatusCode::BAD_REQUEST, "a body is needed here");
            return if self.is_required { Err(missing.because("no-body")) } else { Ok(None) };
        }
        let mut request = Request { body: bytes.clone(), ..Request::default() };
        let shown = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
        for (name, value) in fields.filter(|(name, _)| shown.contains(name)) {
            request.headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let until = thread_nanos() + self.budget_nanos;
        let mut decoded = Decoded::default();
        decode_body(&mut decoded, &request, &self.limits, self.seed, pace(until));
        let view = &decoded.view;
        if let Some(reason) = cut(view) {
            return self.beyond(reason);
        }
        match view.root(Side::Request, Root::Body) {
            Some(root) if is_plain(&decoded, &request) => self.compare(root, until),
            _ => self.unreadable("not-readable"),
        }
    }

    fn compare(&self, body: NodeRef<'_>, until: u64) -> Result<Option<&'static str>, Refusal> {
        let watch = Watch::new(pace(until));
        let fits = self.validator.is_valid(Instance::At(body, &watch));
        if let Some(reason) = watch.ended() {
            return self.beyond(reason);
        }
        if fits {
            return Ok(None);
        }
        let refusal = refusal(StatusCode::UNPROCESSABLE_ENTITY, "the body does not fit its schema");
        // Compared again to say why. That is dearer and takes memory, so that it gets less time.
        let watch = Watch::new(pace(until.min(thread_nanos() + WHY_NANOS)));
        match self.validator.validate(Instance::At(body, &watch)) {
            Err(error) if watch.ended().is_none() => {
                let keyword = known(error.kind().keyword());
                let pointer = self.place(error.instance_path().as_str(), body);
                let place = if pointer.is_empty() { "the body" } else { &pointer };
                Err(refusal.because(keyword).with_detail(format!("{place} fails {keyword}")))
            }
            _ => Err(refusal),
        }
    }

    /// A pointer as far as its names are of the schema: what is behind may be data.
    fn place(&self, pointer: &str, body: NodeRef<'_>) -> String {
        let (mut told, mut node) = (String::new(), Some(body));
        for segment in pointer.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let is_element = node.is_some_and(|node| node.value() == Seen::Array);
            if !is_element && !self.names.contains(&name) {
                told.push_str("/...");
                break;
            }
            told.push('/');
            told.push_str(segment);
            node = node.and_then(|node| match name.parse() {
                Ok(at) if is_element => node.children().nth(at),
                _ => node.children().find(|child| child.key() == name),
            });
        }
        shortened(&told)
    }

    fn beyond(&self, reason: &'static str) -> Result<Option<&'static str>, Refusal> {
        match self.on_budget {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "the body takes more to look at than is given here";
                Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, title).because(reason))
            }
        }
    }

    fn unreadable(&self, reason: &'static str) -> Result<Option<&'static str>, Refusal> {
        match self.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "the body cannot be read as JSON";
                Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, title).because(reason))
            }
        }
    }
}

/// A keyword, as it is counted.
fn known(keyword: &str) -> &'static str {
    KEYWORDS.iter().find(|known| **known == keyword).copied().unwrap_or("schema")
}

fn refusal(status: StatusCode, title: &'static str) -> Refusal {
    Refusal::deny(status, "schema-refused", title)
}

/// Why a body was not read to its end.
fn cut(view: &View) -> Option<&'static str> {
    let reasons = view.not_inspected().iter().filter_map(|missing| match missing.reason {
        NotInspectedReason::OutOfTime => Some(OVER_BUDGET),
        NotInspectedReason::Limit(_) => Some(OVER_LIMITS),
        _ => None,
    });
    reasons.min()
}

/// Whether a body that was read to its end is JSON that says the same to everybody.
fn is_plain(decoded: &Decoded, request: &Request) -> bool {
    /// These are of RFC 8259, but for control characters that are not escaped: who takes them reads the
    /// same.
    const ALLOWED: [AnomalyKind; 2] = [AnomalyKind::NumberRange, AnomalyKind::ControlCharacter];
    let mut types = request.headers.get_all("content-type");
    let is_one_type = types.next().is_none_or(is_json) && types.next().is_none();
    let mut odd = decoded.view.anomalies().iter().filter(|(_, kind)| !ALLOWED.contains(kind));
    decoded.request_format == Format::Json
        && is_one_type
        && odd.next().is_none()
        && decoded.view.is_fully_inspected(Side::Request)
}

/// Whether it is exactly one media type (RFC 9110 section 8.3.1), of JSON or of anything, and names no
/// character set but UTF-8.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(|part| part.trim_matches([' ', '\t']));
    let (kind, subtype) = parts.next().and_then(|full| full.split_once('/')).unwrap_or_default();
    let is = |text: &str, known: &str| text.eq_ignore_ascii_case(known);
    let suffix = subtype.len().checked_sub("+json".len()).and_then(|at| subtype.get(at..));
    let is_known = is(subtype, "json")
        || suffix.is_some_and(|suffix| is(suffix, "+json"))
        || (is(kind, "application") && is(subtype, "octet-stream"));
    let is_fine = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let is_value = quoted.map_or_else(|| is_token(value), |text| !text.contains(['"', '\\']));
        let value = quoted.unwrap_or(value);
        let is_utf8 = !is(name, "charset") || is(value, "utf-8") || is(value, "utf8");
        parameter.is_empty() || (is_token(name) && is_value && is_utf8)
    };
    is_known && is_token(kind) && is_token(subtype) && parts.all(is_fine)
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.as_bytes().iter().all(is_one)
}

/// The schema in a file.
fn read(path: &Path) -> Result<Value, String> {
    let text = files::text(path, SCHEMA_BYTES)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn validator(schema: &Value) -> Result<Validator<Body>, String> {
    in_place::check(schema)?;
    let options = jsonschema::options_for::<Body>()
        .offline()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true);
    options.build(schema).map_err(|error| {
        let pointer = error.instance_path().as_str();
        let place = if pointer.is_empty() { "/" } else { pointer };
        format!("at `{}`: {}", shortened(place), shortened(&error.to_string()))
    })
}

/// The names of all properties that a schema has something to say about.
fn find_names(schema: &Value, found: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|value| find_names(value, found));
        }
        Value::Array(elements) => elements.iter().for_each(|one| find_names(one, found)),
        _ => {}
    }
}

fn shortened(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(TEXT_BYTES)];
    if kept.len() < text.len() { format!("{kept}...") } else { kept.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests;
