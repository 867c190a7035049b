use bartizan_model::Protocol;
use bartizan_protocols::{
    Call,
    spec::{NoFiles, SpecDocument, read},
};

use super::*;

const SPEC: &str = r#"{"openapi":"3.0.0","info":{"title":"t"},
      "servers":[{"url":"https://api.example.com/v1"},{"url":"http://localhost:8080/v1"}],
      "paths":{
        "/users/{id}":{"get":{},"delete":{"deprecated":true}},
        "/users/me":{"get":{"operationId":"me"}},
        "/users/{id}/photo.{format}":{"get":{}},
        "/jobs/{id}:cancel":{"post":{}},
        "/{kind}/{id}/tags":{"get":{"operationId":"tags"}}}}"#;

fn index() -> SpecIndex {
    SpecIndex::from_documents([&read(SPEC.as_bytes(), &mut NoFiles).expect("a document")])
}

fn path<'a>(
    index: &'a SpecIndex,
    host: &str,
    method: &str,
    path: &str,
) -> Option<(&'a str, MatchedBy)> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    index.lookup(host, method, &segments).map(|m| (m.operation.path.as_str(), m.by))
}

#[test]
fn fixed_text_wins_and_dead_ends_are_left() {
    let index = index();
    let host = "API.example.com";
    let by = MatchedBy::Host;
    assert_eq!(path(&index, host, "GET", "/v1/users/7"), Some(("/v1/users/{id}", by)));
    assert_eq!(path(&index, host, "HEAD", "/v1/users/me"), Some(("/v1/users/me", by)));
    assert_eq!(path(&index, host, "GET", "/v1/users/me/tags"), Some(("/v1/{kind}/{id}/tags", by)));
    assert_eq!(
        path(&index, host, "POST", "/v1/jobs/a:b:cancel"),
        Some(("/v1/jobs/{id}:cancel", by))
    );
    assert_eq!(path(&index, host, "POST", "/v1/jobs/:cancel"), None);
    assert_eq!(
        path(&index, host, "GET", "/v1/users/7/photo.tar.gz"),
        Some(("/v1/users/{id}/photo.{format}", by))
    );
    assert_eq!(path(&index, host, "GET", "/users/7"), None);
}

#[test]
fn other_hosts_match_by_path() {
    let index = index();
    assert_eq!(
        path(&index, "staging.internal", "GET", "/v1/users/7"),
        Some(("/v1/users/{id}", MatchedBy::Path))
    );
    assert!(index.covers_host("api.example.com") && !index.covers_host("localhost"));
    assert_eq!(index.operations().len(), 6);
}

fn template(host: &str, method: &str, path: &str) -> Template {
    let segments = path
        .split('/')
        .filter(|s| !s.is_empty())
        .map(|s| match s.strip_prefix('{') {
            Some(name) => Segment::Parameter {
                name: name.trim_end_matches('}').to_owned(),
                prefix: String::new(),
                suffix: String::new(),
            },
            None => Segment::Literal(s.to_owned()),
        })
        .collect();
    Template { host: host.into(), method: method.into(), segments, ..Template::default() }
}

#[test]
fn states_follow_from_documents() {
    let index = index();
    let state = |host, method, path| index.state(&template(host, method, path));
    assert_eq!(state("api.example.com", "GET", "/v1/users/{x}"), InventoryState::Documented);
    assert_eq!(state("api.example.com", "DELETE", "/v1/users/{x}"), InventoryState::Zombie);
    assert_eq!(state("api.example.com", "PUT", "/v1/users/{x}"), InventoryState::Shadow);
    assert_eq!(state("other.example", "PUT", "/v1/users/{x}"), InventoryState::Shadow);
    assert_eq!(state("other.example", "GET", "/assets"), InventoryState::Unspecified);
    let seen: BTreeSet<usize> = index
        .lookup_template(&template("x", "GET", "/v1/users/{a}"))
        .map(|m| m.index)
        .into_iter()
        .collect();
    assert_eq!(index.unseen(&seen).len(), 5);
}

#[test]
fn methods_of_grpc_services_are_documented_and_say_nothing_about_others() {
    let proto = b"syntax = \"proto3\";\npackage shop;\nmessage M {}\n\
        service Orders { rpc Get(M) returns (M) { option deprecated = true; } rpc Put(M) returns (M); }";
    let index = SpecIndex::from_documents([&read(proto, &mut NoFiles).expect("a document")]);
    let state = |method, path| index.state(&template("grpc.example", method, path));
    assert_eq!(state("POST", "/shop.Orders/Put"), InventoryState::Documented);
    assert_eq!(state("POST", "/shop.Orders/Get"), InventoryState::Zombie);
    assert_eq!(state("POST", "/shop.Orders/Purge"), InventoryState::Shadow);
    assert_eq!(state("POST", "/shop.Stock/Get"), InventoryState::Unspecified);
    assert_eq!(state("GET", "/health"), InventoryState::Unspecified);
}

#[test]
fn fields_of_graphql_and_actions_of_soap_are_matched_with_no_path() {
    for text in [
        "type Query { user: Int }",
        "{\"asyncapi\":\"2.6.0\",\"channels\":{\"user\":{\"publish\":{}}}}",
    ] {
        let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
        assert_eq!(document.operations.len(), 1);
        let index = SpecIndex::from_documents([&document]);
        assert!(index.lookup("a.example", "QUERY", &["user"]).is_none());
        let state = index.state(&template("a.example", "QUERY", "/user"));
        assert_eq!(state, InventoryState::Unspecified);
    }
}

#[test]
fn ambiguous_templates_end_quickly() {
    let mut trie = Trie::default();
    for n in 0..64u32 {
        let text: Vec<String> = (0..6)
            .map(|bit| if n >> bit & 1 == 1 { "{a}".into() } else { "{a}{b}".into() })
            .collect();
        assert!(trie.insert(Trie::ANY, &patterns(&text.join("/")), "GET", 0));
    }
    trie.finish();
    let sought = vec![Sought::Text("xy"); 6];
    assert_eq!(trie.find(Trie::ANY, "GET", &sought), Some(0));
    assert_eq!(trie.find(Trie::ANY, "PUT", &sought), None);
    let begin = std::time::Instant::now();
    // Each segment has two ways to go on, so that the paths are as many as 2 to the 14.
    let mut trie = Trie::default();
    for n in 0..1 << 14 {
        let text: Vec<&str> =
            (0..14).map(|bit| if n >> bit & 1 == 1 { "{a}" } else { "{a}{b}" }).collect();
        trie.insert(Trie::ANY, &patterns(&text.join("/")), "GET", 0);
    }
    trie.finish();
    assert_eq!(trie.find(Trie::ANY, "GET", &[Sought::Text("xy"); 40]), None);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

/// One document of operations at these paths.
fn at_paths(paths: impl IntoIterator<Item = String>, server: &str) -> SpecDocument {
    let paths: Vec<String> =
        paths.into_iter().map(|path| format!(r#""{path}":{{"get":{{}}}}"#)).collect();
    let text = format!(
        r#"{{"openapi":"3.0.0","info":{{}},"servers":[{{"url":"{server}"}}],"paths":{{{}}}}}"#,
        paths.join(",")
    );
    read(text.as_bytes(), &mut NoFiles).expect("a document")
}

#[test]
fn a_path_of_too_many_segments_is_left_out_and_counted() {
    let long = |n: usize| "/a".repeat(n);
    let document = at_paths([long(255), long(256), "/b".into()], "https://a.example/v1");
    let index = SpecIndex::from_documents([&document]);
    assert_eq!((index.operations().len(), index.left_out(0)), (2, 1));
    let segments = [&["v1"][..], &["a"; 255]].concat();
    assert!(index.lookup("a.example", "GET", &segments).is_some());
    let segments = [&["v1"][..], &["a"; 256]].concat();
    assert!(index.lookup("a.example", "GET", &segments).is_none());
}

#[test]
fn what_is_beyond_the_room_of_an_index_is_left_out_and_counted() {
    let document = at_paths((0..100).map(|n| format!("/n{n}/x")), "https://a.example/v1");
    for room in [Room { bytes: 5_000, segments: 10_000 }, Room { bytes: 1_000_000, segments: 50 }] {
        let index = SpecIndex::within(room, [&document]);
        let kept = index.operations().len() as u64;
        assert!((5..60).contains(&kept), "{kept}");
        assert_eq!(kept + index.left_out(0), 100);
        let state = |path| index.state(&template("a.example", "GET", path));
        assert_eq!(state("/v1/n0/x"), InventoryState::Documented);
        assert_eq!(state("/v1/n99/x"), InventoryState::Unspecified);
        assert!(index.lookup("a.example", "GET", &["v1", "n0", "x"]).is_some());
    }
    assert_eq!(SpecIndex::from_documents([&document]).left_out(0), 0);
}

#[test]
fn many_templates_of_one_segment_cost_no_more_than_their_number() {
    let begin = std::time::Instant::now();
    let document = at_paths((0..15_000).map(|n| format!("/a{n}x{{v}}")), "https://a.example");
    let index = SpecIndex::from_documents([&document]);
    for n in [0, 7_500, 14_999] {
        let segment = format!("a{n}xy");
        let found = index.lookup("a.example", "GET", &[&segment]).expect("documented");
        assert_eq!(found.operation.path, format!("/a{n}x{{v}}"));
    }
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn an_older_version_of_what_is_documented_is_a_zombie() {
    let openapi = b"{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"https://api.example.com/v3\"}],\"paths\":{\
        \"/users/{id}\":{\"get\":{}},\"/orders\":{\"get\":{}}}}";
    let index = SpecIndex::from_documents([&read(openapi, &mut NoFiles).expect("a document")]);
    let state = |host, path| index.state(&template(host, "GET", path));
    assert_eq!(state("api.example.com", "/v2/users/{x}"), InventoryState::Zombie);
    assert_eq!(state("elsewhere.example", "/v1/orders"), InventoryState::Zombie);
    assert_eq!(state("api.example.com", "/v4/orders"), InventoryState::Shadow, "newer");
    assert_eq!(state("api.example.com", "/v2/secrets"), InventoryState::Shadow, "in no version");
    assert_eq!(state("api.example.com", "/v3/secrets"), InventoryState::Shadow);
    assert_eq!(state("api.example.com", "/vip/orders"), InventoryState::Shadow);
}

#[test]
fn a_hole_in_a_documented_version_is_a_shadow() {
    let openapi =
        b"{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"https://api.example.com\"}],\"paths\":{\
        \"/v1/users\":{\"get\":{}},\"/v2/users\":{\"get\":{}},\"/v2/orders\":{\"get\":{}}}}";
    let index = SpecIndex::from_documents([&read(openapi, &mut NoFiles).expect("a document")]);
    let state = index.state(&template("api.example.com", "GET", "/v1/orders"));
    assert_eq!(state, InventoryState::Shadow);
}

/// An index of one operation, `GET /users/{id}`, at these servers.
fn at_servers(servers: &str) -> SpecIndex {
    let text = format!(
        r#"{{"openapi":"3.1.0","info":{{}},"servers":{servers},"paths":{{"/users/{{id}}":{{"get":{{}}}}}}}}"#
    );
    SpecIndex::from_documents([&read(text.as_bytes(), &mut NoFiles).expect("a document")])
}

#[test]
fn a_host_with_a_variable_is_looked_up_by_name_and_by_pattern() {
    let index = at_servers(
        r#"[{"url":"https://{tenant}.api.example.com/v1","variables":{"tenant":{"default":"demo"}}},
            {"url":"https://admin.api.example.com/admin"}]"#,
    );
    let documented = Some(("/v1/users/{id}", MatchedBy::Host));
    for host in ["acme.api.example.com", "Demo.api.example.com", "{tenant}.api.example.com"] {
        assert_eq!(path(&index, host, "GET", "/v1/users/7"), documented, "{host}");
    }
    assert_eq!(path(&index, "admin.api.example.com", "GET", "/v1/users/7"), None);
    assert_eq!(path(&index, "{customer}.api.example.com", "GET", "/v1/users/7"), documented);
    let state = |host, path| index.state(&template(host, "GET", path));
    assert_eq!(state("{tenant}.api.example.com", "/v1/users/{x}"), InventoryState::Documented);
    assert_eq!(state("{tenant}.api.example.com", "/v1/secrets"), InventoryState::Shadow);
    assert_eq!(state("a.b.api.example.com", "/assets"), InventoryState::Unspecified);
    let pattern = HostTold::Pattern("{tenant}.api.example.com");
    assert_eq!(index.told("acme.api.example.com"), pattern);
    assert_eq!(index.told("{other}.api.example.com"), pattern, "renamed");
    assert_eq!(index.told("admin.api.example.com"), HostTold::Apart);
    assert_eq!(index.told("api.example.com"), HostTold::Nothing);
}

#[test]
fn values_of_a_variable_limit_its_hosts() {
    let index = at_servers(
        r#"[{"url":"https://{stage}.example.com","variables":
            {"stage":{"default":"api","enum":["api","api.dev"]}}}]"#,
    );
    let pattern = HostTold::Pattern("{stage}.example.com");
    assert_eq!(index.told("api.example.com"), pattern);
    assert_eq!(index.told("api.dev.example.com"), pattern);
    assert_eq!(index.told("www.example.com"), HostTold::Nothing);
    assert!(index.covers_host("api.dev.example.com") && !index.covers_host("www.example.com"));
}

#[test]
fn hosts_that_are_nothing_but_variables_stay_as_they_are() {
    for url in ["https://{host}/v1", "https://{name}.com/v1", "https://{tenant}.app.localhost/v1"] {
        let index = at_servers(&format!(
            r#"[{{"url":"{url}","variables":{{"host":{{"default":"api.example.com"}}}}}}]"#
        ));
        assert_eq!(index.told("acme.com"), HostTold::Nothing, "{url}");
        assert_eq!(
            path(&index, "other.example", "GET", "/v1/users/7"),
            Some(("/v1/users/{id}", MatchedBy::Path)),
            "{url}"
        );
    }
    let index = at_servers(
        r#"[{"url":"https://{host}/v1","variables":{"host":{"default":"api.example.com"}}}]"#,
    );
    assert!(index.covers_host("api.example.com"), "the default");
}

#[test]
fn hosts_of_channels_are_told_as_those_of_operations_are() {
    let channels = r##"{"asyncapi":"3.0.0","info":{},"servers":{
        "rooms":{"host":"{tenant}.chat.example.com","protocol":"wss","variables":{"tenant":{"default":"demo"}}},
        "news":{"host":"news.api.example.com","protocol":"wss"},
        "staff":{"host":"staff.chat.example.com:443","protocol":"wss"},
        "broker":{"host":"kafka.chat.example.com:9092","protocol":"kafka"}},
        "channels":{"room":{"address":"/rooms/{room}","messages":{"said":{}}}},
        "operations":{"hear":{"action":"send","channel":{"$ref":"#/channels/room"}}}}"##;
    let operations = r#"{"openapi":"3.1.0","info":{},
        "servers":[{"url":"https://{tenant}.api.example.com"},{"url":"https://www.chat.example.com"}],
        "paths":{"/users":{"get":{}}}}"#;
    let read = |text: &str| read(text.as_bytes(), &mut NoFiles).expect("a document");
    let index = SpecIndex::from_documents([&read(channels), &read(operations)]);
    for (host, told) in [
        ("acme.chat.example.com", HostTold::Pattern("{tenant}.chat.example.com")),
        ("staff.chat.example.com", HostTold::Apart),
        ("www.chat.example.com", HostTold::Apart),
        ("acme.api.example.com", HostTold::Pattern("{tenant}.api.example.com")),
        ("news.api.example.com", HostTold::Apart),
        ("chat.example.com", HostTold::Nothing),
    ] {
        assert_eq!(index.told(host), told, "{host}");
    }
    let socket = |path| Template {
        call: Some(Call { protocol: Protocol::Websocket, operation: String::new() }),
        ..template("{customer}.chat.example.com", "GET", path)
    };
    assert_eq!(index.state(&socket("/rooms/{x}")), InventoryState::Documented);
    assert_eq!(index.state(&socket("/admin")), InventoryState::Shadow);
}

#[test]
fn a_specification_of_one_host_documents_a_pattern_that_takes_it() {
    let index = at_servers(r#"[{"url":"https://acme.api.example.com"}]"#);
    let state = index.state(&template("{tenant}.api.example.com", "GET", "/users/{x}"));
    assert_eq!(state, InventoryState::Documented);
}
