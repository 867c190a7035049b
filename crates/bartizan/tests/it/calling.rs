//! Who calls whom, from captures to the commands that list it.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// An exchange as a line: when it began, how long it took, who asked whom.
fn line(id: usize, at: u32, ms: u32, from: &str, url: &str, more: &Value) -> String {
    let mut exchange = json!({
        "id": id.to_string(),
        "time": format!("2026-11-22T10:{:02}:{:02}.{:03}Z", at / 60_000, at / 1_000 % 60, at % 1_000),
        "client": {"ip": from},
        "request": {"method": "GET", "url": url, "headers": []},
        "response": {"status": 200, "headers": [["content-type", "application/json"]], "body": "{\"id\":7}"},
        "duration_ms": ms,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        exchange[member] = value.clone();
    }
    format!("{exchange}\n")
}

/// A request with these header fields.
fn request(method: &str, url: &str, headers: &Value, body: &str) -> Value {
    json!({"method": method, "url": url, "headers": headers, "body": body})
}

/// What a shop was seen doing: orders ask for stock and prices, a worker pays somewhere else.
fn capture() -> String {
    let mut out = String::new();
    for n in 0..4_u32 {
        let at = n * 10_000;
        let id = n as usize * 10;
        let traced = |url: &str| {
            let context = format!("00-{}{n:02x}-b7ad6b7169203331-01", &TRACE[..30]);
            json!({"request": request("GET", url, &json!([["traceparent", context]]), "")})
        };
        let orders = "https://orders.example.com/v1/orders";
        let stock = "http://stock.internal/v1/stock";
        let price = "http://price.internal/v1/price";
        let client = format!("8.8.4.{}", n + 1);
        out.push_str(&line(id, at, 100, &client, orders, &traced(orders)));
        out.push_str(&line(id + 1, at + 10, 20, "10.0.0.1", stock, &traced(stock)));
        out.push_str(&line(id + 2, at + 40, 20, "10.0.0.1", price, &traced(price)));
        let pay = "https://api.pay.example/v1/payments";
        let body = "{\"iban\":\"DE89370400440532013000\"}";
        let kind = json!([
            ["content-type", "application/json"],
            ["authorization", "Bearer c4ed6c219dd54a058e3fc56d1151cc17"]
        ]);
        let paid = json!({
            "request": request("POST", pay, &kind, body),
            "server": {"ip": "9.9.9.9", "port": 443},
            "caller": "shop/worker",
        });
        out.push_str(&line(id + 3, at + 200, 50, "10.0.0.2", pay, &paid));
        // A scanner that is granted nothing.
        let nothing = json!({"response": {"status": 404, "headers": []}});
        let scanned = format!("https://orders.example.com/.git/{n}");
        out.push_str(&line(id + 4, at + 300, 1, "8.8.9.9", &scanned, &nothing));
    }
    out
}

fn link<'a>(graph: &'a Value, caller: &str, callee: &str) -> Option<&'a Value> {
    let links = graph["links"].as_array().expect("links");
    links.iter().find(|link| link["caller"] == caller && link["callee"] == callee)
}

#[test]
fn services_and_third_parties_are_told_from_a_capture() {
    let home = home();
    let path = write(&home, "shop.jsonl", capture().as_bytes());
    let output = run(&home, &["analyze", &path, "--data", "kept", "--no-report"]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", stderr(&output));

    let graph = result(&home, &["catalog", "services", "--data", "kept", "--format", "json"]);
    let (orders, stock) = ("service:orders.example.com", "service:stock.internal");
    let called = link(&graph, orders, stock).expect("a trace shows it");
    assert_eq!(called["calls"], json!(4), "{graph:#}");
    assert_eq!(called["told_by"], json!([{"by": "trace_context", "calls": 4}]));
    let median = called["median_ms"].as_f64().expect("a duration");
    assert!((median / 20.0 - 1.0).abs() < 0.2, "{median}");
    assert!(link(&graph, orders, "service:price.internal").is_some());
    assert!(link(&graph, "network:private", stock).is_none(), "it is known who called: {graph:#}");
    let asked = link(&graph, "network:public", orders).expect("callers of the internet");
    assert_eq!((&asked["calls"], &asked["failures"]), (&json!(4), &json!(0)), "{asked}");
    let paid = link(&graph, "workload:shop/worker", "third_party:api.pay.example");
    assert_eq!(paid.expect("it is named")["told_by"][0]["by"], json!("workload"));
    let nodes = graph["nodes"].as_array().expect("nodes");
    let own = nodes.iter().find(|node| node["id"] == orders).expect("orders");
    assert_eq!((&own["fan_out"], &own["composite_endpoints"]), (&json!(2), &json!(1)));

    let egress = result(&home, &["catalog", "egress", "--data", "kept", "--format", "json"]);
    let [pay] = egress.as_array().expect("a list").as_slice() else { panic!("{egress:#}") };
    assert_eq!((&pay["host"], &pay["told_by"]), (&json!("api.pay.example"), &json!("traffic")));
    assert_eq!(
        (&pay["requests"], &pay["encrypted"], &pay["plain"]),
        (&json!(4), &json!(4), &json!(0))
    );
    assert_eq!(pay["callers"][0]["name"], json!("shop/worker"));
    assert_eq!(pay["credentials"][0]["location"], json!("header"));
    let sent = pay["sent"].as_array().expect("classes");
    assert!(sent.iter().any(|one| one["class"] == "iban"), "{pay:#}");
    let endpoints = result(&home, &["catalog", "--data", "kept", "--format", "json"]);
    let of = |host: &str| {
        let all = endpoints.as_array().expect("a list");
        all.iter().find(|one| one["host"] == host).map(|one| one["access"].clone())
    };
    assert_eq!(of("api.pay.example"), Some(json!("third_party")), "one truth");
    assert_eq!(of("stock.internal"), Some(json!("private")));

    let text = |arguments: &[&str]| {
        let output = run(&home, arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let said = text(&["catalog", "services", "--data", "kept"]);
    assert!(said.contains("stock.internal") && said.contains("(public"), "{said}");
    let dot = text(&["catalog", "services", "--data", "kept", "--format", "dot"]);
    assert!(dot.contains("\"service:orders.example.com\" -> \"service:stock.internal\""), "{dot}");
    let of_stock =
        ["catalog", "services", "--data", "kept", "--format", "csv", "--service", "stock.internal"];
    assert_eq!(text(&of_stock).lines().count(), 2);
    let said = text(&["catalog", "egress", "--data", "kept"]);
    assert!(said.contains("api.pay.exa") && said.contains("TLS"), "{said}");
    assert!(!said.contains("DE89370400440532013000"));
    assert_eq!(
        text(&["catalog", "egress", "--data", "kept", "--format", "csv"]).lines().count(),
        2
    );
    let none = text(&["catalog", "egress", "--data", "kept", "--plain"]);
    assert!(none.contains("No call to a third party is known."), "{none}");
}

#[test]
fn a_host_that_somebody_else_calls_too_is_no_third_party() {
    let home = home();
    let mut out = String::new();
    let url = "https://api.example.com/v1/things";
    let public = json!({"server": {"ip": "9.9.9.9", "port": 443}});
    for (id, from) in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "8.8.4.4"].iter().enumerate() {
        out.push_str(&line(id, id as u32 * 1_000, 5, from, url, &public));
    }
    // Of this one a server of ours wrote the log.
    let logged = json!({"server": {"ip": "9.9.9.9", "port": 443}, "direction": "inbound"});
    let url = "https://monitored.example.com/v1/health";
    (10..14).for_each(|id| {
        out.push_str(&line(id, id as u32 * 1_000, 5, "10.0.0.9", url, &logged));
    });
    let path = write(&home, "own.jsonl", out.as_bytes());
    run(&home, &["analyze", &path, "--data", "kept", "--no-report"]);
    let egress = result(&home, &["catalog", "egress", "--data", "kept", "--format", "json"]);
    assert_eq!(egress, json!([]));
}
