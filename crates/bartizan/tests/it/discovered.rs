//! `discover source` as users meet it.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const APP: &str = r#"
const express = require('express');
const app = express();
const orders = express.Router();
function gate(req, res, next) {
  if (!req.session.user) return res.status(401).json({ error: 'who are you?' });
  next();
}
app.post('/login', (req, res) => res.json({}));
orders.use(gate);
orders.get('/', list);
orders.get('/:id', one);
orders.post('/', create);
app.use('/v1/orders', orders);
app.get('/v1/me', gate, me);
app.delete('/v1/orders/:id', remove);
const db = 'postgres://app:Kq7-zt4Wm2xB@db.internal:5432/shop';
"#;

fn folder(home: &tempfile::TempDir) {
    for folder in ["shop", "shop/test"] {
        std::fs::create_dir_all(home.path().join(folder)).expect("made");
    }
    write(home, "shop/app.js", APP.as_bytes());
    write(home, "shop/package.json", b"{\n  \"name\": \"shop\",\n  \"version\": \"1.2.3\"\n}\n");
    write(home, "shop/test/app.test.js", b"const app = require('express')(); app.get('/not', x);");
}

/// Method, path, state and who knows each route.
fn told(result: &Value) -> Vec<String> {
    let routes = result["routes"].as_array().expect("routes");
    routes
        .iter()
        .map(|route| {
            let known: Vec<&str> = route["known_by"]
                .as_array()
                .map(|known| known.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let state = text(&route["code"]["authorization"]["state"]);
            format!(
                "{} {} {state} {}",
                text(&route["method"]),
                text(&route["path"]),
                known.join("+")
            )
        })
        .collect()
}

#[test]
fn routes_guards_and_secrets_of_a_folder_are_told() {
    let home = home();
    folder(&home);
    let found = result(&home, &["discover", "source", "shop", "--format", "json"]);
    assert_eq!(
        told(&found),
        [
            "POST /login none code",
            "GET /v1/me required code",
            "GET /v1/orders required code",
            "POST /v1/orders required code",
            "DELETE /v1/orders/{id} none code",
            "GET /v1/orders/{id} required code",
        ]
    );
    assert_eq!(found["routes"][0]["code"]["component"]["name"], "shop");
    assert_eq!(found["routes"][0]["code"]["component"]["version"], "1.2.3");
    let codes: Vec<&Value> =
        found["findings"].as_array().expect("findings").iter().map(|f| &f["code"]).collect();
    assert_eq!(codes, ["BZ-C029", "BZ-C028"]);
    let text = found.to_string();
    assert!(!text.contains("Kq7-zt4Wm2xB"), "a secret is shown");

    let told = run(&home, &["discover", "source", "shop"]);
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    assert!(told.contains("6 routes in 1 source files: 4 demand credentials, 2 do not."), "{told}");
    assert!(told.contains("gate") && told.contains("app.js:16"), "{told}");
    let csv = run(&home, &["discover", "source", "shop", "--format", "csv"]);
    assert_eq!(String::from_utf8(csv.stdout).expect("UTF-8").lines().count(), 7);
}

#[test]
fn code_is_compared_with_specifications_and_with_traffic() {
    let home = home();
    folder(&home);
    let spec = json!({
        "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" },
        "paths": {
            "/v1/orders/{orderId}": { "get": { "responses": { "200": { "description": "an order" } } } },
            "/v1/refunds": { "post": { "responses": { "201": { "description": "a refund" } } } },
        },
    });
    let spec = write(&home, "openapi.json", spec.to_string().as_bytes());
    let call = |id: &str, target: &str| {
        format!(
            "{}\n",
            json!({
                "id": id, "request": { "method": "GET", "url": format!("https://shop.example.com{target}") },
                "response": { "status": 200, "headers": [["content-type", "application/json"]], "body": "{}" },
            })
        )
    };
    let traffic = call("1", "/v1/orders/1001") + &call("2", "/v1/hidden");
    let traffic = write(&home, "traffic.jsonl", traffic.as_bytes());
    let seen = home.path().join("seen.json").display().to_string();
    run(&home, &["analyze", &traffic, "--format", "json", "--out", &seen]);
    let arguments =
        ["discover", "source", "shop", "--spec", &spec, "--seen", &seen, "--format", "json"];
    let found = result(&home, &arguments);
    let told = told(&found);
    for line in [
        "GET /v1/orders/{id} required code+specification+traffic",
        "POST /v1/refunds - specification",
        "GET /v1/hidden - traffic",
        "GET /v1/me required code",
    ] {
        assert!(told.contains(&line.to_owned()), "{line}: {told:?}");
    }
    let summary = &found["summary"];
    assert_eq!(
        (&summary["undocumented"], &summary["not_called"], &summary["not_in_code"]),
        (&json!(5), &json!(5), &json!(2))
    );
}

#[test]
fn wrong_use_is_told_and_has_its_exit_code() {
    let home = home();
    folder(&home);
    std::fs::create_dir(home.path().join("empty")).expect("made");
    let code = |arguments: &[&str]| run(&home, arguments).status.code();
    assert_eq!(code(&["discover", "source", "shop", "--fail-on", "high"]), Some(1));
    assert_eq!(code(&["discover", "source", "shop", "--fail-on", "critical"]), Some(0));
    assert_eq!(code(&["discover", "source"]), Some(2));
    assert_eq!(code(&["discover", "source", "shop", "--seen", "shop/app.js"]), Some(3));
    for (folder, why) in [("empty", "no source code was found"), ("none", "cannot read folder")] {
        let output = run(&home, &["discover", "source", folder]);
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_hostile_folder_neither_leads_out_nor_reaches_the_terminal() {
    let home = home();
    folder(&home);
    write(&home, "outside.js", b"require('express')().get('/outside', x);");
    let shop = home.path().join("shop");
    std::os::unix::fs::symlink("..", shop.join("up")).expect("linked");
    std::os::unix::fs::symlink("../outside.js", shop.join("out.js")).expect("linked");
    let evil = "const app = require('express')(); app.get('/\u{1b}[2J<script>=1', x);";
    write(&home, "shop/\u{1b}[31m.js", evil.as_bytes());
    let output = run(&home, &["discover", "source", "shop"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!text.contains('\u{1b}') && !text.contains("/outside"), "{text}");
    assert!(text.contains("<script>"), "{text}");
}

#[test]
fn findings_are_told_as_sarif_with_rules_places_and_fingerprints() {
    let home = home();
    folder(&home);
    let log = result(&home, &["discover", "source", "./shop", "--format", "sarif"]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    let told: Vec<(&str, &str, u64)> = results
        .iter()
        .map(|result| {
            let rule = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(result["ruleId"], rules[rule]["id"]);
            let place = &result["locations"][0]["physicalLocation"];
            let line = place["region"]["startLine"].as_u64().expect("a line");
            let uri = place["artifactLocation"]["uri"].as_str().expect("a place");
            (result["ruleId"].as_str().expect("a rule"), uri, line)
        })
        .collect();
    assert_eq!(told, [("BZ-C029", "shop/app.js", 17), ("BZ-C028", "shop/app.js", 16)]);
    assert_eq!(json!([results[0]["level"], results[1]["level"]]), json!(["error", "warning"]));
    assert!(!log.to_string().contains("Kq7-zt4Wm2xB"), "a secret is shown");
    // The fingerprint is that of the finding, and stays when lines move.
    let found = result(&home, &["discover", "source", "shop", "--format", "json"]);
    assert_eq!(results[0]["partialFingerprints"]["bartizanFinding/v1"], found["findings"][0]["id"]);
    assert_eq!(found["findings"][0]["place"], json!({ "file": "app.js", "line": 17 }));
    write(&home, "shop/app.js", format!("\n\n{APP}").as_bytes());
    let moved = result(&home, &["discover", "source", "shop", "--format", "sarif"]);
    let moved = &moved["runs"][0]["results"][0];
    assert_eq!(moved["partialFingerprints"], results[0]["partialFingerprints"]);
    assert_eq!(moved["locations"][0]["physicalLocation"]["region"]["startLine"], 19);
}

#[test]
fn a_page_tells_the_same_without_script_and_shows_hostile_names_harmlessly() {
    let home = home();
    folder(&home);
    let evil = "app.get('/<script>x/\u{202e}y', gate, x);\n";
    write(&home, "shop/app.js", format!("{APP}{evil}").as_bytes());
    let output =
        run(&home, &["discover", "source", "shop", "--format", "html", "--out", "shop.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = std::fs::read_to_string(home.path().join("shop.html")).expect("written");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Content-Security-Policy"));
    for told in [
        "BZ-C028",
        "BZ-C029",
        "app.js:16",
        "/v1/orders",
        "gate",
        "7 routes in code",
        "&lt;script&gt;x",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("Kq7-zt4Wm2xB"), "a secret is shown");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
}
