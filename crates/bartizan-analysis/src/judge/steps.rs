//! What journeys are given: steps of sessions, and endpoints that turned out to be one.

use std::collections::BTreeMap;

use bartizan_model::host::is_pattern;

use super::state::Core;
use crate::{
    endpoints::{LeafId, Outcome as Answer, Resolver},
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

    /// Decides about all endpoints, for a result.
    pub(super) fn consolidate(&mut self, snapshot: &Snapshot) {
        self.consolidate_by(snapshot, Resolver::consolidate);
    }

    /// Decides about the endpoints that may become ever more, while learning.
    pub(super) fn consolidate_growing(&mut self, snapshot: &Snapshot) {
        self.consolidate_by(snapshot, Resolver::consolidate_growing);
    }

    /// Consolidates the endpoints; what is known of those that became one is joined, and of hosts.
    fn consolidate_by(&mut self, snapshot: &Snapshot, consolidate: fn(&mut Resolver)) {
        self.resolver.fold_told(|host| snapshot.told(host));
        if !snapshot.catalog.paths.is_empty() {
            self.resolver.keep_apart(snapshot.catalog.written());
        }
        consolidate(&mut self.resolver);
        let mut went = BTreeMap::new();
        for (leaf, host) in self.resolver.take_moved() {
            let now = self.resolver.current_endpoint(leaf).map(|endpoint| endpoint.host.clone());
            let profile = self.profiles.get_mut(&leaf.0);
            let granted = profile.as_ref().map_or(0, |profile| profile.successes);
            if let Some(profile) = profile.filter(|_| granted > 0 && !is_pattern(&host)) {
                profile.whereabouts.add_host(&host, granted);
            }
            went.extend(now.map(|now| (host, now)));
        }
        let resolver = &self.resolver;
        self.journeys.follow(|leaf| resolver.shown(LeafId(leaf)).0);
        self.journeys.join_hosts(&went);
    }
}
