//! Journey graphs as their readers see them.

use async_trait::async_trait;
use bartizan_model::{Journey, JourneyId, JourneySummary, Scope};

use crate::{
    error::Result,
    orders::JourneyOrder,
    query::{Page, PageRequest},
};

/// Which journey graphs. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JourneyFilter {
    /// Exact hosts.
    pub hosts: Vec<String>,
    /// Exact roles.
    pub roles: Vec<String>,
}

/// Reads journey graphs. They are written with each batch, see [`Batch::journeys`](crate::Batch::journeys).
#[async_trait]
pub trait Journeys: Send + Sync + std::fmt::Debug {
    /// Graphs as lists show them.
    async fn journeys(
        &self,
        scope: &Scope,
        filter: &JourneyFilter,
        page: &PageRequest<JourneyOrder>,
    ) -> Result<Page<JourneySummary>>;
    /// One graph.
    async fn journey(&self, scope: &Scope, id: &JourneyId) -> Result<Option<Journey>>;
}
