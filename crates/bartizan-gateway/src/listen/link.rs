//! What one client connection knows of itself: shared by its tap, its driver and its exchanges.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Waker},
    time::Duration,
};

use bartizan_model::Tls;
use http::HeaderValue;
use tokio::time::Instant;

use super::clients::Shown;
use crate::{budget::ClientPlace, head::Refusal, redelivery::Replay, shared::Place};

/// Whether a connection leaves HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Asked for, not answered.
    Undecided,
    /// Answered with 101.
    Accepted,
    /// Answered with something else.
    Declined,
}

/// Who is at the other end.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The address that connected, or that a trusted PROXY header names.
    pub(crate) address: SocketAddr,
    /// Our own address.
    pub(crate) local: SocketAddr,
    /// TLS, when there is any.
    pub(crate) tls: Option<Tls>,
    /// Whether the address is that of who speaks; not where a proxy cannot name its client. Whether
    /// it is believed is a matter of the configuration of each exchange.
    pub(crate) is_named: bool,
    /// Number of the listener that it came to.
    pub(crate) door: usize,
    /// The certificate that it has shown.
    pub(crate) certificate: Option<Shown>,
    /// Its address as a field value.
    pub(crate) text: HeaderValue,
    /// Where it is counted.
    pub(crate) place: ClientPlace,
    /// The delivery that is replayed, where it is not a client who asks.
    pub(crate) replay: Option<Arc<Replay>>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, local: SocketAddr, is_named: bool) -> Self {
        let ip = canonical(address.ip());
        let text = HeaderValue::try_from(ip.to_string());
        let text = text.unwrap_or(HeaderValue::from_static("unknown"));
        let place = ClientPlace::of(ip);
        let address = SocketAddr::new(ip, address.port());
        Self {
            address,
            local,
            tls: None,
            is_named,
            door: 0,
            certificate: None,
            text,
            place,
            replay: None,
        }
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// IPv4 as IPv4, also where a socket for both wrote it as IPv6.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// One client connection.
#[derive(Debug)]
pub(crate) struct Link {
    /// Number of the connection in this process.
    pub(crate) id: u64,
    pub(crate) peer: Peer,
    place: Weak<Place>,
    epoch: Instant,
    busy: AtomicU32,
    idle_since_ms: AtomicU64,
    /// When the answer that is written has to be out; 0 for no deadline.
    answer_by_ms: AtomicU64,
    /// The same for each answer under way on HTTP/2.
    answers_by: Mutex<Vec<Instant>>,
    refusal: OnceLock<Refusal>,
    upgrade: AtomicU8,
    unread: AtomicBool,
    drain: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Who waits for the answer to an upgrade.
    undecided: Mutex<Option<Waker>>,
}

impl Link {
    pub(crate) fn new(id: u64, peer: Peer, place: Weak<Place>) -> Self {
        Self {
            id,
            peer,
            place,
            epoch: Instant::now(),
            busy: AtomicU32::new(0),
            idle_since_ms: AtomicU64::new(0),
            answer_by_ms: AtomicU64::new(0),
            answers_by: Mutex::new(Vec::new()),
            refusal: OnceLock::new(),
            upgrade: AtomicU8::new(Upgrade::Declined as u8),
            unread: AtomicBool::new(false),
            drain: AtomicBool::new(false),
            waker: Mutex::new(None),
            undecided: Mutex::new(None),
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }

    /// The place among the open connections, for what outlives HTTP on this one.
    pub(crate) fn place(&self) -> Option<Arc<Place>> {
        self.place.upgrade()
    }

    /// An exchange begins.
    pub(crate) fn begin(&self) {
        self.busy.fetch_add(1, Relaxed);
    }

    /// An exchange has ended, whose answer had to be out at a certain time.
    pub(crate) fn end(&self, now: Instant, answer_by: Option<Instant>) {
        self.idle_since_ms.store(self.millis(now), Relaxed);
        self.clear_answer_by(answer_by);
        self.busy.fetch_sub(1, Relaxed);
    }

    /// Nobody waits for the client any more: neither on HTTP/1 nor, until that time, on HTTP/2.
    pub(crate) fn clear_answer_by(&self, answer_by: Option<Instant>) {
        self.answer_by_ms.store(0, Relaxed);
        if let Some(at) = answer_by {
            let mut answers = self.answers_by.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = answers.iter().position(|other| *other == at) {
                answers.swap_remove(place);
            }
        }
    }

    /// Since when no exchange is under way; `None` while one is.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.busy.load(Relaxed) == 0;
        is_idle.then(|| self.epoch + Duration::from_millis(self.idle_since_ms.load(Relaxed)))
    }

    /// Sets when the answer has to be out. On HTTP/1 there is one at a time, which the tap looks
    /// after; on HTTP/2 the clock of the connection looks after all of them.
    pub(crate) fn set_answer_by(&self, at: Instant, is_http2: bool) {
        if is_http2 {
            self.answers_by.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        } else {
            self.answer_by_ms.store(self.millis(at), Relaxed);
        }
    }

    /// Whether an answer on HTTP/2 should be out by now.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        let answers = self.answers_by.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().any(|at| *at <= now)
    }

    pub(crate) fn answer_by(&self) -> Option<Instant> {
        let at = self.answer_by_ms.load(Relaxed);
        (at > 0).then(|| self.epoch + Duration::from_millis(at))
    }

    /// Notes why the connection ends; the first reason stays.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        let _ = self.refusal.set(refusal);
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    pub(crate) fn set_upgrade(&self, upgrade: Upgrade) {
        self.upgrade.store(upgrade as u8, Relaxed);
        wake(&self.undecided);
    }

    /// Has a decision about an upgrade wake this task.
    pub(crate) fn wake_on_decision(&self, cx: &Context<'_>) {
        remember(&self.undecided, cx);
    }

    pub(crate) fn upgrade(&self) -> Upgrade {
        match self.upgrade.load(Relaxed) {
            0 => Upgrade::Undecided,
            1 => Upgrade::Accepted,
            _ => Upgrade::Declined,
        }
    }

    /// A request was answered before all of its body was read.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Whether the client may have sent what nobody read.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed) || self.refusal.get().is_some()
    }

    /// Asks the driver to close as soon as nothing is under way.
    pub(crate) fn drain(&self) {
        self.drain.store(true, Relaxed);
        wake(&self.waker);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drain.load(Relaxed)
    }

    /// Has [`Link::drain`] wake this task.
    pub(crate) fn wake_on_drain(&self, cx: &Context<'_>) {
        remember(&self.waker, cx);
    }
}

fn remember(slot: &Mutex<Option<Waker>>, cx: &Context<'_>) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
}

fn wake(slot: &Mutex<Option<Waker>>) {
    let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(waker) = waker {
        waker.wake();
    }
}
