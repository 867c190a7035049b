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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        config::{Limits, UpstreamProtocol},
        upstream::pool::{Route, Settings},
    };

    fn group(balance: Balance) -> Group {
        let time = Duration::from_secs(1);
        let limits = Limits::default();
        let settings = Settings { connect: time, idle: time, ejection: time, limits };
        let upstream = |port| {
            let address = format!("127.0.0.1:{port}");
            let route = Route { address, protocol: UpstreamProtocol::Http1, tls: None };
            Arc::new(Upstream::new(route, None, settings))
        };
        Group::new((1..=3).map(upstream).collect(), balance)
    }

    /// Which ones are chosen, one after the other.
    fn chosen(group: &Group, count: usize, not: Option<&Arc<Upstream>>) -> Vec<usize> {
        let place = |one: &Arc<Upstream>| group.upstreams.iter().position(|u| Arc::ptr_eq(u, one));
        (0..count).filter_map(|_| place(&group.choose(not))).collect()
    }

    #[test]
    fn they_are_asked_in_turn() {
        let group = group(Balance::RoundRobin);
        let _busy = group.upstreams[1].busy();
        assert_eq!(chosen(&group, 6, None), [0, 1, 2, 0, 1, 2]);
        assert!(!chosen(&group, 6, Some(&group.upstreams[1])).contains(&1));
    }

    #[test]
    fn the_least_busy_is_asked_and_those_that_are_alike_in_turn() {
        let group = group(Balance::LeastBusy);
        assert_eq!(chosen(&group, 3, None), [0, 1, 2]);
        let busy = [0, 0, 1].map(|at: usize| group.upstreams[at].busy());
        assert_eq!(chosen(&group, 3, None), [2, 2, 2]);
        assert_eq!(chosen(&group, 3, Some(&group.upstreams[2])), [1, 1, 1]);
        drop(busy);
        assert_eq!(chosen(&group, 3, None).len(), 3);
    }
}
