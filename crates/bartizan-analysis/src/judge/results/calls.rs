//! Which endpoints call which, by their final ids.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_model::{Called, Endpoint, EndpointId};

use super::State;
use crate::endpoints::{LeafId, Template};

/// Most endpoints that are listed as called by one.
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
        endpoint.composite = calls.len() > 1 && fans.contains(&endpoint.id);
        endpoint.calls = calls.into_values().collect();
        endpoint.calls.sort_by_key(|call| Reverse(call.exchanges));
        endpoint.calls.truncate(MAX_CALLED);
    }
}

pub(super) fn name(template: &Template) -> String {
    let operation = template.call.as_ref().map_or("", |call| call.operation.as_str());
    let text = format!("{} {}{} {operation}", template.method, template.host, template.path);
    text.trim_end().to_owned()
}
