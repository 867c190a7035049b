//! Personal data and secrets inside tokens.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
    finding::Failure,
};
use bartizan_protocols::{Codec, NodeRef};

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{SIGNATURE, example, get, jwt},
    scope::{self, Answer},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C008",
        name: "personal-data-in-jwt",
        title: "JSON Web Token carries personal data or a secret",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api3),
        cwe: &[Cwe(359), Cwe(312)],
        attack: &[Attack("T1552")],
        inputs: &[Input::RequestHead, Input::ResponseBody],
        what: "Fails when the payload of a signed token holds a password, secret, card or account number, \
               national or health number, date of birth or telephone number. Names and e-mail \
               addresses are usual claims of OpenID Connect and pass. High for passwords and secrets.",
        why: "A signed token is not encrypted: every holder, log and proxy on the way can read it.",
        fix: "Keep identifiers in tokens and look the rest up on the server, or encrypt the token (JWE).",
        references: &["RFC 7519 section 12", "RFC 8725 section 2.5"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("a card number as a claim", Expected::Fail, || {
            let claims = r#"{"sub":"u1","exp":1795345200,"card_number":"4111111111111111"}"#;
            let token = jwt(r#"{"alg":"ES256"}"#, claims, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("name and e-mail", Expected::Pass, || {
            let claims = r#"{"sub":"u1","exp":1795345200,"email":"jane@example.com"}"#;
            let token = jwt(r#"{"alg":"ES256"}"#, claims, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("no token", Expected::NotApplicable, || {
            get("https://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let sides = [Side::Request, Side::Response];
    scope::carries(subject, subject.has_token)?;
    let counts = |class: &str| scope::is_grave(class) || ["secret", "phone"].contains(&class);
    for side in sides {
        if let Some((hit, node)) =
            scope::hits_of(subject, side, counts).find(|(_, node)| is_claim(*node))
        {
            let class = hit.class.as_str();
            let grave = ["password", "secret"].contains(&hit.family.as_str());
            return Ok(Outcome::Fail(Box::new(Failure {
                severity: grave.then_some(Severity::High),
                discriminator: node.key().to_owned(),
                evidence: vec![scope::evidence(
                    subject,
                    &node,
                    class,
                    "a claim of a readable token",
                )],
                ..Failure::default()
            })));
        }
    }
    Ok(Outcome::Pass)
}

/// Whether a node lies in the payload of a decoded token; `jti`, `sid` and the like are its own
/// identifiers.
fn is_claim(node: NodeRef<'_>) -> bool {
    if ["jti", "sid", "nonce", "at_hash", "c_hash", "sub", "session_state"].contains(&node.key()) {
        return false;
    }
    let mut at = node.parent();
    let mut in_payload = false;
    while let Some(current) = at {
        if current.codec() == Some(Codec::Jwt) {
            return in_payload;
        }
        in_payload = current.key() == "payload";
        at = current.parent();
    }
    false
}
