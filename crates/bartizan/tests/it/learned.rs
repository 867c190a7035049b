//! What is learned of bodies, from traffic to an OpenAPI document and back.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const STATES: [&str; 3] = ["open", "shipped", "lost"];

fn exchange(
    number: usize,
    host: &str,
    target: &str,
    status: u16,
    sent: &str,
    answer: &Value,
) -> String {
    let media =
        if status < 400 { "application/json" } else { "application/problem+json; charset=utf-8" };
    let method = if sent.is_empty() { "GET" } else { "POST" };
    let one = json!({
        "id": number.to_string(),
        "time": format!("2026-11-22T10:{:02}:{:02}Z", number / 60, number % 60),
        "client": { "ip": format!("198.51.100.{}", number % 5 + 1) },
        "request": {
            "method": method, "url": format!("https://{host}{target}"),
            "headers": [["host", host], ["content-type", "Application/JSON"]], "body": sent,
        },
        "response": {
            "status": status, "headers": [["content-type", media]], "body": answer.to_string(),
        },
    });
    format!("{one}\n")
}

/// Five callers read and write orders; every sixth is not there.
fn traffic() -> String {
    let mut out = String::new();
    for n in 0..120 {
        let host = "api.example.com";
        let target = format!("/v1/orders/{}?expand={}", n + 1_000, n % 2 == 0);
        let order = json!({
            "state": STATES[n / 5 % 3], "sku": format!("AB-{:04}", n + 1_000), "price": n as f64 / 4.0,
            "items": vec![json!({ "quantity": n % 7 + 1 }); n % 3 + 1],
            "note": if n % 4 == 0 { json!("call first, please") } else { Value::Null },
        });
        out += &if n % 6 == 5 {
            exchange(
                2 * n,
                host,
                &target,
                404,
                "",
                &json!({ "title": "No such order", "state": 404 }),
            )
        } else {
            exchange(2 * n, host, &target, 200, "", &order)
        };
        let sent = json!({ "sku": format!("AB-{:04}", n + 1_000), "amount": n % 9 }).to_string();
        out += &exchange(2 * n + 1, host, "/v1/orders", 201, &sent, &json!({ "id": n }));
    }
    out
}

fn described(home: &tempfile::TempDir, input: &str) -> Value {
    result(home, &["analyze", input, "--format", "openapi"])
}

#[test]
fn each_answer_is_described_by_what_it_held() {
    let home = home();
    let input = write(&home, "orders.jsonl", traffic().as_bytes());
    let document = described(&home, &input);
    let (path, item) = document["paths"]
        .as_object()
        .and_then(|paths| paths.iter().find(|(path, _)| path.contains('{')))
        .expect("a path with a parameter");
    let get = &item["get"];
    let name = path.split(['{', '}']).nth(1).expect("a name");
    assert_eq!(get["parameters"][0]["name"], name);
    assert_eq!(get["parameters"][0]["schema"]["type"], "integer");
    assert_eq!(get["parameters"][1]["schema"]["type"], "boolean");
    let order = &get["responses"]["200"]["content"]["application/json"]["schema"];
    let fields = &order["properties"];
    assert_eq!(order["required"], json!(["items", "note", "price", "sku", "state"]));
    assert_eq!(fields["state"]["enum"], json!(["lost", "open", "shipped"]));
    assert_eq!(fields["sku"]["pattern"], "^[A-Z]{2}-[0-9]{4}$");
    assert_eq!(fields["note"]["type"], json!(["string", "null"]));
    assert_eq!(fields["price"]["x-bartizan-bounds"], json!({ "minimum": 0, "maximum": 29.5 }));
    assert_eq!(fields["items"]["x-bartizan-bounds"], json!({ "minItems": 1, "maxItems": 3 }));
    let quantity = &fields["items"]["items"]["properties"]["quantity"];
    assert_eq!(quantity["type"], "integer");
    let missing = &get["responses"]["404"]["content"]["application/problem+json"]["schema"];
    assert_eq!(missing["required"], json!(["state", "title"]));
    assert!(missing["properties"]["sku"].is_null(), "{missing}");
    let post = &document["paths"]["/v1/orders"]["post"];
    assert_eq!(post["requestBody"]["required"], true);
    let sent = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(sent["required"], json!(["amount", "sku"]));
}

#[test]
fn a_learned_document_describes_what_it_was_learned_from() {
    let home = home();
    let input = write(&home, "orders.jsonl", traffic().as_bytes());
    let document = write(&home, "learned.json", described(&home, &input).to_string().as_bytes());
    let found = result(&home, &["analyze", &input, "--spec", &document, "--format", "json"]);
    let endpoints = found["endpoints"].as_array().expect("a list");
    assert_eq!(endpoints.len(), 2);
    assert!(endpoints.iter().all(|e| e["inventory_state"] == "documented"), "{endpoints:?}");
    assert_eq!(found["summary"]["specs"][0]["problems"], json!([]));
}

#[test]
fn of_several_hosts_one_must_be_named() {
    let home = home();
    let ok = json!({ "id": 1 });
    let mut lines = String::new();
    for n in 0..6 {
        lines +=
            &exchange(n, if n < 4 { "a.example.com" } else { "b.example.com" }, "/x", 200, "", &ok);
    }
    let input = write(&home, "two.jsonl", lines.as_bytes());
    let refused = run(&home, &["analyze", &input, "--format", "openapi"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = stderr(&refused);
    assert!(told.contains("2 hosts were seen"), "{told}");
    assert!(
        told.contains("--host: a.example.com (4 requests), b.example.com (2 requests)"),
        "{told}"
    );
    let refused = run(&home, &["analyze", &input, "--format", "openapi", "--host", "c"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("was not seen"), "{}", stderr(&refused));
    let document =
        result(&home, &["analyze", &input, "--format", "openapi", "--host", "B.example.com"]);
    assert_eq!(document["info"]["title"], "b.example.com");
}

/// Five callers search by tags and send a form.
fn forms_and_cookies() -> String {
    let mut out = String::new();
    for n in 0..40 {
        let common = json!({
            "id": n.to_string(), "time": format!("2026-11-22T10:{n:02}:00Z"),
            "client": { "ip": format!("198.51.100.{}", n % 5 + 1) },
            "response": {
                "status": 200, "headers": [["content-type", "application/json"]], "body": "{}",
            },
        });
        let mut search = common.clone();
        search["request"] = json!({
            "method": "GET", "url": format!("https://api.example.com/v1/search?tag={n}&tag=7&only={n}"),
            "headers": [["cookie", format!("theme={}; sid=4f1d7cc20b{n:02}a9e6f3", ["dark", "light"][n % 2])]],
        });
        let mut form = common;
        form["id"] = json!(format!("f{n}"));
        form["request"] = json!({
            "method": "POST", "url": "https://api.example.com/v1/people",
            "headers": [["content-type", "application/x-www-form-urlencoded"]],
            "body": format!("age={n}&mark=a&mark=b&fixed=AB-00123"),
        });
        out += &format!("{search}\n{form}\n");
    }
    out
}

#[test]
fn names_that_come_several_times_are_arrays_and_forms_spell_numbers() {
    let home = home();
    let input = write(&home, "forms.jsonl", forms_and_cookies().as_bytes());
    let document = described(&home, &input);
    let parameters = document["paths"]["/v1/search"]["get"]["parameters"].as_array();
    let named = |name: &str| {
        let found = parameters.and_then(|all| all.iter().find(|one| one["name"] == name));
        found.expect("a parameter of this name")
    };
    let tag = named("tag");
    assert_eq!(
        (&tag["schema"]["type"], &tag["schema"]["items"]["type"]),
        (&json!("array"), &json!("integer"))
    );
    assert_eq!(tag["schema"]["x-bartizan-bounds"], json!({ "minItems": 2, "maxItems": 2 }));
    assert_eq!((&tag["x-bartizan-seen"], &tag["required"]), (&json!(40), &json!(true)));
    assert_eq!(named("only")["schema"]["type"], "integer");
    let theme = named("theme");
    assert_eq!((&theme["in"], &theme["required"]), (&json!("cookie"), &json!(true)));
    assert_eq!(theme["schema"]["x-bartizan-confidence"], 0.9124);
    let sent = &document["paths"]["/v1/people"]["post"]["requestBody"]["content"];
    let fields = &sent["application/x-www-form-urlencoded"]["schema"]["properties"];
    assert_eq!(fields["age"]["type"], "integer");
    assert_eq!(fields["mark"]["type"], "array");
    assert!(fields["fixed"]["pattern"].is_null(), "one value is no form: {fields}");
}
