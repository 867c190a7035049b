//! The schema: fresh equals migrated, newer is refused, settings are what was promised.

use bartizan_model::{AuthKnown, FindingState};
use bartizan_store::{
    Batch, DATABASE_FILE, DataDirectory, DataOptions, EndpointFilter, FindingFilter, KeyDirectory,
    PageRequest, SCHEMA_VERSION, SqlStore, Store as _, StoreError,
};
use sqlx::{
    Connection as _, Executor as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

use crate::samples::{at, scope};

pub(crate) async fn raw(path: &std::path::Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.expect("raw connection")
}

async fn objects(connection: &mut SqliteConnection) -> Vec<(String, String)> {
    sqlx::query(
        "SELECT name, COALESCE(sql, '') FROM sqlite_master WHERE name <> '_sqlx_migrations' \
         AND name NOT LIKE 'sqlite_autoindex__sqlx%' ORDER BY name",
    )
    .fetch_all(connection)
    .await
    .expect("objects")
    .iter()
    .map(|row| (row.get(0), row.get(1)))
    .collect()
}

#[tokio::test]
async fn fresh_schema_equals_all_migrations_applied_in_order() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = DataDirectory::open(&DataOptions::new(directory.path()), at(0)).await.expect("new");
    data.close().await;
    let mut fresh = raw(&directory.path().join(DATABASE_FILE)).await;

    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<_> =
        std::fs::read_dir(migrations).expect("files").map(|e| e.expect("entry").path()).collect();
    files.sort();
    let mut by_hand = raw(&directory.path().join("by-hand.db")).await;
    for file in &files {
        let text = std::fs::read_to_string(file).expect("migration");
        by_hand.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.expect("migration applies");
    }
    assert_eq!(objects(&mut fresh).await, objects(&mut by_hand).await);
    let last = files.last().and_then(|file| file.file_name()?.to_str()?.split('_').next());
    assert_eq!(last.and_then(|number| number.parse().ok()), Some(SCHEMA_VERSION));
}

#[tokio::test]
async fn every_table_of_things_names_organisation_and_environment() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = DataDirectory::open(&DataOptions::new(directory.path()), at(0)).await.expect("new");
    data.close().await;
    let mut connection = raw(&directory.path().join(DATABASE_FILE)).await;
    let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .expect("tables");
    let mut seen = 0;
    for table in tables {
        let table: String = table.get(0);
        // One of the driver, one of the file itself, one about organisations as such.
        if ["_sqlx_migrations", "store_identity", "organisations"].contains(&table.as_str()) {
            continue;
        }
        let columns: Vec<String> = sqlx::query("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut connection)
            .await
            .expect("columns")
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert_eq!(columns[..2], ["organisation", "environment"], "{table}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[tokio::test]
async fn newer_database_is_refused_untouched() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    DataDirectory::open(&options, at(0)).await.expect("new").close().await;
    let path = directory.path().join(DATABASE_FILE);
    let mut connection = raw(&path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .expect("pretended");
    connection.close().await.expect("closed");
    let before = std::fs::read(&path).expect("file");
    let error = DataDirectory::open(&options, at(0)).await.expect_err("newer");
    let refused =
        matches!(error, StoreError::NewerSchema { found: 9999, known: SCHEMA_VERSION, .. });
    assert!(refused, "{error:?}");
    assert!(error.to_string().contains("9999") && error.help().contains("newer version"));
    let error = DataDirectory::open_read_only(&options).await.expect_err("newer");
    assert!(matches!(error, StoreError::NewerSchema { .. }));
    assert_eq!(std::fs::read(&path).expect("file"), before);
}

#[tokio::test]
async fn empty_database_cannot_be_read_before_it_is_migrated() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let error = DataDirectory::open_read_only(&options).await.expect_err("nothing there");
    assert!(matches!(error, StoreError::NoStore { .. }));
    raw(&directory.path().join(DATABASE_FILE)).await.close().await.expect("closed");
    let error = DataDirectory::open_read_only(&options).await.expect_err("no schema");
    assert!(matches!(error, StoreError::OlderSchema { found: 0, .. }), "{error:?}");
}

#[tokio::test]
async fn database_is_private_and_in_write_ahead_mode() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("x.db");
    let keys = KeyDirectory::new(directory.path().join("keys"));
    let store = SqlStore::sqlite(&path, keys, directory.path(), 1).await.expect("new");
    store.save_batch(&scope(), &Batch::default()).await.expect("saved");
    for name in ["x.db", "x.db-wal", "x.db-shm"] {
        let mode = std::fs::metadata(directory.path().join(name)).expect(name).mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let mut connection = raw(&path).await;
    let mode: String =
        sqlx::query("PRAGMA journal_mode").fetch_one(&mut connection).await.expect("mode").get(0);
    assert_eq!(mode, "wal");
    // Audit records cannot be changed by a slip, only by an attack, which the chain shows.
    store
        .append_audit(
            &scope(),
            bartizan_store::AuditEntry {
                time: at(1),
                who: "ann".to_owned(),
                action: "x".to_owned(),
                subject: "y".to_owned(),
                details: serde_json::Value::Null,
            },
        )
        .await
        .expect("appended");
    for text in ["UPDATE audit_records SET who = 'eve'", "DELETE FROM audit_records"] {
        let refused = sqlx::query(text).execute(&mut connection).await.expect_err("append-only");
        assert!(refused.to_string().contains("append-only"));
    }
    sqlx::query("DROP TRIGGER audit_records_stay").execute(&mut connection).await.expect("attack");
    sqlx::query("UPDATE audit_records SET who = 'eve'")
        .execute(&mut connection)
        .await
        .expect("attack");
    let report = store.verify_audit(&scope(), None).await.expect("verified");
    assert_eq!(report.problem, Some(bartizan_store::AuditProblem::Changed { sequence: 1 }));
}

/// `fixtures/version-1` is what a version wrote that had one finding per endpoint for weaknesses of
/// the whole host: two of BZ-C015, open, and two of BZ-C014, accepted until 2030 and 2031.
#[tokio::test]
async fn a_store_of_the_first_version_opens_and_its_findings_go_on() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let dump = include_str!("../fixtures/version-1/store.sql");
    let mut connection = raw(&directory.path().join(DATABASE_FILE)).await;
    // Tables stand in the order of their names, not of their references.
    connection.execute("PRAGMA foreign_keys = OFF").await.expect("set");
    connection.execute(sqlx::raw_sql(dump)).await.expect("the old store");
    connection.close().await.expect("closed");
    let keys = directory.path().join("keys");
    std::fs::create_dir(&keys).expect("made");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&keys, private).expect("private");
    let key = keys.join("default.key");
    std::fs::write(&key, include_str!("../fixtures/version-1/default.key")).expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).expect("private");

    let scope = bartizan_model::Scope::default();
    let (filter, page) = (FindingFilter::default(), PageRequest::first(100));
    // Reading changes nothing, so what is older is brought up to date by opening it for writing.
    let error = DataDirectory::open_read_only(&options).await.expect_err("older");
    assert!(matches!(error, StoreError::OlderSchema { found: 1, .. }), "{error:?}");
    let data = DataDirectory::open(&options, at(2_000_000_000)).await.expect("opens");
    let old = data.store().findings(&scope, &filter, &page).await.expect("reads").items;
    assert_eq!(old.len(), 4);
    assert!(old.iter().all(|f| f.endpoint_id.is_some() && f.endpoints == 0));
    let endpoints =
        data.store().endpoints(&scope, &EndpointFilter::default(), &PageRequest::first(100)).await;
    let endpoints = endpoints.expect("reads").items;
    // What is sorted by since then is found out from what there is.
    let mut filled = raw(&directory.path().join(DATABASE_FILE)).await;
    let requests = sqlx::query("SELECT requests FROM endpoints").fetch_all(&mut filled).await;
    let requests: Vec<i64> = requests.expect("rows").iter().map(|row| row.get(0)).collect();
    assert_eq!(requests, [1, 1]);
    filled.close().await.expect("closed");
    // What was not recorded then is not made up now.
    let anonymous = endpoints.iter().find(|e| e.path == "/v1/products").expect("stored");
    assert_eq!(anonymous.auth_known(), AuthKnown::NotEvaluated);

    let of_host = |code: &str| {
        let like = old.iter().find(|f| f.code == code).expect("stored").clone();
        let id = bartizan_model::FindingId::derive(&scope, &[code, "host", &like.host, ""]);
        bartizan_model::Finding { id, endpoint_id: None, endpoints: 2, ..like }
    };
    let findings = vec![of_host("BZ-C014"), of_host("BZ-C015")];
    let ids: Vec<_> = findings.iter().map(|f| f.id.clone()).collect();
    let batch = Batch { now: at(1_800_000_000), findings, ..Batch::default() };
    let report = data.store().save_batch(&scope, &batch).await.expect("saves");
    assert_eq!((report.new_findings.len(), report.replaced.len()), (2, 4));
    for (id, state) in ids.iter().zip([FindingState::Accepted, FindingState::Open]) {
        let got = data.store().finding(&scope, id).await.expect("reads").expect("stored");
        assert_eq!(got.state, state);
    }
    let history = data.store().finding_history(&scope, &ids[0]).await.expect("history");
    assert!(history[0].reason.ends_with(": behind a proxy"), "{}", history[0].reason);
    let until = history[0].expiry.expect("accepted until").to_string();
    assert!(until.starts_with("2030-01-01"), "the decision that lapses first: {until}");
    for former in &old {
        let got = data.store().finding(&scope, &former.id).await.expect("reads").expect("kept");
        assert_eq!(got.state, FindingState::Replaced);
    }
    assert!(data.store().integrity_check().await.expect("check").is_clean());
    assert_eq!(data.store().verify_audit(&scope, None).await.expect("audit").problem, None);
    data.close().await;
}
