//! `demo`: what its story declares is found, its users are left alone, and it ends without a trace.

use std::{
    io::{BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    command::{bartizan, home, result, run, stderr},
    console::Client,
    serve::line_with,
};

const FREE: [&str; 5] = ["demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn what_the_story_declares_is_found_and_users_are_left_alone() {
    let home = home();
    let temporary = home.path().join("temporary");
    std::fs::create_dir(&temporary).expect("made");
    let output = bartizan(&home)
        .args(FREE)
        .args(["--headless", "--format", "json"])
        .env("TMPDIR", &temporary)
        .output()
        .expect("the command starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &found["complete"]), (Some(0), &json!(true)), "{text}");
    assert_eq!((&found["users_named"], &found["not_compared"]), (&json!(0), &json!(0)), "{text}");

    // All of what the truth file declares, not what the demo says that it declares.
    let truth = result(&home, &["lab", "--truth"]);
    let story = list(&truth["story"]);
    assert_eq!(story.len(), list(&found["chapters"]).len());
    let mut attacks = 0;
    for (chapter, told) in story.iter().zip(list(&found["chapters"])) {
        let declared = |value: &Value| -> Vec<Value> {
            list(value).iter().map(|one| one["detector"].clone()).collect()
        };
        assert_eq!(declared(&chapter["seen_by"]), declared(&told["declared"]), "{told}");
        for one in list(&told["declared"]) {
            let id = one["incident"].as_str().expect("an incident");
            let mut all = list(&found["incidents"]).iter();
            assert!(all.any(|incident| incident["id"] == id), "{told}");
        }
        assert_eq!(told["users_named"], 0, "{told}");
        let count = |name: &str| told[name].as_u64().expect("a number");
        if list(&chapter["seen_by"]).is_empty() {
            assert!(count("hostile") == 0 && count("users") > 100, "{told}");
        } else {
            attacks += 1;
            assert!(count("hostile") >= 20 && count("hostile_named") * 2 > count("hostile"));
            assert!(chapter["stage"] == "" || told["stage_reached"] == true, "{told}");
        }
    }
    assert_eq!(attacks, 4);
    assert!(list(&found["incidents"]).len() <= 4, "one intruder: {text}");
    assert!(found["endpoints"].as_u64() > Some(30) && found["findings"]["high"].as_u64() > Some(3));
    let left = std::fs::read_dir(&temporary).expect("there").count();
    assert_eq!(left, 0, "a store lies around");
}

/// A demo that is ended when the test ends.
pub(crate) struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What it says; the address of its dashboard, and the file with its password.
pub(crate) struct Told {
    pub(crate) lines: BufReader<ChildStdout>,
    pub(crate) admin: SocketAddr,
    pub(crate) password: PathBuf,
}

pub(crate) fn start(home: &TempDir, arguments: &[&str]) -> (Demo, Told) {
    let child = bartizan(home)
        .args(FREE)
        .args(arguments)
        .env("TMPDIR", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    let dashboard = line_with(&mut lines, "  dashboard   http://");
    let admin = dashboard.trim().trim_start_matches("dashboard   http://");
    let who = line_with(&mut lines, "  log in as   admin");
    let password = who.split('`').nth(1).expect("a command").trim_start_matches("cat ").into();
    let told = Told { lines, admin: admin.parse().expect("an address"), password };
    (Demo(child), told)
}

#[test]
fn the_password_is_in_no_pipe_and_an_interrupt_ends_everything() {
    let home = home();
    let (mut demo, Told { mut lines, admin, password: path }) = start(&home, &["--speed", "3000"]);
    let password = std::fs::read_to_string(&path).expect("the file");
    let metadata = std::fs::metadata(&path).expect("the file");
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let mut client = Client::to(admin);
    let log_in = json!({"user": "admin", "password": password.trim()});
    let (status, session) = client.ask("POST", "/session", Some(&log_in));
    assert_eq!((status, &session["must_change_password"]), (200, &json!(false)), "{session}");
    assert_eq!(client.ask("GET", "/incidents", None).0, 200);

    // Told from the store, before the end.
    let page = line_with(&mut lines, &format!("         http://{admin}/incidents/"));
    let id = page.trim().rsplit('/').next().expect("an id");
    assert_eq!(client.ask("GET", &format!("/incidents/{id}"), None).0, 200, "{page}");
    let pid = demo.0.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("UTF-8");
    assert!(demo.0.wait().expect("ends").success(), "{rest}");
    assert!(!rest.contains(password.trim()));
    assert!(!path.exists(), "a store lies around");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let home = home();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("an address").to_string();
    let other = home.path().display().to_string();
    std::fs::write(home.path().join("something"), "").expect("written");
    for (arguments, says) in [
        (["--listen", &taken, "--admin", "127.0.0.1:0"], ["--listen", &taken]),
        (["--admin", &taken, "--listen", "127.0.0.1:0"], ["--admin", &taken]),
        (["--listen", "0.0.0.0:0", "--admin", "127.0.0.1:0"], ["0.0.0.0:0", "loopback"]),
        (["--listen", "127.0.0.1:0", "--data", &other], ["not empty", "--data"]),
    ] {
        let output = run(&home, &[&["demo", "--headless"][..], &arguments[..]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(says.iter().all(|words| said.contains(words)), "{said}");
    }
}
