use crate::config::{Config, from_yaml};

use super::read;

const FILE: &str = r#"
worker_processes auto;
http {
    limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;
    limit_req_zone $http_x_user zone=user:10m rate=1r/m;
    upstream orders { least_conn; server 10.0.0.1:8000; server 10.0.0.2:8000 weight=2; server 10.0.0.3:1 backup; }
    server {
        listen 80;
        server_name api.example www.api.example;
        client_max_body_size 2m;
        location / { proxy_pass http://127.0.0.1:3000; }
        location /orders/ {
            proxy_pass http://orders;
            limit_req zone=api burst=20 nodelay;
            allow 192.0.2.0/24;
            deny all;
            add_header X-Frame-Options DENY;
            proxy_set_header Host $host;
            proxy_set_header X-Gateway nginx;
            proxy_cache orders;
        }
        location ~ \.php$ { fastcgi_pass unix:/run/php.sock; }
        location = /health { return 204; }
    }
}
"#;

/// The configuration that a file becomes, and what was noted.
fn imported(text: &str) -> (Config, Vec<String>) {
    let mut found = read(text).expect("reads");
    let (yaml, problem) = found.yaml();
    assert_eq!(problem, None, "{yaml}");
    (from_yaml(&yaml).expect("a configuration"), found.notes().collect())
}

#[test]
fn locations_become_services_and_policies() {
    let (config, notes) = imported(FILE);
    let services: Vec<_> = config
        .gateway
        .services
        .iter()
        .map(|one| (one.path_prefix.as_str(), one.upstreams.join(" ")))
        .collect();
    let expected = [
        ("/orders/", "http://10.0.0.1:8000 http://10.0.0.2:8000".to_owned()),
        ("/", "http://127.0.0.1:3000".to_owned()),
    ];
    assert_eq!(services, expected);
    assert_eq!(config.gateway.listeners[0].address, "0.0.0.0:80");
    let rate = config.policies.iter().find_map(|one| Some((one, one.rate.as_ref()?)));
    let (policy, rate) = rate.expect("a rate");
    assert_eq!((rate.requests, rate.period_seconds, rate.burst), (10, 1, Some(21)));
    assert_eq!(policy.scope.paths, ["/orders/**"]);
    assert_eq!(policy.scope.hosts, ["api.example", "www.api.example"]);
    let address = config.policies.iter().find_map(|one| one.address.as_ref()).expect("addresses");
    assert_eq!(address.allow, ["192.0.2.0/24"]);
    let size = config.policies.iter().find_map(|one| one.size.as_ref()).expect("a size");
    assert_eq!(size.body_bytes, Some(2 << 20));
    let fields = config.policies.iter().find_map(|one| one.request_headers.as_ref());
    assert_eq!(fields.expect("fields").set.len(), 1, "the gateway writes Host by itself");
    let monitored = |one: &bartizan_gateway::policy::PolicyConfig| {
        one.mode == Some(bartizan_model::Mode::Monitor)
    };
    assert!(config.policies.iter().all(monitored));
    for (line, what) in [
        ("line 5", "limit_req_zone"),
        ("line 6", "weight=2"),
        ("line 6", "10.0.0.3:1 is left out"),
        ("line 20", "proxy_cache"),
        ("line 22", "location"),
        ("line 23", "/health"),
    ] {
        let is_there = |note: &String| note.starts_with(line) && note.contains(what);
        assert!(notes.iter().any(is_there), "{line} {what}: {notes:#?}");
    }
}

#[test]
fn a_server_that_only_sends_on_becomes_a_redirect() {
    let text = "server { listen 80; server_name a.example; return 301 https://$host$request_uri; }\n\
                server { listen 8080; server_name a.example; location / { proxy_pass http://b; } }";
    let (config, notes) = imported(text);
    let redirect = config.policies.iter().find(|one| one.https_redirect.is_some());
    assert_eq!(redirect.expect("a redirect").scope.hosts, ["a.example"]);
    assert_eq!(config.gateway.services[0].upstreams, ["http://b:80"]);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn an_order_of_addresses_that_cannot_be_said_is_not_guessed() {
    let text = "server { location / { proxy_pass http://b; allow 10.0.0.1; deny 10.0.0.0/8; } }";
    let (config, notes) = imported(text);
    assert!(config.policies.is_empty());
    assert!(notes[0].contains("order"), "{notes:?}");
}
