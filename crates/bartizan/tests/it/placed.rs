//! Whose endpoints are and where: what configuration, specification, CODEOWNERS and traffic tell.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const CONFIG: &str = "
catalog:
  networks:
    partner: [203.0.113.0/28, 198.51.100.7]
    private: [192.0.2.0/24]
  third_party_hosts: ['*.payments.example']
  gateways:
    sources: ['kong']
    addresses: [10.0.0.5]
  codeowners: CODEOWNERS
  rules:
    - name: checkout
      match: {hosts: ['api.*'], paths: ['/v1/orders/**'], tags: [money]}
      set: {owner: Checkout, stage: active, service: shop}
    - name: everything
      match: {hosts: ['api.example.com']}
      set: {business_unit: Retail}
";

const SPEC: &str = "
openapi: 3.1.0
info: {title: Shop, version: '1', x-lifecycle: beta}
servers: [{url: 'https://api.example.com'}]
paths:
  /v1/orders: {get: {tags: [money], responses: {}}}
  /v1/stock: {get: {x-owner: Warehouse, responses: {}}}
  /v1/prices: {get: {deprecated: true, responses: {}}}
";

/// A granted exchange of 40 ms that began at a second and a millisecond, within a trace if one is given.
fn exchange(number: usize, at: &str, client: &str, source: &str, url: &str, trace: &str) -> String {
    let duration = if trace.ends_with("whole") { 400.0 } else { 40.0 };
    let trace = format!("00-{:0>32}-b7ad6b7169203331-01", trace.trim_end_matches("whole"));
    json!({
        "id": number.to_string(),
        "time": format!("2026-11-22T10:00:{at}Z"),
        "client": {"ip": client},
        "source": source,
        "server": {"ip": "10.0.0.9", "port": 8443},
        "tls": {"sni": "api.example.com"},
        "request": {"method": "GET", "url": url, "headers": {"traceparent": trace}},
        "response": {"status": 200, "headers": {"content-type": "application/json"}, "body": "{}"},
        "duration_ms": duration,
    })
    .to_string()
        + "\n"
}

fn traffic() -> String {
    let api = |path: &str| format!("https://api.example.com/v1/{path}");
    let mut out = String::new();
    for number in 0..3 {
        let trace = format!("a{number}");
        let whole = format!("{trace}whole");
        let second = 10 + number;
        let at = |ms: u32| format!("{second}.{ms:03}");
        let lines = [
            ("203.0.113.3", "kong", api("orders"), 0, &whole),
            ("10.0.0.5", "mirror", api("stock"), 100, &trace),
            ("10.0.0.6", "mirror", api("prices"), 200, &trace),
            ("192.0.2.8", "mirror", "https://eu.payments.example/charge".to_owned(), 800, &trace),
        ];
        for (at_line, (client, source, url, ms, trace)) in lines.iter().enumerate() {
            let id = number * 10 + at_line;
            out.push_str(&exchange(id, &at(*ms), client, source, url, trace));
        }
    }
    out
}

fn endpoint<'a>(found: &'a Value, path: &str) -> &'a Value {
    let list = found["endpoints"].as_array().expect("a list");
    list.iter().find(|one| one["path"] == path).expect(path)
}

/// What told a fact.
fn told<'a>(endpoint: &'a Value, fact: &str) -> (&'a str, &'a str) {
    let list = endpoint["told"].as_array().expect("a list");
    let found = list.iter().find(|one| one["fact"] == fact);
    let text = |key: &str| found.and_then(|one| one[key].as_str()).unwrap_or("nothing");
    (text("by"), text("what"))
}

#[test]
fn every_fact_is_told_with_what_told_it() {
    let home = home();
    write(&home, "bartizan.yaml", CONFIG.as_bytes());
    write(&home, "CODEOWNERS", b"* @everybody\n*.yaml @specs\n");
    write(&home, "shop.yaml", SPEC.as_bytes());
    write(&home, "traffic.jsonl", traffic().as_bytes());
    let arguments = ["analyze", "traffic.jsonl", "--spec", "shop.yaml", "--format", "json"];
    let found = result(&home, &arguments);

    let orders = endpoint(&found, "/v1/orders");
    assert_eq!(orders["owner"], "Checkout");
    assert_eq!(told(orders, "owner"), ("rule", "checkout"));
    assert_eq!(orders["business_unit"], "Retail");
    assert_eq!((&orders["stage"], &orders["service"]), (&json!("active"), &json!("shop")));
    assert_eq!(orders["access"], "partner");
    assert_eq!(told(orders, "access"), ("traffic", "exchanges: 3 from partner addresses"));
    assert_eq!(orders["reached"], json!({"way": "through", "through": 3, "past": 0}));

    let stock = endpoint(&found, "/v1/stock");
    assert_eq!(stock["owner"], "Warehouse");
    assert_eq!(
        told(stock, "owner"),
        ("specification", "shop.yaml#/paths/~1v1~1stock/get/x-owner, line 7")
    );
    assert_eq!((&stock["stage"], &stock["access"]), (&json!("development"), &json!("private")));
    assert_eq!(stock["reached"]["way"], "through", "the gateway's address asked");

    let prices = endpoint(&found, "/v1/prices");
    assert_eq!(told(prices, "owner"), ("codeowners", "CODEOWNERS, line 2"));
    assert_eq!((&prices["owner"], &prices["stage"]), (&json!("@specs"), &json!("deprecated")));
    assert_eq!(prices["reached"], json!({"way": "past", "through": 0, "past": 3}));

    let charge = endpoint(&found, "/charge");
    assert_eq!(charge["access"], "third_party");
    assert_eq!((&charge["owner"], &charge["stage"]), (&Value::Null, &json!("unknown")));

    let names = |key: &str, name: &str| -> Vec<String> {
        let list = orders[key].as_array().expect("a list");
        list.iter().filter_map(|one| one[name].as_str()).map(str::to_owned).collect()
    };
    assert_eq!(names("resources", "kind"), ["host", "instance", "certificate"]);
    assert_eq!(names("resources", "name"), ["api.example.com", "10.0.0.9:8443", "api.example.com"]);
    assert_eq!(orders["composite"], true);
    let called = names("calls", "name");
    assert_eq!(called.len(), 2, "{called:?}");
    assert!(called.contains(&"GET api.example.com/v1/stock".to_owned()), "{called:?}");
    assert_eq!((&stock["composite"], &stock["calls"]), (&json!(false), &json!([])));
}

#[test]
fn a_changed_rule_counts_for_what_was_learned_before() {
    let home = home();
    write(&home, "traffic.jsonl", traffic().as_bytes());
    let rule = |owner: &str| {
        let rule = format!("catalog: {{rules: [{{name: a, set: {{owner: {owner}}}}}]}}");
        write(&home, "bartizan.yaml", rule.as_bytes());
        let analyze = ["analyze", "traffic.jsonl", "--data", "data", "--format", "json"];
        result(&home, &analyze);
        let output = run(&home, &["catalog", "--data", "data", "--format", "csv"]);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let (first, second) = (rule("First"), rule("Second"));
    assert!(first.contains(",First,") && !first.contains("Second"), "{first}");
    assert!(second.contains(",Second,") && !second.contains("First"), "{second}");
    assert!(first.lines().next().is_some_and(|head| head.contains("owner,business_unit,stage")));
}

#[test]
fn owners_of_source_files_own_the_routes_that_they_declare() {
    let home = home();
    for folder in ["docs", "shop"] {
        std::fs::create_dir(home.path().join(folder)).expect("a folder");
    }
    write(&home, "bartizan.yaml", b"catalog: {codeowners: docs/CODEOWNERS}");
    write(&home, "docs/CODEOWNERS", b"* @all\n/shop/stock.js @warehouse\n");
    for (name, path) in [("stock", "/stock"), ("orders", "/orders")] {
        let app = format!("const app = require('express')();\napp.get('{path}', show);\n");
        write(&home, &format!("shop/{name}.js"), app.as_bytes());
    }
    let found = result(&home, &["discover", "source", "shop", "--format", "json"]);
    let routes = found["routes"].as_array().expect("a list").iter();
    let owned: Vec<_> =
        routes.filter_map(|one| Some((one["path"].as_str()?, one["owner"].as_str()?))).collect();
    assert_eq!(owned, [("/orders", "@all"), ("/stock", "@warehouse")]);
}

#[test]
fn a_wrong_rule_is_refused_before_anything_is_read() {
    let home = home();
    for (text, wanted) in [
        ("catalog: {rules: [{name: a, set: {ower: b}}]}", "did you mean `owner`?"),
        ("catalog: {rules: [{name: a, set: {}}]}", "`catalog.rules.0.set`"),
        ("catalog: {networks: {partner: [10.0.0.0/99]}}", "`catalog.networks.partner.0`"),
    ] {
        write(&home, "bartizan.yaml", text.as_bytes());
        for arguments in [&["analyze", "missing.jsonl"][..], &["config", "check"]] {
            let output = run(&home, arguments);
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(stderr(&output).contains(wanted), "{text}: {}", stderr(&output));
        }
    }
}
