//! Sending a request to an upstream, and once more where that is safe.
//!
//! A request is sent again when nothing of it was sent, or when it is idempotent (RFC 9110 §9.2.2),
//! held whole, and no byte of an answer came. What happens to one request never changes what is
//! known of an upstream: only connecting does.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{Group, Upstream, connection::Connection, pool::Busy};
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
    pub(crate) connection: Option<Box<Connection>>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) busy: Busy,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// No upstream could be connected to.
    Connect,
    /// The upstream broke off.
    Broken,
    /// The head of the answer did not come in time.
    Late,
}

/// How to make a request again.
pub(crate) struct Replay<'a> {
    pub(crate) make: &'a (dyn Fn() -> Request<Outgoing> + Sync),
}

/// Whether a request may be sent again after its connection broke.
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// Sends a request.
pub(crate) async fn send(
    group: &Group,
    protocol: UpstreamProtocol,
    mut request: Request<Outgoing>,
    replay: Option<Replay<'_>>,
    watch: &Watch,
    metrics: &Metrics,
) -> Result<Sent, SendError> {
    let mut last: Option<Arc<Upstream>> = None;
    let mut error = SendError::Connect;
    let mut takes_idle = true;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            metrics.retries.inc();
        }
        let upstream = group.choose(last.as_ref());
        let busy = upstream.busy();
        last = Some(Arc::clone(&upstream));
        let result = match protocol {
            UpstreamProtocol::Http1 => http1(&upstream, request, takes_idle, watch).await,
            UpstreamProtocol::Http2 => http2(&upstream, request, watch).await,
        };
        // What was idle may have been closed meanwhile; what is new was not.
        takes_idle = false;
        match result {
            Ok((response, connection)) => return Ok(Sent { response, connection, upstream, busy }),
            Err(Failed { error: failed, unsent }) => {
                error = failed;
                let is_only = group.upstreams.len() == 1;
                if is_only && failed == SendError::Connect {
                    return Err(error);
                }
                request = match (unsent, &replay) {
                    (Some(request), _) => *request,
                    (None, Some(replay)) if failed == SendError::Broken => (replay.make)(),
                    _ => return Err(error),
                };
            }
        }
    }
    Err(error)
}

struct Failed {
    error: SendError,
    /// The request, when nothing of it was sent.
    unsent: Option<Box<Request<Outgoing>>>,
}

type Attempt = Result<(Response<Incoming>, Option<Box<Connection>>), Failed>;

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
            Err(_) => return unsent(request),
        },
    };
    match watch.wait(connection.send(request)).await {
        None => Err(Failed { error: SendError::Late, unsent: None }),
        Some(Ok(response)) => Ok((response, Some(connection))),
        Some(Err(mut error)) => {
            let unsent = error.take_message().map(Box::new);
            Err(Failed { error: SendError::Broken, unsent })
        }
    }
}

async fn http2(upstream: &Upstream, request: Request<Outgoing>, watch: &Watch) -> Attempt {
    let Ok(mut sender) = upstream.http2().await else { return unsent(request) };
    match watch.wait(sender.try_send_request(request)).await {
        None => Err(Failed { error: SendError::Late, unsent: None }),
        Some(Ok(response)) => Ok((response, None)),
        Some(Err(mut error)) => {
            let unsent = error.take_message().map(Box::new);
            Err(Failed { error: SendError::Broken, unsent })
        }
    }
}

fn unsent(request: Request<Outgoing>) -> Attempt {
    Err(Failed { error: SendError::Connect, unsent: Some(Box::new(request)) })
}

/// Waits for the head of an answer. While a streamed request makes progress the time does not run.
pub(crate) struct Watch {
    pub(crate) time: Duration,
    pub(crate) recording: Option<SharedRecording>,
}

impl Watch {
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
