//! What runs where: traffic goes first, everything else has what it leaves.

use std::{ops::Deref, sync::Arc};

use tokio::runtime::{Builder, Runtime};

use super::system;

/// The two runtimes of a server.
pub struct Runtimes {
    /// The gateway, its policies, and what asks after its health.
    pub traffic: Arc<Runtime>,
    /// The store and the judgement.
    pub behind: Arc<Behind>,
}

/// A runtime whose threads step back. Where the processor is full, exchanges wait in the queue of the
/// judgement, and what it cannot take is dropped and counted.
#[derive(Debug)]
pub struct Behind(Runtime);

impl Runtimes {
    /// Starts both. **The calling thread steps back too**, and so do all threads that are started by it
    /// or by one of those from now on: the threads of the database and of the judgement are.
    ///
    /// # Errors
    /// The system has no room for more threads.
    pub fn start() -> std::io::Result<Self> {
        system::keep_memory();
        system::small_pages();
        system::short_turns();
        // In this order: a thread has the priority of the one that started it.
        let traffic = Builder::new_multi_thread().enable_all().build()?;
        system::step_back();
        let behind = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { traffic: Arc::new(traffic), behind: Arc::new(Behind(behind)) })
    }
}

impl Deref for Behind {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.0
    }
}
