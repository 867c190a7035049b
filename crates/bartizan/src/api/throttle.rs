//! Log-ins that fail slow down those that follow, by name and network together, by network, and by
//! name: guessing one password, guessing many names from one place, and guessing one name from many.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures after which waiting begins, of a name from one network, of a network, of a name.
const FREE: [u32; 3] = [4, 20, 50];
/// The longest wait of each. Of a name alone it is short, so that nobody can keep somebody else out.
const LONGEST: [Duration; 3] =
    [Duration::from_secs(900), Duration::from_secs(900), Duration::from_secs(10)];
/// A failure is forgotten after this long without another one.
const FORGET: Duration = Duration::from_secs(3_600);
/// Most keys that are remembered; beyond, the one that failed longest ago goes.
const MOST: usize = 8_192;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    NameAndNetwork(String, IpAddr),
    Network(IpAddr),
    Name(String),
}

impl Key {
    /// Of somebody; the order is that of [`FREE`].
    fn all(name: &str, peer: IpAddr) -> [Self; 3] {
        let network = network(peer);
        let name = name.to_owned();
        [Self::NameAndNetwork(name.clone(), network), Self::Network(network), Self::Name(name)]
    }
}

/// Remembers failures.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// How long somebody has to wait before the next try; `None` for not at all. A try counts as
    /// failed until it [succeeds](Self::succeeded), so that many at one time are not as one.
    pub(super) fn begin(&self, name: &str, peer: IpAddr, now: Instant) -> Option<Duration> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = Key::all(name, peer);
        let waits = keys.iter().zip(FREE).zip(LONGEST).filter_map(|((key, free), longest)| {
            let failures = table.get(key).filter(|f| now.duration_since(f.last) < FORGET)?;
            let beyond = failures.count.checked_sub(free)?;
            let wait = Duration::from_secs(1 << beyond.min(20)).min(longest);
            (failures.last + wait).checked_duration_since(now).filter(|wait| !wait.is_zero())
        });
        if let Some(wait) = waits.max() {
            return Some(wait);
        }
        for key in keys {
            if table.len() >= MOST && !table.contains_key(&key) {
                let oldest = table.iter().min_by_key(|(_, f)| f.last).map(|(key, _)| key.clone());
                oldest.map(|oldest| table.remove(&oldest));
            }
            let failures = table.entry(key).or_insert(Failures { count: 0, last: now });
            if now.duration_since(failures.last) >= FORGET {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
        None
    }

    /// The last try of somebody was right. What others failed from the same network stays.
    pub(super) fn succeeded(&self, name: &str, peer: IpAddr) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [both, network, name] = Key::all(name, peer);
        table.remove(&both);
        for key in [network, name] {
            if let Some(failures) = table.get_mut(&key) {
                failures.count = failures.count.saturating_sub(1);
            }
        }
    }
}

/// One address of version 4, or the /64 of one of version 6.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn guesses_wait_longer_and_longer() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        for _ in 0..4 {
            assert_eq!(throttle.begin("ann", HERE, now), None);
        }
        let mut tries = 0;
        for _ in 0..3_600 {
            now += Duration::from_secs(1);
            tries += u32::from(throttle.begin("ann", HERE, now).is_none());
        }
        assert!((10..=14).contains(&tries), "{tries} guesses in an hour");
        assert!(throttle.begin("bob", HERE, now).is_none(), "others are not kept out");
        let there = IpAddr::from([198, 51, 100, 7]);
        assert!(throttle.begin("ann", there, now).is_none(), "nor the same one elsewhere");
    }

    #[test]
    fn who_is_right_begins_anew_and_failures_are_forgotten() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..30 {
            assert_eq!(throttle.begin("ann", HERE, now), None);
            throttle.succeeded("ann", HERE);
        }
        for _ in 0..4 {
            assert_eq!(throttle.begin("ann", HERE, now), None);
        }
        assert!(throttle.begin("ann", HERE, now).is_some());
        assert_eq!(throttle.begin("ann", HERE, now + FORGET), None);
    }

    #[test]
    fn one_network_cannot_try_many_names_nor_many_networks_one_name() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let tried = (0..100).filter(|n| throttle.begin(&format!("n{n}"), HERE, now).is_none());
        assert_eq!(tried.count(), 20);
        let inside = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, n, n, n, n]);
        let tried = (0..100).filter(|n| throttle.begin("eve", inside(*n), now).is_none());
        assert_eq!(tried.count(), 4, "a /64 is one network");
        let far = |n: u8| IpAddr::from([10, 0, 0, n]);
        let tried = (0..100).filter(|n| throttle.begin("zoe", far(*n), now).is_none());
        assert_eq!(tried.count(), 50);
        let later = now + Duration::from_secs(11);
        assert_eq!(throttle.begin("zoe", far(200), later), None, "the name is soon free again");
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for n in 0..20_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            let _ = throttle.begin(&format!("n{n}"), IpAddr::from([10, b, c, d]), now);
        }
        assert!(throttle.0.lock().expect("table").len() <= MOST);
    }
}
