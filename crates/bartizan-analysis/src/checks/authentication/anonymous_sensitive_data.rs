//! Personal data without authentication.

use std::collections::BTreeSet;

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get, post},
    scope::{self, Answer},
    subject::Kind,
};

/// Most pieces of evidence.
const MAX_EVIDENCE: usize = 5;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C009",
        name: "anonymous-sensitive-data",
        title: "Personal data answered without credentials",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(306), Cwe(200)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody],
        what: "Fails when an API answers a request without any credential with values of people (contact \
               data, identity, bank or card numbers, dates of birth). Values that the caller sent in \
               the same request do not count. Contact data alone is reported as medium, because \
               directories and company contacts are public on purpose.",
        why: "Anybody can read it, and scripts will read all of it.",
        fix: "Require authentication on the operation, and return only what its public purpose needs.",
        references: &["OWASP API2:2023", "RFC 9110 section 15.5.2"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("a customer with a card for anybody", Expected::Fail, || {
            let body = r#"{"email":"jane@example.com","card_number":"4111111111111111"}"#;
            get("https://api.example.com/v1/customers/7").json(200, body).one()
        }),
        example("with a token", Expected::NotApplicable, || {
            let request = get("https://api.example.com/v1/me").bearer();
            request.json(200, r#"{"email":"jane@example.com"}"#).one()
        }),
        example("a public product", Expected::Pass, || {
            get("https://api.example.com/v1/products/7").json(200, r#"{"name":"Chair"}"#).one()
        }),
        example("an echo of what the caller sent", Expected::Pass, || {
            let body = r#"{"email":"jane@example.com"}"#;
            post("https://api.example.com/v1/newsletter", body).json(201, body).one()
        }),
        example("the source leaves request headers out", Expected::NotEvaluated, || {
            let body = r#"{"email":"jane@example.com","card_number":"4111111111111111"}"#;
            get("https://api.example.com/v1/me").without_head().json(200, body).one()
        }),
        example("an access log has no body", Expected::NotEvaluated, || {
            get("/api/v1/customers/7").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::success(subject)?;
    scope::applies(subject.kind == Kind::Api)?;
    scope::anonymous(subject)?;
    let mut failure = Failure { confidence: Some(Confidence::Low), ..Failure::default() };
    let mut seen = BTreeSet::new();
    let mut grave = false;
    let sent = scope::Sent::by(subject);
    for (hit, node) in scope::personal_hits_of(subject, Side::Response) {
        if !scope::in_body(&node) || sent.holds(&node) {
            continue;
        }
        let class = hit.class.as_str();
        grave |= scope::is_grave(hit.family.as_str());
        if seen.insert((class, node.general_hash())) && failure.evidence.len() < MAX_EVIDENCE {
            let note = "answered to a request without any credential";
            failure.evidence.push(scope::evidence(subject, &node, class, note));
        }
    }
    if seen.is_empty() {
        return Ok(scope::pass_if_body_seen(subject));
    }
    if grave {
        failure.confidence = None;
    } else {
        failure.severity = Some(Severity::Medium);
    }
    Ok(Outcome::Fail(Box::new(failure)))
}
