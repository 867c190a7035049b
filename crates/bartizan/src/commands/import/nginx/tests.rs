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

/// The configuration that a file becomes, what was noted, and what may let more through.
fn read_whole(text: &str) -> (Config, Vec<String>, Vec<String>) {
    let mut found = read(text).expect("reads");
    let (yaml, problem) = found.yaml();
    assert_eq!(problem, None, "{yaml}");
    let config = from_yaml(&yaml).expect("a configuration");
    (config, found.notes().collect(), found.losses().collect())
}

/// Where it listens, and with how many certificates.
fn listeners(config: &Config) -> Vec<(&str, usize)> {
    let listeners = config.gateway.listeners.iter();
    listeners.map(|one| (one.address.as_str(), one.certificates.len())).collect()
}

/// Services by hosts, prefix and upstream.
fn services(config: &Config) -> Vec<(String, &str, &str)> {
    let services = config.gateway.services.iter();
    services
        .map(|one| (one.hosts.join(" "), one.path_prefix.as_str(), one.upstreams[0].as_str()))
        .collect()
}

#[test]
fn locations_become_services_and_policies() {
    let (config, notes, losses) = read_whole(FILE);
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
    for (said, line, what) in [
        (&losses, "line 5", "limit_req_zone"),
        (&notes, "line 6", "weight=2"),
        (&notes, "line 6", "10.0.0.3:1 is left out"),
        (&notes, "line 20", "proxy_cache"),
        (&losses, "line 22", "location"),
        (&losses, "line 23", "/health"),
    ] {
        let is_there = |note: &String| note.starts_with(line) && note.contains(what);
        assert!(said.iter().any(is_there), "{line} {what}: {notes:#?} {losses:#?}");
    }
}

#[test]
fn a_server_that_only_sends_on_becomes_a_redirect() {
    let text = "server { listen 80; server_name a.example; return 301 https://$host$request_uri; }\n\
                server { listen 8080; server_name a.example; location / { proxy_pass http://b; } }";
    let (config, notes, losses) = read_whole(text);
    let redirect = config.policies.iter().find(|one| one.https_redirect.is_some());
    assert_eq!(redirect.expect("a redirect").scope.hosts, ["a.example"]);
    assert_eq!(config.gateway.services[0].upstreams, ["http://b:80"]);
    assert!(notes.is_empty() && losses.is_empty(), "{notes:?} {losses:?}");
}

#[test]
fn an_order_of_addresses_that_cannot_be_said_is_not_guessed() {
    let text = "server { location / { proxy_pass http://b; allow 10.0.0.1; deny 10.0.0.0/8; } }";
    let (config, _, losses) = read_whole(text);
    assert!(config.policies.iter().all(|one| one.address.is_none()));
    assert!(losses[0].contains("order"), "{losses:?}");
}

#[test]
fn certificates_are_inherited_and_tls_without_one_never_becomes_plain_http() {
    let text = "http { ssl_certificate /c.pem; ssl_certificate_key /k.pem; \
                server { listen 443 ssl; server_name a.example; location / { proxy_pass http://b; } } }";
    let mut found = read(text).expect("reads");
    assert!(!found.is_lossy(), "{:?}", found.losses().collect::<Vec<_>>());
    let (yaml, _) = found.yaml();
    let config: Config = from_yaml(&yaml).expect("a configuration");
    let shown = &config.gateway.listeners[0].certificates[0];
    assert_eq!(
        (shown.chain.to_str(), shown.names.as_slice()),
        (Some("/c.pem"), &["a.example".to_owned()][..])
    );

    for listen in
        ["listen 443 ssl", "listen 443; ssl on", "listen 443 ssl; ssl_certificate $name.pem"]
    {
        // Elsewhere the same port may be written without `ssl`: it is TLS all the same.
        let text = format!(
            "server {{ listen 443; listen 127.0.0.1:81; server_name b.example; location / {{ proxy_pass http://b; }} }} \
             server {{ {listen}; server_name a.example; location / {{ proxy_pass http://b; }} }}"
        );
        let (config, _, losses) = read_whole(&text);
        assert_eq!(listeners(&config), [("127.0.0.1:81", 0)], "{listen}");
        let is_said = |loss: &String| loss.contains("443 ssl` is left out");
        assert!(losses.iter().any(is_said), "{listen}: {losses:?}");
    }
    let text =
        "server { listen 443 quic; listen 127.0.0.1:81; location / { proxy_pass http://b; } }";
    let (config, notes, _) = read_whole(text);
    assert_eq!(listeners(&config), [("127.0.0.1:81", 0)]);
    assert!(notes[0].contains("`listen 443 quic` is left out"), "{notes:?}");
}

#[test]
fn a_server_is_for_no_more_names_than_there() {
    let location = "location / { proxy_pass http://b; }";
    let text = format!(
        "server {{ listen 80; server_name a.example; {location} }} \
         server {{ listen 80; server_name ~^(.+)\\.example$ www.example.*; location / {{ proxy_pass http://inner; }} }} \
         server {{ listen 80; server_name _; location / {{ proxy_pass http://never; }} }}"
    );
    let (config, notes, losses) = read_whole(&text);
    assert_eq!(services(&config), [("a.example".to_owned(), "/", "http://b:80")]);
    assert!(losses.iter().any(|loss| loss.contains("all expressions")), "{losses:?}");
    assert!(notes.iter().any(|note| note.contains("not the default one")), "{notes:?}");
    // Who says so is the default one, wherever it stands.
    let (config, ..) =
        read_whole(&text.replace("listen 80; server_name _", "listen 80 default_server"));
    assert_eq!(services(&config)[1], (String::new(), "/", "http://never:80"));
}

#[test]
fn names_below_a_pattern_that_go_elsewhere_are_said() {
    let inner = "server { listen 80; server_name .a.example; location / { proxy_pass http://b; } }";
    let rest = "server { listen 80 default_server; location / { proxy_pass http://c; } }";
    let (config, _, losses) = read_whole(inner);
    assert_eq!(services(&config)[0].0, "a.example *.a.example");
    assert!(losses.is_empty(), "others find no service: {losses:?}");
    let (_, _, losses) = read_whole(&format!("{inner} {rest}"));
    assert!(losses.iter().any(|loss| loss.contains("`*.a.example` is for one")), "{losses:?}");
}

#[test]
fn what_passes_nothing_on_stays_closed_or_is_said() {
    let of = |inside: &str| {
        read_whole(&format!(
            "server {{ listen 80; server_name a.example; client_max_body_size 0; \
             location / {{ proxy_pass http://b; }} {inside} }}"
        ))
    };
    for closed in [
        "internal; proxy_pass http://c",
        "return 403",
        "return 404",
        "return 503",
        "deny all; proxy_pass http://b",
    ] {
        let (config, notes, losses) = of(&format!("location /admin {{ {closed}; }}"));
        let policy = config.policies.iter().find(|one| one.address.is_some()).expect(closed);
        assert_eq!(policy.scope.paths, ["/admin*/**"], "as there, also /administration");
        assert_eq!(policy.address.as_ref().map(|one| one.deny.len()), Some(2), "{closed}");
        assert!(losses.is_empty() && notes.is_empty(), "{closed}: {losses:?} {notes:?}");
        assert!(config.gateway.services.iter().all(|one| one.upstreams != ["http://c:80"]));
    }
    for (open, says) in [
        ("location /static { root /srv; }", "passes nothing on"),
        ("location = /only { proxy_pass http://b; }", "for this path only"),
        ("location /x { auth_request /auth; proxy_pass http://b; }", "auth_request"),
        ("location /x { proxy_pass http://b; limit_except GET { deny all; } }", "limit_except"),
        ("location /x { if ($bad) { return 403; } proxy_pass http://b; }", "`if"),
        ("location /public { proxy_pass http://b/public/files; }", "another path"),
        ("satisfy any;", "satisfy"),
    ] {
        let (_, _, losses) = of(open);
        assert!(losses.iter().any(|loss| loss.contains(says)), "{open}: {losses:?}");
    }
    let (config, notes, losses) = of("location /v1/ { proxy_pass http://b/; }");
    assert!(losses.is_empty() && notes.len() == 1 && config.policies.is_empty(), "{losses:?}");
}

#[test]
fn what_is_served_at_other_listeners_too_is_said() {
    let inner =
        "server { listen 127.0.0.1:9000; server_name inner; location / { proxy_pass http://c; } }";
    let outer = "server { listen 80; server_name a.example; location / { proxy_pass http://b; } }";
    let (_, _, losses) = read_whole(&format!("{outer} {inner}"));
    let is_said =
        |loss: &String| loss.contains("127.0.0.1:9000") && loss.contains("0.0.0.0:80 too");
    assert!(losses.iter().any(is_said), "{losses:?}");
    let sent_on = "server { listen 8080; location / { return 301 https://$host$request_uri; } }";
    let (config, _, losses) = read_whole(&format!("{outer} {sent_on}"));
    assert!(losses.is_empty(), "{losses:?}");
    assert!(config.policies.iter().any(|one| one.https_redirect.is_some()));
    let hidden =
        "server { listen unix:/run/x; server_name x; location / { proxy_pass http://c; } }";
    let (_, _, losses) = read_whole(&format!("{outer} {hidden}"));
    assert!(losses.iter().any(|loss| loss.contains("at another place")), "{losses:?}");
}

#[test]
fn bodies_are_as_small_as_there_where_nothing_is_said() {
    let size = |config: &Config| {
        let mut sizes = config.policies.iter().filter_map(|one| one.size.as_ref());
        sizes.next().and_then(|size| size.body_bytes)
    };
    let (config, _, losses) = read_whole("server { location / { proxy_pass http://b; } }");
    assert_eq!((size(&config), losses.len()), (Some(1 << 20), 0));
    let large = "server { location / { proxy_pass http://b; } \
                 location /up/ { client_max_body_size 9m; proxy_pass http://b; } }";
    let (config, _, losses) = read_whole(large);
    assert_eq!(size(&config), Some(9 << 20), "of these alone");
    assert!(losses.iter().any(|loss| loss.contains("1 MiB")), "{losses:?}");
    let (_, _, losses) = read_whole(&format!("client_max_body_size 9m; {large}"));
    assert!(losses.is_empty(), "{losses:?}");
}
