//! One inventory of what traffic, specifications, code and crawls know, as users meet it.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

const EXPRESS: &str = "
const express = require('express');
const app = express();
function gate(req, res, next) {
  if (!req.session.user) return res.status(401).json({});
  next();
}
app.get('/users/:id', gate, show);
app.delete('/users/:id', gate, remove);
app.get('/metrics', metrics);
";

const FLASK: &str = "
from flask import Flask
app = Flask(__name__)

@app.route('/users/<int:user_id>')
def user(user_id):
    return {}
";

fn call(id: usize, target: &str) -> String {
    let request = json!({
        "method": "GET", "url": format!("https://shop.example.com{target}"),
        "headers": [["accept", "*/*"]],
    });
    let answer = json!({
        "status": 200, "headers": [["content-type", "application/json"]], "body": "{}",
    });
    format!("{}\n", json!({ "id": id.to_string(), "request": request, "response": answer }))
}

/// Two folders of code, a specification, what a crawl found, and traffic.
fn files(home: &tempfile::TempDir) -> [String; 3] {
    for folder in ["shop", "people"] {
        std::fs::create_dir_all(home.path().join(folder)).expect("made");
    }
    write(home, "shop/app.js", EXPRESS.as_bytes());
    write(home, "people/app.py", FLASK.as_bytes());
    let spec = json!({
        "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" },
        "servers": [{ "url": "https://shop.example.com" }],
        "paths": { "/users/{userId}": { "get": { "responses": { "200": { "description": "a user" } } } } },
    });
    let spec = write(home, "openapi.json", spec.to_string().as_bytes());
    let crawl = json!({
        "target": "https://shop.example.com/", "routes": [
            { "method": "GET", "path": "/users/{id}", "known_by": ["script"], "status": 401,
              "found_at": "https://shop.example.com/app.js" },
            { "method": "?", "path": "/export", "known_by": ["source_map"], "status": null,
              "found_at": "https://shop.example.com/app.js.map" },
        ],
    });
    let crawl = write(home, "crawl.json", crawl.to_string().as_bytes());
    let traffic: String = (1..=3).map(|id| call(id, &format!("/users/{id}"))).collect();
    [spec, crawl, write(home, "traffic.jsonl", traffic.as_bytes())]
}

/// Method, path, state and who knows it.
fn told(endpoints: &Value) -> Vec<String> {
    let line = |endpoint: &Value| {
        let text = |key: &str| endpoint[key].as_str().unwrap_or("-").to_owned();
        let known: Vec<&str> = endpoint["known_by"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let (method, path, state) = (text("method"), text("path"), text("inventory_state"));
        format!("{method} {}{path} {state} {}", text("host"), known.join("+"))
    };
    endpoints.as_array().expect("endpoints").iter().map(line).collect()
}

#[test]
fn one_inventory_says_which_source_knew_what() {
    let home = home();
    let [spec, crawl, traffic] = files(&home);
    let known = ["--source", "shop", "--source", "people", "--discovered", &crawl];
    let mut arguments =
        vec!["analyze", &traffic, "--spec", &spec, "--format", "json", "--data", "kept"];
    arguments.extend(known);
    let found = result(&home, &arguments);
    let expected = [
        "? shop.example.com/export unspecified crawl",
        "GET shop.example.com/metrics unspecified code",
        "DELETE shop.example.com/users/{id} unspecified code",
        "GET shop.example.com/users/{userId} documented traffic+specification+code+crawl",
    ];
    let mut lines = told(&found["endpoints"]);
    lines.sort_by_key(|line| expected.iter().position(|one| one == line));
    assert_eq!(lines, expected);
    let endpoints = found["endpoints"].as_array().expect("endpoints");
    let user = endpoints.iter().find(|one| one["requests"] == 3).expect("called");
    let places: Vec<&str> = user["discovered"]
        .as_array()
        .expect("discovered")
        .iter()
        .filter_map(|one| one["code"]["file"].as_str())
        .collect();
    assert_eq!(places, ["app.js", "app.py"], "both components declare it");
    assert_eq!(user["discovered"][0]["by"], "crawl");
    assert_eq!(user["discovered"][0]["shown"]["status"], 401);

    // What is kept can be asked for by who knows it.
    let kept = ["catalog", "--data", "kept", "--known-by", "code", "--format", "json"];
    assert_eq!(told(&result(&home, &kept)).len(), 3);
    let id = user["id"].as_str().expect("id");
    let shown = run(&home, &["catalog", id, "--data", "kept"]);
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    let shown: Vec<&str> = shown.split_whitespace().collect();
    let shown = shown.join(" ");
    let fact = "code demands credentials, and 3 requests without any were granted";
    assert!(shown.contains(fact) && shown.contains("app.js:8"), "{shown}");
    let csv = run(&home, &["catalog", "--data", "kept", "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).expect("UTF-8");
    assert!(csv.lines().next().is_some_and(|head| head.ends_with("known_by,discovered")), "{csv}");
}

#[test]
fn results_of_discover_count_like_the_folder_itself() {
    let home = home();
    let [_, _, traffic] = files(&home);
    let written = home.path().join("code.json").display().to_string();
    run(&home, &["discover", "source", "shop", "--format", "json", "--out", &written]);
    let with = |flag: &str, what: &str| {
        let found = result(&home, &["analyze", &traffic, "--format", "json", flag, what]);
        told(&found["endpoints"])
    };
    let by_folder = with("--source", "shop");
    assert_eq!(by_folder, with("--discovered", &written));
    assert!(
        by_folder.contains(&"GET shop.example.com/users/{id} unspecified traffic+code".to_owned())
    );
    // One value alone shows no parameter: code does.
    let one = write(&home, "one.jsonl", call(1, "/users/me-and-mine").as_bytes());
    let found = result(&home, &["analyze", &one, "--format", "json", "--source", "shop"]);
    let lines = told(&found["endpoints"]);
    assert!(
        lines.contains(&"GET shop.example.com/users/{id} unspecified traffic+code".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn what_is_no_result_is_refused() {
    let home = home();
    let [spec, _, traffic] = files(&home);
    for (flag, what) in
        [("--discovered", spec.as_str()), ("--discovered", "none.json"), ("--source", "none")]
    {
        let failed = run(&home, &["analyze", &traffic, flag, what]);
        assert_eq!(failed.status.code(), Some(3), "{flag} {what}: {}", stderr(&failed));
    }
}
