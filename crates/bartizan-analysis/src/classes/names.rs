//! Field names as context: split into words, compared word by word, never as parts of words.
//!
//! `customerEmail`, `customer_email`, `customer-email` and `{"customer": {"email": …}}` all give
//! the words `customer email`. Words are lower case, ASCII folded where the letter has a plain form,
//! and in singular (`emails` → `email`).

use std::cell::OnceCell;

use bartizan_model::Root;
use bartizan_protocols::{NodeId, NodeRef};

use super::{
    headers,
    phrases::{Phrase, PhraseHash, Phrases},
    words::{MAX_WORDS, Words},
};

/// Longest phrase in words.
pub(super) const MAX_PHRASE_WORDS: usize = 4;

/// A field name and the one above it.
pub struct FieldName<'a> {
    /// The key above; empty when there is none.
    parent: &'a str,
    /// The key itself.
    own: &'a str,
    /// The words of both, split when they are asked for.
    words: OnceCell<Words>,
}

impl<'a> FieldName<'a> {
    /// A name below another.
    pub(super) const fn new(parent: &'a str, own: &'a str) -> Self {
        Self { parent, own, words: OnceCell::new() }
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| {
            let mut words = Words::new();
            words.split(self.parent);
            words.split(self.own);
            words
        })
    }

    /// The words, separated by single spaces, the parent's first: `billing card number`.
    pub(super) fn text(&self) -> &str {
        self.words().text()
    }

    /// The key above and the key itself.
    pub(super) const fn keys(&self) -> (&'a str, &'a str) {
        (self.parent, self.own)
    }

    /// What the name says about built-in classes.
    pub(super) fn context(&self) -> NameContext {
        self.context_in(Phrases::all())
    }

    /// What the name says, as far as the table knows.
    pub(super) fn context_in(&self, table: &Phrases) -> NameContext {
        // An id in a path stands for no name.
        if self.parent.is_empty() && self.own.bytes().all(|b| b.is_ascii_digit()) {
            return NameContext::NONE;
        }
        let mut words = Words::new();
        words.split(self.parent);
        let own_from = words.count();
        words.split(self.own);
        let is_protocol = headers::is_of_protocol(self.own);
        NameContext { is_protocol, ..NameContext::of(&words, own_from, table) }
    }
}

/// Names of nodes in document order: what stands above is looked up once for neighbours.
#[derive(Default)]
pub(super) struct Siblings<'a> {
    /// The last segment of the path.
    segment: &'a str,
    parent: Option<NodeId>,
    /// The nearest key above, and the next one.
    above: [&'a str; 2],
}

impl<'a> Siblings<'a> {
    /// The name that gives a value its context: the nearest key on the way up, its own included,
    /// with the next one above as its parent. A path segment gets it from the segment before it:
    /// `/users/{email}`.
    pub(super) fn name_of(&mut self, node: &NodeRef<'a>) -> FieldName<'a> {
        if node.root() == Root::Path && node.depth() == 1 {
            return FieldName::new("", std::mem::replace(&mut self.segment, node.raw()));
        }
        let parent = node.parent();
        let id = parent.map(|parent| parent.id());
        if id.is_none() || id != self.parent {
            let mut keys = std::iter::successors(parent, NodeRef::parent)
                .map(|node| node.key())
                .filter(|key| !key.is_empty());
            self.above = [keys.next().unwrap_or(""), keys.next().unwrap_or("")];
            self.parent = id;
        }
        let [nearest, next] = self.above;
        match node.key() {
            "" => FieldName::new(next, nearest),
            own => FieldName::new(nearest, own),
        }
    }
}

/// What a field name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameContext {
    /// Bit `i`: a phrase of the item at that position of the priority order fits.
    pub(super) mask: u64,
    /// Whether the last word says that the value is an identifier, time, count, digest or version.
    pub(super) is_identifier: bool,
    /// Whether a header field of that name belongs to the protocol itself.
    pub(super) is_protocol: bool,
}

impl NameContext {
    /// Of a name that says nothing.
    pub(super) const NONE: Self = Self { mask: 0, is_identifier: false, is_protocol: false };

    /// The words before `own_from` are the parent's.
    fn of(words: &Words, own_from: usize, table: &Phrases) -> Self {
        let count = words.count();
        let mut hashes = [PhraseHash::of(b""); MAX_WORDS];
        let mut single: [Option<&Phrase>; MAX_WORDS] = [None; MAX_WORDS];
        for (i, (hash, phrase)) in hashes.iter_mut().zip(&mut single).take(count).enumerate() {
            let word = words.phrase(i, i + 1);
            *hash = PhraseHash::of(word);
            *phrase = table.get(*hash, word);
        }
        let is_number = |i: usize| words.phrase(i, i + 1).iter().all(u8::is_ascii_digit);
        let is_neutral = |i: usize| {
            single.get(i).copied().flatten().is_some_and(|phrase| phrase.is_neutral) || is_number(i)
        };
        // Where the name ends: as it stands, and with each neutral word at its end stripped: `card
        // number`, then `card`.
        let least_end =
            (1..count).rev().find(|end| !is_neutral(*end)).map_or(count.min(1), |i| i + 1);
        let last = (0..count).rev().find(|i| !is_neutral(*i));
        let mut context = Self {
            is_identifier: last
                .and_then(|i| single.get(i).copied().flatten())
                .is_some_and(|phrase| phrase.is_identifier),
            ..Self::NONE
        };
        for start in 0..count {
            let mut hash = hashes[start];
            for end in start + 1..=count.min(start + MAX_PHRASE_WORDS) {
                let found = if end == start + 1 {
                    single[start]
                } else {
                    hash = hash.then(hashes[end - 1]);
                    table.get(hash, words.phrase(start, end))
                };
                let Some(phrase) = found else { continue };
                if end >= least_end {
                    context.mask |= phrase.at_end;
                }
                // The parent's name alone says nothing about this field.
                if end > own_from {
                    context.mask |= phrase.anywhere;
                }
            }
        }
        context
    }
}

/// Whether `phrase` stands in `name` as whole words.
pub(super) fn contains_phrase(name: &str, phrase: &str) -> bool {
    let (mut rest, phrase) = (name.as_bytes(), phrase.as_bytes());
    loop {
        if let Some(behind) = rest.strip_prefix(phrase)
            && behind.first().is_none_or(|b| *b == b' ')
        {
            return true;
        }
        let Some(space) = rest.iter().position(|b| *b == b' ') else { return false };
        rest = rest.get(space + 1..).unwrap_or_default();
    }
}

/// Words between the name and its value in a sentence: `my phone number is …`.
const FILLERS: &[&str] = &[
    "is", "are", "was", "at", "on", "to", "for", "of", "with", "by", "the", "a", "an", "my",
    "your", "his", "her", "our", "this", "me", "us", "i", "it", "please", "ist", "es", "est",
    "und", "and",
];

/// The name that the words of a sentence before position `at` give, up to `reach` bytes back.
pub(super) fn words_before(text: &str, at: usize, reach: usize) -> FieldName<'_> {
    let from = text.ceil_char_boundary(at.saturating_sub(reach));
    // The line or sentence at hand: words before a full stop or another value belong elsewhere.
    let before = text.get(from..at).unwrap_or("");
    let before = before.rsplit(['.', '?', '!', ';', ',']).next().unwrap_or("");
    let in_word = |c: char| c.is_alphanumeric() || "'-_".contains(c);
    let words = before.rsplit(|c: char| !in_word(c)).filter(|word| !word.is_empty());
    let mut phrase = None;
    for word in words.skip_while(|word| is_filler(word)).take(MAX_PHRASE_WORDS) {
        let start = word.as_ptr() as usize - before.as_ptr() as usize;
        let (_, end) = phrase.unwrap_or((start, start + word.len()));
        phrase = Some((start, end));
    }
    FieldName::new("", phrase.and_then(|(start, end)| before.get(start..end)).unwrap_or(""))
}

fn is_filler(word: &str) -> bool {
    FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(word))
}

/// Whether a phrase is written the way names are split, so that it can fit one at all.
#[cfg(test)]
pub(super) fn is_plain(phrase: &str) -> bool {
    Words::of(phrase).text() == phrase
}

/// Whether the name is one of `phrases` or ends with one.
pub(super) fn is_named(own: &str, phrases: &[&str]) -> bool {
    let words = Words::of(own);
    let name = words.text();
    phrases.iter().any(|p| name.strip_suffix(p).is_some_and(|r| r.is_empty() || r.ends_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(parent: &str, own: &str) -> String {
        FieldName::new(parent, own).text().to_owned()
    }

    fn context(name: &str) -> NameContext {
        FieldName::new("", name).context()
    }

    #[test]
    fn names_split_into_words() {
        for (name, expected) in [
            ("customerEmail", "customer email"),
            ("email_address", "email address"),
            ("e-mail", "e mail"),
            ("userIPAddress", "user ip address"),
            ("SSN", "ssn"),
            ("addressLine1", "address line 1"),
            ("Adresses", "adress"),
            ("phoneNumbers", "phone number"),
            ("Straße", "strasse"),
            ("Contraseña", "contrasena"),
            ("", ""),
        ] {
            assert_eq!(words("", name), expected, "{name}");
        }
        assert_eq!(words("customers", "name"), "customer name");
    }

    #[test]
    fn parts_of_words_do_not_count() {
        for name in ["shipping", "engender", "compass", "bypass_cache", "membership", "spin"] {
            assert_eq!(context(name).mask, 0, "{name}");
        }
        assert!(contains_phrase("customer card number", "card number"));
        assert!(contains_phrase("customer card number", "customer"));
        assert!(!contains_phrase("discard number", "card number"));
        assert!(!contains_phrase("card numbers", "card number"));
        assert!(!contains_phrase("", "card"));
    }

    #[test]
    fn identifiers_are_told_by_the_last_word() {
        assert!(context("orderId").is_identifier);
        assert!(context("created_at_timestamp").is_identifier);
        assert!(context("orderIdValue2").is_identifier);
        assert!(!context("idCard").is_identifier);
    }

    #[test]
    fn neutral_words_at_the_end_are_passed_over() {
        let named = |parent, own| FieldName::new(parent, own).context().mask != 0;
        assert!(named("", "passwordConfirmation2") && named("dob", "value"));
        assert!(!named("", "password_reset") && !named("dob", "offer"));
        assert!(!named("email", "verified"), "a parent's name alone says nothing");
    }

    #[test]
    fn words_of_a_sentence_before_a_value_name_it() {
        let before = |text: &str| words_before(text, text.len(), 40).text().to_owned();
        assert_eq!(before("my NHS number is "), "my nhs number");
        assert_eq!(before("As agreed. Please ring (phone): "), "please ring phone");
        assert_eq!(before("one two three four five six "), "three four five six");
        assert_eq!(before("it is "), "");
        assert_eq!(before("é".repeat(40).as_str()), "e".repeat(20));
    }

    #[test]
    fn names_of_any_length_are_bounded() {
        let long = "aB".repeat(10_000);
        assert!(words(&long, &"é".repeat(5_000)).len() <= 96);
        assert_eq!(words(&"x".repeat(96), "short"), "short");
        assert_eq!(words(&"x".repeat(95), "short"), "x".repeat(95));
        assert_eq!(words("", &format!("{}sses", "x".repeat(93))), format!("{}ss", "x".repeat(93)));
    }
}
