//! Receivers of a server: what they hand over goes where the exchanges of the gateway go.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bartizan_gateway::Handover;
use bartizan_model::Exchange;
use bartizan_pipeline::sources::receivers::{CompiledReceiver, Inlet, Receivers, Surroundings};

use super::{Runtimes, ServeError, now};

/// How often something was missing of which nobody can say how many exchanges it was.
pub(super) type Gaps = Arc<AtomicU64>;

/// The queue in front of the judgement, and what is told beside it.
struct Queue(Handover, Gaps);

impl Inlet for Queue {
    fn give(&self, exchange: Box<Exchange>) -> bool {
        self.0.give_seen(exchange)
    }

    fn gap(&self) {
        self.1.fetch_add(1, Relaxed);
    }
}

/// Begins to receive, on the runtime of the traffic: senders may wait for answers. Long decoding is done on
/// the one that steps back.
pub(super) fn start(
    runtimes: &Runtimes,
    (queue, gaps): (Handover, &Gaps),
    compiled: Vec<CompiledReceiver>,
) -> Result<Arc<Receivers>, ServeError> {
    let (inlet, decoding) =
        (Arc::new(Queue(queue, Arc::clone(gaps))), runtimes.behind.handle().clone());
    let receivers = Receivers::new(Surroundings { inlet, now, decoding });
    let prepared = receivers.prepare(compiled)?;
    let _context = runtimes.traffic.enter();
    for (name, _, place) in receivers.apply(prepared) {
        if place.is_exposed() {
            anstream::eprintln!(
                "warning: receiver {name} takes traffic on {place} in cleartext, from whoever has one of \
                 its `peers` addresses; `tls` with `authorities` lets only those send who have a certificate"
            );
        }
    }
    Ok(Arc::new(receivers))
}
