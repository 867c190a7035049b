//! `analyze --format json`: the analysis as it is, in the field names of its types.

use std::io::{self, Write};

use bartizan_model::analysis::Analysis;

/// Writes `analysis` as indented JSON with a final line break.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(analysis: &Analysis, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, analysis).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
