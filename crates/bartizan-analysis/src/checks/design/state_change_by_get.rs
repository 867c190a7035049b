//! Operations that change state by GET.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Root, Severity, Side, Status,
};
use bartizan_protocols::Value;

use crate::{
    Facts,
    checks::{
        CheckItem, Expected, Run,
        example::{example, get, send},
        scope::{self, Answer, Kind},
    },
};

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C022",
        name: "state-change-by-get",
        title: "Operation changes state by GET",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(650), Cwe(352)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::Status],
        what: "Fails when an API answers a GET with success whose last path segment begins with a verb \
               that changes something (`delete`, `remove`, `create`, `update`, `cancel`, `transfer`, \
               `revoke` …), whose query names such an action, or that carries a GraphQL mutation. \
               Pages do not apply: `/users/create` is usually a form.",
        why: "Links, images, prefetching and crawlers send GET requests in the user's name; caches and \
              retries repeat them.",
        fix: "Use POST, PUT, PATCH or DELETE for what changes state, and refuse GET there.",
        references: &["RFC 9110 section 9.2.1", "GraphQL over HTTP: GET requests"],
    },
    run: Run::Exchange(|facts| scope::settle(look(facts))),
    examples: &[
        example("delete by GET", Expected::Fail, || {
            get("https://api.example.com/v1/deleteUser?id=7")
                .bearer()
                .json(200, r#"{"ok":true}"#)
                .one()
        }),
        example("an action in the query", Expected::Fail, || {
            get("https://api.example.com/api/users?action=remove&id=7").json(200, "{}").one()
        }),
        example("a mutation by GET", Expected::Fail, || {
            let url =
                "https://api.example.com/graphql?query=mutation%7BdeleteUser(id:7)%7Bid%7D%7D";
            get(url).json(200, r#"{"data":{}}"#).one()
        }),
        example("an ordinary read", Expected::Pass, || {
            get("https://api.example.com/v1/updates?created=2026").json(200, "[]").one()
        }),
        example("the right method", Expected::NotApplicable, || {
            send("DELETE", "https://api.example.com/v1/users/7").bearer().json(200, "{}").one()
        }),
        example("a form", Expected::NotApplicable, || {
            get("https://www.example.com/users/create")
                .answer(200, "text/html", "<form></form>")
                .one()
        }),
        example("no answer was seen", Expected::NotEvaluated, || {
            get("https://api.example.com/v1/deleteUser?id=7").bearer().one()
        }),
    ],
};

const VERBS: &[&str] = &[
    "delete",
    "remove",
    "create",
    "update",
    "cancel",
    "approve",
    "disable",
    "enable",
    "transfer",
    "purge",
    "destroy",
    "revoke",
    "insert",
    "erase",
    "drop",
    "grant",
    "activate",
    "deactivate",
];

/// Query parameters whose value names the action.
const ACTIONS: &[&str] = &["action", "do", "op", "operation", "cmd", "method", "_method"];

fn look(facts: &Facts<'_>) -> Answer {
    scope::applies(facts.exchange.request.method == "GET")?;
    let reason = reason(facts);
    scope::success(facts)?;
    scope::applies(scope::kind(facts) == Kind::Api)?;
    Ok(match reason {
        Some(reason) => Outcome::fail(scope::note(facts, reason)),
        None => Outcome::Pass,
    })
}

fn reason(facts: &Facts<'_>) -> Option<String> {
    let path = facts.exchange.request.path();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let words = scope::path_words(last);
    if let Some(verb) = words.first().filter(|word| VERBS.contains(&word.as_str())) {
        return Some(format!("the path names the verb {verb} and GET was answered with success"));
    }
    let query = facts.decoded.view.root(Side::Request, Root::Query)?;
    query.children().find_map(|parameter| {
        let Value::Text(value) = parameter.value() else { return None };
        let name = parameter.key().to_ascii_lowercase();
        if name == "query" && value.trim_start().starts_with("mutation") {
            return Some("a GraphQL mutation was sent by GET and answered with success".to_owned());
        }
        let words = scope::path_words(value);
        let verb = words.first().filter(|word| VERBS.contains(&word.as_str()))?;
        ACTIONS
            .contains(&name.as_str())
            .then(|| format!("the query names the action {verb} and GET was answered with success"))
    })
}
