//! The change log of the catalogue as its readers see it.

use async_trait::async_trait;
use bartizan_model::{Change, ChangeGrade, ChangeKind, Duration, EndpointId, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    facets::Facets,
    orders::ChangeOrder,
    query::{Page, PageRequest},
};

/// Most changes that are kept, those that were noticed last.
pub const MAX_CHANGES: u64 = 10_000;
/// Changes are kept for so long after they were noticed.
pub const CHANGES_KEPT: Duration = Duration::days(400);
/// Most changes that one write notices. The endpoints behind them are compared with the next one.
pub const MAX_CHANGES_AT_ONCE: usize = 1_000;

/// Which changes. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// What changed.
    pub kinds: Vec<ChangeKind>,
    /// How much they ask for a look.
    pub grades: Vec<ChangeGrade>,
    /// Endpoint, its aliases included.
    pub endpoint: Option<EndpointId>,
    /// Exact hosts.
    pub hosts: Vec<String>,
    /// Of this time of the traffic or later.
    pub since: Option<Timestamp>,
    /// Before this time of the traffic.
    pub before: Option<Timestamp>,
}

/// From when on the change log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeBaseline {
    /// When the first results were written.
    pub began: Timestamp,
    /// What was new until then counts as there all along.
    pub ends: Timestamp,
}

/// Reads the change log. It is written with each batch, see [`Batch::surfaces`](crate::Batch::surfaces).
#[async_trait]
pub trait ChangeLog: Send + Sync + std::fmt::Debug {
    /// Changes.
    async fn changes(
        &self,
        scope: &Scope,
        filter: &ChangeFilter,
        page: &PageRequest<ChangeOrder>,
    ) -> Result<Page<Change>>;
    /// Changes by `kind`, `grade` and `host`.
    async fn change_facets(&self, scope: &Scope, filter: &ChangeFilter) -> Result<Facets>;
    /// From when on there are changes; `None` before the first results.
    async fn change_baseline(&self, scope: &Scope) -> Result<Option<ChangeBaseline>>;
}
