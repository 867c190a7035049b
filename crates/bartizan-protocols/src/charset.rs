//! Bytes of a body to text.

use std::borrow::Cow;

use bartizan_model::{Side, limits::NotInspectedReason};

use crate::{anomaly::AnomalyKind, percent, view::View};

/// Bytes after which it is asked whether there is time for more.
const PIECE: usize = 4096;
/// Bytes of the longest character in UTF-8.
const LONGEST: usize = 4;

/// Decodes a body by its byte order mark, else by the charset it declares, else as UTF-8, as long as
/// the pace of the view lets; a piece of it in any case. What is no UTF-8 becomes U+FFFD and is noted.
/// Borrows when the bytes are text as they are.
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
    let name = declared.map(str::trim).unwrap_or("utf-8");
    let is = |names: &[&str]| is_any(name, names);
    // Two bytes for each character, and no zero among them: whoever is told that much about text that
    // is none of it reads what is there, as the many do who ignore the declaration (RFC 8259 §8.1).
    if is(&["utf-16", "utf-16be", "utf-16le", "unicode", "ucs-2"])
        && !bytes.contains(&0)
        && let Some(text) = as_text(bytes, view, side)
    {
        view.anomaly(side, AnomalyKind::UnknownCharset);
        return text.into();
    }
    if is(&["utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8", ""]) {
        utf8(bytes, view, side)
    } else if is(&["iso-8859-1", "latin1", "latin-1", "iso8859-1", "windows-1252"]) {
        // Windows-1252 is told apart only by quotes and dashes, which no decoder here reads.
        if bytes.is_ascii() { utf8(bytes, view, side) } else { latin1(bytes, view, side).into() }
    } else if is(&["utf-16", "utf-16be"]) {
        utf16(bytes, u16::from_be_bytes, view, side).into()
    } else if is(&["utf-16le", "unicode", "ucs-2"]) {
        utf16(bytes, u16::from_le_bytes, view, side).into()
    } else {
        view.anomaly(side, AnomalyKind::UnknownCharset);
        view.skip(side, NotInspectedReason::UnknownEncoding);
        utf8(bytes, view, side)
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether there is time for another piece.
fn has_time(view: &mut View, side: Side) -> bool {
    let may = view.pace().may_prepare();
    if !may {
        view.skip(side, NotInspectedReason::OutOfTime);
    }
    may
}

fn utf8<'b>(bytes: &'b [u8], view: &mut View, side: Side) -> Cow<'b, str> {
    if let Some(text) = as_text(bytes, view, side) {
        return text.into();
    }
    let mut out = String::with_capacity(bytes.len());
    for (at, piece) in pieces(bytes) {
        if at > 0 && !has_time(view, side) {
            break;
        }
        percent::push_text(&mut out, piece, view, side);
    }
    out.into()
}

/// What there is time for of bytes that are UTF-8. `None` when something of that is not.
fn as_text<'b>(bytes: &'b [u8], view: &mut View, side: Side) -> Option<&'b str> {
    if bytes.len() <= PIECE {
        return std::str::from_utf8(bytes).ok();
    }
    let mut known = 0;
    for (at, piece) in pieces(bytes) {
        if at > 0 && !has_time(view, side) {
            break;
        }
        std::str::from_utf8(piece).ok()?;
        known = at + piece.len();
    }
    // As one text, which takes no longer than its pieces took.
    std::str::from_utf8(bytes.get(..known)?).ok()
}

/// Pieces of a text with their places, cut between characters.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        // Where more than fit into a character follow each other, none of them continues one.
        let is_start = |end: &usize| rest.get(*end).is_none_or(|byte| byte & 0xc0 != 0x80);
        let end = PIECE.min(rest.len());
        let end = (end.saturating_sub(LONGEST - 1)..=end).rev().find(is_start).unwrap_or(end);
        let place = at;
        at += end;
        Some((place, rest.get(..end)?))
    })
}

fn latin1(bytes: &[u8], view: &mut View, side: Side) -> String {
    let mut out = String::with_capacity(bytes.len());
    for (at, piece) in bytes.chunks(PIECE).enumerate() {
        if at > 0 && !has_time(view, side) {
            break;
        }
        out.extend(piece.iter().map(|byte| char::from(*byte)));
    }
    out
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, view: &mut View, side: Side) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        view.anomaly(side, AnomalyKind::UnexpectedEnd);
    }
    let mut out = String::with_capacity(bytes.len() / 2);
    let units = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    for (at, unit) in units.enumerate() {
        if at > 0 && at.is_multiple_of(PIECE / 2) && !has_time(view, side) {
            break;
        }
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
    use crate::pace::{Pace, tests::questions};

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

    #[test]
    fn pieces_make_the_same_text_as_the_whole() {
        for shift in 0..LONGEST {
            for filler in ["a", "é", "€", "😀"] {
                for odd in [&b"\xff"[..], b"\xf0\x9f", b"\xc0\xaf", b"\x80\x80\x80\x80\x80", b""] {
                    let fill = filler.repeat(PIECE / 2);
                    let bytes = [&b"aaaa"[..shift], fill.as_bytes(), odd, fill.as_bytes()].concat();
                    let mut view = View::new(&Limits::default(), 1);
                    let mut whole = String::new();
                    percent::push_text(&mut whole, &bytes, &mut view, Side::Request);
                    let (text, anomalies) = decoded(&bytes, None);
                    assert!(text == whole, "{shift} {filler} {odd:?}");
                    let noted: Vec<_> = view.anomalies().iter().map(|(_, kind)| *kind).collect();
                    assert_eq!(anomalies, noted, "{shift} {filler} {odd:?}");
                    assert!(pieces(&bytes).all(|(_, piece)| piece.len() <= PIECE));
                }
            }
        }
    }

    #[test]
    fn what_there_is_no_time_for_is_left_and_noted() {
        let reason = NotInspectedReason::OutOfTime;
        let not_text = [b"\xff".repeat(2_500), "é".repeat(20_000).into_bytes()].concat();
        for (bytes, charset) in [
            ("é".repeat(20_000).into_bytes(), None),
            (not_text, None),
            (b"caf\xe9".repeat(10_000), Some("latin1")),
            (b"a\0".repeat(20_000), Some("utf-16le")),
            (b"ab".repeat(20_000), Some("utf-16")),
        ] {
            let read = |pace| {
                let mut view = View::new(&Limits::default(), 1);
                view.keep_pace(pace);
                let text = decode(&bytes, charset, &mut view, Side::Request).into_owned();
                (text, view.not_inspected().iter().any(|one| one.reason == reason))
            };
            let (whole, is_late) = read(Pace::default());
            assert!(!is_late);
            for most in [0, 3] {
                let (some, is_late) = read(questions(most));
                assert!(is_late, "{charset:?}");
                assert!(whole.starts_with(&some) && some.len() < whole.len(), "{charset:?}");
                assert!(some.chars().count() >= PIECE / LONGEST, "{charset:?}: {}", some.len());
            }
        }
    }
}
