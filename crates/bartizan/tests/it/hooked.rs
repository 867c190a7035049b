//! Deliveries that no upstream took, from the gateway to the command that replays them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    command::{home, result, run, stderr, write},
    console::enter,
    serve::{Server, ask, until},
    sinks::hmac,
};

const SECRET: &str = "a secret of more than thirty-two bytes";
const BODY: &str = r#"{"card":"Hunter2Hunter2"}"#;

/// An API that fails until it is told to work, and remembers what it was asked.
struct Upstream {
    address: SocketAddr,
    works: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("address");
        let upstream = Self { address, works: Arc::default(), seen: Arc::default() };
        let (works, seen) = (Arc::clone(&upstream.works), Arc::clone(&upstream.seen));
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let (mut asked, mut some) = (Vec::new(), [0; 4096]);
                while !asked.ends_with(BODY.as_bytes()) {
                    match client.read(&mut some) {
                        Ok(read @ 1..) => asked.extend_from_slice(&some[..read]),
                        _ => break,
                    }
                }
                seen.lock().expect("free").push(String::from_utf8_lossy(&asked).into_owned());
                let status = if works.load(SeqCst) { "204 X" } else { "503 X" };
                let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
                drop(client.write_all(answer.as_bytes()));
            }
        });
        upstream
    }
}

fn start(upstream: &Upstream) -> (TempDir, Server) {
    let home = home();
    let secret = write(&home, "secret", SECRET.as_bytes());
    let text = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{}\"]\n\
         policies:\n  - name: hooks\n    mode: enforce\n    scope: {{paths: [/hook]}}\n    \
         webhook: {{scheme: github, secrets: ['file:{secret}']}}\n",
        upstream.address
    );
    write(&home, "bartizan.yaml", text.as_bytes());
    let server = Server::start(&home, &[]);
    (home, server)
}

fn deliver(server: &Server, key: &str) -> u16 {
    let tag = hmac(key.as_bytes(), BODY.as_bytes());
    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = format!(
        "POST /hook HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\nx-github-delivery: 7f\r\n\
         x-hub-signature-256: sha256={tag}\r\nauthorization: Bearer Hunter2Hunter2\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    ask(server.gateway, &request).0
}

fn listed(home: &TempDir) -> Vec<Value> {
    let list = result(home, &["webhooks", "list", "--data", "data", "--format", "json"]);
    list.as_array().expect("a list").clone()
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("folder").any(|entry| {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn what_failed_is_kept_sealed_and_replayed() {
    let upstream = Upstream::new();
    let (home, server) = start(&upstream);
    assert_eq!(deliver(&server, SECRET), 503);
    until("the delivery is kept", || !listed(&home).is_empty());
    let one = listed(&home).remove(0);
    assert_eq!(
        (&one["state"], &one["policy"], &one["status"]),
        (&json!("failed"), &json!("hooks"), &json!(503))
    );
    let id = one["id"].as_str().expect("an id").to_owned();
    let shown = result(&home, &["webhooks", "show", &id, "--data", "data", "--format", "json"]);
    assert_eq!(shown["request"]["target"], "/hook", "{shown}");
    assert!(!shown.to_string().contains("Hunter2"), "{shown}");
    assert!(!holds(&home.path().join("data"), "Hunter2"), "a value is in the clear");
    // The upstream still fails, and then works.
    let replay = ["webhooks", "replay", &id, "--data", "data", "--reason", "it is up again"];
    let output = run(&home, &replay);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("503"), "{}", stderr(&output));
    upstream.works.store(true, SeqCst);
    let output = run(&home, &replay);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let seen = upstream.seen.lock().expect("free").clone();
    assert_eq!(seen.len(), 3);
    let is_replay =
        |seen: &String| seen.to_lowercase().contains(&format!("x-bartizan-replay: {id}"));
    assert_eq!(seen.iter().map(is_replay).collect::<Vec<_>>(), [false, true, true]);
    assert!(seen[2].contains("x-github-delivery: 7f") && seen[2].ends_with(BODY), "{}", seen[2]);
    let one = listed(&home).remove(0);
    assert_eq!(
        (&one["state"], &one["replays"], &one["is_whole"]),
        (&json!("taken"), &json!(2), &json!(false))
    );
    // Neither an operator nor a client gets it there again.
    assert_eq!(run(&home, &replay).status.code(), Some(2));
    assert_eq!(deliver(&server, SECRET), 200);
    assert_eq!(upstream.seen.lock().expect("free").len(), 3);
    let mut client = enter(server.admin, &home.path().join("data"));
    let (_, audit) = client.ask("GET", "/audit?limit=500", None);
    let actions: Vec<_> = audit["items"].as_array().expect("a list").iter().collect();
    let many = |action: &str| actions.iter().filter(|one| one["action"] == action).count();
    let counts = ["webhook.keep", "webhook.replay", "webhook.replayed"].map(many);
    assert_eq!(counts, [1, 2, 2], "{audit}");
}

#[test]
fn what_is_not_signed_is_recorded_without_what_it_holds() {
    let upstream = Upstream::new();
    let (home, server) = start(&upstream);
    assert_eq!(deliver(&server, "another secret of thirty-two bytes"), 401);
    let decided = ["exchanges", "--decided", "--data", "data", "--format", "json"];
    until("the exchange is kept", || {
        let kept = result(&home, &decided).to_string();
        kept.contains("signature-wrong") && kept.contains("hooks")
    });
    assert!(listed(&home).is_empty());
    assert!(!holds(&home.path().join("data"), "Hunter2"), "a value is in the clear");
    let (_, metrics) = crate::serve::admin(server.admin, "/metrics");
    let counted =
        metrics.lines().find(|line| line.contains("signature-wrong") && line.contains("hooks"));
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{counted:?}");
}

#[test]
fn a_delivery_can_be_discarded_and_needs_a_server_to_be_replayed() {
    let upstream = Upstream::new();
    let (home, server) = start(&upstream);
    assert_eq!(deliver(&server, SECRET), 503);
    until("the delivery is kept", || !listed(&home).is_empty());
    server.stop();
    let id = listed(&home)[0]["id"].as_str().expect("an id").to_owned();
    let output = run(&home, &["webhooks", "replay", &id[..8], "--data", "data"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("bartizan serve"), "{}", stderr(&output));
    let output = run(&home, &["webhooks", "discard", &id[..8], "--data", "data"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let one = listed(&home).remove(0);
    assert_eq!((&one["state"], &one["is_whole"]), (&json!("discarded"), &json!(false)));
    assert_eq!(
        run(&home, &["webhooks", "show", "dlv_none", "--data", "data"]).status.code(),
        Some(2)
    );
}
