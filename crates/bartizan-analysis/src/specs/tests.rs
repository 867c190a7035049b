use bartizan_protocols::spec::{NoFiles, read};

use super::*;
use crate::endpoints::Segment;

const SDL: &str = "type Query { user(id: ID!): String orders: [String] old: Int @deprecated }
    type Mutation { leave: Boolean }";

fn specs(text: &str) -> Specs {
    let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
    Specs::new(vec![("spec".to_owned(), document)])
}

/// An endpoint at `/graphql` of a host where this is called.
fn at(host: &str, protocol: Protocol, operation: &str) -> Template {
    Template {
        host: host.to_owned(),
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        call: Some(Call { protocol, operation: operation.to_owned() }),
        ..Template::default()
    }
}

#[test]
fn fields_of_graphql_are_compared_by_name() {
    let specs = specs(SDL);
    let seen = [
        "query user",
        "query old",
        "query hidden",
        "mutation leave+query user",
        "query __schema",
        "",
    ]
    .map(|operation| at("a.example.com", Protocol::Graphql, operation));
    let compared = specs.compare(seen.iter());
    let states: Vec<InventoryState> = seen.iter().map(|one| compared.state_of(one)).collect();
    use InventoryState::{Documented, Shadow, Unspecified, Zombie};
    assert_eq!(states[..4], [Documented, Zombie, Shadow, Documented]);
    assert_eq!(states[5], Unspecified, "what is called is not known");
    assert_eq!(compared.documented(&seen[2]), Some(None));
    let (orphans, count) = compared.never_granted(&Scope::default());
    assert_eq!(count, 1);
    assert_eq!((orphans[0].path.as_str(), orphans[0].protocol), ("orders", Protocol::Graphql));
    let summary = &compared.summaries()[0];
    assert_eq!((summary.operations, summary.seen), (4, 3));
    assert!(summary.not_compared.is_empty());
}

#[test]
fn an_api_that_the_schema_does_not_fit_is_not_called_undocumented() {
    let specs = specs(SDL);
    let seen = [
        at("a.example.com", Protocol::Graphql, "query user"),
        at("b.example.com", Protocol::Graphql, "query other"),
        at("a.example.com", Protocol::JsonRpc, "query other"),
    ];
    let compared = specs.compare(seen.iter());
    assert_eq!(compared.state_of(&seen[1]), InventoryState::Unspecified);
    assert_eq!(compared.state_of(&seen[2]), InventoryState::Unspecified);
}

#[test]
fn operations_of_soap_are_compared_by_their_name_and_by_the_element_that_is_sent() {
    let specs = specs(
        r#"<description xmlns="http://www.w3.org/ns/wsdl"><interface name="i">
        <operation name="opCheck"><input element="t:check"/></operation><operation name="opBook"/></interface>
        <binding name="b" interface="i" type="http://www.w3.org/ns/wsdl/soap"/></description>"#,
    );
    let seen = ["check", "opCheck", "opBook", "opGone"]
        .map(|operation| at("a.example.com", Protocol::Soap, operation));
    let compared = specs.compare(seen.iter());
    use InventoryState::{Documented, Shadow};
    let states: Vec<InventoryState> = seen.iter().map(|one| compared.state_of(one)).collect();
    assert_eq!(states, [Documented, Documented, Documented, Shadow]);
    assert_eq!(compared.never_granted(&Scope::default()).1, 0);
}

#[test]
fn rules_of_http_are_compared_by_path_and_other_services_of_grpc_left_alone() {
    let specs = specs(
        "package shop; message M { string name = 1; } service S { rpc Get(M) returns (M) { \
         option (google.api.http) = { get: \"/v1/{name=shops/*}:open\" }; } }",
    );
    let endpoint = |method: &str, path: &str, call: Option<Protocol>| {
        let segments = path.split('/').filter(|part| !part.is_empty());
        Template {
            host: "a.example.com".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            segments: segments.map(|part| Segment::Literal(part.into())).collect(),
            call: call.map(|protocol| Call { protocol, operation: String::new() }),
            ..Template::default()
        }
    };
    let seen = [
        endpoint("GET", "/v1/shops/7:open", None),
        endpoint("POST", "/shop.S/Get", Some(Protocol::Grpc)),
        endpoint("GET", "/v1/shops/7", None),
        endpoint("POST", "/grpc.health.v1.Health/Check", Some(Protocol::Grpc)),
    ];
    let compared = specs.compare(seen.iter());
    use InventoryState::{Documented, Shadow, Unspecified};
    let states: Vec<InventoryState> = seen.iter().map(|one| compared.state_of(one)).collect();
    assert_eq!(states, [Documented, Documented, Shadow, Unspecified]);
    assert_eq!(compared.summaries()[0].seen, 2);
}

#[test]
fn where_no_body_was_seen_nothing_is_said_to_be_missing() {
    let specs = specs(SDL);
    let mut seen = at("a.example.com", Protocol::Graphql, "");
    seen.call = None;
    let compared = specs.compare([&seen].into_iter());
    assert_eq!(compared.never_granted(&Scope::default()).1, 0);
    assert_eq!(compared.summaries()[0].not_compared.len(), 2);
}

#[test]
fn what_was_asked_for_and_never_granted_is_no_orphan() {
    let specs = specs(
        "{\"openapi\":\"3.1.0\",\"paths\":{\"/users/{id}\":{\"get\":{},\"delete\":{\"deprecated\":true}},\"/orders\":{\"get\":{}}}}",
    );
    let asked = |method: &str, path: &str| Template {
        host: "a.example.com".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        segments: path.split('/').skip(1).map(|s| Segment::Literal(s.to_owned())).collect(),
        ..Template::default()
    };
    let refused = |seconds, status| Profile {
        requests: 2,
        statuses: [(status, 2)].into(),
        first_seen: Some(Timestamp::from_seconds(seconds)),
        last_seen: Some(Timestamp::from_seconds(seconds + 1)),
        ..Profile::default()
    };
    let mut compared = specs.compare(std::iter::empty());
    compared.refuse(&asked("GET", "/users/7"), &refused(10, 403));
    compared.refuse(&asked("GET", "/users/8"), &refused(5, 404));
    compared.refuse(&asked("DELETE", "/users/8"), &refused(5, 410));
    compared.refuse(&asked("GET", "/wp-admin"), &refused(5, 404));
    let (endpoints, orphans) = compared.never_granted(&Scope::default());
    assert_eq!(orphans, 1);
    let state = |method: &str, path: &str| {
        let found = endpoints.iter().find(|one| one.method.0 == method && one.path == path);
        found.map(|one| (one.inventory_state, one.requests)).expect("listed")
    };
    assert_eq!(endpoints.len(), 3);
    assert_eq!(state("GET", "/users/{id}"), (InventoryState::Documented, 4));
    assert_eq!(state("DELETE", "/users/{id}"), (InventoryState::Deprecated, 2));
    assert_eq!(state("GET", "/orders"), (InventoryState::Orphan, 0));
    let users = endpoints
        .iter()
        .find(|one| one.path == "/users/{id}" && one.method.0 == "GET")
        .expect("listed");
    assert_eq!(users.statuses, [(403, 2), (404, 2)]);
    assert_eq!(users.first_seen, Some(Timestamp::from_seconds(5)));
    assert_eq!(users.last_seen, Some(Timestamp::from_seconds(11)));
    assert_eq!(compared.summaries()[0].seen, 2);
}
