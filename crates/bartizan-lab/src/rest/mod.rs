//! The REST handlers, by resource.

pub(crate) mod admin;
pub(crate) mod documents;
pub(crate) mod exports;
pub(crate) mod invoices;
pub(crate) mod labels;
pub(crate) mod old;
pub(crate) mod pages;
pub(crate) mod platform;
pub(crate) mod quotes;
pub(crate) mod shipments;
pub(crate) mod slots;
pub(crate) mod users;
pub(crate) mod webhooks;

use crate::{call::Call, db::Row};

/// Rows of a list that are shown when nobody asks for more or fewer.
const PAGE: usize = 25;
/// Rows of a list at most.
const MAX_PAGE: usize = 100;

/// How many rows a caller asks for.
pub(crate) fn limit(call: &Call, most: usize) -> usize {
    call.asked("limit").parse().unwrap_or(PAGE).min(most)
}

/// A row with some columns only.
pub(crate) fn only(row: &Row, columns: &[&str]) -> Row {
    row.iter()
        .filter(|(name, _)| columns.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
