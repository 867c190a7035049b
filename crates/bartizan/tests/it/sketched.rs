//! What is learned of GraphQL and gRPC, from traffic to a schema and back.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{home, result, run, stderr, write};

fn exchange(number: usize, path: &str, kind: &str, asked: &[u8], answered: &[u8]) -> String {
    let one = json!({
        "id": number.to_string(),
        "time": format!("2026-11-22T10:{:02}:{:02}Z", number / 60, number % 60),
        "client": { "ip": format!("198.51.100.{}", number % 5 + 1) },
        "request": {
            "method": "POST", "url": format!("https://api.example.com{path}"),
            "headers": [["host", "api.example.com"], ["content-type", kind]],
            "body_base64": STANDARD.encode(asked),
        },
        "response": {
            "status": 200, "headers": [["content-type", kind]], "body_base64": STANDARD.encode(answered),
        },
    });
    format!("{one}\n")
}

const WHO: &str =
    "query Who($id: ID!) { user(id: $id) { __typename id name tags boss { ...Named } } }
fragment Named on User { __typename name }";

fn graphql(number: usize) -> String {
    let (asked, answer) = if number.is_multiple_of(2) {
        (
            json!({ "query": WHO, "variables": { "id": "7" } }),
            json!({ "user": { "__typename": "User", "id": "7", "name": "ada", "tags": ["a", "b"],
                "boss": if number.is_multiple_of(4) { json!({ "__typename": "User", "name": null }) } else { Value::Null } } }),
        )
    } else {
        let rename =
            "mutation M($input: RenameInput!) { rename(input: $input, quiet: true) { ok } }";
        (
            json!({ "query": rename, "variables": { "input": { "id": 7, "name": "bob" } } }),
            json!({ "rename": { "ok": true } }),
        )
    };
    let (asked, answer) = (asked.to_string(), json!({ "data": answer }).to_string());
    exchange(number, "/graphql", "application/json", asked.as_bytes(), answer.as_bytes())
}

fn frame(message: &[u8]) -> Vec<u8> {
    [&[0][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

fn grpc(number: usize) -> String {
    // `{1: 7, 3: {1: "sku-1"}, 3: {1: "sku-2"}}`, answered with two of `{1: 1, 2: "…"}`.
    let asked = frame(b"\x08\x07\x1a\x07\x0a\x05sku-1\x1a\x07\x0a\x05sku-2");
    let answer = [frame(b"\x08\x01\x12\x04sent"), frame(b"\x08\x01\x12\x04gone")].concat();
    exchange(number, "/shop.v1.Orders/Watch", "application/grpc", &asked, &answer)
}

fn traffic() -> String {
    (0..50).map(|n| if n < 44 { graphql(n) } else { grpc(n) }).collect()
}

fn document(home: &TempDir, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The endpoints of a protocol, compared with a document.
fn compared(home: &TempDir, input: &str, document: &str, protocol: &str) -> Vec<Value> {
    let found = result(home, &["analyze", input, "--spec", document, "--format", "json"]);
    assert_eq!(found["summary"]["specs"][0]["problems"], json!([]), "{found}");
    let endpoints = found["endpoints"].as_array().expect("a list").iter();
    endpoints.filter(|one| one["protocol"] == protocol).cloned().collect()
}

#[test]
fn a_learned_schema_describes_what_it_was_learned_from() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let text = document(&home, &["analyze", &input, "--format", "graphql"]);
    for line in [
        "# Learned from 44 of 44 calls to api.example.com",
        "  user(id: ID!): User! # asked for 22 times",
        "  rename(input: RenameInput!, quiet: Boolean!): MutationRename!",
        "type User {",
        "  name: String #",
        "  tags: [String!]! #",
        "  boss: User #",
        "input RenameInput {\n  id: ID!\n  name: String!\n}",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let schema = write(&home, "learned.graphql", text.as_bytes());
    let endpoints = compared(&home, &input, &schema, "graphql");
    assert_eq!(endpoints.len(), 2);
    for one in endpoints {
        assert_eq!(one["inventory_state"], "documented", "{one}");
        assert_eq!(one["written"]["drift"], json!([]), "{one}");
    }
}

#[test]
fn a_sketched_file_describes_what_it_was_learned_from() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let text = document(&home, &["analyze", &input, "--format", "proto"]);
    for line in [
        "package shop.v1;",
        "  rpc Watch(OrdersWatchRequest) returns (stream OrdersWatchResponse); // called 6 times",
        "  repeated Message3 field_3 = 3;",
        "    string field_1 = 1; // or bytes",
        "  bool field_1 = 1; // or an integer or enumeration",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let file = write(&home, "learned.proto", text.as_bytes());
    let endpoints = compared(&home, &input, &file, "grpc");
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0]["inventory_state"], "documented");
    assert_eq!(endpoints[0]["written"]["drift"], json!([]));
}

#[test]
fn drift_of_calls_is_shown_everywhere() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let schema = "type Query { user(id: ID!): User }\ntype Mutation { rename(input: RenameInput!, quiet: Boolean): Done }\n\
        type Done { ok: Boolean @deprecated }\ninput RenameInput { id: ID name: String }\n\
        type User { id: ID name: String tags: [String] }\n";
    let schema = write(&home, "schema.graphql", schema.as_bytes());
    let data = home.path().join("data").display().to_string();
    let found =
        result(&home, &["analyze", &input, "--spec", &schema, "--data", &data, "--format", "json"]);
    let drift = |operation: &str| {
        let endpoints = found["endpoints"].as_array().expect("a list");
        let one = endpoints.iter().find(|e| e["operation"] == operation).expect("listed");
        let drift = one["written"]["drift"].as_array().expect("a list").iter();
        drift
            .map(|d| format!("{} {} {}", d["grade"], d["kind"], d["location"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(drift("query user"), ["warning unwritten graphql:user.boss"]);
    assert_eq!(drift("mutation rename"), ["info deprecated graphql:rename.ok"]);
    let listed = document(&home, &["catalog", "--data", &data, "--format", "csv"]);
    assert!(listed.lines().next().is_some_and(|head| head.contains(",drift,")), "{listed}");
    assert!(listed.contains(",1 warning,") && listed.contains(",1 info,"), "{listed}");
    let graver =
        document(&home, &["catalog", "--data", &data, "--format", "csv", "--drift", "warning"]);
    assert_eq!(graver.lines().count(), 2, "{graver}");
    let report = home.path().join("report.html");
    let shown = report.display().to_string();
    document(&home, &["analyze", &input, "--spec", &schema, "--format", "html", "--out", &shown]);
    let report = std::fs::read_to_string(report).expect("a report");
    assert!(report.contains("Specification and traffic") && report.contains("graphql:user.boss"));
}

#[test]
fn what_is_kept_can_be_described_later() {
    let home = home();
    let input = write(&home, "calls.jsonl", traffic().as_bytes());
    let data = home.path().join("data").display().to_string();
    result(&home, &["analyze", &input, "--data", &data, "--format", "json"]);
    for format in ["openapi", "graphql", "proto"] {
        let kept = document(&home, &["catalog", "--data", &data, "--format", format]);
        assert_eq!(kept, document(&home, &["analyze", &input, "--format", format]), "{format}");
    }
    let refused = run(&home, &["catalog", "--data", &data, "--format", "proto", "--package", "x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("seen were shop.v1 (6 requests)"), "{}", stderr(&refused));
    let plain = write(
        &home,
        "plain.jsonl",
        traffic()
            .replace("/graphql", "/other")
            .replace("application/grpc", "text/plain")
            .as_bytes(),
    );
    let refused = run(&home, &["analyze", &plain, "--format", "proto"]);
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
}
