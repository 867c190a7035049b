//! Tokens in front of a real upstream: bound ones, opaque ones, and what becomes of them after a logout.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::{
    enforcement::Guarded,
    harness::{Client, Reply, Response, Upstream},
};

const SECRET: [u8; 32] = [b'k'; 32];

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn signed(head: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(head), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// A good token that says this too.
pub(crate) fn token(more: &Value) -> String {
    let mut claims = json!({
        "iss": "https://idp.example", "aud": "orders", "sub": "u1", "exp": now() + 600, "iat": now(),
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let head = json!({"alg": "HS256", "typ": "JWT"});
    signed(&head, &claims, &EncodingKey::from_secret(&SECRET), Algorithm::HS256)
}

/// A policy that takes them, and one that asks for them.
pub(crate) fn policies(folder: &Path, more: &str, rest: &str) -> String {
    let path = folder.join("secret");
    std::fs::write(&path, SECRET).unwrap();
    format!(
        "[{{name: idp, mode: enforce, jwt: {{issuer: 'https://idp.example', audiences: [orders],\
         algorithms: [HS256], secret: 'file:{}'{more}}}}}, {rest}]",
        path.display()
    )
}

pub(crate) async fn ask(guarded: &Guarded, head: &str) -> Response {
    let request = format!("{head}\r\nhost: api.example\r\ncontent-length: 0\r\n\r\n");
    Client::ask(guarded.gateway.addresses()[0], request).await
}

pub(crate) async fn with_token(guarded: &Guarded, line: &str, token: &str) -> u16 {
    ask(guarded, &format!("{line} HTTP/1.1\r\nauthorization: Bearer {token}")).await.status
}

#[tokio::test]
async fn a_logout_ends_its_token_and_its_session_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let logout = |mode: &str, session: bool| {
        format!(
            "{{name: out, mode: {mode}, scope: {{methods: [POST], paths: [/auth/logout]}},\
             logout: {{session: {session}}}}}"
        )
    };
    let of = |id: &str, session: &str| token(&json!({"jti": id, "sid": session}));
    let (own, same, other) = (of("1", "s1"), of("2", "s1"), of("3", "s2"));
    for (mode, session, expected) in [
        ("enforce", true, [401, 401, 200]),
        ("enforce", false, [401, 200, 200]),
        ("monitor", true, [200, 200, 200]),
    ] {
        let guarded = Guarded::new(&policies(folder.path(), "", &logout(mode, session))).await;
        for text in [&own, &same, &other] {
            assert_eq!(with_token(&guarded, "GET /a", text).await, 200);
        }
        // Not a logout: another method.
        assert_eq!(with_token(&guarded, "GET /auth/logout", &own).await, 200);
        assert_eq!(with_token(&guarded, "GET /a", &own).await, 200);
        assert_eq!(with_token(&guarded, "POST /auth/logout", &own).await, 200);
        let mut after = [0; 3];
        for (at, text) in [&own, &same, &other].into_iter().enumerate() {
            after[at] = with_token(&guarded, "GET /a", text).await;
        }
        assert_eq!(after, expected, "{mode} {session}");
        if mode == "enforce" {
            assert_eq!(guarded.decided(6).await[0].3, "token-denied");
        }
        let metric =
            format!("policy_decisions_total{{policy=\"out\",kind=\"logout\",mode=\"{mode}\"");
        assert!(guarded.metrics().contains(&metric), "{}", guarded.metrics());
    }
}

#[tokio::test]
async fn who_is_logged_out_with_a_bad_token_is_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "{name: out, mode: enforce, scope: {paths: [/auth/logout]}, logout: {}}";
    let guarded = Guarded::new(&policies(folder.path(), "", rest)).await;
    let good = token(&json!({"jti": "1", "sid": "s1"}));
    let (body, _) = good.rsplit_once('.').unwrap();
    // Somebody who knows what is in a token, and cannot sign it.
    let forged = format!("{body}.{}", URL_SAFE_NO_PAD.encode([0; 32]));
    assert_eq!(with_token(&guarded, "POST /auth/logout", &forged).await, 401);
    assert_eq!(with_token(&guarded, "GET /a", &good).await, 200);
}

/// Somebody who holds a key.
pub(crate) struct Holder(rcgen::KeyPair);

impl Holder {
    pub(crate) fn new() -> Self {
        Self(rcgen::KeyPair::generate().unwrap())
    }

    fn public(&self) -> Value {
        let raw = self.0.public_key_raw();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&raw[range]);
        json!({"crv": "P-256", "kty": "EC", "x": part(1..33), "y": part(33..65)})
    }

    fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.public().to_string().as_bytes()))
    }

    /// A proof for a request with a token; without one when the token is empty, as the token endpoint asks for.
    pub(crate) fn proof(&self, id: &str, method: &str, url: &str, token: &str) -> String {
        let head = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.public()});
        let mut claims = json!({"jti": id, "htm": method, "htu": url, "iat": now()});
        if !token.is_empty() {
            claims["ath"] = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())).into();
        }
        let key = EncodingKey::from_ec_der(&self.0.serialize_der());
        signed(&head, &claims, &key, Algorithm::ES256)
    }
}

#[tokio::test]
async fn stolen_bound_tokens_are_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "{name: who, mode: enforce, authentication: {any_of: [jwt]}}";
    let guarded = Guarded::new(&policies(folder.path(), "", rest)).await;
    let holder = Holder::new();
    let thief = Holder::new();
    let bound = token(&json!({"cnf": {"jkt": holder.thumbprint()}}));
    let url = "http://api.example/a";
    let proof = holder.proof("1", "GET", url, &bound);
    let dpop = |proof: &str| {
        format!("GET /a?b=c HTTP/1.1\r\nauthorization: DPoP {bound}\r\ndpop: {proof}")
    };
    assert_eq!(ask(&guarded, &dpop(&proof)).await.status, 200);
    for (at, (head, reason, challenge)) in [
        (dpop(&proof), "proof-replayed", "DPoP error=\"invalid_dpop_proof\""),
        (
            format!("GET /a HTTP/1.1\r\nauthorization: Bearer {bound}"),
            "proof-missing",
            "DPoP error=\"invalid_token\"",
        ),
        (
            format!("GET /a HTTP/1.1\r\nauthorization: DPoP {bound}"),
            "proof-missing",
            "DPoP error=\"invalid_token\"",
        ),
        (
            dpop(&thief.proof("2", "GET", url, &bound)),
            "proof-thumbprint",
            "DPoP error=\"invalid_dpop_proof\"",
        ),
        (
            dpop(&holder.proof("3", "POST", url, &bound)),
            "proof-method",
            "DPoP error=\"invalid_dpop_proof\"",
        ),
        (
            dpop(&holder.proof("4", "GET", "http://api.example/b", &bound)),
            "proof-url",
            "DPoP error=\"invalid_dpop_proof\"",
        ),
        (
            dpop(&holder.proof("5", "GET", url, "another token")),
            "proof-token",
            "DPoP error=\"invalid_dpop_proof\"",
        ),
        (
            format!("GET /a HTTP/1.1\r\nauthorization: DPoP {}", token(&json!({}))),
            "jwt-not-bound",
            "Bearer error=\"invalid_token\"",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = ask(&guarded, &head).await;
        assert_eq!(refused.status, 401, "{reason}");
        assert!(refused.field("www-authenticate").unwrap().starts_with(challenge), "{reason}");
        assert_eq!(guarded.decided(at + 1).await[0].3, reason);
    }
    let next = holder.proof("6", "GET", url, &bound);
    assert_eq!(ask(&guarded, &dpop(&next)).await.status, 200);
    // A certificate that nobody has shown.
    let certificate = json!({"cnf": {"x5t#S256": URL_SAFE_NO_PAD.encode([1; 32])}});
    assert_eq!(with_token(&guarded, "GET /a", &token(&certificate)).await, 401);
}

#[tokio::test]
async fn clients_learn_how_to_get_a_better_token() {
    let folder = tempfile::tempdir().unwrap();
    let url = "https://api.example/.well-known/oauth-protected-resource";
    let rest = format!(
        "{{name: how, mode: enforce, protected_resource: {{resource: 'https://api.example',\
         authorization_servers: ['https://idp.example']}}}},\
         {{name: who, mode: enforce, authentication: {{any_of: [jwt], resource_metadata: '{url}',\
         step_up: {{acr_values: [mfa], max_age_seconds: 300}}}}}}"
    );
    let guarded = Guarded::new(&policies(folder.path(), "", &rest)).await;
    let metadata = ask(&guarded, "GET /.well-known/oauth-protected-resource HTTP/1.1").await;
    assert_eq!((metadata.status, metadata.field("content-type")), (200, Some("application/json")));
    let document: Value = serde_json::from_slice(&metadata.body).unwrap();
    assert_eq!(document["authorization_servers"], json!(["https://idp.example"]));
    let anonymous = ask(&guarded, "GET /a HTTP/1.1").await;
    let challenge = anonymous.field("www-authenticate").unwrap();
    assert_eq!(challenge, format!("Bearer realm=\"api\", resource_metadata=\"{url}\""));
    let weak = token(&json!({"acr": "password", "auth_time": now()}));
    let refused = ask(&guarded, &format!("GET /a HTTP/1.1\r\nauthorization: Bearer {weak}")).await;
    let challenge = refused.field("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("acr_values=\"mfa\", max_age=\"300\""), "{challenge}");
    let old = token(&json!({"acr": "mfa", "auth_time": now() - 900}));
    assert_eq!(with_token(&guarded, "GET /a", &old).await, 401);
    let strong = token(&json!({"acr": "mfa", "auth_time": now()}));
    assert_eq!(with_token(&guarded, "GET /a", &strong).await, 200);
}

/// Only what no `jwt` policy is for is asked about, and what the server withdraws ends.
#[tokio::test]
async fn opaque_tokens_are_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let good = json!({"active": true, "sub": "u2", "aud": "orders", "scope": "read"}).to_string();
    let answer = Arc::new(Mutex::new(good));
    let says = Arc::clone(&answer);
    let server = Upstream::new(move |_| {
        let body = says.lock().unwrap().clone();
        let length = body.len();
        Reply::bytes(
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes(),
        )
    })
    .await;
    let rest = format!(
        "{{name: opaque, mode: enforce, introspection: {{url: 'http://{}/introspect',\
         issuer: 'https://as.example', client_id: gateway, client_secret: 'env:PATH',\
         audiences: [orders], cache_seconds: 0, negative_cache_seconds: 0}}}},\
         {{name: who, mode: enforce, authentication: {{any_of: [jwt], scopes: [read]}}}}",
        server.address
    );
    let guarded = Guarded::new(&policies(folder.path(), "", &rest)).await;
    assert_eq!(with_token(&guarded, "GET /a", "opaque-1").await, 200);
    assert_eq!(server.seen().len(), 1);
    assert!(server.seen()[0].head.starts_with("POST /introspect HTTP/1.1"));
    let own = token(&json!({"scope": "read"}));
    assert_eq!(with_token(&guarded, "GET /a", &own).await, 200);
    assert_eq!(with_token(&guarded, "GET /a", &token(&json!({"exp": 1}))).await, 401);
    assert_eq!(server.seen().len(), 1, "tokens of a known issuer are not asked about");
    *answer.lock().unwrap() = r#"{"active":false}"#.to_owned();
    assert_eq!(with_token(&guarded, "GET /a", "opaque-1").await, 401);
    assert_eq!(guarded.decided(3).await[0].3, "token-inactive");
    *answer.lock().unwrap() = "nonsense".to_owned();
    assert_eq!(with_token(&guarded, "GET /a", "opaque-1").await, 503);
    assert_eq!(ask(&guarded, "GET /a HTTP/1.1").await.status, 401, "and none is none");
}

#[tokio::test]
async fn what_is_good_once_is_taken_once() {
    let policies = "[{name: once, mode: enforce, scope: {methods: [POST], paths: [/auth/**]},\
         single_use: {members: [refresh_token], headers: [x-delivery]}}]";
    let guarded = Guarded::new(policies).await;
    let post = async |path: &str, field: &str, body: &str| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\n{field}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Client::ask(guarded.gateway.addresses()[0], request).await.status
    };
    let token = |value: &str| format!(r#"{{"refresh_token":"{value}"}}"#);
    for (path, field, body, expected) in [
        ("/auth/refresh", "", token("a"), 200),
        ("/auth/refresh", "", token("a"), 401),
        ("/auth/refresh", "", r#"{"refresh_token":"\u0061"}"#.to_owned(), 401),
        ("/auth/logout", "", token("b"), 200),
        ("/auth/refresh", "", token("b"), 401),
        ("/auth/refresh", "", token("c"), 200),
        ("/other", "", token("c"), 200),
        ("/auth/refresh", "", r#"{"refresh_token":"d","refresh_token":"a"}"#.to_owned(), 400),
        ("/auth/refresh", "", "{}".to_owned(), 200),
        ("/auth/refresh", "", "{}".to_owned(), 200),
        ("/auth/hook", "x-delivery: 7\r\n", "{}".to_owned(), 200),
        ("/auth/hook", "x-delivery: 7\r\n", "{}".to_owned(), 401),
    ] {
        assert_eq!(post(path, field, &body).await, expected, "{path} {field} {body}");
    }
    assert_eq!(guarded.decided(1).await[0].3, "used-before");
}

/// A token has to be good for all policies of its issuer, whichever of them has seen it before.
#[tokio::test]
async fn a_policy_does_not_take_the_word_of_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).unwrap();
    let policy = |name: &str, mode: &str, scope: &str, audience: &str| {
        format!(
            "{{name: {name}, mode: {mode}, scope: {{paths: [{scope}]}}, jwt: {{issuer: 'https://idp.example',\
             audiences: [{audience}], algorithms: [HS256], secret: 'file:{}'}}}}",
            path.display()
        )
    };
    let (strict, wide) = (
        policy("strict", "enforce", "/admin/**", "admin"),
        policy("wide", "enforce", "/**", "orders"),
    );
    for policies in [format!("[{strict},{wide}]"), format!("[{wide},{strict}]")] {
        let guarded = Guarded::new(&policies).await;
        let (orders, both) = (token(&json!({})), token(&json!({"aud": ["orders", "admin"]})));
        assert_eq!(with_token(&guarded, "GET /a", &orders).await, 200);
        assert_eq!(with_token(&guarded, "GET /admin/a", &orders).await, 401, "{policies}");
        assert_eq!(with_token(&guarded, "GET /admin/a", &both).await, 200);
        assert_eq!(with_token(&guarded, "GET /admin/a", &both).await, 200);
    }
    // One that only watches decides nothing for one that acts.
    let watching = policy("watching", "monitor", "/**", "orders");
    let acting = policy("acting", "enforce", "/**", "admin");
    let guarded = Guarded::new(&format!("[{watching},{acting}]")).await;
    assert_eq!(with_token(&guarded, "GET /a", &token(&json!({}))).await, 401);
}

#[tokio::test]
async fn a_monitored_policy_keeps_no_token_from_an_enforced_one() {
    let server = Upstream::new(|_| {
        Reply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"active\":false}")
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let rest = format!(
        "{{name: asked, mode: enforce, introspection: {{url: 'http://{}/introspect',\
         issuer: 'https://idp.example', client_id: gateway, client_secret: 'env:PATH',\
         audiences: [orders]}}}}",
        server.address
    );
    let all = policies(folder.path(), "", &rest);
    let watched = all.replacen("mode: enforce", "mode: monitor", 1);
    let good = token(&json!({}));
    let guarded = Guarded::new(&all).await;
    assert_eq!(with_token(&guarded, "GET /a", &good).await, 200);
    assert!(server.seen().is_empty(), "the one that acts has verified it");
    let guarded = Guarded::new(&watched).await;
    assert_eq!(with_token(&guarded, "GET /a", &good).await, 401);
    assert_eq!(server.seen().len(), 1);
}
