//! Standard output, files, and what the terminal can show.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::CommandError;
use crate::output::text::Style;

/// Writes a result: to a file (whole or not at all), or to standard output.
///
/// # Errors
/// When it cannot be written; an old file of that name is left as it was.
pub(super) fn write_out(path: Option<&Path>, bytes: &[u8]) -> Result<(), CommandError> {
    write_with(path, |out| out.write_all(bytes))
}

/// The same of a result that `write` writes piece by piece, so that it is never held as a whole.
///
/// # Errors
/// As [`write_out`].
pub(super) fn write_with(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CommandError> {
    match path {
        Some(path) if path != Path::new("-") => write_file(path, write)
            .map_err(|error| CommandError::output(&path.display().to_string(), &error)),
        _ => buffered(io::stdout().lock(), write)
            .map(drop)
            .map_err(|error| CommandError::output("standard output", &error)),
    }
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let is_special = fs::metadata(path).is_ok_and(|m| !m.is_file());
    if is_special {
        return buffered(fs::File::create(path)?, write).map(drop);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".bartizan-")
        .permissions(permissions())
        .tempfile_in(folder)?;
    buffered(file, write)?.persist(path).map(drop).map_err(|error| error.error)
}

/// Writes through a buffer; what was written to, when all of it is there.
fn buffered<W: Write>(
    out: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<W> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut inner| {
        inner.flush()?;
        Ok(inner)
    })
}

fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

/// Width of the terminal in columns; 100 when it is none.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    columns.unwrap_or_else(|| {
        let size = comfy_table::Table::new().width();
        usize::from(size.unwrap_or(100)).clamp(40, 240)
    })
}

/// How text is shown: with colours on a terminal that wants them, plain in a file.
pub(super) fn style(path: Option<&Path>) -> Style {
    match path {
        None => Style::detect(&io::stdout()),
        Some(_) => Style::PLAIN,
    }
}

/// A path as users know it.
pub(super) fn shown(path: &Path) -> String {
    let path: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    path.display().to_string()
}
