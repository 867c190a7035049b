//! Formats of values, as parameters are described. Cheap: one pass over the bytes.

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
        4 | 5 if matches!(text, "true" | "false") => "boolean",
        6..=254 if is_email(bytes) => "email",
        8..=2048 if text.starts_with("http://") || text.starts_with("https://") => "uri",
        24 | 32 | 40 | 64 if bytes.iter().all(u8::is_ascii_hexdigit) => "hex",
        _ => "",
    }
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
            ("hello", ""),
            ("", ""),
            ("ééééééééééé", ""),
        ] {
            assert_eq!(format_of(text), format, "{text}");
        }
    }
}
