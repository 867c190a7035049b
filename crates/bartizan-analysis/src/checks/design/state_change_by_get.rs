//! Operations that change state by GET.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Outcome, Owasp, Root, Severity, Side, Status,
};
use bartizan_protocols::Value;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{example, get, send},
    scope::{self, Answer},
    subject::Kind,
    words::{known, words},
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
    run: Run::Exchange(|subject| scope::settle(look(subject))),
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

fn look(subject: &Subject<'_>) -> Answer {
    scope::applies(subject.exchange.request.method == "GET")?;
    scope::success(subject)?;
    scope::applies(subject.kind == Kind::Api)?;
    Ok(match reason(subject) {
        Some(reason) => Outcome::fail(scope::note(subject, reason)),
        None => Outcome::Pass,
    })
}

fn reason(subject: &Subject<'_>) -> Option<String> {
    let path = subject.path;
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    if let Some(verb) = verb(last) {
        return Some(format!("the path names the verb {verb} and GET was answered with success"));
    }
    let query = subject.decoded.view.root(Side::Request, Root::Query)?;
    query.children().find_map(|parameter| {
        let Value::Text(value) = parameter.value() else { return None };
        let name = parameter.key();
        if name.eq_ignore_ascii_case("query") && value.trim_start().starts_with("mutation") {
            return Some("a GraphQL mutation was sent by GET and answered with success".to_owned());
        }
        if !ACTIONS.iter().any(|action| action.eq_ignore_ascii_case(name)) {
            return None;
        }
        let verb = verb(value)?;
        Some(format!("the query names the action {verb} and GET was answered with success"))
    })
}

/// The verb that a text begins with.
fn verb(text: &str) -> Option<&'static str> {
    words(text).next().and_then(|word| known(word, VERBS))
}
