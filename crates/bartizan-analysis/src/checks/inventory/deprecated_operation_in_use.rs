//! Deprecated operations that still answer.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
};

use crate::checks::{
    CheckItem, EndpointFacts, Expected, Run,
    example::{example, get, specified},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C026",
        name: "deprecated-operation-in-use",
        title: "Deprecated operation still answers",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api9),
        cwe: &[Cwe(1104), Cwe(1059)],
        attack: &[Attack("T1595.003")],
        inputs: &[Input::RequestHead, Input::Status, Input::Spec],
        what: "Fails when the specification marks the operation as deprecated and it was answered with \
               success.",
        why: "Old versions miss the repairs and limits of their successors, and attackers look for them \
              first.",
        fix: "Tell the remaining callers (`Deprecation` and `Sunset` headers), move them, then answer 410.",
        references: &["RFC 9745", "RFC 8594", "OWASP API9:2023"],
    },
    run: Run::Endpoint(look),
    examples: &[
        specified("deprecated and used", Expected::Fail, Some(true), || {
            get("https://api.example.com/v1/orders").json(200, "[]").one()
        }),
        specified("current", Expected::Pass, Some(false), || {
            get("https://api.example.com/v2/orders").json(200, "[]").one()
        }),
        specified("deprecated and gone", Expected::Pass, Some(true), || {
            get("https://api.example.com/v1/orders").json(410, "{}").one()
        }),
        specified("not in the specification", Expected::NotApplicable, None, || {
            get("https://api.example.com/v1/x").json(200, "{}").one()
        }),
        specified("in an access log", Expected::Fail, Some(true), || {
            get("/v1/orders").logged(200).one()
        }),
        example("no specification was given", Expected::NotEvaluated, || {
            get("https://api.example.com/v1/orders").json(200, "[]").one()
        }),
    ],
};

fn look(facts: &EndpointFacts<'_>) -> Outcome {
    let successes = facts.successes();
    match facts.documented {
        None => Outcome::NotEvaluated(Input::Spec),
        Some(None) => Outcome::NotApplicable,
        Some(Some(true)) if successes > 0 => Outcome::fail(Evidence::note(format!(
            "the specification marks the operation as deprecated; {successes} successes were seen"
        ))),
        Some(Some(_)) => Outcome::Pass,
    }
}
