//! Sensitive answers that caches may keep.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
    subject::Kind,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C016",
        name: "cacheable-sensitive-answer",
        title: "Sensitive answer may be kept by caches",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(524), Cwe(525)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::ResponseHead, Input::ResponseBody],
        what: "Fails when an API's answer to a GET holds sensitive values and its headers let a shared cache \
               store it: `public` or `s-maxage`, or, for a request without an Authorization header, \
               no `no-store`, `no-cache` or `private`. Medium when the answer says `public` itself.",
        why: "A proxy or content delivery network may hand one person's answer to the next.",
        fix: "Send `Cache-Control: no-store` (or at least `private`) with every answer about a person.",
        references: &["RFC 9111 section 3", "RFC 9111 section 3.5"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("a person's data marked public", Expected::Fail, || {
            let request = get("https://api.example.com/v1/me").bearer();
            let answer = request.json(200, r#"{"iban":"DE44500105175407324931"}"#);
            answer.with("cache-control", "public, max-age=60").one()
        }),
        example("nothing said, session in a cookie", Expected::Fail, || {
            let request = get("https://api.example.com/v1/me");
            let request = request.header("cookie", "sid=c4ed6c219dd54a058e3fc56d1151cce8");
            request.json(200, r#"{"email":"jane@example.com"}"#).one()
        }),
        example("no-store", Expected::Pass, || {
            let request = get("https://api.example.com/v1/me").bearer();
            let answer = request.json(200, r#"{"email":"jane@example.com"}"#);
            answer.with("cache-control", "no-store").one()
        }),
        example("Authorization keeps shared caches away", Expected::Pass, || {
            let request = get("https://api.example.com/v1/me").bearer();
            request.json(200, r#"{"email":"jane@example.com"}"#).one()
        }),
        example("nothing sensitive", Expected::NotApplicable, || {
            get("https://api.example.com/v1/products").json(200, "[]").one()
        }),
        example("an access log has neither", Expected::NotEvaluated, || {
            get("/api/v1/me").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::applies(subject.exchange.request.method == "GET")?;
    scope::success(subject)?;
    scope::applies(subject.kind == Kind::Api)?;
    let response = scope::head(subject)?;
    let sent = scope::Sent::by(subject);
    let mut hits = scope::personal_hits_of(subject, Side::Response)
        .filter(|(_, node)| scope::in_body(node) && !sent.holds(node));
    let Some((hit, node)) = hits.next() else {
        let seen = scope::is_body_seen(subject);
        return Err(if seen {
            Outcome::NotApplicable
        } else {
            Outcome::NotEvaluated(Input::ResponseBody)
        });
    };
    let control: Vec<String> = response
        .headers
        .get_all("cache-control")
        .flat_map(|value| value.split(','))
        .map(|directive| directive.split('=').next().unwrap_or("").trim().to_ascii_lowercase())
        .collect();
    let says = |names: &[&str]| control.iter().any(|c| names.contains(&c.as_str()));
    let public = says(&["public", "s-maxage"]) && !says(&["no-store", "private"]);
    let guarded = says(&["no-store", "no-cache", "private"])
        || subject.exchange.request.headers.contains("authorization");
    if !public && guarded {
        return Ok(Outcome::Pass);
    }
    let why = if public { "marked for shared caches" } else { "without Cache-Control" };
    Ok(Outcome::Fail(Box::new(Failure {
        severity: public.then_some(Severity::Medium),
        evidence: vec![scope::evidence(
            subject,
            &node,
            hit.class.as_str(),
            &format!("a sensitive value in an answer {why}"),
        )],
        ..Failure::default()
    })))
}
