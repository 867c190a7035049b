//! Arguments of `explain`.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Subcommand};

use super::ExplainFormat;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Something else than an item
    #[command(subcommand)]
    pub command: Option<ExplainCommand>,
    /// Code (BZ-C001), name (`jwt-without-expiry`), data class, source, kind of policy (`rate`) or
    /// of sink (`webhook`); without one, all are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// What else can be explained.
#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// What the gateway would do with a request, and which policy decides what and why; nothing is sent
    Request(ExplainRequest),
}

/// Arguments of `explain request`.
#[derive(Debug, Args)]
pub struct ExplainRequest {
    /// Where to: `https://HOST/PATH?QUERY`
    #[arg(required_unless_present = "kept", conflicts_with = "kept", value_name = "URL")]
    pub url: Option<String>,
    /// Method [default: GET, with --data POST]
    #[arg(long, short = 'X', conflicts_with = "kept", value_name = "METHOD")]
    pub method: Option<String>,
    /// A field, `name: value`; may be repeated
    #[arg(long, short = 'H', conflicts_with = "kept", value_name = "FIELD")]
    pub header: Vec<String>,
    /// The body, or @FILE
    #[arg(long, short, conflicts_with = "kept", value_name = "TEXT")]
    pub data: Option<String>,
    /// The address that connects
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub from: IpAddr,
    /// An exchange that is kept, by its id: what was decided then, and which scopes hold it now
    #[arg(long, value_name = "ID")]
    pub kept: Option<String>,
    /// Folder of the store that keeps it [default: that of the configuration, else bartizan-data]
    #[arg(long, requires = "kept", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}
