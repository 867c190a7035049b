//! The dashboard in a real browser, on a server that has seen a play of the lab. What is done there is in
//! `dashboard/tests/browser`.

use std::{
    cmp::Reverse,
    ffi::OsStr,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bartizan_model::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    command::{home, run, stderr, write},
    console::{PASSWORD, enter},
    demo,
    drive::{CONFIG, Lab},
    serve::{Server, line_with, until},
};

#[test]
#[ignore = "has the machine for itself: scripts/test.sh runs it behind the others"]
fn an_analyst_works_in_a_browser() {
    if !is_built() {
        return;
    }
    let home = home();
    let lab = Lab::start(&home);
    write(&home, "bartizan.yaml", CONFIG.replace("LAB", lab.url()).as_bytes());
    earlier_calls(&home);
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
    in_a_browser("browser", server.admin, PASSWORD, &[]);
    server.stop();
}

/// What was called on the last days: `/v1/steady` as often as ever, `/v1/busy` eight times as often, `/v1/fresh`
/// for the first time, and `/v1/quiet` not any more.
fn earlier_calls(home: &TempDir) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut lines = Vec::new();
    let mut call = |path: &str, hours: u64, calls: u64| {
        // Half an hour ago, and so many hours.
        let seconds = i64::try_from(now - 1_800 - hours * 3_600).expect("small");
        for caller in 1..=calls {
            let id = lines.len();
            lines.push((hours, json!({
                "id": format!("earlier-{id}"),
                "time": Timestamp::from_seconds(seconds),
                "client": {"ip": format!("198.51.100.{caller}")},
                "request": {
                    "method": "GET",
                    "url": format!("https://calls.example{path}"),
                    "http_version": "1.1",
                    "headers": [["host", "calls.example"], ["authorization", "Bearer of-somebody"]],
                    "body": "",
                },
                "response": {
                    "status": 200,
                    "headers": [["content-type", "application/json"]],
                    "body": "{}",
                },
            })));
        }
    };
    // Counted for long enough.
    call("/v1/steady", 60, 1);
    for hours in 0..20 {
        call("/v1/steady", hours, 1);
        call("/v1/steady", hours + 24, 1);
        call("/v1/busy", hours, 8);
        call("/v1/busy", hours + 24, 1);
        call("/v1/quiet", hours + 24, 1);
        call("/v1/fresh", hours, 1);
    }
    lines.sort_by_key(|(hours, _)| Reverse(*hours));
    let lines: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    write(home, "earlier.jsonl", lines.as_bytes());
    let output = run(home, &["analyze", "earlier.jsonl", "--data", "data", "--no-report"]);
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", stderr(&output));
}

/// From the start of the program; building it is not in the time.
const MOST_WAITED: Duration = Duration::from_secs(120);

#[test]
#[ignore = "has the machine for itself: scripts/test.sh runs it behind the others"]
fn the_demo_shows_an_incident_in_two_minutes_and_is_a_picture() {
    if !is_built() {
        return;
    }
    let (home, begin) = (home(), Instant::now());
    let (demo, mut told) = demo::start(&home, &[]);
    let password = std::fs::read_to_string(&told.password).expect("the file");
    line_with(&mut told.lines, &format!("         http://{}/incidents/", told.admin));
    let waited = begin.elapsed();
    eprintln!("the first incident is told after {} s", waited.as_secs());
    assert!(waited < MOST_WAITED, "{waited:?}");
    line_with(&mut told.lines, "The intruder goes on");
    let own = home.path().join("pictures");
    let folder = std::env::var_os("BARTIZAN_PICTURES").unwrap_or_else(|| own.into());
    let pictures = [("BARTIZAN_PICTURES", folder.as_os_str())];
    in_a_browser("picture", told.admin, password.trim(), &pictures);
    drop(demo);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether there is a dashboard to be opened.
fn is_built() -> bool {
    if root().join("dashboard/dist/index.html").is_file() {
        return true;
    }
    let in_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
    assert!(!in_ci, "the dashboard is not built, and in CI nothing is skipped");
    eprintln!("SKIPPED: the dashboard is not built (scripts/dashboard.sh); no browser opened it");
    false
}

/// Runs these tests of the dashboard as `admin`.
fn in_a_browser(tests: &str, admin: SocketAddr, password: &str, more: &[(&str, &OsStr)]) {
    let tests = Command::new(root().join("scripts/dashboard.sh"))
        .arg(tests)
        .env("BARTIZAN_URL", format!("http://{admin}"))
        .env("BARTIZAN_USER", "admin")
        .env("BARTIZAN_PASSWORD", password)
        .envs(more.iter().copied())
        .output()
        .expect("the script starts");
    let (out, err) = (&tests.stdout, &tests.stderr);
    let said = format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(tests.status.success(), "{said}");
}
