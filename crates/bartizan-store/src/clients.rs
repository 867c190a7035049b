//! The inventory of clients as its readers see it.

use async_trait::async_trait;
use bartizan_model::{ClientDetail, ClientForm, ClientKind, ClientSummary, Scope, ids::ClientId};

use crate::{
    error::Result,
    facets::Facets,
    orders::ClientOrder,
    query::{Page, PageRequest},
};

/// Most clients that are kept, those that were seen last.
pub const MAX_KEPT_CLIENTS: u64 = 10_000;

/// Which clients. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Where they run.
    pub kinds: Vec<ClientKind>,
    /// What they are.
    pub forms: Vec<ClientForm>,
    /// Part of the label, ASCII case ignored.
    pub label_contains: Option<String>,
}

/// Reads the inventory of clients. It is written with each batch, see [`Batch::clients`](crate::Batch::clients).
#[async_trait]
pub trait ClientInventory: Send + Sync + std::fmt::Debug {
    /// Clients.
    async fn clients(
        &self,
        scope: &Scope,
        filter: &ClientFilter,
        page: &PageRequest<ClientOrder>,
    ) -> Result<Page<ClientSummary>>;
    /// Clients by `kind` and `form`.
    async fn client_facets(&self, scope: &Scope, filter: &ClientFilter) -> Result<Facets>;
    /// One client, with what it was granted and what it used.
    async fn client(&self, scope: &Scope, id: &ClientId) -> Result<Option<ClientDetail>>;
}
