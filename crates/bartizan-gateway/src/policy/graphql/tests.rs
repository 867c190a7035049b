//! Documents that ask for too much, in every place where servers look for them.

use bartizan_model::{Request, Root, Side};

use super::*;

fn rule(text: &str) -> Graphql {
    let config: GraphqlConfig = serde_saphyr::from_str(text).expect("settings");
    Graphql::compile(&config, 1).expect("compiles")
}

/// The reason for which a request is refused, or passes without a complete look.
fn asked(
    rule: &Graphql,
    query: &str,
    kind: &str,
    body: &str,
) -> Result<Option<&'static str>, &'static str> {
    let request = {
        let mut request = Request { body: body.to_owned().into(), ..Request::default() };
        if !kind.is_empty() {
            request.headers.push("content-type", kind);
        }
        request
    };
    let body = rule.within.decode(kind, request.body.clone());
    if let Some(reason) = cut(&body.view, Places::BODY) {
        return rule.within.gap(reason).map_err(|refusal| refusal.reason);
    }
    let checked = match Sources::of(query, &body, &rule.within) {
        Ok(sources) => rule.judge(&sources.asked(&body), request.body.is_empty()),
        Err(reason) => rule.within.gap(reason),
    };
    checked.map_err(|refusal| refusal.reason)
}

fn json(rule: &Graphql, document: &str) -> Result<Option<&'static str>, &'static str> {
    let body = serde_json::json!({ "query": document }).to_string();
    asked(rule, "", "application/json", &body)
}

const JSON: &str = "application/json";
const ROOM: &str = "budget_micros: 1000000";

#[test]
fn each_limit_has_its_reason() {
    let rule = rule(&format!("{{{ROOM}, alone: [login], deny: [secret]}}"));
    let many = |text: &str, times: usize| text.repeat(times);
    for (document, expected) in [
        ("{a{b{c{d{e}}}}}".to_owned(), Ok(None)),
        ("{a{b{c{d{e{f}}}}}}".to_owned(), Err("depth")),
        ("{a{...F}} fragment F on A {b{c{d{e{f}}}}}".to_owned(), Err("depth")),
        (format!("{}a{}", many("{a", 40), many("}", 40)), Err("depth")),
        ("{a(first: 100){b}}".to_owned(), Ok(None)),
        ("{a(first: 101){b}}".to_owned(), Err("cost")),
        ("{a(first: 20){b(last: 10){c}}}".to_owned(), Err("cost")),
        (format!("{{{}}}", many("x: a ", 16)), Err("aliases")),
        (format!("{{a {}}}", many("@b ", 21)), Err("directives")),
        (format!("{{a{{{}}}}}", many("b ", 1000)), Err("tokens")),
        ("{__schema{types{name}}}".to_owned(), Err("introspection")),
        (
            "{...F} fragment F on Query {x: __type(name: \"A\"){name}}".to_owned(),
            Err("introspection"),
        ),
        ("{a{__typename}}".to_owned(), Ok(None)),
        ("{...F} fragment F on A {...F}".to_owned(), Err("fragments")),
        ("mutation{login(a: 1){t}}".to_owned(), Ok(None)),
        ("mutation{x: login(a: 1){t} y: login(a: 2){t}}".to_owned(), Err("not-alone")),
        ("mutation{login(a: 1){t} ping}".to_owned(), Err("not-alone")),
        ("{a{secret}}".to_owned(), Err("field")),
        ("{a".to_owned(), Err(NOT_READABLE)),
        (format!("{{{}}}", many("a ", 30_000)), Err(OVER_LIMITS)),
    ] {
        let shown = &document[..document.len().min(60)];
        assert_eq!(json(&rule, &document), expected, "{shown}");
    }
}

/// What is the limit of one request cannot be got around by sending several in one.
#[test]
fn operations_of_a_batch_count_together() {
    let rule = rule(&format!("{{{ROOM}, alone: [login]}}"));
    let batch = |document: &str, times: usize| {
        let one = serde_json::json!({ "query": document });
        asked(&rule, "", JSON, &serde_json::json!(vec![one; times]).to_string())
    };
    assert_eq!(batch("{a{b}}", 10), Ok(None));
    assert_eq!(batch("{a{b}}", 11), Err("batch"));
    assert_eq!(batch("{a(first: 11){b}}", 10), Err("cost"));
    assert_eq!(batch("mutation{login{t}}", 1), Ok(None));
    assert_eq!(batch("mutation{login{t}}", 2), Err("not-alone"));
}

#[test]
fn what_is_not_read_hides_nothing_behind_it() {
    let rule = rule(&format!("{{{ROOM}, on_unreadable: pass, on_budget: pass}}"));
    assert_eq!(json(&rule, "{a"), Ok(Some(NOT_READABLE)));
    let batch = |first: &str| {
        format!(r#"[{{"query":"{first}"}},{{"query":"{{a{{b{{c{{d{{e{{f}}}}}}}}}}}}"}}]"#)
    };
    assert_eq!(asked(&rule, "", JSON, &batch("{a")), Err("depth"));
    assert_eq!(
        asked(&rule, "", JSON, &batch(&format!("{{{}}}", "a ".repeat(30_000)))),
        Err("depth")
    );
}

#[test]
fn documents_are_found_wherever_servers_look() {
    let rule = rule(&format!("{{{ROOM}}}"));
    let deep = "{a{b{c{d{e{f}}}}}}";
    let in_target = format!("query={deep}");
    let in_json = serde_json::json!({ "query": deep }).to_string();
    let part = |name: &str, kind: &str, value: &str| {
        format!(
            "--b\r\ncontent-disposition: form-data; name=\"{name}\"{kind}\r\n\r\n{value}\r\n--b--\r\n"
        )
    };
    let multipart = "multipart/form-data; boundary=b";
    let typed = "\r\ncontent-type: application/json";
    for (query, kind, body) in [
        (in_target.as_str(), "", ""),
        ("", JSON, in_json.as_str()),
        ("", "", &in_json),
        ("", "text/plain", &in_json),
        ("", "application/graphql", deep),
        ("", "application/x-www-form-urlencoded", "query=%7Ba%7Bb%7Bc%7Bd%7Be%7Bf%7D%7D%7D%7D%7D%7D"),
        ("", multipart, &part("operations", "", &in_json)),
        ("", multipart, &part("operations", typed, &in_json)),
        ("", multipart, &part("operations", "", &format!("[{in_json}]"))),
        ("", multipart, &part("query", "", deep)),
        ("", multipart, &part("Operations", "", &in_json)),
        // Servers that ignore case find them here.
        (&format!("Query={deep}"), "", ""),
        ("", JSON, &in_json.replace("query", "QUERY")),
        ("", "application/vnd.api+json", &in_json),
        // One place does not hide another.
        ("query={a}", JSON, &in_json),
        (&in_target, JSON, r#"{"query": "{a}"}"#),
        ("", JSON, &format!(r#"{{"operations": {{"query": "{{a}}"}}, "query": "{deep}"}}"#)),
        ("", JSON, &serde_json::json!({"query": format!("query A{{a}} query B{deep}"), "operationName": "A"}).to_string()),
    ] {
        assert_eq!(asked(&rule, query, kind, body), Err("depth"), "{query} {kind} {body}");
    }
}

#[test]
fn sizes_in_variables_count_wherever_these_are() {
    let rule = rule(&format!("{{{ROOM}}}"));
    let document = "query($n: Int){a(first: $n){b}}";
    let of = |variables: serde_json::Value| {
        let body = serde_json::json!({ "query": document, "variables": variables }).to_string();
        asked(&rule, "", JSON, &body)
    };
    assert_eq!(of(serde_json::json!({ "n": 100 })), Ok(None));
    assert_eq!(of(serde_json::json!({ "n": 101 })), Err("cost"));
    assert_eq!(of(serde_json::json!("{\"n\": 101}")), Err("cost"));
    assert_eq!(of(serde_json::json!("{\"n\": 101")), Err(NOT_READABLE));
    let inner = serde_json::json!({ "query": document, "variables": "{\"n\": 101}" });
    let nested = serde_json::json!({ "operations": inner.to_string() }).to_string();
    assert_eq!(asked(&rule, "", JSON, &nested), Err(NOT_READABLE));
    let target = format!("query={document}&variables=%7B%22n%22%3A101%7D");
    assert_eq!(asked(&rule, &target, "", ""), Err("cost"));
    let apart = format!("query={document}");
    assert_eq!(asked(&rule, &apart, JSON, r#"{"variables": {"n": 101}}"#), Err("cost"));
    let body = serde_json::json!({ "query": "{a}", "variables": { "n": 101 } }).to_string();
    assert_eq!(asked(&rule, &apart, JSON, &body), Err("cost"));
}

#[test]
fn changes_by_link_and_unknown_documents() {
    let usual = rule(&format!("{{{ROOM}}}"));
    assert_eq!(asked(&usual, "query=mutation{a}", "", ""), Err("mutation-by-link"));
    assert_eq!(asked(&usual, "query=mutation{a}", JSON, "{}"), Err("mutation-by-link"));
    assert_eq!(asked(&usual, "query={a}&query={b}", "", ""), Err(NOT_READABLE));
    assert_eq!(asked(&usual, "", JSON, r#"{"query": "{a}", "query": "{b}"}"#), Err(NOT_READABLE));
    assert_eq!(asked(&usual, "", JSON, r#"{"query": "{a}", "Query": "{b}"}"#), Err(NOT_READABLE));
    assert_eq!(asked(&usual, "query={a}&QUERY={b}", "", ""), Err(NOT_READABLE));
    let twice = r#"{"query": "{a}", "variables": {}, "variable\u017f": {}}"#;
    assert_eq!(asked(&usual, "", JSON, twice), Err(NOT_READABLE));
    // What is searched for is no document.
    let search = "query={a}&variables=%7B%22query%22%3A%22shoes%22%7D";
    assert_eq!(asked(&usual, search, "", ""), Ok(None));
    assert_eq!(asked(&usual, "", JSON, ""), Ok(None));
    // Who believes that it is a form reads another document.
    let two = r#"{"query": "{a}", "x": "&query=mutation{b}&y="}"#;
    assert_eq!(asked(&usual, "", "application/x-www-form-urlencoded", two), Err(NOT_READABLE));
    assert_eq!(asked(&usual, "", JSON, two), Ok(None));
    let hashed = r#"{"extensions": {"persistedQuery": {"sha256Hash": "ab"}}}"#;
    assert_eq!(asked(&usual, "", JSON, hashed), Ok(Some("document-not-seen")));
    let strict = rule(&format!("{{{ROOM}, persisted_only: true}}"));
    assert_eq!(asked(&strict, "", JSON, hashed), Ok(None));
    assert_eq!(json(&strict, "{a}"), Err("not-persisted"));
    let told = r#"{"query": "{a}", "extensions": {"persistedQuery": {"sha256Hash": "ab"}}}"#;
    assert_eq!(asked(&strict, "", JSON, told), Err("not-persisted"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("documents.json");
    std::fs::write(&path, r#"{"ab": "{a}"}"#).expect("written");
    let listed =
        rule(&format!("{{{ROOM}, persisted_only: true, documents: '{}'}}", path.display()));
    assert_eq!(asked(&listed, "", JSON, hashed), Ok(None));
    assert_eq!(asked(&listed, "", JSON, &hashed.replace("ab", "cd")), Err("not-persisted"));
    assert_eq!(asked(&listed, "", JSON, r#"{"documentId": "ab"}"#), Ok(None));
    let in_target = "extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22cd%22%7D%7D";
    assert_eq!(asked(&listed, in_target, "", ""), Err("not-persisted"));
    assert_eq!(asked(&listed, &in_target.replace("cd", "ab"), "", ""), Ok(None));
    assert_eq!(json(&listed, "{a}"), Ok(None));
    let both = |id: &str| format!(r#"{{"query": "{{a}}", "documentId": "{id}"}}"#);
    assert_eq!(asked(&listed, "", JSON, &both("ab")), Ok(None));
    assert_eq!(asked(&listed, "", JSON, &both("cd")), Err("not-persisted"));
    let two = hashed.replace("}}}", r#"}}, "id": "cd"}"#);
    assert_eq!(asked(&listed, "", JSON, &two), Err("not-persisted"));
    assert_eq!(json(&listed, "{b}"), Err("not-persisted"));
}

#[test]
fn messages_of_sockets_are_asked_about_too() {
    let rule = rule(&format!("{{{ROOM}}}"));
    let send = |text: &str| {
        let data = Bytes::copy_from_slice(text.as_bytes());
        let message = Message { from_client: true, is_text: true, data };
        rule.check_message(&message).map_err(|refusal| refusal.reason)
    };
    let deep = r#"{"id":"1","type":"subscribe","payload":{"query":"{a{b{c{d{e{f}}}}}}"}}"#;
    assert_eq!(send(deep), Err("depth"));
    assert_eq!(send(r#"{"type":"connection_init","payload":{"token":"x"}}"#), Ok(None));
    assert_eq!(send("ping"), Ok(None));
    assert_eq!(send(r#"{"payload":{},"payload":{"query":"{a}"}}"#), Err(NOT_READABLE));
    assert_eq!(send(r#"{"payload":{},"Payload":{"query":"{a}"}}"#), Err(NOT_READABLE));
    assert_eq!(send(&deep.replace("payload", "PayLoad").replace("query", "Query")), Err("depth"));
    assert_eq!(send(&format!("{{}}\n{deep}")), Err(NOT_READABLE));
}

#[test]
fn documents_fit_the_schema_and_are_not_told_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("schema.graphql");
    std::fs::write(&path, "type Query { user(id: ID!): User } type User { name: String }")
        .expect("written");
    let rule = rule(&format!("{{{ROOM}, schema: '{}'}}", path.display()));
    assert_eq!(json(&rule, "{user(id: 1){name}}"), Ok(None));
    assert_eq!(json(&rule, "{user(id: 1){password}}"), Err("unknown-field"));
    assert_eq!(json(&rule, "mutation{user{name}}"), Err("unknown-operation"));
    std::fs::write(&path, "openapi: 3.1.0\ninfo: {}\npaths: {}").expect("written");
    let config = GraphqlConfig { schema: Some(path), ..GraphqlConfig::default() };
    assert_eq!(Graphql::compile(&config, 1).expect_err("no schema").key, "schema");
}

#[test]
fn limits_have_ranges() {
    for (text, key) in [
        ("{depth: 0}", "depth"),
        ("{depth: 17}", "depth"),
        ("{cost: 0}", "cost"),
        ("{tokens: 10001}", "tokens"),
        ("{batch: 0}", "batch"),
        ("{alone: ['']}", "alone"),
        ("{body_bytes: 9000000}", "body_bytes"),
    ] {
        let config: GraphqlConfig = serde_saphyr::from_str(text).expect("settings");
        assert_eq!(Graphql::compile(&config, 1).expect_err(text).key, key);
    }
    // What is read has a body.
    let body = rule("{}").within.decode(JSON, Bytes::from_static(b"{}"));
    assert!(body.view.root(Side::Request, Root::Body).is_some());
}
