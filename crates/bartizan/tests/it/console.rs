//! Somebody who uses the administration API of a running server.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
};

use serde_json::{Value, json};

use crate::serve::PATIENCE;

pub(crate) const PASSWORD: &str = "a sentence for the browser";

/// Somebody who keeps what they are given: cookie and CSRF value.
pub(crate) struct Client {
    to: SocketAddr,
    pub(crate) cookie: String,
    csrf: String,
}

impl Client {
    /// Nobody yet, at an administration listener.
    pub(crate) const fn to(admin: SocketAddr) -> Self {
        Self { to: admin, cookie: String::new(), csrf: String::new() }
    }

    /// Status and body.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_ask(method, path, body).expect("answered")
    }

    /// The same of a server that may be gone; an answer that is cut off is none.
    pub(crate) fn try_ask(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> std::io::Result<(u16, Value)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {}\r\n\
             x-csrf-token: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.to,
            self.cookie,
            self.csrf,
            body.len()
        );
        let mut socket = TcpStream::connect(self.to)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(request.as_bytes())?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let cut_off = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut_off)?;
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
        Ok((status, body))
    }
}

/// Logs in with the first password, as the file holds it, and changes it.
pub(crate) fn enter(admin: SocketAddr, folder: &Path) -> Client {
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
