//! Words of names and paths.

/// Most characters of a text that are cut into words.
const MOST: usize = 512;

/// Runs of letters and digits, also cut before a capital behind a small letter:
/// `/v1/deleteUser/7` → `v1`, `delete`, `User`, `7`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let end = match text.len() {
        0..=MOST => text.len(),
        length => text.char_indices().nth(MOST).map_or(length, |(at, _)| at),
    };
    let mut rest = text.get(..end).unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|ch: char| !ch.is_alphanumeric());
        let mut after_small = false;
        let end = rest.find(|ch: char| {
            let border = !ch.is_alphanumeric() || (after_small && ch.is_uppercase());
            after_small = ch.is_lowercase();
            border
        });
        let (word, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        (!word.is_empty()).then_some(word)
    })
}

/// The entry of `list` (lower case) that `word` is in any case.
pub(crate) fn known(word: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().copied().find(|known| match word.is_ascii() {
        true => known.eq_ignore_ascii_case(word),
        false => word.chars().flat_map(char::to_lowercase).eq(known.chars()),
    })
}

/// Whether one of the words of `text` is in `list`.
pub(crate) fn has_one_of(text: &str, list: &[&'static str]) -> bool {
    words(text).any(|word| known(word, list).is_some())
}

/// Whether `text` contains `word` (lower case) in any case.
pub(crate) fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_into_words() {
        for (text, expected) in [
            ("/v1/deleteUser/7", &["v1", "delete", "User", "7"][..]),
            ("HTTPServer", &["HTTPServer"]),
            ("stack-Trace_a", &["stack", "Trace", "a"]),
            ("größeÄndern", &["größe", "Ändern"]),
            ("//", &[]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(words(&"a/".repeat(600)).count(), MOST / 2);
    }

    #[test]
    fn words_are_known_in_any_case() {
        assert_eq!(known("DELETE", &["create", "delete"]), Some("delete"));
        assert!(has_one_of("my.StackTrace", &["stack"]) && !has_one_of("stacked", &["stack"]));
        // The sign of kelvin is a small k in lower case.
        assert!(has_one_of("STAC\u{212a}", &["stack"]));
    }
}
