//! `serve` as users meet it: a real upstream behind it, real sockets, signals, a store, a capture.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::command::{bartizan, home, result, run, stderr, write};

/// Longest time that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Longest time that a program that is waited for says nothing.
const SILENCE: Duration = Duration::from_secs(90);

/// An API that answers every request with JSON and closes.
pub(crate) fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || drop(answer(client)));
        }
    });
    address
}

fn answer(client: TcpStream) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let mut writer = client;
    loop {
        let mut length = 0;
        let mut line = String::new();
        let mut first = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let target = first.split(' ').nth(1).unwrap_or("/");
        let body = format!(r#"{{"id":7,"target":"{target}","email":"ada.winter@example.net"}}"#);
        write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

/// What a program says, which a test does not wait for without end.
pub(crate) struct Told {
    from: mpsc::Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Told {
    fn of(mut said: ChildStderr) -> Self {
        let (to, from) = mpsc::channel();
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(read @ 1..) = said.read(&mut some)
                && to.send(some[..read].to_vec()).is_ok()
            {}
        });
        Self { from, rest: Vec::new() }
    }
}

impl std::io::Read for Told {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() {
            match self.from.recv_timeout(SILENCE) {
                Ok(some) => self.rest = some,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(0),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    return Err(std::io::Error::new(ErrorKind::TimedOut, "it says nothing"));
                }
            }
        }
        let length = out.len().min(self.rest.len());
        out[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

/// A server that is ended when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) lines: BufReader<Told>,
    pub(crate) gateway: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Server {
    pub(crate) fn start(home: &TempDir, arguments: &[&str]) -> Self {
        let mut child = bartizan(home)
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "data"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut lines = BufReader::new(Told::of(child.stderr.take().expect("piped")));
        let mut address = |start: &str| {
            let line = line_with(&mut lines, start);
            line[start.len()..].trim().parse().expect("an address")
        };
        let gateway = address("listening on ");
        let admin = address("administration, health and metrics on http://");
        Self { child, lines, gateway, admin }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn stop(mut self) -> String {
        self.signal("-TERM");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("UTF-8");
        let status = self.child.wait().expect("ends");
        assert!(status.success(), "{status}: {rest}");
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn line_with(lines: &mut impl std::io::BufRead, start: &str) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        let read = lines.read_line(&mut line);
        let read = read.unwrap_or_else(|error| panic!("{error}: no `{start}` in: {seen}"));
        assert!(read > 0, "no `{start}` in: {seen}");
        if line.starts_with(start) {
            return line;
        }
        seen.push_str(&line);
    }
}

/// One request on a connection of its own; status and body.
pub(crate) fn ask(to: SocketAddr, request: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(to).expect("connects");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("answered");
    let status = answer.get(9..12).and_then(|s| s.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}

pub(crate) fn get(to: SocketAddr, target: &str) -> (u16, String) {
    let host = "api.example.com";
    ask(to, &format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
}

pub(crate) fn admin(to: SocketAddr, target: &str) -> (u16, String) {
    ask(to, &format!("GET {target} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n"))
}

pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what} takes too long");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn judged(admin_address: SocketAddr) -> u64 {
    let (status, body) = admin(admin_address, "/readyz");
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    body["exchanges"]["judged"].as_u64().expect("a count")
}

#[test]
fn requests_pass_are_judged_and_are_there_afterwards() {
    let home = home();
    let upstream = format!("http://{}", upstream());
    let server =
        Server::start(&home, &["--upstream", &upstream, "--capture", "all.jsonl", "--clear"]);
    for id in 0..12 {
        let (status, body) = get(server.gateway, &format!("/v1/orders/{}", 4_000 + id));
        assert_eq!(status, 200);
        assert!(body.contains("ada.winter@example.net"), "{body}");
    }
    // What is ambiguous is refused and does not reach the API.
    let smuggled = "POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\
                    transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(ask(server.gateway, smuggled).0, 400);
    until("judging", || judged(server.admin) >= 12);

    let (status, metrics) = admin(server.admin, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("bartizan_exchanges_judged_total"), "{metrics}");
    assert!(metrics.trim_end().ends_with("# EOF") && metrics.matches("# EOF").count() == 1);
    assert_eq!(admin(server.admin, "/healthz"), (200, "ok\n".to_owned()));
    let rebound = "GET /metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(ask(server.admin, rebound).0, 421);

    let rest = server.stop();
    assert!(rest.contains("exchanges judged"), "{rest}");
    let kept = result(&home, &["catalog", "--data", "data", "--format", "json"]);
    let kept = kept.to_string();
    assert!(kept.contains("/v1/orders/{order_id}"), "{kept}");
    // The capture gives the same inventory out of band.
    let again = result(&home, &["analyze", "all.jsonl", "--format", "json", "--no-report"]);
    let endpoint = &again["endpoints"][0];
    assert_eq!(
        (endpoint["path"].as_str(), endpoint["requests"].as_u64()),
        (Some("/v1/orders/{order_id}"), Some(12))
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.path().join("all.jsonl")).expect("written").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_was_learned_is_there_after_a_restart_and_captures_hide_values() {
    let home = home();
    let upstream = format!("http://{}", upstream());
    let arguments = ["--upstream", &upstream, "--capture", "all.jsonl"];
    for round in 1..=2u64 {
        let server = Server::start(&home, &arguments);
        for id in 0..5 {
            assert_eq!(get(server.gateway, &format!("/v1/orders/{}", 70 + id)).0, 200);
        }
        until("judging", || judged(server.admin) >= 5);
        server.stop();
        let kept = result(&home, &["catalog", "--data", "data", "--format", "json"]);
        let requests = kept.to_string().matches(&format!("\"requests\":{}", 5 * round)).count();
        assert!(requests > 0, "{kept}");
    }
    let captured = std::fs::read_to_string(home.path().join("all.jsonl")).expect("written");
    assert_eq!(captured.lines().count(), 10);
    assert!(!captured.contains("ada.winter"), "{captured}");
}

#[test]
fn a_wrong_configuration_is_refused_at_the_start_and_at_a_reload() {
    let home = home();
    let output = run(&home, &["serve", "--data", "data"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--upstream"), "{}", stderr(&output));
    let output = run(&home, &["serve", "--upstream", "localhost:1", "--data", "data"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("must begin with http://"), "{}", stderr(&output));

    let upstream = upstream();
    let right = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{upstream}\"]\n"
    );
    write(&home, "bartizan.yaml", right.as_bytes());
    let mut server = Server::start(&home, &[]);
    assert_eq!(get(server.gateway, "/v1/a").0, 200);
    write(&home, "bartizan.yaml", right.replace("upstreams", "upstream").as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "the configuration in force stays as it was");
    assert_eq!(get(server.gateway, "/v1/a").0, 200);
    let tight = format!("{right}  limits:\n    request_body_bytes: 10\n");
    write(&home, "bartizan.yaml", tight.as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "configuration reloaded");
    let long = "POST /v1/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 20\r\n\r\n\
                01234567890123456789";
    assert_eq!(ask(server.gateway, long).0, 413);
    server.stop();
}

/// An API that never answers, and holds on to what it was asked.
pub(crate) fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("address");
    thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    address
}

/// Whoever looks after the server is answered at once, however much it has to do, and told when it
/// takes no more.
#[test]
fn health_is_told_when_everything_is_full_and_when_it_ends() {
    let home = home();
    let text = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{}\"]\n  \
         limits:\n    exchanges: 4\n    connections: 6\n",
        silent()
    );
    write(&home, "bartizan.yaml", text.as_bytes());
    let server = Server::start(&home, &[]);
    let connect = || TcpStream::connect(server.gateway).expect("connects");
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let mut socket = connect();
            socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").expect("sent");
            socket
        })
        .collect();
    let at_once = |target: &str| {
        let begin = Instant::now();
        let (status, body) = admin(server.admin, target);
        assert!(begin.elapsed() < Duration::from_secs(2), "{target}: {:?}", begin.elapsed());
        (status, body)
    };
    let counts = |name: &str| at_once("/metrics").1.contains(name);
    until("four exchanges", || counts("bartizan_gateway_exchanges_open 4"));
    assert_eq!(get(server.gateway, "/").0, 503, "there is no room for a fifth");
    // The server may see the end of that connection later than its client does.
    until("the fifth to be gone", || counts("bartizan_gateway_connections 4\n"));
    let idle = [connect(), connect()];
    until("six connections", || counts("bartizan_gateway_connections 6\n"));
    let mut more = connect();
    more.set_read_timeout(Some(PATIENCE)).expect("set");
    let closed = match more.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    assert!(closed, "there is no room for a seventh");
    for _ in 0..20 {
        assert_eq!(at_once("/healthz"), (200, "ok\n".to_owned()));
        let (status, body) = at_once("/readyz");
        assert_eq!(status, 200);
        assert!(body.contains("\"ready\":true"), "{body}");
    }
    assert!(counts("limit_refusals_total{limit=\"exchanges\"} 1\n"));
    assert!(counts("connections_capped_total 1\n"));
    // It ends, and waits for the four: nobody should send more.
    server.signal("-TERM");
    until("the end begins", || at_once("/readyz").0 == 503);
    let (status, body) = at_once("/readyz");
    assert!(status == 503 && body.contains("\"ready\":false"), "{status} {body}");
    assert_eq!(at_once("/healthz").0, 200, "it works as long as it has something to do");
    drop((busy, idle));
}

#[test]
fn a_stop_is_told_to_balancers_and_a_second_one_cuts_off_what_is_under_way() {
    let home = home();
    // An API that takes requests and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let upstream = format!("http://{}", silent.local_addr().expect("address"));
    let mut server = Server::start(&home, &["--upstream", &upstream]);
    assert!(admin(server.admin, "/readyz").1.contains("\"ready\":true"));
    let mut client = TcpStream::connect(server.gateway).expect("connects");
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").expect("sent");
    let (_held, _) = silent.accept().expect("the request goes on");
    let begin = Instant::now();
    server.signal("-TERM");
    line_with(&mut server.lines, "stopping: 1 connections are open");
    until("not being ready", || admin(server.admin, "/readyz").0 == 503);
    assert!(admin(server.admin, "/readyz").1.contains("\"ready\":false"));
    let rest = server.stop();
    assert!(rest.contains("cut off"), "{rest}");
    assert!(begin.elapsed() < Duration::from_secs(20), "not the 30 s of drain_seconds");
}

#[test]
fn what_policies_decide_is_kept_and_incidents_can_be_looked_up() {
    let home = home();
    let policies = "policies:
  - {name: closed, mode: enforce, scope: {paths: [/closed]}, address: {deny: [127.0.0.0/8]}}
  - {name: watched, scope: {paths: [/watched]}, address: {deny: [127.0.0.0/8]}}
";
    write(&home, "bartizan.yaml", policies.as_bytes());
    let server = Server::start(&home, &["--upstream", &format!("http://{}", upstream())]);
    assert_eq!(get(server.gateway, "/v1/a").0, 200);
    assert_eq!(get(server.gateway, "/watched").0, 200);
    let (status, problem) = get(server.gateway, "/closed");
    assert_eq!(status, 403);
    let problem: serde_json::Value = serde_json::from_str(&problem).expect("JSON");
    let incident = problem["incident"].as_str().expect("an incident");
    until("judging", || judged(server.admin) >= 3);
    let rest = server.stop();
    assert!(rest.contains("1 refused by policies, 1 would be"), "{rest}");

    let list = ["exchanges", "--data", "data", "--format", "json"];
    let all = result(&home, &list);
    assert_eq!(all.as_array().map(Vec::len), Some(3), "{all}");
    let decided = result(&home, &[&list[..], &["--decided"]].concat());
    let said = |at: usize| {
        let one = &decided[at]["decisions"][0];
        let text = |key: &str| one[key].as_str().map(str::to_owned).unwrap_or_default();
        (text("policy"), text("outcome"), text("action"), text("reason"))
    };
    let reason = || "address-refused".to_owned();
    assert_eq!(said(0), ("watched".into(), "monitored".into(), "deny".into(), reason()));
    assert_eq!(said(1), ("closed".into(), "enforced".into(), "deny".into(), reason()));
    assert_eq!(decided.as_array().map(Vec::len), Some(2));
    let shown = run(&home, &["exchanges", incident, "--data", "data"]).stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("403") && shown.contains("closed (address): deny"), "{shown}");
    let none = run(&home, &["exchanges", "none", "--data", "data"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(stderr(&none).contains("help: "), "{}", stderr(&none));
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_keeps_out_of_the_capture_is_counted() {
    let home = home();
    let upstream = format!("http://{}", upstream());
    let server = Server::start(&home, &["--upstream", &upstream, "--capture", "/dev/full"]);
    for _ in 0..3 {
        assert_eq!(get(server.gateway, "/v1/a").0, 200);
    }
    let lost = |count| format!("bartizan_capture_lost_total {count}\n");
    until("the loss", || admin(server.admin, "/metrics").1.contains(&lost(3)));
    assert_eq!(get(server.gateway, "/v1/a").0, 200);
    until("one more", || admin(server.admin, "/metrics").1.contains(&lost(4)));
    assert!(server.stop().contains("the capture ends here"));
}

#[test]
fn an_address_in_use_is_said() {
    let home = home();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("address").to_string();
    let arguments = ["serve", "--upstream", "http://127.0.0.1:9", "--data", "data", "--admin"];
    let output = run(&home, &[&arguments[..], &["127.0.0.1:0", "--listen", &address]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&address), "{}", stderr(&output));
    assert!(Path::new(&home.path().join("data")).exists());
}

#[test]
fn own_keys_are_enforced_and_policies_are_what_the_file_says() {
    let home = home();
    let upstream = upstream();
    let with = |policies: &str| {
        format!(
            "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{upstream}\"]\n{policies}"
        )
    };
    write(&home, "bartizan.yaml", with("").as_bytes());
    let mut server = Server::start(&home, &[]);
    let made =
        result(&home, &["keys", "create", "--owner", "acme", "--data", "data", "--format", "json"]);
    let (key, id) = (made["key"].as_str().expect("a key"), made["id"].as_str().expect("an id"));
    let to = server.gateway;
    let with_key = |key: &str| {
        let head = "GET /v1/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
        ask(to, &format!("{head}x-api-key: {key}\r\n\r\n")).0
    };
    until("the key", || with_key(key) == 200);
    let mistyped = format!("{}A", &key[..key.len() - 1]);
    assert!(key == mistyped || with_key(&mistyped) == 401);
    assert_eq!(get(to, "/v1/a").0, 200, "no key is asked for");
    run(&home, &["keys", "revoke", id, "--reason", "leaked", "--data", "data"]);
    until("revoking", || with_key(key) == 401);

    let closed =
        "policies:\n  - name: closed\n    mode: enforce\n    address: {deny: [127.0.0.0/8]}\n";
    write(&home, "bartizan.yaml", with(&closed.replace("deny", "refuse")).as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "the configuration in force stays as it was");
    assert_eq!(get(to, "/v1/a").0, 200);
    write(&home, "bartizan.yaml", with(closed).as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "configuration reloaded");
    assert_eq!(get(to, "/v1/a").0, 403);
    let (_, metrics) = admin(server.admin, "/metrics");
    assert!(metrics.contains("policy_decisions_total"), "{metrics}");
    server.stop();
}
