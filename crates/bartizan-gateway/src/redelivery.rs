//! A delivery that was kept, sent once more: over a connection that begins and ends in this process, so that it goes all
//! the way that any request goes. That it is a replay shows by the connection, which no client can have.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use bartizan_model::{
    FailedDeliveryId, Timestamp, Tls,
    webhook::{Delivered, Replayed},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use http_body::Body as _;
use hyper::{
    body::Incoming, client::conn::http1 as client, server::conn::http1::Builder,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{io::duplex, time::timeout};

use crate::{
    body::outgoing::Outgoing,
    call::{Call, Outcome},
    forward::fields::remove_connection,
    listen::{LIBRARY_FIELDS, Link, Peer},
    serve,
    shared::Shared,
};

/// How long a replay may take, whatever deadlines are configured.
const LONGEST: Duration = Duration::from_secs(300);
/// Most bytes of an answer that are read: nobody wants them.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Bytes that wait between the two ends of the connection.
const PIPE_BYTES: usize = 64 * 1024;

/// A delivery that is to be sent once more.
#[derive(Clone, Debug)]
pub struct Redelivery {
    /// Its id, which its upstream is told.
    pub id: FailedDeliveryId,
    /// Name of the service that it was for.
    pub service: String,
    /// The delivery.
    pub delivered: Delivered,
}

/// What exchanges know of the replay that they are, and what became of it.
#[derive(Debug)]
pub(crate) struct Replay {
    id: FailedDeliveryId,
    service: String,
    came: Timestamp,
    ended: OnceLock<Replayed>,
}

impl Replay {
    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// When the delivery came.
    pub(crate) fn came(&self) -> Timestamp {
        self.came
    }

    /// Whether that is the service that it was for.
    pub(crate) fn is_for(&self, service: Option<&str>) -> bool {
        service == Some(self.service.as_str())
    }

    /// The exchange is over.
    pub(crate) fn ended(&self, call: &Call) {
        let answered = match &call.withheld {
            Some(withheld) => Some(withheld.status),
            None if call.upstream.is_some() => call.status,
            None => None,
        };
        let was_taken = matches!(call.outcome, Outcome::Replied("delivery-taken"));
        let _ = self.ended.set(Replayed {
            is_taken: was_taken || answered.is_some_and(|status| status.is_success()),
            outcome: call.outcome.code().to_owned(),
            status: answered.map(|status| status.as_u16()),
            exchange: call.id().to_owned(),
        });
    }
}

/// Nobody knows what became of it.
pub(crate) fn unknown() -> Replayed {
    let (outcome, exchange) = ("replay-unknown".to_owned(), String::new());
    Replayed { is_taken: false, outcome, status: None, exchange }
}

/// Sends it, and waits until its exchange is over.
pub(crate) async fn redeliver(
    shared: Arc<Shared>,
    local: SocketAddr,
    delivery: Redelivery,
) -> Replayed {
    let Redelivery { id, service, delivered } = delivery;
    let came = delivered.time;
    let replay = Arc::new(Replay { id, service, came, ended: OnceLock::new() });
    let mut peer = Peer::new(SocketAddr::new(delivered.peer, 0), local, true);
    peer.tls = delivered.is_secure.then(Tls::default);
    peer.replay = Some(Arc::clone(&replay));
    let Some(request) = request(delivered) else {
        return Replayed { outcome: "malformed".to_owned(), ..unknown() };
    };
    let link = Arc::new(Link::new(0, peer, Weak::new()));
    // When the time is over, both ends are dropped, and with them the exchange.
    let _ = timeout(LONGEST, converse(shared, link, request)).await;
    replay.ended.get().cloned().unwrap_or_else(unknown)
}

/// The request as it came, but for what was of its connection.
fn request(delivered: Delivered) -> Option<Request<Outgoing>> {
    let Delivered { method, target, authority, fields, body, .. } = delivered;
    let request = Request::builder().method(method.as_bytes()).uri(target);
    let (mut parts, ()) = request.body(()).ok()?.into_parts();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        parts.headers.append(name, HeaderValue::from_bytes(&value).ok()?);
    }
    remove_connection(&mut parts.headers, |name| matches!(name, "content-length" | "expect"));
    parts.headers.insert(header::HOST, HeaderValue::from_str(&authority).ok()?);
    // Also where it is empty: nobody has to guess then.
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Some(Request::from_parts(parts, Outgoing::whole(Bytes::from(body), None)))
}

/// Both ends of the connection, from its beginning to its end.
async fn converse(shared: Arc<Shared>, link: Arc<Link>, request: Request<Outgoing>) {
    let (near, far) = duplex(PIPE_BYTES);
    let fields = shared.snapshot.load().limits.head.fields;
    let service =
        service_fn(move |request| serve::answer(Arc::clone(&shared), Arc::clone(&link), request));
    let mut builder = Builder::new();
    if fields > LIBRARY_FIELDS {
        builder.max_headers(fields);
    }
    let serving = builder
        .header_read_timeout(None)
        .keep_alive(false)
        .serve_connection(TokioIo::new(far), service);
    let asking = async {
        let Ok((mut sender, connection)) = client::handshake(TokioIo::new(near)).await else {
            return;
        };
        let asked = async move {
            if let Ok(response) = sender.send_request(request).await {
                read(response.into_body()).await;
            }
        };
        let _ = tokio::join!(connection, asked);
    };
    let _ = tokio::join!(serving, asking);
}

/// Reads an answer to its end, or as much of it as is read.
async fn read(body: Incoming) {
    let mut read = 0;
    let mut body = std::pin::pin!(body);
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > ANSWER_BYTES {
            return;
        }
    }
}
