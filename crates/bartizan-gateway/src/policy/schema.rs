//! JSON Schema: request bodies that are not what the API takes.

use std::path::{Path, PathBuf};

use bartizan_model::Mode;
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    config::Problem,
    detectors::{Bounds, OnGap, thread_nanos},
    files,
    readings::{Amount, Readings},
    record::Refusal,
};
use crate::phases::BodyView;

pub(super) mod fit;
mod in_place;
mod instance;
mod shape;

use fit::{Fit, Misfit};
pub(crate) use shape::Shape;

/// Most bytes of a file with a schema.
const SCHEMA_BYTES: u64 = 1024 * 1024;

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
    fit: Fit,
    is_required: bool,
    amount: Amount,
    on_budget: OnGap,
    on_unreadable: OnGap,
}

impl Schema {
    /// Compiles a policy.
    pub(crate) fn compile(config: &SchemaConfig) -> Result<Self, Problem> {
        let amount = Bounds::checked(config.body_bytes, config.budget_micros)?.amount();
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
        let fit = Fit::compile(&schema, &[]).map_err(|why| Problem::new(key, why))?;
        Ok(Self {
            fit,
            is_required: config.required,
            amount,
            on_budget: config.on_budget,
            on_unreadable: config.on_unreadable,
        })
    }

    /// How much of a body is read.
    pub(super) const fn amount(&self) -> Amount {
        self.amount
    }

    /// What follows: the request passes, or passes though its body was not compared (why), or is
    /// refused.
    pub(super) fn check<'f>(
        &self,
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Result<Option<&'static str>, Refusal> {
        let BodyView::Whole(bytes) = body else { return self.unreadable("body-not-held") };
        // What was sent says that: a body that decodes to nothing may be read by others as it is.
        if bytes.is_empty() {
            let missing = refusal(StatusCode::BAD_REQUEST, "a body is needed here");
            return if self.is_required { Err(missing.because("no-body")) } else { Ok(None) };
        }
        let until = thread_nanos() + self.amount.nanos;
        let reading = match readings.body(fields, bytes, self.amount) {
            Ok(reading) => reading,
            Err(reason) => return self.beyond(reason),
        };
        let Some(root) = reading.json() else { return self.unreadable("not-readable") };
        let refusal = refusal(StatusCode::UNPROCESSABLE_ENTITY, "the body does not fit its schema");
        match self.fit.check(root, until) {
            Ok(()) => Ok(None),
            Err(Misfit::Ended(reason)) => self.beyond(reason),
            Err(Misfit::Unexplained) => Err(refusal),
            Err(Misfit::Fails { keyword, place }) => {
                let place = if place.is_empty() { "the body" } else { &place };
                Err(refusal.because(keyword).with_detail(format!("{place} fails {keyword}")))
            }
        }
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

fn refusal(status: StatusCode, title: &'static str) -> Refusal {
    Refusal::deny(status, "schema-refused", title)
}

/// The schema in a file.
fn read(path: &Path) -> Result<Value, String> {
    let text = files::text(path, SCHEMA_BYTES)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
pub(crate) mod tests;
