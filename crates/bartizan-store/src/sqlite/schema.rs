//! Migrations: numbered files, compiled in, applied in order. A published file never changes.

use std::path::Path;

use sqlx::{
    Row as _, SqlSafeStr as _, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{Inner, dialect};
use crate::error::{Result, StoreError};

/// Version, name and text of each migration. A test compares this with the directory.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../migrations/sqlite/0001_initial.sql")),
    (2, "api_keys", include_str!("../../migrations/sqlite/0002_api_keys.sql")),
    (3, "incident_aliases", include_str!("../../migrations/sqlite/0003_incident_aliases.sql")),
    (4, "logins", include_str!("../../migrations/sqlite/0004_logins.sql")),
    (5, "deliveries", include_str!("../../migrations/sqlite/0005_deliveries.sql")),
];

/// The newest schema version this program knows.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        let sql = text.into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// The version that a database has; 0 for an empty one.
pub(super) async fn version(connection: &mut SqliteConnection) -> Inner<i64> {
    let row = sqlx::query(dialect::HAS_MIGRATIONS).fetch_one(&mut *connection).await?;
    if row.try_get::<i64, _>(0)? == 0 {
        return Ok(0);
    }
    Ok(sqlx::query(dialect::SCHEMA_VERSION).fetch_one(connection).await?.try_get(0)?)
}

/// Brings a database up to date. One of a newer version is refused untouched.
pub(super) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Inner<()> {
    let found = version(connection).await?;
    if found > SCHEMA_VERSION {
        let path = path.to_owned();
        return Err(StoreError::NewerSchema { path, found, known: SCHEMA_VERSION }.into());
    }
    migrator().run_direct(None, connection, false).await.map_err(|e| match e {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        other => StoreError::Corrupt { path: path.to_owned(), reason: other.to_string() }.into(),
    })
}

/// Refuses a database that is not of exactly this version.
pub(super) fn require_current(found: i64, path: &Path) -> Result<()> {
    let (path, known) = (path.to_owned(), SCHEMA_VERSION);
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { path, found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { path, found, known }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_compiled_in() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .expect("migrations")
            .map(|e| e.expect("entry").file_name().into_string().expect("name"))
            .collect();
        files.sort();
        let known: Vec<_> = MIGRATIONS
            .iter()
            .map(|(version, name, _)| format!("{version:04}_{name}.sql"))
            .collect();
        assert_eq!(files, known);
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
    }
}
