//! The folder of results, opened for a command.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_analysis::State;
use bartizan_model::{Scope, Timestamp};
use bartizan_pipeline::keep;
use bartizan_store::{
    DataDirectory, DataOptions, LearnedState, LogOptions, PostgresOptions, Store, StoreError,
};
use tokio::runtime::Runtime;

use super::{Cli, CommandError, analyze, config};
use crate::config::{Config, Reference};

/// Folder that is read when none is named.
pub(super) const DEFAULT_FOLDER: &str = "bartizan-data";

/// An open folder and what its asynchronous calls run on.
pub(super) struct Data {
    pub(super) runtime: Runtime,
    pub(super) directory: DataDirectory,
}

impl Data {
    /// Opens `folder` for writing, creating what is missing. One process at a time.
    ///
    /// # Errors
    /// When it cannot be written, is in use, or was written by a newer version.
    pub(super) fn open(
        folder: &Path,
        config: &Config,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Self, CommandError> {
        let runtime = runtime()?;
        let options = options(folder, config, scope)?;
        let opened = runtime.block_on(DataDirectory::open(&options, now));
        Ok(Self { directory: opened.map_err(|e| failed(&e))?, runtime })
    }

    /// Opens `folder` for reading; somebody else may be writing.
    ///
    /// # Errors
    /// When there is nothing to read.
    pub(super) fn open_read_only(
        folder: &Path,
        config: &Config,
        scope: &Scope,
    ) -> Result<Self, CommandError> {
        let runtime = runtime()?;
        let options = options(folder, config, scope)?;
        match runtime.block_on(DataDirectory::open_read_only(&options)) {
            Ok(directory) => Ok(Self { runtime, directory }),
            Err(StoreError::NoStore { .. } | StoreError::NotFound { .. }) => {
                let shown = folder.display();
                Err(CommandError::input(format!("nothing is kept in {shown}"))
                    .help(format!("`bartizan analyze INPUT --data {shown}` keeps results there")))
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

/// The store, opened for a small change: alone, or beside the process that holds it.
pub(super) struct Open {
    pub(super) runtime: Runtime,
    pub(super) store: Arc<dyn Store>,
    pub(super) scope: Scope,
    pub(super) now: Timestamp,
    /// Whether a server may be running with this store: one holds the folder, or there may be others elsewhere.
    pub(super) may_be_served: bool,
    /// Held until the change is made.
    _directory: Option<DataDirectory>,
}

impl Open {
    /// Opens it; `creates` when there may be nothing yet.
    ///
    /// # Errors
    /// When there is nothing, or it cannot be written.
    pub(super) fn new(
        cli: &Cli,
        folder: Option<&PathBuf>,
        creates: bool,
    ) -> Result<Self, CommandError> {
        let config = config::current(cli)?.config;
        let scope = analyze::scope(&config);
        let folder = self::folder(folder, &config);
        if !creates && !folder.is_dir() {
            return Err(CommandError::input(format!("nothing is kept in {}", folder.display())));
        }
        let now = Timestamp::from_micros(analyze::micros_now());
        let options: DataOptions = options(&folder, &config, &scope)?;
        let runtime = runtime()?;
        let (store, directory) = match runtime.block_on(DataDirectory::open(&options, now)) {
            Ok(directory) => (directory.shared_store(), Some(directory)),
            Err(StoreError::Locked { .. }) => {
                let store = runtime.block_on(DataDirectory::store_beside(&options));
                (store.map_err(|error| failed(&error))?, None)
            }
            Err(error) => return Err(failed(&error)),
        };
        let may_be_served = directory.is_none() || options.postgres.is_some();
        Ok(Self { runtime, store, scope, now, may_be_served, _directory: directory })
    }
}

/// What earlier runs learned, as the store has it.
pub(super) struct Learned(Option<LearnedState>);

impl Learned {
    /// Reads it.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn read(
        runtime: &Runtime,
        store: &dyn Store,
        scope: &Scope,
    ) -> Result<Self, CommandError> {
        let learned = store.learned(scope, keep::LEARNED);
        let learned = runtime.block_on(learned).map_err(|e| failed(&e))?;
        Ok(Self(learned.map(|(learned, _)| learned)))
    }

    /// Whether another version learned it, so that it cannot be continued.
    pub(super) fn is_foreign(&self) -> bool {
        self.0.as_ref().is_some_and(|learned| keep::unwrap_learned(learned).is_none())
    }

    /// The state to go on from (an empty one when there is none, or another version's), and whether
    /// it was another version's.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn state(&self, scope: &Scope) -> Result<(State, bool), CommandError> {
        let Some(bytes) = self.0.as_ref().and_then(keep::unwrap_learned) else {
            return Ok((State::new(scope), self.is_foreign()));
        };
        let state = State::load(bytes).map_err(|error| {
            CommandError::usage(format!("cannot go on from what was learned: {error}"))
                .help("use a new folder with --data, or the version that wrote this one")
        })?;
        Ok((state, false))
    }
}

/// An error of the store, as the command reports it: its causes, and what to do.
pub(super) fn failed(error: &StoreError) -> CommandError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let text = next.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = next.source();
    }
    CommandError::usage(message).help(error.help())
}

pub(super) fn runtime() -> Result<Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| CommandError::usage(format!("cannot start: {error}")))
}

/// How the store is opened.
///
/// # Errors
/// When the address of its database cannot be read.
pub(super) fn options(
    folder: &Path,
    config: &Config,
    scope: &Scope,
) -> Result<DataOptions, CommandError> {
    let mut options = DataOptions::new(folder);
    options.key_directory.clone_from(&config.store.keys);
    options.scope = scope.clone();
    if config.store.exchange_mebibytes > 0 {
        options.log = LogOptions::within(u64::from(config.store.exchange_mebibytes) * 1024 * 1024);
    }
    options.postgres = config.store.url.as_ref().map(postgres).transpose()?;
    Ok(options)
}

/// The PostgreSQL database whose URL a reference leads to.
///
/// # Errors
/// Says what is wrong without the URL, which may hold a password.
pub(super) fn postgres(reference: &Reference) -> Result<PostgresOptions, CommandError> {
    let name = reference.as_str();
    let url = bartizan_gateway::policy::secret(name)
        .map_err(|problem| CommandError::usage(format!("store.url: {problem}")))?;
    let url = std::str::from_utf8(&url)
        .map_err(|_| CommandError::usage(format!("what {name} holds is no text")))?;
    PostgresOptions::parse(url).map_err(|error| {
        CommandError::usage(format!("what {name} holds is no address of a database: {error}"))
            .help(error.help())
    })
}

/// The folder to read: named, else that of the configuration, else the default.
pub(super) fn folder(named: Option<&PathBuf>, config: &Config) -> PathBuf {
    let configured = || config.store.data.clone();
    named.cloned().or_else(configured).unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER))
}
