//! Lists without a bound.

use bartizan_model::{
    Attack, Confidence, Cwe, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Status,
};

use crate::checks::{
    CheckItem, EndpointFacts, Expected, Run,
    example::{example, get},
};

/// Fewest elements of one array that make a list long.
const LONG: u64 = 500;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C021",
        name: "unbounded-list",
        title: "Long list without paging",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api4),
        cwe: &[Cwe(770), Cwe(400)],
        attack: &[Attack("T1119")],
        inputs: &[Input::RequestHead, Input::ResponseBody, Input::History],
        what: "Fails when one array of a successful answer had at least 500 elements and no request of \
               the operation ever carried a parameter that bounds the number of results (`limit`, \
               `page`, `cursor` …).",
        why: "One cheap request makes the server build an answer that grows with the data; many of them \
              stop it, and one call exports everything.",
        fix: "Page the list, with a maximum that the server enforces.",
        references: &["OWASP API4:2023"],
    },
    run: Run::Endpoint(look),
    examples: &[
        example("six hundred numbers at once", Expected::Fail, || {
            let items = vec!["7"; 600].join(",");
            get("https://api.example.com/v1/items").json(200, &format!("[{items}]")).one()
        }),
        example("a page of them", Expected::Pass, || {
            let items = vec!["7"; 600].join(",");
            get("https://api.example.com/v1/items?limit=600").json(200, &format!("[{items}]")).one()
        }),
        example("a short list", Expected::Pass, || {
            get("https://api.example.com/v1/items").json(200, "[1,2,3]").one()
        }),
        example("no list", Expected::NotApplicable, || {
            get("https://api.example.com/v1/items/7").json(200, r#"{"id":7}"#).one()
        }),
    ],
};

fn look(facts: &EndpointFacts<'_>) -> Outcome {
    match facts.largest_array {
        0 => Outcome::NotApplicable,
        LONG.. if !facts.has_page_parameter => Outcome::fail(Evidence::note(format!(
            "an array of {} elements (limit of this check: {LONG}); no request had a parameter that \
             bounds it",
            facts.largest_array
        ))),
        _ => Outcome::Pass,
    }
}
