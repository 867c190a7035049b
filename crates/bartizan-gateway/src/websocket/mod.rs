//! WebSockets: the handshake, and a tap on the messages behind it.
//!
//! Extensions are not offered to the upstream, so that messages can be read. Messages are passed on
//! whole, after policies have seen them; each is handed over as an exchange of its own.

mod frames;
mod tunnel;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header, request, response};
use hyper::{
    body::Incoming,
    client::conn::http1,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

pub use frames::{FrameReader, Unit, Violation};

use crate::{
    body::outgoing::Outgoing,
    budget::Bound,
    call::{Outcome, flatten},
    config::UpstreamProtocol,
    forward::fields,
    listen::{Socket, Upgrade},
    policy::Permits,
    record::Record,
    serve::{Stopped, full, left_alone, stop},
    shared::Shared,
    snapshot::Snapshot,
    upstream::{
        Upstream,
        breaker::Pass,
        choose::Chosen,
        connection::Carrier,
        exchange::{Errand, Sent},
        mirror,
        pool::{ConnectError, Open},
    },
};

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether the client sent it.
    pub from_client: bool,
    /// Whether it is a text.
    pub is_text: bool,
    /// Its payload, unmasked.
    pub data: Bytes,
}

/// What the upstream answered to a handshake.
pub(crate) enum Handshake {
    /// The connection is a WebSocket now.
    Accepted(response::Parts),
    /// It stays HTTP.
    Declined(Sent),
}

const OWN_FIELDS: [HeaderName; 2] =
    [header::SEC_WEBSOCKET_EXTENSIONS, HeaderName::from_static("http2-settings")];

/// Codes of answers to handshakes of which an upstream has heard nothing.
const NEVER_ASKED: [&str; 3] = ["upstream-unreachable", "upstream-full", "upstream-left-alone"];

/// Passes a handshake on, over a connection of its own.
pub(crate) async fn upgrade(
    record: &mut Record,
    parts: request::Parts,
) -> Result<Handshake, Stopped> {
    let link = Arc::clone(&record.call().link);
    let result = handshake(record, parts).await;
    let is_accepted = matches!(result, Ok(Handshake::Accepted(_)));
    link.set_upgrade(if is_accepted { Upgrade::Accepted } else { Upgrade::Declined });
    record.call_mut().holds_tap = false;
    result
}

async fn handshake(record: &mut Record, mut parts: request::Parts) -> Result<Handshake, Stopped> {
    let client = parts.extensions.remove::<OnUpgrade>();
    // As it came, with its credentials: it is asked again whether they are good.
    let head = parts.clone();
    let (call, snapshot) = (record.call(), Arc::clone(&record.call().snapshot));
    let service = &snapshot.services[call.service.unwrap_or(0)];
    let Some(client) = client.filter(|_| service.websocket) else {
        return Err(stop(StatusCode::FORBIDDEN, "websocket-off", "WebSockets are not served here"));
    };
    if service.protocol != UpstreamProtocol::Http1 {
        let title = "WebSockets need an upstream that speaks HTTP/1.1";
        return Err(stop(StatusCode::BAD_GATEWAY, "websocket-protocol", title));
    }
    fields::to_upstream(&mut parts, call, service.protocol);
    for name in OWN_FIELDS {
        parts.headers.remove(name);
    }
    if service.mirror.is_some() {
        parts.headers.remove(mirror::MARK);
    }
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let request = Request::from_parts(parts, Outgoing::empty());
    let errand = service.errand(call);
    record.call_mut().may_have_acted = true;
    let asked = ask(record.shared(), &snapshot, errand, request).await;
    let call = record.call_mut();
    if let Err(stopped) = &asked {
        call.may_have_acted = !NEVER_ASKED.contains(&stopped.code);
    }
    let Asked { upstream: sent, mut response, open } = asked?;
    call.upstream = Some(Arc::clone(&sent.name));
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let busy = sent.busy();
        let carrier = Carrier::Driven { _open: open };
        return Ok(Handshake::Declined(Sent { response, carrier, upstream: sent, busy }));
    }
    let upstream = upgrade::on(&mut response);
    let (mut parts, _) = response.into_parts();
    let is_websocket = parts
        .headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !is_websocket || parts.headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        let title = "the service answered the handshake with something else";
        return Err(stop(StatusCode::BAD_GATEWAY, "websocket-handshake", title));
    }
    call.status = Some(parts.status);
    call.response_fields = flatten(&parts.headers);
    call.outcome = Outcome::Answered;
    fields::to_client(&mut parts.headers, call);
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    parts.extensions.clear();
    // It is under way until the tunnel ends, not until its handshake was answered.
    let permits = call.extensions().remove::<Permits>();
    tunnel::spawn(record, head, (client, upstream), (sent, open, permits));
    Ok(Handshake::Accepted(parts))
}

/// What came of a handshake.
struct Asked {
    upstream: Arc<Upstream>,
    response: Response<Incoming>,
    open: Open,
}

/// Opens a connection to an upstream, to another one when the first cannot be reached or is full:
/// nothing was sent to it.
async fn connect(
    shared: &Shared,
    errand: Errand<'_>,
) -> Result<(Arc<Upstream>, Socket, Open), Stopped> {
    let Errand { group, caller, .. } = errand;
    let first = group.choose(caller.key, None).ok_or_else(|| left_alone(group))?;
    let (first, error) = match open(first).await {
        Ok(opened) => return Ok(opened),
        Err(failed) => failed,
    };
    let other = group.choose(caller.key, Some(&first));
    let error = match other.filter(|other| !Arc::ptr_eq(&first, &other.upstream)) {
        None => error,
        Some(other) => {
            shared.metrics.retries.inc();
            match open(other).await {
                Ok(opened) => return Ok(opened),
                Err((_, error)) => error,
            }
        }
    };
    Err(match error {
        ConnectError::Full => full(shared, Bound::UpstreamConnections),
        ConnectError::Failed | ConnectError::Ours => {
            stop(StatusCode::BAD_GATEWAY, "upstream-unreachable", "the service is unreachable")
        }
    })
}

/// Opens a connection to an upstream, and tells its breaker when that fails.
async fn open(
    chosen: Chosen,
) -> Result<(Arc<Upstream>, Socket, Open), (Arc<Upstream>, ConnectError)> {
    let Chosen { upstream, pass } = chosen;
    let pass = pass.map(Pass::without_trial);
    match upstream.connect().await {
        Ok((socket, open)) => Ok((upstream, socket, open)),
        Err(error) => {
            if let Some(pass) = pass.filter(|_| error == ConnectError::Failed) {
                pass.failed(None);
            }
            Err((upstream, error))
        }
    }
}

/// Sends the handshake.
async fn ask(
    shared: &Shared,
    snapshot: &Snapshot,
    errand: Errand<'_>,
    request: Request<Outgoing>,
) -> Result<Asked, Stopped> {
    let broken = || stop(StatusCode::BAD_GATEWAY, "upstream-broken", "the service broke off");
    let (upstream, socket, open) = connect(shared, errand).await?;
    let (mut sender, driver) = http1::Builder::new()
        .max_buf_size(snapshot.limits.response_head_bytes.max(8192))
        .handshake(TokioIo::new(socket))
        .await
        .map_err(|_| broken())?;
    tokio::spawn(driver.with_upgrades());
    let answer = timeout(snapshot.deadlines.response_head, sender.send_request(request)).await;
    match answer {
        Ok(Ok(response)) => Ok(Asked { upstream, response, open }),
        Ok(Err(_)) => Err(broken()),
        Err(_) => Err(stop(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream-timeout",
            "the service did not answer in time",
        )),
    }
}
