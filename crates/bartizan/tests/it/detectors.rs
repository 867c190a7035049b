//! Detectors in `serve`: what they refuse can be looked up, and a wrong one refuses the configuration.

use crate::{
    command::{home, result, run, stderr, write},
    serve::{Server, admin, ask, get, judged, line_with, until, upstream},
};

#[test]
fn a_detector_that_is_none_refuses_start_check_and_reload() {
    let home = home();
    let upstream = upstream();
    let with = |codes: &str| {
        format!(
            "gateway:\n  services:\n    - {{name: a, upstreams: [\"http://{upstream}\"]}}\npolicies:\n  \
             - name: no-attacks\n    mode: enforce\n    detectors:\n      codes: [{codes}]\n      \
             budget_micros: 1000000\n"
        )
    };
    let attack = "/v1/items?name=x%27%20OR%20%271%27%3D%271";
    let refused = |codes: &str, wanted: &[&str]| {
        write(&home, "bartizan.yaml", with(codes).as_bytes());
        let checked = run(&home, &["config", "check"]);
        let served = run(&home, &["serve", "--data", "other"]);
        for output in [&checked, &served] {
            let said = stderr(output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            for word in wanted {
                assert!(said.contains(word), "{word}: {said}");
            }
        }
        assert!(!home.path().join("other").exists());
    };
    let place = ["bartizan.yaml:8:", "policies[0].detectors.codes[1]"];
    let nearest = ["unknown value `sql-injektion`", "did you mean `sql-injection`?"];
    refused("BZ-D007, sql-injektion", &[place, nearest].concat());
    let late = ["`BZ-D001` needs more than the request", "help: "];
    refused("BZ-D007, BZ-D001", &[place, late].concat());

    write(&home, "bartizan.yaml", with("BZ-D006").as_bytes());
    let mut server = Server::start(&home, &[]);
    assert_eq!(get(server.gateway, attack).0, 403);
    write(&home, "bartizan.yaml", with("BZ-D06").as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "the configuration in force stays as it was");
    assert_eq!(get(server.gateway, attack).0, 403, "nothing turned itself off");
    write(&home, "bartizan.yaml", with("BZ-D007").as_bytes());
    server.signal("-HUP");
    line_with(&mut server.lines, "configuration reloaded");
    assert_eq!(get(server.gateway, attack).0, 200);
    server.stop();
}

#[test]
fn what_detectors_refuse_is_kept_counted_and_looked_up() {
    let home = home();
    let log = home.path().join("access.jsonl");
    let policies = "policies:
  - {name: no-attacks, mode: enforce, scope: {methods: [POST]}, detectors: {budget_micros: 1000000}}
  - {name: watched, scope: {methods: [GET]}, detectors: {budget_micros: 1000000}}
";
    let text = format!("gateway:\n  access_log: {{file: {}}}\n{policies}", log.display());
    write(&home, "bartizan.yaml", text.as_bytes());
    let server = Server::start(&home, &["--upstream", &format!("http://{}", upstream())]);
    let body = r#"{"name": "x' or '1'='1"}"#;
    let head =
        "POST /v1/items HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json";
    let post = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (status, problem) = ask(server.gateway, &post);
    assert_eq!(status, 403);
    let problem: serde_json::Value = serde_json::from_str(&problem).expect("JSON");
    assert_eq!(problem["code"], "detectors-refused");
    let incident = problem["incident"].as_str().expect("an incident");
    assert_eq!(get(server.gateway, "/v1/items?name=x%27%20OR%20%271%27%3D%271").0, 200);
    until("judging", || judged(server.admin) >= 2);
    let (_, metrics) = admin(server.admin, "/metrics");
    let counted = |policy: &str, outcome: &str| {
        let mut lines = metrics.lines();
        lines.any(|line| {
            let words = [
                "policy_reasons",
                "kind=\"detectors\"",
                "reason=\"sql-injection\"",
                policy,
                outcome,
            ];
            words.iter().all(|word| line.contains(word))
        })
    };
    assert!(counted("no-attacks", "enforced") && counted("watched", "monitored"), "{metrics}");
    let rest = server.stop();
    assert!(rest.contains("1 refused by policies, 1 would be"), "{rest}");

    let logged = std::fs::read_to_string(log).expect("written");
    assert!(logged.contains("no-attacks") && logged.contains("sql-injection"), "{logged}");
    assert!(!logged.contains("or '1'"), "{logged}");
    let shown = run(&home, &["exchanges", incident, "--data", "data"]).stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("403") && shown.contains("no-attacks (detectors): deny"), "{shown}");
    // The judgement behind saw the same, refused or not.
    let all = result(&home, &["incidents", "--data", "data", "--format", "json"]);
    assert!(!all.as_array().expect("a list").is_empty(), "{all}");
}
