//! JSON that browsers may take for a page.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status, finding::Failure,
};
use bartizan_protocols::Format;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C017",
        name: "json-with-wrong-type",
        title: "JSON answered as HTML or without a type",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(436), Cwe(79)],
        attack: &[Attack("T1190")],
        inputs: &[Input::ResponseHead, Input::ResponseBody],
        what: "Fails when a body that is a JSON object or array is labelled `text/html` (medium), or \
               has no media type or `text/plain` while `X-Content-Type-Options: nosniff` is missing.",
        why: "A browser that opens the address takes values of the answer for markup and runs scripts in \
              them.",
        fix: "Send `Content-Type: application/json` and `X-Content-Type-Options: nosniff`.",
        references: &["RFC 8259 section 11", "MIME Sniffing standard", "Fetch standard: nosniff"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("labelled as a page", Expected::Fail, || {
            get("https://api.example.com/v1/x").answer(200, "text/html", r#"{"a":"<b>"}"#).one()
        }),
        example("no type at all", Expected::Fail, || {
            get("https://api.example.com/v1/x").answer(200, "", r#"{"a":"b"}"#).one()
        }),
        example("labelled as JSON", Expected::Pass, || {
            get("https://api.example.com/v1/x").json(200, r#"{"a":"b"}"#).one()
        }),
        example("a real page", Expected::NotApplicable, || {
            get("https://www.example.com/").answer(200, "text/html", "<p>Hi</p>").one()
        }),
        example("an access log has no headers", Expected::NotEvaluated, || {
            get("/api/v1/x").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let response = scope::head(subject)?;
    let body = response.body.iter().find(|b| !b.is_ascii_whitespace());
    let structured = matches!(body, Some(b'{' | b'['));
    scope::applies(
        matches!(subject.decoded.response_format, Format::Json | Format::NdJson) && structured,
    )?;
    let label = response.headers.get("content-type").unwrap_or("");
    let media_type = label.split(';').next().unwrap_or("").trim();
    let is = |known: &str| media_type.eq_ignore_ascii_case(known);
    let sniffed = || {
        let options = response.headers.get("x-content-type-options");
        !options.is_some_and(|value| value.trim().eq_ignore_ascii_case("nosniff"))
    };
    let (text, severity) = match () {
        () if is("text/html") || is("application/xhtml+xml") => {
            ("JSON labelled as a page", Some(Severity::Medium))
        }
        () if is("") && sniffed() => ("JSON without a media type and without nosniff", None),
        () if is("text/plain") && sniffed() => {
            ("JSON labelled as plain text without nosniff", None)
        }
        () => return Ok(Outcome::Pass),
    };
    Ok(Outcome::Fail(Box::new(Failure {
        severity,
        evidence: vec![scope::note(subject, text)],
        ..Failure::default()
    })))
}
