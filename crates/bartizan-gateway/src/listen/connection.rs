//! One client connection from its first byte to its last.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Link, Peer, Socket,
    accept::Door,
    clients::{self, Shown},
    proxy_protocol::{self, Header},
    tls,
};
use crate::{
    head::{Refusal, tap::Tap},
    serve,
    shared::{Place, Shared},
    snapshot::Snapshot,
};

/// What HTTP/2 begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most fields of a head that the HTTP library takes when it is not told a number.
pub(crate) const LIBRARY_FIELDS: usize = 100;

/// How long an idle HTTP/2 connection may take to end after it was asked to.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection whose protocol is known.
struct Ready {
    socket: Socket,
    peer: Peer,
    held: BytesMut,
    is_http2: bool,
    refusal: Option<Refusal>,
}

/// Serves a connection.
pub(crate) async fn run(
    stream: TcpStream,
    address: SocketAddr,
    door: Door,
    mut place: Place,
    shared: Arc<Shared>,
) {
    let longest = shared.snapshot.load().deadlines.handshake;
    let shaking = handshake(stream, address, door, &mut place, &shared);
    let ready = tokio::select! {
        biased;
        ready = timeout(longest, shaking) => ready,
        // Nothing was asked for yet: nobody waits for it.
        () = shared.connections.draining() => return,
    };
    let ready = match ready {
        Ok(Ok(Some(ready))) => ready,
        Ok(Ok(None)) => {
            shared.metrics.capped.inc();
            return;
        }
        Ok(Err(_)) | Err(_) => {
            shared.metrics.handshake_failures.inc();
            return;
        }
    };
    let place = Arc::new(place);
    let link = Arc::new(Link::new(place.id, ready.peer, Arc::downgrade(&place)));
    shared.connections.add(&link);
    let snapshot = shared.snapshot.load_full();
    let (limits, deadlines) = (snapshot.limits, snapshot.deadlines);
    drop(snapshot);
    let tap_link = Arc::clone(&link);
    if ready.is_http2 {
        let tap = Tap::http2(ready.socket, tap_link, ready.held, deadlines.client);
        return serve_http2(tap, link, shared, deadlines.client.idle, limits).await;
    }
    let tap = match ready.refusal {
        Some(refusal) => Tap::refused(ready.socket, tap_link, refusal, deadlines.client),
        None => Tap::strict(ready.socket, tap_link, ready.held, limits.head, deadlines.client),
    };
    serve_http1(tap, link, shared, limits).await;
}

/// PROXY header, TLS, and the choice between the protocols. `None` for one connection of the client
/// too many.
async fn handshake(
    mut stream: TcpStream,
    address: SocketAddr,
    door: Door,
    place: &mut Place,
    shared: &Shared,
) -> io::Result<Option<Ready>> {
    let snapshot = shared.snapshot.load_full();
    let (mut peer, refusal) = named(&mut stream, address, door, &snapshot).await?;
    peer.door = door.at;
    if door.proxy_protocol && !place.name(peer.address.ip()) {
        return Ok(None);
    }
    let mut held = BytesMut::new();
    if refusal.is_some() {
        let socket = Socket::Tcp(stream);
        return Ok(Some(Ready { socket, peer, held, is_http2: false, refusal }));
    }
    if let Some(config) = snapshot.tls.get(door.at).and_then(Option::as_ref) {
        let accepting = TlsAcceptor::from(Arc::clone(&config.config)).accept(stream);
        let stream = accepting.await.inspect_err(|error| {
            let tls = error.get_ref().and_then(|error| error.downcast_ref());
            if let Some(reason) = tls.and_then(clients::refused) {
                shared.metrics.certificate_refused(reason);
            }
        })?;
        let (_, session) = stream.get_ref();
        peer.certificate = session.peer_certificates().map(Shown::new);
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        peer.tls = Some(tls::facts(session));
        let socket = Socket::Server(Box::new(stream));
        return Ok(Some(Ready { socket, peer, held, is_http2, refusal }));
    }
    let mut is_http2 = false;
    if door.http2 {
        // The first bytes tell. Idle connections hold no buffer while they wait for them.
        stream.readable().await?;
        while held.len() < PREFACE.len() && PREFACE.starts_with(&held) {
            if stream.read_buf(&mut held).await? == 0 {
                break;
            }
        }
        is_http2 = held.starts_with(PREFACE);
    }
    Ok(Some(Ready { socket: Socket::Tcp(stream), peer, held, is_http2, refusal }))
}

/// Who a connection is from: who opened it, or whom a proxy that passes it on names in front of it.
async fn named(
    stream: &mut TcpStream,
    address: SocketAddr,
    door: Door,
    snapshot: &Snapshot,
) -> io::Result<(Peer, Option<Refusal>)> {
    let local = stream.local_addr().unwrap_or(door.address);
    if !door.proxy_protocol {
        return Ok((Peer::new(address, local, true), None));
    }
    if !snapshot.trusts(address.ip()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(match proxy_protocol::read(stream).await? {
        Ok(Header::Client((source, destination))) => (Peer::new(source, destination, true), None),
        Ok(Header::Itself) => (Peer::new(address, local, true), None),
        Ok(Header::Unknown) => (Peer::new(address, local, false), None),
        Err(()) => (Peer::new(address, local, true), Some(Refusal::ProxyProtocol)),
    })
}

async fn serve_http1(
    tap: Tap,
    link: Arc<Link>,
    shared: Arc<Shared>,
    limits: crate::config::Limits,
) {
    let of_calls = Arc::clone(&link);
    let service = service_fn(move |request| {
        serve::answer(Arc::clone(&shared), Arc::clone(&of_calls), request)
    });
    let mut builder = http1::Builder::new();
    // The tap counts fields; the library need only take what the tap lets through. When it is told
    // a number it fills a table for every head, and allocates one above its default.
    if limits.head.fields > LIBRARY_FIELDS {
        builder.max_headers(limits.head.fields);
    }
    let connection = builder
        .header_read_timeout(None)
        // A pipelined head may lie behind another one.
        .max_buf_size((limits.head.head_bytes * 2).max(16 * 1024))
        .serve_connection(TokioIo::new(tap), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut is_known = false;
    let mut is_told = false;
    let _ = poll_fn(|cx| {
        if !is_known {
            link.wake_on_drain(cx);
            is_known = true;
        }
        if !is_told && link.is_draining() {
            is_told = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
}

async fn serve_http2(
    tap: Tap,
    link: Arc<Link>,
    shared: Arc<Shared>,
    idle: Duration,
    limits: crate::config::Limits,
) {
    let of_calls = Arc::clone(&link);
    let of_all = Arc::clone(&shared);
    let service = service_fn(move |request| {
        serve::answer(Arc::clone(&of_all), Arc::clone(&of_calls), request)
    });
    let http2 = limits.http2;
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(http2.streams)
        .max_pending_accept_reset_streams(http2.reset_streams)
        .max_local_error_reset_streams(http2.error_streams)
        .initial_stream_window_size(http2.stream_window)
        .initial_connection_window_size(http2.connection_window)
        .max_frame_size(http2.frame_bytes)
        .max_send_buf_size(http2.send_buffer_bytes)
        .max_header_list_size(u32::try_from(limits.head.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(tap), service);
    let mut connection = pin!(connection);
    let mut clock = IdleClock::new(Arc::clone(&link), idle);
    let mut is_known = false;
    let mut is_told = false;
    let mut farewell: Pin<&mut Sleep> = pin!(sleep_until(Instant::now()));
    let _ = poll_fn(|cx| {
        if !is_known {
            link.wake_on_drain(cx);
            is_known = true;
        }
        let state = clock.look(cx);
        if state == Clock::Overdue {
            // The client does not take what it asked for; what is held for it is needed.
            return Poll::Ready(Ok(()));
        }
        if !is_told && (link.is_draining() || state == Clock::Idle) {
            is_told = true;
            connection.as_mut().graceful_shutdown();
            farewell.as_mut().reset(Instant::now() + FAREWELL);
        }
        if is_told && link.idle_since().is_some() && farewell.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        connection.as_mut().poll(cx)
    })
    .await;
    // On HTTP/1 it is answered, and counted then.
    if let Some(refusal) = link.refusal() {
        shared.metrics.refusal(refusal);
    }
}

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Nothing,
    /// It was without an exchange for too long.
    Idle,
    /// An answer was not taken in time.
    Overdue,
}

/// Looks at a connection now and then, at least once in its idle time, and costs exchanges nothing.
struct IdleClock {
    link: Arc<Link>,
    longest: Duration,
    next: Pin<Box<Sleep>>,
}

impl IdleClock {
    fn new(link: Arc<Link>, longest: Duration) -> Self {
        Self { link, longest, next: Box::pin(sleep_until(Instant::now() + longest)) }
    }

    fn look(&mut self, cx: &mut Context<'_>) -> Clock {
        while self.next.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.link.is_overdue(now) {
                return Clock::Overdue;
            }
            let deadline = self.link.idle_since().map(|since| since + self.longest);
            let is_idle = deadline.is_some_and(|deadline| deadline <= now);
            self.next.as_mut().reset(match deadline {
                Some(deadline) if !is_idle => deadline,
                _ => now + self.longest,
            });
            if is_idle {
                return Clock::Idle;
            }
        }
        Clock::Nothing
    }
}
