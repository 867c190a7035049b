//! The schema: fresh equals migrated, and both databases have the same tables and columns.

use std::collections::BTreeMap;

use bartizan_store::{DATABASE_FILE, DataDirectory, DataOptions, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::{open, options, server};
use crate::{samples::at, schema::raw};

/// Columns by table: name, type as SQLite calls it, whether it must be there.
type Columns = BTreeMap<String, Vec<(String, String, bool)>>;

async fn columns(connection: &mut PgConnection) -> Columns {
    let rows = sqlx::query(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT), \
         is_nullable = 'NO' FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '_sqlx_migrations' ORDER BY table_name, ordinal_position",
    )
    .fetch_all(connection)
    .await
    .expect("columns");
    let mut out = Columns::new();
    for row in rows {
        let kind = row.get::<String, _>(2).replace("bytea", "blob").to_uppercase();
        out.entry(row.get(0)).or_default().push((row.get(1), kind, row.get(3)));
    }
    out
}

/// All that a schema is made of, as text.
async fn objects(connection: &mut PgConnection) -> Vec<String> {
    let mut out: Vec<String> =
        columns(connection).await.into_iter().map(|table| format!("{table:?}")).collect();
    for text in [
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
         AND tablename <> '_sqlx_migrations' ORDER BY 1",
        "SELECT CAST(conrelid AS REGCLASS) || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = CAST('public' AS REGNAMESPACE) \
         AND conrelid <> CAST('_sqlx_migrations' AS REGCLASS) ORDER BY 1",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    ] {
        let rows = sqlx::query(text).fetch_all(&mut *connection).await.expect("objects");
        out.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    out
}

#[tokio::test]
async fn fresh_schema_equals_all_migrations_applied_in_order() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let (fresh, by_hand) = (server.database(), server.database());
    open(directory.path(), &fresh).await.close().await;
    let mut by_hand = PgConnection::connect(&by_hand).await.expect("connects");
    by_hand.execute("CREATE TABLE _sqlx_migrations (one BIGINT)").await.expect("made");
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> =
        std::fs::read_dir(migrations).expect("files").map(|e| e.expect("entry").path()).collect();
    files.sort();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("migration");
        by_hand.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.expect("migration applies");
    }
    let mut fresh = PgConnection::connect(&fresh).await.expect("connects");
    let found = objects(&mut fresh).await;
    assert!(found.len() > 40, "{found:?}");
    assert_eq!(found, objects(&mut by_hand).await);
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    open(directory.path(), &url).await.close().await;
    let mut postgres = PgConnection::connect(&url).await.expect("connects");
    let data = DataDirectory::open(&DataOptions::new(directory.path()), at(0)).await.expect("new");
    data.close().await;
    let mut sqlite = raw(&directory.path().join(DATABASE_FILE)).await;
    let rows = sqlx::query(
        "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_master AS t, \
         pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' \
         ORDER BY t.name, c.cid",
    );
    let mut wanted = Columns::new();
    for row in rows.fetch_all(&mut sqlite).await.expect("columns") {
        let columns = wanted.entry(row.get(0)).or_default();
        columns.push((row.get(1), row.get(2), row.get::<i64, _>(3) == 1));
    }
    assert_eq!(columns(&mut postgres).await, wanted);

    // Text compares byte by byte in every column.
    let others = sqlx::query(
        "SELECT CAST(table_name AS TEXT) || '.' || CAST(column_name AS TEXT) \
         FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text' \
         AND table_name <> '_sqlx_migrations' AND collation_name IS DISTINCT FROM 'C'",
    );
    let others = others.fetch_all(&mut postgres).await.expect("columns");
    assert!(others.is_empty(), "{:?}", others.iter().map(|r| r.get(0)).collect::<Vec<String>>());
}

#[tokio::test]
async fn databases_of_other_versions_are_refused() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let options = options(directory.path(), &url);
    let error = DataDirectory::open_read_only(&options).await.expect_err("empty");
    assert!(matches!(error, StoreError::OlderSchema { found: 0, .. }), "{error:?}");
    open(directory.path(), &url).await.close().await;
    let mut connection = PgConnection::connect(&url).await.expect("connects");
    connection
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
             execution_time) VALUES (9999, 'from the future', TRUE, '', 0)",
        )
        .await
        .expect("pretended");
    let error = DataDirectory::open(&options, at(0)).await.expect_err("newer");
    assert!(matches!(error, StoreError::NewerSchema { found: 9999, .. }), "{error:?}");
}

#[tokio::test]
async fn several_processes_may_make_the_schema_at_once() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let directories: Vec<_> =
        (0..4).map(|_| tempfile::tempdir().expect("temporary directory")).collect();
    let stores = directories.iter().map(|directory| {
        let options = options(directory.path(), &url);
        tokio::spawn(async move { options.open_store().await.map(|_| ()) })
    });
    for opened in stores.collect::<Vec<_>>() {
        opened.await.expect("no panic").expect("opens");
    }
}

#[tokio::test]
async fn audit_records_cannot_be_changed_by_a_slip() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let data = open(directory.path(), &url).await;
    super::writers::audit(data.store(), "ann", 1).await;
    let mut connection = PgConnection::connect(&url).await.expect("connects");
    for text in [
        "UPDATE audit_records SET who = 'eve'",
        "DELETE FROM audit_records",
        "TRUNCATE audit_records",
    ] {
        let refused = connection.execute(text).await.expect_err("append-only");
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn endpoints_that_are_there_already_are_sorted_by_their_requests() {
    let Some(server) = server::shared() else { return };
    let mut connection = PgConnection::connect(&server.database()).await.expect("connects");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let files =
        std::fs::read_dir(folder).expect("migrations").map(|file| file.expect("one").path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let mut texts = files.iter().map(|file| std::fs::read_to_string(file).expect("migration"));
    let first = texts.next().expect("the first one");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(first))).await.expect("old");
    for (id, requests) in [("a", "7"), ("b", "18446744073709551615")] {
        let body = format!(r#"{{"path":"/\u0000\\u0000","requests":{requests}}}"#);
        sqlx::query(
            "INSERT INTO endpoints (organisation, environment, id, host, method, path, protocol, \
             access, inventory_state, confirmed, risk, data_classes, body, recorded_at) \
             VALUES ('o', 'e', $1, '', '', '', '', '', '', 1, 0, '', $2, 0)",
        )
        .bind(id)
        .bind(body)
        .execute(&mut connection)
        .await
        .expect("written");
    }
    for text in texts {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.expect("new");
    }
    let rows = sqlx::query("SELECT requests FROM endpoints ORDER BY id");
    let rows = rows.fetch_all(&mut connection).await.expect("rows");
    let requests: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(requests, [7, i64::MAX]);
}
