//! Own keys with a rate, bound to addresses, and for programs only.

use bartizan_gateway::policy::Surroundings;
use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeyRate, ApiKeySecret, ApiKeyState, ApiKeyTerms, ApiKeys, HashKey, Scope,
    Timestamp,
};

use super::{HASH_KEY, Limited, code};
use crate::harness::Upstream;

/// Two policies see the same key.
const TWICE: &str = "[{name: a, mode: monitor, api_key: {forward: true}}, {name: b, api_key: {}}]";

/// A gateway that knows keys under these conditions, and a field with each.
async fn with_keys(policies: &str, terms: &[ApiKeyTerms]) -> (Limited, Vec<String>) {
    let around = Surroundings::embedded(HashKey::new(HASH_KEY));
    let (mut keys, mut fields) = (Vec::new(), Vec::new());
    for (fill, terms) in (1..).zip(terms) {
        let secret = ApiKeySecret::from_random([fill; 32]);
        let digest = secret.digest(&HashKey::new(HASH_KEY));
        fields.push(format!("x-api-key: {}", secret.reveal().as_str()));
        keys.push(ApiKey {
            id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
            name: "n".to_owned(),
            owner: "acme".to_owned(),
            scopes: Vec::new(),
            state: ApiKeyState::Active,
            created: Timestamp::default(),
            expires: None,
            last_used: None,
            terms: terms.clone(),
            digest,
        });
    }
    around.keys.replace(ApiKeys { version: 1, keys });
    (Limited::within(policies, Upstream::ok().await, around).await, fields)
}

#[tokio::test]
async fn a_rate_of_a_key_is_its_own() {
    let rate = Some(ApiKeyRate { requests: 3, period_seconds: 3_600 });
    let limited = ApiKeyTerms { rate, ..ApiKeyTerms::default() };
    for policies in ["[{name: keys, api_key: {}}]", TWICE] {
        let terms = [limited.clone(), limited.clone(), ApiKeyTerms::default()];
        let (gate, fields) = with_keys(policies, &terms).await;
        let ask = async |key: usize| {
            let head = format!("GET /a HTTP/1.1\r\n{}", fields[key]);
            gate.ask(&head).await
        };
        for left in ["2", "1", "0"] {
            let answer = ask(0).await;
            assert_eq!(answer.status, 200, "{policies}");
            assert_eq!(answer.field("x-ratelimit-remaining"), Some(left), "{policies}");
        }
        let refused = ask(0).await;
        assert_eq!((refused.status, code(&refused)), (429, "rate-limited".to_owned()));
        assert!(refused.field("retry-after").is_some());
        assert_eq!(ask(1).await.status, 200, "another key");
        for _ in 0..5 {
            assert_eq!(ask(2).await.status, 200, "one without a rate");
        }
    }
}

#[tokio::test]
async fn keys_are_of_no_use_elsewhere() {
    let terms = [
        ApiKeyTerms { addresses: vec!["127.0.0.7".to_owned()], ..ApiKeyTerms::default() },
        ApiKeyTerms { server_only: true, ..ApiKeyTerms::default() },
        ApiKeyTerms {
            certificates: vec!["spiffe://example.org/a".to_owned()],
            ..ApiKeyTerms::default()
        },
    ];
    let (gate, fields) = with_keys("[{name: keys, api_key: {}}]", &terms).await;
    let request = |key: usize, more: &str| {
        format!("GET /a HTTP/1.1\r\nhost: api.example\r\n{more}{}\r\n\r\n", fields[key])
    };
    for (from, key, more, expected) in [
        (7, 0, "", 200),
        (8, 0, "", 403),
        // What a client says about where it comes from is not believed.
        (8, 0, "x-forwarded-for: 127.0.0.7\r\n", 403),
        (8, 1, "", 200),
        (8, 1, "origin: https://shop.example\r\n", 403),
        (8, 1, "sec-fetch-site: same-origin\r\n", 403),
        (8, 2, "", 403),
        (8, 2, "x-forwarded-client-cert: URI=spiffe://example.org/a\r\n", 403),
    ] {
        let answer = gate.ask_from(from, &request(key, more)).await;
        assert_eq!(answer.status, expected, "127.0.0.{from} {key} {more}");
        if expected == 403 {
            assert_eq!(code(&answer), "key-not-here");
        }
    }
}
