//! Formats of values, as parameters are described. Cheap: one pass over the bytes, except for what begins like an
//! address, a duration or a ULID.

/// Top-level domains that end no file, package or member of a program.
const TOP_LEVEL: [&str; 10] =
    ["arpa", "biz", "com", "edu", "gov", "info", "int", "mil", "net", "org"];

/// The format of a text, by the names of JSON Schema where it has one; empty when none fits.
#[must_use]
pub fn format_of(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return "" };
    if (first.is_ascii_digit() || *first == b'-')
        && let Some(format) = numeric(text)
    {
        return format;
    }
    match bytes.len() {
        36 if is_uuid(bytes) => "uuid",
        3..=45 if is_ipv6(text) => "ipv6",
        26 if is_ulid(bytes) => "ulid",
        3..=64 if *first == b'P' && is_duration(text) => "duration",
        4 | 5 if matches!(text, "true" | "false") => "boolean",
        6..=254 if is_email(bytes) => "email",
        8..=2048 if text.starts_with("http://") || text.starts_with("https://") => "uri",
        24 | 32 | 40 | 64 if bytes.iter().all(u8::is_ascii_hexdigit) => "hex",
        5..=253 if is_hostname(text) => "hostname",
        _ => "",
    }
}

/// An address of version 6 (RFC 4291 §2.2) that is no name of a program, as `a::b` may be.
fn is_ipv6(text: &str) -> bool {
    let colons = text.bytes().filter(|b| *b == b':').count();
    (colons > 2 || text.starts_with("::")) && text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Crockford's base32 in capitals, of a number of 128 bits (ulid/spec), with letters and digits.
fn is_ulid(bytes: &[u8]) -> bool {
    let is_digit = |b: &u8| {
        b.is_ascii_digit() || (b.is_ascii_uppercase() && !matches!(b, b'I' | b'L' | b'O' | b'U'))
    };
    matches!(bytes.first(), Some(b'0'..=b'7'))
        && bytes.iter().all(is_digit)
        && bytes.iter().any(u8::is_ascii_uppercase)
}

/// A duration (RFC 3339 appendix A): weeks, or years to days and hours to seconds, none left out between.
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, clock) = match rest.split_once('T') {
        Some((days, clock)) => (days, Some(clock)),
        None => (rest, None),
    };
    if let Some(weeks) = rest.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|b| b.is_ascii_digit());
    }
    match clock {
        None => has_units(days, "YMD"),
        Some(clock) => (days.is_empty() || has_units(days, "YMD")) && has_units(clock, "HMS"),
    }
}

/// Whether text is numbers with units that follow each other: `1H30M` for `HMS`.
fn has_units(text: &str, units: &str) -> bool {
    let named: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    let is_one_each = numbers.by_ref().take(named.len()).all(|number| !number.is_empty());
    !named.is_empty() && units.contains(&named) && is_one_each && numbers.all(str::is_empty)
}

/// A time of day with its offset (RFC 3339, `full-time`).
fn is_time(bytes: &[u8]) -> bool {
    let two = |at: usize, most: u8| match bytes.get(at..at + 2) {
        Some([a @ b'0'..=b'9', b @ b'0'..=b'9']) => (a - b'0') * 10 + (b - b'0') <= most,
        _ => false,
    };
    let at = |index: usize, byte: u8| bytes.get(index) == Some(&byte);
    if !(two(0, 23) && at(2, b':') && two(3, 59) && at(5, b':') && two(6, 60)) {
        return false;
    }
    let mut end = 8;
    if at(end, b'.') {
        let fraction = bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        end += 1 + fraction;
        if fraction == 0 {
            return false;
        }
    }
    match bytes.get(end) {
        Some(b'Z' | b'z') => bytes.len() == end + 1,
        Some(b'+' | b'-') => {
            bytes.len() == end + 6 && two(end + 1, 23) && at(end + 3, b':') && two(end + 4, 59)
        }
        _ => false,
    }
}

/// A name of a host (RFC 1123 §2.1) below a domain that is nothing else.
fn is_hostname(text: &str) -> bool {
    let Some((_, top)) = text.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    TOP_LEVEL.contains(&top) && text.split('.').all(is_label)
}

/// Formats that begin with a digit or sign; `None` for everything else.
fn numeric(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    match bytes.len() {
        36 if is_uuid(bytes) => Some("uuid"),
        10 if is_date(bytes) => Some("date"),
        19..=35 if is_date(&bytes[..10]) && matches!(bytes[10], b'T' | b't' | b' ') => {
            Some("date-time")
        }
        7..=15 if is_ipv4(text) => Some("ipv4"),
        9..=24 if is_time(bytes) => Some("time"),
        _ if bytes.len() <= 19 && is_integer(bytes) => Some("integer"),
        _ if bytes.len() <= 32 && is_decimal(bytes) => Some("decimal"),
        _ if bytes.iter().all(u8::is_ascii_digit) => Some("digits"),
        _ => None,
    }
}

fn is_integer(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let leading_zero = digits.len() > 1 && digits.first() == Some(&b'0');
    !digits.is_empty() && !leading_zero && digits.iter().all(u8::is_ascii_digit)
}

fn is_decimal(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let mut parts = digits.split(|b| *b == b'.');
    let is_part =
        |p: Option<&[u8]>| p.is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit));
    is_part(parts.next()) && is_part(parts.next()) && parts.next().is_none()
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

fn is_date(bytes: &[u8]) -> bool {
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        })
}

fn is_ipv4(text: &str) -> bool {
    text.as_bytes()[0].is_ascii_digit() && text.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_email(bytes: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', bytes) else { return false };
    let (local, domain) = (&bytes[..at], &bytes[at + 1..]);
    !local.is_empty()
        && domain.contains(&b'.')
        && !domain.starts_with(b".")
        && !domain.ends_with(b".")
        && bytes.iter().all(|b| b.is_ascii_graphic())
        && domain.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        for (text, format) in [
            ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
            ("2026-11-22", "date"),
            ("2026-11-22T10:00:00Z", "date-time"),
            ("203.0.113.7", "ipv4"),
            ("12345", "integer"),
            ("-7", "integer"),
            ("00123", "digits"),
            ("1.5", "decimal"),
            ("1.2.3", ""),
            ("true", "boolean"),
            ("a@example.com", "email"),
            ("https://example.com", "uri"),
            ("5f2b6c0e9d1a4b3c8e7f6a5b", "hex"),
            ("2001:db8::7", "ipv6"),
            ("::1", "ipv6"),
            ("a::b", ""),
            ("10:20:30:40", ""),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ulid"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAU", ""),
            ("81ARZ3NDEKTSV4RRFFQ69G5FAV", ""),
            ("P3Y6M4DT12H30M5S", "duration"),
            ("PT90M", "duration"),
            ("P2W", "duration"),
            ("P1Y2D", ""),
            ("PT", ""),
            ("PM5", ""),
            ("PASS", ""),
            ("10:20:30Z", "time"),
            ("10:20:30.125+02:00", "time"),
            ("10:20:30", ""),
            ("25:20:30Z", ""),
            ("10:20:30.Z", ""),
            ("api.example.com", "hostname"),
            ("report.final.pdf", ""),
            ("com.example.Main", ""),
            ("-a.example.com", ""),
            ("hello", ""),
            ("", ""),
            ("ééééééééééé", ""),
        ] {
            assert_eq!(format_of(text), format, "{text}");
        }
    }
}
