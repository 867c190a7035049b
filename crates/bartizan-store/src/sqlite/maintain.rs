//! Integrity check and back-up copy.

use std::{fs, path::Path};

use sqlx::Connection as _;

use super::dialect;
use crate::{
    database::{Connection, Inner, query},
    error::{Result, StoreError},
    files,
    records::IntegrityReport,
};

pub(super) async fn integrity(connection: &mut Connection) -> Inner<IntegrityReport> {
    let rows = query(dialect::INTEGRITY_CHECK).fetch_all(&mut *connection).await?;
    let mut database = Vec::new();
    for row in rows {
        let line: String = row.try_get(0)?;
        if line != "ok" {
            database.push(line);
        }
    }
    let rows = query(dialect::FOREIGN_KEY_CHECK).fetch_all(connection).await?;
    let mut references = Vec::new();
    for row in rows {
        references.push(format!(
            "a row of {} refers to a row of {} that is not there",
            row.try_get::<String, _>(0)?,
            row.try_get::<String, _>(2)?
        ));
    }
    Ok(IntegrityReport { database, references })
}

/// Writes a copy to `partial`, over a connection of its own: those of the pool refuse whatever
/// writes.
pub(super) async fn backup(path: &Path, partial: &Path) -> Inner<()> {
    let Some(name) = partial.to_str() else {
        let source = std::io::Error::other("the name is not valid UTF-8");
        return Err(StoreError::Io { action: "writing", path: partial.to_owned(), source }.into());
    };
    let mut connection = super::connect(&dialect::read_only(path)).await?;
    let copied = sqlx::query(dialect::VACUUM_INTO).bind(name).execute(&mut connection).await;
    let _ = connection.close().await;
    copied?;
    Ok(())
}

/// Makes a finished copy durable under its name.
pub(crate) fn publish(partial: &Path, target: &Path) -> Result<()> {
    fs::File::open(partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::hard_link(partial, target))
        .map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                StoreError::AlreadyThere { path: target.to_owned() }
            }
            _ => StoreError::io("writing", target, e),
        })?;
    let _ = fs::remove_file(partial);
    files::sync_directory(
        target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    )
}
