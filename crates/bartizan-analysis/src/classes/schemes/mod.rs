//! Numbering schemes of states and tax offices: form and check digit of each.

mod americas;
mod asia_pacific;
mod europe;
mod europe_tax;
mod nordic_baltic;

/// What a scheme numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// People.
    People,
    /// Tax payers, companies above all.
    TaxPayers,
    /// Patients and the insured.
    Patients,
}

/// One numbering scheme.
pub(super) struct Scheme {
    /// What it numbers.
    pub(super) numbers: Numbers,
    /// Names by which fields call it, as phrases of lower-case words.
    pub(super) names: &'static [&'static str],
    /// Form and check digit of the compact form: upper case, separators removed.
    pub(super) check: fn(&str) -> bool,
    /// Whether the text as written is so special that, with its check, no name is needed.
    pub(super) special: fn(&str) -> bool,
}

/// A scheme that always needs a field name.
pub(super) fn never(_: &str) -> bool {
    false
}

/// All schemes.
pub(super) fn all() -> impl Iterator<Item = &'static Scheme> {
    [
        europe::SCHEMES,
        nordic_baltic::SCHEMES,
        europe_tax::SCHEMES,
        americas::SCHEMES,
        asia_pacific::SCHEMES,
    ]
    .into_iter()
    .flatten()
}

/// Field names of all schemes that number `numbers`.
pub(super) fn names(numbers: Numbers) -> impl Iterator<Item = &'static str> {
    all().filter(move |scheme| scheme.numbers == numbers).flat_map(|s| s.names.iter().copied())
}

/// Longest number of any scheme, compact.
const MAX_COMPACT: usize = 20;

/// The text without separators, upper case; `None` when it is too long, too short or holds anything
/// but ASCII letters, digits and separators.
pub(super) fn compact(text: &str) -> Option<String> {
    let mut out = String::with_capacity(MAX_COMPACT);
    for ch in text.chars() {
        match ch {
            '0'..='9' | 'a'..='z' | 'A'..='Z' if out.len() < MAX_COMPACT => {
                out.push(ch.to_ascii_uppercase());
            }
            ' ' | '-' | '.' | '/' | ',' | '+' | '\u{a0}' | '\u{2010}'..='\u{2015}' => {}
            _ => return None,
        }
    }
    (out.len() >= 7).then_some(out)
}

/// Whether `text` has that form: `9` a digit, `A` an upper-case letter, `*` a letter or digit,
/// anything else itself.
pub(super) fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(b, f)| match f {
            b'9' => b.is_ascii_digit(),
            b'A' => b.is_ascii_uppercase(),
            b'*' => b.is_ascii_digit() || b.is_ascii_uppercase(),
            literal => b == literal,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_removes_separators_only() {
        assert_eq!(compact("72. abc.325 /08DE–35").as_deref(), Some("72ABC32508DE35"));
        assert_eq!(compact("12:34:56:78"), None);
        assert_eq!(compact("123"), None);
        assert_eq!(compact(&"1".repeat(21)), None);
    }

    #[test]
    fn names_are_phrases_of_lower_case_words() {
        for phrase in all().flat_map(|scheme| scheme.names) {
            assert!(!phrase.is_empty() && phrase.trim() == *phrase, "{phrase}");
            assert!(
                crate::classes::names::is_plain(phrase),
                "{phrase} is not written as names are split"
            );
        }
    }

    #[test]
    fn no_scheme_panics_on_any_compact_text() {
        let texts = ["", "0", "É", "AAAAAAAAAAAAAAAAAAAA", "00000000000000000000", "Z9Z9Z9Z9Z9Z"];
        for scheme in all() {
            for text in texts {
                for end in text.char_indices().map(|(i, _)| i).chain([text.len()]) {
                    let _ = (scheme.check)(&text[..end]) | (scheme.special)(&text[..end]);
                }
            }
        }
    }
}
