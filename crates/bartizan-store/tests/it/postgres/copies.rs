//! Moves between the two databases, back-up copies and restoring them.

use std::path::Path;

use bartizan_model::{FindingState, OrganisationId, Scope, Severity};
use bartizan_store::{
    Batch, CopyReport, DataDirectory, DataOptions, LearnedState, PageRequest, StateChange, Store,
    StoreError, move_store, restore_store,
};

use super::{options, server};
use crate::samples::{actor, at, detection, endpoint, exchange, finding, incident, scope};

fn other() -> Scope {
    Scope { organisation: OrganisationId::from_text("other"), ..scope() }
}

/// Something in many tables, in two scopes.
async fn fill(options: &DataOptions) {
    let data = DataDirectory::open(options, at(0)).await.expect("opens");
    let batch = Batch {
        now: at(9),
        endpoints: (0..700).map(|n| endpoint(&format!("/e{n}"), 1)).collect(),
        findings: vec![finding("é", Severity::High, 1), finding("f", Severity::Low, 2)],
        detections: vec![detection("d", "mallory", 3)],
        incidents: vec![incident("i", 10, 3)],
        actors: vec![actor("mallory", 3, 3)],
        learned: vec![LearnedState { name: "x".to_owned(), content: vec![0, 255, 7] }],
        ..Batch::default()
    };
    data.save(batch.clone(), (0..20).map(exchange).collect()).await.expect("saved");
    data.store().save_batch(&other(), &Batch { blocks: Vec::new(), ..batch }).await.expect("saved");
    for scope in [scope(), other()] {
        let change = StateChange {
            finding: finding("f", Severity::Low, 2).id,
            to: FindingState::Fixed,
            who: "ann".to_owned(),
            reason: "é".to_owned(),
            expiry: None,
            now: at(10),
        };
        data.store().set_finding_state(&scope, &change).await.expect("set");
    }
    data.close().await;
}

/// What a reader sees, and the end of the audit chain.
async fn seen(options: &DataOptions) -> String {
    let data = DataDirectory::open_read_only(options).await.expect("opens");
    let store = data.store();
    let mut out = String::new();
    for scope in [scope(), other()] {
        let findings = store
            .findings(&scope, &Default::default(), &PageRequest::first(1_000))
            .await
            .expect("list");
        let endpoints = store
            .endpoints(&scope, &Default::default(), &PageRequest::first(1_000))
            .await
            .expect("list");
        let learned = store.learned(&scope, "x").await.expect("read");
        let counts = store.counts(&scope).await.expect("counts");
        let head = store.audit_head(&scope).await.expect("head");
        let ends = endpoints.items.last().map(|e| &e.path);
        out.push_str(&format!("{findings:?} {ends:?} {learned:?} {counts:?} {head:?}\n"));
    }
    let page = data.exchanges(&Default::default(), None, 100).await.expect("read");
    assert!(page.damaged.is_empty(), "{:?}", page.damaged);
    out.push_str(&format!("{:?}", page.records));
    data.close().await;
    out
}

fn rows(report: &CopyReport, table: &str) -> u64 {
    report.tables.iter().find(|(name, _)| *name == table).expect("copied").1
}

/// The same directory, keys and exchange log on both sides.
fn beside(directory: &Path, other: &Path) -> DataOptions {
    DataOptions { key_directory: Some(directory.join("keys")), ..DataOptions::new(other) }
}

#[tokio::test]
async fn a_store_moves_there_and_back() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let sqlite = DataOptions::new(directory.path());
    fill(&sqlite).await;
    let before = seen(&sqlite).await;

    let postgres = options(directory.path(), &server.database());
    let report = move_store(&sqlite, &postgres).await.expect("moved");
    assert_eq!((rows(&report, "endpoints"), rows(&report, "organisations")), (1_400, 2));
    assert_eq!((report.audit_verified, report.without_key.len()), (2, 0));
    assert_eq!(seen(&postgres).await, before);

    let error = move_store(&sqlite, &postgres).await.expect_err("not empty");
    assert!(matches!(error, StoreError::NotEmpty { .. }), "{error:?}");

    let back = tempfile::tempdir().expect("temporary directory");
    let back = beside(directory.path(), back.path());
    assert_eq!(move_store(&postgres, &back).await.expect("moved").tables, report.tables);
    // It goes on from where it was.
    let store = back.open_store().await.expect("opens");
    let entry = bartizan_store::AuditEntry {
        time: at(20),
        who: "ann".to_owned(),
        action: "x".to_owned(),
        subject: "y".to_owned(),
        details: serde_json::Value::Null,
    };
    assert_eq!(store.append_audit(&scope(), entry).await.expect("appended").sequence, 2);
}

#[tokio::test]
async fn a_move_that_fails_leaves_nothing() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let sqlite = DataOptions::new(directory.path());
    fill(&sqlite).await;
    // Somebody changed an audit record, which only shows at the end.
    let mut raw = crate::schema::raw(&directory.path().join(bartizan_store::DATABASE_FILE)).await;
    for text in ["DROP TRIGGER audit_records_stay", "UPDATE audit_records SET who = 'eve'"] {
        sqlx::query(text).execute(&mut raw).await.expect("attack");
    }
    let postgres = options(directory.path(), &server.database());
    let error = move_store(&sqlite, &postgres).await.expect_err("does not verify");
    assert!(error.to_string().contains("audit chain"), "{error}");
    let store = postgres.open_store().await.expect("opens");
    let counts = store.counts(&scope()).await.expect("counts");
    assert_eq!((counts.endpoints, counts.audit_records), (0, 0));
}

#[tokio::test]
async fn back_up_copies_are_restored_into_either_database() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut stores = vec![DataOptions::new(directory.path().join("sqlite"))];
    if let Some(server) = server::shared() {
        let url = server.database();
        stores.push(options(&directory.path().join("postgres"), &url));
    }
    for (number, options) in stores.iter().enumerate() {
        fill(options).await;
        let before = seen(options).await;
        let file = directory.path().join(format!("copy-{number}.db"));
        let store = options.open_store_read_only().await.expect("opens");
        store.backup(&file).await.expect("copied");
        let error = store.backup(&file).await.expect_err("there already");
        assert!(matches!(error, StoreError::AlreadyThere { .. }), "{error:?}");
        store.close().await;
        let beside: Vec<_> = std::fs::read_dir(directory.path())
            .expect("entries")
            .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(&format!("copy-{number}.db")))
            .collect();
        assert_eq!(beside, [format!("copy-{number}.db")], "nothing but the file");

        let mut targets = vec![DataOptions::new(directory.path().join(format!("to-{number}")))];
        if let Some(server) = server::shared() {
            let to = directory.path().join(format!("to-postgres-{number}"));
            targets.push(super::options(&to, &server.database()));
        }
        for target in targets {
            // Keys and exchange log are backed up by copying the directory.
            std::fs::create_dir_all(&target.directory).expect("made");
            let copied = std::process::Command::new("cp")
                .arg("-r")
                .arg(options.directory.join("keys"))
                .arg(options.directory.join("exchanges"))
                .arg(&target.directory)
                .status();
            assert!(copied.is_ok_and(|status| status.success()));
            let report = restore_store(&file, &target).await.expect("restored");
            assert_eq!(report.audit_verified, 2);
            assert_eq!(seen(&target).await, before);
        }
    }
}
