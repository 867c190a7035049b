//! What answers look like: the fields that they have.
//!
//! Values of one parameter are answered by one handler, and so with much the same fields; fixed text
//! beside them (`/users/search`) is answered by another. Fields are compared, never their contents.

use serde::{Deserialize, Serialize};

use super::{leaf::LeafId, tree::hash};

/// Most fields that a shape is told from.
const MOST_FIELDS: usize = 16;
/// Share of common fields from which on answers are alike: room for fields that are not always there.
const LIKE: f64 = 0.5;
/// Share of common fields below which answers differ. Unrelated answers of 16 fields have one bit in
/// sixteen in common by chance, and two of two fields may have one of three.
const UNLIKE: f64 = 0.35;
/// Most words that are watched per endpoint because of what they are answered with.
const MAX_ODD: usize = 8;
/// Answers from which on a word that is watched is learned by itself.
const OWN_LEAF: u32 = ENOUGH / 2;
/// Most words of an endpoint that ever are.
const MAX_OWN_LEAVES: u8 = 3;
/// Most leaves of one word: of as many endpoints that turned out to be one. What further ones learned of it stays
/// with the parameter.
const MAX_LEAVES_OF_WORD: usize = 4_096;
/// Longest word that is watched, in bytes.
const MAX_ODD_WORD: usize = 64;
/// Answers after which what they look like is beyond doubt.
pub(crate) const ENOUGH: u32 = 8;
/// Share of the answers that are watched which may look otherwise: one in so many.
const STEADY: u32 = 10;
/// Most words answered alike, and otherwise than the rest: more are a variety of values.
pub(crate) const MOST_ALIKE: usize = 3;

/// Which fields an answer has: up to 16 of them, those with the smallest hashes, as bits of 128.
/// Without any it is not known, and neither like nor unlike another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(u128);

impl Shape {
    /// From hashes of the places of fields, in ascending order and each once.
    #[must_use]
    pub fn of(hashes: &[u64]) -> Self {
        let sample = hashes.iter().take(MOST_FIELDS);
        // Small hashes were chosen, so that their upper bits tell nothing.
        Self(sample.fold(0, |bits, hash| bits | 1 << (hash & 127)))
    }

    /// Whether there was a field.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 != 0
    }

    /// How many fields, at least.
    pub(crate) const fn fields(self) -> u32 {
        self.0.count_ones()
    }

    fn common(self, other: Self) -> Option<f64> {
        let all = (self.0 | other.0).count_ones();
        let both = (self.0 & other.0).count_ones();
        (self.is_known() && other.is_known()).then(|| f64::from(both) / f64::from(all))
    }

    pub(crate) fn is_like(self, other: Self) -> bool {
        self.common(other).is_some_and(|share| share >= LIKE)
    }

    pub(crate) fn is_unlike(self, other: Self) -> bool {
        self.common(other).is_some_and(|share| share < UNLIKE)
    }
}

/// What the answers of one endpoint look like: the two most frequent shapes, and the words that are
/// answered otherwise than the rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Shapes {
    /// The most frequent first; one without answers is no shape.
    shapes: [Shape; 2],
    answers: [u32; 2],
    others: u32,
    odd: Option<Box<OddWords>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OddWords {
    words: Vec<Odd>,
    /// Words that were learned by themselves, those of before included.
    leaves: u8,
}

/// A word at the place of a value that is answered otherwise than the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Odd {
    /// Its hash.
    word: u64,
    /// The word itself while its answers are those of fixed text, from the request that showed it: anything else may
    /// be a name that somebody has.
    text: Option<String>,
    pub(crate) shape: Shape,
    /// Answers of that shape, at least.
    pub(crate) answers: u32,
    /// Answers of another.
    otherwise: u32,
    /// Where it is learned by itself, as a part of the endpoint until it is split off: one leaf for each of the
    /// endpoints that became this one, the first for what is asked from now on.
    pub(crate) leaves: Vec<LeafId>,
}

impl Odd {
    /// Whether it is answered as fixed text is: often, and nearly always alike.
    const fn is_steady(&self) -> bool {
        self.answers >= ENOUGH && self.answers >= self.otherwise.saturating_mul(STEADY)
    }

    /// Keeps the word as long as it may be shown.
    fn keep_text(&mut self, word: Option<&str>) {
        if !self.is_steady() {
            self.text = None;
        } else if self.text.is_none() {
            self.text = word.map(str::to_owned);
        }
    }

    /// Takes in leaves that learned of it elsewhere.
    fn add_leaves(&mut self, leaves: &[LeafId]) {
        for leaf in leaves {
            if self.leaves.len() < MAX_LEAVES_OF_WORD && !self.leaves.contains(leaf) {
                self.leaves.push(*leaf);
            }
        }
    }
}

impl Shapes {
    /// Takes note of an answer.
    pub(crate) fn add(&mut self, shape: Shape, answers: u32) {
        if !shape.is_known() || answers == 0 {
            return;
        }
        let slots = self.shapes.iter().zip(&mut self.answers);
        if let Some((_, n)) = slots.into_iter().find(|(s, n)| **n > 0 && s.is_like(shape)) {
            *n = n.saturating_add(answers);
        } else if self.others >= self.answers[1] {
            // Nothing there, or less than what has no place.
            self.others = self.others.saturating_add(self.answers[1]);
            (self.shapes[1], self.answers[1]) = (shape, answers);
        } else {
            self.others = self.others.saturating_add(answers);
        }
        if self.answers[1] > self.answers[0] {
            self.shapes.swap(0, 1);
            self.answers.swap(0, 1);
        }
    }

    /// The most frequent shape, and how many answers had it.
    pub(crate) fn usual(&self) -> Option<(Shape, u32)> {
        (self.answers[0] > 0).then_some((self.shapes[0], self.answers[0]))
    }

    /// Answers whose shape is known.
    pub(crate) fn total(&self) -> u32 {
        self.answers.iter().fold(self.others, |sum, n| sum.saturating_add(*n))
    }

    /// Whether it matters which word was answered so.
    pub(crate) fn is_watched(&self, shape: Shape) -> bool {
        self.odd.is_some() || self.usual().is_some_and(|(usual, _)| shape.is_unlike(usual))
    }

    /// Takes note of the word that was answered, before the answer itself is [added](Self::add).
    pub(crate) fn note(&mut self, word: &str, shape: Shape, answers: u32) {
        if word.len() <= MAX_ODD_WORD {
            self.note_hash(hash(word), Some(word), shape, answers);
        }
    }

    /// As [`note`](Self::note); `text`: the word, where it is known.
    fn note_hash(&mut self, word: u64, text: Option<&str>, shape: Shape, answers: u32) {
        if !self.is_watched(shape) {
            return;
        }
        let is_odd = self.usual().is_some_and(|(usual, _)| shape.is_unlike(usual));
        let words = &mut self.odd.get_or_insert_default().words;
        if let Some(odd) = words.iter_mut().find(|odd| odd.word == word) {
            let alike = odd.shape.is_like(shape);
            let count = if alike { &mut odd.answers } else { &mut odd.otherwise };
            *count = count.saturating_add(answers);
            odd.keep_text(text);
        } else if is_odd && words.len() < MAX_ODD {
            let leaves = Vec::new();
            let mut odd = Odd { word, text: None, shape, answers, otherwise: 0, leaves };
            odd.keep_text(text);
            words.push(odd);
        } else if is_odd {
            // Frequent items: Misra and Gries 1982.
            for odd in words.iter_mut() {
                odd.answers = odd.answers.saturating_sub(answers);
                odd.keep_text(None);
            }
            words.retain(|odd| odd.answers > 0);
        }
        if words.is_empty() {
            self.odd = None;
        }
    }

    /// Whether some words are watched.
    pub(crate) const fn has_odd(&self) -> bool {
        self.odd.is_some()
    }

    /// The leaf at which a word is learned by itself.
    pub(crate) fn leaf_of(&self, word: &str) -> Option<LeafId> {
        self.watched(hash(word))?.leaves.first().copied()
    }

    /// Whether it is time to learn a word by itself.
    pub(crate) fn is_due(&self, word: &str) -> bool {
        let has_room = self.odd.as_ref().is_some_and(|odd| odd.leaves < MAX_OWN_LEAVES);
        let due = |odd: &Odd| odd.leaves.is_empty() && odd.answers >= OWN_LEAF;
        has_room && self.watched(hash(word)).is_some_and(due)
    }

    /// Where a word is learned by itself from now on.
    pub(crate) fn set_leaf(&mut self, word: &str, leaf: LeafId) {
        if self.is_due(word) {
            self.add_leaves(hash(word), &[leaf]);
        }
    }

    fn add_leaves(&mut self, word: u64, leaves: &[LeafId]) {
        let Some(watched) = &mut self.odd else { return };
        let Some(odd) = watched.words.iter_mut().find(|odd| odd.word == word) else { return };
        if odd.leaves.is_empty() && !leaves.is_empty() {
            watched.leaves = watched.leaves.saturating_add(1);
        }
        odd.add_leaves(leaves);
    }

    fn watched(&self, word: u64) -> Option<&Odd> {
        self.odd.as_ref()?.words.iter().find(|odd| odd.word == word)
    }

    /// Forgets the words that are watched: whoever took this in watches them now.
    pub(crate) fn give_up_words(&mut self) {
        self.odd = None;
    }

    /// Names leaves by what they are called elsewhere.
    pub(crate) fn rename(&mut self, name: impl Fn(LeafId) -> LeafId) {
        for odd in self.odd.iter_mut().flat_map(|odd| &mut odd.words) {
            odd.leaves.iter_mut().for_each(|leaf| *leaf = name(*leaf));
        }
    }

    /// Takes in what another endpoint, which turned out to be the same, was answered with.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (shape, answers) in other.shapes.iter().zip(other.answers) {
            self.add(*shape, answers);
        }
        self.others = self.others.saturating_add(other.others);
        for odd in other.odd.iter().flat_map(|odd| &odd.words) {
            self.note_hash(odd.word, odd.text.as_deref(), odd.shape, odd.answers);
            let words = self.odd.iter_mut().flat_map(|odd| &mut odd.words);
            for known in words.filter(|known| known.word == odd.word) {
                known.otherwise = known.otherwise.saturating_add(odd.otherwise);
                known.keep_text(odd.text.as_deref());
            }
            self.add_leaves(odd.word, &odd.leaves);
        }
    }

    /// The words that turned out to be fixed text among `values` distinct values: each had
    /// [`ENOUGH`] answers that look alike and otherwise than the rest, which agrees (four in five),
    /// and is asked for four times as often as values are on average, or in one of ten requests. Each with its text:
    /// one whose answers came together from several endpoints is told once it is asked for again.
    pub(crate) fn constants(&self, values: u64) -> Vec<(String, Odd)> {
        let (Some((usual, agreeing)), Some(odd)) = (self.usual(), &self.odd) else {
            return Vec::new();
        };
        let total = u64::from(self.total());
        let found: Vec<&Odd> = odd
            .words
            .iter()
            .filter(|odd| {
                let answers = u64::from(odd.answers);
                odd.is_steady()
                    && odd.shape.is_unlike(usual)
                    && (answers.saturating_mul(values) >= 4 * total || answers * 10 >= total)
            })
            .collect();
        let varied = found
            .iter()
            .any(|a| found.iter().filter(|b| a.shape.is_like(b.shape)).count() > MOST_ALIKE);
        let rest = total.saturating_sub(found.iter().map(|odd| u64::from(odd.answers)).sum());
        let agree = agreeing >= ENOUGH && u64::from(agreeing) * 5 >= rest * 4;
        if varied || !agree || values < found.len() as u64 + 3 {
            return Vec::new();
        }
        found.into_iter().filter_map(|odd| Some((odd.text.clone()?, odd.clone()))).collect()
    }

    /// Forgets what a word was answered with that turned out to be fixed text.
    pub(crate) fn part(&mut self, odd: &Odd) {
        let slots = self.shapes.iter().zip(&mut self.answers);
        match slots.into_iter().find(|(shape, _)| shape.is_like(odd.shape)) {
            Some((_, n)) => *n = n.saturating_sub(odd.answers),
            None => self.others = self.others.saturating_sub(odd.answers),
        }
        if let Some(watched) = &mut self.odd {
            watched.words.retain(|other| other.word != odd.word);
        }
        if self.odd.as_ref().is_some_and(|odd| odd.words.is_empty()) {
            self.odd = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(names: &[&str]) -> Shape {
        let mut hashes: Vec<u64> = names.iter().map(|n| hash(n)).collect();
        hashes.sort_unstable();
        Shape::of(&hashes)
    }

    #[test]
    fn optional_fields_make_no_other_shape() {
        let user = shape(&["id", "name", "mail", "age"]);
        assert!(user.is_like(shape(&["id", "name", "mail", "age", "phone"])));
        assert!(user.is_like(shape(&["id", "name", "age"])));
        assert!(user.is_unlike(shape(&["results", "total"])));
        assert!(!user.is_like(Shape::default()) && !user.is_unlike(Shape::default()));
    }

    #[test]
    fn the_usual_shape_is_found_in_any_order() {
        let (user, list) = (shape(&["name", "age"]), shape(&["results", "total"]));
        for front in [user, list] {
            let mut shapes = Shapes::default();
            shapes.add(front, 5);
            for n in 0..100 {
                shapes.add(if n % 5 < 2 { list } else { user }, 1);
            }
            let extra = if front == user { 5 } else { 0 };
            assert_eq!(shapes.usual(), Some((user, 60 + extra)));
            assert_eq!(shapes.total(), 105);
        }
    }

    #[test]
    fn a_word_that_is_asked_for_and_answered_otherwise_is_fixed_text() {
        let (user, list) = (shape(&["name", "age"]), shape(&["results", "total"]));
        let seen = |odd: &[&str], times: u32| {
            let mut shapes = Shapes::default();
            for n in 0..100 {
                for word in std::iter::once(format!("user{n}")) {
                    shapes.note(&word, user, 1);
                    shapes.add(user, 1);
                }
                for word in odd.iter().filter(|_| n < times) {
                    shapes.note(word, list, 1);
                    shapes.add(list, 1);
                }
            }
            shapes
        };
        let words = |s: &Shapes| s.constants(100).into_iter().map(|o| o.0).collect::<Vec<_>>();
        let mut one = seen(&["find"], 20);
        assert_eq!(words(&one), ["find"]);
        assert!(words(&seen(&["find"], ENOUGH - 1)).is_empty(), "too few");
        assert!(words(&seen(&["ada", "bob", "cyd", "eve"], 20)).is_empty(), "a variety of values");
        one.part(&one.constants(100)[0].1);
        assert!(words(&one).is_empty() && one.odd.is_none());
        assert_eq!((one.usual(), one.total()), (Some((user, 100)), 100));
    }

    #[test]
    fn the_words_that_are_watched_are_few_and_the_frequent_one_stays() {
        let (user, list) = (shape(&["name", "age"]), shape(&["results", "total"]));
        let mut shapes = Shapes::default();
        shapes.add(user, 10);
        for n in 0..200 {
            shapes.note(&format!("word-{n}"), list, 1);
            shapes.note("find", list, 2);
        }
        let words = &shapes.odd.expect("watched").words;
        assert!(words.len() <= MAX_ODD);
        let find = |odd: &&Odd| odd.text.as_deref() == Some("find") && odd.answers > 100;
        assert!(words.iter().any(|odd| find(&odd)), "{words:?}");
    }

    #[test]
    fn the_text_of_a_word_is_kept_while_it_is_answered_as_fixed_text_is() {
        let (user, list) = (shape(&["name", "age"]), shape(&["results", "total"]));
        let asked = |times: u32| {
            let mut shapes = Shapes::default();
            shapes.add(user, 50);
            (0..times).for_each(|_| shapes.note("ada-lovelace", list, 1));
            shapes
        };
        let shown = |shapes: &Shapes| format!("{shapes:?}").contains("lovelace");
        assert!(!shown(&asked(ENOUGH - 1)));
        let mut often = asked(ENOUGH);
        assert!(shown(&often));
        (0..2).for_each(|_| often.note("ada-lovelace", user, 1));
        assert!(!shown(&often), "it is answered as values are, too");
        // Together it was answered often enough: the next request tells which word it is.
        let mut both = asked(ENOUGH / 2);
        both.absorb(&asked(ENOUGH / 2));
        assert!(!shown(&both) && both.constants(100).is_empty());
        both.note("ada-lovelace", list, 1);
        assert_eq!(both.constants(100)[0].0, "ada-lovelace");
    }
}
