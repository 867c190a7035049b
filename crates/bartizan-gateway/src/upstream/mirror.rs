//! Copies of requests for upstreams whose answers nobody sees.
//!
//! A copy is made when its request goes to its upstream: of what policies refused there is none. Who answers the request
//! never waits for it: it is put into a queue of a bounded length, or dropped and counted. Its bytes count as held while it
//! waits, and take only what others leave of the budget.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Buf as _;
use http::{HeaderName, HeaderValue, Request, request};
use http_body::Body as _;
use prometheus_client::metrics::counter::Counter;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    time::timeout,
};

use super::{
    Group, UpstreamBody,
    caller::Caller,
    exchange::{Errand, Watch, send},
    retries::Retries,
};
use crate::{
    body::outgoing::Outgoing,
    budget::Lease,
    config::{self, UpstreamProtocol},
    metrics::Metrics,
    policy::Effects,
    shared::Shared,
};

/// The field that says that a request is a copy. Clients cannot set it where there is a mirror.
pub(crate) const MARK: HeaderName = HeaderName::from_static("x-bartizan-mirror");
/// Most bytes of an answer that are read before its connection is given up.
const ANSWER_BYTES: usize = 1024 * 1024;
/// What a copy is counted as beside its bytes, and each of its fields.
const COPY_BYTES: usize = 1024;
const FIELD_BYTES: usize = 64;

/// The mirror of a service.
#[derive(Debug)]
pub(crate) struct Mirror {
    to: Arc<To>,
    queue: mpsc::Sender<Mirrored>,
    /// Taken by who sends them.
    waiting: Mutex<Option<mpsc::Receiver<Mirrored>>>,
    /// How many requests might have been copied.
    seen: AtomicU64,
    counters: Counters,
}

/// Where copies go.
#[derive(Debug)]
pub(crate) struct To {
    pub(crate) group: Group,
    protocol: UpstreamProtocol,
    settings: config::Mirror,
    none_again: Retries,
    failed: Counter,
}

/// A copy that waits.
struct Mirrored {
    request: Request<Outgoing>,
    _lease: Lease,
}

#[derive(Debug)]
struct Counters {
    taken: Counter,
    full: Counter,
    no_room: Counter,
    not_held: Counter,
}

impl Mirror {
    pub(crate) fn new(
        group: Group,
        protocol: UpstreamProtocol,
        settings: &config::Mirror,
        service: &str,
        metrics: &Metrics,
    ) -> Self {
        let counter = |event: &'static str| metrics.event_of(service, event);
        let (queue, waiting) = mpsc::channel(settings.waiting.max(1));
        let none = config::RetryBudget { percent: 0, least: 0 };
        let to = To {
            group,
            protocol,
            settings: settings.clone(),
            none_again: Retries::new(none, Counter::default()),
            failed: counter("mirror_failed"),
        };
        Self {
            to: Arc::new(to),
            queue,
            waiting: Mutex::new(Some(waiting)),
            seen: AtomicU64::new(0),
            counters: Counters {
                taken: counter("mirrored"),
                full: counter("mirror_dropped_queue_full"),
                no_room: counter("mirror_dropped_no_room"),
                not_held: counter("mirror_dropped_not_held"),
            },
        }
    }

    pub(crate) fn group(&self) -> &Group {
        &self.to.group
    }

    /// Whether a request like this is copied.
    pub(crate) fn wants(&self, effects: Effects) -> bool {
        if effects.may_change && !self.to.settings.writes {
            return false;
        }
        // Spread evenly: of 20 in a hundred, each fifth.
        let (seen, percent) =
            (self.seen.fetch_add(1, Relaxed), u64::from(self.to.settings.percent));
        seen.wrapping_mul(percent) % 100 < percent
    }

    /// Takes a copy of a request with such a head and a body of that many bytes, if there is room.
    pub(crate) fn take(
        &self,
        head: &request::Parts,
        bytes: usize,
        mut lease: Lease,
        make: impl FnOnce() -> Request<Outgoing>,
    ) {
        let Ok(place) = self.queue.try_reserve() else {
            self.counters.full.inc();
            return;
        };
        let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        let fields = head.headers.iter();
        let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
        let head = fields.sum::<usize>() + target + COPY_BYTES;
        if !lease.grow_spare(bytes.saturating_add(head)) {
            self.counters.no_room.inc();
            return;
        }
        let mut request = make();
        request.headers_mut().insert(MARK, HeaderValue::from_static("1"));
        place.send(Mirrored { request, _lease: lease });
        self.counters.taken.inc();
    }

    /// Counts a request of which there is no copy: its body is passed on as it comes.
    pub(crate) fn leave(&self) {
        self.counters.not_held.inc();
    }

    /// Begins to send, unless somebody does already.
    pub(crate) fn start(&self, shared: &Arc<Shared>, runtime: &Handle) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            runtime.spawn(run(Arc::clone(&self.to), waiting, Arc::downgrade(shared)));
        }
    }
}

/// Sends copies until there are no more and nobody can make one.
async fn run(to: Arc<To>, mut waiting: mpsc::Receiver<Mirrored>, shared: Weak<Shared>) {
    let places = Arc::new(Semaphore::new(to.settings.at_once.max(1)));
    while let Some(copy) = waiting.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Some(shared) = shared.upgrade() else { return };
        let to = Arc::clone(&to);
        tokio::spawn(async move {
            if timeout(to.settings.timeout, to.send(copy, &shared)).await != Ok(true) {
                to.failed.inc();
            }
            drop(place);
        });
    }
}

impl To {
    /// Sends a copy and throws the answer away; `false` when there was none.
    async fn send(&self, copy: Mirrored, shared: &Shared) -> bool {
        let watch = Watch::of_our_own(self.settings.timeout);
        let errand = Errand {
            group: &self.group,
            protocol: self.protocol,
            caller: Caller::default(),
            retries: &self.none_again,
        };
        let sent = send(errand, copy.request, None, &watch, &shared.metrics).await;
        let Ok(sent) = sent else { return false };
        let (_, incoming) = sent.response.into_parts();
        let mut body = UpstreamBody::new(incoming, sent.carrier, sent.upstream, sent.busy);
        let mut read = 0_usize;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(frame) = frame else { return false };
            read += frame.data_ref().map_or(0, |data| data.remaining());
            if read > ANSWER_BYTES {
                break;
            }
        }
        true
    }
}
