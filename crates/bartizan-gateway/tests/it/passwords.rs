//! Users with passwords, in front of a real upstream.

use std::time::Duration;

use argon2::{Argon2, password_hash::PasswordHasher as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{enforcement::Guarded, harness::Client};

async fn guarded(more: &str) -> Guarded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    let hash = Argon2::default().hash_password(b"battery").unwrap();
    std::fs::write(&path, format!("# terminals\nann:{hash}:scan\n")).unwrap();
    let file = path.display();
    Guarded::new(&format!(
        "[{{name: users, mode: enforce, basic: {{file: '{file}', realm: scans}}}}, {more}]"
    ))
    .await
}

fn request(pair: &str) -> String {
    let encoded = STANDARD.encode(pair);
    format!("GET /a HTTP/1.1\r\nhost: a\r\nauthorization: Basic {encoded}\r\n\r\n")
}

#[tokio::test]
async fn who_has_a_password_is_known_by_name() {
    let asks = "{name: who, mode: enforce, authentication: {any_of: [basic], scopes: [scan]}},\
                {name: ann, mode: enforce, authorization: {allow: [{subjects: [ann]}]}}";
    let guarded = guarded(asks).await;
    let address = guarded.gateway.addresses()[0];
    assert_eq!(Client::ask(address, request("ann:battery")).await.status, 200);
    let seen = guarded.upstream.seen();
    assert_eq!(seen[0].field("authorization"), None, "it does not go on");
    for pair in ["ann:wrong", "eve:battery", "ann"] {
        let refused = Client::ask(address, request(pair)).await;
        assert_eq!(refused.status, 401, "{pair}");
        let expected = "Basic realm=\"scans\", charset=\"UTF-8\"";
        assert_eq!(refused.field("www-authenticate"), Some(expected));
    }
    let nobody = Client::ask(address, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(nobody.status, 401);
    let expected = "Basic realm=\"api\", charset=\"UTF-8\"";
    assert_eq!(nobody.field("www-authenticate"), Some(expected));
    assert_eq!(guarded.upstream.seen().len(), 1);
}

/// What begins as an own key is one for a policy that takes those only; else it is a password like all.
#[tokio::test]
async fn what_looks_like_an_own_key_is_not_let_past() {
    let guarded = guarded("{name: fields, headers: {}}").await;
    let address = guarded.gateway.addresses()[0];
    for pair in ["ann:btz_x", "btz_x:battery", "btz_x:"] {
        assert_eq!(Client::ask(address, request(pair)).await.status, 401, "{pair}");
    }
    let watched = "{name: keys, mode: monitor, api_key: {}}";
    let elsewhere = "{name: keys, mode: enforce, scope: {paths: [/other]}, api_key: {}}";
    let in_fields = "{name: keys, mode: enforce, api_key: {bearer: false}}";
    for keys in [watched, elsewhere, in_fields] {
        let guarded = self::guarded(keys).await;
        let address = guarded.gateway.addresses()[0];
        assert_eq!(Client::ask(address, request("ann:btz_x")).await.status, 401, "{keys}");
        assert!(guarded.upstream.seen().is_empty());
        assert_eq!(Client::ask(address, request("ann:battery")).await.status, 200, "{keys}");
    }
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_password_is_no_token() {
    let asks = "{name: who, mode: enforce, authentication: {any_of: [jwt]}}";
    let guarded = guarded(asks).await;
    let answer = Client::ask(guarded.gateway.addresses()[0], request("ann:battery")).await;
    assert_eq!(answer.status, 401);
}

/// Many that guess make hashes, a few at a time; who is known already need not wait for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guessing_is_bounded_and_keeps_nobody_out_who_is_known() {
    let guarded = guarded("{name: fields, headers: {}}").await;
    let address = guarded.gateway.addresses()[0];
    assert_eq!(Client::ask(address, request("ann:battery")).await.status, 200);
    let guesses = (0..200).map(|n| {
        tokio::spawn(async move { Client::ask(address, request(&format!("ann:{n}"))).await.status })
    });
    let guesses: Vec<_> = guesses.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let known =
        tokio::time::timeout(Duration::from_secs(2), Client::ask(address, request("ann:battery")));
    assert_eq!(known.await.expect("at once").status, 200);
    let (mut wrong, mut busy) = (0, 0);
    for guess in guesses {
        match guess.await.unwrap() {
            401 => wrong += 1,
            503 => busy += 1,
            other => panic!("{other}"),
        }
    }
    assert!(wrong > 0 && busy > 0 && wrong + busy == 200, "{wrong} {busy}");
}
