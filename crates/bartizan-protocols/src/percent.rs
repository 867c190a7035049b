//! Percent-decoding (RFC 3986 §2.1) that reports what was odd.

use bartizan_model::Side;

use crate::{anomaly::AnomalyKind, view::View};

/// What a round of decoding met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    /// At least one `%XX` was decoded.
    pub(crate) decoded: bool,
    /// `%` without two hex digits, or `%uXXXX`.
    pub(crate) invalid: bool,
    /// A decoded slash.
    pub(crate) slash: bool,
    /// A backslash, decoded or not.
    pub(crate) backslash: bool,
}

/// The value of a hex digit.
pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Decodes one round into `out` (appended). `%uXXXX`, which IIS and old JavaScript read, is decoded
/// too and counts as invalid. With `plus`, `+` is a space.
pub(crate) fn decode_into(out: &mut Vec<u8>, input: &[u8], plus: bool) -> Met {
    let mut met = Met::default();
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        match byte {
            b'%' => {
                let pair = (input.get(at + 1).copied(), input.get(at + 2).copied());
                if let (Some(high), Some(low)) = pair
                    && let (Some(high), Some(low)) = (hex(high), hex(low))
                {
                    let value = high << 4 | low;
                    met.decoded = true;
                    met.slash |= value == b'/';
                    met.backslash |= value == b'\\';
                    out.push(value);
                    at += 3;
                    continue;
                }
                met.invalid = true;
                if let Some((ch, used)) = unicode_escape(input.get(at + 1..).unwrap_or_default()) {
                    met.decoded = true;
                    met.slash |= ch == '/';
                    met.backslash |= ch == '\\';
                    out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
                    at += 1 + used;
                    continue;
                }
                out.push(b'%');
            }
            b'+' if plus => out.push(b' '),
            _ => {
                met.backslash |= byte == b'\\';
                out.push(byte);
            }
        }
        at += 1;
    }
    met
}

/// `uXXXX`: the character and the bytes used.
fn unicode_escape(input: &[u8]) -> Option<(char, usize)> {
    if !matches!(input.first(), Some(b'u' | b'U')) {
        return None;
    }
    let mut code = 0u32;
    for digit in input.get(1..5)? {
        code = code << 4 | u32::from(hex(*digit)?);
    }
    Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 5))
}

/// Whether a text still has `%XX` in it.
pub(crate) fn has_escape(input: &[u8]) -> bool {
    memchr::memchr_iter(b'%', input).any(|at| {
        matches!((input.get(at + 1), input.get(at + 2)), (Some(a), Some(b))
            if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
            || unicode_escape(input.get(at + 1..).unwrap_or_default()).is_some()
    })
}

/// Appends bytes as text: UTF-8, overlong forms as the character that lenient servers read, the
/// rest as U+FFFD. Records overlong and invalid UTF-8, NUL and control characters.
pub(crate) fn push_text(out: &mut String, bytes: &[u8], view: &mut View, side: Side) {
    let start = out.len();
    let mut rest = bytes;
    while !rest.is_empty() {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                break;
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                out.push_str(std::str::from_utf8(good).unwrap_or_default());
                if let Some((ch, used)) = overlong(bad) {
                    view.anomaly(side, AnomalyKind::OverlongUtf8);
                    out.push(ch);
                    rest = bad.get(used..).unwrap_or_default();
                } else {
                    view.anomaly(side, AnomalyKind::InvalidUtf8);
                    out.push(char::REPLACEMENT_CHARACTER);
                    let skip = error.error_len().unwrap_or(bad.len()).max(1);
                    rest = bad.get(skip..).unwrap_or_default();
                }
            }
        }
    }
    controls(out.get(start..).unwrap_or_default(), view, side);
}

/// Records NUL and control characters other than tab and line ends.
pub(crate) fn controls(text: &str, view: &mut View, side: Side) {
    // One pass without a branch for each byte: almost no text has any.
    if !text.bytes().fold(false, |any, b| any | (b < 0x20) | (b == 0x7f)) {
        return;
    }
    for byte in text.bytes().filter(|b| *b < 0x20 || *b == 0x7f) {
        match byte {
            0 => view.anomaly(side, AnomalyKind::NulByte),
            b'\t' | b'\n' | b'\r' => {}
            _ => view.anomaly(side, AnomalyKind::ControlCharacter),
        }
    }
}

/// An overlong form (RFC 3629 §3) at the beginning: the character meant and the bytes used.
fn overlong(bytes: &[u8]) -> Option<(char, usize)> {
    let tail =
        |at: usize| bytes.get(at).filter(|b| **b & 0xc0 == 0x80).map(|b| u32::from(b & 0x3f));
    let (code, used, least) = match *bytes.first()? {
        lead @ (0xc0 | 0xc1) => (u32::from(lead & 0x1f) << 6 | tail(1)?, 2, 0x80),
        0xe0 => (tail(1)? << 6 | tail(2)?, 3, 0x800),
        0xf0 => (tail(1)? << 12 | tail(2)? << 6 | tail(3)?, 4, 0x1_0000),
        _ => return None,
    };
    (code < least).then(|| char::from_u32(code).map(|ch| (ch, used)))?
}

#[cfg(test)]
mod tests {
    use bartizan_model::Limits;

    use super::*;

    fn text(bytes: &[u8]) -> (String, Vec<AnomalyKind>) {
        let mut view = View::new(&Limits::default(), 1);
        let mut out = String::new();
        push_text(&mut out, bytes, &mut view, Side::Request);
        (out, view.anomalies().iter().map(|(_, kind)| *kind).collect())
    }

    #[test]
    fn decodes_one_round() {
        let mut out = Vec::new();
        let met = decode_into(&mut out, b"a%2Fb%252e+%zz%", false);
        assert_eq!(out, b"a/b%2e+%zz%");
        assert!(met.decoded && met.invalid && met.slash && !met.backslash);
        out.clear();
        let met = decode_into(&mut out, b"a+b%u0027", true);
        assert_eq!((out.as_slice(), met.invalid), (&b"a b'"[..], true));
        assert!(has_escape(b"100%25") && has_escape(b"%u0041") && !has_escape(b"100% %x %2"));
    }

    #[test]
    fn overlong_forms_are_read_and_noted() {
        assert_eq!(text(b"\xc0\xae\xc0\xaf"), ("./".to_owned(), vec![AnomalyKind::OverlongUtf8]));
        assert_eq!(text(b"\xe0\x80\xaf"), ("/".to_owned(), vec![AnomalyKind::OverlongUtf8]));
        assert_eq!(text(b"\xf0\x80\x80\xaf"), ("/".to_owned(), vec![AnomalyKind::OverlongUtf8]));
        assert_eq!(text("aé€😀".as_bytes()), ("aé€😀".to_owned(), vec![]));
        let (out, kinds) = text(b"a\xffb\xc0\0\x1b");
        assert_eq!(out, "a\u{fffd}b\u{fffd}\0\u{1b}");
        assert_eq!(
            kinds,
            [AnomalyKind::InvalidUtf8, AnomalyKind::NulByte, AnomalyKind::ControlCharacter]
        );
    }
}
