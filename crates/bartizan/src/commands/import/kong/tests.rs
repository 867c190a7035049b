//! What of a declarative configuration is taken over, and what is said of the rest.

use super::*;
use crate::config::Config;

const FILE: &str = "
_format_version: '3.0'
upstreams:
- name: orders.upstream
  targets: [{target: '10.0.0.1:8000'}, {target: '10.0.0.2:8000', weight: 50}]
services:
- name: orders
  host: orders.upstream
  routes:
  - {name: v1, paths: [/v1/orders, '~/v2/orders/\\d+$'], hosts: [api.example], strip_path: false}
  plugins:
  - {name: rate-limiting, config: {minute: 60, day: 1000, limit_by: ip}}
  - {name: key-auth}
- name: rest
  url: http://rest.internal:3000
  routes: [{name: all, methods: [GET]}]
  plugins:
  - {name: cors, config: {origins: ['*'], credentials: true}}
  - {name: request-transformer, config: {}}
plugins:
- {name: ip-restriction, config: {deny: [192.0.2.0/24]}}
consumers: [{username: ann}]
";

#[test]
fn services_and_plugins_are_taken_over() {
    let mut found = read(FILE).expect("reads");
    let (yaml, problem) = found.yaml();
    assert_eq!(problem, None, "{yaml}");
    let config: Config = from_yaml(&yaml).expect("a configuration");
    let services: Vec<_> = config
        .gateway
        .services
        .iter()
        .map(|one| (one.hosts.join(" "), one.path_prefix.clone(), one.upstreams.join(" ")))
        .collect();
    let of = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let expected = [
        of("api.example", "/v1/orders", "http://10.0.0.1:8000 http://10.0.0.2:8000"),
        of("", "/", "http://rest.internal:3000"),
    ];
    assert_eq!(services, expected);
    let kinds: Vec<_> = config
        .policies
        .iter()
        .filter_map(|one| Some((one.kind_and_mode()?.0.kind, one.scope.paths.join(" "))))
        .collect();
    let below = "/v1/orders*/**".to_owned();
    let expected = [
        ("address", String::new()),
        ("rate", below.clone()),
        ("quota", below.clone()),
        ("authentication", below),
        ("authorization", String::new()),
        ("authorization", String::new()),
    ];
    assert_eq!(kinds, expected);
    let notes: Vec<_> = found.notes().collect();
    for what in ["weights", "key-auth", "every origin", "consumers", "for GET"] {
        assert!(notes.iter().any(|note| note.contains(what)), "{what}: {notes:#?}");
    }
    assert!(!notes.iter().any(|note| note.contains("strip_path")), "it is off");
    let losses: Vec<_> = found.losses().collect();
    for what in ["expression", "request-transformer"] {
        assert!(losses.iter().any(|loss| loss.contains(what)), "{what}: {losses:#?}");
    }
}

#[test]
fn what_is_none_is_refused() {
    for text in ["a: b", "[", "_format_version: [", "x"] {
        assert!(read(text).is_err(), "{text}");
    }
}

/// A configuration with one service and one route, and what is said of it.
fn imported(route: &str, plugins: &str) -> (Config, Vec<String>) {
    let text = format!(
        "_format_version: '3.0'\nservices:\n- name: a\n  url: http://a:1\n  routes: {route}\n  plugins: {plugins}\n"
    );
    let mut found = read(&text).expect("reads");
    let (yaml, problem) = found.yaml();
    assert_eq!(problem, None, "{yaml}");
    (from_yaml(&yaml).expect("a configuration"), found.losses().collect())
}

/// A route is for the methods that it names, and so is what becomes of it, also for those that a form names.
#[test]
fn methods_that_no_route_is_for_are_refused() {
    let (config, losses) = imported(
        "[{name: r, paths: [/v1], methods: [GET]}, {name: w, paths: [/v1/], methods: [POST]}, {name: all, paths: [/all]}]",
        "[{name: rate-limiting, config: {minute: 9, limit_by: ip}}]",
    );
    assert!(losses.is_empty(), "{losses:?}");
    let services: Vec<_> = config.gateway.services.iter().map(|one| &*one.path_prefix).collect();
    assert_eq!(services, ["/all", "/v1"], "{services:?}");
    let rights = config.policies.iter().filter(|one| one.authorization.is_some());
    let rights: Vec<_> = rights.map(|one| &one.scope).collect();
    assert_eq!(rights.len(), 2);
    assert!(rights.iter().all(|scope| scope.services == ["a-r"] && scope.paths.is_empty()));
    assert_eq!(rights[0].methods, ["GET", "POST"]);
    assert!(rights[1].methods.is_empty(), "the rest");
    let mut asked = config.policies.iter().filter_map(|one| one.authorization.as_ref());
    assert!(asked.next_back().is_some_and(|one| one.deny_rest && one.hide));
}

#[test]
fn what_lets_more_through_is_said() {
    let plain = "[{name: r, paths: [/v1]}]";
    for (route, plugins, says) in [
        ("[{name: r, paths: [/v1], headers: {x: [y]}}]", "[]", "`headers`"),
        ("[{name: r, snis: [a.example]}]", "[]", "`snis`"),
        (plain, "[{name: acl, config: {allow: [a]}}]", "`acl`"),
        (plain, "[{name: rate-limiting, config: {month: 9, limit_by: ip}}]", "`month`"),
        (plain, "[{name: rate-limiting, config: {}}]", "no rate"),
        (plain, "[{name: rate-limiting, config: {minute: 1, limit_by: header}}]", "`header`"),
        (plain, "[{name: ip-restriction, config: {}}]", "no addresses"),
        (plain, "[{name: request-size-limiting, config: {}}]", "no size"),
    ] {
        let (_, losses) = imported(route, plugins);
        assert!(losses.iter().any(|loss| loss.contains(says)), "{route} {plugins}: {losses:?}");
    }
    let several = "_format_version: '3.0'\nservices:\n\
        - {name: a, url: 'http://a:1', routes: [{name: r, paths: [/v1], methods: [GET]}]}\n\
        - {name: b, url: 'http://b:1/inner', routes: [{name: w, paths: [/v1], methods: [POST]}]}\n";
    let losses: Vec<_> = read(several).expect("reads").losses().collect();
    for says in ["several places", "not below /inner"] {
        assert!(losses.iter().any(|loss| loss.contains(says)), "{says}: {losses:?}");
    }
}

#[test]
fn limits_are_no_wider_than_there() {
    let (config, losses) = imported(
        "[{name: r, paths: [/v1], protocols: [https]}]",
        "[{name: rate-limiting, config: {minute: 9, limit_by: service}}, \
          {name: ip-restriction, config: {whitelist: [192.0.2.0/24]}}, \
          {name: request-size-limiting, config: {allowed_payload_size: 9, size_unit: bytes}}, \
          {name: basic-auth}]",
    );
    assert!(losses.is_empty(), "{losses:?}");
    let policies = &config.policies;
    assert!(policies.iter().any(|one| one.https_redirect.is_some()), "no plain HTTP");
    let rate = policies.iter().find_map(|one| one.rate.as_ref()).expect("a rate");
    assert_eq!(rate.by, bartizan_gateway::policy::rate::RateBy::Scope);
    let address = policies.iter().find_map(|one| one.address.as_ref()).expect("addresses");
    assert_eq!(address.allow, ["192.0.2.0/24"]);
    let size = policies.iter().find_map(|one| one.size.as_ref()).expect("a size");
    assert_eq!(size.body_bytes, Some(9));
}
