//! Which endpoints call which, and where what they accept comes to its end, by their final ids.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_model::{Called, Completed, CompletedBy, Endpoint, EndpointId, Fact};

use super::State;
use crate::endpoints::{LeafId, Template};

/// Most endpoints that are listed as called by one, and as where what it accepts ends.
const MAX_CALLED: usize = 32;

/// Notes at each endpoint which others it calls.
pub(super) fn note(state: &State, endpoints: &mut [Endpoint]) {
    let traces = &state.core.traces;
    let of = |leaf: u32| state.core.resolver.final_endpoint(LeafId(leaf));
    let mut called: BTreeMap<&EndpointId, BTreeMap<&EndpointId, Called>> = BTreeMap::new();
    let mut fans: BTreeSet<&EndpointId> = BTreeSet::new();
    for (caller, callee, exchanges) in traces.pairs() {
        let (Some(from), Some(to)) = (of(caller), of(callee)) else { continue };
        if from.id == to.id {
            continue;
        }
        if traces.fans_out(caller) {
            fans.insert(&from.id);
        }
        let entry = called.entry(&from.id).or_default().entry(&to.id).or_insert_with(|| Called {
            endpoint_id: to.id.clone(),
            name: name(to),
            exchanges: 0,
        });
        entry.exchanges += exchanges;
    }
    for endpoint in endpoints {
        let Some(calls) = called.remove(&endpoint.id) else { continue };
        if !endpoint.told.iter().any(|told| told.fact == Fact::Composite) {
            endpoint.composite = calls.len() > 1 && fans.contains(&endpoint.id);
        }
        endpoint.calls = calls.into_values().collect();
        endpoint.calls.sort_by_key(|call| Reverse(call.exchanges));
        endpoint.calls.truncate(MAX_CALLED);
    }
}

/// Notes at each endpoint where what it accepts comes to its end; what is called back is a delivery.
pub(super) fn note_ends(state: &State, endpoints: &mut [Endpoint]) {
    let of = |leaf: u32| state.core.resolver.final_endpoint(LeafId(leaf));
    let mut ends: BTreeMap<&EndpointId, BTreeMap<(CompletedBy, &EndpointId), Completed>> =
        BTreeMap::new();
    let mut called_back: BTreeMap<&EndpointId, u64> = BTreeMap::new();
    for (accepted, end, by, exchanges) in state.core.completions.pairs() {
        let (Some(from), Some(to)) = (of(accepted), of(end)) else { continue };
        if from.id == to.id {
            continue;
        }
        if by == CompletedBy::Callback {
            *called_back.entry(&to.id).or_default() += exchanges;
        }
        let key = (by, &to.id);
        let entry = ends.entry(&from.id).or_default().entry(key).or_insert_with(|| Completed {
            by,
            endpoint_id: to.id.clone(),
            name: name(to),
            exchanges: 0,
        });
        entry.exchanges += exchanges;
    }
    for endpoint in endpoints {
        let back = called_back.get(&endpoint.id).copied().unwrap_or(0);
        let conversation = &mut endpoint.conversation;
        conversation.deliveries = conversation.deliveries.max(back);
        let Some(ends) = ends.remove(&endpoint.id) else { continue };
        conversation.completed = ends.into_values().collect();
        conversation.completed.sort_by_key(|end| Reverse(end.exchanges));
        conversation.completed.truncate(MAX_CALLED);
    }
}

pub(super) fn name(template: &Template) -> String {
    let operation = template.call.as_ref().map_or("", |call| call.operation.as_str());
    let text = format!("{} {}{} {operation}", template.method, template.host, template.path);
    text.trim_end().to_owned()
}
