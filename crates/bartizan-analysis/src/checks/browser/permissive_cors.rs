//! Cross-origin access with credentials for foreign sites.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status, finding::Failure,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C011",
        name: "permissive-cors",
        title: "Foreign sites may read answers with the user's credentials",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(942)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::ResponseHead],
        what: "Fails when `Access-Control-Allow-Credentials: true` comes with the origin `null`, with \
               an origin over plain HTTP, with `*`, or with the origin of another site than the API's; \
               the last with low confidence, because it may be a partner on an allow list. `*` without \
               credentials is how public APIs are opened and passes.",
        why: "Any page the user visits can call the API as the user and read the answers.",
        fix: "Answer with credentials only to origins from a fixed list, never to `null`, and send \
              `Vary: Origin`.",
        references: &["Fetch standard: CORS protocol and credentials", "RFC 6454"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("origin null", Expected::Fail, || {
            let answer =
                get("https://api.example.com/v1/me").header("origin", "null").json(200, "{}");
            let answer = answer.with("access-control-allow-origin", "null");
            answer.with("access-control-allow-credentials", "true").one()
        }),
        example("a foreign origin comes back", Expected::Fail, || {
            let request =
                get("https://api.example.com/v1/me").header("origin", "https://evil.test");
            let answer =
                request.json(200, "{}").with("access-control-allow-origin", "https://evil.test");
            answer.with("access-control-allow-credentials", "true").one()
        }),
        example("the own site", Expected::Pass, || {
            let request =
                get("https://api.example.com/v1/me").header("origin", "https://app.example.com");
            let answer = request.json(200, "{}");
            let answer = answer.with("access-control-allow-origin", "https://app.example.com");
            answer.with("access-control-allow-credentials", "true").one()
        }),
        example("open to all without credentials", Expected::Pass, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("access-control-allow-origin", "*").one()
        }),
        example("no cross-origin access at all", Expected::NotApplicable, || {
            get("https://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
        example("an access log has no headers", Expected::NotEvaluated, || {
            get("/api/v1/me").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let response = scope::head(subject)?;
    let Some(allowed) = response.headers.get("access-control-allow-origin") else {
        return Err(Outcome::NotApplicable);
    };
    let allowed = allowed.trim();
    let credentials = response
        .headers
        .get("access-control-allow-credentials")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    if !credentials {
        return Ok(Outcome::Pass);
    }
    let host = subject.host;
    let origin_host =
        allowed.split_once("://").map_or("", |(_, rest)| rest.split(':').next().unwrap_or(""));
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&origin_host);
    let (text, confidence, severity) = match allowed {
        "null" => {
            ("answers with credentials are allowed to the origin null", None, Some(Severity::High))
        }
        "*" => (
            "any origin together with credentials; browsers refuse this pair",
            None,
            Some(Severity::Low),
        ),
        _ if local || site(origin_host) == site(host) && !allowed.starts_with("http://") => {
            return Ok(Outcome::Pass);
        }
        _ if allowed.starts_with("http://") && subject.exchange.request.scheme == "https" => {
            ("answers with credentials are allowed to an origin over plain HTTP", None, None)
        }
        _ if site(origin_host) == site(host) => return Ok(Outcome::Pass),
        _ => (
            "answers with credentials are allowed to an origin of another site",
            Some(Confidence::Low),
            None,
        ),
    };
    Ok(Outcome::Fail(Box::new(Failure {
        severity,
        confidence,
        evidence: vec![scope::note(subject, text)],
        ..Failure::default()
    })))
}

/// The last labels of a host that probably name one owner: two, or three when the second last is
/// short (`example.co.uk`). An approximation of the public suffix list.
fn site(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(i, _)| i);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else { return host };
    let short = last - second <= 4;
    let at = if short { dots.next() } else { Some(second) };
    at.and_then(|i| host.get(i + 1..)).unwrap_or(host)
}
