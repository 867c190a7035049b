//! Arguments of `import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How it ends.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  everything that restricts is in the configuration, monitored
  1  the configuration may let more through than the file, or cannot be served as it is: see the warnings
  2  usage or configuration error
  3  the file could not be read, or nothing in it says where requests go";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What the file is
    #[arg(value_enum, value_name = "KIND")]
    pub kind: ImportKind,
    /// The file; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where requests go, in the place of what the file says [default for a specification without servers:
    /// http://127.0.0.1:8000]
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// Write the configuration there instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// From what a first configuration is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportKind {
    /// An OpenAPI document.
    Openapi,
    /// A configuration of nginx.
    Nginx,
    /// A declarative configuration of Kong.
    Kong,
}
