//! Who called: one bounded table over the whole input.

use std::net::IpAddr;

use bartizan_model::{ActorRef, Grade, KeyedHash, Timestamp, analysis::ActorSummary, redact};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::{Distinct, journeys::RoleId};
use crate::recent::RecentMap;

/// Most actors kept; the longest unseen is forgotten first, and counted.
pub const MAX_ACTORS: usize = 100_000;

/// Most networks listed for one actor.
const MAX_NETWORKS: usize = 8;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    actor: ActorRef,
    grade: Option<Grade>,
    role: RoleId,
    requests: u64,
    endpoints: Distinct,
    networks: SmallVec<[IpAddr; 1]>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

/// Actors with what they did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActorTable {
    rows: RecentMap<KeyedHash, Row>,
}

/// One exchange, as the table counts it.
pub struct Sighting<'a> {
    /// Key of the actor.
    pub key: KeyedHash,
    /// The actor.
    pub actor: &'a ActorRef,
    /// Grade of its principal.
    pub grade: Option<Grade>,
    /// Its role, as far as this exchange tells.
    pub role: RoleId,
    /// Hash of the endpoint.
    pub endpoint: u64,
    /// Address.
    pub ip: Option<IpAddr>,
    /// Event time.
    pub time: Option<Timestamp>,
}

impl ActorTable {
    /// Counts one exchange.
    pub fn observe(&mut self, sighting: &Sighting<'_>) {
        let row = self.rows.entry(sighting.key, MAX_ACTORS, || Row {
            actor: sighting.actor.clone(),
            grade: None,
            role: RoleId::ANONYMOUS,
            requests: 0,
            endpoints: Distinct::default(),
            networks: SmallVec::new(),
            first_seen: sighting.time,
            last_seen: sighting.time,
        });
        row.requests += 1;
        row.grade = row.grade.max(sighting.grade);
        if sighting.role != RoleId::ANONYMOUS {
            row.role = sighting.role;
        }
        row.endpoints.add(sighting.endpoint);
        if let Some(network) =
            sighting.ip.filter(|_| row.networks.len() < MAX_NETWORKS).map(redact::network_of)
            && !row.networks.contains(&network)
        {
            row.networks.push(network);
        }
        if let Some(time) = sighting.time {
            row.first_seen = Some(row.first_seen.map_or(time, |t| t.min(time)));
            row.last_seen = Some(row.last_seen.map_or(time, |t| t.max(time)));
        }
    }

    /// How many actors were forgotten for want of room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.rows.evicted()
    }

    /// All actors, busiest first. `role` gives the name of a role.
    #[must_use]
    pub fn summaries(&self, role: impl Fn(RoleId) -> Option<SmolStr>) -> Vec<ActorSummary> {
        let mut out: Vec<ActorSummary> = self
            .rows
            .iter()
            .map(|(_, row)| ActorSummary {
                id: row.actor.id.clone(),
                kind: row.actor.kind,
                grade: row.grade,
                label: row.actor.label.clone(),
                role: role(row.role),
                requests: row.requests,
                endpoints: row.endpoints.count(),
                networks: row.networks.iter().map(|ip| redact::network(*ip)).collect(),
                detections: 0,
                first_seen: row.first_seen,
                last_seen: row.last_seen,
            })
            .collect();
        out.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.id.cmp(&b.id)));
        out
    }
}
