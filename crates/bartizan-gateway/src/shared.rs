//! What all connections of a gateway share.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::{
    access_log::AccessLog,
    budget::{Budget, subscriber},
    handover::Handover,
    listen::Link,
    metrics::Metrics,
    snapshot::Snapshot,
};

/// The state of a gateway.
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) metrics: Metrics,
    /// Bytes of bodies that are held.
    pub(crate) budget: Arc<Budget>,
    /// Exchanges under way.
    pub(crate) exchanges: Arc<Budget>,
    pub(crate) handover: Handover,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) connections: Connections,
    /// Told when another configuration is in force.
    pub(crate) reloaded: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The open client connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    next: AtomicU64,
    is_draining: AtomicBool,
    /// Told when draining begins.
    draining: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    links: HashMap<u64, Weak<Link>>,
    by_address: HashMap<IpAddr, usize>,
}

/// A place among the open connections, left when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Shared>,
    /// Whose it is; behind a proxy that passes connections on, once it has said so.
    address: Option<IpAddr>,
    pub(crate) id: u64,
}

impl Place {
    /// Counts it as one of this address, unless the cap of that is reached.
    pub(crate) fn name(&mut self, address: IpAddr) -> bool {
        let most = self.connections.snapshot.load().limits.connections_per_address;
        let address = subscriber(address);
        let mut open = self.connections.connections.lock();
        let count = open.by_address.entry(address).or_default();
        // An entry without connections is never left behind: the least cap is 1.
        let has_room = *count < most;
        *count += usize::from(has_room);
        self.address = has_room.then_some(address);
        has_room
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open(&self) -> usize {
        self.lock().count
    }

    /// A place for one more connection, unless a cap is reached.
    pub(crate) fn enter(shared: &Arc<Shared>) -> Option<Place> {
        let most = shared.snapshot.load().limits.connections;
        let this = &shared.connections;
        let mut open = this.lock();
        if open.count >= most {
            return None;
        }
        open.count += 1;
        let id = this.next.fetch_add(1, Relaxed) + 1;
        Some(Place { connections: Arc::clone(shared), address: None, id })
    }

    /// Makes a connection known to [`Connections::drain`].
    pub(crate) fn add(&self, link: &Arc<Link>) {
        self.lock().links.insert(link.id, Arc::downgrade(link));
        if self.is_draining() {
            link.drain();
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Relaxed)
    }

    /// Waits until [`Connections::drain`] begins.
    pub(crate) async fn draining(&self) {
        let told = self.draining.notified();
        if !self.is_draining() {
            told.await;
        }
    }

    /// Asks all connections to end as soon as nothing is under way, and waits until they have.
    pub(crate) async fn drain(&self) {
        self.is_draining.store(true, Relaxed);
        self.draining.notify_waiters();
        let links: Vec<_> = self.lock().links.values().filter_map(Weak::upgrade).collect();
        for link in links {
            link.drain();
        }
        loop {
            let emptied = self.emptied.notified();
            if self.open() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let connections = &self.connections.connections;
        let mut open = connections.lock();
        open.count -= 1;
        open.links.remove(&self.id);
        if let Some(address) = self.address
            && let Some(count) = open.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
        let is_empty = open.count == 0;
        drop(open);
        if is_empty {
            connections.emptied.notify_waiters();
        }
    }
}
