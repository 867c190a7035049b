//! Methods of gRPC, gRPC-Web and Connect: the path names service and method
//! (`PROTOCOL-HTTP2.md` of gRPC, "Requests"; the Connect protocol, "Unary-Request").

use bartizan_model::{Exchange, Headers, Protocol, Request};

use super::{Answered, Call};

mod sketch;
mod trailers;

pub(super) use sketch::sketch;

/// Longest name of a method that is in locations, in bytes.
const MAX_METHOD: usize = 80;

pub(super) fn call(exchange: &Exchange) -> Option<Call> {
    let request = &exchange.request;
    if !is_spoken(&request.headers) {
        return None;
    }
    // A prefix may stand before them; the method is the last segment, its service the one before.
    let mut segments = request.path().rsplit('/');
    let (method, service) = (segments.next()?, segments.next()?);
    let are_names = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
    };
    let operation = if are_names(method) && are_names(service) {
        format!("{service}/{method}")
    } else {
        String::new()
    };
    Some(Call::new(Protocol::Grpc, operation))
}

/// The method that a request calls, as its location names it: a name as protocol buffers have them. Empty for none.
pub(crate) fn method(request: &Request) -> &str {
    if !is_spoken(&request.headers) {
        return "";
    }
    let mut segments = request.path().rsplit('/');
    let (method, service) = (segments.next().unwrap_or(""), segments.next());
    let is_name = method.len() <= MAX_METHOD
        && method.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && method.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name && service.is_some_and(|service| !service.is_empty()) { method } else { "" }
}

/// Whether the head of a request says that it is gRPC, gRPC-Web or Connect.
fn is_spoken(headers: &Headers) -> bool {
    let kind = headers.get("content-type").unwrap_or("").trim_start();
    ["application/grpc", "application/connect+"].iter().any(|of| begins(kind, of))
        || headers.contains("connect-protocol-version")
}

fn begins(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|text| text.eq_ignore_ascii_case(beginning))
}

/// By `grpc-status`, in the trailer, in the head of an answer without messages, or in the body of gRPC-Web.
pub(super) fn answered(exchange: &Exchange) -> Answered {
    let Some(response) = &exchange.response else { return Answered::Unknown };
    let status =
        exchange.trailers.get("grpc-status").or_else(|| response.headers.get("grpc-status"));
    let in_body = if status.is_none() { trailers::status(response) } else { None };
    match status.or(in_body.as_deref()).map(str::trim) {
        None => Answered::Unknown,
        Some("0") => Answered::Granted,
        // UNIMPLEMENTED: no such service or method.
        Some("12") => Answered::NotThere,
        Some(_) => Answered::Failed,
    }
}
