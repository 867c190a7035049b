//! Conditions: what must hold of requests, as an expression of the Common Expression Language.
//!
//! The language is read and asked by modules of our own: an expression comes to at most so many steps for a request
//! whatever both hold, values of different types are not unequal by accident, and no part of a request is copied.

use bartizan_model::Mode;
use bartizan_protocols::NodeRef;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::Bounds,
    place::Template,
    reading::{NOT_HELD, NOT_READABLE},
    readings as bodies,
    record::Refusal,
    roles,
    scope::Wanted,
};
use crate::phases::BodyView;

mod plan;
mod readings;
mod run;
mod syntax;
mod token;
mod types;
mod value;
mod variable;

use plan::Program;
pub(crate) use readings::About;
use readings::Readings;
use run::{Run, STEPS};
use variable::Variable;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "condition",
    title: "Conditions",
    mode: Mode::Monitor,
    documentation: "\
Asks an expression of the Common Expression Language (CEL) about each request in its scope. `deny_if` refuses those \
for which it is true, `allow_if` all for which it is not (403, or 404 where `hide` is set). Where the expression has \
no answer the request is refused as well: the reason says `value-missing`, `wrong-type`, `ambiguous-name`, \
`out-of-range` or `over-budget` in the place of `deny-if-true` and `allow-if-false`. So a member that may be absent is \
asked for first: `has(request.body.total) && request.body.total > 500`. As in CEL, what decides an `&&` or `||` does so \
whatever becomes of the rest.

There are `request.method`, `request.path`, `request.host` (in small letters, without port), `request.query` (each \
parameter a list of texts), `request.headers` (as the client sent them, names in small letters; fields with credentials are not there), \
`request.path_parameters` (segments that `template` names), `request.body` (JSON), `client.address`, \
`identity.subject`, `identity.way` (`api_key`, `jwt`, `certificate`, `signature`, `ws_security`, `basic` or `none`), \
`identity.scopes`, `identity.roles` (lists of texts, with their letters as the token has them), `identity.claims`, `time.now` \
(seconds since 1970), `time.hour` (0 to 23) and `time.weekday` (1, Monday, to 7), both UTC. Parameters, fields, segments and \
claims are asked for by a name that is written down: `request.query.page`, `request.headers[\"x-tenant\"]`; \
`\"x-tenant\" in request.headers` says whether there is one. `request.body` moves the question behind the size of the body.

Operators are those of CEL. Functions: `has`, `size`, `int`, `double`, `string`, `contains`, `startsWith`, \
`endsWith`, `matches` (anywhere in the text unless the pattern has `^` and `$`), `lowerAscii`, the macros `all`, \
`exists`, `exists_one`, `map` and `filter`, and `timestamp(\"2027-01-01T00:00:00Z\")` and `duration(\"1h30m\")`, \
which are seconds here. There are no maps, bytes and messages. Stricter than CEL: values of different types are not \
unequal but `wrong-type` (`\"1\" == 1`), but for null; more lenient: whole numbers and others may be mixed. Lists \
are joined by nothing, only texts by `+`.

A request that servers read in several ways has to pass in each: the methods that override fields name; the path as \
it came and decoded; a parameter or field that is there several times as all of its values and as each alone; \
each identity that was verified (a client certificate only where there is no other). More than 32 such readings are refused \
(`too-many-readings`). A parameter, field or member with another name that some servers take for the one \
of the expression (`Role`, `role[]`, `x_role`) is `ambiguous-name`. A body that is no JSON, has a name twice, is beyond \
`body_bytes` or `budget_micros`, or is passed on as it comes is refused (415, 413); a request without a body has no \
`request.body`. A number beyond 2^53 with a fraction or beyond 64 bits is `out-of-range`.

When it is loaded, an expression is refused for a name, function or type that shows to be wrong, for a comparison \
that can never be true (a method in small letters, hour 24, two values for one thing) and for one that is always \
the same; the message names line and column. It has at most 2048 bytes, 24 levels and 2 macros inside of each \
other; patterns are written down, have at most 256 bytes and are small when compiled. One request takes at most \
8000 steps with all its readings: less than a millisecond.

Handshakes of WebSockets are asked about, their messages are not.",
    examples: &[
        "\
name: large-refunds-are-for-finance
mode: enforce
scope: {paths: [/v1/invoices/*/refund], methods: [POST]}
condition:
  deny_if: request.body.amount > 500 && !('finance' in identity.roles)
",
        "\
name: own-files-in-working-hours
mode: enforce
scope: {paths: [/v1/users/*/files/**]}
condition:
  template: /v1/users/{user}/files/**
  allow_if: >-
    request.path_parameters.user == identity.subject
    && time.hour >= 6 && time.hour < 20
  hide: true
",
        "\
name: exports-stay-small
mode: enforce
scope: {paths: [/v1/exports], methods: [POST]}
condition:
  allow_if: >-
    size(request.body.columns) <= 20
    && request.body.columns.all(name, name.matches('^[a-z_]{1,32}$'))
    && (!has(request.query.format) || request.query.format.all(one, one in ['csv', 'json']))
",
    ],
};

/// Settings of a condition: either `deny_if` or `allow_if`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionConfig {
    /// Refuses requests for which it is true, or has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny_if: Option<String>,
    /// Refuses requests for which it is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_if: Option<String>,
    /// Names for segments of the path, `/v1/orders/{order}`; `**` at the end stands for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Claims in which roles are looked for.
    pub role_claims: Vec<String>,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// Whether the client is told that there is nothing (404).
    pub hide: bool,
}

impl Default for ConditionConfig {
    fn default() -> Self {
        Self {
            deny_if: None,
            allow_if: None,
            template: None,
            role_claims: roles::usual_role_claims(),
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            hide: false,
        }
    }
}

impl ConditionConfig {
    /// Claims that it reads.
    pub(crate) fn claims(&self) -> impl Iterator<Item = String> {
        let named = self.deny_if.iter().chain(&self.allow_if);
        named.flat_map(|text| Program::claims(text)).chain(self.role_claims.iter().cloned())
    }
}

/// A compiled condition.
#[derive(Debug)]
pub(crate) struct Condition {
    program: Program,
    /// The answer of requests that pass.
    passes: bool,
    template: Option<Template>,
    role_claims: Vec<String>,
    /// How much of a body is read.
    amount: bodies::Amount,
    hide: bool,
}

impl Condition {
    /// Compiles a condition.
    pub(crate) fn compile(config: &ConditionConfig) -> Result<Self, Problem> {
        roles::check_names("role_claims", &config.role_claims)?;
        let amount = Bounds::checked(config.body_bytes, config.budget_micros)?.amount();
        let template = config.template.as_deref().map(Template::parse).transpose();
        let template = template.map_err(|problem| Problem::new("template", problem))?;
        let (key, text, passes) = match (&config.deny_if, &config.allow_if) {
            (Some(text), None) => ("deny_if", text, false),
            (None, Some(text)) => ("allow_if", text, true),
            (None, None) => {
                return Err(Problem::new("", "an expression is needed: `deny_if` or `allow_if`"));
            }
            (Some(_), Some(_)) => {
                let problem = "there is `deny_if` too: use two policies, or one expression";
                return Err(Problem::new("allow_if", problem));
            }
        };
        let names: Vec<String> = template.iter().flat_map(Template::names).cloned().collect();
        let program = Program::compile(text, &names).map_err(|why| Problem::new(key, why))?;
        let role_claims = config.role_claims.clone();
        Ok(Self { program, passes, template, role_claims, amount, hide: config.hide })
    }

    /// Whether it needs the body.
    pub(crate) fn asks_of_bodies(&self) -> bool {
        self.program.variables.contains(&Variable::Body)
    }

    /// How much of a body it reads, where it reads one.
    pub(super) fn amount(&self) -> Option<bodies::Amount> {
        self.asks_of_bodies().then_some(self.amount)
    }

    /// Notes what it needs to know of a request.
    pub(crate) fn note(&self, wanted: &mut Wanted) {
        wanted.paths |= self.program.variables.iter().any(Variable::is_of_path);
        wanted.methods |= self.program.variables.contains(&Variable::Method);
    }

    /// Asks about a request by its head.
    pub(crate) fn check(&self, about: &About<'_>) -> Result<(), Refusal> {
        self.ask(about, None)
    }

    /// Asks about a request with its body.
    pub(super) fn check_body(
        &self,
        about: &About<'_>,
        body: BodyView<'_>,
        readings: &mut bodies::Readings,
    ) -> Result<(), Refusal> {
        let unreadable = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let BodyView::Whole(bytes) = body else { return Err(self.refusal(unreadable, NOT_HELD)) };
        if bytes.is_empty() {
            return self.ask(about, None);
        }
        let fields = about.fields.iter().copied();
        let reading = readings.body(fields, bytes, self.amount);
        let reading =
            reading.map_err(|reason| self.refusal(StatusCode::PAYLOAD_TOO_LARGE, reason))?;
        match reading.json() {
            None => Err(self.refusal(unreadable, NOT_READABLE)),
            body => self.ask(about, body),
        }
    }

    fn ask<'a>(&'a self, about: &About<'a>, body: Option<NodeRef<'a>>) -> Result<(), Refusal> {
        let Program { plan, variables } = &self.program;
        let template = self.template.as_ref();
        let readings = Readings::of(variables, template, &self.role_claims, about, body);
        let refuse = |reason| Err(self.refusal(StatusCode::FORBIDDEN, reason));
        let mut readings = match readings {
            Ok(readings) => readings,
            Err(reason) => return refuse(reason),
        };
        let mut left = STEPS;
        while let Some(entries) = readings.advance() {
            let mut run = Run::new(entries, left);
            let answer = run.value(plan).and_then(|value| value.bool());
            left = run.left;
            match answer {
                Ok(answer) if answer == self.passes => {}
                Ok(true) => return refuse("deny-if-true"),
                Ok(false) => return refuse("allow-if-false"),
                Err(failure) => return refuse(failure.reason()),
            }
        }
        Ok(())
    }

    fn refusal(&self, status: StatusCode, reason: &'static str) -> Refusal {
        if self.hide {
            let title = "there is nothing here";
            return Refusal::deny(StatusCode::NOT_FOUND, "not-found", title).because(reason);
        }
        let title = match status {
            StatusCode::FORBIDDEN => "this is not allowed here",
            StatusCode::PAYLOAD_TOO_LARGE => "the body takes more to look at than is given here",
            _ => "the body cannot be read as JSON",
        };
        Refusal::deny(status, "condition-refused", title).because(reason)
    }
}

#[cfg(test)]
mod tests;
