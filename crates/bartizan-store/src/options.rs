//! How a data directory and its SQL store are opened.

use std::path::PathBuf;

use bartizan_model::Scope;

use crate::{
    database::SqlStore, directory::DATABASE_FILE, error::Result, exchange_log::LogOptions,
    keys::KeyDirectory, postgres::PostgresOptions,
};

const KEYS: &str = "keys";

/// How a data directory is opened.
#[derive(Clone, Debug)]
pub struct DataOptions {
    /// The data directory. Created when opened for writing.
    pub directory: PathBuf,
    /// Where keys are kept; `None` for `keys` inside the data directory. Better elsewhere, so that
    /// a copy of the data is of no use to whoever takes it.
    pub key_directory: Option<PathBuf>,
    /// Organisation and environment that are worked on.
    pub scope: Scope,
    /// Connections that read beside the one that writes.
    pub readers: u32,
    /// How the exchange log is written.
    pub log: LogOptions,
    /// The PostgreSQL database that stands in for the SQLite file; keys and exchange log stay in the
    /// directory.
    pub postgres: Option<PostgresOptions>,
}

impl DataOptions {
    /// A directory with defaults: its own `keys`, the default scope, four readers.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            key_directory: None,
            scope: Scope::default(),
            readers: 4,
            log: LogOptions::default(),
            postgres: None,
        }
    }

    pub(crate) fn keys(&self) -> KeyDirectory {
        let keys = self.key_directory.clone();
        KeyDirectory::new(keys.unwrap_or_else(|| self.directory.join(KEYS)))
    }

    fn database(&self) -> PathBuf {
        self.directory.join(DATABASE_FILE)
    }

    /// Whether there can be something to read.
    pub(crate) fn is_there(&self) -> bool {
        self.postgres.is_some() || self.database().is_file()
    }

    /// The SQL store alone, for reading and writing, brought up to date.
    ///
    /// # Errors
    /// Those of [`SqlStore::sqlite`] and [`SqlStore::postgres`].
    pub async fn open_store(&self) -> Result<SqlStore> {
        let (keys, data) = (self.keys(), &*self.directory);
        match &self.postgres {
            None => SqlStore::sqlite(&self.database(), keys, data, self.readers).await,
            Some(postgres) => SqlStore::postgres(postgres, keys, data, self.readers).await,
        }
    }

    /// The SQL store alone, for reading.
    ///
    /// # Errors
    /// Those of [`SqlStore::sqlite_read_only`] and [`SqlStore::postgres_beside`].
    pub async fn open_store_read_only(&self) -> Result<SqlStore> {
        let (keys, data, readers) = (self.keys(), &*self.directory, self.readers);
        match &self.postgres {
            None => SqlStore::sqlite_read_only(&self.database(), keys, data, readers).await,
            Some(postgres) => SqlStore::postgres_beside(postgres, keys, data, readers, true).await,
        }
    }

    /// The SQL store alone, for small changes beside the process that holds the directory.
    ///
    /// # Errors
    /// Those of [`SqlStore::sqlite_beside`] and [`SqlStore::postgres_beside`].
    pub async fn open_store_beside(&self) -> Result<SqlStore> {
        let (keys, data) = (self.keys(), &*self.directory);
        match &self.postgres {
            None => SqlStore::sqlite_beside(&self.database(), keys, data).await,
            Some(postgres) => SqlStore::postgres_beside(postgres, keys, data, 1, false).await,
        }
    }
}
