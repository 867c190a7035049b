//! The inventory of clients, from a capture to the command that lists it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const KEY: &str = "k3y-c4ed6c219dd54a058e3fc56d1151cce8";

fn spec() -> Value {
    let asks = |scope: &str| json!({"security": [{"o": [scope]}], "responses": {}});
    json!({
        "openapi": "3.1.0", "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://app.example.com/v1"}],
        "components": {"securitySchemes": {"o": {"type": "oauth2", "flows": {}}}},
        "paths": {
            "/orders": {"get": asks("orders:read"), "post": asks("orders:write")},
            "/refunds": {"post": asks("refunds")},
        },
    })
}

fn token(user: u32) -> String {
    let claims = json!({
        "iss": "https://id.example.com", "azp": "web-shop", "sub": format!("user-{user}"),
        "scope": "orders:read orders:write",
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({"alg": "RS256"}));
    format!("Bearer {head}.{}.{}", part(&claims), URL_SAFE_NO_PAD.encode([7; 32]))
}

/// Three users of a shop in the browser, a partner with a key, and a scanner.
fn capture() -> String {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let mut out = String::new();
    for number in 0_u32..12 {
        let (status, headers) = match number % 4 {
            3 => (404, vec![["user-agent".to_owned(), "nikto/2.5".to_owned()]]),
            2 => (200, vec![["x-api-key".to_owned(), KEY.to_owned()]]),
            _ => (
                200,
                vec![
                    ["authorization".to_owned(), token(number % 3)],
                    ["user-agent".to_owned(), agent.to_owned()],
                    ["sec-fetch-mode".to_owned(), "cors".to_owned()],
                ],
            ),
        };
        let exchange = json!({
            "id": number.to_string(), "time": format!("2026-11-22T10:00:{number:02}Z"),
            "client": {"ip": format!("198.51.100.{number}")},
            "request": {
                "method": "GET", "url": "https://app.example.com/v1/orders", "headers": headers,
                "body": "",
            },
            "response": {
                "status": status, "headers": [["content-type", "application/json"]],
                "body": "{\"id\":7}",
            },
        });
        out.push_str(&format!("{exchange}\n"));
    }
    out
}

#[test]
fn clients_are_listed_with_what_they_were_granted_and_used() {
    let home = home();
    let path = write(&home, "day.jsonl", capture().as_bytes());
    let spec = write(&home, "shop.json", spec().to_string().as_bytes());
    let arguments =
        ["analyze", &path, "--spec", &spec, "--data", "kept", "--no-report", "--format", "json"];
    let whole = result(&home, &arguments);
    let clients = whole["clients"].as_array().expect("a list");
    let labels: Vec<_> = clients.iter().map(|one| one["label"].as_str().expect("text")).collect();
    assert_eq!(labels.len(), 2, "{labels:?}");
    assert_eq!(labels[0], "web-shop");
    assert!(!whole.to_string().contains(KEY), "a key in the result");

    let kept = ["catalog", "clients", "--data", "kept", "--format", "json"];
    let list = result(&home, &kept);
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    let id = list[0]["id"].as_str().expect("an id");
    for (member, expected) in [
        ("kind", json!("browser")),
        ("users", json!(3)),
        ("requests", json!(6)),
        ("scopes_granted", json!(2)),
        ("scopes_unused", json!(1)),
        ("operations_unused", json!(1)),
    ] {
        assert_eq!(list[0][member], expected, "{member}: {list}");
    }
    let one = result(&home, &["catalog", "clients", id, "--data", "kept", "--format", "json"]);
    assert_eq!(one["allowed"][0]["path"], json!("/v1/orders"));
    assert_eq!(one["allowed"][0]["method"], json!("POST"));
    let keys = [&kept[..], &["--form", "key"]].concat();
    assert_eq!(result(&home, &keys)[0]["told_by"], json!("api_key"));

    let text = |more: &[&str]| {
        let output = run(&home, &[&["catalog", "clients", "--data", "kept"], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let table = text(&[]);
    assert!(table.contains("web-shop") && table.contains("1 of 2"), "{table}");
    let detail = text(&[id]);
    assert!(detail.contains("never called: 1") && detail.contains("orders:write"), "{detail}");
    let lines = text(&["--format", "csv"]);
    assert!(lines.starts_with("id,form,kind,label") && lines.lines().count() == 3, "{lines}");
    assert!(text(&["--kind", "device"]).contains("No client is known."));
    for wrong in [&["--kind", "nonsense"][..], &["cli_nothing"]] {
        let output = run(&home, &[&["catalog", "clients", "--data", "kept"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
}
