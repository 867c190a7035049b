//! Routes that were found as lines of a table.

use std::borrow::Cow;

use super::Route;
use crate::output::csv::Record;

impl Record for Route {
    const COLUMNS: &'static [&'static str] = &["method", "path", "known_by", "status", "found_at"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let known: Vec<&str> = self.known_by.iter().map(|by| by.as_str()).collect();
        let status = self.status.map(|status| status.to_string()).unwrap_or_default();
        vec![
            self.method.as_str().into(),
            self.path.as_str().into(),
            known.join("; ").into(),
            status.into(),
            self.found_at.as_str().into(),
        ]
    }
}
