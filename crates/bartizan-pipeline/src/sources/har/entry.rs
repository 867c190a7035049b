//! One entry of a HAR to one exchange.

use std::net::IpAddr;

use bartizan_model::{
    BodyState, Client, Exchange, HeaderState, Headers, Message, Request, Response, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{
    super::{
        json_repair::repair,
        skip::SkipReason,
        target::{SplitUrl, http_version, is_token, split_url},
        times::epoch,
    },
    body,
    fields::{Entry, Fields, WsMessage},
};

/// Most values of one header field that are joined with line feeds.
const REPEATS: usize = 64;

/// Reads an entry. The exchange has no id and no source name yet.
pub(super) fn read(bytes: &[u8]) -> Result<Exchange, SkipReason> {
    match serde_json::from_slice::<Entry<'_>>(bytes) {
        Ok(entry) => exchange(&entry),
        Err(_) => {
            let repaired = repair(bytes);
            let entry =
                serde_json::from_str::<Entry<'_>>(&repaired).map_err(|_| SkipReason::NotJson)?;
            exchange(&entry)
        }
    }
}

fn exchange(entry: &Entry<'_>) -> Result<Exchange, SkipReason> {
    if !entry.present || !entry.request.present {
        return Err(SkipReason::MissingRequest);
    }
    let request = request(entry)?;
    let messages: Vec<_> = entry.messages.0.iter().filter_map(message).collect();
    let upgraded = !messages.is_empty()
        || matches!(&*request.scheme, "ws" | "wss")
        || (entry.response.status.0 == Some(101.0)
            && request.headers.get("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket")));
    Ok(Exchange {
        time: time(entry.started.as_str()),
        client: Client::default(),
        response: entry.response.present.then(|| response(&request.method, entry)),
        request,
        duration_ms: entry.time.0.filter(|ms| *ms >= 0.0 && ms.is_finite()),
        server: server(entry),
        messages,
        protocol: upgraded.then(|| "websocket".to_owned()),
        connection_id: entry.connection.0.as_deref().filter(|c| !c.is_empty()).map(str::to_owned),
        ..Exchange::default()
    })
}

fn request(entry: &Entry<'_>) -> Result<Request, SkipReason> {
    let from = &entry.request;
    let (mut headers, pseudo) = headers(&from.headers);
    let method = match from.method.as_str().trim() {
        "" => pseudo.method.ok_or(SkipReason::MissingMethod)?,
        method => method.to_owned(),
    };
    if method.eq_ignore_ascii_case("CONNECT") {
        return Err(SkipReason::ConnectTunnel);
    }
    if !is_token(&method) {
        return Err(SkipReason::InvalidMethod);
    }
    let url = from.url.as_str();
    let mut url = match (split_url(url), &pseudo.path) {
        (Err(SkipReason::MissingUrl), Some(path)) => split_url(path)?,
        (split, _) => split?,
    };
    if url.authority.is_empty() {
        let host = pseudo.authority.as_deref().or_else(|| headers.get("host")).unwrap_or("");
        url.authority = host.trim().to_lowercase();
    }
    if url.scheme.is_empty() {
        let known = |scheme: &String| matches!(&**scheme, "http" | "https" | "ws" | "wss");
        let scheme = pseudo.scheme.map(|scheme| scheme.to_ascii_lowercase());
        url.scheme = scheme.filter(known).unwrap_or_default();
    }
    add_query(&mut url, &from.query);
    if !headers.contains("cookie") && !from.cookies.0.is_empty() {
        let pairs: Vec<_> = from.cookies.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        headers.push("cookie", pairs.join("; "));
    }
    // Every request has at least one field, so an empty list is one that was not recorded.
    let header_state = match from.headers.0.is_empty() {
        true => HeaderState::Incomplete,
        false => HeaderState::Complete,
    };
    let body = body::request(from, &mut headers);
    let SplitUrl { scheme, authority, target } = url;
    Ok(Request {
        method,
        scheme,
        authority,
        target,
        http_version: http_version(from.version.as_str())
            .or_else(|| http_version(entry.response.version.as_str())),
        headers,
        header_state,
        body: body.bytes,
        body_state: body.state,
        trailers: Headers::default(),
    })
}

/// Adds `queryString` when the URL has no query of its own.
fn add_query(url: &mut SplitUrl, query: &Fields<'_>) {
    if !query.0.is_empty() && !url.target.contains('?') && url.target != "*" {
        url.target.push('?');
        url.target.push_str(&body::form(query.0.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))));
    }
}

fn response(method: &str, entry: &Entry<'_>) -> Response {
    let from = &entry.response;
    let (mut headers, pseudo) = headers(&from.headers);
    let status = from.status.0.or_else(|| pseudo.status.as_deref()?.trim().parse().ok());
    let status = status.filter(|s| (1.0..1000.0).contains(s)).map_or(0, |s| s as u16);
    if status == 0 {
        // Aborted, blocked or failed: no answer came.
        return Response { headers, body_state: BodyState::NotCaptured, ..Response::default() };
    }
    let headers_captured = !headers.is_empty();
    let body = body::response(method, from, &mut headers);
    if !headers.contains("content-type") && !from.content.mime.as_str().is_empty() {
        let mime = from.content.mime.as_str();
        // `x-unknown` is what exporters write when the response named no type.
        if mime.contains('/') && !mime.contains("x-unknown") && !headers_captured {
            headers.push("content-type", mime);
        }
    }
    Response {
        status,
        headers,
        headers_captured,
        body: body.bytes,
        body_state: body.state,
        body_bytes: body.reported,
    }
}

/// Pseudo-header fields of HTTP/2 and HTTP/3 (RFC 9113 §8.3), which some exporters list.
#[derive(Default)]
struct Pseudo {
    method: Option<String>,
    scheme: Option<String>,
    authority: Option<String>,
    path: Option<String>,
    status: Option<String>,
}

fn headers(fields: &Fields<'_>) -> (Headers, Pseudo) {
    let mut headers = Headers::new();
    let mut pseudo = Pseudo::default();
    for (name, value) in &fields.0 {
        let name = name.trim();
        if let Some(name) = name.strip_prefix(':') {
            let slot = match name.to_ascii_lowercase().as_str() {
                "method" => &mut pseudo.method,
                "scheme" => &mut pseudo.scheme,
                "authority" | "host" => &mut pseudo.authority,
                "path" => &mut pseudo.path,
                "status" => &mut pseudo.status,
                _ => continue,
            };
            *slot = Some(value.trim().to_owned());
        } else if !name.is_empty() {
            // Browsers join repeated fields with a line feed.
            for value in value.splitn(REPEATS, '\n') {
                headers.push(name, value.trim());
            }
        }
    }
    (headers, pseudo)
}

fn message(from: &WsMessage<'_>) -> Option<Message> {
    let data = from.data.0.as_deref().filter(|_| from.present)?;
    let text = from.opcode.0.is_none_or(|opcode| opcode == 1.0);
    let bytes = if text { None } else { STANDARD.decode(data.trim()).ok() };
    Some(Message {
        from_client: matches!(from.kind.as_str(), "send" | "request" | "sent"),
        time: from.time.0.and_then(epoch),
        data: bytes.map_or_else(|| Bytes::copy_from_slice(data.as_bytes()), Bytes::from),
        text,
    })
}

/// RFC 3339 and its sloppy relatives, or a number since the epoch.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| epoch(text.trim().parse().ok()?))
}

fn server(entry: &Entry<'_>) -> Option<(IpAddr, Option<u16>)> {
    let text = entry.server.as_str().trim();
    let declared = entry.server_port.0.filter(|p| (1.0..65536.0).contains(p)).map(|p| p as u16);
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some((address.ip(), Some(address.port())));
    }
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let ip = text.split('%').next().unwrap_or("").parse().ok()?;
    Some((ip, declared))
}
