//! Several processes write at a time: chains and sequences stay whole. Each store below has
//! connections of its own, as another process would.

use std::sync::Arc;

use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, EndpointId, FindingState, HashKey, Severity,
};
use bartizan_store::{
    AliasEventKind, ApiKeyChange, AuditEntry, Batch, DataDirectory, DataOptions, EndpointMerge,
    ExchangeQuery, LogOptions, PageRequest, SqlStore, StateChange, Store,
};

use super::{options, server};
use crate::samples::{at, endpoint, exchange, finding, scope};

const WRITERS: usize = 6;
const ROUNDS: i64 = 15;

pub(super) async fn audit(store: &dyn Store, who: &str, n: i64) {
    let (who, action) = (who.to_owned(), "test".to_owned());
    let entry = AuditEntry { time: at(n), who, action, subject: n.to_string(), details: n.into() };
    store.append_audit(&scope(), entry).await.expect("appended");
}

fn key(name: &str, hash_key: &HashKey) -> ApiKey {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(blake3::hash(name.as_bytes()).as_bytes());
    let digest = ApiKeySecret::from_random(bytes).digest(hash_key);
    ApiKey {
        id: ApiKeyId::derive(&scope(), &[&digest.to_string()]),
        name: name.to_owned(),
        owner: "ann".to_owned(),
        scopes: Vec::new(),
        state: ApiKeyState::Active,
        created: at(1),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest,
    }
}

/// One writer: of everything that has a sequence, something in each round.
async fn write(store: Arc<SqlStore>, number: usize) {
    let s = scope();
    let hash_key = store.organisation_key(&s.organisation, at(0)).await.expect("key");
    let shared = finding("shared", Severity::High, 1).id;
    for round in 0..ROUNDS {
        let name = format!("{number}/{round}");
        audit(&*store, &name, round).await;
        let to = if round % 2 == 0 { FindingState::Confirmed } else { FindingState::Fixed };
        let change = StateChange {
            finding: shared.clone(),
            to,
            who: name.clone(),
            reason: String::new(),
            expiry: None,
            now: at(round),
        };
        store.set_finding_state(&s, &change).await.expect("set");
        let new = key(&name, &hash_key);
        store.add_api_key(&s, &new, "ann").await.expect("added");
        let change = ApiKeyChange {
            id: new.id,
            to: ApiKeyState::Revoked,
            who: name.clone(),
            reason: String::new(),
            now: at(round),
        };
        store.set_api_key_state(&s, &change).await.expect("revoked");
        let alias = EndpointId::derive(&s, &["GET", &name]);
        let into = endpoint("/shared", 1).id;
        let merge = EndpointMerge { from: vec![alias], into, reason: "test".to_owned() };
        store.merge_endpoints(&s, &merge, &name, at(round)).await.expect("merged");
        // All write the same rows, in opposite orders.
        let mut endpoints: Vec<_> = (0..4).map(|n| endpoint(&format!("/e{n}"), round)).collect();
        if number.is_multiple_of(2) {
            endpoints.reverse();
        }
        let batch = Batch { now: at(round), endpoints, ..Batch::default() };
        store.save_batch(&s, &batch).await.expect("saved");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_writers_keep_every_sequence_whole() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = options(directory.path(), &server.database());
    let first = options.open_store().await.expect("opens");
    let s = scope();
    let findings = vec![finding("shared", Severity::High, 1)];
    let endpoints = vec![endpoint("/shared", 1)];
    let batch = Batch { now: at(1), findings, endpoints, ..Batch::default() };
    first.save_batch(&s, &batch).await.expect("saved");
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let store = Arc::new(options.open_store().await.expect("opens"));
        writers.push(tokio::spawn(write(store, number)));
    }
    for writer in writers {
        writer.await.expect("no writer failed");
    }

    let each = u64::try_from(ROUNDS).expect("few") * WRITERS as u64;
    let report = first.verify_audit(&s, None).await.expect("audit");
    // Own entries, states, keys made and revoked, merges.
    assert_eq!((report.verified, report.problem), (each * 5, None));
    let shared = finding("shared", Severity::High, 1).id;
    let history = first.finding_history(&s, &shared).await.expect("history");
    let sequences: Vec<u64> = history.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=each).collect::<Vec<_>>());
    for pair in history.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "a change was made from a state that was not there");
    }
    assert_eq!(first.api_keys_version(&s).await.expect("version"), each * 2);
    let page = PageRequest::first(1_000);
    let mut events = first.alias_events(&s, &page).await.expect("events").items;
    events.reverse();
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=each).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event.kind == AliasEventKind::Merge));
    assert_eq!(first.counts(&s).await.expect("counts").endpoints, 5);
}

/// Two gateways, each with a folder of its own and the same keys.
#[tokio::test]
async fn two_directories_share_a_store_and_keep_their_own_exchanges() {
    let Some(server) = server::shared() else { return };
    let directories = [(); 2].map(|()| tempfile::tempdir().expect("temporary directory"));
    let url = server.database();
    let keys = Some(directories[0].path().join("keys"));
    let options = directories.each_ref().map(|directory| DataOptions {
        key_directory: keys.clone(),
        log: LogOptions { segment_bytes: 1, max_bytes: None },
        ..options(directory.path(), &url)
    });
    let mut open = Vec::new();
    for options in &options {
        open.push(DataDirectory::open(options, at(0)).await.expect("opens"));
    }
    for n in 0..6 {
        let data = &open[usize::try_from(n % 2).expect("small")];
        data.save(Batch { now: at(1), ..Batch::default() }, vec![exchange(n)])
            .await
            .expect("saved");
    }
    // What one removes is its own.
    let removed = open[0].trim_exchanges(Some(at(1_000_000_000)), at(9)).await.expect("trimmed");
    let removed: u64 = removed.iter().map(|segment| segment.records).sum();
    for data in open {
        data.close().await;
    }
    let mut seen = Vec::new();
    for options in &options {
        let data = DataDirectory::open(options, at(0)).await.expect("opens again");
        let page = data.exchanges(&ExchangeQuery::default(), None, 100).await.expect("read");
        assert!(page.damaged.is_empty(), "{:?}", page.damaged);
        seen.push((page.records.len() as u64, page.elsewhere));
    }
    assert_eq!(seen, [(3 - removed, 3), (3, 3 - removed)]);
}

/// What the server gives up because of others is tried again, and not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_tried_again() {
    use sqlx::{Connection as _, Executor as _};
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let store = Arc::new(options(directory.path(), &url).open_store().await.expect("opens"));
    let both = vec![endpoint("/a", 1), endpoint("/b", 1)];
    let save = |seen| {
        let mut endpoints = both.clone();
        for endpoint in &mut endpoints {
            endpoint.last_seen = Some(at(seen));
        }
        let (store, batch) =
            (Arc::clone(&store), Batch { now: at(seen), endpoints, ..Batch::default() });
        async move { store.save_batch(&scope(), &batch).await }
    };
    save(1).await.expect("saved");

    // Somebody else locks the second, then the first, after we have locked the first.
    let mut other = sqlx::PgConnection::connect(&url).await.expect("connects");
    other.execute("SET deadlock_timeout = '10s'").await.err();
    other.execute("BEGIN").await.expect("begun");
    let lock = |path: &str| {
        let id = endpoint(path, 1).id;
        sqlx::query::<sqlx::Postgres>("SELECT 1 FROM endpoints WHERE id = $1 FOR UPDATE")
            .bind(id.to_string())
    };
    lock("/b").execute(&mut other).await.expect("locked");
    let saving = tokio::spawn(save(2));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    lock("/a").execute(&mut other).await.ok();
    other.execute("ROLLBACK").await.expect("let go");
    saving.await.expect("no panic").expect("saved in the end");
    let stored = store.endpoint(&scope(), &both[0].id).await.expect("read").expect("stored");
    assert_eq!(stored.last_seen, Some(at(2)));
}
