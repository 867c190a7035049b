//! Figures of a running server: the same on `/readyz`, in the administration API and in the dashboard.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bartizan_gateway::Running;
use bartizan_pipeline::{
    live::Counters,
    sinks::{Couriers, SinkFigures},
    sources::receivers::{ReceiverFigures, Receivers},
};
use schemars::JsonSchema;
use serde::Serialize;

/// What the server did since it began.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Figures {
    /// Whether it should be sent new connections.
    pub(crate) ready: bool,
    /// Open connections.
    pub(crate) connections: u64,
    /// Exchanges.
    pub(crate) exchanges: ExchangeFigures,
    /// What was kept of them.
    pub(crate) store: StoreFigures,
    /// How sinks fare; a few seconds old.
    pub(crate) sinks: Vec<SinkFigures>,
    /// What receivers took.
    pub(crate) receivers: Vec<ReceiverFigures>,
}

/// Exchanges since the server began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ExchangeFigures {
    /// Judged.
    judged: u64,
    /// Dropped before, because too many waited.
    not_judged: u64,
    /// Judged, but not inspected completely.
    partly_inspected: u64,
    /// With at least one detection.
    hostile: u64,
    /// That the judgement or a policy would refuse or slow down if enforced, or did.
    would_block: u64,
    /// That a policy refused or slowed down.
    refused_by_policies: u64,
    /// That a policy would have refused or slowed down, and none did.
    policies_would_refuse: u64,
    /// Missing from the capture.
    missing_from_capture: u64,
    /// That another source had told of: they count once.
    told_again: u64,
}

/// What was kept since the server began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct StoreFigures {
    /// Steps of results that were kept.
    steps_kept: u64,
    /// Steps that could not be kept.
    steps_failed: u64,
    /// Facts of exchanges that could not be kept and are gone.
    exchange_facts_lost: u64,
    /// Facts of earlier exchanges that made room on a full disk.
    exchange_facts_removed: u64,
}

impl Figures {
    pub(crate) fn of(
        gateway: &Running,
        counters: &Counters,
        sinks: &Couriers,
        receivers: &Receivers,
    ) -> Self {
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        Self {
            ready: !gateway.is_ending(),
            connections: gateway.connections() as u64,
            exchanges: ExchangeFigures {
                judged: load(&counters.judged),
                not_judged: gateway.handover_dropped(),
                partly_inspected: load(&counters.partly_inspected),
                hostile: load(&counters.hostile),
                would_block: load(&counters.would_block),
                refused_by_policies: load(&counters.refused),
                policies_would_refuse: load(&counters.would_refuse),
                missing_from_capture: load(&counters.capture_lost),
                told_again: load(&counters.copies),
            },
            store: StoreFigures {
                steps_kept: load(&counters.kept),
                steps_failed: load(&counters.keep_failures),
                exchange_facts_lost: load(&counters.facts_lost),
                exchange_facts_removed: load(&counters.facts_removed),
            },
            sinks: sinks.figures(),
            receivers: receivers.figures(),
        }
    }
}
