//! The counter of rate limits in this process: a table of fixed capacity in shards.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bartizan_model::{
    KeyedHash,
    counters::{
        Completeness, Counted, Pace, Rate, RateCounter, RateDecision, Window, WindowCounts,
    },
};

use super::recent::Recent;

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 64;

/// Rate limits of this process.
///
/// A key costs about 80 bytes, one of a [`Window`] up to 2 KiB more. When a shard is full, the key that was not used for the longest time
/// is forgotten. Where its events have all been paid back (it could send a whole burst anyway)
/// nothing is lost. Else its owner gets a new burst early: that is counted
/// ([`RateTable::forgotten`]), and keys that come new to the shard until then are *incomplete*. An
/// attacker who wants that needs as many live keys as the table holds: with addresses, as many
/// addresses (IPv6: /64 networks).
#[derive(Debug)]
pub struct RateTable {
    shards: Vec<Mutex<Shard>>,
    forgotten: AtomicU64,
}

#[derive(Debug)]
struct Shard {
    /// Theoretical arrival times.
    keys: Recent<KeyedHash, u64>,
    /// What came within windows, and which these are.
    windows: Recent<KeyedHash, (Window, WindowCounts)>,
    /// Until when something forgotten would still count.
    incomplete_until: u64,
}

impl RateTable {
    /// Keys held when nothing else is said: about 20 MB when full.
    pub const KEYS: usize = 1 << 18;
    /// For how many keys there is one of a window: 16,384 of them, at most 34 MB.
    const KEYS_PER_WINDOW: usize = 16;

    /// For at most about `keys` keys, and a sixteenth as many of windows.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        let keys = keys.div_ceil(SHARDS);
        let shard = || {
            let (keys, windows) =
                (Recent::new(keys), Recent::new(keys.div_ceil(Self::KEYS_PER_WINDOW)));
            Mutex::new(Shard { keys, windows, incomplete_until: 0 })
        };
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), forgotten: AtomicU64::new(0) }
    }

    /// Keys that were forgotten while they still counted.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Relaxed)
    }

    /// Keys held.
    #[must_use]
    pub fn len(&self) -> usize {
        let held = |shard: &Mutex<Shard>| {
            let shard = lock(shard);
            shard.keys.len() + shard.windows.len()
        };
        self.shards.iter().map(held).sum()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: KeyedHash) -> MutexGuard<'_, Shard> {
        // The key is a keyed hash: its bits are as good as random, and nobody can choose them.
        lock(&self.shards[usize::from(key.0[0]) % SHARDS])
    }

    fn steady(&self, key: KeyedHash, rate: Rate, cost: u64, now: u64) -> RateDecision {
        let mut shard = self.shard(key);
        if let Some(theoretical) = shard.keys.get_mut(&key) {
            let (decision, next) = rate.arrive(*theoretical, now, cost);
            *theoretical = next;
            return decision;
        }
        let (mut decision, next) = rate.arrive(0, now, cost);
        decision.completeness = shard.completeness(now);
        self.put(&mut shard, key, next, now);
        decision
    }

    fn put(&self, shard: &mut Shard, key: KeyedHash, theoretical: u64, now: u64) {
        if let Some((gone, theoretical)) = shard.keys.put(key, theoretical)
            && gone != key
            && theoretical > now
        {
            shard.incomplete_until = shard.incomplete_until.max(theoretical);
            self.forgotten.fetch_add(1, Relaxed);
        }
    }

    fn windowed(
        &self,
        key: KeyedHash,
        window: Window,
        now: u64,
        count: impl FnOnce(&mut WindowCounts) -> RateDecision,
    ) -> RateDecision {
        let mut shard = self.shard(key);
        if let Some((_, counts)) = shard.windows.get_mut(&key) {
            return count(counts);
        }
        let mut counts = WindowCounts::default();
        let mut decision = count(&mut counts);
        decision.completeness = shard.completeness(now);
        if counts != WindowCounts::default()
            && let Some((_, (window, gone))) = shard.windows.put(key, (window, counts))
            && gone.ends(window) > now
        {
            shard.incomplete_until = shard.incomplete_until.max(gone.ends(window));
            self.forgotten.fetch_add(1, Relaxed);
        }
        decision
    }
}

impl Shard {
    /// What is known of a key that comes new.
    fn completeness(&self, now: u64) -> Completeness {
        match now < self.incomplete_until {
            true => Completeness::Incomplete,
            false => Completeness::Complete,
        }
    }
}

impl Default for RateTable {
    fn default() -> Self {
        Self::new(Self::KEYS)
    }
}

impl RateCounter for RateTable {
    fn count(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64) -> Counted<'_> {
        Counted::Now(match pace {
            Pace::Steady(rate) => self.steady(key, rate, cost, now),
            Pace::Window(window) => {
                self.windowed(key, window, now, |counts| counts.arrive(window, now, cost))
            }
        })
    }

    fn look(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64) -> Counted<'_> {
        let mut shard = self.shard(key);
        let completeness = shard.completeness(now);
        let (decision, is_known) = match pace {
            Pace::Steady(rate) => {
                let known = shard.keys.get_mut(&key).copied();
                (rate.arrive(known.unwrap_or(0), now, cost).0, known.is_some())
            }
            Pace::Window(window) => match shard.windows.get_mut(&key) {
                Some((_, counts)) => (counts.look(window, now, cost), true),
                None => (WindowCounts::default().look(window, now, cost), false),
            },
        };
        let completeness = if is_known { Completeness::Complete } else { completeness };
        Counted::Now(RateDecision { completeness, ..decision })
    }

    fn charge(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64) {
        match pace {
            Pace::Steady(rate) => {
                let mut shard = self.shard(key);
                let known = shard.keys.get_mut(&key).copied().unwrap_or(0);
                self.put(&mut shard, key, rate.charged(known, now, cost), now);
            }
            Pace::Window(window) => {
                self.windowed(key, window, now, |counts| {
                    counts.charge(window, now, cost);
                    counts.look(window, now, 0)
                });
            }
        }
    }

    fn give_back(&self, key: KeyedHash, pace: Pace, cost: u64, _: u64) {
        let mut shard = self.shard(key);
        match pace {
            Pace::Steady(rate) => {
                if let Some(theoretical) = shard.keys.get_mut(&key) {
                    *theoretical = rate.given_back(*theoretical, cost);
                }
            }
            Pace::Window(_) => {
                let Some((_, counts)) = shard.windows.get_mut(&key) else { return };
                counts.give_back(cost);
                // Of whom nothing is counted goes before those of whom something is.
                if counts.is_empty() {
                    shard.windows.make_oldest(&key);
                }
            }
        }
    }

    fn forget(&self, key: KeyedHash, pace: Pace) {
        let mut shard = self.shard(key);
        match pace {
            Pace::Steady(_) => {
                if let Some(theoretical) = shard.keys.get_mut(&key) {
                    *theoretical = 0;
                    shard.keys.make_oldest(&key);
                }
            }
            Pace::Window(_) => {
                if let Some((_, counts)) = shard.windows.get_mut(&key) {
                    *counts = WindowCounts::default();
                    shard.windows.make_oldest(&key);
                }
            }
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every [`RateCounter`] keeps; a networked twin runs the same.
#[cfg(test)]
pub(crate) mod suite {
    use std::collections::HashMap;

    use super::*;

    fn key(n: u64) -> KeyedHash {
        let mut out = [0; 10];
        out[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        KeyedHash(out)
    }

    fn ask(counter: &dyn RateCounter, n: u64, rate: Rate, cost: u64, now: u64) -> RateDecision {
        at_once(counter.count(key(n), Pace::Steady(rate), cost, now))
    }

    fn at_once(counted: Counted<'_>) -> RateDecision {
        match counted {
            Counted::Now(decision) => decision,
            Counted::Later(_) => panic!("the embedded counter answers at once"),
        }
    }

    /// The leaky bucket of the same standard, kept as a plain list of what is still in the bucket:
    /// slow, and nothing like the implementation. The bucket holds `burst` increments and leaks
    /// steadily; an event conforms when it fits.
    #[derive(Default)]
    struct Bucket {
        level: u64,
        at: u64,
    }

    impl Bucket {
        fn arrive(&mut self, (increment, burst): (u64, u64), now: u64, cost: u64) -> (bool, u64) {
            for _ in 0..(now - self.at).min(self.level) {
                self.level -= 1;
            }
            self.at = now;
            let conforms = self.level + cost * increment <= increment * burst;
            if conforms {
                self.level += cost * increment;
            }
            let mut remaining = 0;
            while self.level + (remaining + 1) * increment <= increment * burst {
                remaining += 1;
            }
            (conforms, remaining)
        }
    }

    pub(crate) fn agrees_with_a_slow_bucket(counter: &dyn RateCounter) {
        let mut random = 11_u64;
        let mut next = move |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        for round in 0..60 {
            let (events, period, burst) = (1 + next(9), 1 + next(200), 1 + next(12));
            let rate = Rate::new(events, period, burst).expect("a rate");
            let increment = period.div_ceil(events);
            let mut buckets: HashMap<u64, Bucket> = HashMap::new();
            let mut now = 1_000;
            for _ in 0..500 {
                now += next(increment * 2 + 2);
                let (who, cost) = (next(3), 1 + next(2));
                let expected = buckets.entry(who).or_insert_with(|| Bucket { level: 0, at: now });
                let expected = expected.arrive((increment, burst), now, cost);
                let got = ask(counter, round * 10 + who, rate, cost, now);
                assert_eq!((got.conforms, got.remaining), expected, "{rate:?} at {now}");
                assert_eq!(got.completeness, Completeness::Complete);
                // What it says about later is true.
                if !got.conforms && cost <= burst {
                    let (mut probe, at) = (Bucket { ..Default::default() }, now + got.retry_nanos);
                    probe.level = buckets[&who].level;
                    probe.at = now;
                    assert!(probe.arrive((increment, burst), at, cost).0);
                    assert!(got.retry_nanos > 0);
                }
            }
        }
    }

    pub(crate) fn never_lets_more_pass_than_stated(counter: &dyn RateCounter) {
        // 100 a second, 20 at once: in any second at most 119 pass (burst and the rate).
        let rate = Rate::new(100, 1_000_000_000, 20).expect("a rate");
        let passed: Vec<u64> = (0..50_000)
            .map(|n| n * 100_000)
            .filter(|now| ask(counter, 7_777, rate, 1, *now).conforms)
            .collect();
        for (at, begin) in passed.iter().enumerate() {
            let within = passed[at..].iter().take_while(|t| **t < begin + 1_000_000_000).count();
            assert!(within <= 120, "{within}");
        }
        assert!((500..=520).contains(&passed.len()), "{}", passed.len());
    }

    pub(crate) fn looks_charges_and_gives_back(counter: &dyn RateCounter) {
        let second = 1_000_000_000;
        let paces = [
            Pace::Steady(Rate::new(3, second, 3).expect("a rate")),
            Pace::Window(Window::new(3, second).expect("a window")),
        ];
        for (n, pace) in (9_000..).zip(paces) {
            let key = key(n);
            let now = 50 * second;
            let count = |now| at_once(counter.count(key, pace, 1, now));
            let look = |now| at_once(counter.look(key, pace, 1, now));
            assert!(look(now).conforms && look(now).conforms, "to look costs nothing");
            assert_eq!([(); 3].map(|()| count(now).remaining), [2, 1, 0], "{pace:?}");
            assert!(!count(now).conforms && !look(now).conforms);
            counter.give_back(key, pace, 1, now);
            assert!(count(now).conforms && !count(now).conforms, "one came back");
            // Beyond the pace it is a debt, or counts as long as anything does.
            counter.charge(key, pace, 3, now);
            assert!(!look(now + second / 2).conforms && look(now + 3 * second).conforms);
            counter.forget(key, pace);
            assert!(look(now).conforms, "{pace:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_counter_keeps_the_contract() {
        suite::agrees_with_a_slow_bucket(&RateTable::default());
        suite::never_lets_more_pass_than_stated(&RateTable::default());
        suite::looks_charges_and_gives_back(&RateTable::default());
    }

    #[test]
    fn forgetting_is_counted_when_it_matters() {
        let table = RateTable::new(SHARDS);
        let rate = Rate::new(1, 100, 1).expect("a rate");
        let key = |n: u8| KeyedHash([0, n, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(table.steady(key(1), rate, 1, 1_000).conforms);
        // The first key has paid back: nothing is lost.
        assert!(table.steady(key(2), rate, 1, 1_100).conforms);
        assert_eq!((table.forgotten(), table.len()), (0, 1));
        // The second has not.
        let third = table.steady(key(3), rate, 1, 1_150);
        assert_eq!((table.forgotten(), third.completeness), (1, Completeness::Complete));
        let again = table.steady(key(2), rate, 1, 1_160);
        assert_eq!((again.conforms, again.completeness), (true, Completeness::Incomplete));
        assert_eq!(table.steady(key(4), rate, 1, 5_000).completeness, Completeness::Complete);
    }

    /// Those who log in with success are many; they are no way to get rid of those who fail.
    #[test]
    fn what_was_given_back_makes_room_first() {
        let table = RateTable::new(SHARDS * RateTable::KEYS_PER_WINDOW * 2);
        let window = Pace::Window(Window::new(10, 1_280).expect("a window"));
        let key = |n: u8| KeyedHash([0, n, 0, 0, 0, 0, 0, 0, 0, 0]);
        table.charge(key(1), window, 7, 5_000);
        for n in 2..50 {
            table.charge(key(n), window, 1, 5_000);
            table.give_back(key(n), window, 1, 5_000);
        }
        let Counted::Now(looked) = table.look(key(1), window, 0, 5_000) else { panic!("later") };
        assert_eq!((looked.remaining, table.forgotten()), (3, 0));
    }

    #[test]
    fn threads_share_a_limit() {
        let table = RateTable::default();
        let rate = Rate::new(1, u64::from(u32::MAX), 1_000).expect("a rate");
        let passed: usize = std::thread::scope(|scope| {
            let count = || {
                (0..1_000).filter(|_| table.steady(KeyedHash([1; 10]), rate, 1, 5).conforms).count()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(passed, 1_000);
    }
}
