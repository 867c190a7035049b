//! Journeys, from a capture to the command that shows them.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{home, result, run, stderr, write};

/// Callers look around without a name, log in, and list their orders.
fn capture() -> String {
    let mut out = String::new();
    for caller in 1..=24 {
        let token = format!("Bearer c4ed6c219dd54a058e3fc56d1151cc{caller:02}");
        let login = "{\"email\":\"ann@example.com\",\"password\":\"a secret of mine\"}";
        for (second, method, path, body, token) in [
            (0, "GET", "/products", "", None),
            (5, "POST", "/login", login, None),
            (6, "GET", "/orders", "", Some(&token)),
        ] {
            let mut headers =
                vec![json!(["host", "app.example.com"]), json!(["user-agent", "app/1"])];
            headers.extend(token.map(|token| json!(["authorization", token])));
            if !body.is_empty() {
                headers.push(json!(["content-type", "application/json"]));
            }
            let exchange = json!({
                "id": format!("{caller}-{second}"),
                "time": format!("2026-11-20T10:{caller:02}:{second:02}Z"),
                "client": { "ip": format!("198.51.100.{caller}") },
                "request": {
                    "method": method, "url": format!("https://app.example.com{path}"),
                    "headers": headers, "body": body,
                },
                "response": {
                    "status": 200, "headers": [["content-type", "application/json"]], "body": "{\"a\":1}",
                },
            });
            out.push_str(&format!("{exchange}\n"));
        }
    }
    out
}

fn text(home: &TempDir, more: &[&str]) -> String {
    let mut arguments = vec!["catalog", "journeys", "--data", "kept"];
    arguments.extend(more);
    let output = run(home, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn journeys_are_learned_kept_and_shown() {
    let home = home();
    let path = write(&home, "day.jsonl", capture().as_bytes());
    let told =
        result(&home, &["analyze", &path, "--data", "kept", "--no-report", "--format", "json"]);
    let of = |role: &str| {
        let all = told["journeys"].as_array().expect("graphs");
        all.iter().find(|one| one["role"] == role).cloned()
    };
    let graph = of("authenticated").expect("a graph");
    assert_eq!((&graph["sessions"], &graph["actors"]), (&json!(24), &json!(24)), "{graph}");
    assert_eq!(graph["login"]["sequences"][0]["share"], json!(1.0), "{graph}");
    assert!(of("anonymous").is_none(), "{told}");
    let listed = result(&home, &["catalog", "journeys", "--data", "kept", "--format", "json"]);
    assert_eq!(listed[0]["login_sequence"], "GET /products → POST /login → GET /orders");
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    let one = result(&home, &["catalog", "journeys", &id, "--data", "kept", "--format", "json"]);
    assert_eq!(one, graph, "as the analysis told it");
    let whole = text(&home, &[]);
    assert!(whole.contains("app.example.") && whole.contains("authenticated"), "{whole}");
    let shown = text(&home, &[&id]);
    assert!(
        shown.contains("24 sessions of 24 callers") && shown.contains("POST /login"),
        "{shown}"
    );
    let moves = text(&home, &[&id, "--format", "csv"]);
    assert_eq!(moves.lines().count(), 3, "{moves}");
    assert!(text(&home, &["--role", "admin"]).contains("No journey is known"));
    let csv = text(&home, &["--format", "csv"]);
    assert!(csv.starts_with("id,host,role,") && csv.lines().count() == 2, "{csv}");
    let output = run(&home, &["catalog", "journeys", "jny_none", "--data", "kept"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let values: Value = told["actors"].clone();
    let roles =
        values.as_array().expect("actors").iter().filter(|one| one["role"] == "authenticated");
    assert_eq!(roles.count(), 24, "{values}");
}
