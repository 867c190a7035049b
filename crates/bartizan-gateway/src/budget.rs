//! What all clients share, and of which one client gets a part only: bytes of bodies that are held,
//! and exchanges under way.
//!
//! Counting takes no lock. Clients are counted in a table of fixed size, where each address has its
//! place by a hash under a key of the process: two that fall on one place share a part, and nobody
//! from outside can tell which do.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    net::IpAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use http::{HeaderValue, StatusCode, header};

use crate::phases::Reply;

/// Places for clients. A client meets another one with a chance of one in so many.
const PLACES: usize = 4096;

/// What is counted as one client: IPv4 whole, IPv6 by /64, as one subscriber has it.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        v4 => v4,
    }
}

/// The place of a client in every budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientPlace(usize);

impl ClientPlace {
    pub(crate) fn of(address: IpAddr) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        // Less than `PLACES`, so nothing is cut off.
        Self((KEY.hash_one(subscriber(address)) % PLACES as u64) as usize)
    }
}

/// A bound at which a request is refused: nothing of it was executed, and it may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// [`Limits::buffered_bytes`](crate::config::Limits::buffered_bytes).
    Bytes,
    /// [`Limits::buffered_bytes_per_client`](crate::config::Limits::buffered_bytes_per_client).
    BytesOfClient,
    /// [`Limits::exchanges`](crate::config::Limits::exchanges).
    Exchanges,
    /// [`Limits::exchanges_per_client`](crate::config::Limits::exchanges_per_client).
    ExchangesOfClient,
    /// [`Limits::upstream_connections`](crate::config::Limits::upstream_connections).
    UpstreamConnections,
}

impl Bound {
    pub(crate) const ALL: [Self; 5] = [
        Self::Bytes,
        Self::BytesOfClient,
        Self::Exchanges,
        Self::ExchangesOfClient,
        Self::UpstreamConnections,
    ];

    /// Name of the limit, for metrics.
    pub(crate) const fn limit(self) -> &'static str {
        match self {
            Self::Bytes => "buffered_bytes",
            Self::BytesOfClient => "buffered_bytes_per_client",
            Self::Exchanges => "exchanges",
            Self::ExchangesOfClient => "exchanges_per_client",
            Self::UpstreamConnections => "upstream_connections",
        }
    }

    /// The answer to the client.
    pub(crate) fn reply(self) -> Reply {
        let (code, title) = match self {
            Self::Bytes => ("buffer-budget", "too much is under way; try again soon"),
            Self::BytesOfClient => ("buffer-share", "too much of yours is under way"),
            Self::Exchanges => ("too-busy", "too many requests are under way; try again soon"),
            Self::ExchangesOfClient => {
                ("too-busy-client", "too many requests of yours are under way")
            }
            Self::UpstreamConnections => {
                ("upstream-full", "the service has too many requests under way; try again soon")
            }
        };
        let reply = Reply::problem(StatusCode::SERVICE_UNAVAILABLE, code, title);
        reply.with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// A budget.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    limit: AtomicUsize,
    per_client: AtomicUsize,
    clients: Box<[AtomicUsize]>,
    /// What is told when the whole is used up, and when the part of a client is.
    bounds: [Bound; 2],
}

impl Budget {
    pub(crate) fn new(limit: usize, per_client: usize, bounds: [Bound; 2]) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            per_client: AtomicUsize::new(per_client),
            clients: std::iter::repeat_with(AtomicUsize::default).take(PLACES).collect(),
            bounds,
        })
    }

    /// Changes the limits; what is in use stays.
    pub(crate) fn set_limits(&self, limit: usize, per_client: usize) {
        self.limit.store(limit, Relaxed);
        self.per_client.store(per_client, Relaxed);
    }

    /// What is in use.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Takes from the first `1/parts` of the whole and of the part of a client.
    fn take(&self, client: ClientPlace, amount: usize, parts: usize) -> Result<(), Bound> {
        let [all, own] = self.bounds;
        add(&self.used, amount, self.limit.load(Relaxed) / parts).ok_or(all)?;
        let of_client = &self.clients[client.0];
        add(of_client, amount, self.per_client.load(Relaxed) / parts).ok_or_else(|| {
            self.used.fetch_sub(amount, Relaxed);
            own
        })
    }

    fn give_back(&self, client: ClientPlace, amount: usize) {
        if amount > 0 {
            self.used.fetch_sub(amount, Relaxed);
            self.clients[client.0].fetch_sub(amount, Relaxed);
        }
    }
}

/// Adds what fits. For a moment others may see what did not fit; they are refused too then, which
/// is as true.
fn add(counter: &AtomicUsize, amount: usize, limit: usize) -> Option<()> {
    let before = counter.fetch_add(amount, Relaxed);
    if before.saturating_add(amount) > limit {
        counter.fetch_sub(amount, Relaxed);
        return None;
    }
    Some(())
}

/// What one holder has of a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    client: ClientPlace,
    amount: usize,
}

impl Lease {
    pub(crate) fn new(budget: &Arc<Budget>, client: ClientPlace) -> Self {
        Self { budget: Arc::clone(budget), client, amount: 0 }
    }

    /// Takes more.
    ///
    /// # Errors
    /// The bound that is reached; nothing was taken then.
    pub(crate) fn grow(&mut self, amount: usize) -> Result<(), Bound> {
        self.budget.take(self.client, amount, 1)?;
        self.amount += amount;
        Ok(())
    }

    /// Takes more for what can be done without: only while half of the budget is free, so that it
    /// never takes the room of what cannot.
    pub(crate) fn grow_spare(&mut self, amount: usize) -> bool {
        let is_taken = self.budget.take(self.client, amount, 2).is_ok();
        self.amount += if is_taken { amount } else { 0 };
        is_taken
    }

    /// Takes or gives back, so that it is `amount`.
    ///
    /// # Errors
    /// As [`Lease::grow`].
    pub(crate) fn resize(&mut self, amount: usize) -> Result<(), Bound> {
        self.shrink_to(amount);
        self.grow(amount - self.amount)
    }

    /// Gives back what is beyond `amount`.
    pub(crate) fn shrink_to(&mut self, amount: usize) {
        let less = self.amount.saturating_sub(amount);
        self.budget.give_back(self.client, less);
        self.amount -= less;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.give_back(self.client, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: usize, per_client: usize) -> Arc<Budget> {
        Budget::new(limit, per_client, [Bound::Bytes, Bound::BytesOfClient])
    }

    #[test]
    fn the_limit_holds_over_all_leases() {
        let budget = budget(10, 10);
        let mut a = Lease::new(&budget, ClientPlace(1));
        let mut b = Lease::new(&budget, ClientPlace(2));
        assert_eq!((a.grow(6), b.grow(4)), (Ok(()), Ok(())));
        assert_eq!(a.grow(1), Err(Bound::Bytes));
        drop(b);
        assert_eq!(a.grow(4), Ok(()));
        drop(a);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn one_client_gets_its_part_only() {
        let budget = budget(10, 4);
        let mut one = Lease::new(&budget, ClientPlace(1));
        let mut same = Lease::new(&budget, ClientPlace(1));
        let mut other = Lease::new(&budget, ClientPlace(2));
        assert_eq!(one.grow(3), Ok(()));
        assert_eq!(same.grow(2), Err(Bound::BytesOfClient));
        assert_eq!(other.grow(4), Ok(()));
        assert_eq!(budget.used(), 7, "what was refused is not counted");
        one.shrink_to(1);
        assert_eq!(same.grow(2), Ok(()));
        drop((one, same, other));
        assert_eq!(budget.used(), 0);
        assert!(budget.clients.iter().all(|client| client.load(Relaxed) == 0));
    }

    #[test]
    fn what_can_be_done_without_takes_half_at_most() {
        let budget = budget(10, 8);
        let mut spare = Lease::new(&budget, ClientPlace(1));
        assert!(spare.grow_spare(4) && !spare.grow_spare(1));
        let mut other = Lease::new(&budget, ClientPlace(2));
        assert!(other.grow_spare(1) && !other.grow_spare(1));
        assert_eq!(other.grow(5), Ok(()));
    }

    #[test]
    fn a_subscriber_has_one_place() {
        let of = |text: &str| subscriber(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        let place = |text: &str| ClientPlace::of(text.parse().expect("an address"));
        assert_eq!(place("2001:db8::1"), place("2001:db8::2"));
        // Under a random key, so only that addresses are spread.
        let places = (0..64u8).map(|n| place(&format!("192.0.2.{n}")).0);
        assert!(places.collect::<std::collections::HashSet<_>>().len() > 32);
    }
}
