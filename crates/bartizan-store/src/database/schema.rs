//! Migrations: numbered files, compiled in, applied in order of their numbers, of which some may be missing.
//! A published file never changes, and both databases have the same numbers.

use std::path::Path;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
};

use super::{Connection, Inner, query};
use crate::error::{Result, StoreError};

/// Version, name and text of a migration.
pub(crate) type Numbered = (i64, &'static str, &'static str);

/// The newest schema version this program knows.
pub const SCHEMA_VERSION: i64 = newest(crate::sqlite::MIGRATIONS);
const _: () = assert!(SCHEMA_VERSION == newest(crate::postgres::MIGRATIONS));

const fn newest(migrations: &[Numbered]) -> i64 {
    migrations[migrations.len() - 1].0
}

const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";

/// The version that a database has; 0 for an empty one.
pub(crate) async fn version(connection: &mut Connection) -> Inner<i64> {
    let there = query(connection.dialect().has_migrations).fetch_one(connection).await?;
    if there.try_get::<i64, _>(0)? == 0 {
        return Ok(0);
    }
    Ok(query(VERSION).fetch_one(connection).await?.try_get(0)?)
}

/// Brings a database up to date.
pub(crate) async fn migrate(
    connection: &mut impl Migrate,
    migrations: &'static [Numbered],
    path: &Path,
) -> Inner<()> {
    let migrations = migrations.iter().map(|(version, name, text)| {
        let sql = text.into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run_direct(None, connection, false).await.map_err(|e| match e {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        other => StoreError::Corrupt { path: path.to_owned(), reason: other.to_string() }.into(),
    })
}

/// Refuses a database of a newer version, before anything is changed in it.
pub(crate) fn require_known(found: i64, path: &Path) -> Result<()> {
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    Ok(())
}

/// Refuses a database that is not of exactly this version.
pub(crate) fn require_current(found: i64, path: &Path) -> Result<()> {
    require_known(found, path)?;
    if found < SCHEMA_VERSION {
        return Err(StoreError::OlderSchema {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_compiled_in() {
        for (name, migrations) in
            [("sqlite", crate::sqlite::MIGRATIONS), ("postgres", crate::postgres::MIGRATIONS)]
        {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
            let mut files: Vec<_> = std::fs::read_dir(directory)
                .expect("migrations")
                .map(|e| e.expect("entry").file_name().into_string().expect("name"))
                .collect();
            files.sort();
            let known: Vec<_> = migrations
                .iter()
                .map(|(version, name, _)| format!("{version:04}_{name}.sql"))
                .collect();
            assert_eq!(files, known);
            // A number that was given away and not used stays out.
            assert!(migrations.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
