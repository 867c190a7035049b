//! One line of an access log to one exchange.

use bartizan_model::{Exchange, Timestamp};
use memchr::memchr;

use super::{
    super::{
        logs::{
            address::{is_list, upstream},
            escapes::unescape,
            line::{Field, LogLine, duration_ms},
            quoted::{field, request, word},
            request_line,
        },
        skip::SkipReason,
        target::looks_like_host,
        times,
    },
    prefix,
};

/// Longest text between the brackets of a time.
const TIME_BYTES: usize = 40;
/// Most times in brackets that are tried; a user name may hold one.
const TIMES: usize = 4;
/// Most fields after the size that are looked at.
const EXTRA_FIELDS: usize = 32;

/// Reads a line. The exchange has no id and no source name yet.
pub(super) fn read(line: &[u8]) -> Result<Exchange, SkipReason> {
    if line.starts_with(b"#") {
        return Err(SkipReason::NotALogLine);
    }
    let parts = split(line).ok_or(SkipReason::NotALogLine)?;
    let before = String::from_utf8_lossy(parts.before);
    let prefix = prefix::read(&before).ok_or(SkipReason::NotALogLine)?;
    let mut asked = request_line::read(&unescape(parts.request))?;
    if asked.scheme.is_empty() {
        prefix.scheme.clone_into(&mut asked.scheme);
    }
    let mut out = LogLine {
        time: Some(parts.time),
        ip: prefix.ip,
        port: prefix.port,
        user: prefix.user,
        status: parts.status,
        bytes: parts.bytes,
        ..LogLine::default()
    };
    out.request.line = Some(asked);
    out.set(Field::Host, &prefix.authority);
    extra(parts.after, &mut out);
    out.exchange()
}

struct Parts<'a> {
    before: &'a [u8],
    time: Timestamp,
    request: &'a [u8],
    /// `None` for `-`: no answer was logged.
    status: Option<u16>,
    bytes: Option<u64>,
    after: &'a [u8],
}

fn split(line: &[u8]) -> Option<Parts<'_>> {
    let (mut from, mut times) = (0, 0);
    while times < TIMES {
        let open = from + memchr(b'[', line.get(from..)?)?;
        from = open + 1;
        let Some((time, rest)) = bracketed_time(line.get(from..)?) else { continue };
        times += 1;
        if let Some((request, rest)) = request(rest) {
            let (status, rest) = word(rest);
            let (bytes, after) = word(rest);
            return Some(Parts {
                before: line.get(..open)?,
                time,
                request,
                status: if status == b"-" { None } else { number(status)?.try_into().ok() },
                // `-` is how CLF writes that no bytes were sent.
                bytes: if bytes == b"-" { Some(0) } else { number(bytes) },
                after,
            });
        }
    }
    None
}

/// A time up to `]`, and what follows the quote behind it.
fn bracketed_time(inside: &[u8]) -> Option<(Timestamp, &[u8])> {
    let window = inside.get(..inside.len().min(TIME_BYTES))?;
    let close = memchr(b']', window)?;
    let text = std::str::from_utf8(window.get(..close)?).ok()?;
    let rest = inside.get(close + 1..)?.trim_ascii_start().strip_prefix(b"\"")?;
    Some((times::parse(text)?, rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What may follow the size: the referer and the agent, and fields that only their form tells.
fn extra(mut rest: &[u8], out: &mut LogLine) {
    let mut quotes = 0;
    for _ in 0..EXTRA_FIELDS {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        if let Some((text, after)) = field(rest) {
            rest = after;
            quotes += 1;
            let text = String::from_utf8_lossy(&unescape(text)).into_owned();
            if matches!(&*text, "" | "-") {
                continue;
            }
            match quotes {
                1 if !is_list(&text) => out.set(Field::Header("referer"), &text),
                2 if !is_list(&text) => out.set(Field::Header("user-agent"), &text),
                _ if is_list(&text) => out.set(Field::Header("x-forwarded-for"), &text),
                // Traefik's form: the server that answered.
                _ if text.contains("://") => out.set(Field::Server, &text),
                _ => further(&text, out),
            }
        } else {
            let (text, after) = word(rest);
            rest = after;
            if let Ok(text) = std::str::from_utf8(text) {
                further(text, out);
            }
        }
    }
}

/// A further field: what it is can only be told by its form, or by a name before `=`.
fn further(text: &str, out: &mut LogLine) {
    let (name, value) = text.split_once('=').unwrap_or(("", text));
    let value = value.trim_matches('"');
    let name = name.to_ascii_lowercase();
    match &*name {
        "" | "rt" | "request_time" | "duration" if out.duration_ms.is_none() => {
            out.duration_ms = duration_ms(value, !name.is_empty());
        }
        "host" | "vhost" | "server_name" if looks_like_host(value) => {
            out.set(Field::Host, value);
            return;
        }
        "ua" | "upstream_addr" | "upstream" if upstream(value).is_some() => {
            out.set(Field::Server, value);
        }
        _ => {}
    }
    let is_id = matches!(&*name, "" | "request_id" | "req_id" | "id");
    if is_id && is_random_id(value) {
        out.set(Field::RequestId, value);
    }
}

/// A UUID, or 32 hexadecimal digits (`$request_id`).
fn is_random_id(text: &str) -> bool {
    let digits = text.bytes().filter(|b| *b != b'-');
    matches!(text.len(), 32 | 36) && digits.clone().count() == 32 && {
        let mut digits = digits;
        digits.all(|b| b.is_ascii_hexdigit())
    }
}
