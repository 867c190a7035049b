//! Methods of gRPC, gRPC-Web and Connect: the path names service and method
//! (`PROTOCOL-HTTP2.md` of gRPC, "Requests"; the Connect protocol, "Unary-Request").

use bartizan_model::{Exchange, Protocol};

use super::{Answered, Call};

mod sketch;
mod trailers;

pub(super) use sketch::sketch;

pub(super) fn call(exchange: &Exchange) -> Option<Call> {
    let request = &exchange.request;
    let kind = request.headers.get("content-type").unwrap_or("").trim_start();
    let is_grpc = ["application/grpc", "application/connect+"].iter().any(|of| begins(kind, of))
        || request.headers.contains("connect-protocol-version");
    if !is_grpc {
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
