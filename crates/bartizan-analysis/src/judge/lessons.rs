//! What the learners are given of each exchange.

use super::{
    members,
    state::{Core, count},
};
use crate::{
    endpoints::LeafId,
    facts::Facts,
    identity::Caller,
    learn::{actors::Sighting, journeys::RoleId, profile::Lesson},
};

impl Core {
    /// Learns from an exchange, of its endpoint, its caller and the whole input.
    pub(super) fn learn(
        &mut self,
        facts: &Facts<'_>,
        caller: &Caller,
        leaf: LeafId,
        hostile: bool,
        role: RoleId,
    ) {
        let exchange = facts.exchange;
        let time = exchange.time;
        let profile = self.profiles.entry(leaf.0).or_default();
        profile.learn(&Lesson { facts, caller, time, hostile }, &mut self.spots);
        self.learn_host(facts, leaf);
        if !hostile && !facts.is_batch() {
            self.learn_answers(facts, leaf);
        }
        if !hostile {
            self.learn_calls(facts, leaf);
            self.learn_told(facts, leaf);
            self.completions.observe(facts, leaf.0);
        }
        self.actors.observe(&Sighting {
            key: caller.actor_key,
            actor: &caller.actor,
            grade: caller.principal.as_ref().map(|p| p.grade),
            role,
            endpoint: u64::from(leaf.0).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ip: exchange.client.ip,
            time,
        });
        if let Some(time) = time {
            let error = exchange.response.as_ref().is_some_and(|r| r.status >= 500);
            self.timeline.add(time, error);
            self.started = Some(self.started.map_or(time, |t| t.min(time)));
            self.ended = Some(self.ended.map_or(time, |t| t.max(time)));
        }
        let gaps = facts.decoded.view.not_inspected();
        self.partly_inspected += u64::from(!gaps.is_empty());
        for entry in gaps {
            count(&mut self.not_inspected, &entry.to_string());
        }
        for (_, kind) in facts.decoded.view.anomalies() {
            count(&mut self.anomalies, kind.as_str());
        }
    }

    /// Whether an answer has the header fields that it has to have.
    fn learn_answers(&mut self, facts: &Facts<'_>, leaf: LeafId) {
        let (Some(specs), Some(answer)) = (&facts.snapshot.specs, &facts.exchange.response) else {
            return;
        };
        if !specs.asks_for_headers() {
            return;
        }
        let segments = members::segments(facts.decoded);
        let mut asked = specs.asked_headers(facts.exchange, &segments).peekable();
        if asked.peek().is_none() {
            return;
        }
        let Some(profile) = self.profiles.get_mut(&leaf.0) else { return };
        for name in asked {
            profile.answers.learn(answer.status, name, answer.headers.contains(name));
        }
    }

    /// Where the host of an endpoint is a pattern, which of its hosts was asked.
    pub(super) fn learn_host(&mut self, facts: &Facts<'_>, leaf: LeafId) {
        if facts.is_success()
            && self.resolver.is_at_pattern(leaf)
            && let Some(profile) = self.profiles.get_mut(&leaf.0)
        {
            let host = facts.exchange.request.host().to_ascii_lowercase();
            profile.whereabouts.add_host(&host, 1);
        }
    }

    /// Operations that an answer names: they are of the inventory, called or not.
    pub(super) fn learn_told(&mut self, facts: &Facts<'_>, leaf: LeafId) {
        let Some(call) = facts.decoded.call.as_ref().filter(|_| facts.is_success()) else { return };
        for told in self.resolver.tell(leaf, &call.told(facts.decoded)) {
            self.profiles.entry(told.0).or_default();
        }
    }

    /// Who called, and what is known of the calls within one trace.
    fn learn_calls(&mut self, facts: &Facts<'_>, leaf: LeafId) {
        let (exchange, snapshot) = (facts.exchange, facts.snapshot);
        let (networks, key) = (&snapshot.catalog.networks, &snapshot.key);
        let network = self.services.observe(exchange, leaf.0, networks, key);
        for call in self.traces.observe(exchange, leaf.0, network, key) {
            self.services.take_traced(&call, key);
        }
    }
}
