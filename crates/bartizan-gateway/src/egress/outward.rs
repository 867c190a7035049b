//! One request that goes out.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header, uri::PathAndQuery,
};
use hyper::{body::Incoming, client::conn::http1, upgrade};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use super::{
    Denied, Egress,
    body::Through,
    place::Place,
    tunnel::{self, Bounds},
};
use crate::{forward::fields, policy::url_values::Destination};

/// Most bytes of the head of an answer.
const HEAD_BYTES: usize = 64 * 1024;

/// Answers a request. A tunnel keeps the place of its connection.
pub(super) async fn answer(
    egress: Arc<Egress>,
    place: Arc<Place>,
    request: Request<Incoming>,
) -> Result<Response<Through>, Infallible> {
    let answered = match egress.admits(request.headers()) {
        Err(denied) => Err(denied),
        Ok(()) if request.method() == Method::CONNECT => open(&egress, place, request).await,
        Ok(()) => pass(&egress, request).await,
    };
    Ok(answered.unwrap_or_else(|denied| {
        egress.count(denied.code());
        denied.answer()
    }))
}

/// Opens a tunnel.
async fn open(
    egress: &Arc<Egress>,
    place: Arc<Place>,
    request: Request<Incoming>,
) -> Result<Response<Through>, Denied> {
    let authority = request.uri().authority().ok_or(Denied::Malformed("no-host"))?;
    let url = format!("none://{authority}");
    let server = egress.connect(&destination(&url)?).await?;
    let egress = Arc::clone(egress);
    egress.count("tunnels");
    tokio::spawn(async move {
        let Ok(client) = upgrade::on(request).await else {
            egress.count("tunnel_broken");
            return;
        };
        let settings = &egress.settings;
        let bounds = Bounds {
            idle: settings.idle,
            longest: settings.longest,
            up: settings.request_bytes,
            down: settings.response_bytes,
        };
        egress.count(tunnel::run(TokioIo::new(client), server, bounds).await);
        drop(place);
    });
    Ok(Response::new(Through::Own(None)))
}

/// Passes a request on.
async fn pass(egress: &Egress, request: Request<Incoming>) -> Result<Response<Through>, Denied> {
    let url = request.uri().to_string();
    match request.uri().scheme_str() {
        Some("http") => {}
        Some(_) => return Err(Denied::Malformed("only-by-connect")),
        None => return Err(Denied::Malformed("no-whole-url")),
    }
    let settings = &egress.settings;
    let until = Instant::now() + settings.longest;
    let server = egress.connect(&destination(&url)?).await?;
    egress.count("requests");
    let broken = |_: hyper::Error| Denied::Unreachable("broken-off");
    let (mut sender, driver) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(server))
        .await
        .map_err(broken)?;
    // A server that does not take what is sent to it is left after that time, too.
    tokio::spawn(timeout_at(until, driver));
    let request = outgoing(request, |body| {
        Through::passing(body, settings.request_bytes, settings.idle, until)
    })?;
    let sent = timeout_at(until, sender.send_request(request)).await;
    let (mut parts, body) =
        sent.map_err(|_| Denied::Late("answer-timeout"))?.map_err(broken)?.into_parts();
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Denied::Unreachable("upgrade-unasked"));
    }
    fields::remove_connection(&mut parts.headers, |name| name.starts_with("proxy-"));
    let body = Through::passing(body, settings.response_bytes, settings.idle, until);
    Ok(Response::from_parts(parts, body))
}

/// A request as its server gets it: without what is for the proxy, with the host that was checked (RFC 9112 §3.2.2).
fn outgoing(
    request: Request<Incoming>,
    limit: impl FnOnce(Incoming) -> Through,
) -> Result<Request<Through>, Denied> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().ok_or(Denied::Malformed("no-host"))?;
    let host = HeaderValue::from_str(authority.as_str());
    let host = host.map_err(|_| Denied::Malformed("no-host"))?;
    fields::remove_connection(&mut parts.headers, |name| name.starts_with("proxy-"));
    parts.headers.insert(header::HOST, host);
    let target = parts.uri.path_and_query().cloned();
    parts.uri = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    Ok(Request::from_parts(parts, limit(body)))
}

fn destination(url: &str) -> Result<Destination<'_>, Denied> {
    Destination::parse(url).map_err(Denied::Forbidden)
}

impl Denied {
    /// Its name.
    const fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden(code)
            | Self::Malformed(code)
            | Self::Unreachable(code)
            | Self::Late(code) => code,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Self::Late(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// A problem document (RFC 9457). Codes are words of ours, which need no escapes.
    fn answer(self) -> Response<Through> {
        let (status, code) = (self.status(), self.code());
        let text = format!(
            r#"{{"status":{},"code":"{code}","title":"this does not go out"}}"#,
            status.as_u16()
        );
        let mut response = Response::new(Through::Own(Some(Bytes::from(text))));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self == Self::Unauthenticated {
            let challenge = HeaderValue::from_static("Basic realm=\"egress\"");
            headers.insert(header::PROXY_AUTHENTICATE, challenge);
        }
        response
    }
}
