//! An API that answers without encryption.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get},
    scope::{self, Answer},
    subject::{Kind, Reach, Transport},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C002",
        name: "plain-http-api",
        title: "API answers over plain HTTP",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(319)],
        attack: &[Attack("T1557")],
        inputs: &[Input::RequestHead, Input::Status, Input::Transport],
        what: "Fails when an API on a host that is reachable from anywhere answers a plain HTTP request \
               with success. Pages, files, redirects, refusals, loopback and hosts of private networks \
               do not apply; requests with credentials are the matter of BZ-C001.",
        why: "Answers can be read and changed on the way, and clients learn to use the plain address.",
        fix: "Redirect to HTTPS or refuse; do not serve data on port 80.",
        references: &["RFC 9110 section 17.1", "RFC 8740", "NIST SP 800-52r2"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("data over http", Expected::Fail, || {
            get("http://api.example.com/v1/products").json(200, r#"[{"id":1}]"#).one()
        }),
        example("data over https", Expected::Pass, || {
            get("https://api.example.com/v1/products").json(200, r#"[{"id":1}]"#).one()
        }),
        example("a redirect to https", Expected::NotApplicable, || {
            let answer = get("http://api.example.com/v1/products").answer(308, "", "");
            answer.with("location", "https://api.example.com/v1/products").one()
        }),
        example("a web page", Expected::NotApplicable, || {
            get("http://www.example.com/").answer(200, "text/html", "<html><p>Hi</p></html>").one()
        }),
        example("a service inside the cluster", Expected::NotApplicable, || {
            get("http://billing:8080/v1/invoices").json(200, "[]").one()
        }),
        example("an access log names no scheme", Expected::NotEvaluated, || {
            get("/api/v1/products").logged(200).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    scope::success(subject)?;
    scope::applies(subject.kind == Kind::Api && !subject.is_authenticated)?;
    let transport = subject.transport()?;
    scope::applies(subject.reach == Reach::Public)?;
    Ok(match transport {
        Transport::Encrypted => Outcome::Pass,
        Transport::Plain => Outcome::fail(scope::note(
            subject,
            "the API answered a plain HTTP request with success instead of a redirect or a refusal",
        )),
    })
}
