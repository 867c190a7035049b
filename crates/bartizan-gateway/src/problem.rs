//! Answers of our own: problem documents (RFC 9457) without internals, and to calls of gRPC a status as these have it.
//! The incident is the id of the request, under which log and hand-over have it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::{
    body::answer::Answer,
    call::{Captured, Outcome, flatten},
    head::Refusal,
    messages,
    phases::Reply,
    record::Record,
};

/// Makes the answer for a reply.
pub(crate) fn answer(reply: Reply, record: Record) -> Response<Answer> {
    if let Some(headers) = messages::trailers_only(record.call(), &reply) {
        return made(reply.code, StatusCode::OK, headers, Bytes::new(), record);
    }
    let mut headers = reply.headers;
    let body = match reply.body {
        Some(body) => body,
        None => {
            let json = HeaderValue::from_static("application/problem+json");
            headers.insert(header::CONTENT_TYPE, json);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            document(reply.status, reply.code, [&reply.title, &reply.detail], record.call().id())
        }
    };
    made(reply.code, reply.status, headers, body, record)
}

fn made(
    code: &'static str,
    status: StatusCode,
    mut headers: HeaderMap,
    body: Bytes,
    mut record: Record,
) -> Response<Answer> {
    let call = record.call_mut();
    call.outcome = Outcome::Replied(code);
    call.status = Some(status);
    call.response_fields = flatten(&headers);
    let is_head = call.method == http::Method::HEAD;
    let shown = if is_head { Bytes::new() } else { body.clone() };
    call.response_body = Captured::whole(shown.clone());
    call.begin_answer();
    if is_head {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let mut response = Response::new(Answer::whole(shown, None, record, None));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The reply to a refused request. The connection ends with it.
pub(crate) fn refused(refusal: Refusal) -> Reply {
    Reply::problem(refusal.status(), refusal.code(), refusal.title())
}

/// `title` is ours, `code` too, and ids hold no quotes: nothing but `detail` needs escaping, but all is
/// escaped.
fn document(status: StatusCode, code: &str, [title, detail]: [&str; 2], incident: &str) -> Bytes {
    let mut text = String::with_capacity(160);
    text.push_str("{\"type\":\"urn:bartizan:problem:");
    escape(&mut text, code);
    text.push_str("\",\"title\":\"");
    escape(&mut text, title);
    if !detail.is_empty() {
        text.push_str("\",\"detail\":\"");
        escape(&mut text, detail);
    }
    text.push_str("\",\"status\":");
    text.push_str(status.as_str());
    text.push_str(",\"code\":\"");
    escape(&mut text, code);
    text.push_str("\",\"incident\":\"");
    escape(&mut text, incident);
    text.push_str("\"}\n");
    text.into()
}

/// Adds text to a JSON string (RFC 8259 §7). Nothing in it moves the cursor of a terminal.
pub(crate) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_direction(c) => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
}

/// Characters that turn around how the rest of a line is shown (Unicode Annex 9 §2).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_stays_one() {
        let mut out = String::new();
        escape(&mut out, "a\u{9b}31m\u{85}\u{1b}\u{7f}\u{202e}é");
        assert_eq!(out, "a\\u009b31m\\u0085\\u001b\\u007f\\u202eé");
    }

    #[test]
    fn documents_are_escaped() {
        let text = document(StatusCode::NOT_FOUND, "no-service", ["a \"b\"\n\\", ""], "1");
        assert_eq!(
            text,
            "{\"type\":\"urn:bartizan:problem:no-service\",\"title\":\"a \\\"b\\\"\\u000a\\\\\",\
             \"status\":404,\"code\":\"no-service\",\"incident\":\"1\"}\n"
        );
        let text = document(StatusCode::NOT_FOUND, "a", ["b", "/\"\u{202e}"], "1");
        let problem: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(problem["detail"], "/\"\u{202e}");
        assert!(text.is_ascii());
    }
}
