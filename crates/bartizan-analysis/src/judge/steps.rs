//! What journeys are given: steps of sessions, and endpoints that turned out to be one.

use super::state::Core;
use crate::{
    endpoints::{LeafId, Outcome as Answer},
    facts::Enriched,
    learn::journeys::{RoleId, Taken},
    snapshot::Snapshot,
};

impl Core {
    /// Lets journeys learn from an exchange that was granted, that raised nothing and that is no noise; the role of
    /// its caller.
    pub(super) fn step(
        &mut self,
        exchange: &Enriched<'_>,
        answer: Answer,
        leaf: LeafId,
        is_hostile: bool,
    ) -> RoleId {
        if is_hostile || !answer.is_answer() {
            return RoleId::ANONYMOUS;
        }
        let leaf = self.resolver.shown(leaf);
        let Some(endpoint) = self.resolver.final_endpoint(leaf) else { return RoleId::ANONYMOUS };
        self.journeys.observe(&Taken { exchange, leaf: leaf.0, host: &endpoint.host })
    }

    /// Consolidates the endpoints; what is known of those that became one is joined.
    pub(super) fn consolidate(&mut self, _snapshot: &Snapshot) {
        self.resolver.consolidate();
        let resolver = &self.resolver;
        self.journeys.follow(|leaf| resolver.shown(LeafId(leaf)).0);
    }
}
