//! One API under many hosts: by a specification, by configuration, and learned.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const TENANTS: usize = 60;

/// An exchange at a host.
fn exchange(number: usize, host: &str, path: &str, status: u16) -> String {
    let (minute, second) = (number / 60, number % 60);
    let one = json!({
        "id": number.to_string(),
        "time": format!("2026-11-22T10:{minute:02}:{second:02}Z"),
        "client": { "ip": format!("198.51.100.{}", number % 200 + 1) },
        "request": {
            "method": "GET", "url": format!("https://{host}{path}"), "headers": [["accept", "*/*"]],
        },
        "response": {
            "status": status, "headers": [["content-type", "application/json"]],
            "body": json!({ "id": number, "name": "a" }).to_string(),
        },
    });
    format!("{one}\n")
}

/// One call by each tenant, and two hosts beside them with an API of their own.
fn traffic() -> String {
    let name = |number: usize| format!("tenant-{number}.api.example.com");
    let mut out: String = (0..TENANTS)
        .map(|number| exchange(number, &name(number), &format!("/v1/orders/{}", number + 100), 200))
        .collect();
    for (number, path) in ["/v1/audit", "/v1/licences", "/v1/operators"].iter().enumerate() {
        out += &exchange(200 + number, "admin.api.example.com", path, 200);
    }
    // A scanner makes up hosts; nothing is there.
    for number in 0..40 {
        out += &exchange(300 + number, &format!("x{number}.dev.example.com"), "/v1/orders/1", 404);
    }
    out
}

/// Host, method, path, state and requests.
fn listed(found: &Value) -> Vec<String> {
    let line = |endpoint: &Value| {
        let text = |key: &str| endpoint[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {} {}",
            text("host"),
            text("method"),
            text("path"),
            text("inventory_state"),
            endpoint["requests"]
        )
    };
    found["endpoints"].as_array().expect("endpoints").iter().map(line).collect()
}

fn spec() -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": "Orders", "version": "1" },
        "servers": [{
            "url": "https://{customer}.api.example.com/v1",
            "variables": { "customer": { "default": "demo" } },
        }, { "url": "https://admin.api.example.com/v1" }],
        "paths": { "/orders/{id}": { "get": { "responses": { "200": { "description": "one" } } } } },
    })
}

#[test]
fn a_server_with_a_variable_is_one_api() {
    let home = home();
    let traffic = write(&home, "traffic.jsonl", traffic().as_bytes());
    let spec = write(&home, "openapi.json", spec().to_string().as_bytes());
    let found = result(&home, &["analyze", &traffic, "--spec", &spec, "--format", "json"]);
    let listed = listed(&found);
    assert_eq!(
        listed.iter().filter(|line| line.contains("customer")).collect::<Vec<_>>(),
        ["{customer}.api.example.com GET /v1/orders/{id} documented 60"]
    );
    assert_eq!(listed.iter().filter(|line| line.contains("shadow")).count(), 3, "{listed:?}");
    assert_eq!(listed.len(), 4, "{listed:?}");
    let endpoint = found["endpoints"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["host"] == "{customer}.api.example.com"));
    let endpoint = endpoint.expect("listed");
    let hosts = endpoint["resources"].as_array().expect("resources").iter();
    let hosts = hosts.filter(|one| one["kind"] == "host").count();
    assert_eq!(hosts, 16, "a few examples");
    let evidence = endpoint["template_evidence"][0].as_str().expect("evidence");
    assert!(evidence.contains("{customer} in the host: 60 hosts were seen"), "{evidence}");
}

#[test]
fn configuration_names_hosts_that_are_one_and_hosts_that_are_apart() {
    let home = home();
    let traffic = write(&home, "traffic.jsonl", traffic().as_bytes());
    let spec = write(&home, "openapi.json", spec().to_string().as_bytes());
    let hosts = "catalog: {hosts: [tenant-7.api.example.com, '{shop}.api.example.com']}\n";
    write(&home, "bartizan.yaml", hosts.as_bytes());
    let arguments = ["analyze", &traffic, "--spec", &spec, "--format", "json"];
    let listed = listed(&result(&home, &arguments));
    for line in [
        "{shop}.api.example.com GET /v1/orders/{id} documented 59",
        "tenant-7.api.example.com GET /v1/orders/{id} documented 1",
    ] {
        assert!(listed.iter().any(|one| one == line), "{listed:?}");
    }
}

#[test]
fn a_pattern_that_is_none_is_refused_with_what_to_do() {
    let home = home();
    write(&home, "bartizan.yaml", b"catalog:\n  hosts: ['*.example.com']\n");
    let checked = run(&home, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(2));
    let said = stderr(&checked);
    assert!(said.contains("catalog.hosts") && said.contains("{tenant}.api.example.com"), "{said}");
}

#[test]
fn tenants_are_learned_and_other_hosts_are_not() {
    let home = home();
    let traffic = write(&home, "traffic.jsonl", traffic().as_bytes());
    let arguments = ["analyze", &traffic, "--format", "json"];
    let found = result(&home, &arguments);
    assert_eq!(
        listed(&found),
        [
            "admin.api.example.com GET /v1/audit unspecified 1",
            "admin.api.example.com GET /v1/licences unspecified 1",
            "admin.api.example.com GET /v1/operators unspecified 1",
            "{tenant}.api.example.com GET /v1/orders/{order_id} unspecified 60",
        ]
    );
    let endpoint = &found["endpoints"][3];
    assert_eq!(endpoint["actors"], 60, "what was learned at single hosts is joined");
    assert_eq!(endpoint["aliases"].as_array().map(Vec::len), Some(TENANTS - 1));
    let evidence = endpoint["template_evidence"][0].as_str().expect("evidence");
    assert!(evidence.contains("{tenant} in the host: 60 hosts were seen"), "{evidence}");
    let hosts = endpoint["resources"].as_array().expect("resources").iter();
    let some = hosts.filter_map(|one| one["name"].as_str()).collect::<Vec<_>>();
    assert!(some.contains(&"tenant-0.api.example.com"), "{some:?}");

    // The document that was learned says the same, and is compared with as one that was written.
    let document =
        ["analyze", &traffic, "--format", "openapi", "--host", "{tenant}.api.example.com"];
    let document = result(&home, &document);
    let server = &document["servers"][0];
    assert_eq!(server["url"], "//{tenant}.api.example.com");
    let default = server["variables"]["tenant"]["default"].as_str().expect("a default");
    assert!(default.starts_with("tenant-"), "{default}");
}

#[test]
fn what_was_learned_goes_on_after_a_restart() {
    let home = home();
    let first = write(&home, "first.jsonl", traffic().as_bytes());
    let later: String = (0..30)
        .map(|n| exchange(400 + n, &format!("new-{n}.api.example.com"), "/v1/orders/7", 200))
        .collect();
    let later = write(&home, "later.jsonl", later.as_bytes());
    result(&home, &["analyze", &first, "--format", "json", "--data", "kept"]);
    let found = result(&home, &["analyze", &later, "--format", "json", "--data", "kept"]);
    let listed = listed(&found);
    let one = "{tenant}.api.example.com GET /v1/orders/{order_id} unspecified 90";
    assert!(listed.iter().any(|line| line == one), "{listed:?}");
}
