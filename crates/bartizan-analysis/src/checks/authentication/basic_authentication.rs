//! HTTP basic authentication.

use bartizan_model::{
    Attack, AuthType, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get, post},
    scope::{self, Answer},
    words::{known, words},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C004",
        name: "basic-authentication",
        title: "Basic authentication in use",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(522)],
        attack: &[Attack("T1078")],
        inputs: &[Input::RequestHead, Input::Status],
        what: "Fails when requests with `Authorization: Basic` are answered with success. Clients that \
               authenticate so at a token endpoint of OAuth 2.0 (RFC 6749 section 2.3.1) pass.",
        why: "The password itself travels with every request, cannot be limited in scope or time, and \
              invites guessing.",
        fix: "Exchange the password for a short-lived token, or use keys that can be revoked one by one.",
        references: &["RFC 7617 section 4", "RFC 6749 section 2.3.1"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("user and password with each call", Expected::Fail, || {
            let request = get("https://api.example.com/v1/orders");
            request.header("authorization", "Basic amFuZTpodW50ZXIyIQ==").json(200, "[]").one()
        }),
        example("a bearer token", Expected::Pass, || {
            get("https://api.example.com/v1/orders").bearer().json(200, "[]").one()
        }),
        example("a client at the token endpoint", Expected::Pass, || {
            let request = post(
                "https://id.example.com/oauth2/token",
                r#"{"grant_type":"client_credentials"}"#,
            );
            request.header("authorization", "Basic YXBwOmh1bnRlcjIh").json(200, "{}").one()
        }),
        example("no credential", Expected::NotApplicable, || {
            get("https://api.example.com/v1/products").json(200, "[]").one()
        }),
        example("an access log has no credentials", Expected::NotEvaluated, || {
            get("/v1/orders").logged(200).one()
        }),
        example("no answer was seen", Expected::NotEvaluated, || {
            let request = get("https://api.example.com/v1/orders");
            request.header("authorization", "Basic amFuZTpodW50ZXIyIQ==").one()
        }),
    ],
};

/// Last words of the paths of token endpoints.
const TOKEN_ENDPOINTS: &[&str] = &["token", "introspect", "revoke", "introspection", "par"];

fn look(subject: &Subject<'_>) -> Answer {
    scope::carries(subject, !subject.credentials.is_empty())?;
    let Some(basic) = subject.credentials.iter().find(|c| c.auth_type == AuthType::Basic) else {
        return Ok(Outcome::Pass);
    };
    let grant = subject.decoded.view.leaves(Side::Request).any(|leaf| leaf.key() == "grant_type");
    let last = words(subject.path).last();
    let token_endpoint = last.is_some_and(|word| known(word, TOKEN_ENDPOINTS).is_some());
    if grant || token_endpoint {
        return Ok(Outcome::Pass);
    }
    scope::success(subject)?;
    Ok(Outcome::fail(scope::note(
        subject,
        format!("the API accepted basic authentication in {} {}", basic.location, basic.name),
    )))
}
