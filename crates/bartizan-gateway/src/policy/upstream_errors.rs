//! Errors of services: what clients see of them.

use bartizan_model::Mode;
use http::{HeaderMap, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal};
use crate::phases::BodyView;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "upstream_errors",
    title: "Errors of services",
    mode: Mode::Monitor,
    documentation: "\
Replaces answers of the upstream with a status of `from_status` or more by a problem document (RFC 9457) with the same \
status and the id of the request, whatever they say: clients get errors of one form, and nothing of what went on inside. \
Answers that are problem documents already (`application/problem+json`, `application/problem+xml`) pass, unless \
`keep_problems` says otherwise; the policy `leak` looks into them. `Retry-After` stays. The answer of the upstream is kept \
under the id, redacted as everything that is kept, and learned from. One that is passed on as it comes is not replaced \
and counts as not evaluated (`body-not-held`), as do answers to gRPC calls, which tell errors in their trailers \
(`grpc`).",
    examples: &["\
name: clean-errors
mode: enforce
upstream_errors: {from_status: 500}
"],
};

/// Settings of a policy about errors of services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamErrorsConfig {
    /// Status from which on answers are replaced, 400 to 599.
    pub from_status: u16,
    /// Whether problem documents pass.
    pub keep_problems: bool,
}

impl Default for UpstreamErrorsConfig {
    fn default() -> Self {
        Self { from_status: 500, keep_problems: true }
    }
}

/// A compiled policy about errors of services.
#[derive(Debug)]
pub(crate) struct UpstreamErrors {
    from_status: u16,
    keep_problems: bool,
}

impl UpstreamErrors {
    pub(crate) fn compile(config: &UpstreamErrorsConfig) -> Result<Self, Problem> {
        if !(400..600).contains(&config.from_status) {
            return Err(Problem::new("from_status", "expected 400 to 599"));
        }
        Ok(Self { from_status: config.from_status, keep_problems: config.keep_problems })
    }

    /// What follows: the answer passes, or passes though it cannot be replaced (why), or is replaced.
    pub(crate) fn check(
        &self,
        status: StatusCode,
        fields: &HeaderMap,
        body: BodyView<'_>,
    ) -> Result<Option<&'static str>, Refusal> {
        if status.as_u16() < self.from_status {
            return Ok(None);
        }
        let kind = fields.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let is = |name: &[u8]| {
            kind.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        if is(b"application/grpc") {
            return Ok(Some("grpc"));
        }
        if self.keep_problems && is(b"application/problem+") {
            return Ok(None);
        }
        if matches!(body, BodyView::Streamed(_)) {
            return Ok(Some("body-not-held"));
        }
        let title = match status.as_u16() {
            500.. => "the service could not answer this; the id tells whoever runs it why",
            _ => "the service did not take this; the id tells whoever runs it why",
        };
        let refusal = Refusal::deny(status, "upstream-error", title);
        Err(match fields.get(header::RETRY_AFTER) {
            Some(wait) => refusal.with(header::RETRY_AFTER, wait.clone()),
            None => refusal,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;
    use crate::phases::Streamed;

    fn check(
        keep_problems: bool,
        status: u16,
        kind: &'static str,
    ) -> Result<Option<&'static str>, u16> {
        let rule = UpstreamErrors { from_status: 500, keep_problems };
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let status = StatusCode::from_u16(status).expect("a status");
        let body = Bytes::from_static(b"x");
        let checked = rule.check(status, &fields, BodyView::Whole(&body));
        checked.map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn errors_are_replaced_and_problems_stay() {
        assert_eq!(check(true, 500, "text/html"), Err(500));
        assert_eq!(check(true, 503, "application/json"), Err(503));
        assert_eq!(check(true, 404, "text/html"), Ok(None), "an answer about the request");
        assert_eq!(check(true, 500, "Application/Problem+JSON; charset=utf-8"), Ok(None));
        assert_eq!(check(false, 500, "application/problem+json"), Err(500));
        assert_eq!(check(true, 500, "application/grpc+proto"), Ok(Some("grpc")));
    }

    #[test]
    fn when_to_ask_again_stays() {
        let rule = UpstreamErrors { from_status: 500, keep_problems: true };
        let mut fields = HeaderMap::new();
        fields.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        let (status, body) = (StatusCode::SERVICE_UNAVAILABLE, Bytes::new());
        let refusal = rule.check(status, &fields, BodyView::Whole(&body)).expect_err("replaced");
        assert_eq!(refusal.fields, [(header::RETRY_AFTER, HeaderValue::from_static("7"))]);
        let streamed = rule.check(status, &fields, BodyView::Streamed(Streamed::TooLarge));
        assert_eq!(streamed.expect("passes"), Some("body-not-held"));
        let config = UpstreamErrorsConfig { from_status: 200, keep_problems: true };
        assert!(UpstreamErrors::compile(&config).is_err());
    }
}
