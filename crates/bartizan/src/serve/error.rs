//! Why serving cannot begin, or ended badly.

use std::path::PathBuf;

use bartizan_gateway::policy::PolicyError;
use bartizan_pipeline::{keep::KeepError, sinks::SinkError, sources::receivers::ReceiverError};
use bartizan_store::StoreError;

use super::{DecidedError, ModesError, SettingsError, settings};
use crate::api::FirstUserError;

/// Why serving cannot begin, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The gateway refuses it, or cannot listen.
    #[error(transparent)]
    Gateway(bartizan_gateway::ConfigError),
    /// A policy cannot be compiled.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A sink cannot be compiled.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A receiver cannot be compiled, or cannot listen.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// The configuration cannot be written as it is shown.
    #[error("cannot write the configuration as YAML: {0}")]
    Unwritable(String),
    /// The API keys cannot be read.
    #[error("cannot read the API keys: {0}")]
    Keys(String),
    /// What is denied cannot be read.
    #[error("cannot read which credentials are denied: {0}")]
    Denied(StoreError),
    /// Deliveries that failed cannot be read.
    #[error("cannot read which deliveries of webhooks have failed: {0}")]
    Webhooks(StoreError),
    /// The paths that people keep apart cannot be read.
    #[error("cannot read which paths are kept apart: {0}")]
    Apart(StoreError),
    /// What was learned cannot be read.
    #[error("cannot read what was learned of endpoints: {0}")]
    Learned(StoreError),
    /// The modes to which policies were switched cannot be read.
    #[error(transparent)]
    Modes(#[from] ModesError),
    /// What was decided about relations cannot be read.
    #[error(transparent)]
    Decided(#[from] DecidedError),
    /// The administration listener cannot be opened.
    #[error("cannot listen on {address} for administration: {source}")]
    Admin {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The capture cannot be written.
    #[error("cannot write the capture {}: {source}", path.display())]
    Capture {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is nobody who could log in.
    #[error(transparent)]
    FirstUser(#[from] FirstUserError),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The last results cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

impl ServeError {
    /// Whether it is about what the configuration file says.
    pub(crate) fn is_of_the_configuration(&self) -> bool {
        use bartizan_gateway::ConfigError::{Listeners, Policy, Value};
        match self {
            Self::Settings(error) => !error.key.starts_with("--"),
            Self::Policy(_)
            | Self::Sink(_)
            | Self::Receiver(_)
            | Self::Gateway(Value { .. } | Listeners | Policy(_)) => true,
            _ => false,
        }
    }

    /// The key of the configuration that it is about, when it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Settings(error) => Some(&error.key),
            Self::Gateway(bartizan_gateway::ConfigError::Value { key, .. }) => Some(key),
            _ => None,
        }
    }

    /// What to do about it.
    pub(crate) const fn help(&self) -> &'static str {
        use bartizan_gateway::ConfigError;
        match self {
            Self::Settings(_) | Self::Gateway(ConfigError::Value { .. }) => {
                "`bartizan config schema` describes every key"
            }
            Self::Gateway(ConfigError::File { .. }) => "name a file that can be read and used",
            Self::Gateway(ConfigError::Listeners) => "restart to listen elsewhere",
            Self::Gateway(ConfigError::Policy(_)) => {
                "`bartizan explain` lists the kinds of policies with examples"
            }
            Self::Gateway(_) => "name another address with --listen, or end what listens there",
            Self::Policy(_) => "`bartizan explain` lists the kinds of policies with examples",
            Self::Sink(_) => "`bartizan explain` lists the kinds of sinks with examples",
            Self::Receiver(_) => "`bartizan explain` lists the kinds of receivers with examples",
            Self::Unwritable(_) => "the configuration in force stays as it was",
            Self::Keys(_)
            | Self::Apart(_)
            | Self::Denied(_)
            | Self::Learned(_)
            | Self::Webhooks(_)
            | Self::Modes(ModesError::Store(_))
            | Self::Decided(DecidedError::Store(_)) => "is the folder of the store readable?",
            Self::Decided(DecidedError::Unreadable(_)) => "restore the store from a backup",
            Self::Modes(ModesError::Unreadable(_)) => {
                "restore the store from a backup, or start with --forget-switches: each policy is then \
                 in the mode of the configuration, and the audit log says so"
            }
            Self::Admin { .. } => "name another address with --admin",
            Self::FirstUser(_) => "is the folder of the store writable?",
            Self::Capture { .. } => "name another file with --capture",
            Self::Thread(_) => "the system has no room for another thread",
            Self::Keep(_) => "what was acknowledged before is there",
        }
    }
}

impl From<bartizan_gateway::ConfigError> for ServeError {
    fn from(error: bartizan_gateway::ConfigError) -> Self {
        Self::Gateway(settings::in_the_file(error))
    }
}
