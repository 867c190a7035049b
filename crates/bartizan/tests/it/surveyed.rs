//! `discover perimeter` as users meet it, against servers of this test on the loopback address.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::command::{bartizan, home, result, run, stderr, write};

/// Longest head of a request.
const HEAD_BYTES: usize = 64 * 1024;
/// The first byte of a handshake of TLS.
const HANDSHAKE: u8 = 0x16;
const SPEC: &str = r#"{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},
    "paths":{"/v1/orders":{"get":{"responses":{}},"post":{"responses":{}}}}}"#;

/// A server that keeps the targets that it was asked for.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers with what stands behind the line of the status: fields and body, a blank line between.
    fn start(tls: Option<Arc<ServerConfig>>, answer: fn(&str) -> (u16, String)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("address");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let (kept, count) = (Arc::clone(&asked), Arc::clone(&connections));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let (tls, kept) = (tls.clone(), Arc::clone(&kept));
                thread::spawn(move || {
                    let _ = client.set_read_timeout(Some(Duration::from_secs(5)));
                    match tls {
                        None => serve(client, &kept, answer),
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).expect("a connection");
                            serve(StreamOwned::new(connection, client), &kept, answer);
                        }
                    }
                });
            }
        });
        Self { address, asked, connections }
    }

    fn port(&self) -> String {
        self.address.port().to_string()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("whole").clone()
    }
}

fn serve(
    mut client: impl Read + Write,
    asked: &Mutex<Vec<String>>,
    answer: fn(&str) -> (u16, String),
) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES {
        if client.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
        if head == [HANDSHAKE] {
            let _ = client
                .write_all(b"HTTP/1.1 400 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return;
        }
    }
    let head = String::from_utf8(head).expect("text");
    let target = head.split(' ').nth(1).unwrap_or_default();
    asked.lock().expect("whole").push(head.clone());
    let (status, rest) = answer(target);
    let (fields, body) = rest.split_once("\n\n").unwrap_or(("server: shop/1", rest.as_str()));
    let fields: String = fields.lines().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} x\r\n{fields}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = client.write_all(text.as_bytes()).and_then(|()| client.flush());
}

fn shop(target: &str) -> (u16, String) {
    match target {
        "/" => {
            (200, "server: shop/1\ncontent-type: text/html\n\n<html><a href=/a>a</a>".to_owned())
        }
        "/openapi.json" => (200, format!("content-type: application/json\n\n{SPEC}")),
        "/actuator" => (401, String::new()),
        _ => (404, String::new()),
    }
}

/// Every path is the page of an application.
fn everything(_: &str) -> (u16, String) {
    (200, "content-type: text/html\n\n<!doctype html><html><p>welcome".to_owned())
}

fn certificate(names: &[&str]) -> Arc<ServerConfig> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("made");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    Arc::new(config.expect("a certificate"))
}

/// A port that takes connections and says nothing.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("address").port().to_string();
    (listener, port)
}

/// A port that nobody listens at.
fn closed() -> String {
    let (listener, port) = silent();
    drop(listener);
    port
}

fn service<'a>(found: &'a Value, port: &str) -> &'a Value {
    let services = found["services"].as_array().expect("services");
    let port: u16 = port.parse().expect("a port");
    let found = services.iter().find(|service| service["port"] == port);
    found.expect("the port is open")
}

fn paths(service: &Value) -> Vec<String> {
    let routes = service["routes"].as_array().expect("routes").iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    routes.map(|route| format!("{} {}", text(&route["method"]), text(&route["path"]))).collect()
}

const FAST: [&str; 6] = ["--rate", "1000", "--timeout", "1", "--format", "json"];

fn survey(home: &tempfile::TempDir, list: &str, ports: &[&str]) -> Value {
    let file = write(home, "list.txt", list.as_bytes());
    let ports = ports.join(",");
    let mut arguments = vec!["discover", "perimeter", &file, "--ports", &ports];
    arguments.extend(FAST);
    result(home, &arguments)
}

#[test]
fn ports_certificates_and_api_paths_are_told() {
    let home = home();
    let plain = Server::start(None, shop);
    let secure =
        Server::start(Some(certificate(&["api.shop.example", "*.internal.example"])), shop);
    let catch_all = Server::start(None, everything);
    let (quiet, quiet_port) = silent();
    let closed = closed();
    let (plain_port, secure_port, all_port) = (plain.port(), secure.port(), catch_all.port());
    let ports = [&*plain_port, &*secure_port, &*all_port, &*quiet_port, &*closed];
    let found = survey(&home, "# ours\n127.0.0.1\n", &ports);
    let summary = &found["summary"];
    assert_eq!(json!([summary["open"], summary["closed"]]), json!([4, 1]), "{summary}");
    assert_eq!(found["ended_by"], Value::Null);

    let shop = service(&found, &plain_port);
    assert_eq!(
        json!([shop["speaks"], shop["status"], shop["server"]]),
        json!(["http", 200, "shop/1"])
    );
    assert_eq!(paths(shop), ["GET /actuator", "GET /v1/orders", "POST /v1/orders"]);
    assert_eq!(shop["documents"][0]["kind"], "openapi");
    assert_eq!(shop["tls"], Value::Null);

    let secure_shop = service(&found, &secure_port);
    assert_eq!(
        json!([secure_shop["speaks"], secure_shop["tls"]["version"]]),
        json!(["https", "1.3"])
    );
    let certificate = &secure_shop["tls"]["certificate"];
    assert_eq!(certificate["names"], json!(["api.shop.example", "*.internal.example"]));
    assert_eq!(
        json!([certificate["self_signed"], certificate["validity"]]),
        json!([true, "valid"])
    );
    assert_eq!(
        json!([certificate["is_for_host"], secure_shop["tls"]["asks_for_certificate"]]),
        json!([false, false])
    );
    assert_eq!(paths(secure_shop), paths(shop));

    // Paths that do not exist are answered the same way: nothing is known of the API.
    let all = service(&found, &all_port);
    assert_eq!(json!([all["answers_everything"], paths(all).len()]), json!([true, 0]), "{all}");
    assert_eq!(all["documents"], json!([]));

    assert_eq!(service(&found, &quiet_port)["speaks"], "unknown");
    drop(quiet);
    let names: Vec<&str> = found["names"]
        .as_array()
        .expect("names")
        .iter()
        .filter_map(|name| name["name"].as_str())
        .collect();
    assert_eq!(names, ["*.internal.example", "api.shop.example"]);

    // Reads alone, few of them, and no link was followed.
    for server in [&plain, &secure] {
        let asked = server.asked();
        assert!(asked.len() <= 30, "{}", asked.len());
        for head in &asked {
            assert!(head.starts_with("GET /") && !head.starts_with("GET /a "), "{head}");
            assert!(
                head.contains("user-agent: bartizan/") && !head.contains("authorization"),
                "{head}"
            );
        }
    }
}

/// The same port of 127.0.0.1 and 127.0.0.2, neither of which waits.
fn one_port_at_two_addresses() -> (TcpListener, TcpListener) {
    for _ in 0..50 {
        let second = TcpListener::bind("127.0.0.2:0").expect("a free port");
        let port = second.local_addr().expect("address").port();
        let Ok(first) = TcpListener::bind(("127.0.0.1", port)) else { continue };
        first.set_nonblocking(true).expect("set");
        second.set_nonblocking(true).expect("set");
        return (first, second);
    }
    panic!("no port is free at both");
}

#[test]
fn nothing_that_is_not_listed_is_connected_to() {
    let home = home();
    let (listed, elsewhere) = one_port_at_two_addresses();
    let port = elsewhere.local_addr().expect("address").port();
    let is_over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_over);
    let answers = thread::spawn(move || {
        let redirect = format!(
            "HTTP/1.1 302 x\r\nlocation: http://127.0.0.2:{port}/openapi.json\r\ncontent-length: 0\r\n\r\n"
        );
        let (begin, mut count) = (Instant::now(), 0);
        while !seen.load(Ordering::Relaxed) && begin.elapsed() < Duration::from_secs(60) {
            let Ok((mut client, _)) = listed.accept() else {
                thread::sleep(Duration::from_millis(2));
                continue;
            };
            count += 1;
            let _ = client.set_nonblocking(false);
            let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(redirect.as_bytes());
        }
        count
    });
    let list = "127.0.0.0/30\n!127.0.0.0\n!127.0.0.2/31\n169.254.169.252/30\n";
    let found = survey(&home, list, &[&port.to_string()]);
    is_over.store(true, Ordering::Relaxed);
    assert_eq!(found["summary"]["addresses"], 1);
    assert_eq!(found["left_out"]["metadata_addresses"], 4);
    let service = service(&found, &port.to_string());
    assert_eq!(service["redirects_to"], format!("http://127.0.0.2:{port}"));
    assert_eq!(found["names"][0]["name"], "127.0.0.2");
    assert_eq!(found["names"][0]["found_in"], json!(["redirect"]));
    assert!(answers.join().expect("ends") > 2);
    assert!(elsewhere.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
}

#[test]
fn names_are_looked_up_once_and_text_and_csv_tell_the_same() {
    let home = home();
    let server = Server::start(Some(certificate(&["localhost"])), shop);
    let port = server.port();
    let file = write(&home, "list.txt", b"localhost\nno-such-host.invalid\n!::1");
    let arguments = |format: &'static str| {
        [
            "discover",
            "perimeter",
            &file,
            "--ports",
            &port,
            "--rate",
            "1000",
            "--timeout",
            "1",
            "--format",
            format,
        ]
        .map(str::to_owned)
    };
    let text = |format: &'static str| {
        let arguments = arguments(format);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(&home, &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let found: Value = serde_json::from_str(&text("json")).expect("JSON");
    let shop = service(&found, &port);
    assert_eq!(json!([shop["host"], shop["address"]]), json!(["localhost", "127.0.0.1"]));
    assert_eq!(shop["tls"]["certificate"]["is_for_host"], true);
    assert_eq!(found["names"], json!([]));
    assert!(found["unresolved"]["no-such-host.invalid"].is_string(), "{found}");
    let host = format!("host: localhost:{port}\r\n");
    assert!(server.asked().iter().all(|head| head.contains(&host)));
    let told = text("text");
    for part in
        ["1 open port at 1 address", "https (TLS 1.3)", "itself", "/v1/orders", "no-such-host"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let csv = text("csv");
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("localhost,127.0.0.1,") && csv.contains("POST /v1/orders"), "{csv}");
}

#[test]
fn connections_are_limited_and_paced() {
    let home = home();
    let server = Server::start(None, shop);
    let port = server.port();
    let file = write(&home, "list.txt", b"127.0.0.1");
    let base = ["discover", "perimeter", &file, "--ports", &port, "--format", "json"];
    let with = |more: &[&str]| result(&home, &[&base[..], more].concat());
    let found = with(&["--max-connections", "5", "--rate", "1000", "--timeout", "1"]);
    assert_eq!(
        json!([found["ended_by"], found["summary"]["connections"]]),
        json!(["max_connections", 5])
    );
    assert_eq!(server.connections.load(Ordering::Relaxed), 5);
    let begin = Instant::now();
    let found = with(&["--max-seconds", "1", "--rate", "5"]);
    assert_eq!(found["ended_by"], "max_seconds");
    assert!(begin.elapsed() < Duration::from_secs(8));
    let connections = found["summary"]["connections"].as_u64().expect("a number");
    assert!((1..=7).contains(&connections), "{connections}");
    // What was known by then is told.
    assert_eq!(service(&found, &port)["speaks"], "http");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_at_once_with_what_was_found() {
    let home = home();
    let server = Server::start(None, shop);
    let (quiet, quiet_port) = silent();
    quiet.set_nonblocking(true).expect("set");
    let file = write(&home, "list.txt", b"127.0.0.1");
    let ports = format!("{},{quiet_port}", server.port());
    let child = bartizan(&home)
        .args(["discover", "perimeter", &file, "--ports", &ports])
        .args(["--rate", "1000", "--timeout", "60", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let begin = Instant::now();
    let mut kept: Vec<TcpStream> = Vec::new();
    while kept.is_empty() || server.asked().len() < 20 {
        assert!(begin.elapsed() < Duration::from_secs(30), "asks for nothing");
        kept.extend(quiet.accept().ok().map(|(client, _)| client));
        thread::sleep(Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill starts").success());
    let interrupted = Instant::now();
    let output = child.wait_with_output().expect("ends");
    // A connection may take a minute, and is not waited for.
    assert!(interrupted.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json!([found["ended_by"], found["summary"]["open"]]), json!(["interrupted", 2]));
    assert_eq!(service(&found, &quiet_port)["speaks"], "unknown");
    assert_eq!(service(&found, &server.port())["speaks"], "http");
}

#[test]
fn wrong_lists_and_ones_that_lead_nowhere_have_exit_codes_of_their_own() {
    let home = home();
    let with = |list: &str, more: &[&str]| {
        let file = write(&home, "list.txt", list.as_bytes());
        let output = run(&home, &[&["discover", "perimeter", &file][..], more].concat());
        (output.status.code(), stderr(&output))
    };
    for (list, said) in [
        ("10.0.0.0/8", "4096"),
        ("127.0.0.1\nhttps://127.0.0.1/", "line 2"),
        ("127.0.0.1:80", "--ports"),
        ("# nobody", "lists nothing"),
        ("127.0.0.1\n!127.0.0.1", "lists nothing"),
        ("169.254.169.254/32", "lists nothing"),
    ] {
        let (code, told) = with(list, &[]);
        assert_eq!(code, Some(2), "{list}: {told}");
        assert!(told.contains(said), "{list}: {told}");
    }
    for (name, value) in [
        ("--ports", "0"),
        ("--ports", "1-65535"),
        ("--rate", "0"),
        ("--timeout", "0"),
        ("--concurrency", "501"),
    ] {
        assert_eq!(with("127.0.0.1", &[name, value]).0, Some(2), "{name}");
    }
    let (code, told) = with("no-such-host.invalid", &[]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("no-such-host.invalid"), "{told}");
    assert_eq!(run(&home, &["discover", "perimeter", "absent.txt"]).status.code(), Some(3));
    // That nothing is open is a result.
    let (code, told) = with("127.0.0.1", &["--ports", &closed()]);
    assert_eq!(code, Some(0), "{told}");
}
