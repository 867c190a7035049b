//! The dashboard in a real browser, on a server that has seen a play of the lab. What is done there is in
//! `dashboard/tests/browser`.

use std::{path::Path, process::Command, time::Duration};

use serde_json::Value;

use crate::{
    command::{home, run, stderr, write},
    console::{PASSWORD, enter},
    drive::{CONFIG, Lab},
    serve::{Server, until},
};

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
