//! `store`: the whole store moved to another database, backed up, restored.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use bartizan_store::{CopyReport, DataOptions, Store as _, StoreError, move_store, restore_store};
use clap::Subcommand;

use super::{
    Cli, CommandError, Exit, analyze, config,
    data::{self, failed},
    terminal,
};
use crate::config::Reference;

/// The `store` commands.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Copy everything from one database into another that is empty
    ///
    /// All of it or nothing: rows are counted on both sides and audit chains verified before anything
    /// is kept; broken off, it is begun anew. Stop every `bartizan serve` that uses either database
    /// first. The database that is copied stays as it is, and so do keys and exchange facts in the
    /// folder. Then name the new database as `store.url` in the configuration, or remove that key
    /// for the embedded one.
    Move {
        /// What is copied: `sqlite` (the embedded database in the folder), or the URL of
        /// a PostgreSQL database as `env:NAME` or `file:PATH`
        #[arg(long, value_name = "DATABASE")]
        from: String,
        /// Where to: the same
        #[arg(long, value_name = "DATABASE")]
        to: String,
        /// Folder of the store [default: that of the configuration, else bartizan-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Write a consistent copy of the database to a file, also while it is in use
    ///
    /// The copy is a SQLite file, also of a PostgreSQL database: that is read in one transaction,
    /// which sees one state. Keys and exchange facts are not in it: copy the folders `keys` (to
    /// another place) and `exchanges` yourself.
    Backup {
        /// The file; it must not exist yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Folder of the store [default: that of the configuration, else bartizan-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Copy a back-up file into the store of the configuration, which must be empty
    ///
    /// All of it or nothing, as with `store move`; a copy of an older version is brought up to date.
    /// Put the folder `keys` back first: without it audit records are copied unverified.
    Restore {
        /// What `store backup` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Folder of the store [default: that of the configuration, else bartizan-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// The database that the command line names. What it says is not repeated: it may be a URL with
/// a password.
fn place(option: &str, text: &str, base: &DataOptions) -> Result<DataOptions, CommandError> {
    let postgres = match text {
        "sqlite" => None,
        other => {
            let reference = Reference::try_from(other.to_owned()).map_err(|_| {
                CommandError::usage(format!(
                    "{option} is neither `sqlite` nor `env:NAME` or `file:PATH`, which hold the URL"
                ))
            })?;
            Some(data::postgres(&reference)?)
        }
    };
    Ok(DataOptions { postgres, ..base.clone() })
}

pub(super) fn run(cli: &Cli, command: &Arguments) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let (Arguments::Move { data, .. }
    | Arguments::Backup { data, .. }
    | Arguments::Restore { data, .. }) = command;
    let folder = data::folder(data.as_ref(), &config);
    let options = |config| data::options(&folder, config, &analyze::scope(config));
    let runtime = data::runtime()?;
    let text = match command {
        Arguments::Move { from, to, .. } => {
            // The databases are named here, so that the one of the configuration does not matter.
            let mut config = config.clone();
            config.store.url = None;
            let base = options(&config)?;
            let (from, to) = (place("--from", from, &base)?, place("--to", to, &base)?);
            let moved = runtime.block_on(move_store(&from, &to));
            copied("moved", &moved.map_err(|error| explained(&error, &folder))?)
        }
        Arguments::Backup { file, .. } => {
            let options = options(&config)?;
            let written = runtime.block_on(async {
                let store = options.open_store_read_only().await?;
                let written = store.backup(file).await;
                store.close().await;
                written
            });
            written.map_err(|error| explained(&error, &folder))?;
            format!("wrote {}\n", file.display())
        }
        Arguments::Restore { file, .. } => {
            let restored = runtime.block_on(restore_store(file, &options(&config)?));
            copied("restored", &restored.map_err(|error| explained(&error, &folder))?)
        }
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn explained(error: &StoreError, folder: &Path) -> CommandError {
    match error {
        StoreError::NoStore { .. } => {
            CommandError::input(format!("nothing is kept in {}", folder.display()))
        }
        other => failed(other),
    }
}

fn copied(verb: &str, report: &CopyReport) -> String {
    let rows: u64 = report.tables.iter().map(|(_, rows)| rows).sum();
    let mut out = format!(
        "{verb} {rows} rows of {} tables, {} audit records verified\n",
        report.tables.len(),
        report.audit_verified
    );
    // Writing to a string cannot fail.
    for (table, rows) in report.tables.iter().filter(|(_, rows)| *rows > 0) {
        let _ = writeln!(out, "{rows:>10}  {table}");
    }
    for organisation in &report.without_key {
        let _ = writeln!(
            out,
            "note: the key of {organisation} is not here, so its audit records were not verified"
        );
    }
    out
}
