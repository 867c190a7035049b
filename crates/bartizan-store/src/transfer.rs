//! A whole store moved from one database to another, and restored from a back-up copy.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::{
    database::{CopyReport, SqlStore},
    error::{Result, StoreError},
    files,
    lock::DirectoryLock,
    options::DataOptions,
    store::Store as _,
};

/// A back-up copy while it is brought up to date.
const RESTORING: &str = "bartizan.restoring.db";

/// Copies the whole database of `from` into that of `to`, which must be empty: all of it or nothing,
/// with counts compared and audit chains verified. `from` stays as it is; keys and exchange log stay
/// where they are. Nobody else may write to either: data directories are locked, but writers to
/// a PostgreSQL database elsewhere are not seen.
///
/// # Errors
/// Those of [`SqlStore::copy_from`]; [`StoreError::Locked`], [`StoreError::NoStore`].
pub async fn move_store(from: &DataOptions, to: &DataOptions) -> Result<CopyReport> {
    if !from.is_there() {
        return Err(StoreError::NoStore { directory: from.directory.clone() });
    }
    files::create_private_directory(&to.directory)?;
    let _from = DirectoryLock::acquire(&from.directory)?;
    let _to = match is_same(&from.directory, &to.directory) {
        true => None,
        false => Some(DirectoryLock::acquire(&to.directory)?),
    };
    let source = from.open_store().await?;
    let copied = into(&source, to).await;
    source.close().await;
    copied
}

/// Copies a back-up copy (see [`crate::Store::backup`]) into the empty database of `to`. One of an older
/// version is brought up to date on the way; the file itself stays as it is.
///
/// # Errors
/// As [`move_store`].
pub async fn restore_store(file: &Path, to: &DataOptions) -> Result<CopyReport> {
    files::create_private_directory(&to.directory)?;
    let _lock = DirectoryLock::acquire(&to.directory)?;
    let working = to.directory.join(RESTORING);
    remove(&working);
    let restored = restore(file, &working, to).await;
    remove(&working);
    restored
}

async fn restore(file: &Path, working: &Path, to: &DataOptions) -> Result<CopyReport> {
    let mut read = fs::File::open(file).map_err(|e| StoreError::io("reading", file, e))?;
    let mut private = OpenOptions::new();
    let mut write = private
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(working)
        .map_err(|e| StoreError::io("creating", working, e))?;
    io::copy(&mut read, &mut write).map_err(|e| StoreError::io("writing", working, e))?;
    let source = SqlStore::sqlite(working, to.keys(), &to.directory, 1).await?;
    let copied = into(&source, to).await;
    source.close().await;
    copied
}

async fn into(source: &SqlStore, to: &DataOptions) -> Result<CopyReport> {
    let target = to.open_store().await?;
    let copied = target.copy_from(source).await;
    target.close().await;
    copied
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(a, b)| a == b)
}

fn remove(database: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        let _ = fs::remove_file(name);
    }
}
