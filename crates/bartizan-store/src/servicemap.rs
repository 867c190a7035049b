//! Which services call which, and third parties, as their readers see them.

use async_trait::async_trait;
use bartizan_model::{Scope, ServiceGraph, ThirdParty, ToldBy};

use crate::{
    error::Result,
    orders::ThirdPartyOrder,
    query::{Page, PageRequest},
};

/// Which third parties. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThirdPartyFilter {
    /// Part of the host, in either case.
    pub host_contains: Option<String>,
    /// What told that it is somebody else's.
    pub told_by: Vec<ToldBy>,
    /// Classes of data that are sent there.
    pub sent: Vec<String>,
    /// Only those with calls in plain text, or only those without.
    pub plain: Option<bool>,
}

/// Reads what was written with the last result, see [`Batch::services`](crate::Batch::services).
#[async_trait]
pub trait ServiceMap: Send + Sync + std::fmt::Debug {
    /// Which services call which; `None` before the first result.
    async fn service_graph(&self, scope: &Scope) -> Result<Option<ServiceGraph>>;
    /// Third parties that ours call.
    async fn third_parties(
        &self,
        scope: &Scope,
        filter: &ThirdPartyFilter,
        page: &PageRequest<ThirdPartyOrder>,
    ) -> Result<Page<ThirdParty>>;
}
