//! `serve` and whoever looks after it: a stop that is announced, the administration listener under
//! pressure, and a capture that others could read.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use crate::{
    command::{home, result, run, stderr, write},
    serve::{Server, admin, ask, get, line_with, until, upstream},
};

/// Load balancers are told, and clients are served until they have seen it.
#[test]
fn a_stop_is_announced_before_the_door_is_closed() {
    let home = home();
    write(&home, "bartizan.yaml", b"gateway: {drain_delay_seconds: 50}\n");
    let upstream = format!("http://{}", upstream());
    let mut server = Server::start(&home, &["--upstream", &upstream]);
    let begin = Instant::now();
    server.signal("-TERM");
    line_with(&mut server.lines, "stopping in 50 s");
    let (status, body) = admin(server.admin, "/readyz");
    assert!(status == 503 && body.contains("\"ready\":false"), "{status} {body}");
    for _ in 0..3 {
        assert_eq!(get(server.gateway, "/v1/a").0, 200, "a new connection");
    }
    let rest = server.stop();
    assert!(rest.contains("stopped: 3 exchanges judged"), "{rest}");
    assert!(begin.elapsed() < Duration::from_secs(40), "the second signal ends the wait");
}

#[test]
fn the_delay_ends_by_itself() {
    let home = home();
    write(&home, "bartizan.yaml", b"gateway: {drain_delay_seconds: 2}\n");
    let upstream = format!("http://{}", upstream());
    let mut server = Server::start(&home, &["--upstream", &upstream]);
    server.signal("-TERM");
    let begin = Instant::now();
    line_with(&mut server.lines, "stopped: ");
    assert!(begin.elapsed() > Duration::from_millis(1_500), "{:?}", begin.elapsed());
}

/// Connections that say nothing, or not enough, keep nobody out and do not stay.
#[test]
fn health_is_told_however_many_connections_wait() {
    let home = home();
    write(&home, "bartizan.yaml", b"admin: {connections: 4, request_seconds: 4}\n");
    let upstream = format!("http://{}", upstream());
    let server = Server::start(&home, &["--upstream", &upstream]);
    let connect = |bytes: &[u8]| {
        let mut socket = TcpStream::connect(server.admin).expect("connects");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        socket.write_all(bytes).expect("sent");
        socket
    };
    let mut waiting: Vec<_> = (0..12).map(|_| connect(b"GET /healthz HTTP/1.1\r\n")).collect();
    assert_eq!(admin(server.admin, "/healthz").0, 200);
    let counts = |line: &str| admin(server.admin, "/metrics").1.contains(line);
    // Twelve and those that asked, less those that there is room for.
    assert!(!counts("bartizan_admin_connections_displaced_total 0\n"));
    for socket in &mut waiting {
        assert_eq!(socket.read(&mut [0; 1]).unwrap_or(0), 0, "closed");
    }
    // A connection that is used goes on, with so long for each request.
    let mut used = connect(b"");
    for _ in 0..3 {
        let head = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.admin);
        used.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let mut piece = [0; 512];
            let count = used.read(&mut piece).expect("answered");
            assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
        }
        std::thread::sleep(Duration::from_millis(900));
    }
    // One byte now and then is no reason to wait for ever.
    let begin = Instant::now();
    let mut slow = connect(b"GET ");
    while slow.write_all(b"/").is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(20), "a head takes as long as it likes");
        std::thread::sleep(Duration::from_millis(200));
    }
    until("counted", || !counts("bartizan_admin_connections_late_total 0\n"));
    server.stop();
    let wrong = b"admin: {connections: 0}\n";
    write(&home, "bartizan.yaml", wrong);
    let refused = run(&home, &["config", "check", "bartizan.yaml"]);
    assert!(stderr(&refused).contains("admin.connections"), "{}", stderr(&refused));
}

#[test]
fn a_capture_that_others_may_read_is_closed_to_them() {
    let home = home();
    write(&home, "all.jsonl", b"");
    let path = home.path().join("all.jsonl");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).expect("changed");
    let upstream = format!("http://{}", upstream());
    let arguments = ["--upstream", &upstream, "--capture", "all.jsonl"];
    let server = Server::start(&home, &arguments);
    let mode = || std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    assert_eq!(
        ask(server.gateway, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").0,
        200
    );
    server.stop();
    assert!(std::fs::read_to_string(&path).expect("read").contains("\"status\":200"));
}

/// Whoever looks for one exchange finds it, whenever it was; recent ones first.
#[test]
fn an_exchange_is_found_by_its_id_whenever_it_was() {
    let home = home();
    write(&home, "bartizan.yaml", b"store: {exchange_days: 0}\n");
    let upstream = format!("http://{}", upstream());
    let id = |digit: &str| digit.repeat(32);
    let line = |id: &str, time: &str| {
        format!(
            r#"{{"id":"{id}","time":{time},"request":{{"method":"GET","url":"https://a.example/v1/a"}},"response":{{"status":200}}}}"#
        )
    };
    let lines = [line(&id("a"), "\"2020-01-01T00:00:00Z\""), line(&id("b"), "null")].join("\n");
    write(&home, "old.jsonl", lines.as_bytes());
    let arguments = ["analyze", "old.jsonl", "--no-report", "--quiet", "--data", "data"];
    assert_eq!(run(&home, &arguments).status.code(), Some(0));
    let server = Server::start(&home, &["--upstream", &upstream, "--capture", "new.jsonl"]);
    assert_eq!(get(server.gateway, "/v1/a").0, 200);
    server.stop();
    let captured = std::fs::read_to_string(home.path().join("new.jsonl")).expect("written");
    let captured: serde_json::Value = serde_json::from_str(&captured).expect("one line");
    let new = captured["id"].as_str().expect("an id").to_owned();
    assert_eq!(new.len(), 32);
    for wanted in [id("a"), id("b"), new] {
        let list = ["exchanges", &wanted, "--data", "data", "--format", "json"];
        let found = result(&home, &list);
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(found[0]["id"], wanted.as_str());
    }
    let none = run(&home, &["exchanges", &id("c"), "--data", "data"]);
    assert_eq!(none.status.code(), Some(2));
}
