//! One flow of mitmproxy to one exchange.

use std::net::IpAddr;

use bartizan_model::{
    BodyState, Client, Exchange, ExchangeId, HeaderState, Headers, Message, Request, Response,
    Timestamp, Tls,
};
use bytes::Bytes;

use super::{
    super::{
        logs::{
            address::address,
            request_line::{as_target, from_parts, without_default_port},
        },
        skip::SkipReason,
        target::http_version,
        times::epoch,
    },
    tnetstring::Token,
};

/// Most header fields of one message.
const FIELDS: usize = 10_000;
/// Most messages of a WebSocket that are kept; a flow of 16 MiB hardly holds more.
const MESSAGES: usize = 300_000;

/// Reads a flow.
pub(super) fn read(flow: Token<'_>) -> Result<Exchange, SkipReason> {
    match flow.get("type").and_then(Token::text).as_deref() {
        // Before version 0.11 there was but one type.
        None | Some("http") => {}
        Some("websocket") => return Err(SkipReason::MessagesApart),
        Some("tcp" | "udp" | "dns") => return Err(SkipReason::NotHttpFlow),
        Some(_) => return Err(SkipReason::NotAFlow),
    }
    if !flow.is_whole() {
        return Err(SkipReason::NotAFlow);
    }
    let asked = flow.get("request").ok_or(SkipReason::MissingRequest)?;
    let answer = flow.get("response");
    let client = flow.get("client_conn").or_else(|| asked.get("client_conn"));
    let server = flow.get("server_conn");
    let messages = messages(flow);
    let start = asked.get("timestamp_start").and_then(Token::number);
    let end = answer.and_then(|answer| answer.get("timestamp_end")).and_then(Token::number);
    let duration = start.zip(end).map(|(start, end)| (end - start) * 1e3);
    let (request, head) = (request(asked)?, client.and_then(peer));
    let is_websocket = !messages.is_empty() || flow.get("websocket").is_some();
    Ok(Exchange {
        id: ExchangeId::from_text(flow.get("id").and_then(Token::text).unwrap_or_default()),
        time: start.and_then(epoch),
        client: Client {
            ip: head.map(|(ip, _)| ip),
            port: head.and_then(|(_, port)| port),
            ..Client::default()
        },
        trailers: answer.and_then(|a| a.get("trailers")).map(headers).unwrap_or_default(),
        response: response(answer, flow.get("error").is_some()),
        request,
        // To the microsecond, which is what the times have.
        duration_ms: duration.filter(|ms| *ms >= 0.0).map(|ms| (ms * 1e3).round() / 1e3),
        server: server.and_then(peer),
        tls: client.and_then(tls),
        connection_id: client.and_then(|c| c.get("id")).and_then(Token::text),
        protocol: is_websocket.then(|| "websocket".to_owned()),
        messages,
        ..Exchange::default()
    })
}

fn request(from: Token<'_>) -> Result<Request, SkipReason> {
    let text = |key: &str| from.get(key).and_then(Token::bytes).map(as_target).unwrap_or_default();
    let method = text("method");
    if method.is_empty() {
        return Err(SkipReason::MissingMethod);
    }
    let path = text("path");
    let headers = from.get("headers").map(headers).unwrap_or_default();
    let scheme = match text("scheme").to_ascii_lowercase().as_str() {
        scheme @ ("http" | "https" | "ws" | "wss") => scheme.to_owned(),
        _ => String::new(),
    };
    let asked = from_parts(&method, if path.is_empty() { "/" } else { &path })?;
    let port = from.get("port").and_then(Token::number).filter(|p| (1.0..65536.0).contains(p));
    let connected = match (text("host"), port) {
        (host, _) if host.is_empty() => String::new(),
        (host, port) => {
            let is_v6 = host.contains(':') && !host.starts_with('[');
            let host = if is_v6 { format!("[{host}]") } else { host };
            port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
        }
    };
    let named = headers.get("host").unwrap_or("").to_owned();
    let authority = [asked.authority, text("authority"), named, connected];
    let authority = authority.into_iter().find(|a| !a.is_empty()).unwrap_or_default();
    let (body, body_state) = body(from);
    Ok(Request {
        method,
        authority: without_default_port(&scheme, authority.to_lowercase()),
        scheme,
        target: asked.target,
        http_version: version(from),
        header_state: HeaderState::Complete,
        headers,
        body,
        body_state,
        trailers: from.get("trailers").map(self::headers).unwrap_or_default(),
    })
}

/// The answer; status 0 when the flow says that none came.
fn response(from: Option<Token<'_>>, has_error: bool) -> Option<Response> {
    let Some(from) = from else {
        let none = Response { body_state: BodyState::NotCaptured, ..Response::default() };
        return has_error.then_some(none);
    };
    let status = from.first(&["status_code", "code"]).and_then(Token::number);
    let status = status.filter(|status| (1.0..1000.0).contains(status)).unwrap_or(0.0);
    let (body, body_state) = body(from);
    Some(Response {
        status: status as u16,
        headers: from.get("headers").map(headers).unwrap_or_default(),
        headers_captured: true,
        body,
        body_state,
        body_bytes: None,
    })
}

/// The body as it was on the wire; null stands for one that was streamed.
fn body(from: Token<'_>) -> (Bytes, BodyState) {
    match from.get("content").and_then(Token::bytes) {
        Some(bytes) => (Bytes::copy_from_slice(bytes), BodyState::Complete),
        None => (Bytes::new(), BodyState::NotCaptured),
    }
}

/// `HTTP/2.0`, or two numbers before version 0.12.
fn version(from: Token<'_>) -> Option<String> {
    let value = from.first(&["http_version", "httpversion"])?;
    if value.is_list() {
        let numbers: Vec<_> = value.values().take(2).filter_map(Token::number).collect();
        let &[major, minor] = numbers.as_slice() else { return None };
        return http_version(&format!("HTTP/{major}.{minor}"));
    }
    http_version(&value.text()?)
}

fn headers(from: Token<'_>) -> Headers {
    let mut headers = Headers::new();
    for pair in from.values().take(FIELDS) {
        let mut pair = pair.values();
        let (Some(name), Some(value)) =
            (pair.next().and_then(Token::text), pair.next().and_then(Token::text))
        else {
            continue;
        };
        // A colon begins a pseudo-header field of HTTP/2, told by the flow itself.
        if !name.is_empty() && !name.starts_with(':') {
            headers.push(name, value);
        }
    }
    headers
}

/// The address at the other end of a connection: `peername`, and `ip_address` or `address` before
/// version 11; those are lists, or dictionaries with a list before version 0.19. What is a name
/// and no address is none.
fn peer(connection: Token<'_>) -> Option<(IpAddr, Option<u16>)> {
    ["peername", "ip_address", "address"].into_iter().find_map(|key| {
        let value = connection.get(key)?;
        let list = value.get("address").unwrap_or(value);
        let mut parts = list.values();
        let (ip, _) = address(&parts.next()?.text()?)?;
        let port = parts.next().and_then(Token::number);
        let port = port.filter(|port| (1.0..65536.0).contains(port)).map(|port| port as u16);
        Some((ip, port))
    })
}

fn tls(client: Token<'_>) -> Option<Tls> {
    let text = |keys: &[&str]| client.first(keys).and_then(Token::text).filter(|t| !t.is_empty());
    let version = text(&["tls_version"]).map(|v| v.trim_start_matches("TLSv").to_owned());
    let tls = Tls { version, sni: text(&["sni"]), cipher: text(&["cipher", "cipher_name"]) };
    (tls != Tls::default()).then_some(tls)
}

/// `[kind, from client, content, time, …]`, where kind 1 is text.
fn messages(flow: Token<'_>) -> Vec<Message> {
    let list = flow.get("websocket").and_then(|websocket| websocket.get("messages"));
    let list = list.into_iter().flat_map(Token::values).take(MESSAGES);
    list.filter_map(|message| {
        let mut parts = message.values();
        let (kind, from_client) = (parts.next()?.number()?, parts.next()?.is_true());
        let data = Bytes::copy_from_slice(parts.next()?.bytes()?);
        let time: Option<Timestamp> = parts.next().and_then(Token::number).and_then(epoch);
        Some(Message { from_client, time, data, text: kind == 1.0 })
    })
    .collect()
}
