//! Sinks of a server: compiled with what this process knows, and run behind the traffic.

use std::sync::Arc;

use bartizan_gateway::{config::system_authorities, policy::secret};
use bartizan_model::Scope;
use bartizan_pipeline::{
    keep::KeepError,
    sinks::{self, CompiledSink, Couriers, Outside, SinkConfig, SinkError},
};
use bartizan_store::DataDirectory;

use super::{Behind, ServeError, now};

/// Compiles sinks; connects to nothing.
///
/// # Errors
/// The first that cannot be used.
pub(crate) fn compile(configured: &[SinkConfig]) -> Result<Vec<CompiledSink>, SinkError> {
    sinks::compile(configured, &Outside { now, secret, authorities: system_authorities })
}

/// Begins to send, on the runtime that steps back.
pub(super) fn start(
    behind: &Behind,
    directory: &DataDirectory,
    scope: &Scope,
    compiled: Vec<CompiledSink>,
) -> Result<Arc<Couriers>, ServeError> {
    let (store, runtime) = (directory.shared_store(), behind.handle().clone());
    let started = Couriers::start(store, scope.clone(), compiled, now, runtime);
    behind.block_on(started).map_err(|error| KeepError::Store(error).into())
}
