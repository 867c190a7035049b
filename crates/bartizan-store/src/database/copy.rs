//! A whole store copied into an empty one, of either kind: what moving, backing up and restoring are.
//! Read from one state of the source, written in one transaction.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path};

use bartizan_model::{EnvironmentId, OrganisationId, Scope};
use sqlx::AssertSqlSafe;

use super::{Connection, Database, Inner, Row, SqlStore, Value, audit, query};
use crate::{
    error::{Result, StoreError},
    keys::KeyDirectory,
    sqlite::{SqliteDatabase, publish},
};

/// All tables, those that others refer to first. A test compares this with the databases.
pub(crate) const TABLES: &[&str] = &[
    "store_identity",
    "organisations",
    "services",
    "endpoints",
    "endpoint_aliases",
    "endpoint_alias_events",
    "paths_apart",
    "endpoint_changes",
    "endpoint_calls",
    "endpoint_surfaces",
    "change_baselines",
    "change_log",
    "journeys",
    "service_graphs",
    "third_parties",
    "findings",
    "finding_history",
    "finding_comments",
    "detections",
    "incidents",
    "incident_aliases",
    "actors",
    "clients",
    "analysis_runs",
    "traffic",
    "checkpoints",
    "learned_state",
    "audit_records",
    "exchange_blocks",
    "exchange_subjects",
    "exchange_removals",
    "api_keys",
    "quotas",
    "failed_deliveries",
    "users",
    "login_sessions",
    "access_tokens",
    "sinks",
    "deliveries",
    "row_counts",
];
/// The one table that a new store has a row in.
const IDENTITY: &str = "store_identity";
/// Most values of one statement. SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 8_000;
/// Rows that are read at a time.
const PAGE: i64 = 500;

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CopyReport {
    /// Rows of each table, counted on both sides.
    pub tables: Vec<(&'static str, u64)>,
    /// Audit records that were verified at the target.
    pub audit_verified: u64,
    /// Organisations whose key is not here, so that their audit records were copied unverified.
    pub without_key: Vec<String>,
}

struct Column {
    name: String,
    /// As the database calls it, in small letters.
    kind: String,
}

impl SqlStore {
    /// Copies everything from `source` into this store, which must be empty. All of it or nothing:
    /// rows are counted on both sides and audit chains verified before anything is kept.
    ///
    /// What is written to `source` meanwhile is not copied; nobody may write to it.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], [`StoreError::CopyDiffers`], and those of either database.
    pub async fn copy_from(&self, source: &Self) -> Result<CopyReport> {
        let mut reader = source.snapshot().await.map_err(|fault| source.name(fault))?;
        let mut write = self.begin(&Scope::default()).await?;
        let result = self.copy_all(source, &mut reader, &mut write.connection).await;
        self.finish(write, result).await.map_err(|fault| self.name(fault))
    }

    async fn snapshot(&self) -> Inner<Connection> {
        match &self.database {
            Database::Sqlite(database) => database.snapshot().await,
            Database::Postgres(database) => database.snapshot().await,
        }
    }

    async fn copy_all(
        &self,
        source: &Self,
        reader: &mut Connection,
        writer: &mut Connection,
    ) -> Inner<CopyReport> {
        let mut report = CopyReport::default();
        for table in TABLES.iter().filter(|table| **table != IDENTITY) {
            if count(writer, table).await? > 0 {
                return Err(StoreError::NotEmpty { path: self.address().to_owned(), table }.into());
            }
        }
        query("DELETE FROM store_identity").execute(writer).await?;
        for table in TABLES {
            copy_table(source, table, reader, writer).await?;
            let read = count(reader, table).await.map_err(|fault| source.name(fault))?;
            let written = count(writer, table).await?;
            if read != written {
                return Err(StoreError::CopyDiffers { table, read, written }.into());
            }
            report.tables.push((table, written));
        }
        self.verify_chains(writer, &mut report).await?;
        Ok(report)
    }

    async fn verify_chains(&self, writer: &mut Connection, report: &mut CopyReport) -> Inner<()> {
        let chains = "SELECT DISTINCT organisation, environment FROM audit_records";
        for row in query(chains).fetch_all(writer).await? {
            let (organisation, environment): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let scope = Scope {
                organisation: OrganisationId::from_text(organisation),
                environment: EnvironmentId::from_text(environment),
            };
            let key = match self.key_for_reading(writer, &scope.organisation).await {
                Ok(key) => key,
                Err(super::Fault::Store(StoreError::MissingKey { organisation, .. })) => {
                    report.without_key.push(organisation);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let verified = audit::verify(writer, &scope, &key, None).await?;
            report.audit_verified += verified.verified;
            if let Some(problem) = verified.problem {
                let reason = format!("its audit chain does not verify: {problem:?}");
                let path = self.address().to_owned();
                return Err(StoreError::Corrupt { path, reason }.into());
            }
        }
        Ok(())
    }
}

async fn count(connection: &mut Connection, table: &str) -> Inner<u64> {
    let text = format!("SELECT COUNT(*) FROM {table}");
    let row = query(AssertSqlSafe(text)).fetch_one(connection).await?;
    Ok(audit::unsigned(row.try_get(0)?))
}

async fn columns(connection: &mut Connection, table: &str) -> Inner<Vec<Column>> {
    let rows = query(connection.dialect().columns).bind(table).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Column { name: row.try_get(0)?, kind: row.try_get(1)? })).collect()
}

/// Copies the rows of a table in the order of its primary key.
async fn copy_table(
    source: &SqlStore,
    table: &str,
    reader: &mut Connection,
    writer: &mut Connection,
) -> Inner<()> {
    let of_source = |fault| source.name(fault);
    let columns = columns(reader, table).await.map_err(of_source)?;
    let key = reader.dialect().primary_key;
    let key = query(key).bind(table).fetch_all(reader).await.map_err(|e| of_source(e.into()))?;
    let key = key.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let positions: Vec<usize> =
        key.iter().filter_map(|name| columns.iter().position(|c| c.name == *name)).collect();
    let mut last: Option<Vec<Value<'static>>> = None;
    loop {
        let rows = page(reader, table, &columns, &key, last.as_deref()).await;
        let rows = rows.map_err(of_source)?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = Some(positions.iter().filter_map(|at| end.get(*at).cloned()).collect());
        insert(writer, table, &columns, rows).await?;
    }
}

/// The next rows behind the key `after`.
async fn page(
    reader: &mut Connection,
    table: &str,
    columns: &[Column],
    key: &[String],
    after: Option<&[Value<'static>]>,
) -> Inner<Vec<Vec<Value<'static>>>> {
    let names: Vec<_> = columns.iter().map(|c| c.name.as_str()).collect();
    let mut text = format!("SELECT {} FROM {table}", names.join(", "));
    let after = after.unwrap_or_default();
    if !after.is_empty() {
        let parameters: Vec<_> = (1..=after.len()).map(|n| format!("${n}")).collect();
        text.push_str(&format!(" WHERE ({}) > ({})", key.join(", "), parameters.join(", ")));
    }
    text.push_str(&format!(" ORDER BY {} LIMIT {PAGE}", key.join(", ")));
    let mut query = query(AssertSqlSafe(text));
    for value in after {
        query = query.bind(value.clone());
    }
    let rows = query.fetch_all(reader).await?;
    rows.iter()
        .map(|row| {
            let values = columns.iter().enumerate().map(|(at, column)| value(row, at, column));
            Ok(values.collect::<Result<Vec<_>, _>>()?)
        })
        .collect()
}

fn value(row: &Row, at: usize, column: &Column) -> Result<Value<'static>, sqlx::Error> {
    Ok(match column.kind.as_str() {
        "bigint" => Value::Int(row.try_get(at)?),
        "blob" | "bytea" => Value::Bytes(row.try_get::<Option<Vec<u8>>, _>(at)?.map(Into::into)),
        _ => Value::Text(row.try_get::<Option<String>, _>(at)?.map(Into::into)),
    })
}

/// Writes rows, as many in a statement as it takes values.
async fn insert(
    writer: &mut Connection,
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Value<'static>>>,
) -> Inner<()> {
    let names: Vec<_> = columns.iter().map(|c| c.name.as_str()).collect();
    let most = (MOST_VALUES / columns.len().max(1)).max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut text = format!("INSERT INTO {table} ({}) VALUES ", names.join(", "));
        let mut values = Vec::new();
        for (n, row) in rows.by_ref().take(most).enumerate() {
            let first = values.len() + 1;
            let parameters: Vec<_> = (first..first + row.len()).map(|n| format!("${n}")).collect();
            let comma = if n == 0 { "" } else { ", " };
            text.push_str(&format!("{comma}({})", parameters.join(", ")));
            values.extend(row);
        }
        let mut query = query(AssertSqlSafe(text));
        for value in values {
            query = query.bind(value);
        }
        query.execute(writer).await?;
    }
    Ok(())
}

/// Writes a copy of the database as a SQLite file that does not exist yet.
pub(super) async fn backup(store: &SqlStore, target: &Path) -> Result<()> {
    if target.exists() {
        return Err(StoreError::AlreadyThere { path: target.to_owned() });
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    // Left over from a copy that was broken off.
    remove(partial);
    // Empty, so that the copy is private from its first byte on.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial);
    made.map_err(|e| StoreError::io("creating", partial, e))?;
    let copied = match &store.database {
        Database::Sqlite(database) => {
            database.backup(partial).await.map_err(|fault| store.name(fault))
        }
        Database::Postgres(_) => into_file(store, partial).await,
    };
    let copied = copied.and_then(|()| publish(partial, target));
    if copied.is_err() {
        remove(partial);
    }
    copied.map_err(|error| match error {
        StoreError::Full { .. } => StoreError::full(target),
        other => other,
    })
}

async fn into_file(store: &SqlStore, partial: &Path) -> Result<()> {
    let database = Database::Sqlite(SqliteDatabase::open(partial, 1).await?);
    let keys = KeyDirectory::new(store.keys.path());
    let target = SqlStore::assemble(database, keys, &store.data);
    let copied = target.copy_from(store).await.map(|_| ());
    // Closed, its log is part of the file again.
    crate::store::Store::close(&target).await;
    copied
}

/// A SQLite file with the two beside it.
fn remove(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}
