//! GraphQL introspection.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Severity, Side, Status,
};
use bartizan_protocols::Value;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, post},
    scope::{self, Answer},
    subject::Reach,
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C027",
        name: "graphql-introspection-enabled",
        title: "GraphQL introspection is answered",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(200), Cwe(497)],
        attack: &[Attack("T1592")],
        inputs: &[Input::RequestBody, Input::Status, Input::ResponseBody],
        what: "Fails when a query for `__schema` is answered with the schema. Loopback does not apply.",
        why: "The whole API, internal fields and mutations included, is described to whoever asks.",
        fix: "Switch introspection off in production, or answer it to known developers only. It is no \
              substitute for authorization of each field.",
        references: &["GraphQL specification section 4.2: schema introspection"],
    },
    run: Run::Exchange(|subject| scope::settle(look(subject))),
    examples: &[
        example("the schema is answered", Expected::Fail, || {
            let query = r#"{"query":"{ __schema { types { name } } }"}"#;
            let body = r#"{"data":{"__schema":{"types":[{"name":"Query"}]}}}"#;
            post("https://api.example.com/graphql", query).json(200, body).one()
        }),
        example("refused", Expected::Pass, || {
            let query = r#"{"query":"{ __schema { types { name } } }"}"#;
            let body = r#"{"errors":[{"message":"introspection is disabled"}]}"#;
            post("https://api.example.com/graphql", query).json(200, body).one()
        }),
        example("another query", Expected::NotApplicable, || {
            let query = r#"{"query":"{ me { id __typename } }"}"#;
            post("https://api.example.com/graphql", query).json(200, r#"{"data":{}}"#).one()
        }),
        example("no answer was seen", Expected::NotEvaluated, || {
            let query = r#"{"query":"{ __schema { types { name } } }"}"#;
            post("https://api.example.com/graphql", query).one()
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let request = || subject.decoded.view.nodes().take_while(|node| node.side() == Side::Request);
    scope::applies(request().any(|node| node.key() == "query"))?;
    let asks = request().any(|node| node.name() == "query" && node.raw().contains("__schema"));
    scope::applies(asks && subject.reach != Reach::Loopback)?;
    scope::response(subject)?;
    let answered = subject.decoded.view.nodes().any(|node| {
        node.side() == Side::Response
            && node.key() == "__schema"
            && node.value() == Value::Object
            && node.children().next().is_some()
    });
    if answered {
        return Ok(Outcome::fail(scope::note(
            subject,
            "a query for __schema was answered with the schema",
        )));
    }
    Ok(scope::pass_if_body_seen(subject))
}
