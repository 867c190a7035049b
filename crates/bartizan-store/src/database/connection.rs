//! One connection, query and row for both databases, so that statements and the mapping of rows are
//! written once. Values are whole numbers, text and bytes; nothing else goes into a column.

use std::{borrow::Cow, time::Duration};

use sqlx::{
    ColumnIndex, Database, Decode, Encode, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite,
    SqliteConnection, Transaction, Type,
    pool::PoolConnection,
    postgres::{PgConnection, PgRow},
    sqlite::SqliteRow,
};

use super::Dialect;
use crate::{postgres, sqlite};

/// How long one statement may take on a server: a network that swallows packets gives no error.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);

/// A connection of either database.
pub(crate) enum Connection {
    /// Held by the store itself.
    Sqlite(SqliteConnection),
    /// One that reads, lent by the pool.
    SqliteReader(PoolConnection<Sqlite>),
    /// One that reads, lent by the pool.
    PostgresReader(PoolConnection<Postgres>),
    /// One in a transaction, which is rolled back when this is dropped.
    Postgres(Transaction<'static, Postgres>),
}

enum Raw<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection {
    fn raw(&mut self) -> Raw<'_> {
        match self {
            Self::Sqlite(connection) => Raw::Sqlite(connection),
            Self::SqliteReader(connection) => Raw::Sqlite(connection),
            Self::PostgresReader(connection) => Raw::Postgres(connection),
            Self::Postgres(transaction) => Raw::Postgres(transaction),
        }
    }

    /// The statements that differ.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            Self::Sqlite(_) | Self::SqliteReader(_) => &sqlite::DIALECT,
            Self::PostgresReader(_) | Self::Postgres(_) => &postgres::DIALECT,
        }
    }
}

/// A value for a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'q> {
    Int(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(text: &'q String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(text: Option<&'q str>) -> Self {
        Self::Text(text.map(Into::into))
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Self::Bytes(Some(bytes.into()))
    }
}

/// A statement and its values.
pub(crate) struct Query<'q> {
    text: SqlStr,
    values: Vec<Value<'q>>,
}

/// Begins a query with the text of a statement, in which `$1` stands for the first value.
pub(crate) fn query<'q>(text: impl SqlSafeStr) -> Query<'q> {
    Query { text: text.into_sql_str(), values: Vec::new() }
}

impl<'q> Query<'q> {
    /// Adds a value. NUL in text, which PostgreSQL cannot keep, becomes U+FFFD.
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        let value = match value.into() {
            Value::Text(Some(text)) if text.contains('\0') => Value::from(column_text(&text)),
            other => other,
        };
        self.values.push(value);
        self
    }

    fn on<D: Database>(self) -> sqlx::query::Query<'q, D, D::Arguments>
    where
        D::Arguments: sqlx::IntoArguments<D>,
        Option<i64>: Encode<'q, D> + Type<D>,
        Option<Cow<'q, str>>: Encode<'q, D> + Type<D>,
        Option<Cow<'q, [u8]>>: Encode<'q, D> + Type<D>,
    {
        let mut query = sqlx::query(self.text);
        for value in self.values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }

    /// Runs it; how many rows it changed.
    pub(crate) async fn execute(self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        match connection.raw() {
            Raw::Sqlite(c) => Ok(self.on::<Sqlite>().execute(c).await?.rows_affected()),
            Raw::Postgres(c) => {
                Ok(bounded(self.on::<Postgres>().execute(c)).await?.rows_affected())
            }
        }
    }

    pub(crate) async fn fetch_all(
        self,
        connection: &mut Connection,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match connection.raw() {
            Raw::Sqlite(c) => {
                let rows = self.on::<Sqlite>().fetch_all(c).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Raw::Postgres(c) => {
                let rows = bounded(self.on::<Postgres>().fetch_all(c)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(crate) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> Result<Option<Row>, sqlx::Error> {
        match connection.raw() {
            Raw::Sqlite(c) => Ok(self.on::<Sqlite>().fetch_optional(c).await?.map(Row::Sqlite)),
            Raw::Postgres(c) => {
                let row = bounded(self.on::<Postgres>().fetch_optional(c)).await?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    pub(crate) async fn fetch_one(self, connection: &mut Connection) -> Result<Row, sqlx::Error> {
        self.fetch_optional(connection).await?.ok_or(sqlx::Error::RowNotFound)
    }
}

/// Ends a wait for a server that does not answer.
pub(crate) async fn bounded<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(STATEMENT_TIMEOUT, work).await.map_err(late)?
}

/// Text as a column holds it: without NUL.
pub(crate) fn column_text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Most characters of a text that an index holds. An index of PostgreSQL takes 2,704 bytes of all its columns
/// together; a name of DNS has at most 253 (RFC 1035, section 2.3.4).
const MOST_INDEXED: usize = 255;

/// Text as an index holds it: the beginning of what is longer.
pub(crate) fn indexed(text: &str) -> &str {
    text.char_indices().nth(MOST_INDEXED).map_or(text, |(end, _)| &text[..end])
}

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column, by position or name.
    pub(crate) fn try_get<'r, T, I>(&'r self, index: I) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
    }
}
