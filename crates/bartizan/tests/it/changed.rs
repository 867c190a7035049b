//! The change log, from captures to the command that lists it.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{home, result, run, stderr, write};

/// One request: who, what, and what the answer says.
type Call = (usize, &'static str, &'static str);

const ORDER: &str = "{\"id\":7}";

/// Calls of a day, one each second. Every caller has a token and an address of their own.
fn capture(day: u32, calls: &[Call]) -> String {
    let mut out = String::new();
    for (number, (caller, target, body)) in calls.iter().enumerate() {
        let token = format!("Bearer c4ed6c219dd54a058e3fc56d1151cc{caller:02}");
        let exchange = json!({
            "id": format!("{day}-{number}"),
            "time": format!("2026-11-{day:02}T10:{:02}:{:02}Z", number / 60, number % 60),
            "client": { "ip": format!("198.51.100.{caller}") },
            "request": {
                "method": "GET", "url": format!("https://app.example.com{target}"),
                "headers": [["host", "app.example.com"], ["authorization", token]], "body": "",
            },
            "response": {
                "status": 200, "headers": [["content-type", "application/json"]], "body": body,
            },
        });
        out.push_str(&format!("{exchange}\n"));
    }
    out
}

/// What is said beside the result.
fn analyze(home: &TempDir, day: u32, calls: &[Call]) -> String {
    let path = write(home, &format!("{day}.jsonl"), capture(day, calls).as_bytes());
    let output = run(home, &["analyze", &path, "--data", "kept", "--no-report"]);
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// Kind, path and subject of what is listed.
fn listed(home: &TempDir, more: &[&str]) -> Vec<(String, String, String)> {
    let mut arguments = vec!["catalog", "changes", "--data", "kept", "--format", "json"];
    arguments.extend(more);
    let all = result(home, &arguments);
    let text = |one: &Value, member: &str| one[member].as_str().expect("text").to_owned();
    let of = |one: &Value| (text(one, "kind"), text(one, "path"), text(one, "subject"));
    let mut all: Vec<_> = all.as_array().expect("a list").iter().map(of).collect();
    all.sort();
    all
}

fn usual() -> Vec<Call> {
    (0..30).map(|n| (n % 3 + 1, "/v1/orders?page=1", ORDER)).collect()
}

fn entry(kind: &str, path: &str, subject: &str) -> (String, String, String) {
    (kind.to_owned(), path.to_owned(), subject.to_owned())
}

#[test]
fn what_a_second_capture_has_that_the_first_had_not_is_a_change() {
    let home = home();
    analyze(&home, 22, &usual());
    assert!(listed(&home, &[]).is_empty(), "the first results are the baseline");
    let text = run(&home, &["catalog", "changes", "--data", "kept"]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(text.contains("No change is known.") && text.contains("compared with them"), "{text}");

    // Nobody alone makes a change: neither a parameter, nor an endpoint, nor a data class.
    let alone = [
        (1, "/v1/orders?page=1&debug=1", ORDER),
        (1, "/v1/orders?page=1&debug=1", ORDER),
        (1, "/v1/hidden", ORDER),
        (1, "/v1/hidden", ORDER),
        (1, "/v1/orders?page=1", "{\"id\":7,\"card_number\":\"4111111111111111\"}"),
    ];
    let said = analyze(&home, 23, &alone);
    assert!(!said.contains("catalog changes"), "{said}");
    assert!(listed(&home, &[]).is_empty());

    let together = [
        (2, "/v1/orders?page=1&debug=1", ORDER),
        (2, "/v1/hidden", ORDER),
        (2, "/v1/orders?page=1", "{\"id\":8,\"card_number\":\"4111111111111111\"}"),
    ];
    let said = analyze(&home, 24, &together);
    assert!(said.contains("3 changes of the catalogue"), "{said}");
    let expected = [
        entry("data_class_added", "/v1/orders", "payment_card"),
        entry("endpoint_added", "/v1/hidden", ""),
        entry("parameter_added", "/v1/orders", "query.debug"),
    ];
    assert_eq!(listed(&home, &[]), expected);
    assert_eq!(listed(&home, &["--kind", "endpoint_added"]), expected[1..2]);
    assert_eq!(listed(&home, &["--grade", "alert"]), expected[..1], "a card in an answer");
    assert!(listed(&home, &["--since", "2027-01-01"]).is_empty());
    assert_eq!(listed(&home, &["--limit", "2"]).len(), 2);

    let table = run(&home, &["catalog", "changes", "--data", "kept", "--format", "csv"]);
    let table = String::from_utf8(table.stdout).expect("UTF-8");
    assert!(table.starts_with("id,time,noticed,kind,grade,") && table.lines().count() == 4);
    let text = run(&home, &["catalog", "changes", "--data", "kept"]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(
        ["new parameter", "query.debug", "/v1/hidden"].iter().all(|said| text.contains(said)),
        "{text}"
    );
    assert!(!text.contains("4111111111111111"));
    let wrong = run(&home, &["catalog", "changes", "--data", "kept", "--kind", "nonsense"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    assert!(stderr(&wrong).contains("parameter_added"), "{}", stderr(&wrong));
    let endpoints = result(&home, &["catalog", "--data", "kept", "--format", "json"]);
    assert!(endpoints.as_array().expect("a list").len() >= 2, "endpoints are listed as before");
}
