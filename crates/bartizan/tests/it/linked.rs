//! One attacker under several names: what the command joins, and what it must not join.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{home, result, run, write};

const ATTACKER: &str = "198.51.100.7";
const INJECTION: &str = "/v1/search?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20";

/// A request at minute `at`: from where, with which token, for what, answered how.
struct One<'a> {
    at: u32,
    ip: &'a str,
    token: Option<&'a str>,
    path: &'a str,
    status: u16,
}

fn lines(exchanges: &[One<'_>]) -> String {
    let line = |one: &One<'_>| {
        let mut headers = vec![["host".to_owned(), "app.example.com".to_owned()]];
        headers.push([
            "user-agent".to_owned(),
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0".to_owned(),
        ]);
        if let Some(token) = one.token {
            headers.push(["authorization".to_owned(), format!("Bearer {token}")]);
        }
        let time = format!(
            "2026-11-{:02}T{:02}:{:02}:00Z",
            2 + one.at / 1440,
            one.at / 60 % 24,
            one.at % 60
        );
        json!({
            "time": time,
            "client": { "ip": one.ip },
            "request": {
                "method": "GET", "url": format!("https://app.example.com{}", one.path),
                "headers": headers, "body": "",
            },
            "response": {
                "status": one.status, "headers": [["content-type", "application/json"]],
                "body": "{\"id\":1}",
            },
        })
        .to_string()
    };
    exchanges.iter().map(|one| line(one) + "\n").collect()
}

fn token(number: u32) -> String {
    format!("{:032x}", 0xc4ed_6c21_9dd5_4a05_8e3f_c56d_1151_u128 * u128::from(number + 3))
}

/// Probes without a name, then a successful call and more probes with `name`.
fn story<'a>(first: u32, then: u32, ip: &'a str, name: &'a str) -> Vec<One<'a>> {
    let one = |at, token, path, status| One { at, ip, token, path, status };
    vec![
        one(first, None, INJECTION, 401),
        one(first + 1, None, INJECTION, 401),
        one(then, Some(name), "/v1/me", 200),
        one(then + 1, Some(name), INJECTION, 403),
    ]
}

fn incidents(home: &TempDir, name: &str, exchanges: &[One<'_>], more: &[&str]) -> Vec<Value> {
    let input = write(home, name, lines(exchanges).as_bytes());
    let mut arguments = vec!["analyze", &input, "--no-report", "--format", "json", "--quiet"];
    arguments.extend(more);
    result(home, &arguments)["incidents"].as_array().expect("a list").clone()
}

#[test]
fn probes_without_a_name_and_the_name_that_follows_are_one_story() {
    let home = home();
    let name = token(1);
    let exchanges = story(600, 620, ATTACKER, &name);
    let found = incidents(&home, "one.jsonl", &exchanges, &[]);
    assert_eq!(found.len(), 1, "{found:#?}");
    let incident = &found[0];
    assert_eq!(incident["actor"]["kind"], "address");
    assert_eq!(incident["detection_ids"].as_array().map(Vec::len), Some(2));
    let link = &incident["linked"][0];
    assert_eq!(
        (&link["actor"]["kind"], &link["reason"]),
        (&json!("principal"), &json!("same_client"))
    );
    assert_eq!(link["first"], "2026-11-02T10:20:00.000000Z");
    let input = home.path().join("one.jsonl").display().to_string();
    let text = run(&home, &["analyze", &input, "--no-report"]).stdout;
    let text = String::from_utf8(text).expect("UTF-8");
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("(same address and client, 2 Nov 2026, 10:20 – 10:21 UTC, 2 exchanges)"),
        "{text}"
    );
}

#[test]
fn nothing_is_tied_to_a_name_behind_a_shared_address_or_a_day_later() {
    let home = home();
    let names: Vec<String> = (1..=5).map(token).collect();
    let name = &names[0];
    let mut exchanges = story(600, 620, ATTACKER, name);
    for (user, at) in names[1..].iter().zip(700..) {
        exchanges.push(One { at, ip: ATTACKER, token: Some(user), path: "/v1/me", status: 200 });
    }
    let found = incidents(&home, "shared.jsonl", &exchanges, &[]);
    assert_eq!((found.len(), &found[0]["linked"]), (2, &Value::Null), "five users at one address");
    let found = incidents(&home, "late.jsonl", &story(600, 620 + 25 * 60, ATTACKER, name), &[]);
    assert_eq!(found.len(), 2, "more than a day apart");
    // A key that every user of an application has.
    let mut exchanges = story(600, 620, ATTACKER, name);
    let others: Vec<String> = (10..15).map(|n| format!("203.0.113.{n}")).collect();
    for (ip, at) in others.iter().zip(700..) {
        exchanges.push(One { at, ip, token: Some(name), path: "/v1/me", status: 200 });
    }
    assert_eq!(incidents(&home, "key.jsonl", &exchanges, &[]).len(), 2, "one key, six clients");
    // A name that the API refuses is nobody's.
    let mut exchanges = story(600, 620, ATTACKER, name);
    exchanges.retain(|one| one.status != 200);
    let found = incidents(&home, "claimed.jsonl", &exchanges, &[]);
    assert_eq!((found.len(), &found[0]["linked"]), (1, &Value::Null));
}

#[test]
fn an_incident_that_another_took_in_is_found_by_its_id() {
    let home = home();
    let name = token(1);
    let elsewhere =
        |at, path, status| One { at, ip: "203.0.113.50", token: Some(&name), path, status };
    let mut exchanges = vec![elsewhere(590, "/v1/me", 200), elsewhere(595, INJECTION, 403)];
    exchanges.extend(story(600, 620, ATTACKER, &name).into_iter().take(2));
    let apart = incidents(&home, "first.jsonl", &exchanges, &["--data", "kept"]);
    assert_eq!(apart.len(), 2);
    let rest: Vec<_> = story(600, 620, ATTACKER, &name).into_iter().skip(2).collect();
    let joined = incidents(&home, "second.jsonl", &rest, &["--data", "kept"]);
    assert_eq!(joined.len(), 1);
    let listed = result(&home, &["incidents", "--data", "kept", "--format", "json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "none is left behind");
    for incident in &apart {
        let id = incident["id"].as_str().expect("an id");
        let found = result(&home, &["incidents", id, "--data", "kept", "--format", "json"]);
        assert_eq!(found[0]["id"], joined[0]["id"], "{id}");
    }
}
