//! Which upstream of a service is asked.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::pool::Upstream;
use crate::config::Balance;

/// The upstreams of a service.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    balance: Balance,
    turn: AtomicUsize,
}

impl Group {
    pub(crate) fn new(upstreams: Vec<Arc<Upstream>>, balance: Balance) -> Self {
        Self { upstreams, balance, turn: AtomicUsize::new(0) }
    }

    /// A healthy one; when none is, any: it may be back. `not` is avoided when there is another.
    pub(crate) fn choose(&self, not: Option<&Arc<Upstream>>) -> Arc<Upstream> {
        let count = self.upstreams.len();
        if count == 1 {
            return Arc::clone(&self.upstreams[0]);
        }
        let start = self.turn.fetch_add(1, Relaxed);
        let in_turn = (0..count).map(|at| &self.upstreams[(start + at) % count]);
        let is_other = |upstream: &Arc<Upstream>| not.is_none_or(|not| !Arc::ptr_eq(not, upstream));
        let mut fit =
            in_turn.clone().filter(|upstream| upstream.is_healthy() && is_other(upstream));
        let chosen = match self.balance {
            Balance::RoundRobin => fit.next(),
            Balance::LeastBusy => fit.min_by_key(|upstream| upstream.busy_now()),
        };
        let mut rest = in_turn;
        let chosen = chosen.or_else(|| rest.find(|upstream| is_other(upstream)));
        Arc::clone(chosen.unwrap_or(&self.upstreams[start % count]))
    }
}
