//! What is shown beside things, and of all of them at a glance.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{ActorId, ActorRef, EndpointId, Method, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// Length of a bucket of traffic, in seconds.
pub const TRAFFIC_SECONDS: u32 = 600;
/// Traffic is kept for so long, in seconds.
pub const TRAFFIC_KEPT: i64 = 2 * 86_400;
/// Most changes that are kept of one endpoint, the latest.
pub const MAX_ENDPOINT_CHANGES: u64 = 100;

/// Exchanges of the gateway in [`TRAFFIC_SECONDS`], each in one of the first five, by what became of it.
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
    /// None of these, and answered with a server error.
    pub errors: u64,
    /// Of all these, raised a detection.
    pub hostile: u64,
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
    /// What became of exchanges at or after a time, in order. Times without exchanges are missing.
    async fn traffic_since(&self, scope: &Scope, since: Timestamp) -> Result<Vec<TrafficBucket>>;
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
