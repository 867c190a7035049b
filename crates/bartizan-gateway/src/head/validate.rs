//! One complete HTTP/1 request head: bytes to framing, or the reason why it is refused.

use super::{bytes, refusal::Refusal, target};

/// Limits of a request head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Most bytes of a head, from the method to the empty line.
    pub head_bytes: usize,
    /// Most bytes of a request target.
    pub target_bytes: usize,
    /// Most fields; trailers are counted for themselves.
    pub fields: usize,
    /// Most bytes of one field, name and value together.
    pub field_bytes: usize,
    /// Whether `Upgrade: websocket` is served.
    pub websocket: bool,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            target_bytes: 8 * 1024,
            fields: 100,
            field_bytes: 16 * 1024,
            websocket: true,
        }
    }
}

/// How the body behind a head is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// Bytes of the body when they are counted; 0 without a body.
    pub length: u64,
    /// Whether the body is chunked.
    pub is_chunked: bool,
    /// Whether the head asks for an upgrade to WebSocket.
    pub is_upgrade: bool,
}

/// What the fields of a head said so far.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    is_chunked: bool,
    upgrade: bool,
    connection_upgrade: bool,
}

/// Checks a head that ends with an empty line. Line ends were checked by the caller: every line
/// feed follows a carriage return.
///
/// # Errors
/// The first rule that the head breaks.
pub(crate) fn validate(head: &[u8], limits: &HeadLimits) -> Result<Framing, Refusal> {
    let mut rest = head;
    let line = next_line(&mut rest).ok_or(Refusal::RequestLine)?;
    let (method, version, authority) = request_line(line, limits)?;
    let mut fields = Fields::default();
    let mut count = 0;
    while let Some(line) = next_line(&mut rest) {
        if line.is_empty() {
            break;
        }
        count += 1;
        if count > limits.fields {
            return Err(Refusal::TooManyFields);
        }
        let (name, value) = field(line, limits)?;
        known(name, value, &mut fields)?;
    }
    conclude(method, version, authority, &fields, limits)
}

/// The next line without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let at = memchr::memchr(b'\n', rest)?;
    let line = &rest[..at];
    *rest = &rest[at + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

type RequestLine<'a> = (&'a [u8], &'a [u8], Option<&'a [u8]>);

fn request_line<'a>(line: &'a [u8], limits: &HeadLimits) -> Result<RequestLine<'a>, Refusal> {
    let first = memchr::memchr(b' ', line).ok_or(Refusal::RequestLine)?;
    let last = memchr::memrchr(b' ', line).ok_or(Refusal::RequestLine)?;
    if first == last {
        return Err(Refusal::RequestLine);
    }
    let (method, target, version) = (&line[..first], &line[first + 1..last], &line[last + 1..]);
    if !bytes::is_token(method) || method.len() > 32 {
        return Err(Refusal::Method);
    }
    if target.len() > limits.target_bytes {
        return Err(Refusal::TargetTooLong);
    }
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => {}
        _ if version.starts_with(b"HTTP/") => return Err(Refusal::Version),
        _ => return Err(Refusal::RequestLine),
    }
    if matches!(method, b"CONNECT" | b"TRACE" | b"TRACK" | b"PRI") {
        return Err(Refusal::MethodNotServed);
    }
    let authority = target::check(method, target)?;
    Ok((method, version, authority))
}

/// Name and value of a field line.
///
/// # Errors
/// The line is folded, too long, or not a field.
pub(crate) fn field<'a>(
    line: &'a [u8],
    limits: &HeadLimits,
) -> Result<(&'a [u8], &'a [u8]), Refusal> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(Refusal::FoldedField);
    }
    if line.len() > limits.field_bytes {
        return Err(Refusal::FieldTooLong);
    }
    let at = memchr::memchr(b':', line).ok_or(Refusal::FieldName)?;
    let (name, value) = (&line[..at], &line[at + 1..]);
    if !bytes::is_token(name) {
        return Err(Refusal::FieldName);
    }
    if !bytes::is_value(value) {
        let is_return = memchr::memchr(b'\r', value).is_some();
        return Err(if is_return { Refusal::BareCarriageReturn } else { Refusal::FieldValue });
    }
    Ok((name, value))
}

/// Reads the fields that frame a message or route it.
fn known<'a>(name: &[u8], value: &'a [u8], fields: &mut Fields<'a>) -> Result<(), Refusal> {
    let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
    match name.len() {
        4 if is(b"host") => {
            let host = bytes::trim(value);
            if fields.host.is_some() {
                return Err(Refusal::DuplicateHost);
            }
            if !bytes::is_host(host) {
                return Err(if host.is_empty() { Refusal::MissingHost } else { Refusal::Host });
            }
            fields.host = Some(host);
        }
        6 if is(b"expect") && !bytes::trim(value).eq_ignore_ascii_case(b"100-continue") => {
            return Err(Refusal::Expectation);
        }
        7 if is(b"upgrade") => {
            if fields.upgrade || !bytes::trim(value).eq_ignore_ascii_case(b"websocket") {
                return Err(Refusal::Upgrade);
            }
            fields.upgrade = true;
        }
        10 if is(b"connection") => {
            for option in value.split(|b| *b == b',').map(bytes::trim) {
                if option.eq_ignore_ascii_case(b"upgrade") {
                    fields.connection_upgrade = true;
                } else if is_end_to_end(option) {
                    return Err(Refusal::ConnectionOption);
                }
            }
        }
        14 if is(b"content-length") => {
            if fields.length.is_some() {
                return Err(Refusal::DuplicateLength);
            }
            let digits = bytes::trim(value);
            fields.length = Some(bytes::number(digits).ok_or(Refusal::Length)?);
        }
        14 if is(b"http2-settings") => return Err(Refusal::Upgrade),
        17 if is(b"transfer-encoding") => {
            if fields.is_chunked {
                return Err(Refusal::DuplicateCoding);
            }
            if !bytes::trim(value).eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::Coding);
            }
            fields.is_chunked = true;
        }
        _ if has_other_marks(name) && is_lookalike(name) => {
            return Err(Refusal::LookalikeField);
        }
        _ => {}
    }
    Ok(())
}

fn conclude(
    method: &[u8],
    version: &[u8],
    authority: Option<&[u8]>,
    fields: &Fields<'_>,
    limits: &HeadLimits,
) -> Result<Framing, Refusal> {
    let host = fields.host.ok_or(Refusal::MissingHost)?;
    if authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(host)) {
        return Err(Refusal::HostMismatch);
    }
    if fields.is_chunked && fields.length.is_some() {
        return Err(Refusal::LengthAndCoding);
    }
    let is_old = version == b"HTTP/1.0";
    if fields.is_chunked && is_old {
        return Err(Refusal::CodingOfOldVersion);
    }
    let has_body = fields.is_chunked || fields.length.is_some_and(|length| length > 0);
    if fields.upgrade {
        let is_handshake = fields.connection_upgrade && method == b"GET" && !is_old && !has_body;
        if !limits.websocket || !is_handshake {
            return Err(Refusal::Upgrade);
        }
    }
    Ok(Framing {
        length: fields.length.unwrap_or(0),
        is_chunked: fields.is_chunked,
        is_upgrade: fields.upgrade,
    })
}

/// Fields that a client must not have removed on the way by naming them as connection options.
const END_TO_END: &[&[u8]] = &[
    b"host",
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"transfer-encoding",
    b"authorization",
    b"cookie",
    b"origin",
    b"forwarded",
    b"x-real-ip",
    b"x-request-id",
    b"traceparent",
];

/// Whether a connection option names a field that is not of the connection.
pub(crate) fn is_end_to_end(option: &[u8]) -> bool {
    let is_forwarded = option.len() > 12 && option[..12].eq_ignore_ascii_case(b"x-forwarded-");
    is_forwarded || END_TO_END.iter().any(|name| option.eq_ignore_ascii_case(name))
}

/// Whether a name reads, to servers that take fields for variables, like a field that frames or routes.
pub(crate) fn is_lookalike(name: &[u8]) -> bool {
    let name: Vec<u8> = name.iter().map(|b| unmarked(*b)).collect();
    name.eq_ignore_ascii_case(b"connection") || is_end_to_end(&name)
}

/// Whether a name has other marks than hyphens, so that it may read like another one.
pub(crate) fn has_other_marks(name: &[u8]) -> bool {
    name.iter().any(|b| unmarked(*b) != *b)
}

/// Whether servers that take fields for variables may take two names for the same: without case, all marks alike. CGI
/// writes hyphens as `_` (RFC 3875 §4.1.18), PHP dots as well, Apache before 2.4 whatever is no letter and no digit.
pub(crate) fn is_alike(one: &[u8], other: &[u8]) -> bool {
    let is_same = |(a, b): (&u8, &u8)| unmarked(*a).eq_ignore_ascii_case(&unmarked(*b));
    one.len() == other.len() && one.iter().zip(other).all(is_same)
}

/// A byte of a name, marks as hyphens.
fn unmarked(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte } else { b'-' }
}
