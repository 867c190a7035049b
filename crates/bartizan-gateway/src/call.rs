//! One exchange under way, from its head to its end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bartizan_model::Tls;
use bytes::{Bytes, BytesMut};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header,
};
use tokio::time::Instant;

use crate::{
    budget::{ClientPlace, Lease},
    forward::ids::Ids,
    head::Refusal,
    listen::Link,
    phases::{Edits, Streamed},
    policy::close_streams,
    snapshot::Snapshot,
};

/// Fields of a message, copied flat: names and values share their bytes with the message.
pub(crate) type Fields = Vec<(HeaderName, HeaderValue)>;

pub(crate) fn flatten(headers: &HeaderMap) -> Fields {
    let mut fields = Vec::with_capacity(headers.len());
    fields.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    fields
}

/// Fields that make an answer one that must not be rewritten.
const SIGNED: [&str; 4] = ["signature", "signature-input", "content-digest", "repr-digest"];
/// Fields that say something about the very bytes of a body.
const ABOUT_BYTES: [HeaderName; 6] = [
    header::ETAG,
    header::CONTENT_ENCODING,
    header::ACCEPT_RANGES,
    header::LAST_MODIFIED,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
];

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream answered and the answer was given to the client.
    Answered,
    /// We answered; the code says why.
    Replied(&'static str),
    /// The client went away before it was answered, or while it was.
    Aborted,
    /// The upstream broke off while its answer was passed on.
    BrokenOff,
}

/// How much of a body is kept for the hand-over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured {
    pub(crate) bytes: Bytes,
    /// Bytes that passed, kept or not.
    pub(crate) total: u64,
    pub(crate) is_complete: bool,
    pub(crate) streamed: Option<Streamed>,
    pub(crate) trailers: Option<HeaderMap>,
    /// Whether less was kept than the limit lets, for want of room.
    pub(crate) is_cut: bool,
    /// Why it was broken off, when its trailers were refused.
    pub(crate) refusal: Option<Refusal>,
}

impl Captured {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        let total = bytes.len() as u64;
        Self { bytes, total, is_complete: true, ..Self::default() }
    }
}

/// An answer of the upstream that the client was not given.
#[derive(Debug)]
pub(crate) struct Withheld {
    pub(crate) status: StatusCode,
    pub(crate) fields: Fields,
    pub(crate) body: Captured,
}

/// Keeps the beginning of a streamed body, under the budget.
#[derive(Debug)]
pub(crate) struct Recording {
    kept: BytesMut,
    limit: usize,
    lease: Lease,
    total: u64,
    is_ended: bool,
    is_cut: bool,
    why: Streamed,
    trailers: Option<HeaderMap>,
    refusal: Option<Refusal>,
}

impl Recording {
    pub(crate) fn new(limit: usize, lease: Lease, why: Streamed) -> Self {
        Self {
            kept: BytesMut::new(),
            limit,
            lease,
            total: 0,
            is_ended: false,
            is_cut: false,
            why,
            trailers: None,
            refusal: None,
        }
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        self.total += data.len() as u64;
        let room = if self.is_cut { 0 } else { self.limit - self.kept.len() };
        let count = data.len().min(room);
        if count == 0 {
            return;
        }
        // The exchange goes on without a recording; the exchanges of others may need the room.
        self.is_cut = !self.lease.grow_spare(count);
        if !self.is_cut {
            self.kept.extend_from_slice(&data[..count]);
        }
    }

    pub(crate) fn push_trailers(&mut self, trailers: &HeaderMap) {
        self.trailers = Some(trailers.clone());
    }

    /// The body is broken off here.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    pub(crate) fn end(&mut self) {
        self.is_ended = true;
    }

    /// Bytes that passed so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// What was kept. From here on it counts where it goes.
    pub(crate) fn take(&mut self) -> Captured {
        let is_complete = self.is_ended && self.total == self.kept.len() as u64;
        self.lease.shrink_to(0);
        self.limit = 0;
        Captured {
            bytes: self.kept.split().freeze(),
            total: self.total,
            is_complete,
            streamed: Some(self.why),
            trailers: self.trailers.take(),
            is_cut: self.is_cut,
            refusal: self.refusal,
        }
    }
}

/// A request body that is recorded while an upstream connection reads it.
pub(crate) type SharedRecording = Arc<Mutex<Recording>>;

/// One exchange: what is known of it, growing from phase to phase.
#[derive(Debug)]
pub struct Call {
    pub(crate) link: Arc<Link>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) ids: Ids,
    pub(crate) began: Instant,
    pub(crate) time: SystemTime,
    pub(crate) client: IpAddr,
    /// Where the client is counted.
    pub(crate) place: ClientPlace,
    pub(crate) scheme: &'static str,
    /// Whether what the peer says about others is believed.
    pub(crate) is_trusted: bool,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) authority: Option<HeaderValue>,
    pub(crate) service: Option<usize>,
    pub(crate) request_fields: Fields,
    pub(crate) request_body: Captured,
    pub(crate) request_recording: Option<SharedRecording>,
    pub(crate) upstream: Option<Arc<str>>,
    /// Whether an upstream may have done what is asked for.
    pub(crate) may_have_acted: bool,
    pub(crate) status: Option<StatusCode>,
    pub(crate) response_fields: Fields,
    pub(crate) response_body: Captured,
    /// What the upstream answered, when the client is answered something else.
    pub(crate) withheld: Option<Box<Withheld>>,
    /// What goes to the client in the place of the body of the upstream.
    pub(crate) replaced: Option<Bytes>,
    pub(crate) outcome: Outcome,
    pub(crate) ended: Instant,
    pub(crate) answer_by: Option<Instant>,
    pub(crate) message: Option<crate::websocket::Message>,
    /// Whether a valid head was read.
    pub(crate) is_read: bool,
    /// Whether the tap waits for the answer to the upgrade that this request asks for.
    pub(crate) holds_tap: bool,
    /// What the request body takes of the budget.
    pub(crate) request_lease: Option<Lease>,
    /// That it is one of the exchanges under way.
    pub(crate) turn: Option<Lease>,
    to_upstream: Edits,
    to_client: Edits,
    extensions: Extensions,
}

impl Call {
    pub(crate) fn new(link: Arc<Link>, snapshot: Arc<Snapshot>, ids: Ids) -> Self {
        let (client, scheme) = (link.peer.address.ip(), link.peer.scheme());
        let place = link.peer.place;
        let is_trusted = link.peer.is_named && snapshot.trusts(link.peer.address.ip());
        let began = Instant::now();
        Self {
            link,
            snapshot,
            ids,
            began,
            time: SystemTime::now(),
            client,
            place,
            scheme,
            is_trusted,
            method: Method::GET,
            uri: Uri::default(),
            version: Version::HTTP_11,
            authority: None,
            service: None,
            request_fields: Vec::new(),
            request_body: Captured::default(),
            request_recording: None,
            upstream: None,
            may_have_acted: false,
            status: None,
            response_fields: Vec::new(),
            response_body: Captured::default(),
            withheld: None,
            replaced: None,
            outcome: Outcome::Aborted,
            ended: began,
            answer_by: None,
            message: None,
            is_read: false,
            holds_tap: false,
            request_lease: None,
            turn: None,
            to_upstream: Edits::default(),
            to_client: Edits::default(),
            extensions: Extensions::new(),
        }
    }

    /// Id of the request; also the incident id of our own answers.
    #[must_use]
    pub fn id(&self) -> &str {
        self.ids.request_id()
    }

    /// Address of the client, as believed: of the connection, or named by trusted proxies.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Address and port at the other end of the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.link.peer.address
    }

    /// TLS of the connection.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.link.peer.tls.as_ref()
    }

    /// `http` or `https`, as the client used it.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// Host and port that the request names.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_ref().and_then(|value| value.to_str().ok())
    }

    /// Name of the service that is asked, once it is known.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.map(|at| self.snapshot.services[at].name.as_str())
    }

    /// Number of the connection in this process.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.link.id
    }

    /// Status that the client is answered with, once it is known.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// How it ended; [`Outcome::Aborted`] until it has.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Changes to the request on its way to the upstream.
    pub fn to_upstream(&mut self) -> &mut Edits {
        &mut self.to_upstream
    }

    /// Changes to the response on its way to the client.
    pub fn to_client(&mut self) -> &mut Edits {
        &mut self.to_client
    }

    /// Puts another body in the place of that of the answer, from the phase of response bodies on, where the
    /// answer is whole. `false`, and nothing is changed: the answer is signed, or has a digest that is (RFC 9421,
    /// RFC 9530).
    pub fn replace_response_body(&mut self, body: Bytes) -> bool {
        let is_signed = |(name, _): &(HeaderName, HeaderValue)| SIGNED.contains(&name.as_str());
        if self.response_fields.iter().any(is_signed) {
            return false;
        }
        self.replaced = Some(body);
        // They are about the bytes that are no more.
        for name in ABOUT_BYTES {
            self.to_client.remove(name);
        }
        true
    }

    /// State of policies.
    pub fn extensions(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// State that a policy has put into [`Call::extensions`].
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    pub(crate) fn edits_to_upstream(&self) -> &Edits {
        &self.to_upstream
    }

    pub(crate) fn edits_to_client(&self) -> &Edits {
        &self.to_client
    }

    /// The answer is held whole: from now on it is a matter of the client how long it takes.
    pub(crate) fn begin_answer(&mut self) {
        self.await_client(Instant::now() + self.snapshot.deadlines.answer);
    }

    /// What was given for the client has to be taken by that time.
    pub(crate) fn await_client(&mut self, at: Instant) {
        self.client_took();
        let is_http2 = self.version == Version::HTTP_2;
        self.link.set_answer_by(at, is_http2);
        self.answer_by = is_http2.then_some(at);
    }

    /// The client took what was given for it.
    pub(crate) fn client_took(&mut self) {
        self.link.clear_answer_by(self.answer_by.take());
    }

    /// Why the trailers of a streamed request were refused, if they were.
    pub(crate) fn refused_trailers(&self) -> Option<Refusal> {
        let recording = self.request_recording.as_ref()?;
        recording.lock().unwrap_or_else(PoisonError::into_inner).refusal()
    }

    /// Takes what was recorded of a streamed request, and what was decided about its messages and those of the answer.
    pub(crate) fn close_recording(&mut self) {
        close_streams(self);
        if let Some(recording) = self.request_recording.take() {
            self.request_body = recording.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}
