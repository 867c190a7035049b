//! Quotas in the store: what was reserved of them, and the view of it that a gateway has.

use std::sync::Arc;

use async_trait::async_trait;
use bartizan_model::{KeyedHash, QuotaPeriod, QuotaStore, Reserved, Scope, Unused, api_key::Later};

use crate::{error::Result, store::Store};

/// Keeps what was reserved of quotas.
#[async_trait]
pub trait Quotas: Send + Sync + std::fmt::Debug {
    /// Reserves up to `amount` of `limit`. What was reserved of periods that have ended when this one begins is
    /// forgotten.
    async fn reserve_quota(
        &self,
        scope: &Scope,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Result<Reserved>;
    /// Takes back what was reserved and not used.
    async fn give_back_quotas(&self, scope: &Scope, unused: &[Unused]) -> Result<()>;
}

/// The quotas of one scope, as a gateway sees them.
#[derive(Clone, Debug)]
pub struct StoredQuotas {
    store: Arc<dyn Store>,
    scope: Scope,
}

impl StoredQuotas {
    /// The quotas of `scope` in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Self {
        Self { store, scope }
    }
}

impl QuotaStore for StoredQuotas {
    fn reserve(
        &self,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Later<'_, std::result::Result<Reserved, String>> {
        Box::pin(async move {
            let reserved = self.store.reserve_quota(&self.scope, key, period, limit, amount).await;
            reserved.map_err(|error| error.to_string())
        })
    }

    fn give_back(&self, unused: Vec<Unused>) -> Later<'_, std::result::Result<(), String>> {
        Box::pin(async move {
            let given = self.store.give_back_quotas(&self.scope, &unused).await;
            given.map_err(|error| error.to_string())
        })
    }
}
