//! What only SQLite needs: one writing connection, a few reading ones, write-ahead log, every commit
//! synced; integrity check and back-up copy.

mod dialect;
mod maintain;

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{
    Connection as _, SqliteConnection, SqlitePool, sqlite::SqliteConnectOptions,
    sqlite::SqlitePoolOptions,
};
use tokio::sync::Mutex;

pub(crate) use self::{dialect::DIALECT, maintain::publish};
use crate::{
    database::{Connection, Fault, Hold, Inner, Write, query, schema},
    error::{Result, StoreError},
    records::IntegrityReport,
};

/// A test compares this with the directory.
pub(crate) const MIGRATIONS: &[schema::Numbered] = &[
    (1, "initial", include_str!("../../migrations/sqlite/0001_initial.sql")),
    (2, "api_keys", include_str!("../../migrations/sqlite/0002_api_keys.sql")),
    (3, "incident_aliases", include_str!("../../migrations/sqlite/0003_incident_aliases.sql")),
    (4, "logins", include_str!("../../migrations/sqlite/0004_logins.sql")),
    (5, "deliveries", include_str!("../../migrations/sqlite/0005_deliveries.sql")),
    (6, "triage", include_str!("../../migrations/sqlite/0006_triage.sql")),
    (7, "counts", include_str!("../../migrations/sqlite/0007_counts.sql")),
    (8, "lists", include_str!("../../migrations/sqlite/0008_lists.sql")),
    (9, "traffic", include_str!("../../migrations/sqlite/0009_traffic.sql")),
    (10, "hosts", include_str!("../../migrations/sqlite/0010_hosts.sql")),
    (11, "calls", include_str!("../../migrations/sqlite/0011_calls.sql")),
    (12, "facets", include_str!("../../migrations/sqlite/0012_facets.sql")),
    (13, "operations", include_str!("../../migrations/sqlite/0013_operations.sql")),
    (14, "owners", include_str!("../../migrations/sqlite/0014_owners.sql")),
    (15, "change_log", include_str!("../../migrations/sqlite/0015_change_log.sql")),
    (16, "journeys", include_str!("../../migrations/sqlite/0016_journeys.sql")),
    (17, "clients", include_str!("../../migrations/sqlite/0017_clients.sql")),
    (18, "services", include_str!("../../migrations/sqlite/0018_services.sql")),
    (19, "known_by", include_str!("../../migrations/sqlite/0019_known_by.sql")),
    (22, "paths_apart", include_str!("../../migrations/sqlite/0022_paths_apart.sql")),
    (24, "quotas", include_str!("../../migrations/sqlite/0024_quotas.sql")),
    (25, "key_terms", include_str!("../../migrations/sqlite/0025_key_terms.sql")),
    (26, "failed_deliveries", include_str!("../../migrations/sqlite/0026_failed_deliveries.sql")),
];

/// One SQLite file.
pub(crate) struct SqliteDatabase {
    path: PathBuf,
    /// `None` when opened for reading only. The connection inside is `None` until it is needed and
    /// after a write failed: then a new one is made, because a connection whose transaction broke
    /// off (full disk) is in no defined state.
    writer: Option<Arc<Mutex<Option<SqliteConnection>>>>,
    readers: SqlitePool,
}

impl SqliteDatabase {
    pub(crate) async fn open(path: &Path, readers: u32) -> Result<Self> {
        // Created here, so that it is private from its first byte on.
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match created {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(StoreError::io("creating", path, e)),
        }
        let connection = migrated(path).await.map_err(|fault| named(path, fault))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers.max(1))
            .connect_lazy_with(dialect::reading(path));
        let writer = Some(Arc::new(Mutex::new(Some(connection))));
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    pub(crate) async fn open_beside(path: &Path, data: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(StoreError::NoStore { directory: data.to_owned() });
        }
        let found = version_of(&dialect::read_only(path)).await.map_err(|f| named(path, f))?;
        schema::require_current(found, path)?;
        let readers =
            SqlitePoolOptions::new().max_connections(1).connect_lazy_with(dialect::reading(path));
        let writer = Some(Arc::new(Mutex::new(None)));
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    pub(crate) async fn open_read_only(path: &Path, data: &Path, readers: u32) -> Result<Self> {
        if !path.is_file() {
            return Err(StoreError::NoStore { directory: data.to_owned() });
        }
        let mut options = dialect::read_only(path);
        let mut probe = version_of(&options).await;
        // A log file holds commits that are not in the database yet. Without one, a directory that
        // cannot be written needs no shared memory.
        let log = path.with_file_name(format!(
            "{}-wal",
            path.file_name().unwrap_or_default().to_string_lossy()
        ));
        let no_log = std::fs::metadata(&log).map_or(true, |m| m.len() == 0);
        if matches!(&probe, Err(Fault::Sql(e)) if no_log && dialect::is_cannot_open(e)) {
            options = dialect::immutable(path);
            probe = version_of(&options).await;
        }
        let found = probe.map_err(|fault| named(path, fault))?;
        schema::require_current(found, path)?;
        let readers =
            SqlitePoolOptions::new().max_connections(readers.max(1)).connect_lazy_with(options);
        Ok(Self { path: path.to_owned(), writer: None, readers })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.writer.is_none()
    }

    pub(crate) fn explain(&self, source: sqlx::Error) -> StoreError {
        dialect::explain(&self.path, source)
    }

    pub(crate) async fn limit_pages(&self, pages: u32) -> Result<()> {
        let work = async {
            let mut write = self.begin().await?;
            let text = format!("PRAGMA max_page_count = {pages}");
            query(sqlx::AssertSqlSafe(text)).execute(&mut write.connection).await?;
            self.finish(write, Ok(())).await
        };
        work.await.map_err(|fault| named(&self.path, fault))
    }

    pub(crate) async fn reader(&self) -> Inner<Connection> {
        Ok(Connection::SqliteReader(self.readers.acquire().await?))
    }

    /// Waits for the one writer and begins a transaction. Dropped before [`Self::finish`], the
    /// connection is thrown away, which rolls back.
    pub(crate) async fn begin(&self) -> Inner<Write> {
        let writer = self.writer.as_ref().ok_or(StoreError::OpenedReadOnly)?;
        let mut guard = Arc::clone(writer).lock_owned().await;
        let mut connection = match guard.take() {
            Some(connection) => connection,
            None => connect(&dialect::writing(&self.path)).await?,
        };
        sqlx::query(dialect::BEGIN).execute(&mut connection).await?;
        Ok(Write { connection: Connection::Sqlite(connection), hold: Hold::Sqlite(guard) })
    }

    pub(crate) async fn finish<T>(&self, write: Write, result: Inner<T>) -> Inner<T> {
        let (Connection::Sqlite(mut connection), Hold::Sqlite(mut guard)) =
            (write.connection, write.hold)
        else {
            return result;
        };
        match result {
            Ok(value) => {
                sqlx::query(dialect::COMMIT).execute(&mut connection).await?;
                *guard = Some(connection);
                Ok(value)
            }
            Err(fault @ Fault::Store(_)) => {
                let back = sqlx::query(dialect::ROLLBACK).execute(&mut connection).await;
                if back.is_ok() {
                    *guard = Some(connection);
                }
                Err(fault)
            }
            Err(fault) => {
                // Closed here rather than on drop, so that the next connection finds it gone.
                let _ = connection.close().await;
                Err(fault)
            }
        }
    }

    /// A connection of its own, in a transaction that sees one state of the database.
    pub(crate) async fn snapshot(&self) -> Inner<Connection> {
        let mut connection = connect(&dialect::read_only(&self.path)).await?;
        sqlx::query(dialect::BEGIN_READING).execute(&mut connection).await?;
        Ok(Connection::Sqlite(connection))
    }

    pub(crate) async fn integrity(&self) -> Inner<IntegrityReport> {
        maintain::integrity(&mut self.reader().await?).await
    }

    pub(crate) async fn backup(&self, partial: &Path) -> Inner<()> {
        maintain::backup(&self.path, partial).await
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer
            && let Some(connection) = writer.lock().await.take()
        {
            let _ = connection.close().await;
        }
    }
}

fn named(path: &Path, fault: Fault) -> StoreError {
    match fault {
        Fault::Sql(source) => dialect::explain(path, source),
        Fault::Store(error) => error,
    }
}

/// The writing connection of a database that is brought up to date.
async fn migrated(path: &Path) -> Inner<SqliteConnection> {
    let mut found = Connection::Sqlite(connect(&dialect::writing(path)).await?);
    schema::require_known(schema::version(&mut found).await?, path)?;
    let Connection::Sqlite(mut connection) = found else {
        return Err(sqlx::Error::PoolClosed.into());
    };
    schema::migrate(&mut connection, MIGRATIONS, path).await?;
    Ok(connection)
}

async fn connect(
    options: &SqliteConnectOptions,
) -> std::result::Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(options).await
}

async fn version_of(options: &SqliteConnectOptions) -> Inner<i64> {
    let mut connection = Connection::Sqlite(connect(options).await?);
    let version = schema::version(&mut connection).await;
    if let Connection::Sqlite(connection) = connection {
        let _ = connection.close().await;
    }
    version
}
