//! Every operation, asked by everybody. An operation that is not in [`sample`] fails here.

mod apart;
mod changes;
mod clients;
mod events;
mod exceptions;
mod journeys;
mod lists;
mod neighbours;
mod servicemap;
mod things;
mod webhooks;
mod world;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use bartizan_model::{ApiKeyState, FindingId, FindingState, Role, Scope, user::TOKEN_PREFIX};
use bartizan_store::{NewPassword, UserChange};
use serde_json::{Value, json};

use self::world::{PASSWORD, World, elsewhere, here, secret};
use super::{
    BASE,
    access::{COOKIE, CSRF_HEADER},
    operation::{Needs, Operation, is_change},
    operations, password,
};

const PEER: ([u8; 4], u16) = ([127, 0, 0, 1], 4_000);

/// What an operation is asked with so that it succeeds for who may do it: the id in its path, and a
/// body. The id is one of this organisation.
fn sample(operation: &Operation) -> (&'static str, Option<Value>) {
    match operation.id {
        "logIn" => ("", Some(json!({"user": "viewer", "password": PASSWORD}))),
        "getSession"
        | "logOut"
        | "listUsers"
        | "listTokens"
        | "listEndpoints"
        | "listServices"
        | "listFindings"
        | "listIncidents"
        | "listDetections"
        | "listActors"
        | "listKeys"
        | "listAuditRecords"
        | "getAuditHead"
        | "getOpenApi"
        | "getOverview"
        | "getHealth"
        | "listPolicies"
        | "getConfiguration"
        | "watchEvents"
        | "listChecks"
        | "listDetectors"
        | "listDataClasses"
        | "listExchanges"
        | "listAssignees"
        | "getEndpointFacets"
        | "getEndpointCalls"
        | "listRuns"
        | "getRetention"
        | "getFindingFacets"
        | "getIncidentFacets"
        | "getActorFacets"
        | "getLearnedDocument"
        | "listChanges"
        | "getChangeFacets"
        | "getChangeBaseline"
        | "listClients"
        | "getClientFacets"
        | "listFailedDeliveries"
        | "listPolicyExceptions"
        | "listRelations"
        | "listJourneys"
        | "getServiceGraph"
        | "listEgress" => ("", None),
        "getJourney" => ("jny_default", None),
        "changePassword" => {
            ("", Some(json!({"current": PASSWORD, "new": "another sentence of mine"})))
        }
        "addUser" => ("", Some(json!({"name": "new", "role": "viewer", "password": PASSWORD}))),
        "changeUser" => ("owner", Some(json!({"role": "analyst"}))),
        "addToken" => ("", Some(json!({"name": "ci", "role": "viewer", "days": 1}))),
        "removeToken" => ("tok_default", None),
        "getEndpoint" | "getEndpointCallers" | "getEndpointHistory" | "getEndpointParts" => {
            ("ep_default", None)
        }
        "splitEndpoint" => ("ep_default", Some(json!({"reason": "different things"}))),
        "saveService" => ("svc_default", Some(json!({"name": "renamed"}))),
        "getFinding" | "listFindingHistory" | "listFindingComments" => ("fnd_default", None),
        "commentOnFinding" => ("fnd_default", Some(json!({"text": "I look into it"}))),
        "assignFindings" => ("", Some(json!({"ids": ["fnd_default"], "assignee": "owner"}))),
        "setFindingStates" => ("", Some(json!({"ids": ["fnd_default"], "to": "confirmed"}))),
        "getIncident" | "listIncidentDetections" | "getIncidentJourney" => ("inc_default", None),
        "getDetection" | "listDetectionExchanges" => ("det_default", None),
        "getActor" => ("act_default", None),
        "getClient" => ("cli_default", None),
        "approveRelation" => ("rel_default", Some(json!({"mode": "monitor"}))),
        "rejectRelation" => ("rel_default", None),
        "setPolicyMode" => ("default-rate", Some(json!({"mode": "enforce"}))),
        "getPolicyClients" => ("default-rate", None),
        "addPolicyException" => ("default-rate", Some(exceptions::body())),
        "removePolicyException" => ("pex_default", None),
        "unlockAccount" => ("", Some(json!({"account": "ada", "reason": "she called"}))),
        "getFailedDelivery" => (&webhooks::DELIVERY, None),
        "replayFailedDelivery" | "discardFailedDelivery" => {
            (&webhooks::DELIVERY, Some(json!({"reason": "it is up again"})))
        }
        "addKey" => ("", Some(json!({"name": "new", "owner": "acme"}))),
        "setKeyState" => ("key_default", Some(json!({"state": "disabled"}))),
        other => panic!("say what {other} is asked with"),
    }
}

/// What only the default organisation has.
const THEIRS: [&str; 13] = [
    "exc_default",
    "ep_default",
    "fnd_default",
    "det_default",
    "inc_default",
    "act_default",
    "cli_default",
    "key_default",
    "tok_default",
    "svc_default",
    "jny_default",
    "rel_default",
    "pex_default",
];

/// How somebody asks.
#[derive(Clone, Copy, PartialEq)]
enum With {
    Nothing,
    Session,
    SessionWithoutCsrf,
}

fn request(operation: &Operation, scope: &Scope, user: &str, with: With) -> Request<Body> {
    let (id, body) = sample(operation);
    let path = match operation.path.split_once('{') {
        None => operation.path.to_owned(),
        Some((before, rest)) => {
            format!("{before}{id}{}", rest.split_once('}').expect("closed").1)
        }
    };
    let mut builder = Request::builder()
        .method(operation.method.clone())
        .uri(format!("{BASE}{path}"))
        .extension(ConnectInfo(SocketAddr::from(PEER)));
    if with != With::Nothing {
        let secret = secret(scope, user);
        builder = builder.header(header::COOKIE, format!("{COOKIE}={}", secret.reveal().as_str()));
        if with == With::Session {
            builder = builder.header(CSRF_HEADER, secret.csrf_token().to_string());
        }
    }
    match body {
        None => builder.body(Body::empty()),
        Some(body) => builder
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    }
    .expect("a request")
}

fn needing_somebody() -> Vec<(Operation, Role)> {
    let all = operations::all().into_iter();
    all.filter_map(|operation| match operation.needs {
        Needs::Nobody => None,
        Needs::Role(role) => Some((operation, role)),
    })
    .collect()
}

#[tokio::test]
async fn nobody_gets_anything_but_the_log_in() {
    let world = World::new().await;
    for (operation, _) in needing_somebody() {
        let response = world.send(request(&operation, &here(), "", With::Nothing)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{}", operation.id);
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE), "{}", operation.id);
        // Nor with a secret that is none of ours.
        let response = world.send(request(&operation, &here(), "stranger", With::Session)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{}", operation.id);
    }
}

#[tokio::test]
async fn each_role_gets_what_it_may_and_nothing_else() {
    for (operation, least) in needing_somebody() {
        let world = World::new().await;
        for role in Role::ALL {
            if *role >= least && *role != Role::Admin && operation.id == "removeToken" {
                // Only their own, or that of anybody for who administers.
                let asked = request(&operation, &here(), role.as_str(), With::Session);
                assert_eq!(world.send(asked).await.status(), StatusCode::NOT_FOUND);
                continue;
            }
            let asked = request(&operation, &here(), role.as_str(), With::Session);
            // A stream has no end to wait for.
            let (status, body) = match operation.is_stream {
                true => (world.send(asked).await.status(), Value::Null),
                false => world.json(asked).await,
            };
            if *role < least {
                assert_eq!(status, StatusCode::FORBIDDEN, "{} as {role}", operation.id);
            } else if *role == least || *role == Role::Admin && operation.id == "removeToken" {
                assert_eq!(status, operation.status, "{} as {role}: {body}", operation.id);
            } else {
                // Once done it may not be done again.
                let refused = [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED];
                assert!(!refused.contains(&status), "{} as {role}: {body}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn no_page_of_another_site_can_change_anything() {
    let world = World::new().await;
    for (operation, _) in needing_somebody() {
        if !is_change(&operation.method) {
            continue;
        }
        let asked = request(&operation, &here(), "admin", With::SessionWithoutCsrf);
        assert_eq!(world.send(asked).await.status(), StatusCode::FORBIDDEN, "{}", operation.id);
        let mut asked = request(&operation, &here(), "admin", With::Session);
        let origin = "http://evil.example".parse().expect("value");
        asked.headers_mut().insert(header::ORIGIN, origin);
        assert_eq!(world.send(asked).await.status(), StatusCode::FORBIDDEN, "{}", operation.id);
    }
    // Not even the log-in: a victim must not work in the attacker's name.
    let log_in = operations::all().into_iter().find(|o| o.id == "logIn").expect("there");
    let mut asked = request(&log_in, &here(), "", With::Nothing);
    asked.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("value"));
    assert_eq!(world.send(asked).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn organisations_see_nothing_of_each_other() {
    for (operation, _) in needing_somebody() {
        let world = World::new().await;
        let asked = request(&operation, &elsewhere(), "admin", With::Session);
        if operation.id == "watchEvents" {
            assert_eq!(world.send(asked).await.status(), StatusCode::NOT_FOUND);
            continue;
        }
        let (status, body) = world.json(asked).await;
        let names_a_thing = operation.path.contains('{');
        let text = body.to_string();
        match operation.id {
            // What the server itself does is nobody else's business.
            "getHealth" | "listPolicies" | "getConfiguration" | "listExchanges" => {
                assert_eq!(status, StatusCode::NOT_FOUND)
            }
            "getOverview" => assert_eq!(body["server"], Value::Null),
            // Users have the same names everywhere, and a service can be made under any id.
            "changeUser" | "saveService" => assert_eq!(status, StatusCode::OK),
            "setFindingStates" | "assignFindings" => {
                assert_eq!(body["changed"], json!([]), "{body}")
            }
            _ if names_a_thing => assert_eq!(status, StatusCode::NOT_FOUND, "{}", operation.id),
            _ => assert!(!THEIRS.iter().any(|id| text.contains(id)), "{}: {text}", operation.id),
        }
        let (store, s) = (world.directory.store(), here());
        let finding = store.finding(&s, &FindingId::from_text("fnd_default")).await.expect("read");
        assert_eq!(finding.expect("there").state, FindingState::Open, "{}", operation.id);
        let fnd = FindingId::from_text("fnd_default");
        let assignees = store.assignees(&s, std::slice::from_ref(&fnd)).await.expect("read");
        let comments = store.finding_comments(&s, &fnd).await.expect("read");
        assert!(assignees.is_empty() && comments.is_empty(), "{}", operation.id);
        let services = store.services(&s).await.expect("read");
        assert_eq!(services[0].name, "orders of default", "{}", operation.id);
        let (owner, _) = store.user(&s, "owner").await.expect("read").expect("there");
        assert_eq!(owner.role, Role::Admin, "{}", operation.id);
        assert_eq!(store.users(&s).await.expect("read").len(), 5, "{}", operation.id);
        assert_eq!(store.tokens(&s).await.expect("read").len(), 1, "{}", operation.id);
        let keys = store.api_keys(&s).await.expect("read");
        assert_eq!((keys.len(), keys[0].state), (1, ApiKeyState::Active), "{}", operation.id);
    }
}

#[tokio::test]
async fn a_first_password_only_serves_to_choose_another_one() {
    let world = World::new().await;
    let must = NewPassword { hash: password::hash(PASSWORD).expect("hash"), must_change: true };
    let change = UserChange {
        name: "admin".to_owned(),
        password: Some(must),
        keep_session: Some(secret(&here(), "admin").digest()),
        who: "test".to_owned(),
        ..UserChange::default()
    };
    world.directory.store().change_user(&here(), &change).await.expect("changed");
    for (operation, _) in needing_somebody() {
        if operation.path.starts_with("/session") {
            continue;
        }
        let asked = request(&operation, &here(), "admin", With::Session);
        assert_eq!(world.send(asked).await.status(), StatusCode::FORBIDDEN, "{}", operation.id);
    }
    let change = operations::all().into_iter().find(|o| o.id == "changePassword").expect("there");
    let (status, body) = world.json(request(&change, &here(), "admin", With::Session)).await;
    assert_eq!((status, &body["must_change_password"]), (StatusCode::OK, &json!(false)), "{body}");
}

fn with_token(path: &str, method: Method, scope: &Scope) -> Request<Body> {
    let secret = secret(scope, "token");
    Request::builder()
        .method(method)
        .uri(format!("{BASE}{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN_PREFIX}{}", secret.reveal().as_str()))
        .body(Body::empty())
        .expect("a request")
}

#[tokio::test]
async fn a_token_does_no_more_than_it_was_made_for() {
    let world = World::new().await;
    let (status, body) = world.json(with_token("/session", Method::GET, &here())).await;
    assert_eq!((status, &body["user"]), (StatusCode::OK, &json!("owner")));
    assert_eq!((&body["role"], &body["csrf_token"]), (&json!("viewer"), &Value::Null));
    let users = world.send(with_token("/users", Method::GET, &here())).await;
    assert_eq!(users.status(), StatusCode::FORBIDDEN, "its user administers, it does not");
    let (_, body) = world.json(with_token("/findings", Method::GET, &elsewhere())).await;
    assert_eq!(body["items"][0]["id"], json!("fnd_elsewhere"));
    // It cannot be what makes another one.
    let mut asked = with_token("/tokens", Method::POST, &here());
    *asked.body_mut() = Body::from(json!({"name": "b", "role": "viewer", "days": 1}).to_string());
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("value"));
    assert_eq!(world.send(asked).await.status(), StatusCode::FORBIDDEN);
    // Shut out, its user takes it along.
    let change = UserChange {
        name: "owner".to_owned(),
        disabled: Some(true),
        who: "test".to_owned(),
        ..UserChange::default()
    };
    world.directory.store().change_user(&here(), &change).await.expect("changed");
    let gone = world.send(with_token("/session", Method::GET, &here())).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_in_gives_a_cookie_that_counts_until_logging_out() {
    let world = World::new().await;
    let find = |id: &str| operations::all().into_iter().find(|o| o.id == id).expect("there");
    let response = world.send(request(&find("logIn"), &here(), "", With::Nothing)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().expect("first").to_owned();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.expect("body");
    let session: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert!(!bytes.windows(64).any(|part| pair.as_bytes().ends_with(part)), "not for scripts");
    let csrf = session["csrf_token"].as_str().expect("text").to_owned();
    let ask = |method: Method, csrf: &str| {
        Request::builder()
            .method(method)
            .uri(format!("{BASE}/session"))
            .header(header::COOKIE, pair.clone())
            .header(CSRF_HEADER, csrf)
            .body(Body::empty())
            .expect("a request")
    };
    assert_eq!(world.send(ask(Method::GET, "")).await.status(), StatusCode::OK);
    assert_eq!(world.send(ask(Method::DELETE, "")).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(world.send(ask(Method::DELETE, &csrf)).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.send(ask(Method::GET, "")).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_slow_down() {
    let world = World::new().await;
    let ask = |user: &str, password: &str| {
        Request::builder()
            .method(Method::POST)
            .uri(format!("{BASE}/session"))
            .extension(ConnectInfo(SocketAddr::from(PEER)))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(json!({"user": user, "password": password}).to_string()))
            .expect("a request")
    };
    let (status, unknown) = world.json(ask("nobody", PASSWORD)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for _ in 0..4 {
        let (status, wrong) = world.json(ask("viewer", "wrong")).await;
        assert_eq!((status, &wrong), (StatusCode::UNAUTHORIZED, &unknown));
    }
    let response = world.send(ask("viewer", PASSWORD)).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    // Somebody else is not kept out.
    assert_eq!(world.send(ask("analyst", PASSWORD)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let world = World::new().await;
    let ask = |tag: &str| {
        let mut asked = with_token("/endpoints", Method::GET, &here());
        asked.headers_mut().insert(header::IF_NONE_MATCH, tag.parse().expect("value"));
        asked
    };
    let first = world.send(ask("\"other\"")).await;
    assert_eq!(first.status(), StatusCode::OK);
    let tag = first.headers()[header::ETAG].to_str().expect("text").to_owned();
    let again = world.send(ask(&format!("\"a\", W/{tag}"))).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()[header::ETAG].to_str().expect("text"), tag);
}
