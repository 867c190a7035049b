//! Which upstream of a service is asked.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{
    breaker::{Breaker, Pass},
    caller::{mark_of, mixed},
    health::Checked,
    pool::Upstream,
};
use crate::config::{Balance, HashOn};

/// The upstreams of a service.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) members: Vec<Member>,
    balance: Balance,
    turn: AtomicUsize,
}

/// An upstream, and what this service knows of it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) checked: Option<Arc<Checked>>,
    pub(crate) breaker: Option<Arc<Breaker>>,
    mark: u64,
}

/// An upstream that may be asked, and whom to tell what came of it.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) pass: Option<Pass>,
}

impl Member {
    pub(crate) fn new(
        upstream: Arc<Upstream>,
        checked: Option<Arc<Checked>>,
        breaker: Option<Arc<Breaker>>,
    ) -> Self {
        let mark = mark_of(&upstream.name);
        Self { upstream, checked, breaker, mark }
    }

    /// Whether nothing speaks against it but its breaker.
    fn is_healthy(&self) -> bool {
        self.upstream.is_healthy() && self.checked.as_ref().is_none_or(|checked| checked.is_up())
    }

    fn admits(&self) -> bool {
        self.breaker.as_ref().is_none_or(|breaker| breaker.admits())
    }

    fn is(&self, upstream: &Arc<Upstream>) -> bool {
        Arc::ptr_eq(&self.upstream, upstream)
    }

    fn enter(&self) -> Option<Chosen> {
        let pass = match &self.breaker {
            None => None,
            Some(breaker) => Some(Breaker::enter(breaker)?),
        };
        Some(Chosen { upstream: Arc::clone(&self.upstream), pass })
    }
}

impl Group {
    pub(crate) fn new(members: Vec<Member>, balance: Balance) -> Self {
        Self { members, balance, turn: AtomicUsize::new(0) }
    }

    /// What one is chosen by, where it is chosen by something of the request.
    pub(crate) fn hash_on(&self) -> Option<&HashOn> {
        match &self.balance {
            Balance::Hash(on) => Some(on),
            Balance::RoundRobin | Balance::LeastBusy => None,
        }
    }

    /// Whether there is one that is healthy and may be asked.
    pub(crate) fn is_able(&self) -> bool {
        self.members.iter().any(|member| member.is_healthy() && member.admits())
    }

    /// How many seconds it takes at least until one may be asked again.
    pub(crate) fn retry_after(&self) -> u64 {
        let breakers = self.members.iter().filter_map(|member| member.breaker.as_ref());
        breakers.map(|breaker| breaker.opens_in().as_secs() + 1).min().unwrap_or(1)
    }

    /// A healthy one; when none is, any: it may be back. `not` is avoided when there is another. `None` when the
    /// breakers of all are open.
    pub(crate) fn choose(&self, key: Option<u64>, not: Option<&Arc<Upstream>>) -> Option<Chosen> {
        // Between looking and entering others may have taken the last place of a trial.
        self.members.iter().find_map(|_| self.best(key, not)?.enter())
    }

    fn best(&self, key: Option<u64>, not: Option<&Arc<Upstream>>) -> Option<&Member> {
        let count = self.members.len();
        if count == 1 {
            return self.members.first().filter(|only| only.admits());
        }
        let start = self.turn.fetch_add(1, Relaxed);
        let in_turn = (0..count).map(|at| &self.members[(start.wrapping_add(at)) % count]);
        let open = in_turn.filter(|member| member.admits());
        let other = open.clone().filter(|member| not.is_none_or(|not| !member.is(not)));
        let mut fit = other.clone().filter(|member| member.is_healthy());
        let chosen = match (&self.balance, key) {
            (Balance::LeastBusy, _) => fit.min_by_key(|member| member.upstream.busy_now()),
            (Balance::Hash(_), Some(key)) => fit.max_by_key(|member| mixed(member.mark, key)),
            _ => fit.next(),
        };
        let (mut other, mut open) = (other, open);
        chosen.or_else(|| other.next()).or_else(|| open.next())
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

    fn member(port: u16) -> Member {
        let time = Duration::from_secs(1);
        let limits = Limits::default();
        let settings = Settings { connect: time, idle: time, ejection: time, limits };
        let address = format!("127.0.0.1:{port}");
        let route = Route { address, protocol: UpstreamProtocol::Http1, tls: None };
        Member::new(Arc::new(Upstream::new(route, None, settings)), None, None)
    }

    fn group(balance: Balance) -> Group {
        Group::new((1..=3).map(member).collect(), balance)
    }

    /// Which one is chosen.
    fn chosen(group: &Group, key: Option<u64>, not: Option<&Arc<Upstream>>) -> usize {
        let chosen = group.choose(key, not).expect("no breaker is open");
        let mut members = group.members.iter();
        members.position(|member| member.is(&chosen.upstream)).expect("one of them")
    }

    fn several(group: &Group, count: usize, not: Option<&Arc<Upstream>>) -> Vec<usize> {
        (0..count).map(|_| chosen(group, None, not)).collect()
    }

    #[test]
    fn they_are_asked_in_turn() {
        let group = group(Balance::RoundRobin);
        let _busy = group.members[1].upstream.busy();
        assert_eq!(several(&group, 6, None), [0, 1, 2, 0, 1, 2]);
        assert!(!several(&group, 6, Some(&group.members[1].upstream)).contains(&1));
    }

    #[test]
    fn the_least_busy_is_asked_and_those_that_are_alike_in_turn() {
        let group = group(Balance::LeastBusy);
        assert_eq!(several(&group, 3, None), [0, 1, 2]);
        let busy = [0, 0, 1].map(|at: usize| group.members[at].upstream.busy());
        assert_eq!(several(&group, 3, None), [2, 2, 2]);
        assert_eq!(several(&group, 3, Some(&group.members[2].upstream)), [1, 1, 1]);
        drop(busy);
        assert_eq!(several(&group, 3, None).len(), 3);
    }

    #[test]
    fn the_same_value_leads_to_the_same_one_and_one_more_moves_its_part_only() {
        let by_hash = || Balance::Hash(HashOn::Address);
        let three = group(by_hash());
        let four = Group::new((1..=4).map(member).collect(), by_hash());
        let keys: Vec<u64> = (0..4_000).map(|at| mixed(at, 7)).collect();
        let before: Vec<usize> = keys.iter().map(|key| chosen(&three, Some(*key), None)).collect();
        let again: Vec<usize> = keys.iter().map(|key| chosen(&three, Some(*key), None)).collect();
        assert_eq!(before, again);
        for at in 0..3 {
            let share = before.iter().filter(|one| **one == at).count();
            assert!((1_200..1_470).contains(&share), "{at}: {share} of 4000");
        }
        let after = keys.iter().map(|key| chosen(&four, Some(*key), None));
        let mut moved = 0;
        for (before, after) in before.iter().zip(after) {
            assert!(after == *before || after == 3, "only to the new one");
            moved += usize::from(after == 3);
        }
        assert!((880..1_120).contains(&moved), "{moved} of 4000");
        // The next one in line is always the same, too.
        let first = &three.members[before[0]].upstream;
        let next = chosen(&three, Some(keys[0]), Some(first));
        assert!(next != before[0] && chosen(&three, Some(keys[0]), Some(first)) == next);
        assert_eq!(several(&three, 3, None).len(), 3, "in turn without a value");
    }
}
