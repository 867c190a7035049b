//! Small changes beside the process that holds the data directory.

use bartizan_model::{ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, ApiKeyStore as _, Timestamp};
use bartizan_store::{
    ApiKeyChange, AuditEntry, DataDirectory, DataOptions, StoreError, StoredApiKeys,
};

use crate::samples::{at, scope};

fn audit(n: i64) -> AuditEntry {
    let (who, action) = ("holder".to_owned(), "x".to_owned());
    AuditEntry { time: at(n), who, action, subject: "y".to_owned(), details: n.into() }
}

#[tokio::test]
async fn keys_are_made_and_revoked_beside_a_running_process() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let none = DataDirectory::store_beside(&options).await.expect_err("nothing there");
    assert!(matches!(none, StoreError::NoStore { .. }));

    let holder = DataDirectory::open(&options, at(0)).await.expect("new");
    assert!(matches!(DataDirectory::open(&options, at(0)).await, Err(StoreError::Locked { .. })));
    let beside = DataDirectory::store_beside(&options).await.expect("beside");
    let hash_key = beside.organisation_key(&scope().organisation, at(0)).await.expect("key");
    assert_eq!(hash_key.expose(), holder.key().expose());

    let gateway = StoredApiKeys::new(holder.shared_store(), scope());
    let before = gateway.newer(None).await.expect("read").expect("first");
    assert!(before.keys.is_empty());
    let secret = ApiKeySecret::from_random([5; 32]);
    let digest = secret.digest(&hash_key);
    let new = ApiKey {
        id: ApiKeyId::derive(&scope(), &[&digest.to_string()]),
        name: "n".to_owned(),
        owner: "o".to_owned(),
        scopes: Vec::new(),
        state: ApiKeyState::Active,
        created: at(1),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest,
    };
    // Both write, turn by turn: the audit chain stays whole.
    for n in 0..3 {
        holder.store().append_audit(&scope(), audit(n)).await.expect("held");
        beside.append_audit(&scope(), audit(n)).await.expect("beside");
    }
    beside.add_api_key(&scope(), &new, "ann").await.expect("added");
    let added = gateway.newer(Some(before.version)).await.expect("read").expect("changed");
    assert_eq!((added.keys.len(), added.keys[0].refusal(at(2))), (1, None));
    assert!(gateway.newer(Some(added.version)).await.expect("read").is_none());

    gateway.used(vec![(new.id.clone(), at(9))]).await.expect("written");
    let change = ApiKeyChange {
        id: new.id.clone(),
        to: ApiKeyState::Revoked,
        who: "ann".to_owned(),
        reason: String::new(),
        now: at(10),
    };
    beside.set_api_key_state(&scope(), &change).await.expect("revoked");
    let revoked = gateway.newer(Some(added.version)).await.expect("read").expect("changed");
    assert_eq!(revoked.keys[0].refusal(Timestamp::default()), Some("revoked"));
    assert_eq!(revoked.keys[0].last_used, Some(at(9)));
    let report = holder.store().verify_audit(&scope(), None).await.expect("verified");
    assert_eq!((report.verified, report.problem), (8, None));
}
