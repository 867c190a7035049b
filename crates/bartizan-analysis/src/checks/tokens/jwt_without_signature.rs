//! Tokens without a signature.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Status};
use bartizan_protocols::Value;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{SIGNATURE, example, get, jwt},
    scope::{self, Answer},
    token::Token,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C005",
        name: "jwt-without-signature",
        title: "Unsigned JSON Web Token accepted or issued",
        severity: Severity::Critical,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(347), Cwe(345)],
        attack: &[Attack("T1550.001")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody],
        what: "Fails when the API answers with success to a token whose `alg` is `none` (in any case) or \
               missing, or whose signature is empty, or when it issues such a token. A token that is \
               refused passes.",
        why: "Whoever can write JSON can be anybody.",
        fix: "Fix the list of accepted algorithms on the server, without `none`, and verify the signature \
              before reading any claim.",
        references: &["RFC 8725 section 3.1 and 3.2", "RFC 7518 section 3.6"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("alg none is accepted", Expected::Fail, || {
            let token = jwt(r#"{"alg":"None"}"#, r#"{"sub":"u1","exp":1795345200}"#, "");
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("alg none is refused", Expected::NotApplicable, || {
            let token = jwt(r#"{"alg":"none"}"#, r#"{"sub":"u1","exp":1795345200}"#, "");
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(401, "{}").one()
        }),
        example("a signed token", Expected::Pass, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1","exp":1795345200}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("no answer was seen", Expected::NotEvaluated, || {
            let token = jwt(r#"{"alg":"none"}"#, r#"{"sub":"u1"}"#, "");
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    for token in subject.working_tokens()? {
        if let Some(reason) = weakness(token) {
            let evidence = scope::note(subject, reason);
            return Ok(Outcome::fail(bartizan_model::Evidence {
                side: Some(token.side()),
                location: Some(token.instance()),
                ..evidence
            }));
        }
    }
    Ok(Outcome::Pass)
}

fn weakness(token: &Token<'_>) -> Option<&'static str> {
    match token.header("alg") {
        Some(Value::Text(alg)) if alg.eq_ignore_ascii_case("none") => {
            Some("the token says that it is not signed (alg none)")
        }
        None | Some(Value::Text("") | Value::Null) => Some("the token names no algorithm"),
        _ if matches!(token.signature(), Some(Value::Opaque(0) | Value::Text(""))) => {
            Some("the signature of the token is empty")
        }
        _ => None,
    }
}
