//! Bodies that are made to cost time: whatever is in one exchange, it is judged soon.

use serde_json::json;

use crate::command::{home, run, stderr, write};

/// Longest that judging one exchange may take here, in microseconds: far more than it does, and far less
/// than what grows with the square of the values in it.
const LONGEST_MICROS: u64 = 10_000_000;

/// A list with as many values as are taken from a message.
fn list(value: impl Fn(usize) -> String) -> String {
    json!((0..98_000).map(value).collect::<Vec<_>>()).to_string()
}

#[test]
fn no_body_takes_more_than_its_share() {
    let bodies = [
        ("emails", list(|n| format!("user{n}@example.com"))),
        ("phones", list(|n| format!("+49 170 {n:07}"))),
        ("ibans", list(|n| format!("DE89 3704 0044 0532 {:04} 00", n % 10_000))),
        ("tags", json!(vec!["<a onx=".repeat(8_000); 120]).to_string()),
        ("ats", json!(vec!["a@".repeat(32_000); 120]).to_string()),
        ("quotes", json!(vec!["' or ".repeat(13_000); 120]).to_string()),
    ];
    let typed = [["content-type", "application/json"]];
    let line = |id: String, sent: &str, answered: &str| {
        let request = json!({"method": "POST", "url": "https://api.example.com/v1/x",
            "headers": typed, "body": sent});
        let response = json!({"status": 200, "headers": typed, "body": answered});
        json!({"id": id, "request": request, "response": response}).to_string() + "\n"
    };
    let mut lines = String::new();
    for (name, body) in &bodies {
        lines += &line(format!("{name}, sent"), body, "{}");
        lines += &line(format!("{name}, answered"), "{}", body);
        lines += &line(format!("{name}, both"), body, body);
    }
    let home = home();
    write(&home, "costly.jsonl", lines.as_bytes());
    let output = run(&home, &["inspect", "costly.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 3 * bodies.len());
    for verdict in text.lines() {
        let verdict: serde_json::Value = serde_json::from_str(verdict).expect("JSON");
        let micros = verdict["micros"].as_u64().expect("a time");
        assert!(micros < LONGEST_MICROS, "{}: {micros} µs", verdict["id"]);
    }
}
