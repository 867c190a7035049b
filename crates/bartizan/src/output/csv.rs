//! CSV (RFC 4180), safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would read as a formula (it begins with `=`, `+`, `-`, `@`, tab or
//! carriage return; OWASP, "CSV injection") gets an apostrophe in front. Characters that are not
//! seen are written as `‹U+XXXX›`, so no cell holds a line break.

mod journeys;
mod records;
mod servicemap;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

use bartizan_model::{Endpoint, Finding};

use super::visible::visible;
pub use journeys::NamedMove;
use records::PlacedFinding;

/// Longest cell, in characters. Spreadsheets refuse more than 32,767.
const MAX_CELL_CHARS: usize = 8_000;

/// Something that is given as one line of a table.
pub trait Record {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The cells, one for each column, as they are: encoding is done by [`line`].
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// What is lent is the same record.
impl<R: Record> Record for &R {
    const COLUMNS: &'static [&'static str] = R::COLUMNS;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        (**self).cells()
    }
}

/// The first line of a table.
#[must_use]
pub fn head<R: Record>() -> String {
    let mut out = String::new();
    row(R::COLUMNS.iter().copied(), &mut out);
    out
}

/// Adds the line of a record.
pub fn line<R: Record>(record: &R, out: &mut String) {
    row(record.cells().iter().map(AsRef::as_ref), out);
}

/// Writes the inventory: one line per endpoint, in the order given, a header first.
///
/// # Errors
/// When `out` cannot be written to.
pub fn catalog(endpoints: &[Endpoint], mut out: impl Write) -> io::Result<()> {
    let mut text = head::<Endpoint>();
    endpoints.iter().for_each(|endpoint| line(endpoint, &mut text));
    out.write_all(text.as_bytes())
}

/// Writes findings: one line each, in the order given, a header first. `endpoints` gives method and
/// path; a finding of a whole host has neither, and how many endpoints show it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn findings(
    findings: &[Finding],
    endpoints: &[Endpoint],
    mut out: impl Write,
) -> io::Result<()> {
    let mut by_id = BTreeMap::new();
    for endpoint in endpoints {
        by_id.extend(endpoint.aliases.iter().map(|alias| (alias.as_str(), endpoint)));
        by_id.insert(endpoint.id.as_str(), endpoint);
    }
    let mut text = head::<PlacedFinding<'_>>();
    for finding in findings {
        let endpoint = finding.endpoint_id.as_ref().and_then(|id| by_id.get(id.as_str()));
        line(&PlacedFinding { finding, endpoint: endpoint.copied() }, &mut text);
    }
    out.write_all(text.as_bytes())
}

fn row<'a>(cells: impl Iterator<Item = &'a str>, out: &mut String) {
    for (i, text) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&cell(text));
    }
    out.push_str("\r\n");
}

/// One cell: guarded, made visible, quoted when it must be.
fn cell(text: &str) -> String {
    // The guard looks at the raw text: a leading tab or carriage return is written as `‹U+0009›`
    // and guarded all the same, so that no reader has to know which program strips what.
    let formula = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r'])
        || text.trim_start_matches(' ').starts_with(['＝', '＋', '－', '＠']);
    let shown = visible(text, MAX_CELL_CHARS);
    let guard = if formula { "'" } else { "" };
    if formula || shown.contains(['"', ',', '\n', '\r']) || shown.starts_with(' ') {
        format!("\"{guard}{}\"", shown.replace('"', "\"\""))
    } else {
        shown.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded() {
        for (raw, written) in [
            ("=1+1", "\"'=1+1\""),
            ("+49 30", "\"'+49 30\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'‹U+0009›=1\""),
            ("\r=1", "\"'‹U+000D›=1\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(raw), written, "{raw:?}");
        }
    }

    #[test]
    fn quoting_follows_rfc_4180() {
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(cell("two\nlines"), "two‹U+000A›lines");
        assert_eq!(cell(""), "");
    }
}
