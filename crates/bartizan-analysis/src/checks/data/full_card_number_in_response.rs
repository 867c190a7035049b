//! Whole card numbers in responses.

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
        code: "BZ-C019",
        name: "full-card-number-in-response",
        title: "Response carries a whole card number",
        severity: Severity::High,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api3),
        cwe: &[Cwe(359), Cwe(213)],
        attack: &[Attack("T1530")],
        inputs: &[Input::ResponseBody],
        what: "Fails when an API answers with an unmasked payment card number (issuer range and check \
               digit fit, see the data class `payment_card`), whoever asked.",
        why: "PCI DSS allows at most the first eight and last four digits to be shown; the whole number \
              is what card fraud needs.",
        fix: "Return the last four digits or a token of the payment provider.",
        references: &["PCI DSS 4.0 requirement 3.4.1"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("a stored card", Expected::Fail, || {
            let body = r#"{"cards":[{"number":"5555555555554444","exp":"12/29"}]}"#;
            get("https://api.example.com/v1/cards").bearer().json(200, body).one()
        }),
        example("a masked card", Expected::Pass, || {
            let body = r#"{"cards":[{"number":"555555******4444"}]}"#;
            get("https://api.example.com/v1/cards").bearer().json(200, body).one()
        }),
        example("a file", Expected::NotApplicable, || {
            get("https://www.example.com/app.js").answer(200, "text/javascript", "var a=1").one()
        }),
        example("an access log has no body", Expected::NotEvaluated, || {
            get("/api/v1/cards").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::response(subject)?;
    scope::applies(subject.kind == Kind::Api)?;
    let mut cards = scope::hits_of(subject, Side::Response, |class| class == "payment_card")
        .filter(|(_, n)| scope::in_body(n));
    let Some((hit, node)) = cards.next() else {
        return Ok(scope::pass_if_body_seen(subject));
    };
    let more = cards.count();
    let note = format!("a whole card number; {more} more in the same response");
    Ok(Outcome::Fail(Box::new(Failure {
        evidence: vec![scope::evidence(subject, &node, hit.class.as_str(), &note)],
        ..Failure::default()
    })))
}
