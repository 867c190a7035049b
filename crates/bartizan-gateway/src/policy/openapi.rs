//! OpenAPI: requests and answers that are not what the specification says.

use std::sync::OnceLock;

use bartizan_model::Mode;
use bartizan_protocols::{NodeRef, Places, spec::SpecDocument};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    config::Problem,
    detectors::{Bounds, OnGap, thread_nanos},
    readings::{Amount, Reading, Readings},
    record::Refusal,
    schema::fit::Misfit,
};
use crate::{call::Call, phases::BodyView};

mod answers;
mod dialect;
mod formats;
mod head;
mod learned;
mod media;
mod operation;
mod parameter;
mod requests;
mod routes;
mod shape;
mod source;
mod text;

use dialect::Side;
use learned::Doubts;
pub use learned::{LearnedConfig, LearnedContract, LearnedContracts};
use operation::{Compiled, Operation, Parts, With};
use routes::Routes;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "openapi",
    title: "OpenAPI",
    mode: Mode::Monitor,
    documentation: "\
Compares requests and answers with an OpenAPI specification (2.0, 3.0, 3.1, 3.2), which is in a file and \
those below its folder that it refers to (`source: file:api.yaml`, read again at each reload), or in the \
configuration (`inline`), or with what was learned of a host (`learned`), or with both. Nothing is ever fetched. A specification of which parts cannot be read is refused \
together with the whole configuration, unless `on_problems` says `pass`.

**Learned contracts** (`learned: {host: api.example}`) are made from the endpoints of that host when serving begins and every ten \
minutes, as `bartizan catalog --format openapi` tells them; a host that a reload names anew is known at the next of these. Where there \
is a specification too, it goes first, and what was learned is asked about what it does not have. With operations that \
were called less than 300 times, or by one client only where no specification has them, nothing is compared, and as long as that is all that is known of the host nothing counts as \
undocumented: these requests pass and count as not evaluated (`learned-too-little`).

**Requests.** Path and method have to be documented (404, or 405 with `Allow`), below the base paths of the \
servers, or below `base_path` where that is set; hosts are for the scope. `HEAD` is allowed where `GET` is. A \
path that servers read differently is documented nowhere: one with a dot segment, an encoded slash or \
backslash, or `;` where no parameter is written so, also after it is decoded three times. A request that names \
another path or method in a header field (`X-Original-URL`, `X-Rewrite-URL`, `X-HTTP-Method-Override` and its like) or \
in the query (`_method`) that is not documented counts as one with an undocumented path or method. \
Parameters have to be there if required, once, in their style, and fit their schema (400); all styles of all \
versions are known. A text is a number or truth value where its schema takes one. A body has to be there if \
required (400), of a documented media type (415), and fit its schema (422): JSON (as `schema` reads it), forms, \
`multipart/form-data` (files only by their presence), `text/plain`; with others only the media type is looked at, \
and they count as not evaluated (`media-type-not-compared`) where there is a schema. The client is told the place and the \
keyword that fails, never a value; names that it has chosen itself are not told either.

**Answers** (`answers`). Status, media type, header fields and body. One that does not fit is replaced by a \
problem document (502) with the id of the request; what the upstream answered is kept under that id. What \
cannot be read or takes too long counts as not evaluated.

**What is not documented** is refused or passes (`undocumented`), each by itself. What passes without having been compared \
counts as not evaluated.

**Schemas** mean what their version says. Until 3.0: `nullable` adds null to the `type` beside it, \
`exclusiveMinimum` and `exclusiveMaximum` are truth values, nothing beside a `$ref` counts, and of JSON Schema that is \
draft 4. From 3.1 on: 2020-12. `format` is asserted for the formats of JSON Schema, for `byte`, `base64url`, `char`, and for \
those of numbers (`int8` to `uint64`, `float`). Properties with `readOnly` are refused in requests and those with `writeOnly` in \
answers, and not required there (`one_sided`). A `discriminator` beside `oneOf` or `anyOf` of references decides. Left out, so that \
what fits otherwise counts as not evaluated: patterns that look around or back (`pattern-left-out`), references that lead nowhere \
and `$dynamicRef` (`reference-left-out`), keywords with values that they cannot have (`keyword-left-out`), and schemas that are too \
large (`schema-over-limits`: 50000 values with all that they refer to; `schema-left-out`: the bounds of the kind `schema`; \
`no-room-for-schema`: `schema_values` together). Schemas are compiled when the first request or answer asks for them, which takes \
milliseconds once, and are kept until the next reload.

It takes at most `budget_micros` of processor time for a request and as much for its answer, and reads at \
most `body_bytes` of a body. \
WebSocket handshakes are compared as requests; messages and streamed bodies are not.",
    examples: &[
        "\
name: orders-api
mode: enforce
scope: {paths: [/v1/**]}
openapi:
  undocumented: {headers: pass}
  unknown_properties: refuse
  answers: {}
  inline:
    openapi: 3.1.0
    info: {title: Orders, version: '1'}
    servers: [{url: /v1}]
    paths:
      /orders/{id}:
        get:
          parameters:
            - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
          responses:
            '200':
              description: An order
              content: {application/json: {schema: {type: object, required: [sku]}}}
",
        "\
name: as-learned
scope: {hosts: [api.example.com]}
openapi: {learned: {host: api.example.com}}
",
    ],
};

/// Whether something is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undocumented {
    /// It is refused.
    #[default]
    Refuse,
    /// It passes.
    Pass,
}

/// Whether properties that no schema names are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownProperties {
    /// As the schemas say: they are allowed unless `additionalProperties` says otherwise.
    #[default]
    AsDocumented,
    /// They are refused in every object whose schema names properties and does not say `additionalProperties`.
    Refuse,
}

/// What becomes of a specification of which parts cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnProblems {
    /// It is refused, with the whole configuration.
    #[default]
    Refuse,
    /// Those parts are left out: as if they were not documented.
    Pass,
}

/// What becomes of what is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UndocumentedConfig {
    /// Paths.
    pub paths: Undocumented,
    /// Methods of a documented path.
    pub methods: Undocumented,
    /// Fields of the query.
    pub query: Undocumented,
    /// Header fields of requests, but for those that every client or proxy may add. Default: pass.
    pub headers: Undocumented,
    /// Cookies. Default: pass.
    pub cookies: Undocumented,
    /// Media types of bodies, and bodies where none is documented; of requests and answers.
    pub content_types: Undocumented,
    /// Statuses of answers. Default: pass.
    pub statuses: Undocumented,
}

impl Default for UndocumentedConfig {
    fn default() -> Self {
        let (refuse, pass) = (Undocumented::Refuse, Undocumented::Pass);
        Self {
            paths: refuse,
            methods: refuse,
            query: refuse,
            headers: pass,
            cookies: pass,
            content_types: refuse,
            statuses: pass,
        }
    }
}

/// What is compared of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnswersConfig {
    /// Whether properties that no schema names are refused.
    pub unknown_properties: UnknownProperties,
}

/// Settings of an `OpenAPI` policy: `source` or `inline`, `learned`, or one of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpenApiConfig {
    /// Where the specification is: `file:` and a path, up to 32 MiB with the files that it refers to, which are in and
    /// below its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The specification itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<Value>,
    /// What was learned that is compared with: alone, or where the specification has nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<LearnedConfig>,
    /// What becomes of a specification of which parts cannot be read.
    pub on_problems: OnProblems,
    /// What its paths begin with, in the place of what its servers say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
    /// What becomes of what is not documented.
    pub undocumented: UndocumentedConfig,
    /// Whether properties of requests that no schema names are refused.
    pub unknown_properties: UnknownProperties,
    /// Whether properties are refused that are only of the other side: `readOnly` in requests, `writeOnly` in answers.
    pub one_sided: Undocumented,
    /// What is compared of answers; nothing when this is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersConfig>,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a request, and an answer, is read and compared for, 100 to 1000000.
    pub budget_micros: u32,
    /// Most values of schemas that are kept compiled, 1000 to 10000000; each takes about half a kibibyte.
    pub schema_values: u32,
    /// What becomes of requests that are beyond these or take longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read in one way only.
    pub on_unreadable: OnGap,
}

impl Default for OpenApiConfig {
    fn default() -> Self {
        Self {
            source: None,
            inline: None,
            learned: None,
            on_problems: OnProblems::Refuse,
            base_path: None,
            undocumented: UndocumentedConfig::default(),
            unknown_properties: UnknownProperties::AsDocumented,
            one_sided: Undocumented::Refuse,
            answers: None,
            body_bytes: 1024 * 1024,
            budget_micros: 30_000,
            schema_values: 200_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled `OpenAPI` policy.
#[derive(Debug)]
pub(crate) struct Contract {
    document: SpecDocument,
    routes: Routes,
    /// As they are asked for, in the order of the document.
    operations: Vec<OnceLock<Box<Operation>>>,
    parts: Parts,
    doubts: Doubts,
    /// What is asked about what this does not have.
    beside: Option<Box<Contract>>,
    config: OpenApiConfig,
    amount: Amount,
    seed: u64,
    json: HeaderMap,
}

/// What is asked for.
pub(super) struct Asked<'c> {
    method: &'c Method,
    uri: &'c Uri,
    fields: Vec<(&'c HeaderName, &'c HeaderValue)>,
}

impl<'c> Asked<'c> {
    pub(super) fn of(call: &'c Call) -> Self {
        let fields = call.request_fields.iter().map(|(name, value)| (name, value)).collect();
        Self { method: &call.method, uri: &call.uri, fields }
    }
}

/// What comes of comparing: it passes, or passes though it was not compared completely (why), or is refused.
type Checked = Result<Option<&'static str>, Refusal>;

/// What a comparison does not let pass.
enum Stop {
    /// It does not fit: keyword and place.
    Misfit(&'static str, String),
    /// Time or room were used up.
    Ended(&'static str),
    Unreadable,
}

impl Contract {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(
        config: &OpenApiConfig,
        seed: u64,
        known: &LearnedContracts,
    ) -> Result<Self, Problem> {
        if !(1_000..=10_000_000).contains(&config.schema_values) {
            return Err(Problem::new("schema_values", "expected 1000 to 10000000"));
        }
        let base = config.base_path.as_deref();
        if base.is_some_and(|base| !base.is_empty() && !base.starts_with('/')) {
            return Err(Problem::new("base_path", "expected a path that begins with `/`"));
        }
        let host = config.learned.as_ref().map(|learned| learned.host.as_str());
        if host.is_some_and(str::is_empty) {
            return Err(Problem::new("learned.host", "expected the name of a host"));
        }
        let learned = host.map(|host| Self::learned(config, host, seed, known)).transpose()?;
        let learned = match learned {
            Some(learned) if config.source.is_none() && config.inline.is_none() => {
                return Ok(learned);
            }
            learned => learned.map(Box::new),
        };
        let document = source::read(config)?;
        if document.operations.is_empty() && config.on_problems == OnProblems::Refuse {
            let key = if config.source.is_some() { "source" } else { "inline" };
            return Err(Problem::new(
                key,
                "it has no operations, so that everything would be refused",
            ));
        }
        let contract = Self::of(config, document, base, Doubts::default(), seed)?;
        Ok(Self { beside: learned, ..contract })
    }

    fn of(
        config: &OpenApiConfig,
        document: SpecDocument,
        base: Option<&str>,
        doubts: Doubts,
        seed: u64,
    ) -> Result<Self, Problem> {
        let amount = Bounds::checked(config.body_bytes, config.budget_micros)?.amount();
        Ok(Self {
            routes: Routes::new(&document, base),
            operations: document.operations.iter().map(|_| OnceLock::new()).collect(),
            parts: Parts::new(config.schema_values as usize),
            doubts,
            beside: None,
            // What was read is in the document.
            config: OpenApiConfig { inline: None, ..config.clone() },
            document,
            amount,
            seed,
            json: media::json_field(),
        })
    }

    /// How much of a body is read.
    pub(super) const fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether it is asked about answers.
    pub(crate) const fn looks_at_answers(&self) -> bool {
        self.config.answers.is_some()
    }

    fn operation(&self, index: usize) -> Option<&Operation> {
        let (slot, documented) =
            (self.operations.get(index)?, self.document.operations.get(index)?);
        Some(slot.get_or_init(|| Box::new(Operation::new(&self.document, documented))))
    }

    fn with(&self, is_answer: bool) -> With<'_> {
        let asked = if is_answer {
            self.config.answers.map(|answers| answers.unknown_properties).unwrap_or_default()
        } else {
            self.config.unknown_properties
        };
        let side = Side {
            is_answer,
            is_closed: asked == UnknownProperties::Refuse,
            is_one_sided: self.config.one_sided == Undocumented::Refuse,
        };
        With { document: &self.document, parts: &self.parts, side }
    }

    /// Compares JSON that was written here.
    fn compare_written(
        &self,
        text: String,
        compiled: &Compiled,
        until: u64,
    ) -> Result<Option<&'static str>, Stop> {
        let reading =
            Reading::of(self.json.iter(), Bytes::from(text), self.amount, self.seed, until);
        if let Some(reason) = reading.cut(Places::BODY) {
            return Err(Stop::Ended(reason));
        }
        compare_json(&reading, compiled, until)
    }

    /// Compares a body by its media type.
    fn compare_body(
        &self,
        body: &operation::Body,
        sent: &Sent<'_>,
        readings: &mut Readings,
        is_answer: bool,
        until: u64,
    ) -> Result<Option<&'static str>, Stop> {
        let Some(compiled) = body.part(self.with(is_answer)) else { return Ok(None) };
        let fields = || sent.fields.iter().copied();
        let kind = sent.media.kind();
        if kind == media::Kind::Json {
            let reading = readings.body(fields(), sent.bytes, self.amount).map_err(Stop::Ended)?;
            return compare_json(reading, &compiled, until);
        }
        if kind == media::Kind::Other {
            return Ok(Some("media-type-not-compared"));
        }
        let part = match &compiled {
            Ok(part) => part,
            Err(reason) => return Ok(Some(*reason)),
        };
        let text = if kind == media::Kind::Text {
            let fields = fields().map(|(name, value)| (name.clone(), value.clone()));
            media::text(fields, sent.bytes, part)
        } else {
            let reading = readings.body(fields(), sent.bytes, self.amount).map_err(Stop::Ended)?;
            media::form(reading, kind, body, part)
        };
        self.compare_written(text.ok_or(Stop::Unreadable)?, &compiled, until)
    }
}

/// A body that was sent.
struct Sent<'s> {
    fields: &'s [(&'s HeaderName, &'s HeaderValue)],
    media: media::Media,
    bytes: &'s Bytes,
}

/// Compares what says that it is JSON.
fn compare_json(
    reading: &Reading,
    compiled: &Compiled,
    until: u64,
) -> Result<Option<&'static str>, Stop> {
    compare(reading.json().ok_or(Stop::Unreadable)?, compiled, until)
}

/// Compares a value with a schema; what fits it as far as it could be compiled passes, with what was left out.
fn compare(
    root: NodeRef<'_>,
    compiled: &Compiled,
    until: u64,
) -> Result<Option<&'static str>, Stop> {
    let part = match compiled {
        Ok(part) => part,
        Err(reason) => return Ok(Some(*reason)),
    };
    match part.fit.check(root, until) {
        Ok(()) => Ok(part.left_out),
        Err(Misfit::Ended(reason)) => Err(Stop::Ended(reason)),
        Err(Misfit::Unexplained) => Err(Stop::Misfit("schema", String::new())),
        Err(Misfit::Fails { keyword, place }) => Err(Stop::Misfit(keyword, place)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
