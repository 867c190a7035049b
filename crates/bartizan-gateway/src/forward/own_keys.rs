//! Own API keys are kept nowhere: not when a policy looked at them, and not when none did.

use bartizan_model::api_key::PREFIX;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// What stands in the place of a key that nobody verified.
pub(crate) const HIDDEN: &str = "own key";

/// Base64 as lenient servers read it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// User and password, with a colon between, of a `Basic` credential (RFC 7617 §2), with any white space
/// behind the scheme, as lenient servers take it. `None` for any other value.
pub(crate) fn basic(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii_start();
    let (scheme, encoded) = value.split_at(value.iter().position(u8::is_ascii_whitespace)?);
    let is_basic = scheme.eq_ignore_ascii_case(b"basic");
    is_basic.then(|| BASE64.decode(encoded.trim_ascii()).ok())?
}

/// A text without what begins as keys of ours do, at the beginning of a word and in any case of
/// letters; `shown` stands in its place. A `Basic` credential with one in it is hidden as a whole.
pub(crate) fn hide(text: String, shown: &str) -> String {
    if basic(text.as_bytes()).is_some_and(|pair| find(&pair).is_some()) {
        return format!("Basic {shown}");
    }
    if find(text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = find(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push_str(shown);
        let behind = &rest[at..];
        let end = behind.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_');
        rest = &behind[end.unwrap_or(behind.len())..];
    }
    out.push_str(rest);
    out
}

fn find(bytes: &[u8]) -> Option<usize> {
    let mut places = memchr::memchr2_iter(b'b', b'B', bytes);
    places.find(|&at| {
        let is_word = at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || is_escape(&bytes[..at]);
        let start = bytes.get(at..at + PREFIX.len());
        is_word && start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
    })
}

/// Whether a text ends with a character that is percent-encoded: `Bearer%20`, `%22`.
fn is_escape(text: &[u8]) -> bool {
    matches!(text, [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        for (text, expected) in [
            ("btz_abc123", "own key"),
            ("Bearer BTZ_abc", "Bearer own key"),
            ("a=1; k=btz_1; b=btz_2;", "a=1; k=own key; b=own key;"),
            ("/x?key=btz_1&y", "/x?key=own key&y"),
            ("btz_", "own key"),
            ("abtz_1", "abtz_1"),
            ("btz-1", "btz-1"),
            ("bé btz_é", "bé own keyé"),
            ("/x?a=Bearer%20btz_1&b", "/x?a=Bearer%20own key&b"),
            ("t=%7B%22k%22%3A%22btz_1%22%7D", "t=%7B%22k%22%3A%22own key%22%7D"),
            ("a%2btz_1%zzbtz_1%", "a%2btz_1%zzbtz_1%"),
            ("", ""),
            ("Basic YnR6XzE6", "Basic own key"),
            ("bASIC  YWxpY2U6YnR6XzE", "Basic own key"),
            ("Basic\tYWxpY2U6YnR6XzE", "Basic own key"),
            (" Basic\t YWxpY2U6YnR6XzE=", "Basic own key"),
            ("Basic YWxpY2U6c2VjcmV0", "Basic YWxpY2U6c2VjcmV0"),
            ("Basic btz_1", "Basic own key"),
            ("Basic", "Basic"),
        ] {
            assert_eq!(hide(text.to_owned(), HIDDEN), expected, "{text}");
        }
    }
}
