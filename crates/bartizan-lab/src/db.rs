//! The lab's database: SQLite in memory, one connection, rows as JSON objects. Real SQL, so that
//! injection into it is real.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Map, Value};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Row as _, SqlSafeStr, SqliteConnection,
    TypeInfo as _, ValueRef as _,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::sync::Mutex;

use crate::seed;

/// Statements that wrote since the last reset, before the lab resets itself. Each adds at most one
/// row.
const MAX_WRITES: u64 = 20_000;
/// Rows that one statement may answer with.
const MAX_RESULT: usize = 10_000;
/// Characters of a statement that was put together.
const MAX_STATEMENT: usize = 16 << 10;
/// Virtual machine steps of one statement; a statement that needs more is stopped.
const MAX_STEPS: i32 = 20_000_000;
/// Bytes that SQLite may hold. The limit is one of the process (`hard_heap_limit`), so it is a net
/// for what [`REFUSED`] lets through, not a budget.
const MAX_HEAP: &str = "1073741824";
/// Functions that make large values out of small statements. Assembled statements cannot use them:
/// injection is for reading here, not for filling memory.
const REFUSED: &[&str] = &["zeroblob", "randomblob", "printf", "format(", "recursive"];

/// One row: column names and values.
pub(crate) type Row = Map<String, Value>;

/// A statement failed.
#[derive(Debug, thiserror::Error)]
#[error("database: {message}")]
pub struct DbError {
    /// What SQLite says.
    pub message: String,
    /// The statement.
    pub sql: String,
}

/// The tables of one lab.
pub(crate) struct Db {
    connection: Mutex<(SqliteConnection, u64)>,
    builds: AtomicU64,
    seed: u64,
}

impl Db {
    /// Builds the tables and fills them from a seed.
    ///
    /// # Errors
    /// When SQLite cannot be started.
    pub(crate) async fn open(seed: u64) -> Result<Self, DbError> {
        let connection = connect(seed).await?;
        Ok(Self { connection: Mutex::new((connection, 0)), builds: AtomicU64::new(0), seed })
    }

    /// Back to the state of the seed.
    ///
    /// # Errors
    /// When SQLite cannot be started.
    pub(crate) async fn reset(&self) -> Result<(), DbError> {
        let mut held = self.connection.lock().await;
        *held = (connect(self.seed).await?, 0);
        self.builds.fetch_add(1, Relaxed);
        Ok(())
    }

    /// How often the tables were built anew. What was begun before belongs to tables that are gone.
    pub(crate) fn builds(&self) -> u64 {
        self.builds.load(Relaxed)
    }

    /// Rows of a fixed statement.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub(crate) async fn all(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Vec<Row>, DbError> {
        self.run(sql, sql, values).await
    }

    /// The first row of a fixed statement.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub(crate) async fn one(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Option<Row>, DbError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// A statement that was put together from what a caller sent: the planted injections. Only one
    /// statement is run, so that nothing but reading the lab's own tables can be injected (SQLite
    /// has statements that write files).
    ///
    /// # Errors
    /// When SQLite refuses it, or there is a second statement.
    pub(crate) async fn assembled(&self, sql: String) -> Result<Vec<Row>, DbError> {
        if let Some((_, rest)) = sql.split_once(';') {
            let rest = rest.trim();
            let comment = rest.starts_with("--") && !rest.contains('\n');
            if !rest.is_empty() && !comment {
                let message = "multiple statements are not supported".to_owned();
                return Err(DbError { message, sql });
            }
        }
        if !sql.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("select")) {
            return Err(DbError { message: "only queries can be assembled".to_owned(), sql });
        }
        let lower = sql.to_ascii_lowercase();
        if sql.len() > MAX_STATEMENT || REFUSED.iter().any(|name| lower.contains(name)) {
            return Err(DbError { message: "not authorized to use this function".to_owned(), sql });
        }
        let shown = sql.clone();
        self.run(AssertSqlSafe(sql), &shown, &[]).await
    }

    async fn run(
        &self,
        sql: impl SqlSafeStr,
        shown: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, DbError> {
        let fail = |e: sqlx::Error| DbError { message: tell(&e), sql: shown.to_owned() };
        let mut held = self.connection.lock().await;
        let (connection, written) = &mut *held;
        let mut query = sqlx::query(sql);
        for value in values {
            query = match value {
                Value::Number(n) if n.is_i64() => query.bind(n.as_i64()),
                Value::Number(n) => query.bind(n.as_f64()),
                Value::Null => query.bind(None::<i64>),
                Value::Bool(b) => query.bind(i64::from(*b)),
                Value::String(s) => query.bind(s.clone()),
                other => query.bind(other.to_string()),
            };
        }
        let rows = query.fetch_all(&mut *connection).await.map_err(fail)?;
        if !shown.starts_with("select") {
            *written += 1;
        }
        if *written > MAX_WRITES {
            *held = (connect(self.seed).await?, 0);
            self.builds.fetch_add(1, Relaxed);
        }
        Ok(rows.iter().take(MAX_RESULT).map(row).collect())
    }
}

/// The message without the name of the library.
fn tell(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())
}

async fn connect(seed: u64) -> Result<SqliteConnection, DbError> {
    let fail = |e: sqlx::Error| DbError { message: tell(&e), sql: String::new() };
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .pragma("hard_heap_limit", MAX_HEAP)
        .pragma("trusted_schema", "OFF");
    let mut connection = options.connect().await.map_err(fail)?;
    let schema = include_str!("../assets/schema.sql");
    sqlx::raw_sql(schema).execute(&mut connection).await.map_err(fail)?;
    let text = seed::sql(seed);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.map_err(fail)?;
    // Called every so many steps; to answer false stops the statement.
    connection.lock_handle().await.map_err(fail)?.set_progress_handler(MAX_STEPS, || false);
    Ok(connection)
}

fn row(row: &SqliteRow) -> Row {
    let mut out = Map::new();
    for column in row.columns() {
        let at = column.ordinal();
        let Ok(raw) = row.try_get_raw(at) else { continue };
        let value = if raw.is_null() {
            Value::Null
        } else {
            match raw.type_info().name() {
                "INTEGER" => row.try_get::<i64, _>(at).map(Value::from).unwrap_or_default(),
                "REAL" => row.try_get::<f64, _>(at).map(Value::from).unwrap_or_default(),
                "BLOB" => row
                    .try_get::<Vec<u8>, _>(at)
                    .map(|b| Value::from(String::from_utf8_lossy(&b).into_owned()))
                    .unwrap_or_default(),
                _ => row.try_get::<String, _>(at).map(Value::from).unwrap_or_default(),
            }
        };
        out.insert(column.name().to_owned(), value);
    }
    out
}

/// The whole number in a column; 0 when it is none.
#[must_use]
pub(crate) fn int(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or(0)
}

/// The text in a column; empty when it is none.
#[must_use]
pub(crate) fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or("")
}
