//! The store on SQLite: one writing connection, a few reading ones, write-ahead log, every commit
//! synced.

mod aliases;
mod api_keys;
mod audit;
mod batch;
mod deliveries;
mod dialect;
mod findings;
mod incidents;
mod keys;
mod log_index;
mod logins;
mod maintain;
mod outbox;
mod read;
mod schema;
mod store;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex as StdMutex},
};

use bartizan_model::{HashKey, OrganisationId};
use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqlitePoolOptions},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use self::schema::SCHEMA_VERSION;
use crate::{
    error::{Result, StoreError},
    keys::KeyDirectory,
};

/// What goes wrong inside: an error of the driver still lacks the name of the database.
#[derive(Debug)]
enum Fault {
    Sql(sqlx::Error),
    Store(StoreError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Inner<T> = std::result::Result<T, Fault>;

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    /// `None` when opened for reading only. The connection inside is `None` until it is needed and
    /// after a write failed: then a new one is made, because a connection whose transaction broke
    /// off (full disk) is in no defined state.
    writer: Option<Arc<Mutex<Option<SqliteConnection>>>>,
    readers: SqlitePool,
    keys: KeyDirectory,
    /// Where encrypted data lies beside the database.
    data: PathBuf,
    /// Keys that were checked against the database.
    checked: StdMutex<BTreeMap<OrganisationId, HashKey>>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqliteStore({})", self.path.display())
    }
}

/// The right to write: an open transaction. Dropped without [`SqliteStore::finish`], the connection
/// is thrown away, which rolls back.
struct Write {
    guard: OwnedMutexGuard<Option<SqliteConnection>>,
    /// Taken out of `guard` while the transaction is open.
    connection: SqliteConnection,
}

impl SqliteStore {
    /// Opens the database at `path` for reading and writing; creates it, brings it up to date.
    /// Keys come from `keys`; `data` is the directory whose encrypted files prove that a missing
    /// key must not be replaced.
    ///
    /// Only one process may do so at a time: the caller holds the lock of the directory.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Corrupt`], [`StoreError::ReadOnly`],
    /// [`StoreError::Full`].
    pub async fn open(path: &Path, keys: KeyDirectory, data: &Path, readers: u32) -> Result<Self> {
        // Created here, so that it is private from its first byte on.
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match created {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(StoreError::io("creating", path, e)),
        }
        let name = |fault| named(path, fault);
        let mut connection = connect(&dialect::writing(path)).await.map_err(|e| name(e.into()))?;
        schema::migrate(&mut connection, path).await.map_err(name)?;
        keys::ensure_identity(&mut connection).await.map_err(name)?;
        let pool = SqlitePoolOptions::new()
            .max_connections(readers.max(1))
            .connect_lazy_with(dialect::reading(path));
        let writer = Some(Arc::new(Mutex::new(Some(connection))));
        Ok(Self::assemble(path, keys, data, pool, writer))
    }

    /// Opens the database at `path` for small changes beside the process that holds the directory:
    /// each is one transaction, for which the database makes writers wait for each other. Creates
    /// and migrates nothing.
    ///
    /// # Errors
    /// As [`SqliteStore::open_read_only`].
    pub async fn open_beside(path: &Path, keys: KeyDirectory, data: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(StoreError::NoStore { directory: data.to_owned() });
        }
        let found = version_of(&dialect::read_only(path)).await.map_err(|f| named(path, f))?;
        schema::require_current(found, path)?;
        let pool =
            SqlitePoolOptions::new().max_connections(1).connect_lazy_with(dialect::reading(path));
        let writer = Some(Arc::new(Mutex::new(None)));
        Ok(Self::assemble(path, keys, data, pool, writer))
    }

    /// Opens the database at `path` for reading, also while another process writes to it.
    ///
    /// # Errors
    /// [`StoreError::NoStore`], [`StoreError::OlderSchema`], [`StoreError::NewerSchema`],
    /// [`StoreError::Corrupt`].
    pub async fn open_read_only(
        path: &Path,
        keys: KeyDirectory,
        data: &Path,
        readers: u32,
    ) -> Result<Self> {
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
        let pool =
            SqlitePoolOptions::new().max_connections(readers.max(1)).connect_lazy_with(options);
        Ok(Self::assemble(path, keys, data, pool, None))
    }

    fn assemble(
        path: &Path,
        keys: KeyDirectory,
        data: &Path,
        readers: SqlitePool,
        writer: Option<Arc<Mutex<Option<SqliteConnection>>>>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            writer,
            readers,
            keys,
            data: data.to_owned(),
            checked: StdMutex::default(),
        }
    }

    /// Whether it was opened for reading only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.writer.is_none()
    }

    /// 16 random bytes made with the database; its exchange log carries them too.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn identity(&self) -> Result<[u8; 16]> {
        let mut connection = self.reader().await?;
        keys::identity(&mut connection).await.map_err(|fault| self.name(fault))
    }

    /// Limits the database file to `pages` pages of the writing connection, until it is replaced
    /// after an error. For tests of what happens when the disk is full.
    ///
    /// # Errors
    /// When the store was opened for reading only.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: u32) -> Result<()> {
        let mut write = self.begin().await?;
        let text = format!("PRAGMA max_page_count = {pages}");
        let result = sqlx::query(sqlx::AssertSqlSafe(text))
            .execute(&mut write.connection)
            .await
            .map(|_| ())
            .map_err(Fault::from);
        self.finish(write, result).await
    }

    fn name(&self, fault: Fault) -> StoreError {
        named(&self.path, fault)
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>> {
        self.readers.acquire().await.map_err(|e| self.name(e.into()))
    }

    /// Waits for the one writer and begins a transaction.
    async fn begin(&self) -> Result<Write> {
        let writer = self.writer.as_ref().ok_or(StoreError::OpenedReadOnly)?;
        let mut guard = Arc::clone(writer).lock_owned().await;
        let mut connection = match guard.take() {
            Some(connection) => connection,
            None => {
                connect(&dialect::writing(&self.path)).await.map_err(|e| self.name(e.into()))?
            }
        };
        sqlx::query(dialect::BEGIN)
            .execute(&mut connection)
            .await
            .map_err(|e| self.name(e.into()))?;
        Ok(Write { guard, connection })
    }

    /// Commits when the work succeeded, else rolls back.
    async fn finish<T>(&self, mut write: Write, result: Inner<T>) -> Result<T> {
        match result {
            Ok(value) => {
                let committed = sqlx::query(dialect::COMMIT).execute(&mut write.connection).await;
                committed.map_err(|e| self.name(e.into()))?;
                *write.guard = Some(write.connection);
                Ok(value)
            }
            Err(fault @ Fault::Store(_)) => {
                let back = sqlx::query(dialect::ROLLBACK).execute(&mut write.connection).await;
                if back.is_ok() {
                    *write.guard = Some(write.connection);
                }
                Err(self.name(fault))
            }
            Err(fault) => {
                // Closed here rather than on drop, so that the next connection finds it gone.
                let _ = write.connection.close().await;
                Err(self.name(fault))
            }
        }
    }
}

fn named(path: &Path, fault: Fault) -> StoreError {
    match fault {
        Fault::Sql(source) => dialect::explain(path, source),
        Fault::Store(error) => error,
    }
}

async fn connect(
    options: &sqlx::sqlite::SqliteConnectOptions,
) -> std::result::Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(options).await
}

async fn version_of(options: &sqlx::sqlite::SqliteConnectOptions) -> Inner<i64> {
    let mut connection = connect(options).await?;
    let version = schema::version(&mut connection).await;
    let _ = connection.close().await;
    version
}
