//! Operations that no specification describes.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
    finding::Failure,
};

use crate::checks::{
    CheckItem, EndpointFacts, Expected, Run,
    example::{example, get, specified},
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C025",
        name: "undocumented-endpoint",
        title: "Operation answers that no specification describes",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api9),
        cwe: &[Cwe(1059), Cwe(1053)],
        attack: &[Attack("T1595.003")],
        inputs: &[Input::RequestHead, Input::Status, Input::Spec],
        what: "Fails when a specification covers the host but not this operation, and the operation was \
               answered with success. Medium when its answers carry sensitive data. Operations that \
               were only refused do not apply.",
        why: "What is not written down is not reviewed, tested or limited, and is forgotten when the rest \
              is repaired.",
        fix: "Describe the operation in the specification, or take it off the network.",
        references: &["OWASP API9:2023", "OpenAPI Specification 3.1"],
    },
    run: Run::Endpoint(look),
    examples: &[
        specified("answers, but is not in the specification", Expected::Fail, None, || {
            get("https://api.example.com/v1/internal/export").json(200, "{}").one()
        }),
        specified("documented", Expected::Pass, Some(false), || {
            get("https://api.example.com/v1/orders").json(200, "[]").one()
        }),
        specified("refused", Expected::NotApplicable, None, || {
            get("https://api.example.com/v1/nothing").json(404, "{}").one()
        }),
        specified("in an access log", Expected::Fail, None, || {
            get("/internal/export").logged(200).one()
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
        Some(Some(_)) => Outcome::Pass,
        Some(None) if successes == 0 => Outcome::NotApplicable,
        Some(None) => Outcome::Fail(Box::new(Failure {
            severity: (facts.sensitive_successes > 0).then_some(Severity::Medium),
            evidence: vec![Evidence::note(format!(
                "{successes} successes, {} with sensitive data, and no operation of the \
                 specification fits",
                facts.sensitive_successes
            ))],
            ..Failure::default()
        })),
    }
}
