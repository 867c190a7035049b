//! Arguments of `keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ExplainFormat;

/// The `keys` commands.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and show it, once
    Create(KeysCreate),
    /// List keys; the keys themselves are kept nowhere
    List {
        /// Folder of the store [default: that of the configuration, else bartizan-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Format
        #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
        format: ExplainFormat,
    },
    /// Refuse a key for now
    Disable(KeysState),
    /// Accept a disabled key again
    Enable(KeysState),
    /// Refuse a key for ever, or all that leaked into a file
    Revoke(KeysRevoke),
}

/// Arguments of `keys create`.
#[derive(Debug, Args)]
pub struct KeysCreate {
    /// Whose key it is; an owner may have several
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// What it may be used for, for example `orders:read`; may be repeated
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
    /// Until when it may be used (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", conflicts_with = "days")]
    pub expires: Option<String>,
    /// For how many days it may be used
    #[arg(long, value_name = "N")]
    pub days: Option<u16>,
    /// Address or network that it may come from; may be repeated
    #[arg(long, value_name = "NETWORK")]
    pub address: Vec<String>,
    /// Certificate that the client has to show, by its name (a SPIFFE id, a host) or as `sha256:` and its
    /// thumbprint; may be repeated
    #[arg(long, value_name = "NAME")]
    pub certificate: Vec<String>,
    /// Refuse it in requests of browsers, which say so by Origin and Sec-Fetch fields
    #[arg(long)]
    pub server_only: bool,
    /// How often it may be used, for example `100/60` for 100 requests in 60 seconds
    #[arg(long, value_name = "REQUESTS/SECONDS")]
    pub rate: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// Arguments of `keys revoke`.
#[derive(Debug, Args)]
pub struct KeysRevoke {
    /// Id of the key, or the beginning of it
    #[arg(value_name = "ID", required_unless_present = "leaked")]
    pub id: Option<String>,
    /// Revoke every key of ours in a file of any text: a report of a secret scanner, a log, a repository's file
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    pub leaked: Option<PathBuf>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Arguments of `keys disable` and `enable`.
#[derive(Debug, Args)]
pub struct KeysState {
    /// Id of the key, or the beginning of it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
