//! Texts of a head: percent-decoding, and JSON that is written from them.

use std::borrow::Cow;

/// Most rounds of percent-decoding that servers are thought to do.
const ROUNDS: usize = 3;

/// A text without its percent-encoding (RFC 3986 section 2.1), undone once; `+` is a space where `is_form`. `None` when
/// that is no UTF-8. What is no escape stays as it is.
pub(super) fn decoded(text: &str, is_form: bool) -> Option<Cow<'_, str>> {
    let is_escaped = text.contains('%') || is_form && text.contains('+');
    if !is_escaped {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (*byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high << 4 | low).unwrap_or_default());
                at += 3;
            }
            (b'+', ..) if is_form => {
                out.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Whether a segment of a path is one that some server reads as something else than one segment: with a slash, as a dot
/// segment, or with a control character, after any of the rounds that it may be decoded in.
pub(super) fn is_ambiguous(segment: &str) -> bool {
    let mut text = Cow::Borrowed(segment);
    for _ in 0..=ROUNDS {
        let is_odd = |c: char| matches!(c, '/' | '\\') || c.is_control();
        if text.contains(is_odd) || matches!(&*text, "." | "..") {
            return true;
        }
        if !text.contains('%') {
            return false;
        }
        text = match decoded(&text, false) {
            Some(next) if next != text => Cow::Owned(next.into_owned()),
            Some(_) => return false,
            None => return true,
        };
    }
    false
}

/// Writes a text as JSON.
pub(super) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => {
                const DIGITS: [char; 16] = [
                    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
                ];
                let code = c as usize;
                out.push_str("\\u00");
                out.push(DIGITS[code >> 4 & 15]);
                out.push(DIGITS[code & 15]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes a list of values, each by `one`.
pub(super) fn list<T>(
    out: &mut String,
    values: impl IntoIterator<Item = T>,
    mut one: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(out, value);
    }
    out.push(']');
}

/// Whether a text is a number as JSON writes it (RFC 8259 section 6).
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let text = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with('0')) {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(power) = rest.strip_prefix(['e', 'E']) {
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        let count = digits(power);
        return count > 0 && count == power.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_json_reads_them() {
        for text in ["", "a", "\"\\/\n\u{1}\u{1f}", "é\u{7f}\u{2028}😀"] {
            let mut out = String::new();
            quote(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).expect(text), text);
        }
        let mut out = String::new();
        list(&mut out, ["a", "b"], quote);
        assert_eq!(out, r#"["a","b"]"#);
    }

    #[test]
    fn numbers_are_those_of_json() {
        for text in ["0", "-0", "17", "1.5", "-1e9", "1E+2", "10.25e-3", "9223372036854775808"] {
            assert!(
                is_number(text) && serde_json::from_str::<serde_json::Value>(text).is_ok(),
                "{text}"
            );
        }
        for text in ["", "-", "007", "+1", "1.", ".5", "1e", "0x1", "NaN", "1 ", " 1", "1_000", "١"]
        {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn escapes_are_undone_once() {
        assert_eq!(decoded("a%20b+c%2b%zz%", false).as_deref(), Some("a b+c+%zz%"));
        assert_eq!(decoded("a+b%2B", true).as_deref(), Some("a b+"));
        assert_eq!(decoded("%ff", false), None);
    }
}
