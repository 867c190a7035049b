//! Receivers as users meet them: `serve` beside a real nginx that mirrors, and beside an exporter.

use std::{
    io::{BufReader, Read as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStderr, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::programs::{NGINX, Nginx, are_there};
use crate::{
    command::{bartizan, home, result, run, stderr, write},
    serve::{Server, admin, ask, judged, line_with, until, upstream},
};

/// `serve` without a gateway. Ended when the test ends.
struct Beside {
    child: Child,
    lines: BufReader<ChildStderr>,
    receivers: Vec<SocketAddr>,
    admin: SocketAddr,
}

impl Beside {
    /// With the configuration that is in `home`, which names so many receivers.
    fn start(home: &TempDir, receivers: usize) -> Self {
        let mut child = bartizan(home)
            .args(["serve", "--admin", "127.0.0.1:0", "--data", "data"])
            .args(["--capture", "all.jsonl", "--clear"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped"));
        let mut address = |start: &str| -> SocketAddr {
            let line = line_with(&mut lines, start);
            line.trim().rsplit([' ', '/']).next().expect("a word").parse().expect("an address")
        };
        let receivers = (0..receivers).map(|_| address("receiving ")).collect();
        let admin = address("administration, health and metrics on http://");
        Self { child, lines, receivers, admin }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    fn stop(mut self) -> String {
        self.signal("-TERM");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("UTF-8");
        let status = self.child.wait().expect("ends");
        assert!(status.success(), "{status}: {rest}");
        rest
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ready(to: SocketAddr) -> Value {
    serde_json::from_str(&admin(to, "/readyz").1).expect("JSON")
}

/// nginx that passes requests on to `to` and mirrors them to `receiver`, as the documentation says.
fn mirroring(home: &TempDir, to: SocketAddr, receiver: SocketAddr) -> Nginx {
    let server = format!(
        "location / {{
            mirror /copy;
            proxy_pass http://{to};
            proxy_set_header Host $host;
            proxy_set_header X-Request-Id $request_id;
        }}
        location = /copy {{
            internal;
            proxy_pass http://{receiver}$request_uri;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Request-Id $request_id;
            proxy_connect_timeout 200ms; proxy_read_timeout 1s;
        }}"
    );
    Nginx::serving(home, &server)
}

fn order(to: SocketAddr, id: u64) -> u16 {
    let body = format!(r#"{{"sku":"s-{id}","note":"x"}}"#);
    let request = format!(
        "PUT /v1/orders/{id}?expand=1 HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n\
         x-forwarded-for: 203.0.113.9\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    ask(to, &request).0
}

#[test]
fn what_nginx_mirrors_is_judged_without_a_gateway() {
    if !are_there(&[NGINX]) {
        return;
    }
    let home = home();
    write(
        &home,
        "bartizan.yaml",
        b"receivers:\n  - name: edge\n    listen: 127.0.0.1:0\n    mirror: {}\n",
    );
    let beside = Beside::start(&home, 1);
    let nginx = mirroring(&home, upstream(), beside.receivers[0]);
    for id in 0..12 {
        assert_eq!(order(nginx.address, 4_000 + id), 200);
    }
    let hostile = "GET /v1/orders?q=1%27%20OR%20%271%27%3D%271 HTTP/1.1\r\nhost: api.example.com\r\n\
                   connection: close\r\n\r\n";
    assert_eq!(ask(nginx.address, hostile).0, 200);
    until("judging", || judged(beside.admin) >= 13);
    assert_eq!(ready(beside.admin)["exchanges"]["hostile"], 1);
    let receiver = &ready(beside.admin)["receivers"][0];
    assert_eq!((&receiver["name"], &receiver["kind"]), (&"edge".into(), &"mirror".into()));
    assert_eq!((&receiver["handed_over"], &receiver["dropped"]), (&13.into(), &0.into()));
    let metrics = admin(beside.admin, "/metrics").1;
    let line = "bartizan_receiver_exchanges_total{receiver=\"edge\",outcome=\"handed_over\"} 13";
    assert!(metrics.contains(line), "{metrics}");
    let admin_address = beside.admin;
    beside.stop();
    assert!(TcpStream::connect(admin_address).is_err());

    let captured = std::fs::read_to_string(home.path().join("all.jsonl")).expect("written");
    let one: Value = serde_json::from_str(captured.lines().next().expect("a line")).expect("JSON");
    assert_eq!(one["request"]["method"], "PUT");
    // nginx says what the client used.
    assert_eq!(one["request"]["url"], "http://api.example.com/v1/orders/4000?expand=1");
    assert_eq!(one["request"]["body"], r#"{"sku":"s-4000","note":"x"}"#);
    assert_eq!((&one["client"]["ip"], &one["source"]), (&"203.0.113.9".into(), &"edge".into()));
    assert!(one["response"].is_null(), "a copy has no answer: {one}");
}

#[test]
fn what_gateway_and_mirror_both_saw_counts_once_and_with_its_answer() {
    if !are_there(&[NGINX]) {
        return;
    }
    let home = home();
    let configuration = format!(
        "gateway:\n  trusted_proxies: [127.0.0.1]\n  services:\n    - name: shop\n      \
         upstreams: [\"http://{}\"]\nreceivers:\n  - name: edge\n    listen: 127.0.0.1:0\n    mirror: {{}}\n",
        upstream()
    );
    write(&home, "bartizan.yaml", configuration.as_bytes());
    let server = Server::start(&home, &["--capture", "all.jsonl", "--clear"]);
    let receiver = ready(server.admin)["receivers"][0]["address"].clone();
    let receiver = receiver.as_str().expect("text").parse().expect("an address");
    let nginx = mirroring(&home, server.gateway, receiver);
    for id in 0..8 {
        assert_eq!(order(nginx.address, id), 200);
    }
    until("copies", || ready(server.admin)["exchanges"]["told_again"] == 8);
    assert_eq!(judged(server.admin), 8);
    server.stop();
    let captured = std::fs::read_to_string(home.path().join("all.jsonl")).expect("written");
    assert_eq!(captured.lines().count(), 8);
    assert!(captured.lines().all(|line| line.contains(r#""status":200"#)), "{captured}");
}

const SPAN: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":2,"startTimeUnixNano":"1795341600123456789","attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.path","value":{"stringValue":"/v1/parcels/7"}},{"key":"server.address","value":{"stringValue":"api.example.com"}},{"key":"http.response.status_code","value":{"intValue":"200"}}]}]}]}]}"#;

fn export(to: SocketAddr) -> (u16, String) {
    let head = "POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: ";
    ask(to, &format!("{head}{}\r\n\r\n{SPAN}", SPAN.len()))
}

#[test]
fn traces_are_judged_and_receivers_come_and_go_with_a_reload() {
    let home = home();
    let traces = "receivers:\n  - name: traces\n    listen: 127.0.0.1:0\n    otlp_traces: {}\n";
    write(&home, "bartizan.yaml", traces.as_bytes());
    let mut beside = Beside::start(&home, 1);
    let to = beside.receivers[0];
    assert_eq!(export(to), (200, "{}".to_owned()));
    until("judging", || judged(beside.admin) == 1);

    // A wrong one changes nothing; another one beside it is opened; without it, it is closed.
    write(&home, "bartizan.yaml", traces.replace("127.0.0.1:0", "nowhere").as_bytes());
    beside.signal("-HUP");
    line_with(&mut beside.lines, "the configuration in force stays as it was");
    assert_eq!(export(to).0, 200);
    let two = format!("{traces}  - name: edge\n    listen: 127.0.0.1:0\n    mirror: {{}}\n");
    write(&home, "bartizan.yaml", two.as_bytes());
    beside.signal("-HUP");
    line_with(&mut beside.lines, "configuration reloaded");
    let receivers = ready(beside.admin)["receivers"].clone();
    assert_eq!(receivers[0]["address"], to.to_string());
    let edge: SocketAddr =
        receivers[1]["address"].as_str().expect("text").parse().expect("an address");
    let copy = "GET /v1/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(ask(edge, copy).0, 204);
    let only = two.replace("  - name: traces\n    listen: 127.0.0.1:0\n    otlp_traces: {}\n", "");
    write(&home, "bartizan.yaml", only.as_bytes());
    beside.signal("-HUP");
    line_with(&mut beside.lines, "configuration reloaded");
    until("closing", || TcpStream::connect(to).is_err());
    assert_eq!(ask(edge, copy).0, 204);
    until("judging", || judged(beside.admin) == 4);
    beside.stop();
    let kept = result(&home, &["catalog", "--data", "data", "--format", "json"]).to_string();
    assert!(kept.contains("/v1/parcels/"), "{kept}");
}

#[test]
fn receivers_are_checked_before_anything_starts() {
    let home = home();
    let wrong =
        "receivers:\n  - name: edge\n    listen: 127.0.0.1:0\n    mirror: {client_feild: none}\n";
    write(&home, "bartizan.yaml", wrong.as_bytes());
    let output = run(&home, &["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("client_field"), "{}", stderr(&output));
    write(&home, "bartizan.yaml", b"receivers:\n  - name: edge\n    listen: 127.0.0.1:0\n");
    let output = run(&home, &["serve", "--data", "data"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("one of `access_log_service`"), "{}", stderr(&output));
}
