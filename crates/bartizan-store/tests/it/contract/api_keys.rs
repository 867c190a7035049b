//! Own API keys.

use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeyRate, ApiKeySecret, ApiKeyState, ApiKeyTerms, EnvironmentId, HashKey,
    Scope,
};
use bartizan_store::{ApiKeyChange, Store, StoreError};

use super::all;

use crate::samples::{at, scope};

fn key(fill: u8) -> ApiKey {
    let digest = ApiKeySecret::from_random([fill; 32]).digest(&HashKey::new([9; 32]));
    ApiKey {
        id: ApiKeyId::derive(&scope(), &[&digest.to_string()]),
        name: "partner \0 \"é\"".replace('\0', "-"),
        owner: "acme".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        state: ApiKeyState::Active,
        created: at(i64::from(fill)),
        expires: Some(at(1_000)),
        last_used: None,
        terms: ApiKeyTerms {
            addresses: vec!["192.0.2.0/24".to_owned()],
            certificates: vec!["spiffe://example.org/\"a\"".to_owned()],
            server_only: true,
            rate: Some(ApiKeyRate { requests: 5, period_seconds: 60 }),
        },
        digest,
    }
}

fn change(key: &ApiKey, to: ApiKeyState) -> ApiKeyChange {
    let (who, reason) = ("ann".to_owned(), "leaked".to_owned());
    ApiKeyChange { id: key.id.clone(), to, who, reason, now: at(500) }
}

pub(super) async fn api_keys_are_kept_changed_and_audited(store: &dyn Store) {
    let s = scope();
    let (first, second) = (key(1), key(2));
    for key in [&second, &first] {
        store.add_api_key(&s, key, "ann").await.expect("added");
    }
    let kept = store.api_keys(&s).await.expect("keys");
    assert_eq!(kept.iter().map(|k| &k.id).collect::<Vec<_>>(), [&first.id, &second.id]);
    let got = &kept[0];
    assert!(got.digest.is_same(&first.digest) && !got.digest.is_same(&second.digest));
    assert_eq!((&got.name, &got.owner, &got.scopes), (&first.name, &first.owner, &first.scopes));
    assert_eq!((got.state, got.created), (ApiKeyState::Active, at(1)));
    assert_eq!((got.expires, got.last_used), (Some(at(1_000)), None));
    assert_eq!(got.terms, first.terms);

    for to in [ApiKeyState::Disabled, ApiKeyState::Active, ApiKeyState::Revoked] {
        let changed = store.set_api_key_state(&s, &change(&first, to)).await.expect("allowed");
        assert_eq!(changed.state, to);
    }
    for to in ApiKeyState::ALL {
        let refused = store.set_api_key_state(&s, &change(&first, *to)).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{to} after revoking");
    }
    let unknown = store.set_api_key_state(&s, &change(&key(3), ApiKeyState::Revoked)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));

    let uses = [(first.id.clone(), at(50)), (first.id.clone(), at(40)), (key(3).id, at(1))];
    store.record_api_key_use(&s, &uses).await.expect("written");
    let kept = store.api_keys(&s).await.expect("keys");
    assert_eq!((kept[0].state, kept[0].last_used), (ApiKeyState::Revoked, Some(at(50))));
    assert_eq!((kept[1].state, kept[1].last_used), (ApiKeyState::Active, None));

    let audit = store.audit_records(&s, 0, &all()).await.expect("audit").items;
    let actions: Vec<_> = audit.iter().map(|r| r.action.as_str()).collect();
    assert_eq!(actions[..2], ["api_key.create"; 2]);
    assert_eq!(actions[2..], ["api_key.state"; 3]);
    assert!(audit[4].details.contains("revoked") && audit[4].details.contains("leaked"));
    let digest = first.digest.to_string();
    assert!(audit.iter().all(|r| r.who == "ann" && !r.details.contains(&digest)));
}

pub(super) async fn impossible_api_keys_are_refused(store: &dyn Store) {
    let s = scope();
    let good = key(1);
    store.add_api_key(&s, &good, "ann").await.expect("added");
    let mut same_digest = good.clone();
    same_digest.id = ApiKeyId::from_text("key_other");
    let too_many = (0..33).map(|n| n.to_string()).collect();
    for (what, bad, who) in [
        ("twice", good.clone(), "ann"),
        ("same digest", same_digest, "ann"),
        ("nobody", key(2), " "),
        ("no owner", ApiKey { owner: String::new(), ..key(2) }, "ann"),
        ("escape", ApiKey { name: "a\u{1b}[2J".to_owned(), ..key(2) }, "ann"),
        ("long", ApiKey { name: "a".repeat(129), ..key(2) }, "ann"),
        ("scope", ApiKey { scopes: vec!["a b".to_owned()], ..key(2) }, "ann"),
        ("scopes", ApiKey { scopes: too_many, ..key(2) }, "ann"),
        (
            "terms",
            ApiKey {
                terms: ApiKeyTerms { addresses: vec!["x".to_owned()], ..ApiKeyTerms::default() },
                ..key(2)
            },
            "ann",
        ),
        ("expired", ApiKey { expires: Some(at(2)), ..key(2) }, "ann"),
        ("disabled", ApiKey { state: ApiKeyState::Disabled, ..key(2) }, "ann"),
    ] {
        let refused = store.add_api_key(&s, &bad, who).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{what}");
    }
    assert_eq!(store.api_keys(&s).await.expect("keys").len(), 1);
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, 1, "refusals write nothing");
}

pub(super) async fn a_gateway_sees_changes_of_api_keys(store: &dyn Store) {
    let s = scope();
    let elsewhere = Scope { environment: EnvironmentId::from_text("staging"), ..scope() };
    let mut versions = vec![store.api_keys_version(&s).await.expect("version")];
    store.add_api_key(&s, &key(1), "ann").await.expect("added");
    versions.push(store.api_keys_version(&s).await.expect("version"));
    store.add_api_key(&s, &key(2), "ann").await.expect("added");
    versions.push(store.api_keys_version(&s).await.expect("version"));
    let revoke = change(&key(1), ApiKeyState::Revoked);
    store.set_api_key_state(&s, &revoke).await.expect("revoked");
    versions.push(store.api_keys_version(&s).await.expect("version"));
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");

    // Neither a use nor another environment is a change.
    store.record_api_key_use(&s, &[(key(2).id, at(7))]).await.expect("written");
    store.add_api_key(&elsewhere, &key(1), "ann").await.expect("added");
    assert_eq!(store.api_keys_version(&s).await.expect("version"), versions[3]);
    assert_eq!(store.api_keys(&elsewhere).await.expect("keys").len(), 1);
}
