//! What is shown beside things, and of all of them at a glance.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{ActorId, ActorRef, EndpointId, Method, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// Traffic over time, in buckets of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Length of a bucket, in seconds.
    pub seconds: u32,
    /// Buckets are kept for so long, in seconds.
    pub kept: i64,
}

impl Resolution {
    /// What a gateway did just now.
    pub const FINE: Self = Self { seconds: 10, kept: 2 * 3_600 };
    /// What it did yesterday; its length is a multiple of that of [`Self::FINE`].
    pub const COARSE: Self = Self { seconds: 600, kept: 2 * 86_400 };
    /// In both of them traffic is counted.
    pub const ALL: [Self; 2] = [Self::FINE, Self::COARSE];

    /// Where the bucket begins that `time` is in; the times before 1970 have buckets too.
    #[must_use]
    pub fn bucket(self, time: Timestamp) -> Timestamp {
        let length = i64::from(self.seconds) * 1_000_000;
        Timestamp::from_micros(time.micros().div_euclid(length).saturating_mul(length))
    }
}

/// Most changes that are kept of one endpoint, the latest.
pub const MAX_ENDPOINT_CHANGES: u64 = 100;

/// Exchanges of the gateway in a stretch of time, each counted once, by what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrafficBucket {
    /// When it begins.
    pub time: Timestamp,
    /// None of the others.
    pub clean: u64,
    /// Would have been refused or slowed down if all was enforced, and were not.
    pub monitored: u64,
    /// Refused or slowed down.
    pub refused: u64,
    /// Not judged, because too many waited.
    pub not_judged: u64,
    /// Let through, not hostile, and answered with a server error.
    pub errors: u64,
    /// Raised a detection and was let through, as no policy says otherwise.
    pub hostile: u64,
}

impl TrafficBucket {
    /// Adds counts of the same stretch of time.
    pub fn add(&mut self, more: &Self) {
        self.clean += more.clean;
        self.monitored += more.monitored;
        self.refused += more.refused;
        self.not_judged += more.not_judged;
        self.errors += more.errors;
        self.hostile += more.hostile;
    }
}

/// Where a data class is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataClassSpread {
    /// Name of the class.
    pub class: String,
    /// Endpoints that carry it.
    pub endpoints: u64,
    /// Endpoints to which it is sent.
    pub in_request: u64,
    /// Endpoints that answer with it.
    pub in_response: u64,
    /// Endpoints by who can reach them: the words of [`Access`](bartizan_model::Access). What is 0 is missing.
    pub access: BTreeMap<String, u64>,
}

/// What became different since some time. Things count once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// Endpoints that were first written down.
    pub new_endpoints: u64,
    /// Endpoints known before of which access, inventory state, confirmation or data classes changed.
    pub changed_endpoints: u64,
    /// Findings that were first written down.
    pub new_findings: u64,
    /// Findings that were done with, and are open again.
    pub reopened_findings: u64,
    /// Findings that were fixed.
    pub fixed_findings: u64,
    /// Incidents that were first written down.
    pub new_incidents: u64,
}

/// A change of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointChange {
    /// From 1, in order.
    pub sequence: u64,
    /// When it was written down.
    pub time: Timestamp,
    /// What: `access`, `inventory_state`, `confirmed`, or `data_class` (`CLASS:DIRECTION`).
    pub what: String,
    /// What it was; `null` for nothing.
    pub was: Option<String>,
    /// What it became; `null` for nothing.
    pub became: Option<String>,
}

/// What an endpoint is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointName {
    /// Host.
    pub host: String,
    /// Method.
    pub method: Method,
    /// Path template.
    pub path: String,
    /// What is called there, where the path has several operations.
    pub operation: Option<String>,
}

/// Reads what is shown beside things.
#[async_trait]
pub trait Glance: Send + Sync + std::fmt::Debug {
    /// What the endpoints are called that these ids lead to. Unknown ones are missing.
    async fn endpoint_names(
        &self,
        scope: &Scope,
        ids: &[EndpointId],
    ) -> Result<BTreeMap<EndpointId, EndpointName>>;
    /// Data classes and on how many endpoints they are seen, most first.
    async fn data_classes(&self, scope: &Scope) -> Result<Vec<DataClassSpread>>;
    /// What became different at or after a time.
    async fn changes_since(&self, scope: &Scope, since: Timestamp) -> Result<Changes>;
    /// What became of exchanges, in the buckets that begin at or after a time, in order. Times without
    /// exchanges are missing.
    async fn traffic_since(
        &self,
        scope: &Scope,
        resolution: Resolution,
        since: Timestamp,
    ) -> Result<Vec<TrafficBucket>>;
    /// The last [`MAX_ENDPOINT_CHANGES`] changes of an endpoint, those of its aliases not among them, in
    /// order.
    async fn endpoint_changes(&self, scope: &Scope, id: &EndpointId)
    -> Result<Vec<EndpointChange>>;
    /// Who these actors are. Unknown ones are missing.
    async fn actor_names(
        &self,
        scope: &Scope,
        ids: &[ActorId],
    ) -> Result<BTreeMap<ActorId, ActorRef>>;
}
