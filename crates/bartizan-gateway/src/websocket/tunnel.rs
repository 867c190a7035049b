//! The two directions of a WebSocket.

use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use bytes::BytesMut;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::{
    Message, Violation,
    frames::{self, FrameReader, Unit},
};
use crate::{
    body::budget::Lease,
    call::{Call, Fields, Outcome},
    forward::ids::Ids,
    listen::Link,
    record::Record,
    shared::Shared,
    snapshot::Snapshot,
    upstream::Upstream,
};

/// How long a close frame may take to be written.
const FAREWELL: Duration = Duration::from_secs(2);

type Stream = TokioIo<Upgraded>;

/// What both directions share.
struct Tunnel {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    link: Arc<Link>,
    handshake: HandshakeFacts,
    to_client: Mutex<WriteHalf<Stream>>,
    to_upstream: Mutex<WriteHalf<Stream>>,
    epoch: Instant,
    active_ms: AtomicU64,
}

/// What of the handshake goes into the exchange of each message.
struct HandshakeFacts {
    uri: http::Uri,
    authority: Option<http::HeaderValue>,
    client: std::net::IpAddr,
    scheme: &'static str,
    service: Option<usize>,
    fields: Fields,
    upstream: Arc<str>,
}

enum Ended {
    /// Both sides closed, or one went away.
    Closed,
    Broken(Violation),
}

/// Starts the tunnel as soon as both sides have left HTTP.
pub(super) fn spawn(record: &Record, client: OnUpgrade, upstream: OnUpgrade, asked: Arc<Upstream>) {
    let call = record.call();
    let handshake = HandshakeFacts {
        uri: call.uri.clone(),
        authority: call.authority.clone(),
        client: call.client,
        scheme: call.scheme,
        service: call.service,
        fields: call.request_fields.clone(),
        upstream: Arc::clone(&asked.name),
    };
    let (shared, snapshot) = (Arc::clone(record.shared()), Arc::clone(&call.snapshot));
    let link = Arc::clone(&call.link);
    let place = link.place();
    tokio::spawn(async move {
        let _place = place;
        let _busy = asked.busy();
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
            to_client: Mutex::new(to_client),
            to_upstream: Mutex::new(to_upstream),
            epoch: Instant::now(),
            active_ms: AtomicU64::new(0),
        };
        tunnel.run(from_client, from_upstream).await;
    });
}

impl Tunnel {
    async fn run(&self, client: ReadHalf<Stream>, upstream: ReadHalf<Stream>) {
        let both = async {
            tokio::select! {
                ended = self.pump(client, true) => ended,
                ended = self.pump(upstream, false) => ended,
            }
        };
        let ended = tokio::select! {
            ended = both => ended,
            () = self.idle() => Ended::Closed,
            () = self.drained() => Ended::Closed,
        };
        if let Ended::Broken(violation) = ended {
            self.shared.metrics.websocket_violations.inc();
            let _ = timeout(FAREWELL, self.close(violation)).await;
        }
        let _ = timeout(FAREWELL, async {
            let _ = self.to_client.lock().await.shutdown().await;
            let _ = self.to_upstream.lock().await.shutdown().await;
        })
        .await;
    }

    /// Passes frames on in one direction until it ends.
    async fn pump(&self, mut from: ReadHalf<Stream>, from_client: bool) -> Ended {
        let limits = &self.snapshot.limits;
        let mut reader = FrameReader::new(
            from_client,
            limits.websocket_frame_bytes,
            limits.websocket_message_bytes,
        );
        let (mut bytes, mut out) = (BytesMut::new(), BytesMut::new());
        let mut lease = Lease::new(&self.shared.budget);
        loop {
            bytes.reserve(4096);
            match from.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return Ended::Closed,
                Ok(count) => {
                    self.touch();
                    if !lease.grow(count) {
                        self.shared.metrics.budget_refusals.inc();
                        return Ended::Broken(Violation::TooLarge);
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
                    // The other direction answers and ends the tunnel.
                    let _ = timeout(FAREWELL, std::future::pending::<()>()).await;
                    return Ended::Closed;
                }
            }
        }
    }

    async fn write(&self, out: &mut BytesMut, from_client: bool) -> io::Result<()> {
        let to = if from_client { &self.to_upstream } else { &self.to_client };
        let mut to = to.lock().await;
        to.write_all_buf(out).await?;
        to.flush().await
    }

    /// Shows a message to the policies and hands it over.
    fn allow(&self, message: Message) -> bool {
        let mut call = self.call();
        self.shared.metrics.websocket_messages.inc();
        let is_allowed = self.snapshot.policies.websocket_message(&call, &message);
        call.message = Some(message);
        call.outcome =
            if is_allowed { Outcome::Answered } else { Outcome::Replied("websocket-policy") };
        drop(Record::new(call, Arc::clone(&self.shared)));
        is_allowed
    }

    fn call(&self) -> Call {
        let mut call = Call::new(Arc::clone(&self.link), Arc::clone(&self.snapshot), Ids::new());
        call.is_read = true;
        call.uri = self.handshake.uri.clone();
        call.authority.clone_from(&self.handshake.authority);
        call.client = self.handshake.client;
        call.scheme = self.handshake.scheme;
        call.service = self.handshake.service;
        call.request_fields.clone_from(&self.handshake.fields);
        call.upstream = Some(Arc::clone(&self.handshake.upstream));
        call
    }

    /// Tells both sides why it ends.
    async fn close(&self, violation: Violation) {
        let _ = self.to_client.lock().await.write_all(&frames::close(violation, true)).await;
        let _ = self.to_upstream.lock().await.write_all(&frames::close(violation, false)).await;
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

    async fn drained(&self) {
        poll_fn(|cx| {
            self.link.wake_on_drain(cx);
            if self.link.is_draining() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
