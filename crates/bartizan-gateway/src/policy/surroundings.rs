//! What policies get from outside: keys, counters, and what outlives a reload.

use std::sync::Arc;

use bartizan_model::{
    HashKey, counters::RateCounter, deny::DenyList, owners::ObjectOwners, replay::ReplayStore,
};

use super::{
    DenyTable, FailedDeliveries, KeyTable, LearnedContracts, LookUps, OwnerTable, QuotaLedger,
    RateTable, ReplayTable, concurrency::UnderWay, single_use::InUse,
};

/// What policies need from outside.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The key of the organisation, under which counted things are hashed.
    pub hash_key: HashKey,
    /// Own API keys; see [`keep_up`](super::keep_up).
    pub keys: Arc<KeyTable>,
    /// Where rates are counted; survives a reload.
    pub counter: Arc<dyn RateCounter>,
    /// Where it is noted what was used that may be used once.
    pub replays: Arc<dyn ReplayStore>,
    /// Credentials that are refused although they verify.
    pub denied: Arc<dyn DenyList>,
    /// Where quotas are counted; survives a reload, and over a store a restart.
    pub quotas: Arc<QuotaLedger>,
    /// What is under way; survives a reload.
    pub under_way: Arc<UnderWay>,
    /// Whose objects are, as answers told; survives a reload.
    pub owners: Arc<dyn ObjectOwners>,
    /// Values that were good once.
    pub spent: Arc<dyn DenyList>,
    /// Such values of which nobody knows whether they were used.
    pub doubtful: Arc<dyn DenyList>,
    /// Such values of requests under way; survives a reload.
    pub in_use: Arc<InUse>,
    /// Whether a listener asks clients for certificates.
    pub has_client_certificates: bool,
    /// What was learned of hosts; survives a reload.
    pub learned: Arc<LearnedContracts>,
    /// Told how look-ups go.
    pub look_ups: LookUps,
    /// Told of deliveries that no upstream took.
    pub failed_deliveries: FailedDeliveries,
}

impl Surroundings {
    /// Everything in this process, with keys under that of the organisation.
    #[must_use]
    pub fn embedded(hash_key: HashKey) -> Self {
        Self {
            keys: Arc::new(KeyTable::new(hash_key.clone())),
            counter: Arc::new(RateTable::default()),
            replays: Arc::new(ReplayTable::default()),
            denied: Arc::new(DenyTable::default()),
            quotas: QuotaLedger::in_memory(),
            under_way: Arc::default(),
            owners: Arc::new(OwnerTable::default()),
            spent: Arc::new(DenyTable::default()),
            doubtful: Arc::new(DenyTable::default()),
            in_use: Arc::default(),
            has_client_certificates: false,
            learned: Arc::default(),
            look_ups: LookUps::default(),
            failed_deliveries: FailedDeliveries::default(),
            hash_key,
        }
    }
}
