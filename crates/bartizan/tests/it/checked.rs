//! `config check`: what `serve` would refuse is refused, with the file, the key and what to do.

use crate::command::{bartizan, home, result, run, stderr, write};

/// A configuration with one service, and what goes wrong in it.
const WRONG: &[(&str, &str)] = &[
    (
        "gateway: {services: [{name: a, upstreams: ['127.0.0.1:1']}]}",
        "`gateway.services.0.upstreams.0`",
    ),
    ("gateway: {services: [{name: a, upstreams: []}]}", "`gateway.services.0.upstreams`"),
    (
        "gateway: {services: [{name: a, upstreams: ['http://a:1'], path_prefix: v1}]}",
        "`gateway.services.0.path_prefix`",
    ),
    (
        "gateway: {services: [{name: a, upstreams: ['http://a:1'], hosts: ['a.example:80']}]}",
        "no host name without port",
    ),
    (
        "gateway: {services: [{name: a, upstreams: ['http://a:1']}, \
         {name: b, upstreams: ['http://b:1'], path_prefix: /b}]}",
        "`gateway.services.1`: is never asked",
    ),
    ("gateway: {limits: {header_fields: 0}}", "`gateway.limits.header_fields`"),
    ("gateway: {limits: {buffered_mebibytes: 1}}", "`gateway.limits.buffered_mebibytes`"),
    ("gateway: {deadlines: {connect: 0}}", "`gateway.deadlines.connect`"),
    ("gateway: {listeners: [{address: nowhere}]}", "`gateway.listeners.0.address`"),
    ("gateway: {listeners: [{proxy_protocol: true}]}", "`gateway.listeners.0.proxy_protocol`"),
    (
        "gateway: {listeners: [{certificates: [{chain: none.pem, key: none.pem}]}]}",
        "none.pem: No such file",
    ),
    ("gateway: {trusted_proxies: [10.0.0.0/40]}", "`gateway.trusted_proxies.0`"),
    ("gateway: {methods: ['a b']}", "`gateway.methods`"),
    ("admin: {listen: '9900'}", "`admin.listen`"),
    ("policies: [{name: a}]", "policy \"a\": it has no rule"),
    ("policies: [{name: a, address: {deny: [300.1.1.1]}}]", "policy \"a\": `address.deny.0`"),
    (
        "policies: [{name: a, scope: {paths: [admin]}, size: {fields: 9}}]",
        "policy \"a\": `scope.paths`",
    ),
    (
        "policies: [{name: a, jwt: {issuer: i, audiences: [b], algorithms: [RS256], \
         jwks_file: none.json}}]",
        "policy \"a\": `jwt.jwks_file`",
    ),
    ("policies: [{name: a, detectors: {score: 0}}]", "policy \"a\": `detectors.score`"),
    (
        "policies: [{name: a, schema: {inline: {items: {type: x}}}}]",
        "policy \"a\": `schema.inline`: at `/items/type`",
    ),
];

#[test]
fn what_serve_refuses_check_refuses() {
    let home = home();
    for (text, wanted) in WRONG {
        write(&home, "bartizan.yaml", text.as_bytes());
        let checked = run(&home, &["config", "check"]);
        let said = stderr(&checked);
        assert_eq!(checked.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(wanted) && said.contains("help: "), "{text}: {said}");
        let is_of_a_file_beside = wanted.contains("No such file");
        assert!(is_of_a_file_beside || said.contains("bartizan.yaml:"), "{text}: {said}");
        // The same words from the server, before it touches anything.
        let upstream: &[&str] =
            if text.contains("upstreams") { &[] } else { &["--upstream", "http://127.0.0.1:9"] };
        let served = run(&home, &[&["serve", "--data", "data"], upstream].concat());
        assert_eq!(served.status.code(), Some(2), "{text}");
        assert_eq!(stderr(&served), said, "{text}");
        assert!(!home.path().join("data").exists(), "{text}");
    }
}

#[test]
fn a_right_configuration_is_said_to_be_right_and_where_requests_go_is_asked_for() {
    let home = home();
    let nowhere = run(&home, &["config", "check"]);
    let said = String::from_utf8_lossy(&nowhere.stdout).into_owned();
    assert_eq!(nowhere.status.code(), Some(0), "{}", stderr(&nowhere));
    assert!(said.contains("is right") && said.contains("--upstream"), "{said}");
    let right = "gateway: {services: [{name: a, upstreams: ['http://a:1']}]}\n";
    write(&home, "bartizan.yaml", right.as_bytes());
    let said = run(&home, &["config", "check"]).stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("bartizan.yaml") && !said.contains("note"), "{said}");
}

#[test]
fn every_kind_of_policy_is_explained_with_an_example_that_is_right() {
    let home = home();
    let all = result(&home, &["explain", "--format", "json"]);
    let policies: Vec<_> =
        all.as_array().expect("a list").iter().filter(|item| item["family"] == "policy").collect();
    assert_eq!(policies.len(), bartizan_gateway::policy::ITEMS.len());
    for policy in policies {
        let kind = policy["code"].as_str().expect("a code");
        let example = policy["example"].as_str().expect("an example");
        // A database that it names too.
        let places = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../bartizan-gateway/tests/fixtures/geo/places.mmdb"
        );
        let there = example.replace("/var/lib/GeoIP/GeoLite2-Country.mmdb", places);
        write(&home, "bartizan.yaml", there.as_bytes());
        let mut check = bartizan(&home);
        // Secrets that it names have to be there.
        for rest in example.split("env:").skip(1) {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
            check.env(&rest[..end.unwrap_or(rest.len())], "x".repeat(64));
        }
        let checked = check.args(["config", "check"]).output().expect("it runs");
        assert_eq!(checked.status.code(), Some(0), "{example}{}", stderr(&checked));
        let text = run(&home, &["explain", kind]).stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(text.contains("policy `") && text.contains(example.lines().last().expect("lines")));
    }
}
