//! The outbox: events on their way to sinks.
//!
//! A subscription says which events a sink wants. Whoever writes a finding, incident or detection
//! writes a *delivery* for each sink that wants the event, in the same transaction, so that a crash at
//! any instant loses neither or both. A courier *takes* deliveries that are due (nobody else does until
//! its claim lapses), sends them, and *settles* them: sent and gone, again later, or a dead letter.
//! What was sent and not settled is sent again: at least once.

use async_trait::async_trait;
use bartizan_model::{Event, EventId, EventType, Scope, Severity, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    query::{Page, PageRequest},
};

/// Longest text that is kept of why a delivery failed, in bytes.
pub const MAX_DELIVERY_ERROR: usize = 500;
/// Most deliveries that are taken at once.
pub const MAX_TAKEN: u32 = 500;

/// Which events a sink wants, and how many may wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Name of the sink, unique.
    pub sink: String,
    /// Only events of at least this severity.
    pub least_severity: Severity,
    /// Only these.
    pub events: Vec<EventType>,
    /// Most deliveries that wait. Beyond, the oldest are dropped, and counted.
    pub most_waiting: u64,
    /// Most dead letters. Beyond, the oldest are dropped, and counted.
    pub most_dead: u64,
}

impl Subscription {
    /// Whether the sink wants an event of this type and severity.
    #[must_use]
    pub fn wants(&self, kind: EventType, severity: Severity) -> bool {
        severity >= self.least_severity && self.events.contains(&kind)
    }
}

/// What is wanted of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take<'a> {
    /// For this sink.
    pub sink: &'a str,
    /// Who takes: claims of one holder can be released together.
    pub holder: &'a str,
    /// The time it is.
    pub now: Timestamp,
    /// Until when nobody else takes them.
    pub until: Timestamp,
    /// At most so many, clamped to 1 ..= [`MAX_TAKEN`].
    pub limit: u32,
}

/// An event on its way to one sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Name of the sink.
    pub sink: String,
    /// How often it reached the sink and was not taken.
    pub attempts: u32,
    /// When it was written.
    pub created: Timestamp,
    /// When it is sent next, or when it became a dead letter.
    pub due: Timestamp,
    /// Why it was not taken the last time; may hold text of the sink. Empty before.
    pub error: String,
    /// The event, with its number at this sink.
    pub event: Event,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The sink has it.
    Sent,
    /// To be tried again at this time. `counts` when it reached the sink.
    Again {
        /// When.
        due: Timestamp,
        /// Whether it is one of the attempts that are limited.
        counts: bool,
    },
    /// Given up: a dead letter, kept until somebody retries or forgets it.
    Dead,
}

/// A delivery that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its number at the sink.
    pub sequence: u64,
    /// What became of it.
    pub fate: Fate,
    /// Why it was not taken; cut to [`MAX_DELIVERY_ERROR`].
    pub error: String,
}

/// Which dead letters. Empty fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Of this sink.
    pub sink: Option<String>,
    /// Of this event.
    pub event: Option<EventId>,
}

/// Figures of one sink. Counters go on over restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SinkState {
    /// Its name.
    pub sink: String,
    /// Whether it is configured.
    pub active: bool,
    /// Deliveries that wait.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest_waiting: Option<Timestamp>,
    /// Dead letters.
    pub dead_letters: u64,
    /// Deliveries that arrived.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Deliveries that became dead letters.
    pub died: u64,
    /// Deliveries and dead letters that were dropped because there were too many.
    pub dropped: u64,
}

/// The outbox of a store. Promises what [`crate::Store`] promises of every call.
#[async_trait]
pub trait DeliveryStore {
    /// Says which sinks want what: these and no others. What waits for a sink that is not among them
    /// becomes dead letters.
    async fn set_subscriptions(
        &self,
        scope: &Scope,
        subscriptions: &[Subscription],
        now: Timestamp,
    ) -> Result<()>;
    /// Takes deliveries that are due, oldest first. Nobody else takes them before the claim lapses.
    async fn take_deliveries(&self, scope: &Scope, take: &Take<'_>) -> Result<Vec<Delivery>>;
    /// Writes down what became of deliveries of a sink. Unknown ones are passed over.
    async fn settle_deliveries(
        &self,
        scope: &Scope,
        sink: &str,
        settled: &[Settled],
        now: Timestamp,
    ) -> Result<()>;
    /// Gives up all claims of a holder; how many those were. For one that begins anew, or ends.
    async fn release_deliveries(&self, scope: &Scope, holder: &str) -> Result<u64>;
    /// Deliveries that were given up, latest first.
    async fn dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>>;
    /// Makes dead letters of configured sinks due again, as if they were new; how many. Audited.
    async fn retry_dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        who: &str,
        now: Timestamp,
    ) -> Result<u64>;
    /// Deletes dead letters; how many. Audited.
    async fn forget_dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        who: &str,
        now: Timestamp,
    ) -> Result<u64>;
    /// Figures of every sink there is or was, by name.
    async fn sink_states(&self, scope: &Scope) -> Result<Vec<SinkState>>;
}
