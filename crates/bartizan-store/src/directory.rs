//! A data directory: lock, database, keys and exchange log of one scope, opened together.
//!
//! ```text
//! DIRECTORY/bartizan.lock       held by the one process that writes
//! DIRECTORY/bartizan.db         SQLite, with -wal and -shm beside it; or none, with PostgreSQL
//! DIRECTORY/keys/ORG.key        unless another key directory is named
//! DIRECTORY/exchanges/ORG/ENV/  segments of the exchange log
//! ```

mod reading;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bartizan_model::{HashKey, OrganisationId, Scope, Timestamp};
use tokio::sync::Mutex;

use crate::{
    calls,
    database::SqlStore,
    error::{Result, StoreError, free_bytes},
    exchange_log::{
        ExchangeFacts, ExchangeLog, FileExchangeLog, LogBudget, LogNumber, LogOptions, LogSetup,
        Packed, RemovedSegment, segment_files,
    },
    files,
    lock::DirectoryLock,
    options::DataOptions,
    records::{Batch, SaveReport},
    store::Store,
};

pub use reading::{ExchangePage, LatestExchanges};

/// Name of the database file in a data directory.
pub const DATABASE_FILE: &str = "bartizan.db";
/// Most segments of the exchange log that make room for one call on a full disk: somebody else may be
/// filling it.
pub const MOST_REMOVED: usize = 4;
const EXCHANGES: &str = "exchanges";

/// An open data directory.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    store: Arc<SqlStore>,
    log: Arc<dyn ExchangeLog>,
    number: LogNumber,
    scope: Scope,
    key: HashKey,
    /// Most bytes of the exchange log.
    max_bytes: Option<u64>,
    segment_bytes: u64,
    removed_for_space: AtomicU64,
    /// Held from writing blocks until their entries are committed, and while segments are removed:
    /// else a segment could go between the two.
    appending: Mutex<()>,
    _lock: Option<DirectoryLock>,
}

impl DataDirectory {
    /// Opens for reading and writing: takes the lock, brings the database up to date, loads or
    /// creates the organisation's key, cuts off what was never acknowledged. `now` is written down
    /// when the organisation is new.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::ReadOnly`], [`StoreError::Full`],
    /// [`StoreError::NewerSchema`], [`StoreError::Corrupt`], and those of the key.
    pub async fn open(options: &DataOptions, now: Timestamp) -> Result<Self> {
        let directory = &options.directory;
        files::create_private_directory(directory)?;
        let lock = DirectoryLock::acquire(directory)?;
        let store = options.open_store().await?;
        let key = store.organisation_key(&options.scope.organisation, now).await?;
        let place = log_directory(directory, &options.scope)?;
        let number = LogNumber::read_or_take(&place, options.postgres.is_some())?;
        let known = store.exchange_segments(&options.scope, number).await?;
        let setup = log_setup(options, &store, key.clone(), number).await?;
        let log = tokio::task::spawn_blocking(move || FileExchangeLog::open(setup, &known))
            .await
            .map_err(|e| interrupted(directory, e))??;
        Ok(Self::assemble(options, store, (Arc::new(log), number), key, Some(lock)))
    }

    /// Opens for reading, also while another process writes. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoStore`], [`StoreError::OlderSchema`], [`StoreError::NewerSchema`],
    /// [`StoreError::Corrupt`], and those of the key. [`StoreError::NotFound`] when the
    /// organisation is not in this store.
    pub async fn open_read_only(options: &DataOptions) -> Result<Self> {
        let store = options.open_store_read_only().await?;
        let organisation = &options.scope.organisation;
        let key = store.organisation_key(organisation, Timestamp::default()).await?;
        let number = LogNumber::read(&log_directory(&options.directory, &options.scope)?)?;
        let setup = log_setup(options, &store, key.clone(), number).await?;
        let log = FileExchangeLog::open_read_only(setup);
        Ok(Self::assemble(options, store, (Arc::new(log), number), key, None))
    }

    /// Opens the SQL store alone, for a small change beside the process that holds the directory:
    /// a key must be revoked while a gateway runs. The exchange log stays untouched.
    ///
    /// # Errors
    /// As [`DataDirectory::open_read_only`], without those of the key.
    pub async fn store_beside(options: &DataOptions) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(options.open_store_beside().await?))
    }

    fn assemble(
        options: &DataOptions,
        store: SqlStore,
        (log, number): (Arc<dyn ExchangeLog>, LogNumber),
        key: HashKey,
        lock: Option<DirectoryLock>,
    ) -> Self {
        let scope = options.scope.clone();
        let store = Arc::new(store);
        let LogOptions { segment_bytes, max_bytes } = options.log;
        Self {
            path: options.directory.clone(),
            store,
            log,
            number,
            scope,
            key,
            max_bytes,
            segment_bytes,
            removed_for_space: AtomicU64::new(0),
            appending: Mutex::new(()),
            _lock: lock,
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SQL store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The SQL store, to be kept.
    #[must_use]
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// The SQL store, for what is not in [`Store`].
    #[must_use]
    pub fn sql(&self) -> &SqlStore {
        &self.store
    }

    /// The exchange log.
    #[must_use]
    pub fn log(&self) -> &dyn ExchangeLog {
        &*self.log
    }

    /// Organisation and environment.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The organisation's key, under which values are hashed.
    #[must_use]
    pub fn key(&self) -> &HashKey {
        &self.key
    }

    /// Writes exchanges and everything that was learned from them. When this returns `Ok`, all of
    /// it is durable; otherwise none of it is there. `batch.blocks` and `batch.calls` are filled in here.
    ///
    /// The oldest segments of the exchange log make room: those beyond its budget, and, when the disk is
    /// full, up to [`MOST_REMOVED`] in each call but never the last. [`Store::removed_segments`] lists what is gone.
    ///
    /// # Errors
    /// Those of [`ExchangeLog::append`] and [`Store::save_batch`].
    pub async fn save(
        &self,
        mut batch: Batch,
        exchanges: Vec<ExchangeFacts>,
    ) -> Result<SaveReport> {
        batch.calls = calls::count(&exchanges, batch.now);
        let packed = pack(exchanges).await?;
        let _appending = self.appending.lock().await;
        let report = self.write_making_room(&mut batch, &packed).await?;
        if batch.blocks.iter().any(|block| block.position == 0) {
            // What was saved is saved. The next new segment tries again.
            let _ = self.trim(None, batch.now).await;
        }
        Ok(report)
    }

    async fn write_making_room(
        &self,
        batch: &mut Batch,
        packed: &Arc<Packed>,
    ) -> Result<SaveReport> {
        let mut saved = self.write(batch, packed).await;
        for _ in 0..MOST_REMOVED {
            let Err(StoreError::Full { path, free_bytes: free }) = &saved else { break };
            // A limit that is not the disk's: removing other files does not help.
            if free.is_some_and(|free| free >= self.segment_bytes) {
                break;
            }
            // What was not saved says why; what keeps room from being made is the same again.
            let Ok(Some(gone)) = self.remove_oldest(batch.now).await else { break };
            self.removed_for_space.fetch_add(gone.records, Relaxed);
            let has_helped = |(was, is): (u64, u64)| is >= was + gone.bytes / 2;
            // Somebody else takes the room: what is left stays.
            if !free.zip(free_bytes(path)).is_none_or(has_helped) {
                break;
            }
            saved = self.write(batch, packed).await;
        }
        saved
    }

    async fn write(&self, batch: &mut Batch, packed: &Arc<Packed>) -> Result<SaveReport> {
        batch.blocks = self.log.append(packed).await?;
        let saved = self.store.save_batch(&self.scope, batch).await;
        match &saved {
            // Whether such a commit took place may only show after a restart, so the blocks stay.
            Ok(_)
            | Err(
                StoreError::Database { .. } | StoreError::Io { .. } | StoreError::Uncertain { .. },
            ) => {}
            Err(_) => self.log.discard(&batch.blocks).await,
        }
        saved
    }

    /// Keeps the exchange log within its bytes, and drops what is `older_than` that: whole segments,
    /// oldest first. Writes down what is gone.
    ///
    /// # Errors
    /// When index or files cannot be changed. A file whose index is gone already is removed on the
    /// next opening.
    pub async fn trim_exchanges(
        &self,
        older_than: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RemovedSegment>> {
        let _appending = self.appending.lock().await;
        self.trim(older_than, now).await
    }

    async fn trim(
        &self,
        older_than: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RemovedSegment>> {
        let budget = LogBudget { log: self.number, max_bytes: self.max_bytes, older_than };
        if budget.max_bytes.is_none() && budget.older_than.is_none() {
            return Ok(Vec::new());
        }
        let removed = self.store.trim_exchanges(&self.scope, &budget, now).await?;
        if !removed.is_empty() {
            let segments: Vec<_> = removed.iter().map(|r| r.segment).collect();
            self.log.remove(&segments).await?;
        }
        Ok(removed)
    }

    /// Removes the oldest segment, unless it is the only one.
    async fn remove_oldest(&self, now: Timestamp) -> Result<Option<RemovedSegment>> {
        let gone = match self.store.remove_oldest_exchanges(&self.scope, self.number, now).await {
            Err(StoreError::Full { .. }) => {
                // Not even room to write down that it goes, so it goes first. Should we be stopped in
                // between, its blocks are read as damaged until the next one is removed.
                let segments = self.store.exchange_segments(&self.scope, self.number).await?;
                let [oldest, _, ..] = &segments[..] else { return Ok(None) };
                self.log.remove(&[oldest.segment]).await?;
                return self.store.remove_oldest_exchanges(&self.scope, self.number, now).await;
            }
            gone => gone?,
        };
        if let Some(gone) = &gone {
            self.log.remove(&[gone.segment]).await?;
        }
        Ok(gone)
    }

    /// Exchanges that were removed since opening because the disk was full.
    #[must_use]
    pub fn removed_for_space(&self) -> u64 {
        self.removed_for_space.load(Relaxed)
    }

    /// Closes the database and lets go of the directory.
    pub async fn close(self) {
        self.store.close().await;
    }
}

async fn pack(exchanges: Vec<ExchangeFacts>) -> Result<Arc<Packed>> {
    let packed = tokio::task::spawn_blocking(|| Packed::of(exchanges)).await;
    let interrupted = |e| StoreError::Io {
        action: "writing",
        path: EXCHANGES.into(),
        source: std::io::Error::other(e),
    };
    Ok(Arc::new(packed.map_err(interrupted)??))
}

async fn log_setup(
    options: &DataOptions,
    store: &SqlStore,
    key: HashKey,
    number: LogNumber,
) -> Result<LogSetup> {
    Ok(LogSetup {
        directory: log_directory(&options.directory, &options.scope)?,
        scope: options.scope.clone(),
        key,
        store: store.identity().await?,
        options: options.log,
        last_segment: store.last_exchange_segment(&options.scope, number).await?,
    })
}

fn interrupted(directory: &Path, error: tokio::task::JoinError) -> StoreError {
    let source = std::io::Error::other(error);
    StoreError::Io { action: "opening", path: directory.to_owned(), source }
}

fn log_directory(data: &Path, scope: &Scope) -> Result<PathBuf> {
    let organisation = files::file_name("organisation", scope.organisation.as_str())?;
    let environment = files::file_name("environment", scope.environment.as_str())?;
    Ok(data.join(EXCHANGES).join(organisation).join(environment))
}

/// Whether the exchange log holds anything of an organisation, in any environment.
pub(crate) fn organisation_has_exchanges(
    data: &Path,
    organisation: &OrganisationId,
) -> Result<bool> {
    let name = files::file_name("organisation", organisation.as_str())?;
    let directory = data.join(EXCHANGES).join(name);
    let environments = match std::fs::read_dir(&directory) {
        Ok(environments) => environments,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(StoreError::io("reading", &directory, e)),
    };
    for environment in environments {
        let path = environment.map_err(|e| StoreError::io("reading", &directory, e))?.path();
        if path.is_dir() && !segment_files(&path)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
