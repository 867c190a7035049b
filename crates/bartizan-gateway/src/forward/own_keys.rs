//! Own API keys are kept nowhere: not when a policy looked at them, and not when none did.

use bartizan_model::api_key::PREFIX;

/// What stands in the place of a key that nobody verified.
pub(crate) const HIDDEN: &str = "own key";

/// A text without what begins as keys of ours do, at the beginning of a word and in any case of
/// letters; `shown` stands in its place.
pub(crate) fn hide(text: String, shown: &str) -> String {
    if find(&text).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = find(rest) {
        out.push_str(&rest[..at]);
        out.push_str(shown);
        let behind = &rest[at..];
        let end = behind.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_');
        rest = &behind[end.unwrap_or(behind.len())..];
    }
    out.push_str(rest);
    out
}

fn find(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
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
        ] {
            assert_eq!(hide(text.to_owned(), HIDDEN), expected, "{text}");
        }
    }
}
