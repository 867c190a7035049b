//! Arguments of `webhooks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ExplainFormat;

/// The `webhooks` commands.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List deliveries that no upstream took, the one that failed last first
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATE", value_parser = ["failed", "asked", "replaying", "taken", "discarded"])]
        state: Option<String>,
        /// Only those that this policy verified
        #[arg(long, value_name = "NAME")]
        policy: Option<String>,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// How and of what
        #[command(flatten)]
        show: WebhooksShow,
    },
    /// Show one of them, its values replaced by others of the same shape
    Show {
        /// Id of the delivery, or the beginning of it
        #[arg(value_name = "ID")]
        id: String,
        /// How and of what
        #[command(flatten)]
        show: WebhooksShow,
    },
    /// Have the running server send one through its gateway once more, and wait for what comes of it (exit code 3 when
    /// it was not taken)
    Replay(WebhooksDecide),
    /// Say that one is not needed; what it holds is forgotten
    Discard(WebhooksDecide),
}

/// Arguments of the `webhooks` commands that show something.
#[derive(Debug, Args)]
pub struct WebhooksShow {
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// Arguments of `webhooks replay` and `webhooks discard`.
#[derive(Debug, Args)]
pub struct WebhooksDecide {
    /// Id of the delivery, or the beginning of it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Folder of the store [default: that of the configuration, else bartizan-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
