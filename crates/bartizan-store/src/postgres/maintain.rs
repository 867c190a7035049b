//! Integrity check: PostgreSQL has none for all of a database, so every row is read.

use sqlx::AssertSqlSafe;

use crate::{
    database::{Connection, Inner, TABLES, query},
    records::IntegrityReport,
};

/// Rows of the history whose finding is not there.
const LOST_HISTORY: &str = "\
SELECT COUNT(*) FROM finding_history AS h WHERE NOT EXISTS (SELECT 1 FROM findings AS f \
 WHERE f.organisation = h.organisation AND f.environment = h.environment AND f.id = h.finding_id)";

pub(super) async fn integrity(connection: &mut Connection) -> Inner<IntegrityReport> {
    let mut report = IntegrityReport { database: Vec::new(), references: Vec::new() };
    for table in TABLES {
        // The text of a row holds all of its columns, also those that are kept apart for their size.
        let text = format!("SELECT COALESCE(SUM(LENGTH(CAST(t AS TEXT))), 0) FROM {table} AS t");
        match query(AssertSqlSafe(text)).fetch_one(connection).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) => {
                report.database.push(format!("{table}: {}", error.message()));
                // The transaction is over.
                return Ok(report);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let lost: i64 = query(LOST_HISTORY).fetch_one(connection).await?.try_get(0)?;
    if lost > 0 {
        let rows = if lost == 1 { "1 row".to_owned() } else { format!("{lost} rows") };
        report.references.push(format!(
            "{rows} of finding_history refer to a row of findings that is not there"
        ));
    }
    Ok(report)
}
