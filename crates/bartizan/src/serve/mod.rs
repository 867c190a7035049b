//! `serve`: the gateway in front of an API, the judgement behind it, and a store, in one process.

mod admin;
mod capture;
mod lane;
mod settings;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bartizan_analysis::{Snapshot, State};
use bartizan_gateway::{AllowAll, Gateway, Running, handover};
use bartizan_model::analysis::Analysis;
use bartizan_pipeline::{keep::KeepError, live::Counters, tokenise::Tokeniser};
use bartizan_store::DataDirectory;
use tokio::runtime::Runtime;

pub(crate) use lane::now;
pub use settings::{Overrides, SettingsError, compile};

use self::{admin::Admin, capture::Capture, lane::Lane};
use crate::config::Config;

/// Why serving cannot begin, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The gateway refuses it, or cannot listen.
    #[error(transparent)]
    Gateway(#[from] bartizan_gateway::ConfigError),
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
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The last results cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// What serving begins with.
pub struct Start {
    /// What the gateway is told.
    pub gateway: bartizan_gateway::Config,
    /// The administration listener.
    pub admin: crate::config::gateway::AdminConfig,
    /// Limits, keys, specifications.
    pub snapshot: Arc<Snapshot>,
    /// What was learned before.
    pub state: State,
    /// Where results are kept.
    pub directory: Arc<DataDirectory>,
    /// What everything runs on.
    pub runtime: Arc<Runtime>,
    /// Exchanges and bytes of bodies that may wait for the judgement.
    pub waiting: (usize, usize),
    /// Write exchanges to this file, in the clear or tokenised.
    pub capture: Option<(PathBuf, Clear)>,
}

/// Whether captured values are in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// As they are.
    Yes,
    /// Replaced by others of the same shape.
    No,
}

/// A server that runs.
pub struct Serving {
    gateway: Arc<Running>,
    admin: Admin,
    lane: std::thread::JoinHandle<Result<Analysis, KeepError>>,
    runtime: Arc<Runtime>,
}

impl Serving {
    /// Opens everything and begins to serve.
    ///
    /// # Errors
    /// Nothing is left running then.
    pub fn start(start: Start) -> Result<Self, ServeError> {
        let Start { gateway, admin, snapshot, state, directory, runtime, waiting, capture } = start;
        let capture = capture
            .map(|(path, clear)| {
                let tokeniser = (clear == Clear::No).then(|| Tokeniser::new(&snapshot.key));
                Capture::open(&path, tokeniser)
                    .map_err(|source| ServeError::Capture { path: path.clone(), source })
            })
            .transpose()?;
        let counters = Arc::new(Counters::default());
        let (sender, receiver) = handover::channel(waiting.0, waiting.1);
        let running = runtime.block_on(Gateway::start(&gateway, Arc::new(AllowAll), sender))?;
        let running = Arc::new(running);
        let admin =
            runtime.block_on(Admin::start(&admin, Arc::clone(&running), Arc::clone(&counters)))?;
        let lane = Lane {
            receiver,
            snapshot,
            state,
            counters,
            directory,
            runtime: Arc::clone(&runtime),
            capture,
        };
        let lane = lane.start().map_err(ServeError::Thread)?;
        Ok(Self { gateway: running, admin, lane, runtime })
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Running {
        &self.gateway
    }

    /// Address of the administration listener.
    #[must_use]
    pub const fn admin_address(&self) -> std::net::SocketAddr {
        self.admin.address()
    }

    /// Takes over a new configuration.
    ///
    /// # Errors
    /// It cannot be used; the old one stays in force.
    pub fn reload(&self, config: &Config, overrides: &Overrides) -> Result<(), ServeError> {
        let compiled = compile(&config.gateway, overrides)?;
        self.runtime.block_on(async { self.gateway.reload(&compiled, Arc::new(AllowAll)) })?;
        Ok(())
    }

    /// Lets what is under way end (at most so long), judges what waits, and keeps the results.
    ///
    /// # Errors
    /// When the last results cannot be kept.
    pub fn stop(self, longest: Duration) -> Result<(Analysis, bool), ServeError> {
        let Self { gateway, admin, lane, runtime } = self;
        let drained = runtime.block_on(gateway.drain(longest));
        admin.stop();
        // The queue ends with the last sender.
        drop(gateway);
        let analysis = lane
            .join()
            .map_err(|_| ServeError::Thread(std::io::Error::other("the judgement panicked")))??;
        Ok((analysis, drained))
    }
}
