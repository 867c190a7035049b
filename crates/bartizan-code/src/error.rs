//! What stops reading altogether.

use std::path::PathBuf;

/// The folder itself cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read folder {}: {source}", path.display())]
pub struct ReadError {
    /// The folder as named.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}
