//! The two directions of a WebSocket.

use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::request;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, copy, sink, split},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::{
    Message, Violation,
    frames::{self, FrameReader, Unit},
};
use crate::{
    budget::{Bound, ClientPlace, Lease},
    call::{Call, Fields, Outcome},
    forward::ids::Ids,
    listen::{Link, clients},
    policy::{Decisions, Identity, JudgedHandshake, MessagePace, Permits},
    record::Record,
    shared::Shared,
    snapshot::Snapshot,
    upstream::{Upstream, pool::Open},
};

/// How long a close frame may take to be written, and to be answered, and then the other side to go.
const FAREWELL: Duration = Duration::from_secs(2);

/// Most bytes of a buffer that is kept for the next frames.
const KEPT: usize = 64 * 1024;

type Stream = TokioIo<Upgraded>;

/// What both directions share.
struct Tunnel {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    link: Arc<Link>,
    handshake: HandshakeFacts,
    leave: Leave,
    to_client: Mutex<Outlet>,
    to_upstream: Mutex<Outlet>,
    epoch: Instant,
    active_ms: AtomicU64,
    /// Whether one side has closed its direction.
    is_closing: AtomicBool,
}

/// The writing end of one side.
struct Outlet {
    half: WriteHalf<Stream>,
    /// What is being written. It outlives who writes it, so that the next frame begins behind it.
    frames: BytesMut,
}

impl Outlet {
    fn new(half: WriteHalf<Stream>) -> Self {
        Self { half, frames: BytesMut::new() }
    }

    async fn write(&mut self) -> io::Result<()> {
        let is_large = self.frames.len() > KEPT;
        self.half.write_all_buf(&mut self.frames).await?;
        if is_large {
            self.frames = BytesMut::new();
        }
        self.half.flush().await
    }
}

/// What of the handshake goes into the exchange of each message.
struct HandshakeFacts {
    uri: http::Uri,
    authority: Option<http::HeaderValue>,
    client: std::net::IpAddr,
    place: ClientPlace,
    scheme: &'static str,
    service: Option<usize>,
    fields: Fields,
    upstream: Arc<str>,
    judged: JudgedHandshake,
    /// Who opened it.
    identities: Vec<Identity>,
    pace: MessagePace,
}

/// What it was let in for.
struct Leave {
    /// The head of the handshake as it came.
    head: request::Parts,
}

enum Ended {
    /// Both sides closed, or one went away.
    Closed,
    /// We stop serving.
    Drained,
    Broken(Violation),
    /// It would not be let in any more.
    Revoked,
}

/// Starts the tunnel as soon as both sides have left HTTP.
pub(super) fn spawn(
    record: &Record,
    head: request::Parts,
    (client, upstream): (OnUpgrade, OnUpgrade),
    (asked, open, permits): (Arc<Upstream>, Open, Option<Permits>),
) {
    let call = record.call();
    let leave = Leave { head };
    let handshake = HandshakeFacts {
        uri: call.uri.clone(),
        authority: call.authority.clone(),
        client: call.client,
        place: call.place,
        scheme: call.scheme,
        service: call.service,
        fields: call.request_fields.clone(),
        upstream: Arc::clone(&asked.name),
        judged: call.extension().cloned().unwrap_or_default(),
        identities: call
            .extension::<Decisions>()
            .map(|decisions| decisions.identities.clone())
            .unwrap_or_default(),
        pace: MessagePace::default(),
    };
    let (shared, snapshot) = (Arc::clone(record.shared()), Arc::clone(&call.snapshot));
    let link = Arc::clone(&call.link);
    let place = link.place();
    tokio::spawn(async move {
        let _place = place;
        let _busy = asked.busy();
        let _open = open;
        let _permits = permits;
        let longest = snapshot.deadlines.client.head;
        let both = async { tokio::try_join!(client, upstream) };
        let Ok(Ok((client, upstream))) = timeout(longest, both).await else { return };
        let (from_client, to_client) = split(TokioIo::new(client));
        let (from_upstream, to_upstream) = split(TokioIo::new(upstream));
        let tunnel = Tunnel {
            shared,
            snapshot,
            link,
            handshake,
            leave,
            to_client: Mutex::new(Outlet::new(to_client)),
            to_upstream: Mutex::new(Outlet::new(to_upstream)),
            epoch: Instant::now(),
            active_ms: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
        };
        tunnel.run(from_client, from_upstream).await;
    });
}

impl Tunnel {
    async fn run(&self, mut client: ReadHalf<Stream>, mut upstream: ReadHalf<Stream>) {
        let both = async {
            tokio::select! {
                ended = self.pump(&mut client, true) => ended,
                ended = self.pump(&mut upstream, false) => ended,
            }
        };
        let ended = tokio::select! {
            ended = both => ended,
            () = self.idle() => Ended::Closed,
            () = self.drained() => Ended::Drained,
            () = self.revoked() => Ended::Revoked,
        };
        let code = match ended {
            Ended::Closed => None,
            Ended::Drained => Some(frames::GOING_AWAY),
            Ended::Broken(violation) => {
                self.shared.metrics.websocket_violations.inc();
                Some(violation.code())
            }
            Ended::Revoked => {
                self.shared.metrics.websocket_revoked.inc();
                Some(Violation::Policy.code())
            }
        };
        let close = |to_client| code.map(|code| frames::close(code, to_client));
        let both = async {
            tokio::join!(
                leave(&self.to_client, client, close(true)),
                leave(&self.to_upstream, upstream, close(false)),
            )
        };
        let _ = timeout(FAREWELL, both).await;
    }

    /// Passes frames on in one direction until it ends.
    async fn pump(&self, from: &mut ReadHalf<Stream>, from_client: bool) -> Ended {
        let limits = &self.snapshot.limits;
        let mut reader = FrameReader::new(
            from_client,
            limits.websocket_frame_bytes,
            limits.websocket_message_bytes,
        );
        let (mut bytes, mut out) = (BytesMut::new(), BytesMut::new());
        let mut lease = Lease::new(&self.shared.budget, self.handshake.place);
        loop {
            bytes.reserve(4096);
            match from.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return Ended::Closed,
                Ok(count) => {
                    self.touch();
                    if let Err(bound) = lease.grow(count) {
                        return self.no_room(bound);
                    }
                }
            }
            loop {
                let unit = match reader.next(&mut bytes, &mut out) {
                    Ok(unit) => unit,
                    Err(violation) => return Ended::Broken(violation),
                };
                let Some(unit) = unit else { break };
                let mut is_close = false;
                match unit {
                    Unit::Control { is_close: close } => is_close = close,
                    Unit::Message { data, is_text } => {
                        let message = Message { from_client, is_text, data };
                        if !self.allow(message) {
                            return Ended::Broken(Violation::Policy);
                        }
                    }
                }
                if self.write(&mut out, from_client).await.is_err() {
                    return Ended::Closed;
                }
                lease.shrink_to(reader.held() + bytes.len());
                if is_close {
                    if !self.is_closing.swap(true, Relaxed) {
                        // The other side answers, which ends the tunnel; it need not.
                        sleep(FAREWELL).await;
                    }
                    return Ended::Closed;
                }
            }
            // A piece of a message is held twice: as payload, and as the frame that goes on.
            if let Err(bound) = lease.resize(reader.held() + bytes.len()) {
                return self.no_room(bound);
            }
        }
    }

    fn no_room(&self, bound: Bound) -> Ended {
        self.shared.metrics.bound(bound);
        Ended::Broken(Violation::TooLarge)
    }

    async fn write(&self, out: &mut BytesMut, from_client: bool) -> io::Result<()> {
        let to = if from_client { &self.to_upstream } else { &self.to_client };
        let mut to = to.lock().await;
        // Nothing is left of what was written before.
        std::mem::swap(&mut to.frames, out);
        to.write().await
    }

    /// Shows a message to the policies that are in force now, and hands it over.
    fn allow(&self, message: Message) -> bool {
        let mut call = self.call(&self.snapshot);
        call.extensions().insert(self.handshake.judged.clone());
        // Whoever opened it sends what comes.
        let identities = self.handshake.identities.clone();
        call.extensions().insert(Decisions { identities, ..Decisions::default() });
        call.extensions().insert(self.handshake.pace.clone());
        self.shared.metrics.websocket_messages.inc();
        let policies = Arc::clone(&self.shared.snapshot.load().policies);
        let is_allowed = policies.websocket_message(&mut call, &self.leave.head, &message);
        call.message = Some(message);
        call.outcome =
            if is_allowed { Outcome::Answered } else { Outcome::Replied("websocket-policy") };
        drop(Record::new(call, Arc::clone(&self.shared)));
        is_allowed
    }

    fn call(&self, snapshot: &Arc<Snapshot>) -> Call {
        let mut call = Call::new(Arc::clone(&self.link), Arc::clone(snapshot), Ids::new());
        call.is_read = true;
        call.uri = self.handshake.uri.clone();
        call.authority.clone_from(&self.handshake.authority);
        call.client = self.handshake.client;
        call.place = self.handshake.place;
        call.scheme = self.handshake.scheme;
        call.service = self.handshake.service;
        call.request_fields.clone_from(&self.handshake.fields);
        call.upstream = Some(Arc::clone(&self.handshake.upstream));
        call
    }

    fn touch(&self) {
        let since = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active_ms.store(since, Relaxed);
    }

    /// Ends when neither side sent anything for too long.
    async fn idle(&self) {
        let longest = self.snapshot.deadlines.websocket_idle;
        loop {
            let active = self.epoch + Duration::from_millis(self.active_ms.load(Relaxed));
            let left = (active + longest).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// Ends when it would not be let in any more. That is asked every few seconds and at each reload.
    async fn revoked(&self) {
        loop {
            tokio::select! {
                () = sleep(self.snapshot.deadlines.websocket_review) => {}
                () = self.shared.reloaded.notified() => {}
            }
            if !self.may_stay().await {
                return;
            }
        }
    }

    /// Asks what is in force now, not what was when it began.
    async fn may_stay(&self) -> bool {
        let snapshot = self.shared.snapshot.load_full();
        let name = self.handshake.service.map(|at| self.snapshot.services[at].name.as_str());
        let service = name.and_then(|name| snapshot.service_named(name));
        if !service.is_some_and(|at| snapshot.services[at].websocket) {
            return false;
        }
        let mut call = self.call(&snapshot);
        call.service = service;
        match clients::certificate(&self.link.peer, &snapshot) {
            Ok(None) => {}
            Ok(Some(certificate)) => {
                call.extensions().insert(certificate);
            }
            Err(reason) => {
                self.shared.metrics.certificate_refused(reason);
                return false;
            }
        }
        let review = snapshot.policies.websocket_review(&mut call, &self.leave.head);
        review.decide().await.is_none()
    }

    async fn drained(&self) {
        poll_fn(|cx| {
            self.link.wake_on_drain(cx);
            if self.link.is_draining() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Ends one side, with a close frame behind what is on its way. Then what still comes is read until the
/// other side has gone too: closed with bytes unread, the connection would be reset, and the reason lost.
async fn leave(to: &Mutex<Outlet>, mut from: ReadHalf<Stream>, close: Option<Bytes>) {
    let mut to = to.lock().await;
    let is_told = close.is_some();
    to.frames.extend(close);
    let has_gone = is_told && to.write().await.is_err();
    let _ = to.half.shutdown().await;
    if is_told && !has_gone {
        let _ = copy(&mut from, &mut sink()).await;
    }
}
