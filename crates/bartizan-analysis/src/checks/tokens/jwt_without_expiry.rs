//! Tokens that never end.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{SIGNATURE, example, get, jwt},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C006",
        name: "jwt-without-expiry",
        title: "JSON Web Token without expiry",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(613)],
        attack: &[Attack("T1550.001")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody],
        what: "Fails when a token that the API accepted or issued has no `exp` claim.",
        why: "A token that leaked once stays valid until the signing key is changed for everybody.",
        fix: "Issue tokens with a short `exp` and refuse tokens without one.",
        references: &["RFC 7519 section 4.1.4", "RFC 8725 section 3.10"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("accepted without exp", Expected::Fail, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1"}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("with exp", Expected::Pass, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1","exp":1795345200}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("refused without exp", Expected::NotApplicable, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1"}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(401, "{}").one()
        }),
        example("no answer was seen", Expected::NotEvaluated, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1"}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let mut tokens = subject.working_tokens()?;
    let endless = tokens.find(|token| !token.claims().any(|claim| claim.key() == "exp"));
    Ok(match endless {
        Some(token) => Outcome::fail(
            Evidence::at(token.side(), token.instance(), "the token has no exp claim")
                .in_exchange(&subject.exchange.id),
        ),
        None => Outcome::Pass,
    })
}
