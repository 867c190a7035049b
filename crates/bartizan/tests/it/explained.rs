//! `explain request`: what becomes of a request, told without a server; and `import`: a first configuration.

use crate::command::{home, result, run, stderr, write};

const CONFIG: &str = "
gateway:
  services:
    - {name: orders, hosts: [api.example], path_prefix: /orders, upstreams: ['http://127.0.0.1:1']}
    - {name: rest, upstreams: ['http://127.0.0.1:1']}
policies:
  - {name: admins, mode: enforce, scope: {paths: [/orders/admin/**]}, authentication: {any_of: [jwt]}}
  - {name: small, mode: monitor, size: {body_bytes: 4}}
  - {name: stop, scope: {paths: [/orders/**]}, kill_switch: {}}
";

#[test]
fn a_request_is_explained_policy_by_policy() {
    let home = home();
    write(&home, "bartizan.yaml", CONFIG.as_bytes());
    let asked = ["explain", "request", "https://api.example/orders/%61dmin/1", "--format", "json"];
    let told = result(&home, &asked);
    assert_eq!(told["service"], "orders");
    assert_eq!(told["answer"]["status"], 401);
    assert_eq!(told["off"], serde_json::json!(["stop"]));
    let policies = told["policies"].as_array().expect("policies");
    let of = |name: &str| {
        policies
            .iter()
            .find(|one| one["policy"] == name)
            .unwrap_or_else(|| panic!("{name}: {told}"))
    };
    assert_eq!(of("admins")["scope"], "perhaps");
    assert_eq!(of("admins")["outcome"], "refused");
    assert!(of("admins")["reasons"][0].is_string());

    let body = ["explain", "request", "http://api.example/x", "-d", "12345", "--from", "192.0.2.7"];
    let text = run(&home, &body);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(
        text.starts_with("POST http://api.example/x  from 192.0.2.7\nservice: rest\n"),
        "{text}"
    );
    assert!(text.contains("size (monitor): would refuse 413"), "{text}");
    assert!(text.contains("authentication (enforce): out of scope"), "{text}");
    assert!(text.contains("it goes on to the service"), "{text}");
}

#[test]
fn what_is_no_request_is_refused_and_secrets_are_not_repeated() {
    let home = home();
    write(&home, "bartizan.yaml", CONFIG.as_bytes());
    for (arguments, code) in [
        (&["explain", "request"][..], 2),
        (&["explain", "request", "api.example/x"], 2),
        (&["explain", "request", "http://a/x", "-X", "A B"], 2),
        (&["explain", "request", "http://a/x", "-H", "no field hunter2"], 2),
        (&["explain", "request", "http://a/x", "-d", "@none"], 3),
        (&["explain", "request", "--kept", "00"], 3),
    ] {
        let output = run(&home, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        assert!(!stderr(&output).contains("hunter2"), "{output:?}");
    }
}

#[test]
fn what_is_imported_can_be_checked_and_says_what_is_missing() {
    let home = home();
    let nginx =
        "server { listen 127.0.0.1:8080; location /a { proxy_pass http://127.0.0.1:1; lua_x y; } }";
    write(&home, "nginx.conf", nginx.as_bytes());
    let imported = run(&home, &["import", "nginx", "nginx.conf", "-o", "bartizan.yaml"]);
    // It may restrict something: silence about it would be worse.
    assert_eq!(imported.status.code(), Some(1), "{imported:?}");
    let says = "warning: may let more through: line 1: `lua_x y` is not understood";
    assert!(stderr(&imported).contains(says), "{imported:?}");
    let quiet = run(&home, &["-q", "import", "nginx", "nginx.conf", "-o", "quiet.yaml"]);
    assert!(quiet.status.code() == Some(1) && stderr(&quiet).contains(says), "{quiet:?}");
    let file = std::fs::read_to_string(home.path().join("quiet.yaml")).expect("written");
    assert!(file.contains("# may let more through: line 1: `lua_x y`"), "{file}");
    write(&home, "whole.conf", nginx.replace("lua_x y; ", "").as_bytes());
    let whole = run(&home, &["import", "nginx", "whole.conf", "-o", "whole.yaml"]);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    assert!(!stderr(&whole).contains("warning"), "{whole:?}");
    write(
        &home,
        "plain.conf",
        b"server { listen 127.0.0.1:8443 ssl; location / { proxy_pass http://127.0.0.1:1; } }",
    );
    let plain = run(&home, &["import", "nginx", "plain.conf"]);
    assert_eq!(plain.status.code(), Some(1), "{plain:?}");
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("listeners:"), "{plain:?}");
    let checked = run(&home, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    for (kind, text, code) in [("nginx", "server {", 3), ("kong", "a: b", 3), ("openapi", "{}", 3)]
    {
        write(&home, "x", text.as_bytes());
        assert_eq!(run(&home, &["import", kind, "x"]).status.code(), Some(code), "{kind}");
    }
    assert_eq!(run(&home, &["import", "kong", "none"]).status.code(), Some(3));
}

#[test]
fn a_preset_is_shown_as_its_policies() {
    let home = home();
    let text = "preset: public\ngateway: {services: [{name: a, upstreams: ['http://127.0.0.1:1'], preset: partner}]}";
    write(&home, "bartizan.yaml", text.as_bytes());
    let shown = result(&home, &["config", "show", "--format", "json"]);
    let names: Vec<_> =
        shown["policies"].as_array().expect("policies").iter().map(|one| &one["name"]).collect();
    for name in ["public-rate", "public-decoys", "a-partner-rights"] {
        assert!(names.contains(&&name.into()), "{name}: {names:?}");
    }
    let checked = run(&home, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}
