//! Answers that hold nothing but an envelope: an error, or a bare acknowledgement.
//!
//! A soft "not found" sends `{"error":"…"}` with status 200 to whatever is asked for, with the path, the time or the
//! number of the request in it. So envelopes are compared by the names of their members and by their codes, never by
//! their texts.

use bartizan_model::Side;
use bartizan_protocols::view::{NodeRef, Value};
use smallvec::SmallVec;

/// Most members of an envelope; an object with more of them holds data.
const MAX_MEMBERS: usize = 12;

/// Members that tell of an error when they hold something. What is in them is not looked at.
const ERRORS: &[&str] = &[
    "err",
    "errcode",
    "errmsg",
    "errno",
    "error",
    "errorcode",
    "errordescription",
    "errormessage",
    "errors",
    "exception",
    "failure",
    "fault",
];
/// Members that say whether it went well.
const FLAGS: &[&str] = &["issuccess", "ok", "succeeded", "success", "successful"];
/// Members that hold a status, of HTTP (RFC 9457 §3.1.2) or of the API.
const CODES: &[&str] =
    &["code", "httpcode", "httpstatus", "resultcode", "retcode", "status", "statuscode"];
/// Words that stand for an error where a status stands.
const FAILURES: &[&str] = &["error", "fail", "failed", "failure", "notfound"];
/// Members that hold the data when there are any.
const PAYLOADS: &[&str] = &["body", "content", "data", "payload", "response", "result", "results"];
/// Members that explain (RFC 9457 §3.1), and that tell of the request. They are no data.
const WORDS: &[&str] = &[
    "correlationid",
    "date",
    "description",
    "detail",
    "details",
    "documentationurl",
    "duration",
    "help",
    "hint",
    "instance",
    "message",
    "messages",
    "method",
    "msg",
    "path",
    "reason",
    "reqid",
    "requestid",
    "time",
    "timestamp",
    "title",
    "took",
    "traceid",
    "ts",
    "type",
    "uri",
    "url",
];

/// What an answer without data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// It says that something went wrong; hash of how it looks.
    Error(u64),
    /// It says no more than that it is an answer; hash of how it looks.
    Bare(u64),
}

/// What kind of envelope a body is; `None` when it holds data, or may.
pub(super) fn of(body: NodeRef<'_>) -> Option<Envelope> {
    if body.side() != Side::Response || body.value() != Value::Object {
        return None;
    }
    let mut look: SmallVec<[u64; MAX_MEMBERS]> = SmallVec::new();
    let mut is_error = false;
    for member in body.children() {
        if look.len() >= MAX_MEMBERS || member.key().is_empty() {
            return None;
        }
        let name = plain(member.key());
        let is_one_of = |names: &[&str]| names.contains(&name.as_str());
        let mut seen = member.general_hash();
        if is_one_of(ERRORS) {
            is_error |= !is_nothing(member);
        } else if is_one_of(FLAGS) {
            let flag = flag(member.value())?;
            is_error |= !flag;
            seen ^= u64::from(flag);
        } else if is_one_of(CODES) {
            is_error |= is_failure(member);
            seen = number(member).map_or(seen, |code| mixed(seen, code.cast_unsigned()));
        } else if is_one_of(PAYLOADS) {
            if !is_nothing(member) {
                return None;
            }
        } else if !is_one_of(WORDS) || !member.value().is_scalar() {
            return None;
        }
        look.push(seen);
    }
    look.sort_unstable();
    let look = look.iter().fold(0, |hash, seen| mixed(hash, *seen));
    Some(if is_error { Envelope::Error(look) } else { Envelope::Bare(look) })
}

/// A name in lower case, without what stands between its words.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).take(32);
    letters.flat_map(char::to_lowercase).collect()
}

fn flag(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(flag),
        Value::Integer(number @ (0 | 1)) => Some(number == 1),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether a member holds nothing.
fn is_nothing(member: NodeRef<'_>) -> bool {
    match member.value() {
        Value::Null | Value::Bool(false) | Value::Integer(0) | Value::Text("" | "0") => true,
        Value::Object | Value::Array => member.children().next().is_none(),
        _ => false,
    }
}

fn number(member: NodeRef<'_>) -> Option<i64> {
    match member.value() {
        Value::Integer(number) => Some(number),
        Value::Text(text) if text.len() <= 6 => text.parse().ok(),
        _ => None,
    }
}

/// Whether a status stands for an error: 400 to 599, or a word.
fn is_failure(member: NodeRef<'_>) -> bool {
    match (number(member), member.value()) {
        (Some(code), _) => matches!(code, 400..=599),
        (None, Value::Text(text)) => FAILURES.contains(&plain(text).as_str()),
        _ => false,
    }
}

fn mixed(hash: u64, part: u64) -> u64 {
    (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_model::{Exchange, Root, Scope};
    use bartizan_protocols::decode::decode;

    use crate::{checks::example::get, snapshot::Snapshot};

    fn envelope(body: &str) -> Option<Envelope> {
        let exchange: Exchange = get("https://api.example.com/a").json(200, body).build();
        let snapshot = Snapshot::new(Scope::default(), bartizan_model::HashKey::new([1; 32]));
        let decoded = decode(&exchange, &snapshot.limits, 7);
        of(decoded.view.root(Side::Response, Root::Body).expect("a body"))
    }

    #[test]
    fn errors_look_alike_whatever_they_repeat() {
        for (one, other) in [
            (r#"{"error":"not found"}"#, r#"{"error":"no /x here"}"#),
            (
                r#"{"error":{"code":404,"path":"/a"},"request_id":"8d0f"}"#,
                r#"{"error":{"code":404,"path":"/b/c"},"request_id":"77aa"}"#,
            ),
            (
                r#"{"code":404,"message":"nothing at /a","timestamp":1764400000}"#,
                r#"{"message":"nothing at /b","timestamp":1764400009,"code":404}"#,
            ),
            (
                r#"{"success":false,"data":null,"msg":"a"}"#,
                r#"{"success":false,"data":null,"msg":"b"}"#,
            ),
            (r#"{"status":"error","message":"a"}"#, r#"{"status":"error","message":"b"}"#),
        ] {
            let first = envelope(one);
            assert!(matches!(first, Some(Envelope::Error(_))), "{one} {first:?}");
            assert_eq!(first, envelope(other), "{one}");
        }
        assert_ne!(envelope(r#"{"code":401}"#), envelope(r#"{"code":404}"#));
    }

    #[test]
    fn an_acknowledgement_is_no_error_and_data_is_no_envelope() {
        for bare in [
            r#"{"ok":true}"#,
            r#"{"code":0,"msg":"success"}"#,
            r#"{"message":"saved"}"#,
            r#"{"status":"ok","error":null}"#,
            r#"{"success":true,"data":{}}"#,
            "{}",
        ] {
            assert!(matches!(envelope(bare), Some(Envelope::Bare(_))), "{bare}");
        }
        for data in [
            r#"{"id":7}"#,
            r#"{"ok":true,"id":7}"#,
            r#"{"error":null,"data":{"id":7}}"#,
            r#"{"error":"late","orders":[]}"#,
            r#"{"ok":"maybe"}"#,
            r#"{"message":{"id":7}}"#,
            "[]",
            "\"error\"",
        ] {
            assert_eq!(envelope(data), None, "{data}");
        }
    }
}
