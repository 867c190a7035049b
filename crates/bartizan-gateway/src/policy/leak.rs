//! Answers that show what goes on inside: stack traces and errors of databases.

use bartizan_analysis::checks::exposure::error_details_exposed::mark_in;
use bartizan_model::{
    BodyState, Exchange, Headers, Mode, Response, Root, Side, limits::NotInspectedReason,
};
use bartizan_protocols::{Places, Value};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::{Bounds, OVER_BUDGET, OVER_LIMITS},
    readings::{Amount, Readings},
    record::Refusal,
};
use crate::phases::BodyView;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "leak",
    title: "Error details in answers",
    mode: Mode::Monitor,
    documentation: "\
Replaces answers that show the marks of a stack trace (Java, .NET, Python, Ruby, PHP, Node, Go, Rust) or of a \
database's error, which is what the check `BZ-C013` looks for, by a problem document (RFC 9457) with the same \
status and the id of the request. The answer of the upstream is kept under that id, redacted as everything that \
is kept, so that whoever looks for the cause finds it.

Only answers with a status of `from_status` or more are looked at: pages that write about errors are none. At most \
`body_bytes` of one are read, as transferred and without its coding, for at most `budget_micros` of processor time; \
what is beyond counts as not evaluated (`over-limits`, `over-budget`) unless a mark was found before it, and so does an \
answer that is passed on as it comes (`body-not-held`) or cannot be read (`not-readable`).",
    examples: &["\
name: no-traces
mode: enforce
leak: {from_status: 400}
"],
};

/// Settings of a leak policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeakConfig {
    /// Status from which on answers are looked at, 200 to 599.
    pub from_status: u16,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that an answer is read for, 100 to 1000000.
    pub budget_micros: u32,
}

impl Default for LeakConfig {
    fn default() -> Self {
        Self { from_status: 400, body_bytes: 128 * 1024, budget_micros: 2_000 }
    }
}

/// A compiled leak policy.
#[derive(Debug)]
pub(crate) struct Leaks {
    from_status: u16,
    amount: Amount,
}

impl Leaks {
    /// Compiles a policy.
    pub(crate) fn compile(config: &LeakConfig) -> Result<Self, Problem> {
        if !(200..600).contains(&config.from_status) {
            return Err(Problem::new("from_status", "expected 200 to 599"));
        }
        let amount = Bounds::checked(config.body_bytes, config.budget_micros)?.amount();
        Ok(Self { from_status: config.from_status, amount })
    }

    /// How much of an answer with this status is read, if it is looked at.
    pub(super) fn amount(&self, status: StatusCode) -> Option<Amount> {
        (status.as_u16() >= self.from_status).then_some(self.amount)
    }

    /// What follows: the answer passes, or passes though it was not looked at completely (why), or is replaced.
    pub(super) fn check(
        &self,
        status: StatusCode,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(amount) = self.amount(status) else { return Ok(None) };
        let BodyView::Whole(_) = body else { return Ok(Some("body-not-held")) };
        let reading = &*readings.all();
        let view = &reading.decoded().view;
        let roots = [Root::Body, Root::Xml, Root::Message, Root::Grpc].into_iter();
        let roots = roots.filter_map(|root| view.root(Side::Response, root));
        let mut nodes = roots.flat_map(|root| std::iter::once(root).chain(root.descendants()));
        let is_mark = |value| matches!(value, Value::Text(text) if mark_in(text).is_some());
        if nodes.any(|node| is_mark(node.value())) {
            let title = "the service could not answer this; the id tells whoever runs it why";
            return Err(Refusal::deny(status, "answer-withheld", title).because("error-details"));
        }
        let missing = view.missing(Side::Response, Places::ALL);
        Ok(missing.chain(reading.beyond(amount)).map(reason).min())
    }
}

/// A whole answer, as far as its body needs it to be read.
pub(super) fn answer(status: StatusCode, fields: &HeaderMap, body: &Bytes) -> Exchange {
    let shown = ["content-type", "content-encoding"];
    let mut headers = Headers::default();
    for (name, value) in fields.iter().filter(|(name, _)| shown.contains(&name.as_str())) {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    let response = Response {
        status: status.as_u16(),
        headers,
        headers_captured: true,
        body: body.clone(),
        body_state: BodyState::Complete,
        body_bytes: None,
    };
    Exchange { response: Some(response), ..Exchange::default() }
}

/// Why not all of a body was read.
pub(super) fn reason(missing: NotInspectedReason) -> &'static str {
    match missing {
        NotInspectedReason::OutOfTime => OVER_BUDGET,
        NotInspectedReason::Limit(_) => OVER_LIMITS,
        _ => "not-readable",
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn check(status: u16, kind: &'static str, body: &str) -> Result<Option<&'static str>, u16> {
        let leaks = Leaks::compile(&LeakConfig::default()).expect("compiles");
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let status = StatusCode::from_u16(status).expect("a status");
        let mut readings = Readings::of_exchange(answer(status, &fields, &bytes), leaks.amount);
        let checked = leaks.check(status, BodyView::Whole(&bytes), &mut readings);
        checked.map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn traces_in_errors_are_replaced_and_all_else_passes() {
        let trace = r#"{"error":"x\n\tat com.example.Orders.find(Orders.java:7)"}"#;
        assert_eq!(check(500, "application/json", trace), Err(500));
        assert_eq!(check(404, "text/html", "<pre>SQLSTATE[42000]</pre>"), Err(404));
        assert_eq!(check(200, "application/json", trace), Ok(None), "a success");
        assert_eq!(check(500, "application/json", r#"{"error":"try again"}"#), Ok(None));
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(200_000));
        assert_eq!(check(500, "application/json", &long), Ok(Some(OVER_LIMITS)));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for config in [
            LeakConfig { from_status: 100, ..LeakConfig::default() },
            LeakConfig { body_bytes: u32::MAX, ..LeakConfig::default() },
            LeakConfig { budget_micros: 1, ..LeakConfig::default() },
        ] {
            assert!(Leaks::compile(&config).is_err(), "{config:?}");
        }
    }
}
