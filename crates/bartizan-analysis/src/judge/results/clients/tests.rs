//! What clients were granted against what they used.

use std::sync::Arc;

use bartizan_model::{
    ClientDetail, ClientKind, ClientTold, Direction, Exchange, HashKey, Scope, ScopeUse,
};
use bartizan_protocols::spec::{NoFiles, read};

use crate::{
    checks::example::{SIGNATURE, get, jwt, send},
    judge::{State, judge, results},
    snapshot::Snapshot,
    specs::Specs,
};

const SPEC: &str = r##"{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},
"servers":[{"url":"https://api.example.com/v1"}],
"components":{"securitySchemes":{"o":{"type":"oauth2","flows":{}},"k":{"type":"apiKey","in":"header","name":"x"}}},
"paths":{
"/orders":{"get":{"security":[{"o":["orders:read"]}],"responses":{}},
 "post":{"security":[{"o":["orders:read","orders:write"]}],"responses":{}},
 "delete":{"security":[{"o":["orders:admin"]}],"responses":{}}},
"/export":{"get":{"security":[{"o":["export"]},{"o":["orders:write"]}],"responses":{}}},
"/open":{"get":{"security":[],"responses":{}}}}}"##;

fn call(method: &str, path: &str, claims: &str) -> Exchange {
    let token = format!("Bearer {}", jwt(r#"{"alg":"RS256"}"#, claims, SIGNATURE));
    send(method, &format!("https://api.example.com/v1{path}"))
        .header("authorization", &token)
        .json(200, r#"{"id":1}"#)
        .build()
}

fn clients(exchanges: &[Exchange], spec: Option<&str>) -> Vec<ClientDetail> {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
    if let Some(text) = spec {
        let document = read(text.as_bytes(), &mut NoFiles).expect("a specification");
        snapshot.specs = Some(Arc::new(Specs::new(vec![("shop".to_owned(), document)])));
    }
    let mut state = State::new(&Scope::default());
    for exchange in exchanges {
        judge(exchange, &snapshot, &mut state, exchange.time);
    }
    results(&mut state, &snapshot).clients
}

const CLAIMS: &str =
    r#"{"iss":"i","azp":"web","sub":"u","scope":"openid orders:read orders:write export"}"#;

#[test]
fn grants_are_compared_with_what_is_needed() {
    let all = clients(&[call("GET", "/orders", CLAIMS), call("GET", "/open", CLAIMS)], Some(SPEC));
    let [client] = all.as_slice() else { panic!("{all:#?}") };
    let usage: Vec<_> = client.scopes.iter().map(|one| (one.name.as_str(), one.usage)).collect();
    let expected = [
        ("export", ScopeUse::Unused),
        ("openid", ScopeUse::Unknown),
        ("orders:read", ScopeUse::Used),
        ("orders:write", ScopeUse::Unused),
    ];
    assert_eq!(usage, expected);
    let summary = &client.summary;
    assert_eq!((summary.scopes_granted, summary.scopes_used, summary.scopes_unused), (4, 1, 2));
    let allowed: Vec<_> =
        client.allowed.iter().map(|one| (one.method.as_str(), one.path.as_str())).collect();
    assert_eq!(allowed, [("GET", "/v1/export"), ("POST", "/v1/orders")]);
    assert_eq!((summary.operations_used, summary.operations_unused), (2, Some(2)));
    let orders = client.operations.iter().find(|one| one.name.ends_with("/v1/orders"));
    let orders = orders.expect("called");
    assert_eq!((orders.needed.as_slice(), orders.requests), (&["orders:read".to_owned()][..], 1));
    assert!(client.operations.iter().all(|one| one.lacking.is_empty()));
}

#[test]
fn what_was_granted_without_its_scope_is_told() {
    let all = clients(&[call("DELETE", "/orders", CLAIMS)], Some(SPEC));
    assert_eq!(all[0].operations[0].lacking, ["orders:admin"]);
    // A token without any scope says nothing about what was granted.
    let all = clients(&[call("DELETE", "/orders", r#"{"iss":"i","azp":"web"}"#)], Some(SPEC));
    assert!(all[0].operations[0].lacking.is_empty());
}

#[test]
fn without_a_specification_nothing_is_said_of_use() {
    let all = clients(&[call("GET", "/orders", CLAIMS)], None);
    assert!(all[0].scopes.iter().all(|one| one.usage == ScopeUse::Unknown));
    assert_eq!((all[0].summary.operations_unused, all[0].summary.operations_used), (None, 1));
}

#[test]
fn one_who_asked_for_a_token_is_who_uses_it() {
    let mut ask = send("POST", "https://id.example.com/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .json(200, "{}")
        .build();
    let body = "grant_type=client_credentials&client_id=billing&client_secret=x";
    ask.request.body = body.as_bytes().to_vec().into();
    let used = call("GET", "/orders", r#"{"iss":"i","client_id":"billing","sub":"billing"}"#);
    let apart = clients(&[ask.clone()], None);
    assert_eq!(apart[0].summary.told_by, ClientTold::TokenRequest);
    let all = clients(&[ask.clone(), used.clone()], None);
    let [client] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!((client.summary.told_by, client.summary.requests), (ClientTold::Token, 2));
    assert_eq!(client.summary.kind, ClientKind::Server);
    assert_eq!(client.absorbed, [apart[0].summary.id.clone()]);
    // Two issuers that know the name: it could be either.
    let other = call("GET", "/orders", r#"{"iss":"j","client_id":"billing","sub":"billing"}"#);
    assert_eq!(clients(&[ask, used, other], None).len(), 3);
}

#[test]
fn what_is_noise_is_no_operation() {
    let token = format!("Bearer {}", jwt(r#"{"alg":"RS256"}"#, CLAIMS, SIGNATURE));
    let refused = get("https://api.example.com/v1/secret").header("authorization", &token);
    let all = clients(&[call("GET", "/orders", CLAIMS), refused.json(403, "{}").build()], None);
    let summary = &all[0].summary;
    assert_eq!((summary.requests, summary.granted, summary.refused), (2, 1, 1));
    assert_eq!(all[0].operations.len(), 1);
}

#[test]
fn what_a_client_sent_and_was_answered_is_told_of_each_operation() {
    let signed = |exchange: crate::checks::example::Builder| {
        exchange.header(
            "authorization",
            &format!("Bearer {}", jwt(r#"{"alg":"RS256"}"#, CLAIMS, SIGNATURE)),
        )
    };
    let card = r#"{"card":"5555555555554444"}"#;
    let all = clients(
        &[
            signed(crate::checks::example::post("https://api.example.com/v1/pay", card))
                .json(201, r#"{"email":"jane.doe@example.com"}"#)
                .build(),
            signed(get("https://api.example.com/v1/me")).json(403, card).build(),
        ],
        None,
    );
    let [client] = all.as_slice() else { panic!("{all:#?}") };
    let told: Vec<_> = client
        .operations
        .iter()
        .flat_map(|one| {
            one.data.iter().map(|data| (one.name.as_str(), data.class.as_str(), data.direction))
        })
        .filter(|(_, class, _)| ["payment_card", "email"].contains(class))
        .collect();
    let pay = "POST api.example.com/v1/pay";
    assert_eq!(
        told,
        [(pay, "email", Direction::Response), (pay, "payment_card", Direction::Request)]
    );
}
