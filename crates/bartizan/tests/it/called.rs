//! What is called at one path, from input to output: listed, compared with schemas, not made up.

use serde_json::{Value, json};

use crate::command::{home, result, write};

/// A request to a path of one host, its answer, and who asked.
fn exchange(
    number: usize,
    path: &str,
    headers: Value,
    asked: &str,
    status: u16,
    answer: &str,
) -> String {
    let kind = headers["content-type"].as_str().unwrap_or("application/json").to_owned();
    let fields = headers.as_object().expect("an object").iter();
    let mut headers: Vec<Value> = fields.map(|(name, value)| json!([name, value])).collect();
    headers.push(json!(["host", "api.example.com"]));
    let one = json!({
        "id": number.to_string(),
        "time": format!("2026-11-22T10:{:02}:{:02}Z", number / 60, number % 60),
        "client": { "ip": format!("198.51.100.{}", number % 5 + 1) },
        "request": {
            "method": "POST", "url": format!("https://api.example.com{path}"),
            "headers": headers, "body": asked,
        },
        "response": { "status": status, "headers": [["content-type", kind]], "body": answer },
    });
    format!("{one}\n")
}

fn graphql(number: usize, document: &str, answer: &str) -> String {
    let asked = json!({ "query": document }).to_string();
    exchange(number, "/graphql", json!({ "content-type": "application/json" }), &asked, 200, answer)
}

fn soap(number: usize, inside: &str, status: u16, answer: &str) -> String {
    let wrap = |inside: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{inside}</s:Body></s:Envelope>"
        )
    };
    let headers = json!({ "content-type": "text/xml" });
    exchange(number, "/soap", headers, &wrap(inside), status, &wrap(answer))
}

/// Traffic of four protocols; three names are made up.
fn traffic() -> String {
    let mut out = String::new();
    for round in 0..6 {
        let n = round * 10;
        out += &graphql(
            n,
            "query Who($id: ID!) { user(id: $id) { email } }",
            r#"{"data":{"user":{"email":"ada@example.com"}}}"#,
        );
        out += &graphql(n + 1, "mutation { leave { ok } }", r#"{"data":{"leave":{"ok":true}}}"#);
        out += &graphql(n + 2, "{ hidden { id } }", r#"{"data":{"hidden":{"id":1}}}"#);
        out += &graphql(
            n + 3,
            &format!("{{ guess{round} }}"),
            r#"{"errors":[{"message":"no such field"}]}"#,
        );
        out += &soap(
            n + 4,
            "<m:Add xmlns:m=\"urn:c\"><a>1</a></m:Add>",
            200,
            "<AddResponse>2</AddResponse>",
        );
        let call =
            |method: &str| json!({ "jsonrpc": "2.0", "id": n, "method": method }).to_string();
        let kind = json!({ "content-type": "application/json" });
        let ok = r#"{"jsonrpc":"2.0","id":1,"result":{"total":12}}"#;
        out += &exchange(n + 5, "/rpc", kind.clone(), &call("orders.list"), 200, ok);
        let tool = json!({ "jsonrpc": "2.0", "id": n, "method": "tools/call", "params": { "name": "search", "arguments": { "q": "a" } } });
        out += &exchange(n + 6, "/mcp", kind.clone(), &tool.to_string(), 200, ok);
        let refused =
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}"#;
        out +=
            &exchange(n + 7, "/rpc", kind.clone(), &call(&format!("guess{round}")), 200, refused);
        let grpc = json!({ "content-type": "application/grpc" });
        out += &exchange(n + 8, "/shop.v1.Users/Get", grpc, "", 200, "");
    }
    out
}

/// Protocol, operation and state of what is listed at a path.
fn listed(result: &Value, path: &str) -> Vec<(String, String, String)> {
    let endpoints = result["endpoints"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let mut out: Vec<_> = endpoints
        .filter(|e| e["path"] == path)
        .map(|e| (text(&e["protocol"]), text(&e["operation"]), text(&e["inventory_state"])))
        .collect();
    out.sort();
    out
}

fn named(found: &[(String, String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(protocol, operation, _)| (protocol.as_str(), operation.as_str())).collect()
}

#[test]
fn operations_are_listed_and_made_up_ones_are_not() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let found = result(&home, &["analyze", &input, "--format", "json"]);
    assert_eq!(
        named(&listed(&found, "/graphql")),
        [
            ("graphql", ""),
            ("graphql", "mutation leave"),
            ("graphql", "query hidden"),
            ("graphql", "query user")
        ]
    );
    assert_eq!(named(&listed(&found, "/rpc")), [("json_rpc", ""), ("json_rpc", "orders.list")]);
    assert_eq!(named(&listed(&found, "/mcp")), [("mcp", "tools/call search")]);
    assert_eq!(named(&listed(&found, "/soap")), [("soap", "Add")]);
    assert_eq!(named(&listed(&found, "/shop.v1.Users/Get")), [("grpc", "shop.v1.Users/Get")]);
    let endpoints = found["endpoints"].as_array().expect("a list");
    let total: u64 = endpoints.iter().filter_map(|e| e["requests"].as_u64()).sum();
    assert_eq!(total, 54, "every exchange has its place");
    let user = endpoints.iter().find(|e| e["operation"] == "query user").expect("listed");
    assert_eq!(
        (&user["requests"], &user["data_classes"][0]["class"]),
        (&json!(6), &json!("email"))
    );
    let ids: std::collections::BTreeSet<_> = endpoints.iter().map(|e| e["id"].as_str()).collect();
    assert_eq!(ids.len(), endpoints.len());
}

#[test]
fn a_schema_is_compared_with_what_is_called() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let schema = "type Query { user(id: ID!): String never: Int }\n\
                  type Mutation { leave: Boolean @deprecated }\n";
    let schema = write(&home, "schema.graphql", schema.as_bytes());
    let found = result(&home, &["analyze", &input, "--spec", &schema, "--format", "json"]);
    let state = |operation: &str| {
        let found = listed(&found, "/graphql");
        found.into_iter().find(|one| one.1 == operation).map(|one| one.2)
    };
    assert_eq!(state("query user").as_deref(), Some("documented"));
    assert_eq!(state("mutation leave").as_deref(), Some("zombie"));
    assert_eq!(state("query hidden").as_deref(), Some("shadow"));
    assert_eq!(listed(&found, "/rpc")[0].2, "unspecified", "nothing is said about other protocols");
    assert_eq!(found["summary"]["orphans"], 1);
    let spec = &found["summary"]["specs"][0];
    assert_eq!((&spec["operations"], &spec["seen"]), (&json!(3), &json!(2)));
}
