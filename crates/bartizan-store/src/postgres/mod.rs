//! What only PostgreSQL needs: a pool of connections to a server that may go away, transactions that
//! follow each other per scope, integrity check.

mod dialect;
mod maintain;
mod options;

use std::path::{Path, PathBuf};

use bartizan_model::Scope;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(crate) use self::dialect::DIALECT;
pub use self::options::PostgresOptions;
use crate::{
    database::{Connection, Fault, Hold, Inner, Write, bounded, query, schema},
    error::{Result, StoreError},
    records::IntegrityReport,
};

/// A test compares this with the directory.
pub(crate) const MIGRATIONS: &[schema::Numbered] = &[
    (1, "initial", include_str!("../../migrations/postgres/0001_initial.sql")),
    (2, "api_keys", include_str!("../../migrations/postgres/0002_api_keys.sql")),
    (3, "incident_aliases", include_str!("../../migrations/postgres/0003_incident_aliases.sql")),
    (4, "logins", include_str!("../../migrations/postgres/0004_logins.sql")),
    (5, "deliveries", include_str!("../../migrations/postgres/0005_deliveries.sql")),
    (6, "triage", include_str!("../../migrations/postgres/0006_triage.sql")),
    (7, "counts", include_str!("../../migrations/postgres/0007_counts.sql")),
    (8, "lists", include_str!("../../migrations/postgres/0008_lists.sql")),
    (9, "traffic", include_str!("../../migrations/postgres/0009_traffic.sql")),
    (10, "hosts", include_str!("../../migrations/postgres/0010_hosts.sql")),
    (11, "calls", include_str!("../../migrations/postgres/0011_calls.sql")),
    (12, "facets", include_str!("../../migrations/postgres/0012_facets.sql")),
    (13, "operations", include_str!("../../migrations/postgres/0013_operations.sql")),
    (14, "owners", include_str!("../../migrations/postgres/0014_owners.sql")),
    (15, "change_log", include_str!("../../migrations/postgres/0015_change_log.sql")),
    (16, "journeys", include_str!("../../migrations/postgres/0016_journeys.sql")),
    (17, "clients", include_str!("../../migrations/postgres/0017_clients.sql")),
    (18, "services", include_str!("../../migrations/postgres/0018_services.sql")),
    (19, "known_by", include_str!("../../migrations/postgres/0019_known_by.sql")),
    (22, "paths_apart", include_str!("../../migrations/postgres/0022_paths_apart.sql")),
    (24, "quotas", include_str!("../../migrations/postgres/0024_quotas.sql")),
    (25, "key_terms", include_str!("../../migrations/postgres/0025_key_terms.sql")),
    (26, "failed_deliveries", include_str!("../../migrations/postgres/0026_failed_deliveries.sql")),
];

/// A database of a server that others use too.
pub(crate) struct PostgresDatabase {
    /// `HOST:PORT/NAME`, for messages.
    address: PathBuf,
    pool: PgPool,
    read_only: bool,
}

impl PostgresDatabase {
    pub(crate) async fn open(options: &PostgresOptions, readers: u32) -> Result<Self> {
        let database = Self::connect(options, readers, false);
        database.migrate().await.map_err(|fault| database.name(fault))?;
        Ok(database)
    }

    pub(crate) async fn open_beside(
        options: &PostgresOptions,
        readers: u32,
        read_only: bool,
    ) -> Result<Self> {
        let database = Self::connect(options, readers, read_only);
        let found = database.version().await.map_err(|fault| database.name(fault))?;
        schema::require_current(found, &database.address)?;
        Ok(database)
    }

    /// No connection is made yet.
    fn connect(options: &PostgresOptions, readers: u32, read_only: bool) -> Self {
        // One more than reads, for what writes.
        let pool = pool(options.for_sessions(read_only), readers.saturating_add(1));
        Self { address: options.address().to_owned(), pool, read_only }
    }

    async fn version(&self) -> Inner<i64> {
        schema::version(&mut self.reader().await?).await
    }

    /// Several processes may do so at a time: the migrations lock each other out.
    async fn migrate(&self) -> Inner<()> {
        schema::require_known(self.version().await?, &self.address)?;
        let mut connection = self.pool.acquire().await?;
        schema::migrate(&mut *connection, MIGRATIONS, &self.address).await
    }

    pub(crate) fn address(&self) -> &Path {
        &self.address
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(crate) fn explain(&self, source: sqlx::Error) -> StoreError {
        dialect::explain(&self.address, source)
    }

    fn name(&self, fault: Fault) -> StoreError {
        match fault {
            Fault::Sql(source) => self.explain(source),
            Fault::Store(error) => error,
        }
    }

    pub(crate) async fn reader(&self) -> Inner<Connection> {
        Ok(Connection::PostgresReader(self.pool.acquire().await?))
    }

    /// Begins a transaction and waits until no other one of this scope is open, in any process: what
    /// is read in it and written back (sequences, chains, states) cannot have changed in between.
    pub(crate) async fn begin(&self, scope: &Scope) -> Inner<Write> {
        if self.read_only {
            return Err(StoreError::OpenedReadOnly.into());
        }
        let transaction = bounded(self.pool.begin_with(dialect::BEGIN)).await?;
        let mut connection = Connection::Postgres(transaction);
        query(dialect::LOCK_SCOPE).bind(scope_lock(scope)).execute(&mut connection).await?;
        Ok(Write { connection, hold: Hold::Postgres })
    }

    pub(crate) async fn finish<T>(&self, write: Write, result: Inner<T>) -> Inner<T> {
        let Connection::Postgres(transaction) = write.connection else { return result };
        match result {
            Ok(value) => match bounded(transaction.commit()).await {
                Ok(()) => Ok(value),
                // The server refused: then nothing is kept.
                Err(error @ sqlx::Error::Database(_)) if !dialect::is_lost(&error) => {
                    Err(error.into())
                }
                Err(error) => {
                    let path = self.address.clone();
                    Err(StoreError::Uncertain { path, reason: error.to_string() }.into())
                }
            },
            Err(fault) => {
                // What broke off is rolled back by the server when the connection goes.
                let _ = bounded(transaction.rollback()).await;
                Err(fault)
            }
        }
    }

    /// A connection in a transaction that sees one state of the database.
    pub(crate) async fn snapshot(&self) -> Inner<Connection> {
        Ok(Connection::Postgres(bounded(self.pool.begin_with(dialect::BEGIN_READING)).await?))
    }

    pub(crate) async fn integrity(&self) -> Inner<IntegrityReport> {
        maintain::integrity(&mut self.snapshot().await?).await
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections.max(2))
        .acquire_timeout(dialect::CONNECT_TIMEOUT)
        .connect_lazy_with(options)
}

/// The number under which the server knows the lock of a scope.
fn scope_lock(scope: &Scope) -> i64 {
    let mut hasher = blake3::Hasher::new_derive_key("bartizan 2026-11 lock of a scope v1");
    for part in [scope.organisation.as_str(), scope.environment.as_str()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_le_bytes(bytes)
}
