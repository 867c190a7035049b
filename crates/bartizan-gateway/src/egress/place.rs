//! Connections of clients: so many at one time, of all and of one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::budget::subscriber;

/// The open connections of a proxy.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place among them, left when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection from this address (IPv6 by /64).
    ///
    /// # Errors
    /// The name of the bound that is reached.
    pub(super) fn enter(
        this: &Arc<Self>,
        address: IpAddr,
        most: usize,
        most_of_address: usize,
    ) -> Result<Place, &'static str> {
        let address = subscriber(address);
        let mut open = this.lock();
        if open.count >= most {
            return Err("too_many_connections");
        }
        // No entry without a connection is left behind.
        let of_address = open.by_address.get(&address).copied().unwrap_or(0);
        if of_address >= most_of_address {
            return Err("too_many_connections_of_address");
        }
        open.count += 1;
        open.by_address.insert(address, of_address + 1);
        drop(open);
        Ok(Place { places: Arc::clone(this), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        open.count = open.count.saturating_sub(1);
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let places = Arc::new(Places::default());
        let enter = |from: &str| Places::enter(&places, address(from), 4, 2);
        let first = enter("2001:db8::1").expect("a place");
        let second = enter("2001:db8::2").expect("a place");
        assert_eq!(
            enter("2001:db8::3").expect_err("the same /64"),
            "too_many_connections_of_address"
        );
        let others = [enter("192.0.2.1").expect("a place"), enter("192.0.2.2").expect("a place")];
        assert_eq!(enter("192.0.2.3").expect_err("all are taken"), "too_many_connections");
        drop(first);
        assert!(enter("2001:db8::4").is_ok(), "its place is free again");
        drop((second, others));
        assert_eq!(places.lock().count, 0);
        assert!(places.lock().by_address.is_empty(), "nothing is kept of who has left");
    }
}
