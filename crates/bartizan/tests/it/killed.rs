//! What an analyst was told is kept survives the sudden death of the server, on both databases.

use std::{thread, time::Duration};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    command::{home, run, stderr, write},
    console::{Client, PASSWORD, enter},
    serve::Server,
    store::server,
};

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/shop.jsonl");
/// After so many milliseconds of work the server dies, in each of its lives.
const LIVES: [u64; 3] = [30, 150, 400];
/// Most comments in one life; a finding takes 1,000.
const MOST: usize = 300;

fn serve(home: &TempDir) -> Server {
    Server::start(home, &["--upstream", "http://127.0.0.1:1"])
}

/// Comments on a finding until the server is gone; what was acknowledged.
fn comment(mut client: Client, finding: &str, life: u64) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0..MOST {
        let text = format!("life {life}, comment {n}");
        let path = format!("/findings/{finding}/comments");
        match client.try_ask("POST", &path, Some(&json!({"text": text}))) {
            Ok((201, _)) => acknowledged.push(text),
            Ok((status, answer)) => panic!("{status} {answer}"),
            Err(_) => break,
        }
    }
    acknowledged
}

fn texts(client: &mut Client, finding: &str) -> Vec<String> {
    let (status, all) = client.ask("GET", &format!("/findings/{finding}/comments"), None);
    assert_eq!(status, 200, "{all}");
    let items = all["items"].as_array().expect("a list").iter();
    items.map(|one| one["text"].as_str().expect("a text").to_owned()).collect()
}

fn survive(home: &TempDir) {
    let output = run(home, &["analyze", CAPTURE, "--no-report", "--data", "data"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let mut server = serve(home);
    let mut client = enter(server.admin, &home.path().join("data"));
    let (_, findings) = client.ask("GET", "/findings?limit=1", None);
    let finding = findings["items"][0]["id"].as_str().expect("a finding").to_owned();
    let change = json!({"ids": [finding], "to": "confirmed", "reason": "seen"});
    let (status, done) = client.ask("POST", "/findings/state", Some(&change));
    assert_eq!((status, &done["refused"]), (200, &json!([])), "{done}");
    let mut expected = Vec::new();
    for life in LIVES {
        let about = finding.clone();
        let analyst = thread::spawn(move || comment(client, &about, life));
        thread::sleep(Duration::from_millis(life));
        server.signal("-KILL");
        let acknowledged = analyst.join().expect("worked");
        // Its lock on the folder is free once it is gone, and not yet when it is told to die.
        drop(server);
        server = serve(home);
        client = Client::to(server.admin);
        let who = json!({"user": "admin", "password": PASSWORD});
        assert_eq!(client.ask("POST", "/session", Some(&who)).0, 200);
        let kept = texts(&mut client, &finding);
        expected.extend(acknowledged);
        // The last one may have been written without anybody being told.
        let more = kept.len() - expected.len();
        assert!(kept.starts_with(&expected) && more <= 1, "{kept:?} {expected:?}");
        expected = kept;
        let (_, one) = client.ask("GET", &format!("/findings/{finding}"), None);
        assert_eq!(one["state"], "confirmed", "{one}");
    }
    assert!(expected.len() > LIVES.len(), "it died before anybody worked");
    server.stop();
}

#[test]
fn what_was_acknowledged_survives_kills() {
    survive(&home());
}

#[test]
fn what_was_acknowledged_survives_kills_on_postgres() {
    let Some(server) = server::shared() else { return };
    let home = home();
    write(&home, "url", server.database().as_bytes());
    write(&home, "bartizan.yaml", b"store:\n  url: file:url\n");
    survive(&home);
}
