//! Object ids that can be counted through.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
};

use crate::{
    checks::{
        CheckItem, EndpointFacts, Expected, Run,
        example::{example, get},
    },
    endpoints::Segment,
};

/// Fewest distinct values before their distances say something.
const LEAST_VALUES: u64 = 5;
/// Least share of neighbours at most 2 apart.
const LEAST_SHARE: f64 = 0.5;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C020",
        name: "sequential-object-ids",
        title: "Personal data under ids that can be counted through",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api1),
        cwe: &[Cwe(340), Cwe(639)],
        attack: &[Attack("T1530")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody, Input::History],
        what: "Fails when an operation that was called with credentials answers with sensitive data and \
               at least 5 accepted values of a path parameter are integers of which at least half \
               have a neighbour at most 2 away.",
        why: "One forgotten check of ownership lets a script read every object; with ids that cannot be \
              guessed it reads one.",
        fix: "Check on every call that the caller may see the object, and give objects random ids \
              (UUID version 4, 128 bits).",
        references: &["RFC 9562 section 6.9", "OWASP API1:2023"],
    },
    run: Run::Endpoint(look),
    examples: &[
        example("customers 1 to 6", Expected::Fail, || customers(&[1, 2, 3, 4, 5, 6])),
        example("numbers far apart", Expected::Pass, || {
            customers(&[81_034, 1_930_482, 77_120_391, 590_318_274, 913_004, 62_003_811])
        }),
        example("no parameter in the path", Expected::NotApplicable, || {
            get("https://api.example.com/v1/me").bearer().json(200, "{}").one()
        }),
        example("one object only", Expected::NotEvaluated, || customers(&[1])),
    ],
};

fn customers(ids: &[u32]) -> Vec<bartizan_model::Exchange> {
    let one = |id: &u32| {
        let request = get(&format!("https://api.example.com/v1/customers/{id}")).bearer();
        request.json(200, &format!(r#"{{"email":"u{id}@example.com"}}"#)).build()
    };
    ids.iter().map(one).collect()
}

fn look(facts: &EndpointFacts<'_>) -> Outcome {
    let parameters = facts.template.segments.iter().any(|s| matches!(s, Segment::Parameter { .. }));
    if !parameters || facts.sensitive_successes == 0 {
        return Outcome::NotApplicable;
    }
    match (facts.authenticated_successes, facts.unjudged_successes) {
        (0, 0) => return Outcome::NotApplicable,
        (0, _) => return Outcome::NotEvaluated(Input::RequestHead),
        _ => {}
    }
    let enough = |values: u64| values >= LEAST_VALUES;
    let close = facts
        .integer_parameters
        .iter()
        .find(|(_, values, share)| enough(*values) && *share >= LEAST_SHARE);
    if let Some((name, values, share)) = close {
        return Outcome::fail(Evidence::note(format!(
            "{values} distinct integers as {name}, {:.0} % of them at most 2 from the next",
            share * 100.0
        )));
    }
    if facts.requests < LEAST_VALUES
        || facts.integer_parameters.iter().any(|(_, values, _)| !enough(*values))
    {
        return Outcome::NotEvaluated(Input::History);
    }
    Outcome::Pass
}
