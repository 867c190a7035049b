//! What the command lists, collapses, leaves out and calls *not evaluated*, from input to output.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{home, result, run, stderr, write};

const TOKEN: &str = "Bearer c4ed6c219dd54a058e3fc56d1151cce8";

/// One exchange with a host that speaks JSON.
struct One<'a> {
    ip: &'a str,
    path: &'a str,
    token: bool,
    status: u16,
    media: &'a str,
    body: &'a str,
}

const API: One<'static> = One {
    ip: "198.51.100.7",
    path: "/",
    token: false,
    status: 200,
    media: "application/json",
    body: "{\"id\":1}",
};

fn lines(exchanges: &[One<'_>]) -> String {
    let mut out = String::new();
    for (number, one) in exchanges.iter().enumerate() {
        let mut headers = vec![["host", "app.example.com"]];
        if one.token {
            headers.push(["authorization", TOKEN]);
        }
        let exchange = json!({
            "id": number.to_string(),
            "time": format!("2026-11-22T10:{:02}:{:02}Z", number / 60, number % 60),
            "client": { "ip": one.ip },
            "request": {
                "method": "GET", "url": format!("https://app.example.com{}", one.path),
                "headers": headers, "body": "",
            },
            "response": {
                "status": one.status, "headers": [["content-type", one.media]], "body": one.body,
            },
        });
        out.push_str(&format!("{exchange}\n"));
    }
    out
}

fn shell() -> String {
    format!("<!doctype html><html><body><div id=root></div>{}</body></html>", "x".repeat(700))
}

const TRACE: &str = "{\"error\":\"java.lang.NullPointerException\\n\\tat com.example.Report.run(Report.java:41)\\n\\tat com.example.Main.main(Main.java:12)\"}";

/// Paths of the inventory and what became of every exchange.
fn paths(result: &Value) -> Vec<String> {
    let endpoints = result["endpoints"].as_array().expect("a list");
    let seen = endpoints.iter().filter(|e| e["inventory_state"] != "orphan");
    seen.map(|e| e["path"].as_str().expect("a path").to_owned()).collect()
}

fn adds_up(result: &Value) {
    let endpoints = result["endpoints"].as_array().expect("a list");
    let listed: u64 = endpoints.iter().filter_map(|e| e["requests"].as_u64()).sum();
    let noise = result["summary"]["noise"].as_u64().expect("a number");
    assert_eq!(json!(listed + noise), result["summary"]["exchanges"]);
}

fn analyze(home: &TempDir, input: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["analyze", input, "--format", "json"];
    arguments.extend(more);
    result(home, &arguments)
}

/// An application with its API on one host: users, a scanner, an old help page, a broken report.
fn application() -> Vec<One<'static>> {
    let shell: &'static str = shell().leak();
    let page = |path, ip| One { ip, path, media: "text/html", body: shell, ..API };
    let mut out = Vec::new();
    for path in ["/api/orders/1", "/api/orders/2", "/api/orders/3", "/api/me"] {
        out.push(One { path, token: true, ..API });
    }
    out.push(page("/", "198.51.100.7"));
    let help = "<html><body>Help, in a page of its own, not like the others</body></html>";
    out.push(One { path: "/help", media: "text/html", body: help, ..API });
    let scanned = ["/.env", "/wp-login.php", "/phpmyadmin/index.php", "/backup.zip", "/admin"];
    out.extend(scanned.map(|path| page(path, "203.0.113.9")));
    for path in ["/.git/config", "/old.sql"] {
        out.push(One { path, ip: "203.0.113.9", status: 404, body: "{}", ..API });
    }
    let broken = One { path: "/api/reports/monthly", status: 500, body: TRACE, ..API };
    out.push(One { token: true, ..broken });
    out.push(One { path: "/api/nothing/here", ip: "203.0.113.9", ..broken });
    out
}

#[test]
fn every_success_is_listed_and_every_exchange_is_accounted_for() {
    let home = home();
    let input = write(&home, "app.jsonl", lines(&application()).as_bytes());
    let json = analyze(&home, &input, &[]);
    assert_eq!(
        paths(&json),
        ["/", "/api/me", "/api/orders/{order_id}", "/api/reports/monthly", "/help", "/{any_path}"]
    );
    let summary = &json["summary"];
    assert_eq!((&summary["catch_all"], &summary["noise"]), (&json!(5), &json!(3)));
    adds_up(&json);
    // The stack trace that only an accepted caller's error shows has a home.
    let findings = json["findings"].as_array().expect("a list");
    let trace: Vec<_> = findings.iter().filter(|f| f["code"] == "BZ-C013").collect();
    assert_eq!(trace.len(), 1, "{findings:?}");
    let home_of = json["endpoints"].as_array().expect("a list").iter();
    let home_of = home_of.filter(|e| e["id"] == trace[0]["endpoint_id"]).collect::<Vec<_>>();
    assert_eq!(home_of[0]["path"], "/api/reports/monthly");
    assert_eq!(home_of[0]["confirmed"], false, "provisional");
    let text = run(&home, &["analyze", &input, "--no-report"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("5 requests answered alike at any path"), "{text}");
}

#[test]
fn a_specification_vouches_for_what_only_fails() {
    let home = home();
    let spec = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\nservers: [{url: 'https://app.example.com/api'}]\npaths:\n  /nothing/{word}:\n    get: {responses: {'200': {description: ok}}}\n";
    let spec = write(&home, "spec.yaml", spec.as_bytes());
    let input = write(&home, "app.jsonl", lines(&application()).as_bytes());
    let json = analyze(&home, &input, &["--spec", &spec]);
    let listed = json["endpoints"].as_array().expect("a list").iter();
    let found: Vec<_> = listed.filter(|e| e["path"] == "/api/nothing/here").collect();
    assert_eq!((found.len(), &found[0]["inventory_state"]), (1, &json!("documented")));
    let traces = json["findings"].as_array().expect("a list").iter();
    assert_eq!(traces.filter(|f| f["code"] == "BZ-C013").count(), 2);
    adds_up(&json);
}

fn log_line(second: usize, path: &str, bytes: usize) -> String {
    format!(
        "203.0.113.9 - - [22/Nov/2026:10:00:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {bytes} \
         \"-\" \"curl/8.4.0\"\n"
    )
}

#[test]
fn an_access_log_proves_no_missing_credential() {
    let home = home();
    let mut log = String::new();
    for second in 0..20 {
        log.push_str(&log_line(second, &format!("/v1/customers/{second}"), 300 + second * 7));
    }
    // What a single-page application answers to a scanner has one size.
    for (second, path) in ["/.env", "/wp-login.php", "/a.sql", "/b.bak"].iter().enumerate() {
        log.push_str(&log_line(30 + second, path, 1_437));
    }
    let input = write(&home, "access.log", log.as_bytes());
    let json = analyze(&home, &input, &["--data", "kept"]);
    assert_eq!(paths(&json), ["/v1/customers/{customer_id}", "/{any_path}"]);
    assert_eq!(json["summary"]["partly_inspected"], json!(24), "no exchange was seen whole");
    adds_up(&json);
    for endpoint in json["endpoints"].as_array().expect("a list") {
        assert_eq!((&endpoint["auth"], &endpoint["auth_judged"]), (&json!([]), &json!(0)));
        let factors = endpoint["risk"]["factors"].to_string();
        assert!(!factors.contains("no authentication"), "{factors}");
    }
    let checks = json["summary"]["checks"].as_array().expect("a list");
    for name in
        ["anonymous-sensitive-data", "basic-authentication", "mixed-authentication", "missing-hsts"]
    {
        let tally = checks.iter().find(|c| c["name"] == name).expect(name);
        assert_eq!((&tally["passed"], &tally["failed"]), (&json!(0), &json!(0)), "{tally}");
        assert!(tally["not_evaluated"].as_u64() > Some(0), "{tally}");
    }
    let text = run(&home, &["analyze", &input, "--no-report"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("0 of 24 exchanges fully inspected"), "{text}");
    assert!(text.contains("not evaluated") && !text.contains("none seen"), "{text}");
    let csv = run(&home, &["catalog", "--data", "kept", "--format", "csv"]);
    let csv = String::from_utf8_lossy(&csv.stdout).into_owned();
    assert_eq!(csv.matches(",not evaluated,0,").count(), 2, "{csv}");
}

#[test]
fn a_weakness_of_the_host_is_one_finding_with_a_lasting_id() {
    let home = home();
    let of_host = |json: &Value| {
        let findings = json["findings"].as_array().expect("a list").clone();
        let hsts: Vec<Value> = findings.into_iter().filter(|f| f["code"] == "BZ-C015").collect();
        assert_eq!(hsts.len(), 1, "{hsts:?}");
        hsts[0].clone()
    };
    let mut exchanges = application();
    let few = write(&home, "few.jsonl", lines(&exchanges[..2]).as_bytes());
    let all = write(&home, "all.jsonl", lines(&exchanges).as_bytes());
    exchanges.reverse();
    let turned = write(&home, "turned.jsonl", lines(&exchanges).as_bytes());
    let few = of_host(&analyze(&home, &few, &[]));
    let json = analyze(&home, &all, &["--data", "kept"]);
    let all = of_host(&json);
    let turned = of_host(&analyze(&home, &turned, &["--threads", "2"]));
    assert_eq!((&few["id"], &all["id"]), (&all["id"], &turned["id"]), "permanent");
    assert_eq!((&few["endpoints"], &all["endpoints"]), (&json!(1), &json!(3)));
    assert_eq!((&all["endpoint_id"], &all["host"]), (&Value::Null, &json!("app.example.com")));
    let note = all["evidence"][0]["note"].as_str().expect("a sentence");
    assert_eq!(note, "3 of 3 endpoints where it could be judged show it");
    // Each of them leads to it: in the list of endpoints and in their risk.
    for id in all["endpoint_ids"].as_array().expect("a list") {
        let id = id.as_str().expect("an id");
        let shown = run(&home, &["catalog", id, "--data", "kept"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains(all["id"].as_str().expect("an id")), "{shown}");
        let endpoint = json["endpoints"].as_array().expect("a list").iter();
        let endpoint = endpoint.filter(|e| e["id"] == id).collect::<Vec<_>>();
        let factors = endpoint[0]["risk"]["factors"].to_string();
        assert!(factors.contains("worst finding"), "{factors}");
    }
    let explained = run(&home, &["explain", "BZ-C015"]);
    assert!(String::from_utf8_lossy(&explained.stdout).contains("host: one finding per host"));
}

/// What an earlier version kept: findings once per endpoint, what it had learned in another form, and
/// where it stood in the input.
#[test]
fn a_folder_of_an_earlier_version_goes_on() {
    use bartizan_model::{Scope, Timestamp, source::Checkpoint};
    use bartizan_store::{Batch, DataDirectory, DataOptions, LearnedState};

    let home = home();
    let input = write(&home, "app.jsonl", lines(&application()).as_bytes());
    let now = result(&home, &["analyze", &input, "--format", "json"]);
    let mut old = Vec::new();
    for finding in now["findings"].as_array().expect("a list") {
        for (n, endpoint) in finding["endpoint_ids"].as_array().expect("a list").iter().enumerate()
        {
            let mut finding = finding.clone();
            finding["id"] =
                json!(format!("fnd_old-{}-{n}", finding["code"].as_str().expect("code")));
            finding["endpoint_id"] = endpoint.clone();
            let fields = finding.as_object_mut().expect("an object");
            fields.remove("endpoints");
            fields.remove("endpoint_ids");
            old.push(serde_json::from_value(finding).expect("a finding of before"));
        }
    }
    assert!(old.len() > 2);
    let path = std::path::PathBuf::from(&input);
    let checkpoint = Checkpoint {
        input: bartizan_pipeline::keep::input_key(&[path]),
        offset: 10_000,
        exchanges: 15,
        reader: vec![1, 2, 3],
    };
    let learned = LearnedState { name: "judgement".to_owned(), content: vec![2, 7, 100, 101] };
    let batch = Batch {
        findings: old.clone(),
        checkpoints: vec![checkpoint],
        learned: vec![learned],
        ..Batch::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let options = DataOptions::new(home.path().join("kept"));
        let data = DataDirectory::open(&options, Timestamp::default()).await.expect("new");
        data.store().save_batch(&Scope::default(), &batch).await.expect("kept");
        data.close().await;
    });
    let before = result(&home, &["findings", "--data", "kept", "--format", "json"]);
    assert_eq!(before.as_array().map(Vec::len), Some(old.len()), "listed as they are");

    let arguments = ["analyze", &input, "--data", "kept", "--format", "json"];
    let output = run(&home, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("what another version learned cannot be continued"), "{said}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["endpoints"], now["endpoints"], "read anew, whole");
    let after = result(&home, &["findings", "--data", "kept", "--format", "json"]);
    let after = after.as_array().expect("a list");
    let of = |state: &str| after.iter().filter(|f| f["state"] == state).count();
    assert_eq!(of("replaced"), old.len());
    assert_eq!(of("open"), now["findings"].as_array().map_or(0, Vec::len));
    // And from here on as ever.
    let again = run(&home, &arguments);
    assert!(!stderr(&again).contains("another version"), "{}", stderr(&again));
    let again: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(
        (&again["input"]["exchanges"], &again["endpoints"]),
        (&json!(0), &json["endpoints"])
    );
    let open = run(&home, &["findings", "--data", "kept", "--fail-on", "info"]);
    assert_eq!(open.status.code(), Some(1), "{}", stderr(&open));
}

#[test]
fn an_accepted_websocket_shows_how_its_callers_authenticate() {
    let home = home();
    let opened = One { path: "/v1/live", token: true, status: 101, media: "", body: "", ..API };
    let input = write(&home, "app.jsonl", lines(&[opened]).as_bytes());
    let json = analyze(&home, &input, &[]);
    let endpoint = &json["endpoints"][0];
    assert_eq!(
        (&endpoint["auth_judged"], &endpoint["auth"][0]["type"]),
        (&json!(1), &json!("bearer"))
    );
    adds_up(&json);
}
