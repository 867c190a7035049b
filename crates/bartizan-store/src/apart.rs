//! Paths that people keep apart, whatever traffic suggests.

use async_trait::async_trait;
use bartizan_model::{EndpointId, Scope, Timestamp};

use crate::error::Result;

/// Most paths that are kept apart, in one scope.
pub const MAX_PATHS_APART: usize = 1_000;
/// Longest of them, host included, in bytes.
pub const MAX_PATH_APART: usize = 1_024;
/// Longest reason, in bytes.
pub const MAX_APART_REASON: usize = 1_000;

/// A decision that paths are endpoints of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// What they had been merged into.
    pub endpoint: EndpointId,
    /// The paths, each behind its host: `api.example.com/users/search`.
    pub paths: Vec<String>,
    /// Ids that these had, and that led to the endpoint.
    pub ids: Vec<EndpointId>,
    /// Who decided it.
    pub who: String,
    /// Why; may be empty.
    pub reason: String,
    /// When.
    pub now: Timestamp,
}

/// A path that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathApart {
    /// The path behind its host.
    pub path: String,
    /// What it had been merged into.
    pub endpoint: EndpointId,
}

/// Keeps which paths are endpoints of their own.
#[async_trait]
pub trait Partings: Send + Sync + std::fmt::Debug {
    /// Keeps paths apart: ids that led to the endpoint stand for themselves again, and no automatic merge
    /// touches them. Recorded among the events of aliases, and audited. `false`, and nothing is written, when
    /// all of it was decided before.
    ///
    /// # Errors
    /// [`crate::StoreError::InvalidChange`] for more than [`MAX_PATHS_APART`] paths in all, or one that is longer
    /// than [`MAX_PATH_APART`].
    async fn keep_apart(&self, scope: &Scope, parting: &Parting) -> Result<bool>;
    /// All paths that are kept apart, in order.
    async fn paths_apart(&self, scope: &Scope) -> Result<Vec<PathApart>>;
}
