//! The hand-over of finished exchanges: a bounded queue that never makes a request wait. What does
//! not fit is dropped, counted and shown.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bartizan_model::{
    BodyState, Client, Exchange, ExchangeId, Flow, HeaderState, Headers, Message, Request,
    Response, Timestamp,
};
use http::{HeaderName, HeaderValue, Version};
use tokio::sync::{Notify, mpsc};

use crate::{
    call::{Call, Captured, Fields, Outcome},
    forward::own_keys,
    policy::Decisions,
};

/// Counters of a hand-over, shared by its two ends.
#[derive(Debug, Default)]
struct Shared {
    bytes: AtomicUsize,
    dropped: AtomicU64,
    /// Told when nothing more is to be queued.
    ended: Notify,
}

/// The sending end.
#[derive(Clone, Debug)]
pub struct Handover {
    sender: Option<mpsc::Sender<Handed>>,
    shared: Arc<Shared>,
    most_bytes: usize,
}

/// The receiving end.
#[derive(Debug)]
pub struct Receiver {
    receiver: mpsc::Receiver<Handed>,
    shared: Arc<Shared>,
}

/// A queue for at most so many exchanges with at most so many bytes of bodies.
#[must_use]
pub fn channel(entries: usize, bytes: usize) -> (Handover, Receiver) {
    let (sender, receiver) = mpsc::channel(entries.max(1));
    let shared = Arc::new(Shared::default());
    let handover =
        Handover { sender: Some(sender), shared: Arc::clone(&shared), most_bytes: bytes };
    (handover, Receiver { receiver, shared })
}

impl Handover {
    /// Nobody wants them.
    #[must_use]
    pub fn none() -> Self {
        Self { sender: None, shared: Arc::default(), most_bytes: 0 }
    }

    /// Exchanges that were dropped so far because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }

    /// Ends the queue: what is in it is still received, what comes later is dropped and counted.
    pub(crate) fn end(&self) {
        self.shared.ended.notify_one();
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.sender.is_some()
    }

    /// Hands over what somebody else than the gateway saw. `false`: the queue is full or ended, and it was
    /// dropped and counted.
    pub fn give_seen(&self, exchange: Box<Exchange>) -> bool {
        self.give(Handed::Seen(exchange))
    }

    pub(crate) fn give(&self, handed: Handed) -> bool {
        let Some(sender) = &self.sender else { return false };
        let bytes = handed.bytes();
        let queued = self.shared.bytes.fetch_add(bytes, Relaxed);
        let is_taken = queued + bytes <= self.most_bytes && sender.try_send(handed).is_ok();
        if !is_taken {
            self.shared.bytes.fetch_sub(bytes, Relaxed);
            self.shared.dropped.fetch_add(1, Relaxed);
        }
        is_taken
    }
}

impl Receiver {
    /// The next exchange; `None` when the gateway is gone or drained. May be cancelled.
    pub async fn recv(&mut self) -> Option<Handed> {
        let handed = tokio::select! {
            biased;
            handed = self.receiver.recv() => handed,
            () = self.shared.ended.notified() => {
                self.receiver.close();
                self.receiver.recv().await
            }
        }?;
        Some(self.taken(handed))
    }

    /// The next exchange, when one waits.
    pub fn try_recv(&mut self) -> Option<Handed> {
        let handed = self.receiver.try_recv().ok()?;
        Some(self.taken(handed))
    }

    fn taken(&self, handed: Handed) -> Handed {
        self.shared.bytes.fetch_sub(handed.bytes(), Relaxed);
        handed
    }

    /// Exchanges that were dropped so far because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }
}

/// What waits for the judgement.
#[derive(Debug)]
pub enum Handed {
    /// What went through the gateway.
    Finished(Finished),
    /// What somebody else saw.
    Seen(Box<Exchange>),
}

impl Handed {
    /// Bytes of the bodies that it keeps.
    fn bytes(&self) -> usize {
        match self {
            Self::Finished(finished) => finished.bytes(),
            Self::Seen(exchange) => {
                let response = exchange.response.as_ref().map_or(0, |response| response.body.len());
                exchange.request.body.len() + response
            }
        }
    }

    /// The exchange in the words of the model; `None` when no valid head was read.
    #[must_use]
    pub fn into_exchange(self) -> Option<Exchange> {
        match self {
            Self::Finished(finished) => finished.into_exchange(),
            Self::Seen(exchange) => Some(*exchange),
        }
    }
}

/// A finished exchange as the gateway holds it; becoming an [`Exchange`] is left to the receiver.
#[derive(Debug)]
pub struct Finished(Box<Call>);

impl Finished {
    pub(crate) fn new(call: Box<Call>) -> Self {
        Self(call)
    }

    /// What was known of it.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.0
    }

    /// Bytes of the bodies that it keeps.
    fn bytes(&self) -> usize {
        let message = self.0.message.as_ref().map_or(0, |message| message.data.len());
        let withheld = self.0.withheld.as_ref().map_or(0, |withheld| withheld.body.bytes.len());
        self.0.request_body.bytes.len() + self.0.response_body.bytes.len() + withheld + message
    }

    /// The exchange in the words of the model; `None` when no valid head was read.
    #[must_use]
    pub fn into_exchange(self) -> Option<Exchange> {
        let call = *self.0;
        if !call.is_read {
            return None;
        }
        let peer = &call.link.peer;
        let protocol = protocol(&call);
        let key = shown_key(&call);
        let trailers = trailers(&call.response_body, &key);
        let response = response(&call, &key);
        let time = call.time;
        let decided = call.extension::<Decisions>();
        let decisions = decided.map(Decisions::decisions).unwrap_or_default();
        let messages = call.message.iter().map(|message| Message {
            from_client: message.from_client,
            time: Some(timestamp(time)),
            data: message.data.clone(),
            text: message.is_text,
        });
        Some(Exchange {
            id: ExchangeId::from_text(call.ids.request_id()),
            time: Some(timestamp(time)),
            client: Client {
                ip: Some(call.client),
                port: Some(peer.address.port()),
                ..Client::default()
            },
            response,
            duration_ms: Some(call.ended.duration_since(call.began).as_secs_f64() * 1e3),
            source: Some("gateway".to_owned()),
            server: Some((peer.local.ip(), Some(peer.local.port()))),
            upstream: call.upstream.as_deref().map(str::to_owned),
            tls: peer.tls.clone(),
            messages: messages.collect(),
            flow: Some(Flow::Inbound),
            caller: None,
            callee: None,
            through_gateway: None,
            route: None,
            environment: None,
            protocol,
            connection_id: Some(call.link.id.to_string()),
            request_id: Some(call.ids.request_id().to_owned()),
            trailers,
            policies: decisions,
            request: request(&call, &key),
        })
    }
}

/// The request as it is handed over, with what is known of its body so far.
pub(crate) fn request_of(call: &Call) -> Request {
    request(call, &shown_key(call))
}

/// What stands in the place of own keys.
fn shown_key(call: &Call) -> Arc<str> {
    let key = call.extension::<Decisions>().and_then(Decisions::own_key);
    key.unwrap_or_else(|| own_keys::HIDDEN.into())
}

fn request(call: &Call, key: &str) -> Request {
    let authority = call.authority().unwrap_or_default().to_ascii_lowercase();
    let target = call.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let scheme = match (call.message.is_some(), call.scheme) {
        (true, "https") => "wss",
        (true, _) => "ws",
        (false, scheme) => scheme,
    };
    let version = match call.version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    Request {
        method: call.method.as_str().to_owned(),
        scheme: scheme.to_owned(),
        authority,
        target: own_keys::hide(target, key),
        http_version: Some(version.to_owned()),
        headers: headers(pairs(&call.request_fields), key),
        header_state: HeaderState::Complete,
        body_state: state(&call.request_body),
        body: call.request_body.bytes.clone(),
        trailers: trailers(&call.request_body, key),
    }
}

fn trailers(body: &Captured, key: &str) -> Headers {
    headers(body.trailers.iter().flat_map(|trailers| trailers.iter()), key)
}

fn response(call: &Call, key: &str) -> Option<Response> {
    let (status, fields, body) = match &call.withheld {
        Some(withheld) => (withheld.status, &withheld.fields, &withheld.body),
        None => (call.status?, &call.response_fields, &call.response_body),
    };
    Some(Response {
        status: status.as_u16(),
        headers: headers(pairs(fields), key),
        headers_captured: true,
        body: body.bytes.clone(),
        body_state: state(body),
        body_bytes: Some(body.total),
    })
}

fn protocol(call: &Call) -> Option<String> {
    if call.message.is_some() {
        return Some("websocket".to_owned());
    }
    let is_grpc = call.request_fields.iter().any(|(name, value)| {
        *name == http::header::CONTENT_TYPE && value.as_bytes().starts_with(b"application/grpc")
    });
    is_grpc.then(|| "grpc".to_owned())
}

fn state(body: &Captured) -> BodyState {
    match body {
        Captured { is_complete: true, .. } => BodyState::Complete,
        Captured { total: 0, .. } => BodyState::NotCaptured,
        _ => BodyState::Truncated,
    }
}

fn pairs(fields: &Fields) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    fields.iter().map(|(name, value)| (name, value))
}

/// Without keys of ours, whatever became of the request and whoever looked at it; answers may repeat
/// what they were asked.
fn headers<'a>(
    fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    key: &str,
) -> Headers {
    let hide = |value: &HeaderValue| own_keys::hide(text(value.as_bytes()), key);
    fields.map(|(name, value)| (name.as_str(), hide(value))).collect()
}

/// Field values are bytes; those outside UTF-8 are read as Latin-1, as RFC 9110 §5.5 tells of old
/// servers.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let micros = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

impl Outcome {
    /// Short name for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Replied(code) => code,
            Self::Aborted => "aborted",
            Self::BrokenOff => "broken-off",
        }
    }
}
