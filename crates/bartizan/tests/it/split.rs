//! `bartizan catalog split`, beside nobody and beside a running server's lock.

use serde_json::{Value, json};

use crate::command::{home, result, run, stderr, write};

/// Words below one path, which are taken for values of a parameter.
fn traffic() -> String {
    let first = ["snow", "red", "grey", "blue", "brown", "marsh", "river", "stone"];
    let second = ["hare", "fox", "owl", "wolf", "heron"];
    let words = first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}-{b}")));
    words
        .enumerate()
        .map(|(id, word)| {
            let line = json!({
                "id": id.to_string(),
                "request": { "method": "GET", "url": format!("https://api.example.com/v1/habitats/{word}"),
                    "headers": [["accept", "*/*"]] },
                "response": { "status": 200, "headers": [["content-type", "application/json"]],
                    "body": "{\"id\":1}" },
            });
            format!("{line}\n")
        })
        .collect()
}

#[test]
fn paths_are_kept_apart_from_the_command_line() {
    let home = home();
    let capture = write(&home, "a.jsonl", traffic().as_bytes());
    let analyze = ["analyze", &capture, "--no-report", "--data", "kept", "--format", "json"];
    let found = result(&home, &analyze);
    let merged = &found["endpoints"][0];
    assert_eq!(merged["path"], "/v1/habitats/{habitat_id}", "{found}");
    let id = merged["id"].as_str().expect("an id");

    let split = |more: &[&str]| {
        let all = [&["catalog", "split", id, "--data", "kept", "--format", "json"], more].concat();
        result(&home, &all)
    };
    let shown = split(&["--dry-run"]);
    assert_eq!((&shown["count"], &shown["is_all"]), (&json!(39), &json!(true)), "{shown}");
    let path = "api.example.com/v1/habitats/red-fox";
    let fox = shown["items"].as_array().expect("a list").iter().find(|one| one["path"] == path);
    let fox = fox.expect("a part")["endpoint_ids"][0].clone();
    let done = split(&["--path", path, "--reason", "somebody else"]);
    let expected =
        json!({"endpoint_id": id, "paths": [path], "count": 1, "is_all": true, "is_new": true});
    assert_eq!(done, expected);
    assert_eq!(split(&["--path", path])["is_new"], false);

    // The beginning of an id is enough, as text tells it; an end of it is none.
    let text =
        run(&home, &["catalog", "split", &id[..id.len() - 1], "--data", "kept", "--path", path]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains(path) && text.contains("nothing was changed"), "{text}");
    for (arguments, code, told) in [
        (vec!["catalog", "split", "ep_nothing", "--data", "kept"], 2, "there is no endpoint"),
        (vec!["catalog", "split", id, "--data", "kept", "--path", "a/b"], 2, "--dry-run"),
        (vec!["catalog", "split", id, "--data", "elsewhere"], 3, "nothing is kept in elsewhere"),
        (vec!["catalog", "split", id, "--data", "kept", "--reason", "a\nb"], 2, "--reason"),
    ] {
        let output = run(&home, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }

    let more = traffic().lines().nth(6).map(|line| format!("{line}\n")).expect("the fox");
    let more = write(&home, "b.jsonl", more.as_bytes());
    let analyze = ["analyze", &more, "--no-report", "--data", "kept", "--format", "json"];
    let after = result(&home, &analyze);
    let paths = |of: &Value| -> Vec<String> {
        let all = of["endpoints"].as_array().expect("a list").iter();
        all.filter_map(|one| one["path"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(paths(&after), ["/v1/habitats/red-fox", "/v1/habitats/{habitat_id}"], "{after}");
    let again = after["endpoints"].as_array().expect("a list");
    assert!(again.iter().any(|one| one["id"] == fox), "its id came back: {after}");
}
