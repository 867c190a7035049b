//! Numbering schemes of states and tax offices: form and check digit of each.

mod americas;
mod asia_pacific;
mod europe;
mod europe_tax;
mod nordic_baltic;
mod own_names;

use std::sync::LazyLock;

use bartizan_model::DataClass;

use super::{Candidate, health_id, national_id, tax_id};

/// Years behind this one are not believed, neither of births nor of registrations: there is no clock here, as what is
/// recognised must not depend on the day.
const LATEST_YEAR: u32 = 2030;

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
    /// The class of its own, for schemes that have one.
    pub(super) class: Option<DataClass>,
    /// Form and check digit of the compact form: upper case, separators removed.
    pub(super) check: fn(&str) -> bool,
    /// Whether the check leaves few numbers, by a check digit, date or letters; otherwise a general
    /// name such as `company number` is not enough.
    pub(super) checked: bool,
    /// Whether the text as written, in upper case, is so special that, with its check, no name is
    /// needed; `None` for schemes that always need one.
    pub(super) special: Option<fn(&str) -> bool>,
}

impl Scheme {
    /// Whether the field name calls it by a name of its own, one that says nothing of other schemes.
    pub(super) fn is_named_by(&self, candidate: &Candidate<'_>) -> bool {
        let own = |phrase: &&&str| !is_general(phrase);
        self.names.iter().filter(own).any(|phrase| candidate.is_named(&[*phrase]))
    }
}

/// Whether a name says that some scheme is meant, but not which.
fn is_general(phrase: &str) -> bool {
    [national_id::CLASS.names, tax_id::CLASS.names, health_id::CLASS.names]
        .iter()
        .any(|names| names.contains(&phrase))
}

/// Whether the field name calls some scheme by its own name. What fails the check of that scheme is no
/// number of another one that happens to pass: `itin` holds no social security number.
pub(super) fn is_one_named(candidate: &Candidate<'_>) -> bool {
    all().any(|scheme| scheme.is_named_by(candidate))
}

/// All schemes.
fn all() -> impl Iterator<Item = &'static Scheme> {
    [
        europe::SCHEMES,
        nordic_baltic::SCHEMES,
        europe_tax::SCHEMES,
        americas::SCHEMES,
        asia_pacific::SCHEMES,
        own_names::SCHEMES,
    ]
    .into_iter()
    .flatten()
}

/// All schemes that number `numbers`.
pub(super) fn of(numbers: Numbers) -> impl Iterator<Item = &'static Scheme> {
    all().filter(move |scheme| scheme.numbers == numbers)
}

/// Those of them with a special form.
pub(super) fn special(numbers: Numbers) -> &'static [&'static Scheme] {
    type List = Vec<&'static Scheme>;
    static LISTS: LazyLock<[List; 3]> = LazyLock::new(|| {
        [Numbers::People, Numbers::TaxPayers, Numbers::Patients]
            .map(|numbers| of(numbers).filter(|scheme| scheme.special.is_some()).collect())
    });
    let [people, tax_payers, patients] = &*LISTS;
    match numbers {
        Numbers::People => people,
        Numbers::TaxPayers => tax_payers,
        Numbers::Patients => patients,
    }
}

/// Longest number of any scheme, compact.
const MAX_COMPACT: usize = 20;

/// A text without separators, upper case.
pub(super) struct Compact {
    bytes: [u8; MAX_COMPACT],
    len: usize,
}

impl Compact {
    /// `None` when the text is too long, too short or holds anything but ASCII letters, digits and
    /// separators.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut compact = Self { bytes: [0; MAX_COMPACT], len: 0 };
        for ch in text.chars() {
            match ch {
                '0'..='9' | 'a'..='z' | 'A'..='Z' => {
                    *compact.bytes.get_mut(compact.len)? = ch.to_ascii_uppercase() as u8;
                    compact.len += 1;
                }
                ' ' | '-' | '.' | '/' | ',' | '+' | '\u{a0}' | '\u{2010}'..='\u{2015}' => {}
                _ => return None,
            }
        }
        (compact.len >= 7).then_some(compact)
    }

    /// The compact text.
    pub(super) fn text(&self) -> &str {
        self.bytes.get(..self.len).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
    }
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
        let compact = Compact::of("72. abc.325 /08DE–35").expect("a number");
        assert_eq!(compact.text(), "72ABC32508DE35");
        assert!(Compact::of(&"1".repeat(20)).is_some());
        for text in ["12:34:56:78", "123", "", &"1".repeat(21)] {
            assert!(Compact::of(text).is_none(), "{text}");
        }
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

    /// Whether one of the schemes with that name takes the number.
    fn takes(name: &str, number: &str) -> bool {
        let mut named = all().filter(|scheme| scheme.names.contains(&name)).peekable();
        assert!(named.peek().is_some(), "{name}");
        named.any(|scheme| (scheme.check)(number))
    }

    /// What is not taken breaks a rule beside the check digit: a date, a range, a place, a kind.
    #[test]
    fn structure_counts_beside_the_check_digit() {
        for (name, number, taken) in [
            ("siret", "73282932000074", true),
            ("siret", "35600000000048", true),
            ("siret", "12345678900015", false),
            ("nir", "255081416802538", true),
            ("nir", "590109818691140", false),
            ("vat", "GB980780684", true),
            ("vat", "GBGD001", true),
            ("vat", "GBHA599", true),
            ("vat", "GBGD500", false),
            ("ust id", "136695976", true),
            ("ust id", "980780684", false),
            ("btw", "NL111222333B01", true),
            ("btw", "NL111222333B00", false),
            ("personas kod", "16117519997", true),
            ("personas kod", "16137519997", false),
            ("isikukood", "36805280109", true),
            ("isikukood", "93102151234", false),
            ("asmen kodas", "93102151234", true),
            ("cpr", "2110625629", true),
            ("cpr", "2110465629", false),
            ("cpr", "2113625629", false),
            ("uen", "197401143C", true),
            ("uen", "T01FC6132D", true),
            ("uen", "T01XX6132D", false),
            ("cif", "J99216582", true),
            ("cif", "A58818501", true),
            ("cif", "A5881850A", false),
            ("cif", "P5881850A", true),
            ("rfc", "GODE561231GR8", true),
            ("rfc", "GODE561231ZR8", false),
            ("cnp", "1630615123457", true),
            ("egn", "7523169263", true),
            ("egn", "7563169262", false),
            ("pesel", "44051401359", true),
        ] {
            assert_eq!(takes(name, number), taken, "{name} {number}");
        }
    }

    #[test]
    fn no_scheme_panics_on_any_compact_text() {
        let texts = ["", "0", "É", "AAAAAAAAAAAAAAAAAAAA", "00000000000000000000", "Z9Z9Z9Z9Z9Z"];
        for scheme in all() {
            for text in texts {
                for end in text.char_indices().map(|(i, _)| i).chain([text.len()]) {
                    let _ = (scheme.check)(&text[..end]);
                    let _ = scheme.special.is_some_and(|special| special(&text[..end]));
                }
            }
        }
    }
}
