//! Which limits were reached since the server began.

use std::{collections::BTreeMap, sync::atomic::Ordering::Relaxed};

use bartizan_gateway::Running;
use bartizan_model::{analysis::NamedCount, limits::LimitName};
use bartizan_pipeline::{live::Counters, sources::receivers::Receivers};

use super::{admin::Closed, settings::key_in_the_file};

/// The limits that were reached, each under its key in the configuration, with how often.
pub(crate) fn reached(
    gateway: &Running,
    counters: &Counters,
    closed: &Closed,
    receivers: &Receivers,
) -> Vec<NamedCount> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for (limit, count) in gateway.limits_reached() {
        all.insert(key_in_the_file(&format!("limits.{limit}")), count);
    }
    for (limit, counter) in LimitName::ALL.iter().zip(&counters.limits) {
        all.insert(format!("limits.{limit}"), counter.load(Relaxed));
    }
    all.insert("admin.connections".to_owned(), closed.displaced.load(Relaxed));
    all.insert("admin.request_seconds".to_owned(), closed.late.load(Relaxed));
    // The queue in front of the judgement has two bounds and one counter.
    all.insert("gateway.waiting_exchanges".to_owned(), gateway.handover_dropped());
    all.extend(receivers.limits_reached());
    let reached = all.into_iter().filter(|(_, count)| *count > 0);
    reached.map(|(name, count)| NamedCount { name, count }).collect()
}
