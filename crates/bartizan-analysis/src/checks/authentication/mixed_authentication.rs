//! An operation that answers with and without credentials.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
};

use crate::checks::{
    CheckItem, EndpointFacts, Expected, Run,
    example::{example, get},
};

/// Fewest successes with a credential before the comparison says something.
const LEAST_AUTHENTICATED: u64 = 2;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C010",
        name: "mixed-authentication",
        title: "Operation answers with and without credentials",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(306), Cwe(287)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::Status, Input::History],
        what: "Fails when an operation whose answers carry sensitive data answered at least two \
               requests with a credential and at least one without any, all with success. Operations \
               without sensitive answers pass: clients send their token everywhere.",
        why: "Authentication that is optional is usually forgotten on one of the ways in.",
        fix: "Decide whether the operation is public; if it is not, refuse requests without a valid \
              credential with status 401.",
        references: &["RFC 9110 section 15.5.2", "OWASP API2:2023"],
    },
    run: Run::Endpoint(look),
    examples: &[
        example("two with, one without", Expected::Fail, || {
            let url = "https://api.example.com/v1/customers/7";
            let body = r#"{"email":"jane@example.com"}"#;
            vec![
                get(url).bearer().json(200, body).build(),
                get(url).bearer().json(200, body).build(),
                get(url).json(200, body).build(),
            ]
        }),
        example("refused without", Expected::Pass, || {
            let url = "https://api.example.com/v1/customers/7";
            let body = r#"{"email":"jane@example.com"}"#;
            vec![
                get(url).bearer().json(200, body).build(),
                get(url).bearer().json(200, body).build(),
                get(url).json(401, "{}").build(),
            ]
        }),
        example("never with a credential", Expected::NotApplicable, || {
            get("https://api.example.com/v1/products").json(200, "[]").one()
        }),
        example("an access log has no credentials", Expected::NotEvaluated, || {
            get("/v1/customers/7").logged(200).one()
        }),
        example("too few to compare", Expected::NotEvaluated, || {
            get("https://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
    ],
};

fn look(facts: &EndpointFacts<'_>) -> Outcome {
    let (with, without) = (facts.authenticated_successes, facts.anonymous_successes);
    let unknown = facts.unjudged_successes > 0;
    match (with, without) {
        (0, _) if unknown => Outcome::NotEvaluated(Input::RequestHead),
        (0, _) => Outcome::NotApplicable,
        (1..LEAST_AUTHENTICATED, _) => Outcome::NotEvaluated(Input::History),
        (_, 1..) if facts.sensitive_successes > 0 => Outcome::fail(Evidence::note(format!(
            "{with} successes with a credential, {without} without any, {} with sensitive data",
            facts.sensitive_successes
        ))),
        _ if unknown => Outcome::NotEvaluated(Input::RequestHead),
        _ => Outcome::Pass,
    }
}
