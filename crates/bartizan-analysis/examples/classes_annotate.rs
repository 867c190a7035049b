//! Names the data classes of exchanges, as `analyze --annotate` does but without the rest of the analysis.
//!
//! `cargo run -p bartizan-analysis --example classes_annotate < EXCHANGES.jsonl > ANNOTATED.jsonl`
//! reads what `eval/sensitive.py exchanges` and `eval/classes_set.py exchanges` write, and writes
//! what their `score` reads: one object per line with the `id` and the `data_classes`, sorted.

#![allow(clippy::print_stdout, reason = "a command that prints")]

use std::{collections::BTreeSet, io};

use bartizan_analysis::{Snapshot, classes::classify};
use bartizan_model::{Exchange, HashKey, Headers, Request, Response, Scope};
use bartizan_protocols::decode::decode;
use serde_json::{Value, json};

/// The exchange of one line: bodies of JSON, no other header fields than its type.
fn exchange(line: &Value) -> Exchange {
    let text = |side: &str, key: &str| line[side][key].as_str().unwrap_or("").to_owned();
    let headers = |side: &str| {
        let typed = !text(side, "body").is_empty();
        Headers::from_iter(typed.then_some(("content-type", "application/json")))
    };
    Exchange {
        request: Request {
            method: text("request", "method"),
            scheme: "https".to_owned(),
            authority: "api.example.com".to_owned(),
            target: text("request", "url").replacen("https://api.example.com", "", 1),
            headers: headers("request"),
            body: text("request", "body").into_bytes().into(),
            ..Request::default()
        },
        response: Some(Response {
            status: 200,
            headers: headers("response"),
            headers_captured: true,
            body: text("response", "body").into_bytes().into(),
            ..Response::default()
        }),
        ..Exchange::default()
    }
}

fn main() -> io::Result<()> {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    for line in io::stdin().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let decoded = decode(&exchange(&line), &snapshot.limits, snapshot.seed);
        let classes: BTreeSet<&str> =
            classify(&decoded, &snapshot).iter().map(|hit| hit.class.as_str()).collect();
        println!("{}", json!({"id": line["id"], "data_classes": classes}));
    }
    Ok(())
}
