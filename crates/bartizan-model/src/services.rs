//! Which services call which, and which APIs of others ours call.
//!
//! Derived when results are made, from what was learned of calls; see `docs/services.md` for what counts as
//! evidence. Every list is bounded, and what there was no room for is counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{endpoint::AuthType, ids::EndpointId, place::ToldBy, time::Timestamp, words::words};

/// Most services of a graph, those with the most calls.
pub const MAX_NODES: usize = 500;
/// Most pairs of a caller and what it calls in a graph, those with the most calls.
pub const MAX_LINKS: usize = 2_000;
/// Most operations that are listed of a pair or of a third party, those with the most calls.
pub const MAX_OPERATIONS: usize = 16;
/// Most third parties that are listed.
pub const MAX_THIRD_PARTIES: usize = 1_000;
/// Most callers that are listed of a third party.
pub const MAX_CALLERS: usize = 16;

words!(
    /// What a node of the graph stands for.
    NodeKind {
        /// A service of ours: as a rule of the catalogue, tracing or the mesh names it, else its host.
        Service = "service",
        /// A workload that calls and was not seen being called.
        Workload = "workload",
        /// Somebody else's API, by its host.
        ThirdParty = "third_party",
        /// Callers of which only the network is known: `public`, `partner` or `private`.
        Network = "network",
    }
);

words!(
    /// What told that one calls another.
    LinkBy {
        /// An exchange within another one of the same trace (W3C Trace Context).
        TraceContext = "trace_context",
        /// The certificate of the caller, as a mesh tells it, or the name that its own tracing gives itself.
        Workload = "workload",
        /// The address of the caller.
        Address = "address",
    }
);

/// Which services call which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceGraph {
    /// Services, third parties and networks, by id.
    pub nodes: Vec<ServiceNode>,
    /// Who calls whom, most calls first.
    pub links: Vec<ServiceLink>,
    /// Pairs of a caller and what it calls beyond the limits.
    pub links_left_out: u64,
    /// Pairs of a caller and an operation that were forgotten while learning, as there was no room: with more
    /// than 0 the graph may lack links, and counts may be too small.
    pub forgotten: u64,
}

/// A service, third party or network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceNode {
    /// Kind and name: `service:shop/orders`, `third_party:api.pay.example`, `network:public`.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// For people.
    pub name: String,
    /// Hosts that it is reached by, in order.
    pub hosts: Vec<String>,
    /// Endpoints of the inventory.
    pub endpoints: u64,
    /// How many other services and third parties it calls.
    pub fan_out: u64,
    /// Endpoints of which one call fans out, as trace context showed.
    pub composite_endpoints: u64,
}

/// One calls another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLink {
    /// Id of the node that calls.
    pub caller: String,
    /// Id of the node that is called.
    pub callee: String,
    /// Calls, granted or failed, hostile ones left out.
    pub calls: u64,
    /// Of these, answered with a server error (status 500 and above) or not at all.
    pub failures: u64,
    /// Operations that were called: how many.
    pub operations: u64,
    /// The most called of them.
    pub top_operations: Vec<CalledOperation>,
    /// Duration that half of the calls do not exceed, in milliseconds, to within a fifth; `null` where the source
    /// tells no durations.
    pub median_ms: Option<f64>,
    /// As `median_ms`, of nine calls in ten.
    pub p90_ms: Option<f64>,
    /// First call; `null` for sources without times.
    pub first_seen: Option<Timestamp>,
    /// Last call.
    pub last_seen: Option<Timestamp>,
    /// What told it, that with the most calls first.
    pub told_by: Vec<LinkTold>,
}

/// How many calls one kind of evidence told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkTold {
    /// What kind.
    pub by: LinkBy,
    /// How many.
    pub calls: u64,
}

/// An operation that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalledOperation {
    /// Endpoint of the inventory.
    pub endpoint_id: EndpointId,
    /// Method and template, and the operation where the path has several.
    pub name: String,
    /// How often.
    pub calls: u64,
}

/// Somebody else's API that ours call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThirdParty {
    /// Its host, which is its id.
    pub host: String,
    /// What told that it is somebody else's.
    pub told_by: ToldBy,
    /// That in words.
    pub told: String,
    /// Exchanges.
    pub requests: u64,
    /// Of these, answered with a server error (status 500 and above).
    pub failures: u64,
    /// Exchanges over TLS.
    pub encrypted: u64,
    /// Exchanges in plain text.
    pub plain: u64,
    /// Operations that are called: how many.
    pub operations: u64,
    /// The most called of them.
    pub top_operations: Vec<CalledOperation>,
    /// Who calls, most calls first; empty when nothing tells.
    pub callers: Vec<EgressCaller>,
    /// Classes of data that were sent there, by name.
    pub sent: Vec<EgressClass>,
    /// Classes of data that came back, by name.
    pub received: Vec<EgressClass>,
    /// Credentials that calls carry, each once.
    pub credentials: Vec<EgressCredential>,
    /// First exchange; `null` for sources without times.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
}

/// Who calls a third party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EgressCaller {
    /// Id of its node in the graph.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// For people.
    pub name: String,
    /// How often.
    pub calls: u64,
}

/// A class of data that goes to a third party or comes from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EgressClass {
    /// Name of the class.
    pub class: String,
    /// How many values.
    pub values: u64,
    /// Operations with them.
    pub operations: u64,
}

/// A kind of credential that calls carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct EgressCredential {
    /// What kind.
    #[serde(rename = "type")]
    pub auth_type: AuthType,
    /// Where it travels: `header`, `cookie`, `query`, `connection`.
    pub location: String,
    /// Name of the header, cookie or parameter.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_is_written() {
        for kind in NodeKind::ALL {
            assert_eq!(NodeKind::parse(kind.as_str()), Some(*kind));
        }
        for by in LinkBy::ALL {
            assert_eq!(LinkBy::parse(by.as_str()), Some(*by));
        }
        assert_eq!(NodeKind::parse("Service"), None);
    }
}
