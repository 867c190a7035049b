//! Escapes that loggers write, undone.

use std::borrow::Cow;

use memchr::memchr;

/// Undoes the escapes of a text that is not meant for a target.
pub(in super::super) fn unescape_text(text: &str) -> String {
    String::from_utf8_lossy(&unescape(text.as_bytes())).into_owned()
}

/// Undoes `\xHH`, `\"`, `\\`, `\n` and the like (Apache), and `\uXXXX` (nginx, `escape=json`). An
/// escape that is none of these stays.
pub(in super::super) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..n).unwrap_or_default());
        rest = rest.get(n + 1..).unwrap_or_default();
        let (byte, taken) = match rest.first() {
            Some(b'x') => match hex(rest, 1, 3).and_then(|code| u8::try_from(code).ok()) {
                Some(byte) => (byte, 3),
                None => (b'\\', 0),
            },
            Some(b'u') => match hex(rest, 1, 5).and_then(char::from_u32) {
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

/// Undoes `#HH`, as HAProxy writes what is no printable ASCII, quotes, and its own delimiters.
pub(in super::super) fn unescape_hash(text: &[u8]) -> Cow<'_, [u8]> {
    decode(text, b'#')
}

/// Undoes `%HH` once. A `%` that no two hexadecimal digits follow stays.
pub(in super::super) fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    decode(text, b'%')
}

fn decode(text: &[u8], mark: u8) -> Cow<'_, [u8]> {
    if memchr(mark, text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr(mark, rest) {
        out.extend_from_slice(rest.get(..n).unwrap_or_default());
        rest = rest.get(n + 1..).unwrap_or_default();
        match hex(rest, 0, 2).and_then(|code| u8::try_from(code).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = rest.get(2..).unwrap_or_default();
            }
            None => out.push(mark),
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn hex(text: &[u8], from: usize, to: usize) -> Option<u32> {
    let digits = text.get(from..to).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_others_stay() {
        for (text, expected) in [
            (r#"a\"b\\c\x22\xC3\xA4\u00e4\n"#, "a\"b\\c\"ää\n"),
            (r"\q \x2 \u12 \", r"\q \x2 \u12 \"),
        ] {
            assert_eq!(unescape_text(text), expected, "{text}");
        }
        for (text, expected) in [("a#22b#7Cc#23 #zz#2", "a\"b|c# #zz#2"), ("#C3#A4", "ä")] {
            assert_eq!(unescape_hash(text.as_bytes()), expected.as_bytes(), "{text}");
        }
        for (text, expected) in [("a%20b%2520%zz%", "a b%20%zz%"), ("%C3%A4", "ä")] {
            assert_eq!(percent_decode(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }
}
