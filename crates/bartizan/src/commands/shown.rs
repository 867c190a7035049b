//! What the commands that show a store have in common: opening it, and the forms in which they show what it has.

use std::{io, path::Path};

use bartizan_model::Scope;
use serde::Serialize;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{Kept, ListFormat},
    config,
    data::{self, Data},
    terminal,
};
use crate::output::{
    csv::{self, Record},
    text::Style,
};

/// A store, opened for reading, and where what is shown of it goes.
pub(super) struct Shown<'a> {
    pub(super) data: Data,
    pub(super) scope: Scope,
    out: Option<&'a Path>,
}

impl<'a> Shown<'a> {
    /// Opens it.
    ///
    /// # Errors
    /// When there is nothing to read.
    pub(super) fn open(cli: &Cli, kept: &'a Kept) -> Result<Self, CommandError> {
        let config = config::current(cli)?.config;
        let scope = analyze::scope(&config);
        let folder = data::folder(kept.data.as_ref(), &config);
        let data = Data::open_read_only(&folder, &config, &scope)?;
        Ok(Self { data, scope, out: kept.out.as_deref() })
    }

    /// Shows something in one of the forms of a list.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn show<T: Serialize + ?Sized>(
        &self,
        format: ListFormat,
        value: &T,
        csv: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
        text: impl FnOnce(Style, usize) -> String,
    ) -> Result<Exit, CommandError> {
        let mut bytes = Vec::new();
        match format {
            ListFormat::Json => bytes = json(value)?,
            ListFormat::Csv => csv(&mut bytes).map_err(|e| CommandError::output("the list", &e))?,
            ListFormat::Text => bytes = self.text(text),
        }
        self.write(&bytes)
    }

    /// Text for where it goes.
    pub(super) fn text(&self, text: impl FnOnce(Style, usize) -> String) -> Vec<u8> {
        text(terminal::style(self.out), terminal::width()).into_bytes()
    }

    /// Writes what is shown.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Exit, CommandError> {
        terminal::write_out(self.out, bytes)?;
        Ok(Exit::Clean)
    }
}

/// Indented, with a line break at its end.
///
/// # Errors
/// When it cannot be written as JSON, which would be a defect.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CommandError> {
    let written = serde_json::to_vec_pretty(value).map_err(io::Error::from);
    let mut bytes = written.map_err(|error| CommandError::output("the list", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Records as a table with a head, added to `out`.
pub(super) fn table<R: Record>(
    records: impl IntoIterator<Item = R>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut text = csv::head::<R>();
    records.into_iter().for_each(|record| csv::line(&record, &mut text));
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
