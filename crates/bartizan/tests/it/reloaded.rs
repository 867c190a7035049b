//! What a running `serve` takes over of the analysis when it reloads.

use serde_json::Value;

use crate::{
    command::{home, result, write},
    serve::{Server, get, judged, line_with, until, upstream},
};

const SPEC: &str = "
openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: 'https://api.example.com'}]
paths:
  /v1/stock/{item}: {get: {responses: {}}}
";

/// What is added: an owner, a class of the company and a rule about it.
const ADDED: &str = "
catalog:
  rules:
    - name: shop
      match: {hosts: [api.example.com]}
      set: {owner: Checkout}
classes:
  - name: order_address
    title: Addresses of orders
    group: personal
    pattern: /v1/orders/[0-9]+
    examples: [{field: target, value: /v1/orders/1}]
    counterexamples: [{field: target, value: /v1/orders}]
governance:
  - name: no-addresses
    deny: [order_address]
";

fn endpoint<'a>(kept: &'a Value, path: &str) -> &'a Value {
    let endpoints = kept.as_array().expect("a list");
    endpoints.iter().find(|one| one["path"] == path).expect(path)
}

#[test]
fn rules_classes_and_specifications_count_without_a_restart() {
    let home = home();
    let gateway = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{}\"]\n",
        upstream()
    );
    write(&home, "bartizan.yaml", gateway.as_bytes());
    write(&home, "openapi.yaml", SPEC.as_bytes());
    let mut server = Server::start(&home, &["--spec", "openapi.yaml"]);
    for id in 4_000..4_006 {
        assert_eq!(get(server.gateway, &format!("/v1/orders/{id}")).0, 200);
    }
    until("judging", || judged(server.admin) >= 6);

    // A mistake is told with its line, and changes nothing.
    let lines = gateway.lines().count();
    let wrong = format!("{gateway}catalog:\n  rules:\n    - name: shop\n      set: {{}}\n");
    write(&home, "bartizan.yaml", wrong.as_bytes());
    let error = line_with(&mut server.lines, "error: ");
    assert!(error.contains(&format!("bartizan.yaml:{}:", lines + 4)), "{error}");
    assert!(error.contains("`catalog.rules.0.set`"), "{error}");
    line_with(&mut server.lines, "the configuration in force stays as it was");

    let begun = "store: {baseline_hours: 1}\n";
    write(&home, "bartizan.yaml", format!("{gateway}{begun}{ADDED}").as_bytes());
    line_with(&mut server.lines, "configuration reloaded");
    line_with(&mut server.lines, "note: store was changed and counts after a restart");
    for id in 4_100..4_106 {
        assert_eq!(get(server.gateway, &format!("/v1/orders/{id}")).0, 200);
    }
    let orders_in_spec = SPEC.replace("/v1/stock/{item}", "/v1/orders/{order}");
    write(&home, "openapi.yaml", b"nothing that describes an API");
    let error = line_with(&mut server.lines, "error: ");
    assert!(error.contains("openapi.yaml"), "{error}");
    write(&home, "openapi.yaml", orders_in_spec.as_bytes());
    line_with(&mut server.lines, "configuration reloaded");
    until("judging", || judged(server.admin) >= 12);
    server.stop();

    let kept = result(&home, &["catalog", "--data", "data", "--format", "json"]);
    let found = kept.as_array().expect("a list");
    let path = found.iter().filter_map(|one| one["path"].as_str());
    let path = path.filter(|path| path.starts_with("/v1/orders/")).collect::<Vec<_>>();
    assert_eq!(path.len(), 1, "{kept}");
    let orders = endpoint(&kept, path[0]);
    assert_eq!(orders["requests"], 12, "what was learned before is there: {orders}");
    assert_eq!(orders["owner"], "Checkout", "{orders}");
    assert_eq!(orders["inventory_state"], "documented", "{orders}");
    assert!(orders["data_classes"].to_string().contains("order_address"), "{orders}");
    let findings = result(&home, &["findings", "--data", "data", "--format", "json"]);
    assert!(findings.to_string().contains("BZ-C030"), "{findings}");
}

#[test]
fn files_of_a_specification_count_and_what_is_missing_is_a_warning() {
    let home = home();
    let gateway = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{}\"]\n",
        upstream()
    );
    std::fs::create_dir(home.path().join("code")).expect("a folder");
    let app = "const app = require('express')();\napp.get('/v1/orders/:id', (req, res) => {});\n";
    write(&home, "code/app.js", app.as_bytes());
    let config = format!("{gateway}catalog: {{source: [code]}}\n");
    write(&home, "bartizan.yaml", config.as_bytes());
    let spec = SPEC.replace("{get: {responses: {}}}", "{$ref: stock.yaml}");
    write(&home, "openapi.yaml", spec.as_bytes());
    write(&home, "stock.yaml", b"get: {responses: {}}\n");
    let mut server = Server::start(&home, &["--spec", "openapi.yaml"]);

    write(&home, "stock.yaml", b"post: {responses: {}}\n");
    line_with(&mut server.lines, "configuration reloaded");
    std::fs::remove_dir_all(home.path().join("code")).expect("removed");
    write(&home, "stock.yaml", b"delete: {responses: {}}\n");
    // Others may come before it, of how many files this process may open.
    let mut warnings = (0..3).map(|_| line_with(&mut server.lines, "warning: "));
    assert!(warnings.any(|warning| warning.contains("code")), "no warning of what is missing");
    line_with(&mut server.lines, "what source code and results of `discover` told before stays");
    line_with(&mut server.lines, "configuration reloaded");
    server.stop();
}
