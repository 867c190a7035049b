//! Deliveries of webhooks that no upstream took, kept to be replayed.
//!
//! A delivery is sealed under a key of the organisation, which is not in the database. What there is no room for is kept
//! as a record alone, which says so.

use async_trait::async_trait;
use bartizan_model::{
    FailedDeliveryId, KeyedHash, Scope, Timestamp,
    webhook::{Delivered, DeliveryState, FailedDelivery, KeptDelivery, Replayed},
};

use crate::{
    error::{Result, StoreError},
    query::{Page, PageRequest},
};

/// Most failed deliveries of a scope; beyond, the oldest make room, settled ones first.
pub const MAX_FAILED_DELIVERIES: usize = 1_000;
/// Most bytes of sealed deliveries of a scope; beyond, the oldest are kept as records only.
pub const MAX_FAILED_BYTES: u64 = 64 << 20;
/// Longest reason, in bytes.
const REASON_BYTES: usize = 1_000;

/// What there was no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepReport {
    /// Deliveries that are gone.
    pub dropped: u64,
    /// Deliveries of which only the record is left.
    pub emptied: u64,
}

/// Which failed deliveries. Empty fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedDeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Verified by the policy of this name.
    pub policy: Option<String>,
}

/// What somebody decides about a failed delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDeliveryChange {
    /// Which.
    pub id: FailedDeliveryId,
    /// [`Asked`](DeliveryState::Asked) or [`Discarded`](DeliveryState::Discarded).
    pub to: DeliveryState,
    /// Who.
    pub who: String,
    /// Why; may be empty.
    pub reason: String,
    /// When.
    pub now: Timestamp,
}

impl FailedDeliveryChange {
    /// Refuses what does not fit the delivery as it is.
    pub(crate) fn check(&self, from: &KeptDelivery) -> Result<()> {
        use DeliveryState::{Asked, Discarded, Replaying};
        let refuse = |reason| {
            let subject = format!("failed delivery {}", self.id);
            Err(StoreError::InvalidChange { subject, reason })
        };
        if self.who.trim().is_empty() {
            return refuse("it must be known who decides");
        }
        if self.reason.len() > REASON_BYTES || self.reason.chars().any(char::is_control) {
            return refuse("a reason has at most 1,000 bytes on one line");
        }
        match (from.state, self.to) {
            (Asked | Replaying, _) => refuse("it is being replayed"),
            (state, _) if state.is_settled() => refuse("it was taken or discarded already"),
            (_, Asked) if from.until <= self.now => refuse("it is kept no longer"),
            (_, Asked) if !from.is_whole => refuse("it is not kept whole, so its sender has to"),
            (_, Asked | Discarded) => Ok(()),
            _ => refuse("a delivery can be replayed or discarded"),
        }
    }
}

/// Keeps failed deliveries. Promises what [`crate::Store`] promises of every call.
#[async_trait]
pub trait FailedDeliveries {
    /// Keeps deliveries. One that is known fails once more, and is replaced; one that was settled is not any more. Audited
    /// as a whole.
    async fn keep_failed_deliveries(
        &self,
        scope: &Scope,
        failed: &[FailedDelivery],
        now: Timestamp,
    ) -> Result<KeepReport>;
    /// Notes that deliveries were taken when their senders sent them again. Unknown ones are passed over. Audited as a
    /// whole.
    async fn failed_deliveries_came(
        &self,
        scope: &Scope,
        keys: &[KeyedHash],
        now: Timestamp,
    ) -> Result<()>;
    /// Keys of those that are not settled.
    async fn failed_delivery_keys(&self, scope: &Scope) -> Result<Vec<KeyedHash>>;
    /// Those that are kept, the one that failed last first.
    async fn failed_deliveries(
        &self,
        scope: &Scope,
        filter: &FailedDeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<KeptDelivery>>;
    /// One of them, with the delivery where it is kept whole.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it cannot be unsealed.
    async fn failed_delivery(
        &self,
        scope: &Scope,
        id: &FailedDeliveryId,
    ) -> Result<Option<(KeptDelivery, Option<Delivered>)>>;
    /// Has a delivery replayed by whoever takes it next, or discards it and what is kept of it. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InvalidChange`] when it is settled, under way, or cannot be replayed.
    async fn change_failed_delivery(
        &self,
        scope: &Scope,
        change: &FailedDeliveryChange,
    ) -> Result<KeptDelivery>;
    /// Takes the delivery that was asked for first, for a replay: nobody else takes it.
    async fn take_failed_delivery(
        &self,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Option<(KeptDelivery, Delivered)>>;
    /// Writes down how a replay has ended. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not being replayed.
    async fn settle_replay(
        &self,
        scope: &Scope,
        id: &FailedDeliveryId,
        replayed: &Replayed,
        now: Timestamp,
    ) -> Result<()>;
    /// Forgets what is kept no longer. Replays that nobody has begun or ended since `before` are given up: nobody knows
    /// then what became of those that had begun. How many are gone.
    async fn tidy_failed_deliveries(
        &self,
        scope: &Scope,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64>;
}
