//! Bytes of a body to text.

use std::borrow::Cow;

use bartizan_model::{Side, limits::NotInspectedReason};

use crate::{anomaly::AnomalyKind, percent, view::View};

/// Decodes a body by its byte order mark, else by the charset it declares, else as UTF-8. What is
/// no UTF-8 becomes U+FFFD and is noted. Borrows when the bytes are text as they are.
pub(crate) fn decode<'b>(
    bytes: &'b [u8],
    declared: Option<&str>,
    view: &mut View,
    side: Side,
) -> Cow<'b, str> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            view.anomaly(side, AnomalyKind::ByteOrderMark);
            return utf8(rest, view, side);
        }
        [0xff, 0xfe, rest @ ..] => {
            view.anomaly(side, AnomalyKind::ByteOrderMark);
            return utf16(rest, u16::from_le_bytes, view, side).into();
        }
        [0xfe, 0xff, rest @ ..] => {
            view.anomaly(side, AnomalyKind::ByteOrderMark);
            return utf16(rest, u16::from_be_bytes, view, side).into();
        }
        // ASCII in UTF-16 without a mark: RFC 8259 forbids it, lenient parsers read it.
        [first @ 1..=0x7f, 0, 1..=0x7f, 0, ..] if b"{[\"<".contains(first) => {
            view.anomaly(side, AnomalyKind::NonStandardJson);
            return utf16(bytes, u16::from_le_bytes, view, side).into();
        }
        [0, first @ 1..=0x7f, 0, 1..=0x7f, ..] if b"{[\"<".contains(first) => {
            view.anomaly(side, AnomalyKind::NonStandardJson);
            return utf16(bytes, u16::from_be_bytes, view, side).into();
        }
        _ => {}
    }
    match declared.map(str::trim).unwrap_or("utf-8") {
        // Two bytes for each character, and no zero among them: whoever is told that much about text that
        // is none of it reads what is there, as the many do who ignore the declaration (RFC 8259 §8.1).
        name if is_any(name, &["utf-16", "utf-16be", "utf-16le", "unicode", "ucs-2"])
            && !bytes.contains(&0)
            && std::str::from_utf8(bytes).is_ok() =>
        {
            view.anomaly(side, AnomalyKind::UnknownCharset);
            utf8(bytes, view, side)
        }
        name if is_any(name, &["utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8", ""]) => {
            utf8(bytes, view, side)
        }
        name if is_any(name, &["iso-8859-1", "latin1", "latin-1", "iso8859-1", "windows-1252"]) => {
            // Windows-1252 is told apart only by quotes and dashes, which no decoder here reads.
            if bytes.is_ascii() {
                return utf8(bytes, view, side);
            }
            bytes.iter().map(|b| char::from(*b)).collect::<String>().into()
        }
        name if is_any(name, &["utf-16", "utf-16be"]) => {
            utf16(bytes, u16::from_be_bytes, view, side).into()
        }
        name if is_any(name, &["utf-16le", "unicode", "ucs-2"]) => {
            utf16(bytes, u16::from_le_bytes, view, side).into()
        }
        _ => {
            view.anomaly(side, AnomalyKind::UnknownCharset);
            view.skip(side, NotInspectedReason::UnknownEncoding);
            utf8(bytes, view, side)
        }
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn utf8<'b>(bytes: &'b [u8], view: &mut View, side: Side) -> Cow<'b, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len());
            percent::push_text(&mut out, bytes, view, side);
            out.into()
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, view: &mut View, side: Side) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        view.anomaly(side, AnomalyKind::UnexpectedEnd);
    }
    let mut out = String::with_capacity(bytes.len() / 2);
    for unit in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match unit {
            Ok(ch) => out.push(ch),
            Err(_) => {
                view.anomaly(side, AnomalyKind::LoneSurrogate);
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bartizan_model::Limits;

    use super::*;

    fn decoded(bytes: &[u8], charset: Option<&str>) -> (String, Vec<AnomalyKind>) {
        let mut view = View::new(&Limits::default(), 1);
        let text = decode(bytes, charset, &mut view, Side::Request).into_owned();
        (text, view.anomalies().iter().map(|(_, kind)| *kind).collect())
    }

    #[test]
    fn marks_and_charsets_are_honoured() {
        use AnomalyKind as A;
        for (bytes, charset, text, anomalies) in [
            (&b"plain"[..], None, "plain", vec![]),
            ("é".as_bytes(), Some("UTF-8"), "é", vec![]),
            (b"\xef\xbb\xbf{}", None, "{}", vec![A::ByteOrderMark]),
            (b"\xff\xfe{\0}\0", None, "{}", vec![A::ByteOrderMark]),
            (b"\xfe\xff\0{\0}", None, "{}", vec![A::ByteOrderMark]),
            (b"{\0}\0", None, "{}", vec![A::NonStandardJson]),
            (b"\0a\0b", Some("utf-16"), "ab", vec![]),
            (b"a\0\x00\xd8", Some("utf-16le"), "a\u{fffd}", vec![A::LoneSurrogate]),
            (b"caf\xe9", Some("ISO-8859-1"), "café", vec![]),
            (b"caf\xe9", None, "caf\u{fffd}", vec![A::InvalidUtf8]),
            (b"{\"a\":1}", Some("utf-16"), "{\"a\":1}", vec![A::UnknownCharset]),
            (b"x", Some("ibm037"), "x", vec![A::UnknownCharset]),
        ] {
            assert_eq!(decoded(bytes, charset), (text.to_owned(), anomalies), "{bytes:?}");
        }
    }
}
