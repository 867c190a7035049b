//! The store in a SQL database. What is done and said in SQL is the same for SQLite and PostgreSQL
//! and is written here once; what differs is in [`crate::sqlite`] and [`crate::postgres`].

mod aliases;
mod apart;
mod api_keys;
mod audit;
mod batch;
mod calls;
mod changelog;
mod changes;
mod clients;
mod connection;
mod copy;
mod deliveries;
mod facets;
mod failed;
mod filters;
mod findings;
mod glance;
mod incidents;
mod journeys;
mod keys;
mod log_index;
mod logins;
mod maintain;
mod outbox;
mod quotas;
mod read;
pub(crate) mod schema;
mod servicemap;
mod services;
mod store;
mod triage;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex as StdMutex,
};

use bartizan_model::{HashKey, OrganisationId, Scope};
use sqlx::SqliteConnection;
use tokio::sync::OwnedMutexGuard;

pub(crate) use self::connection::{Connection, Query, Row, Value, bounded, column_text, query};
pub use self::copy::CopyReport;
pub(crate) use self::copy::TABLES;
use crate::{
    error::{Result, StoreError},
    keys::KeyDirectory,
    postgres::{PostgresDatabase, PostgresOptions},
    sqlite::SqliteDatabase,
};

/// What goes wrong inside: an error of the driver still lacks the name of the database.
#[derive(Debug)]
pub(crate) enum Fault {
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

pub(crate) type Inner<T> = std::result::Result<T, Fault>;

/// Statements that the two databases do not share.
pub(crate) struct Dialect {
    /// Inserts many index rows at once: `$3` segment, `$4` position, `$5` a JSON array of keys.
    pub(crate) add_subjects: &'static str,
    /// Calls of endpoints in buckets of the length `$3`; `$4` is a JSON array of their ids.
    pub(crate) calls_of: &'static str,
    /// Writes them: `$4` is a JSON array of endpoint, first and last time, and buckets as JSON.
    pub(crate) save_calls: &'static str,
    /// Whether the table of migrations is there: 0 or 1.
    pub(crate) has_migrations: &'static str,
    /// Name and type of the columns of table `$1`, in order.
    pub(crate) columns: &'static str,
    /// The columns of the primary key of table `$1`, in order.
    pub(crate) primary_key: &'static str,
}

/// A store in a SQL database.
pub struct SqlStore {
    database: Database,
    keys: KeyDirectory,
    /// Where encrypted data lies beside the database.
    data: PathBuf,
    /// Keys that were checked against the database.
    checked: StdMutex<BTreeMap<OrganisationId, HashKey>>,
}

enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqlStore({})", self.address().display())
    }
}

/// The right to write: an open transaction, rolled back when it is dropped.
pub(crate) struct Write {
    pub(crate) connection: Connection,
    pub(crate) hold: Hold,
}

/// What an open transaction keeps until it ends.
pub(crate) enum Hold {
    /// Where the connection goes back to.
    Sqlite(OwnedMutexGuard<Option<SqliteConnection>>),
    /// Nothing: the connection knows its pool.
    Postgres,
}

impl SqlStore {
    /// Opens the SQLite database at `path` for reading and writing; creates it, brings it up to date.
    /// Keys come from `keys`; `data` is the directory whose encrypted files prove that a missing
    /// key must not be replaced.
    ///
    /// Only one process may do so at a time: the caller holds the lock of the directory.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Corrupt`], [`StoreError::ReadOnly`],
    /// [`StoreError::Full`].
    pub async fn sqlite(
        path: &Path,
        keys: KeyDirectory,
        data: &Path,
        readers: u32,
    ) -> Result<Self> {
        let database = SqliteDatabase::open(path, readers).await?;
        Self::with_identity(Database::Sqlite(database), keys, data).await
    }

    /// Opens a SQLite database for small changes beside the process that holds the directory: each is
    /// one transaction, for which the database makes writers wait for each other. Creates and
    /// migrates nothing.
    ///
    /// # Errors
    /// As [`SqlStore::sqlite_read_only`].
    pub async fn sqlite_beside(path: &Path, keys: KeyDirectory, data: &Path) -> Result<Self> {
        let database = SqliteDatabase::open_beside(path, data).await?;
        Ok(Self::assemble(Database::Sqlite(database), keys, data))
    }

    /// Opens a SQLite database for reading, also while another process writes to it.
    ///
    /// # Errors
    /// [`StoreError::NoStore`], [`StoreError::OlderSchema`], [`StoreError::NewerSchema`],
    /// [`StoreError::Corrupt`].
    pub async fn sqlite_read_only(
        path: &Path,
        keys: KeyDirectory,
        data: &Path,
        readers: u32,
    ) -> Result<Self> {
        let database = SqliteDatabase::open_read_only(path, data, readers).await?;
        Ok(Self::assemble(Database::Sqlite(database), keys, data))
    }

    /// Opens a PostgreSQL database, which several processes may do at a time; brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::NewerSchema`], [`StoreError::Database`].
    pub async fn postgres(
        options: &PostgresOptions,
        keys: KeyDirectory,
        data: &Path,
        readers: u32,
    ) -> Result<Self> {
        let database = PostgresDatabase::open(options, readers).await?;
        Self::with_identity(Database::Postgres(database), keys, data).await
    }

    /// Opens a PostgreSQL database that is up to date already, for small changes or, when
    /// `read_only`, for none.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::OlderSchema`], [`StoreError::NewerSchema`].
    pub async fn postgres_beside(
        options: &PostgresOptions,
        keys: KeyDirectory,
        data: &Path,
        readers: u32,
        read_only: bool,
    ) -> Result<Self> {
        let database = PostgresDatabase::open_beside(options, readers, read_only).await?;
        Ok(Self::assemble(Database::Postgres(database), keys, data))
    }

    async fn with_identity(database: Database, keys: KeyDirectory, data: &Path) -> Result<Self> {
        let store = Self::assemble(database, keys, data);
        store.ensure_identity().await?;
        Ok(store)
    }

    fn assemble(database: Database, keys: KeyDirectory, data: &Path) -> Self {
        Self { database, keys, data: data.to_owned(), checked: StdMutex::default() }
    }

    /// The database file, or `HOST:PORT/NAME` of a server's database.
    #[must_use]
    pub fn address(&self) -> &Path {
        match &self.database {
            Database::Sqlite(database) => database.path(),
            Database::Postgres(database) => database.address(),
        }
    }

    /// Whether it was opened for reading only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match &self.database {
            Database::Sqlite(database) => database.is_read_only(),
            Database::Postgres(database) => database.is_read_only(),
        }
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
    /// after an error. For tests of what happens when the disk is full; nothing on PostgreSQL.
    ///
    /// # Errors
    /// When the store was opened for reading only.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: u32) -> Result<()> {
        match &self.database {
            Database::Sqlite(database) => database.limit_pages(pages).await,
            Database::Postgres(_) => Ok(()),
        }
    }

    fn name(&self, fault: Fault) -> StoreError {
        match (&self.database, fault) {
            (_, Fault::Store(error)) => error,
            (Database::Sqlite(database), Fault::Sql(source)) => database.explain(source),
            (Database::Postgres(database), Fault::Sql(source)) => database.explain(source),
        }
    }

    async fn reader(&self) -> Result<Connection> {
        match &self.database {
            Database::Sqlite(database) => database.reader().await,
            Database::Postgres(database) => database.reader().await,
        }
        .map_err(|fault| self.name(fault))
    }

    /// Begins a transaction. Those of one scope follow each other, in all processes.
    async fn begin(&self, scope: &Scope) -> Result<Write> {
        match &self.database {
            Database::Sqlite(database) => database.begin().await,
            Database::Postgres(database) => database.begin(scope).await,
        }
        .map_err(|fault| self.name(fault))
    }

    /// Commits when the work succeeded, else rolls back.
    async fn finish<T>(&self, write: Write, result: Inner<T>) -> Inner<T> {
        match &self.database {
            Database::Sqlite(database) => database.finish(write, result).await,
            Database::Postgres(database) => database.finish(write, result).await,
        }
    }
}

/// Whether the database gave up a transaction only because of others that ran beside it, so that the
/// same again may succeed.
pub(crate) fn is_passing(fault: &Fault) -> bool {
    // `serialization_failure` and `deadlock_detected`, of PostgreSQL; the codes of SQLite are others.
    let Fault::Sql(error) = fault else { return false };
    let code = error.as_database_error().and_then(|e| e.code());
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}
