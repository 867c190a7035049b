//! The HTTP/2 connections to one upstream: each carries as many exchanges as the upstream takes on it
//! at a time, and only then another one is opened.
//!
//! Looking for one with room reads atomics; a lock is taken only to open one.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{
    exchange::{Fate, fate},
    heard::{Heard, HeardBytes},
    pool::Open,
};
use crate::body::outgoing::Outgoing;

/// What an upstream is believed to take at a time until it has said so. A number that nobody says.
pub(crate) const UNTOLD: usize = 101;

/// How often, a millisecond apart, a new connection is looked at for what the upstream says. It does
/// so at once (RFC 9113 §3.4).
const LOOKS: usize = 100;

/// After how many turns of a connection it is looked at again: an upstream may say otherwise later.
const LOOK_AGAIN: u32 = 64;

pub(crate) type Driver = http2::Connection<TokioIo<Heard>, Outgoing, TokioExecutor>;

/// A connection.
pub(crate) struct Line {
    sender: http2::SendRequest<Outgoing>,
    heard: HeardBytes,
    /// Exchanges on it.
    streams: AtomicUsize,
    /// Most exchanges that the upstream takes at a time.
    most: Arc<AtomicUsize>,
    /// Whether the upstream has said that it takes no more on it. What is under way goes on.
    is_leaving: AtomicBool,
    epoch: Instant,
    idle_since_ms: AtomicU64,
}

/// A place on a connection, left when dropped.
pub(crate) struct Stream(Arc<Line>);

impl Stream {
    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// With the request when nothing of it was sent, and whether anything came since.
    pub(crate) async fn send(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, (TrySendError<Request<Outgoing>>, bool)> {
        let before = self.0.heard.load(Relaxed);
        let sent = self.0.sender.clone().try_send_request(request).await;
        sent.map_err(|error| {
            if fate(error.error()) == Some(Fate::Left) {
                self.0.is_leaving.store(true, Relaxed);
            }
            (error, self.0.heard.load(Relaxed) != before)
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.idle_since_ms.store(self.0.millis(), Relaxed);
        self.0.streams.fetch_sub(1, Relaxed);
    }
}

impl Line {
    fn millis(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn takes_none(&self) -> bool {
        self.is_leaving.load(Relaxed) || self.sender.is_closed()
    }

    fn enter(this: &Arc<Self>) -> Option<Stream> {
        if this.takes_none() {
            return None;
        }
        let before = this.streams.fetch_add(1, Relaxed);
        // Where none is taken at all, one waits to be.
        if before >= this.most.load(Relaxed).max(1) {
            this.streams.fetch_sub(1, Relaxed);
            return None;
        }
        Some(Stream(Arc::clone(this)))
    }

    fn is_over(&self, longest_idle: Duration) -> bool {
        let idle = self.millis().saturating_sub(self.idle_since_ms.load(Relaxed));
        let is_idle =
            self.streams.load(Relaxed) == 0 && Duration::from_millis(idle) >= longest_idle;
        is_idle || self.takes_none()
    }
}

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Lines {
    open: ArcSwap<Vec<Arc<Line>>>,
    /// Held while one is opened: others wait for that one.
    pub(crate) opening: Mutex<()>,
}

impl Lines {
    /// A place on a connection that has one, opened since then if a time is named.
    pub(crate) fn enter(&self, since: Option<Instant>) -> Option<Stream> {
        let open = self.open.load();
        let mut lines = open.iter().filter(|line| since.is_none_or(|since| line.epoch >= since));
        lines.find_map(Line::enter)
    }

    /// Takes in a new connection, and a place on it. The number of connections counts it until it
    /// has ended.
    pub(crate) async fn add(
        &self,
        sender: http2::SendRequest<Outgoing>,
        driver: Driver,
        heard: HeardBytes,
        counted: Open,
    ) -> Stream {
        let most = Arc::new(AtomicUsize::new(told(&driver).await));
        tokio::spawn(drive(driver, Arc::clone(&most), counted));
        let line = Arc::new(Line {
            sender,
            heard,
            streams: AtomicUsize::new(1),
            most,
            is_leaving: AtomicBool::new(false),
            epoch: Instant::now(),
            idle_since_ms: AtomicU64::new(0),
        });
        self.open.rcu(|open| {
            let alive = open.iter().filter(|line| !line.takes_none());
            alive.chain([&line]).cloned().collect::<Vec<_>>()
        });
        Stream(line)
    }

    /// Closes those that were idle for too long.
    pub(crate) fn sweep(&self, longest_idle: Duration) {
        if self.open.load().iter().any(|line| line.is_over(longest_idle)) {
            self.open.rcu(|open| {
                let alive = open.iter().filter(|line| !line.is_over(longest_idle));
                alive.cloned().collect::<Vec<_>>()
            });
        }
    }

    /// Open connections without an exchange.
    pub(crate) fn idle_now(&self) -> usize {
        self.open.load().iter().filter(|line| line.streams.load(Relaxed) == 0).count()
    }
}

/// How many exchanges at a time the upstream takes on a connection.
async fn told(driver: &Driver) -> usize {
    for _ in 0..LOOKS {
        let most = driver.current_max_send_streams();
        if most != UNTOLD {
            return most;
        }
        sleep(Duration::from_millis(1)).await;
    }
    UNTOLD
}

/// Lets a connection work to its end.
async fn drive(mut driver: Driver, most: Arc<AtomicUsize>, _counted: Open) {
    let mut turns: u32 = 0;
    let _ = poll_fn(|cx| {
        turns = turns.wrapping_add(1);
        if turns.is_multiple_of(LOOK_AGAIN) {
            most.store(driver.current_max_send_streams(), Relaxed);
        }
        Pin::new(&mut driver).poll(cx)
    })
    .await;
}
