//! What is known of APIs beside traffic and specifications.

use std::path::PathBuf;

use clap::Args;

use crate::config::catalog::CatalogConfig;

/// Code, and results of `discover`.
#[derive(Debug, Args)]
pub struct Knowledge {
    /// Folder of source code of these APIs: its routes become part of the inventory; may be repeated
    #[arg(long, value_name = "DIR")]
    pub source: Vec<PathBuf>,
    /// Result of `discover source`, `crawl` or `perimeter` (--format json), or a folder with some: what it
    /// found becomes part of the inventory; may be repeated
    #[arg(long, value_name = "FILE")]
    pub discovered: Vec<PathBuf>,
}

impl Knowledge {
    /// Adds it to what is configured.
    pub(in crate::commands) fn add_to(&self, config: &mut CatalogConfig) {
        config.source.extend(self.source.iter().cloned());
        config.discovered.extend(self.discovered.iter().cloned());
    }
}
