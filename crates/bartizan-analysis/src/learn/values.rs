//! What the values of one place have in common: bounds, one form, a few words. Bounded: a place holds at
//! most [`MAX_WORDS`] words of [`MAX_WORD`] bytes and one form of [`MAX_FORM`].

use bartizan_model::{
    HashKey,
    endpoint::{Bounds, Span},
    redact,
};
use serde::{Deserialize, Serialize};

use super::{boxed::push, word::Word};

/// Most different words before a place is not one of a few.
pub const MAX_WORDS: usize = 16;
/// Longest word, in bytes.
const MAX_WORD: usize = 32;
/// Longest text that may have the form of the others, in bytes.
const MAX_FORM: usize = 48;
/// Fewest texts for each word, on average, before it is believed that there are no others.
const MIN_TEXTS_OF_WORD: u64 = 4;
/// Fewest texts of one form before it is told.
const MIN_TEXTS_OF_FORM: u64 = 20;

/// What was learned of the values of one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// Boxed, as most places have texts.
    numbers: Option<Box<Span<f64>>>,
    lengths: Range,
    items: Range,
    form: Form,
    words: Words,
}

/// From the least to the greatest count; from more to less when there was none yet. What is above 4,294,967,295
/// counts as that: bodies are shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Range(u32, u32);

impl Default for Range {
    fn default() -> Self {
        Self(u32::MAX, 0)
    }
}

impl Range {
    fn widen(&mut self, count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.join(Self(count, count));
    }

    fn join(&mut self, other: Self) {
        *self = Self(self.0.min(other.0), self.1.max(other.1));
    }

    fn span(self) -> Option<Span<u64>> {
        let Self(least, most) = self;
        (least <= most).then(|| Span { least: least.into(), most: most.into() })
    }
}

/// The form of all texts, see [`redact::shape`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Form {
    /// There was no text yet.
    #[default]
    None,
    One(Box<OneForm>),
    Several,
}

/// The form that all texts have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OneForm {
    shape: Box<str>,
    /// Keyed hash of the first text.
    first: u64,
    /// Whether there was another text: of a single one nobody knows which others there may be.
    varied: bool,
}

impl Form {
    fn add(&mut self, text: &str, key: &HashKey) {
        let hash = || key.hash("learned form", text.as_bytes()).first8();
        match self {
            Self::Several => {}
            Self::One(one) if redact::has_shape(text, &one.shape) => {
                one.varied = one.varied || one.first != hash();
            }
            Self::None if !text.is_empty() && text.len() <= MAX_FORM => {
                let shape = redact::shape(text).into();
                *self = Self::One(Box::new(OneForm { shape, first: hash(), varied: false }));
            }
            Self::None | Self::One(_) => *self = Self::Several,
        }
    }

    fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::None, _) => *self = other.clone(),
            (Self::One(mine), Self::One(theirs)) if mine.shape == theirs.shape => {
                mine.varied = mine.varied || theirs.varied || mine.first != theirs.first;
            }
            (Self::One(_), Self::One(_) | Self::Several) => *self = Self::Several,
            (Self::One(_), Self::None) | (Self::Several, _) => {}
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Words {
    Few(Box<[Word]>),
    Many,
}

impl Default for Words {
    fn default() -> Self {
        Self::Few(Box::default())
    }
}

/// A text with what it is kept by.
#[derive(Clone, Copy)]
struct Said<'t> {
    text: &'t str,
    /// Key of who said it or was told it, if that may count.
    caller: Option<u64>,
    key: &'t HashKey,
}

impl Said<'_> {
    fn count(self, word: &mut Word) {
        if let Some(caller) = self.caller {
            word.said_by(caller, self.text);
        }
    }
}

impl Values {
    pub(super) fn number(&mut self, number: f64) {
        if number.is_finite() {
            self.widen(Span { least: number, most: number });
        }
    }

    fn widen(&mut self, other: Span<f64>) {
        let mine = self.numbers.get_or_insert_with(|| Box::new(other));
        let mut joined = Some(**mine);
        Span::join(&mut joined, Some(other));
        **mine = joined.unwrap_or(other);
    }

    pub(super) fn array(&mut self, items: u64) {
        self.items.widen(items);
    }

    /// Learns from a text that has a format: no form and no words.
    pub(super) fn formatted(&mut self, text: &str) {
        self.lengths.widen(text.chars().count() as u64);
        self.form = Form::Several;
        self.words = Words::Many;
    }

    /// Forgets the words, for good: some class of data was seen here, so they are values of somebody.
    pub(super) fn forget_words(&mut self) {
        self.words = Words::Many;
    }

    /// Learns from a text; `caller` is the key of who said it or was told it, if that may count, and `key` the
    /// key of hashes of the organisation.
    pub(super) fn text(&mut self, text: &str, caller: Option<u64>, key: &HashKey) {
        self.lengths.widen(text.chars().count() as u64);
        self.form.add(text, key);
        self.words.add(Said { text, caller, key });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.numbers {
            self.widen(**theirs);
        }
        self.lengths.join(other.lengths);
        self.items.join(other.items);
        self.form.merge(&other.form);
        self.words.merge(&other.words);
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            number: self.numbers.as_deref().copied(),
            length: self.lengths.span(),
            items: self.items.span(),
        }
    }

    /// The words, in order, when it can be believed that these `texts` were all there are, and each was said
    /// by enough callers.
    #[must_use]
    pub fn words(&self, texts: u64) -> Vec<String> {
        let Words::Few(words) = &self.words else { return Vec::new() };
        if texts < MIN_TEXTS_OF_WORD * words.len() as u64 {
            return Vec::new();
        }
        let told: Option<Vec<_>> =
            words.iter().map(|word| word.text().map(str::to_owned)).collect();
        let mut out = told.unwrap_or_default();
        out.sort_unstable();
        out
    }

    /// The one form of all these `texts`, of which there are at least two different ones; `None` where it says
    /// nothing that the type does not say.
    #[must_use]
    pub fn form(&self, texts: u64) -> Option<&str> {
        let Form::One(one) = &self.form else { return None };
        let form = Some(&*one.shape).filter(|_| one.varied)?;
        let says_something = form.contains(|c: char| c == '9' || c.is_ascii_punctuation())
            && !form.contains(['?', 'x', '…']);
        (texts >= MIN_TEXTS_OF_FORM && says_something).then_some(form)
    }
}

impl Words {
    fn add(&mut self, said: Said<'_>) {
        let Self::Few(words) = self else { return };
        // Words that are told already need no hash, and soon they are all.
        let is_told = |word: &&mut Word| word.text() == Some(said.text);
        if words.iter_mut().find(is_told).is_some() {
            return;
        }
        if !is_word(said.text) {
            *self = Self::Many;
            return;
        }
        let hash = said.key.hash("learned word", said.text.as_bytes()).first8();
        if let Some(word) = words.iter_mut().find(|word| word.hash == hash) {
            said.count(word);
        } else if words.len() < MAX_WORDS {
            let mut word = Word::new(hash);
            said.count(&mut word);
            push(words, word);
        } else {
            *self = Self::Many;
        }
    }

    /// Joins. A word that only both together have enough callers for is told when it is said again.
    fn merge(&mut self, other: &Self) {
        let (Self::Few(words), Self::Few(theirs)) = (&mut *self, other) else {
            *self = Self::Many;
            return;
        };
        for other in theirs {
            let room = words.len() < MAX_WORDS;
            match words.iter_mut().find(|word| word.hash == other.hash) {
                Some(word) => word.join(other),
                None if room => push(words, other.clone()),
                None => {
                    *self = Self::Many;
                    return;
                }
            }
        }
    }
}

/// Whether text can be one of a few words: a name as programs have them, not a number, and with few digits, as
/// keys and ids have many.
fn is_word(text: &str) -> bool {
    let mut digits = 0;
    let is_part = |byte: u8| {
        digits += usize::from(byte.is_ascii_digit());
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'+')
    };
    text.len() <= MAX_WORD
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(is_part)
        && digits <= 3
}

/// A form as a regular expression (ECMA-262, as JSON Schema has them): runs of a class become counted, what is
/// no letter and no digit stands for itself.
#[must_use]
pub fn pattern_of(form: &str) -> String {
    let mut out = String::from("^");
    let mut rest = form.chars().peekable();
    while let Some(first) = rest.next() {
        let mut run = 1;
        while rest.next_if_eq(&first).is_some() {
            run += 1;
        }
        match first {
            '9' => out.push_str("[0-9]"),
            'a' => out.push_str("[a-z]"),
            'A' => out.push_str("[A-Z]"),
            // Other escapes are errors where patterns are read strictly (ECMA-262 §22.2.1, `u`).
            _ if r"^$\.*+?()[]{}|/".contains(first) => {
                out.push('\\');
                out.push(first);
            }
            _ => out.push(first),
        }
        if run > 1 {
            out.push_str(&format!("{{{run}}}"));
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: HashKey = HashKey::new([3; 32]);

    fn learned(texts: &[&str], rounds: u64) -> Values {
        let mut values = Values::default();
        for round in 0..rounds {
            texts.iter().for_each(|text| values.text(text, Some(round % 5), &KEY));
        }
        values
    }

    #[test]
    fn a_few_words_are_told_when_several_callers_said_each() {
        let words = ["open", "shipped", "in_transit"];
        assert_eq!(learned(&words, 10).words(30), ["in_transit", "open", "shipped"]);
        assert!(learned(&words, 3).words(9).is_empty(), "too few to believe that these are all");
        assert!(learned(&words, 2).words(30).is_empty(), "said by two callers");
        let mut values = learned(&words, 10);
        values.text("ada", Some(1), &KEY);
        assert!(values.words(31).is_empty(), "one of them was said by one caller alone");
        for other in ["7", "two words", "", "AKIA0123456789", &"a".repeat(MAX_WORD + 1)] {
            let mut values = learned(&words, 10);
            values.text(other, Some(1), &KEY);
            assert!(values.words(31).is_empty(), "{other}");
        }
        let many: Vec<String> =
            (0..=MAX_WORDS).map(|n| format!("w{}", char::from(b'a' + n as u8))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(learned(&many, 50).words(50 * many.len() as u64).is_empty());
    }

    #[test]
    fn a_word_is_kept_in_the_clear_only_once_enough_callers_said_it() {
        let mut values = Values::default();
        let kept = |values: &Values| serde_json::to_string(values).expect("serialises");
        for caller in [1, 2, 2, 1] {
            values.text("hunter", Some(caller), &KEY);
            values.text("hunter", None, &KEY);
            assert!(!kept(&values).contains("hunter"), "{}", kept(&values));
        }
        let mut other = Values::default();
        other.text("hunter", Some(3), &KEY);
        values.merge(&other);
        assert!(!kept(&values).contains("hunter"), "nobody said it since");
        values.text("hunter", Some(1), &KEY);
        assert!(kept(&values).contains("hunter"));
    }

    #[test]
    fn the_form_of_all_is_told_as_a_pattern() {
        let values = learned(&["ABC-00123", "XYZ-99999"], 10);
        assert_eq!(values.form(20).map(pattern_of).as_deref(), Some("^[A-Z]{3}-[0-9]{5}$"));
        assert_eq!(values.form(19), None);
        assert_eq!(learned(&["ABC-00123", "ABC-0012"], 10).form(20), None);
        assert_eq!(learned(&["ABC-00123"], 40).form(40), None, "one value is no form");
        let mut two = learned(&["ABC-00123"], 20);
        two.merge(&learned(&["XYZ-99999"], 20));
        assert_eq!(two.form(40), Some("AAA-99999"));
        assert_eq!(learned(&["open", "shut"], 10).form(20), None, "its length says that");
        assert_eq!(learned(&["é-1", "ä-2"], 10).form(20), None);
        assert_eq!(pattern_of("a.a*(9)$^"), r"^[a-z]\.[a-z]\*\([0-9]\)\$\^$");
    }

    #[test]
    fn bounds_hold_all_and_two_halves_are_the_whole() {
        let mut values = Values::default();
        for number in [3.5, -2.0, f64::NAN, f64::INFINITY, 7.0] {
            values.number(number);
        }
        values.array(0);
        values.array(4);
        values.text("ééé", None, &KEY);
        let bounds = values.bounds();
        assert_eq!(bounds.number, Some(Span { least: -2.0, most: 7.0 }));
        assert_eq!(bounds.items, Some(Span { least: 0, most: 4 }));
        assert_eq!(bounds.length, Some(Span { least: 3, most: 3 }));

        let texts = ["open", "shut", "AB-12", "open"];
        let (mut first, mut second, mut whole) = <(Values, Values, Values)>::default();
        for (index, text) in texts.iter().enumerate() {
            let half = if index < 2 { &mut first } else { &mut second };
            half.text(text, Some(index as u64), &KEY);
            whole.text(text, Some(index as u64), &KEY);
        }
        first.merge(&second);
        assert_eq!(first, whole);
        first.merge(&Values::default());
        assert_eq!(first, whole);
    }
}
