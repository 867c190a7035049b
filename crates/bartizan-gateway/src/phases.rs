//! The seams where decisions are made: named phases, and what they are told.
//!
//! The gateway itself only keeps the protocol, the limits and the deadlines. Everything that is a
//! matter of policy is behind [`Policies`], called in this order:
//!
//! 1. `request_filter`: the head is valid, nothing of the body was read. Addresses, keys, tokens,
//!    rates belong here; a client that waits for `100 Continue` has not sent its body yet.
//! 2. `request_body`: the whole body is there (or it is said why not); nothing went upstream.
//! 3. `upstream_peer`: which service is asked.
//! 4. `response_filter`: the head of the response is there.
//! 5. `response_body`: the whole response is there (or it is said why not); nothing went to the
//!    client.
//! 6. `logging`: the exchange is over, whatever became of it.
//!
//! The messages of a gRPC call whose body is passed on as it comes are looked at one by one, each before it goes on
//! (`grpc_messages`, asked once for each direction).
//!
//! A WebSocket that was let in is asked about again, message by message (`websocket_message`) and now
//! and then as a whole (`websocket_review`).

use std::{fmt, future::Future, pin::Pin};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request, response};

use crate::{
    call::Call, handover::Finished, messages::Watching, policy::PolicyError, websocket::Message,
};

/// What a phase decides.
pub enum Step<'a> {
    /// The exchange goes on.
    Continue,
    /// The client is answered with this; nothing more goes upstream.
    Reply(Box<Reply>),
    /// The decision needs a look-up with a budget of its own.
    Later(Pin<Box<dyn Future<Output = Decision> + Send + 'a>>),
}

impl Step<'_> {
    /// Waits if need be.
    pub(crate) async fn decide(self) -> Decision {
        match self {
            Step::Continue => None,
            Step::Reply(reply) => Some(reply),
            Step::Later(later) => later.await,
        }
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Continue => "Continue",
            Step::Reply(_) => "Reply",
            Step::Later(_) => "Later",
        })
    }
}

/// What comes of a look-up: a reply, or `None` to continue.
pub type Decision = Option<Box<Reply>>;

/// An answer of our own.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Why, for logs and metrics: a short name.
    pub code: &'static str,
    /// Its status.
    pub status: StatusCode,
    /// Its fields; a length is added.
    pub headers: HeaderMap,
    /// Its body; `None` for a problem document (RFC 9457) that names code, title, detail and incident.
    pub body: Option<Bytes>,
    /// The title of the problem document.
    pub title: String,
    /// What it says about this very request; nothing when empty.
    pub detail: String,
}

impl Reply {
    /// A problem document.
    #[must_use]
    pub fn problem(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        let (headers, detail) = (HeaderMap::new(), String::new());
        Self { code, status, headers, body: None, title: title.into(), detail }
    }

    /// Says more about this very request.
    #[must_use]
    pub fn with_detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// An answer with a body.
    #[must_use]
    pub fn body(
        status: StatusCode,
        code: &'static str,
        media_type: HeaderValue,
        body: impl Into<Bytes>,
    ) -> Self {
        let reply = Self { body: Some(body.into()), ..Self::problem(status, code, "") };
        reply.with(header::CONTENT_TYPE, media_type)
    }
}

/// A body as a phase sees it. Bodies are never changed: they may be signed.
#[derive(Clone, Copy, Debug)]
pub enum BodyView<'a> {
    /// All of it, as transferred (still content-encoded).
    Whole(&'a Bytes),
    /// It is passed on as it comes and was not looked at.
    Streamed(Streamed),
}

/// Why a body is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streamed {
    /// It is longer than the limit.
    TooLarge,
    /// It did not end in time.
    TooSlow,
    /// It is of a kind that never ends: server-sent events, gRPC.
    Endless,
    /// There was no room to hold it. Only of responses: requests are refused then, but what was
    /// executed must not be told as failed.
    NoRoom,
}

impl Streamed {
    /// All reasons.
    pub const ALL: &[Self] = &[Self::TooLarge, Self::TooSlow, Self::Endless, Self::NoRoom];

    /// Short name for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::Endless => "endless",
            Self::NoRoom => "no-room",
        }
    }
}

/// Changes to the fields of a message on its way.
#[derive(Clone, Debug, Default)]
pub struct Edits(Vec<(HeaderName, Option<HeaderValue>)>);

impl Edits {
    /// Replaces all fields of that name by one.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, Some(value)));
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: HeaderName) {
        self.0.push((name, None));
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes other changes after these.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Makes the changes. Fields that frame a message are left alone.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            let frames = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];
            if frames.contains(name) {
                continue;
            }
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
    }
}

/// What decides about exchanges. Every method has a default that lets everything through.
///
/// Methods run on the path of the request: they must not block. What has to wait returns
/// [`Step::Later`] and brings its own budget. Changes to fields go to [`Call::to_upstream`] and
/// [`Call::to_client`], state that later phases need to [`Call::extensions`].
pub trait Policies: Send + Sync + 'static {
    /// Whether they can be in force for services of these names.
    ///
    /// # Errors
    /// Says which of them cannot, and why.
    fn check(&self, _services: &[&str]) -> Result<(), PolicyError> {
        Ok(())
    }

    /// The head of a request is there.
    fn request_filter<'a>(&'a self, _call: &'a mut Call, _request: &'a request::Parts) -> Step<'a> {
        Step::Continue
    }

    /// The body of a request is there.
    fn request_body<'a>(
        &'a self,
        _call: &'a mut Call,
        _request: &'a request::Parts,
        _body: BodyView<'a>,
    ) -> Step<'a> {
        Step::Continue
    }

    /// The name of the service to ask; `None` for the one that the configuration chose.
    fn upstream_peer(&self, _call: &Call, _request: &request::Parts) -> Option<&str> {
        None
    }

    /// The head of a response is there.
    fn response_filter<'a>(
        &'a self,
        _call: &'a mut Call,
        _response: &'a response::Parts,
    ) -> Step<'a> {
        Step::Continue
    }

    /// The body of a response is there.
    fn response_body<'a>(
        &'a self,
        _call: &'a mut Call,
        _response: &'a response::Parts,
        _body: BodyView<'a>,
    ) -> Step<'a> {
        Step::Continue
    }

    /// Who looks at the messages of a call whose body is passed on as it comes: that of the answer when its head is
    /// given, else that of the request; `None` for nobody.
    fn grpc_messages(
        &self,
        _call: &mut Call,
        _response: Option<&response::Parts>,
    ) -> Option<Watching> {
        None
    }

    /// A whole message of a WebSocket whose handshake had this head is there; `false` closes the
    /// connection with 1008.
    fn websocket_message(
        &self,
        _call: &mut Call,
        _handshake: &request::Parts,
        _message: &Message,
    ) -> bool {
        true
    }

    /// Whether a WebSocket whose handshake had this head would still be let in: a reply closes it with
    /// 1008. Asked now and then as long as it is open, which is not a request and counts as none.
    fn websocket_review<'a>(
        &'a self,
        _call: &'a mut Call,
        _handshake: &'a request::Parts,
    ) -> Step<'a> {
        Step::Continue
    }

    /// The exchange is over. Runs after the answer was given to the client.
    fn logging(&self, _finished: &Finished) {}
}

/// Lets everything through.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Policies for AllowAll {}
