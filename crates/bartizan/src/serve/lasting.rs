//! What policies remember that outlives a restart: what is left of quotas, what is denied, and
//! deliveries that no upstream took.

use std::{sync::Arc, time::Duration};

use bartizan_analysis::Snapshot;
use bartizan_gateway::policy::{LookUps, QuotaLedger, Surroundings};
use bartizan_store::{DataDirectory, Store, StoredQuotas};

use super::{
    Behind, ServeError,
    denied::{Denied, keep_written},
    webhooks::Webhooks,
};

/// How long it may take to give back what was reserved of quotas.
const LAST_QUOTAS: Duration = Duration::from_secs(5);

/// What policies remember, and where it is kept.
pub(super) struct Lasting {
    quotas: Arc<QuotaLedger>,
    denied: Arc<Denied>,
    store: Arc<dyn Store>,
    webhooks: Webhooks,
}

impl Lasting {
    /// What was kept, and from now on what changes is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn load(
        behind: &Behind,
        directory: &DataDirectory,
        snapshot: &Snapshot,
    ) -> Result<Self, ServeError> {
        let store = directory.shared_store();
        let quotas = StoredQuotas::new(Arc::clone(&store), snapshot.scope.clone());
        let denied = Denied::load(store.as_ref(), &snapshot.scope);
        let denied = Arc::new(behind.block_on(denied).map_err(ServeError::Denied)?);
        behind.spawn(keep_written(Arc::downgrade(&denied), Arc::downgrade(&store)));
        let webhooks = behind.block_on(Webhooks::begin(&store, &snapshot.scope));
        let webhooks = webhooks.map_err(ServeError::Webhooks)?;
        Ok(Self { quotas: QuotaLedger::new(Arc::new(quotas)), denied, store, webhooks })
    }

    /// Deliveries that no upstream took.
    pub(super) const fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// What policies get from outside.
    pub(super) fn surroundings(&self, snapshot: &Snapshot, look_ups: &LookUps) -> Surroundings {
        Surroundings {
            look_ups: look_ups.clone(),
            quotas: Arc::clone(&self.quotas),
            denied: Arc::clone(&self.denied.credentials) as Arc<_>,
            spent: Arc::clone(&self.denied.values) as Arc<_>,
            doubtful: Arc::clone(&self.denied.doubtful) as Arc<_>,
            replays: Arc::clone(&self.denied.uses) as Arc<_>,
            failed_deliveries: self.webhooks.queue(),
            ..Surroundings::embedded(snapshot.key.clone())
        }
    }

    /// Writes down what is to be there after a restart. Warns of what cannot be.
    pub(super) fn stop(self, behind: &Behind) {
        let settled = behind
            .block_on(async { tokio::time::timeout(LAST_QUOTAS, self.quotas.settle()).await });
        if !matches!(settled, Ok(Ok(()))) {
            anstream::eprintln!(
                "warning: what was reserved of quotas and not used could not be given back"
            );
        }
        if !behind.block_on(self.webhooks.settle()) {
            anstream::eprintln!("warning: failed deliveries of webhooks could not be kept");
        }
        if let Err(problem) = behind.block_on(self.denied.write(self.store.as_ref())) {
            anstream::eprintln!("warning: what is denied cannot be written down: {problem}");
        }
    }
}
