//! The administration listener of a real server, attacked: by names that lead to it from elsewhere, by
//! whoever reads its files and its log, and by references in what it is sent.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    command::{home, write},
    console::{PASSWORD, enter},
    serve::{Server, admin, ask, upstream},
};

/// DNS rebinding: a page of a stranger whose name was made to lead here.
#[test]
fn only_its_own_names_lead_to_the_administration() {
    let home = home();
    write(&home, "bartizan.yaml", b"admin: {hosts: [console.example.com]}\n");
    let server = Server::start(&home, &["--upstream", &format!("http://{}", upstream())]);
    let status = |host: &str, target: &str| {
        let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        ask(server.admin, &head).0
    };
    let port = server.admin.port();
    for target in
        ["/", "/api/v1/session", "/api/v1/openapi.json", "/metrics", "/readyz", "/healthz"]
    {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
            format!("user@evil.example:{port}"),
            "[::ffff:127.0.0.1]".to_owned(),
        ] {
            assert!(matches!(status(&host, target), 400 | 421), "{host} {target}");
        }
        for host in ["console.example.com".to_owned(), server.admin.to_string()] {
            assert!(matches!(status(&host, target), 200 | 401), "{host} {target}");
        }
    }
    let without = ask(server.admin, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(matches!(without.0, 400 | 421));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("folder").map(|e| e.expect("entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[test]
fn the_first_password_is_in_one_private_file_and_no_log() {
    let home = home();
    let server = Server::start(&home, &["--upstream", &format!("http://{}", upstream())]);
    let folder = home.path().join("data");
    let file = folder.join("first-password");
    let mode = std::fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = std::fs::read_to_string(&file).expect("readable");
    assert_eq!(holding(&folder, first.trim()), std::slice::from_ref(&file));
    let mut client = enter(server.admin, &folder);
    assert!(!file.exists());
    assert_eq!(client.ask("GET", "/users", None).0, 200);
    // Nor is the one that was chosen, nor what the session is known by, anywhere.
    let secret = client.cookie.split_once('=').expect("a cookie").1.to_owned();
    for text in [PASSWORD, &secret] {
        assert!(holding(&folder, text).is_empty(), "a secret was written down");
    }
    let log = server.stop();
    for text in [first.trim(), PASSWORD, &secret] {
        assert!(!log.contains(text), "{log}");
    }
}

/// `env:` and `file:` lead to secrets of the server, so only whoever configures it may use them.
#[test]
fn references_in_what_is_sent_are_only_text() {
    let home = home();
    let server = Server::start(&home, &["--upstream", &format!("http://{}", upstream())]);
    let mut client = enter(server.admin, &home.path().join("data"));
    for text in ["env:PATH", "file:/etc/passwd", "command:id", "${PATH}", "http://127.0.0.1:1/x"] {
        let service = json!({"name": text, "owner": text, "business_unit": text});
        let key = json!({"name": text, "owner": text});
        let (status, saved) = client.ask("PUT", "/services/svc_test", Some(&service));
        assert_eq!((status, &saved["name"], &saved["owner"]), (200, &json!(text), &json!(text)));
        let (status, made) = client.ask("POST", "/keys", Some(&key));
        assert!(status < 300 && made["owner"] == text, "{status} {made}");
    }
    // The configuration shows references, never what they lead to.
    let (status, shown) = client.ask("GET", "/configuration", None);
    assert_eq!(status, 200);
    assert!(!shown.to_string().contains("root:"), "{shown}");
    assert_eq!(admin(server.admin, "/healthz").0, 200);
}
