//! Sending a request to an upstream, and once more where that is safe.
//!
//! A request is sent again when nothing of it was sent. When it is held whole it is also sent again
//! when the upstream says that it left it (RFC 9113 §8.7), and, once, when it is idempotent (RFC 9110
//! §9.2.2), whichever of the methods that it names is taken, and no byte came in answer: a head that is cut or malformed is an answer.
//! Who is left with a connection goes on over one that is newer than the attempt: an upstream that
//! restarts says farewell on all that it has, and there may be more of them than attempts.
//! What happens to one request never changes what is known of an upstream: only connecting does, and its breaker, where
//! it has one, which no client alone can open. What was sent is only sent again within the budget of its service.

use std::{
    error::Error as _,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, Request, Response, StatusCode};
use hyper::{body::Incoming, client::conn::TrySendError};
use tokio::time::{Instant, timeout};

use super::{
    Group, Upstream,
    breaker::Pass,
    caller::Caller,
    choose::Chosen,
    connection::Carrier,
    pool::{Busy, ConnectError},
    retries::Retries,
};
use crate::{
    body::outgoing::Outgoing,
    call::{Call, SharedRecording},
    config::UpstreamProtocol,
    metrics::Metrics,
};

/// Most times a request is tried.
const ATTEMPTS: usize = 3;

/// An answer of an upstream, with what its body is read from.
pub(crate) struct Sent {
    pub(crate) response: Response<Incoming>,
    pub(crate) carrier: Carrier,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) busy: Busy,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// No upstream could be connected to.
    Connect,
    /// Something is missing on this machine.
    Ours,
    /// No upstream may have one more connection.
    Full,
    /// The breakers of all are open.
    Open,
    /// The upstream broke off.
    Broken,
    /// The head of the answer did not come in time.
    Late,
}

impl From<ConnectError> for SendError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Full => Self::Full,
            ConnectError::Failed => Self::Connect,
            ConnectError::Ours => Self::Ours,
        }
    }
}

/// How to make a request again that is held whole.
pub(crate) struct Replay<'a> {
    pub(crate) make: &'a (dyn Fn() -> Request<Outgoing> + Sync),
    /// Whether it may be executed twice; not after it was sent twice already.
    pub(crate) may_repeat: bool,
}

impl Replay<'_> {
    /// The request once more, unless it may have been executed and must not be again.
    fn make(&mut self, fate: Fate, retries: &Retries) -> Option<Request<Outgoing>> {
        let may = match fate {
            Fate::Refused | Fate::Left => true,
            // Once: what failed again may be what breaks the upstream (RFC 9110 §9.2.2).
            Fate::Unanswered => std::mem::take(&mut self.may_repeat),
            Fate::Unknown => false,
        };
        (may && retries.take()).then(|| (self.make)())
    }
}

/// Where a request goes, and for whom.
pub(crate) struct Errand<'a> {
    pub(crate) group: &'a Group,
    pub(crate) protocol: UpstreamProtocol,
    pub(crate) caller: Caller,
    pub(crate) retries: &'a Retries,
}

/// Sends a request.
pub(crate) async fn send(
    errand: Errand<'_>,
    mut request: Request<Outgoing>,
    mut replay: Option<Replay<'_>>,
    watch: &Watch,
    metrics: &Metrics,
) -> Result<Sent, SendError> {
    let Errand { group, protocol, caller, retries } = errand;
    retries.asked();
    // What becomes of a body that is passed on as it comes is a matter of its client, too.
    let is_telling = replay.is_some();
    let mut last: Option<Arc<Upstream>> = None;
    let mut error = SendError::Open;
    // Since when a connection must have been opened to be used.
    let mut since = None;
    for attempt in 0..ATTEMPTS {
        // Where there was an attempt, what went wrong says more.
        let Some(Chosen { upstream, pass }) = group.choose(caller.key, last.as_ref()) else {
            return Err(error);
        };
        let pass = if is_telling { pass } else { pass.map(Pass::without_trial) };
        if attempt > 0 {
            metrics.retries.inc();
        }
        let began = Instant::now();
        let busy = upstream.busy();
        last = Some(Arc::clone(&upstream));
        let result = match protocol {
            UpstreamProtocol::Http1 => http1(&upstream, request, since.is_none(), watch).await,
            UpstreamProtocol::Http2 => http2(&upstream, request, since, watch).await,
        };
        match result {
            Ok((response, carrier)) => {
                if let Some(pass) = pass.filter(|_| is_telling) {
                    pass.answered(response.status(), caller.client);
                }
                return Ok(Sent { response, carrier, upstream, busy });
            }
            Err(failed) => {
                if let Some(pass) = pass {
                    failed.tell(pass, is_telling, caller);
                }
                let Failed { error: failed, unsent, fate } = failed;
                error = failed;
                if unsent.is_none() && !matches!(fate, Fate::Refused | Fate::Left) {
                    watch.has_reached.store(true, Relaxed);
                }
                // What was open may have been closed meanwhile; what is new was not. Where nothing could be
                // asked, nothing is known about the connections of another upstream.
                if fate != Fate::Refused && !failed.is_of_connecting() {
                    since = Some(began);
                }
                let is_only = group.members.len() == 1 && failed.is_of_connecting();
                if is_only || attempt + 1 == ATTEMPTS {
                    return Err(error);
                }
                let again = || replay.as_mut().and_then(|replay| replay.make(fate, retries));
                let again = unsent.map(|request| *request).or_else(again);
                request = again.ok_or(error)?;
            }
        }
    }
    Err(error)
}

/// Sends a request once, over a connection of its own where the protocol has one for each; what comes behind the status is
/// thrown away.
pub(super) async fn once(
    upstream: &Upstream,
    request: Request<Outgoing>,
    watch: &Watch,
) -> Result<StatusCode, SendError> {
    let sent = match upstream.route.protocol {
        UpstreamProtocol::Http1 => http1(upstream, request, false, watch).await,
        UpstreamProtocol::Http2 => http2(upstream, request, None, watch).await,
    };
    sent.map(|(response, _)| response.status()).map_err(|failed| failed.error)
}

impl SendError {
    /// Whether there was no connection.
    const fn is_of_connecting(self) -> bool {
        matches!(self, Self::Connect | Self::Ours | Self::Full)
    }
}

struct Failed {
    error: SendError,
    /// The request, when nothing of it was sent.
    unsent: Option<Box<Request<Outgoing>>>,
    /// What became of it, when it was sent.
    fate: Fate,
}

/// What an upstream may have done with a request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing: it says so, and goes on with the connection.
    Refused,
    /// Nothing: it says so, and takes no more on the connection.
    Left,
    /// Anything; not one byte came.
    Unanswered,
    /// Anything.
    Unknown,
}

impl Failed {
    const LATE: Self = Self { error: SendError::Late, unsent: None, fate: Fate::Unknown };

    fn unsent(error: ConnectError, request: Request<Outgoing>) -> Self {
        Self { error: error.into(), unsent: Some(Box::new(request)), fate: Fate::Unknown }
    }

    /// Tells a breaker what its upstream can be blamed for.
    fn tell(&self, pass: Pass, is_telling: bool, caller: Caller) {
        match self.error {
            SendError::Connect => pass.failed(None),
            SendError::Ours | SendError::Full | SendError::Open => {}
            // It says that it left it, or got nothing of it.
            SendError::Broken
                if self.unsent.is_some() || matches!(self.fate, Fate::Refused | Fate::Left) => {}
            SendError::Broken | SendError::Late => {
                if is_telling {
                    pass.failed(Some(caller.client));
                }
            }
        }
    }

    fn broken(mut error: TrySendError<Request<Outgoing>>, has_come: bool) -> Self {
        let unsaid = if has_come { Fate::Unknown } else { Fate::Unanswered };
        let fate = fate(error.error()).unwrap_or(unsaid);
        let unsent = error.take_message().map(Box::new);
        Self { error: SendError::Broken, unsent, fate }
    }
}

type Attempt = Result<(Response<Incoming>, Carrier), Failed>;

async fn http1(
    upstream: &Upstream,
    request: Request<Outgoing>,
    takes_idle: bool,
    watch: &Watch,
) -> Attempt {
    let idle = if takes_idle { upstream.take() } else { None };
    let mut connection = match idle {
        Some(connection) => connection,
        None => match upstream.connect_http1().await {
            Ok(connection) => connection,
            Err(error) => return Err(Failed::unsent(error, request)),
        },
    };
    match watch.wait(connection.send(request)).await {
        None => Err(Failed::LATE),
        Some(Ok(response)) => Ok((response, Carrier::Http1(connection))),
        Some(Err((error, has_come))) => Err(Failed::broken(error, has_come)),
    }
}

async fn http2(
    upstream: &Upstream,
    request: Request<Outgoing>,
    since: Option<Instant>,
    watch: &Watch,
) -> Attempt {
    let stream = match upstream.http2(since).await {
        Ok(stream) => stream,
        Err(error) => return Err(Failed::unsent(error, request)),
    };
    match watch.wait(stream.send(request)).await {
        None => Err(Failed::LATE),
        Some(Ok(response)) => Ok((response, Carrier::Http2 { _stream: stream })),
        Some(Err((error, has_come))) => Err(Failed::broken(error, has_come)),
    }
}

/// What an HTTP/2 upstream says about a request that it did not process (RFC 9113 §8.7). What came
/// otherwise may be the answer to another request, or a part of this one.
pub(super) fn fate(error: &hyper::Error) -> Option<Fate> {
    let error = error.source()?.downcast_ref::<h2::Error>()?;
    match error {
        error if !error.is_remote() => None,
        error if error.is_go_away() => Some(Fate::Left),
        error => (error.reason() == Some(h2::Reason::REFUSED_STREAM)).then_some(Fate::Refused),
    }
}

/// Waits for the head of an answer. While a streamed request makes progress the time does not run.
pub(crate) struct Watch {
    pub(crate) time: Duration,
    pub(crate) recording: Option<SharedRecording>,
    /// Whether a request that was not answered may have been executed.
    pub(crate) has_reached: AtomicBool,
}

impl Watch {
    /// For a request of our own, of which nothing is recorded.
    pub(crate) const fn of_our_own(time: Duration) -> Self {
        Self { time, recording: None, has_reached: AtomicBool::new(false) }
    }

    async fn wait<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = pin!(answer);
        let mut seen = self.progress();
        loop {
            if let Ok(answer) = timeout(self.time, &mut answer).await {
                return Some(answer);
            }
            let now = self.progress();
            if now == seen {
                return None;
            }
            seen = now;
        }
    }

    /// Bytes of the request that went on.
    fn progress(&self) -> u64 {
        let recording = self.recording.as_ref();
        recording.map_or(0, |recording| {
            recording.lock().unwrap_or_else(std::sync::PoisonError::into_inner).total()
        })
    }
}

/// The head of a request as the client sent it, for making it again.
pub(crate) fn original_head(call: &Call) -> http::request::Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = call.method.clone();
    parts.uri = call.uri.clone();
    parts.headers = HeaderMap::with_capacity(call.request_fields.len());
    for (name, value) in &call.request_fields {
        parts.headers.append(name, value.clone());
    }
    parts
}
