//! One line of an access log to one exchange.

use std::borrow::Cow;

use bartizan_model::{
    BodyState, Client, Exchange, HeaderState, Headers, Request, Response, Timestamp,
};
use memchr::{memchr, memchr2};
use time::{Date, Month, Time, UtcOffset};

use super::{
    super::{skip::SkipReason, target::looks_like_host},
    prefix::{self, address},
    request_line,
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
        return Err(SkipReason::CommentLine);
    }
    let parts = split(line).ok_or(SkipReason::NotALogLine)?;
    let before = String::from_utf8_lossy(parts.before);
    let prefix = prefix::read(&before).ok_or(SkipReason::NotALogLine)?;
    let asked = request_line::read(&unescape(parts.request))?;
    let extra = extra(parts.after);
    let mut headers = Headers::new();
    for (name, value) in [
        ("user-agent", extra.user_agent),
        ("referer", extra.referer),
        ("x-forwarded-for", extra.forwarded_for),
    ] {
        if let Some(value) = value {
            headers.push(name, value);
        }
    }
    let authority = [asked.authority, prefix.authority, extra.host.unwrap_or_default()]
        .into_iter()
        .find(|authority| !authority.is_empty())
        .unwrap_or_default();
    let scheme = if asked.scheme.is_empty() { prefix.scheme.to_owned() } else { asked.scheme };
    Ok(Exchange {
        time: Some(parts.time),
        client: Client { ip: prefix.ip, port: prefix.port, user: prefix.user, ..Client::default() },
        request: Request {
            method: asked.method,
            scheme,
            authority,
            target: asked.target,
            http_version: asked.version,
            headers,
            header_state: HeaderState::Incomplete,
            body_state: BodyState::NotCaptured,
            ..Request::default()
        },
        response: parts.status.map(|status| Response {
            status,
            headers_captured: false,
            body_state: BodyState::NotCaptured,
            body_bytes: parts.bytes,
            ..Response::default()
        }),
        duration_ms: extra.duration_ms,
        request_id: extra.request_id,
        ..Exchange::default()
    })
}

/// Whether a line has the form of this format, be its request one or not.
pub(super) fn is_access_log(line: &[u8]) -> bool {
    !matches!(read(line), Err(SkipReason::NotALogLine | SkipReason::CommentLine))
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
    Some((time(text)?, rest))
}

/// `22/Nov/2026:10:00:00 +0100`, RFC 3339, or seconds since the epoch.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.as_bytes().get(2) == Some(&b'/') {
        return clf_time(text);
    }
    if text.contains('-') {
        return Timestamp::parse(text);
    }
    let seconds: f64 = text.parse().ok()?;
    (1e8..1e11).contains(&seconds).then(|| Timestamp::from_micros((seconds * 1e6).round() as i64))
}

fn clf_time(text: &str) -> Option<Timestamp> {
    let two = |at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = match text.get(3..6)?.to_ascii_lowercase().as_str() {
        "jan" => Month::January,
        "feb" => Month::February,
        "mar" => Month::March,
        "apr" => Month::April,
        "may" => Month::May,
        "jun" => Month::June,
        "jul" => Month::July,
        "aug" => Month::August,
        "sep" => Month::September,
        "oct" => Month::October,
        "nov" => Month::November,
        "dec" => Month::December,
        _ => return None,
    };
    let date = Date::from_calendar_date(text.get(7..11)?.parse().ok()?, month, two(0)?).ok()?;
    // A leap second counts as the second before.
    let clock = Time::from_hms(two(12)?, two(15)?, two(18)?.min(59)).ok()?;
    let rest = text.get(20..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => ("", rest),
    };
    let micros: i64 = if fraction.is_empty() {
        0
    } else {
        format!("{:0<6}", fraction.get(..fraction.len().min(6))?).parse().ok()?
    };
    let seconds = date.with_time(clock).assume_offset(offset(zone.trim())?).unix_timestamp();
    Some(Timestamp::from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?))
}

/// `+0100`, `+01:00`, `Z`, `UTC`, `GMT` or nothing.
fn offset(zone: &str) -> Option<UtcOffset> {
    let (sign, digits) = match zone.as_bytes().first() {
        Some(b'+') => (1, zone.get(1..)?),
        Some(b'-') => (-1, zone.get(1..)?),
        _ => return matches!(zone, "" | "Z" | "UTC" | "GMT").then_some(UtcOffset::UTC),
    };
    let hours: i8 = digits.get(..2)?.parse().ok()?;
    let rest = digits.get(2..)?;
    let minutes: i8 = rest.strip_prefix(':').unwrap_or(rest).parse().ok()?;
    UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
}

/// The request up to its closing quote, which a status follows.
fn request(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let status_follows = |after: &[u8]| match after.trim_ascii_start() {
        [b'-'] | [b'-', b' ', ..] => true,
        [a, b, c, end @ ..] => {
            [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && matches!(end, [] | [b' ', ..])
        }
        _ => false,
    };
    quoted(rest, true, status_follows).or_else(|| quoted(rest, false, status_follows))
}

/// Text up to a quote that is not escaped (when `escapes` count) and that the right thing follows.
fn quoted(text: &[u8], escapes: bool, follows: impl Fn(&[u8]) -> bool) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let n = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(n) == Some(&b'\\') {
            at = if escapes { n + 2 } else { n + 1 };
            continue;
        }
        let after = text.get(n + 1..)?;
        if follows(after) {
            return Some((text.get(..n)?, after));
        }
        at = n + 1;
    }
}

/// The next word and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = memchr(b' ', text).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What may follow the size.
#[derive(Default)]
struct Extra {
    referer: Option<String>,
    user_agent: Option<String>,
    forwarded_for: Option<String>,
    duration_ms: Option<f64>,
    request_id: Option<String>,
    host: Option<String>,
}

fn extra(mut rest: &[u8]) -> Extra {
    let mut extra = Extra::default();
    let mut quotes = 0;
    let ends = |after: &[u8]| after.first().is_none_or(u8::is_ascii_whitespace);
    for _ in 0..EXTRA_FIELDS {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        let in_quotes = rest
            .strip_prefix(b"\"")
            .and_then(|text| quoted(text, true, ends).or_else(|| quoted(text, false, ends)));
        if let Some((text, after)) = in_quotes {
            rest = after;
            quotes += 1;
            let text = String::from_utf8_lossy(&unescape(text)).into_owned();
            if matches!(&*text, "" | "-") {
                continue;
            }
            match quotes {
                1 if !is_address_list(&text) => extra.referer = Some(text),
                2 if !is_address_list(&text) => extra.user_agent = Some(text),
                _ if extra.forwarded_for.is_none() && is_address_list(&text) => {
                    extra.forwarded_for = Some(text);
                }
                _ => extra.field(&text),
            }
        } else {
            let (text, after) = word(rest);
            rest = after;
            if let Ok(text) = std::str::from_utf8(text) {
                extra.field(text);
            }
        }
    }
    extra
}

impl Extra {
    /// A further field: what it is can only be told by its form, or by a name before `=`.
    fn field(&mut self, text: &str) {
        let (name, value) = text.split_once('=').unwrap_or(("", text));
        let value = value.trim_matches('"');
        match &*name.to_ascii_lowercase() {
            "" | "rt" | "request_time" | "duration" if self.duration_ms.is_none() => {
                self.duration_ms = duration_ms(value, !name.is_empty());
            }
            "host" | "vhost" | "server_name" if looks_like_host(value) => {
                self.host = Some(value.to_lowercase());
                return;
            }
            _ => {}
        }
        let is_id = matches!(&*name.to_ascii_lowercase(), "" | "request_id" | "req_id" | "id");
        if is_id && self.request_id.is_none() && is_random_id(value) {
            self.request_id = Some(value.to_owned());
        }
    }
}

/// `350ms`, `0.350s`, `0.350`; whole numbers only when `named`, for they may be anything.
fn duration_ms(text: &str, named: bool) -> Option<f64> {
    let (number, factor) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1000.0),
    };
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && number.starts_with(|c: char| c.is_ascii_digit());
    let is_time = named || number.len() < text.len() || number.contains('.');
    (is_number && is_time).then(|| number.parse::<f64>().ok()).flatten().map(|n| n * factor)
}

/// A UUID, or 32 hexadecimal digits (`$request_id`).
fn is_random_id(text: &str) -> bool {
    let digits = text.bytes().filter(|b| *b != b'-');
    matches!(text.len(), 32 | 36) && digits.clone().count() == 32 && {
        let mut digits = digits;
        digits.all(|b| b.is_ascii_hexdigit())
    }
}

fn is_address_list(text: &str) -> bool {
    text.split(',').all(|part| address(part.trim()).is_some())
}

/// Undoes the escapes of a text that is not meant for a target.
pub(super) fn unescape_text(text: &str) -> String {
    String::from_utf8_lossy(&unescape(text.as_bytes())).into_owned()
}

/// Undoes `\xHH`, `\"`, `\\`, `\n` and the like (Apache), and `\uXXXX` (nginx, `escape=json`). An
/// escape that is none of these stays.
fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..n).unwrap_or_default());
        rest = rest.get(n + 1..).unwrap_or_default();
        let hex = |from: usize, to: usize| {
            let digits = rest.get(from..to)?;
            let text = std::str::from_utf8(digits)
                .ok()
                .filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?;
            u32::from_str_radix(text, 16).ok()
        };
        let (byte, taken) = match rest.first() {
            Some(b'x') => match hex(1, 3).and_then(|code| u8::try_from(code).ok()) {
                Some(byte) => (byte, 3),
                None => (b'\\', 0),
            },
            Some(b'u') => match hex(1, 5).and_then(char::from_u32) {
                Some(c) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = rest.get(5..).unwrap_or_default();
                    continue;
                }
                None => (b'\\', 0),
            },
            Some(c @ (b'"' | b'\\' | b'\'')) => (*c, 1),
            Some(b'n') => (b'\n', 1),
            Some(b'r') => (b'\r', 1),
            Some(b't') => (b'\t', 1),
            Some(b'b') => (8, 1),
            Some(b'v') => (11, 1),
            Some(b'f') => (12, 1),
            _ => (b'\\', 0),
        };
        out.push(byte);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}
