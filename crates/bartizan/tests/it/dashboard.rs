//! The dashboard in a real browser, on a server that has seen a play of the lab. What is done there is in
//! `dashboard/tests/browser`.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    command::{home, run, stderr, write},
    drive::{CONFIG, Lab},
    serve::{PATIENCE, Server, until},
};

const PASSWORD: &str = "a sentence for the browser";

/// Somebody who keeps what they are given: cookie and CSRF value.
pub(crate) struct Client {
    to: SocketAddr,
    cookie: String,
    csrf: String,
}

impl Client {
    /// Nobody yet, at an administration listener.
    pub(crate) const fn to(admin: SocketAddr) -> Self {
        Self { to: admin, cookie: String::new(), csrf: String::new() }
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {}\r\n\
             x-csrf-token: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.to,
            self.cookie,
            self.csrf,
            body.len()
        );
        let mut socket = TcpStream::connect(self.to).expect("connects");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        socket.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.get(9..12).and_then(|s| s.parse().ok()).expect("a status");
        for line in head.lines() {
            if let Some(cookie) = line.strip_prefix("set-cookie: ") {
                cookie.split(';').next().expect("first").clone_into(&mut self.cookie);
            }
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        if let Some(csrf) = body["csrf_token"].as_str() {
            csrf.clone_into(&mut self.csrf);
        }
        (status, body)
    }
}

/// Logs in with the first password, as the file holds it, and changes it.
fn enter(admin: SocketAddr, folder: &Path) -> Client {
    let file = folder.join("first-password");
    let first = std::fs::read_to_string(&file).expect("the first password");
    let first = first.trim();
    let mut client = Client::to(admin);
    let log_in = json!({"user": "admin", "password": first});
    let (status, session) = client.ask("POST", "/session", Some(&log_in));
    assert_eq!((status, &session["must_change_password"]), (200, &json!(true)), "{session}");
    assert_eq!(client.ask("GET", "/findings", None).0, 403, "not with the first password");
    let change = json!({"current": first, "new": PASSWORD});
    let (status, session) = client.ask("PUT", "/session/password", Some(&change));
    assert_eq!((status, &session["must_change_password"]), (200, &json!(false)), "{session}");
    assert!(!file.exists(), "a password that does not count any more lies around");
    client
}

#[test]
#[ignore = "has the machine for itself: scripts/test.sh runs it behind the others"]
fn an_analyst_works_in_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("dashboard/dist/index.html").is_file() {
        let in_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
        assert!(!in_ci, "the dashboard is not built, and in CI nothing is skipped");
        eprintln!(
            "SKIPPED: the dashboard is not built (scripts/dashboard.sh); no browser opened it"
        );
        return;
    }
    let home = home();
    let lab = Lab::start(&home);
    write(&home, "bartizan.yaml", CONFIG.replace("LAB", lab.url()).as_bytes());
    let server = Server::start(&home, &[]);
    let mut client = enter(server.admin, &home.path().join("data"));
    let target = format!("http://{}", server.gateway);
    let output = run(&home, &["lab", "play", "--target", &target, "--minutes", "420"]);
    assert!(output.status.success(), "{}", stderr(&output));
    until("results", || {
        std::thread::sleep(Duration::from_millis(200));
        let (_, incidents) = client.ask("GET", "/incidents", None);
        let (_, findings) = client.ask("GET", "/findings", None);
        let are_there = |list: &Value| list["items"].as_array().is_some_and(|l| !l.is_empty());
        are_there(&incidents) && are_there(&findings)
    });
    let tests = Command::new(root.join("scripts/dashboard.sh"))
        .arg("browser")
        .env("BARTIZAN_URL", format!("http://{}", server.admin))
        .env("BARTIZAN_USER", "admin")
        .env("BARTIZAN_PASSWORD", PASSWORD)
        .output()
        .expect("the script starts");
    let (out, err) = (&tests.stdout, &tests.stderr);
    let said = format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(tests.status.success(), "{said}");
    server.stop();
}
