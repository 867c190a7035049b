//! Which bytes may stand where (RFC 9110 §5, RFC 9112 §3, RFC 3986 §2).

/// Bits of [`CLASS`].
const TOKEN: u8 = 1;
const VALUE: u8 = 2;
const TARGET: u8 = 4;
const HOST: u8 = 8;

/// What each byte may be part of.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || is_one_of(b, b"!#$%&'*+-.^_`|~") {
            table[byte] |= TOKEN;
        }
        if b == b'\t' || (b >= 0x20 && b != 0x7f) {
            table[byte] |= VALUE;
        }
        // More than RFC 3986 names, for what browsers leave alone; never a control, a space, a
        // byte outside ASCII, a fragment, or the backslash that some servers read as a slash.
        if b > 0x20 && b < 0x7f && !is_one_of(b, b"#\\<>") {
            table[byte] |= TARGET;
        }
        if b.is_ascii_alphanumeric() || is_one_of(b, b"-._~!$&'()*+,;=:[]%") {
            table[byte] |= HOST;
        }
        byte += 1;
    }
    table
}

const fn is_one_of(byte: u8, set: &[u8]) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

/// No early end: the compiler makes wide code of it, and hostile input is rare.
fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().fold(class, |seen, byte| seen & CLASS[*byte as usize]) & class != 0
}

/// Whether the bytes are a token (RFC 9110 §5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, TOKEN)
}

/// Whether the bytes may be a field value: anything but controls other than the tab.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    // Not the table: comparisons of whole vectors are several times faster, and values are most
    // of a head.
    bytes.iter().fold(true, |ok, b| ok & ((*b >= 0x20) | (*b == b'\t')) & (*b != 0x7f))
}

/// Whether the bytes may be a request target of any form.
pub(crate) fn is_target(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, TARGET)
}

/// Whether the bytes may name a host with an optional port: `example.org:80`, `[::1]:443`. No user,
/// no empty host, no port that is not a number.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    if bytes.is_empty() || bytes.len() > 260 || !all(bytes, HOST) {
        return false;
    }
    let (host, rest) = match bytes[0] {
        b'[' => {
            let Some(end) = bytes.iter().position(|b| *b == b']') else { return false };
            let inside = &bytes[1..end];
            let is_address = std::str::from_utf8(inside)
                .is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
            if !is_address {
                return false;
            }
            bytes.split_at(end + 1)
        }
        _ => {
            let end = bytes.iter().position(|b| *b == b':').unwrap_or(bytes.len());
            let (host, rest) = bytes.split_at(end);
            if host.iter().any(|b| matches!(b, b'[' | b']')) {
                return false;
            }
            (host, rest)
        }
    };
    let is_port = match rest {
        [] => true,
        [b':', digits @ ..] => {
            (1..=5).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
                && number(digits).is_some_and(|port| port <= 65_535)
        }
        _ => false,
    };
    !host.is_empty() && is_port
}

/// A decimal number of at most 18 digits and nothing else.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// The bytes without spaces and tabs around them.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = bytes.iter().position(|b| !is_blank(b)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|b| !is_blank(b)).map_or(start, |at| at + 1);
    &bytes[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_the_table_says() {
        for byte in 0..=255u8 {
            assert_eq!(is_value(&[b'a', byte]), CLASS[byte as usize] & VALUE != 0, "{byte:#x}");
        }
        assert!(is_value(b""));
    }

    #[test]
    fn hosts_have_one_form() {
        for host in ["a", "a.example:80", "[::1]", "[::1]:443", "10.0.0.1:8080", "a_b.example."] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a:", "a:x", "a:99999", "u@a", "[::1", "[x]", "::1", "a b", "a/b",
            "a,b:1:2", "[::1]x",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"123456789012345678"), Some(123_456_789_012_345_678));
        for text in ["", "+1", "-1", "0x1", "1 ", "1,1", "1234567890123456789"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn blanks_are_trimmed() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b""), b"");
    }
}
