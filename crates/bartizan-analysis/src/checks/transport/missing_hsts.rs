//! No strict transport security.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
    subject::{Kind, Reach, Transport},
};

/// Shortest lifetime that counts: one day. A shorter one protects no second visit.
const LEAST_SECONDS: u64 = 86_400;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C015",
        name: "missing-hsts",
        title: "HTTPS API without Strict-Transport-Security",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(523), Cwe(319)],
        attack: &[Attack("T1557")],
        inputs: &[Input::RequestHead, Input::ResponseHead, Input::Transport],
        what: "Fails when an API on a public host answers over HTTPS without a Strict-Transport-Security \
               header, or with a `max-age` below one day.",
        why: "Without it a browser may be led to the plain HTTP address first.",
        fix: "Send `Strict-Transport-Security: max-age=31536000; includeSubDomains` with every answer \
              over HTTPS.",
        references: &["RFC 6797 section 6.1"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("no header", Expected::Fail, || {
            get("https://api.example.com/v1/products").json(200, "[]").one()
        }),
        example("switched off", Expected::Fail, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("strict-transport-security", "max-age=0").one()
        }),
        example("a year", Expected::Pass, || {
            let answer = get("https://api.example.com/v1/products").json(200, "[]");
            answer.with("Strict-Transport-Security", "max-age=\"31536000\"; preload").one()
        }),
        example("plain http cannot carry it", Expected::NotApplicable, || {
            get("http://api.example.com/v1/products").json(200, "[]").one()
        }),
        example("an access log has no headers", Expected::NotEvaluated, || {
            get("https://api.example.com/v1/products").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::applies(subject.kind == Kind::Api)?;
    scope::applies(subject.transport()? == Transport::Encrypted)?;
    scope::applies(subject.reach == Reach::Public)?;
    let response = scope::head(subject)?;
    let Some(value) = response.headers.get("strict-transport-security") else {
        return Ok(Outcome::fail(scope::note(
            subject,
            "no Strict-Transport-Security header over HTTPS",
        )));
    };
    let seconds = value.split(';').find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then_some(())?;
        value.trim().trim_matches('"').parse::<u64>().ok()
    });
    Ok(match seconds {
        Some(seconds) if seconds >= LEAST_SECONDS => Outcome::Pass,
        Some(seconds) => Outcome::fail(scope::note(
            subject,
            format!("max-age is {seconds} seconds, less than one day ({LEAST_SECONDS})"),
        )),
        None => Outcome::fail(scope::note(subject, "the header has no valid max-age")),
    })
}
