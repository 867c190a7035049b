//! Sinks as users meet them: a receiver on real sockets, a server that is killed, commands beside it.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    command::{home, result, run, stderr, write},
    serve::{Server, admin, get, line_with, until, upstream},
};

const KEY: [u8; 32] = *b"an example key of 32 bytes, yes.";

/// A receiver that answers with a status, verifies signatures, and keeps what it took.
struct Receiver {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    taken: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicU16>,
}

impl Receiver {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let this = Self {
            address: listener.local_addr().expect("address"),
            status: Arc::new(AtomicU16::new(status)),
            taken: Arc::default(),
            asked: Arc::default(),
        };
        let (status, taken) = (Arc::clone(&this.status), Arc::clone(&this.taken));
        let asked = Arc::clone(&this.asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                asked.fetch_add(1, SeqCst);
                let status = status.load(SeqCst);
                if let Some(event) = receive(client, status)
                    && status == 204
                {
                    taken.lock().expect("whole").push(event);
                }
            }
        });
        this
    }

    fn set(&self, status: u16) {
        self.status.store(status, SeqCst);
    }

    /// Ids of findings of events that were taken, and of the events.
    fn findings(&self) -> (BTreeSet<String>, Vec<String>) {
        let taken = self.taken.lock().expect("whole");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let findings = taken.iter().filter_map(|event| text(&event["finding"]["id"])).collect();
        (findings, taken.iter().filter_map(|event| text(&event["id"])).collect())
    }
}

/// One request, its signature verified by hand; `None` when it broke off.
fn receive(client: TcpStream, status: u16) -> Option<Value> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let field = |name: &str| {
        let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let mut body = vec![0; field("content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let mut signed =
        format!("{}.{}.", field("webhook-id"), field("webhook-timestamp")).into_bytes();
    signed.extend_from_slice(&body);
    let expected = format!("v1,{}", BASE64.encode(hmac(&KEY, &signed)));
    assert_eq!(field("webhook-signature"), expected, "the signature");
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(event["id"], field("webhook-id"));
    (&client)
        .write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").as_bytes())
        .ok()?;
    Some(event)
}

/// HMAC-SHA-256 as RFC 2104 writes it, for a key that is no longer than a block.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn configure(home: &TempDir, to: SocketAddr, upstream: SocketAddr) {
    write(home, "secret", format!("whsec_{}\n", BASE64.encode(KEY)).as_bytes());
    let text = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{upstream}\"]\n\
         sinks:\n  - name: hook\n    least_severity: info\n    webhook:\n      \
         url: http://{to}/events\n      secret: file:secret\n  - name: lines\n    \
         least_severity: info\n    json_lines:\n      path: events.jsonl\n"
    );
    write(home, "bartizan.yaml", text.as_bytes());
}

fn traffic(server: &Server, path: &str) {
    for id in 0..12 {
        assert_eq!(
            get(server.gateway, &format!("/{path}/{}?token=a1B2c3D4e5F6g7H8", 70 + id)).0,
            200
        );
    }
}

fn sinks(server: &Server) -> Vec<Value> {
    let (_, body) = admin(server.admin, "/readyz");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    body["sinks"].as_array().expect("sinks").clone()
}

fn figure(server: &Server, sink: &str, name: &str) -> u64 {
    let all = sinks(server);
    all.iter().find(|one| one["sink"] == sink).map_or(0, |one| one[name].as_u64().unwrap_or(0))
}

/// Ids of all findings that are kept.
fn kept(home: &TempDir) -> BTreeSet<String> {
    let list = result(home, &["findings", "--data", "data", "--format", "json"]);
    let ids = list.as_array().expect("a list").iter();
    ids.map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn no_event_is_lost_when_the_server_is_killed_before_it_is_sent() {
    let home = home();
    let receiver = Receiver::start(503);
    configure(&home, receiver.address, upstream());
    let server = Server::start(&home, &[]);
    traffic(&server, "v1/orders");
    let has = |sink: &str, name: &str| figure(&server, sink, name) > 0;
    until("events wait", || has("hook", "waiting") && has("hook", "failed"));
    until("lines are written", || has("lines", "sent") && !has("lines", "waiting"));
    assert!(receiver.asked.load(SeqCst) > 0, "it was tried");
    let (_, metrics) = admin(server.admin, "/metrics");
    assert!(metrics.contains("bartizan_sink_events_total{sink=\"hook\",outcome=\"failed\"}"));
    // kill -9: what was committed and not sent.
    drop(server);
    let findings = kept(&home);
    assert!(!findings.is_empty());
    let before = std::fs::read_to_string(home.path().join("events.jsonl")).expect("written");

    receiver.set(204);
    let server = Server::start(&home, &[]);
    until("every event is sent", || receiver.findings().0.is_superset(&findings));
    until("nothing waits", || figure(&server, "hook", "waiting") == 0);
    let rest = server.stop();
    assert!(rest.contains("stopped"), "{rest}");
    let (_, events) = receiver.findings();
    let each: BTreeSet<_> = events.iter().collect();
    assert_eq!(each.len(), events.len(), "each once, as none was taken before the kill");
    // The other sink had them at once, and not again.
    let lines = std::fs::read_to_string(home.path().join("events.jsonl")).expect("written");
    assert!(lines.starts_with(&before) && !before.is_empty());
    let ids: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a whole line")["id"].clone())
        .collect();
    let each: BTreeSet<_> = ids.iter().filter_map(Value::as_str).collect();
    assert_eq!(each.len(), ids.len());
    let listed = result(&home, &["sinks", "list", "--data", "data", "--format", "json"]);
    assert_eq!((&listed[0]["sink"], &listed[0]["kind"]), (&"hook".into(), &"webhook".into()));
    assert!(listed[0]["sent"].as_u64() >= Some(1) && listed[0]["waiting"] == 0, "{listed}");
}

#[test]
fn what_is_refused_is_a_dead_letter_until_it_is_retried() {
    let home = home();
    let receiver = Receiver::start(400);
    configure(&home, receiver.address, upstream());
    let mut server = Server::start(&home, &[]);
    traffic(&server, "v1/orders");
    until("events are refused", || figure(&server, "hook", "dead_letters") > 0);
    let letters = ["sinks", "dead-letters", "--data", "data", "--format", "json"];
    let dead = result(&home, &letters);
    assert!(dead[0]["error"].as_str().expect("a reason").contains("status 400"), "{dead}");
    assert_eq!(dead[0]["attempts"], 1);
    let text = run(&home, &["sinks", "dead-letters", "--data", "data"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("status 400"));

    let output = run(&home, &["sinks", "test", "hook"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("status 400"), "{}", stderr(&output));
    receiver.set(204);
    let output = run(&home, &["sinks", "test", "hook"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(run(&home, &["sinks", "test", "nobody"]).status.code(), Some(2));

    // Beside the running server, which sends within seconds.
    let id = dead[0]["event"]["id"].as_str().expect("an id").to_owned();
    let output = run(&home, &["sinks", "retry", &id, "--data", "data"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    until("it is sent", || receiver.findings().1.contains(&id));
    assert_eq!(run(&home, &["sinks", "retry", &id, "--data", "data"]).status.code(), Some(2));
    let output = run(&home, &["sinks", "forget", "--all", "--data", "data"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(result(&home, &letters), Value::Array(Vec::new()));

    // A reload takes a wrong sink as a whole or not at all, and drops one that is gone.
    let right = std::fs::read_to_string(home.path().join("bartizan.yaml")).expect("read");
    write(&home, "bartizan.yaml", right.replace("file:secret", "file:nothing").as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "the configuration in force stays as it was");
    let without = right[..right.find("  - name: lines").expect("it")].to_owned();
    write(&home, "bartizan.yaml", without.as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "configuration reloaded");
    let active =
        |name: &str| sinks(&server).iter().any(|one| one["sink"] == name && one["active"] == true);
    until("one is gone", || active("hook") && !active("lines"));
    server.stop();
}

#[test]
fn wrong_sinks_are_refused_with_their_name() {
    let home = home();
    for (sink, expected) in [
        ("name: a\n    webhook: {url: 'https://a/', secret: plain}", "`env:NAME` or `file:PATH`"),
        ("name: a", "one of `json_lines`, `syslog`, `webhook` is needed"),
        ("name: a\n    json_lines: {path: x, rotate: 1}", "rotate_mebibytes"),
        ("name: a\n    syslog: {address: x}", "host:port"),
        ("name: a\n    least_severity: hihg\n    json_lines: {path: x}", "high"),
    ] {
        let file = write(&home, "b.yaml", format!("sinks:\n  - {sink}\n").as_bytes());
        let output = run(&home, &["config", "check", &file]);
        assert_eq!(output.status.code(), Some(2), "{sink}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}
