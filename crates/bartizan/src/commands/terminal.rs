//! Standard output, files, and what the terminal can show.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::CommandError;
use crate::output::text::Style;

/// Writes a result: to a file (whole or not at all), or to standard output.
///
/// # Errors
/// When it cannot be written; an old file of that name is left as it was.
pub(super) fn write_out(path: Option<&Path>, bytes: &[u8]) -> Result<(), CommandError> {
    match path {
        Some(path) if path != Path::new("-") => write_file(path, bytes),
        _ => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)
                .and_then(|()| out.flush())
                .map_err(|error| CommandError::output("standard output", &error))
        }
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let shown = path.display().to_string();
    let fail = |error: std::io::Error| CommandError::output(&shown, &error);
    let is_special = fs::metadata(path).is_ok_and(|m| !m.is_file());
    if is_special {
        return fs::write(path, bytes).map_err(fail);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".bartizan-")
        .permissions(permissions())
        .tempfile_in(folder)
        .map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.flush()).map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
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
        None => Style::detect(&std::io::stdout()),
        Some(_) => Style::PLAIN,
    }
}

/// A path as users know it.
pub(super) fn shown(path: &Path) -> String {
    let path: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    path.display().to_string()
}
