//! What answers look like: the fields that they have.
//!
//! Values of one parameter are answered by one handler, and so with much the same fields; fixed text
//! beside them (`/users/search`) is answered by another. Fields are compared, never their contents.

use serde::{Deserialize, Serialize};

use super::leaf::LeafId;

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
    pub(crate) word: String,
    pub(crate) shape: Shape,
    /// Answers of that shape, at least.
    pub(crate) answers: u32,
    /// Answers of another.
    otherwise: u32,
    /// Where it is learned by itself, as a part of the endpoint until it is split off.
    pub(crate) leaf: Option<LeafId>,
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
        if !self.is_watched(shape) || word.len() > MAX_ODD_WORD {
            return;
        }
        let is_odd = self.usual().is_some_and(|(usual, _)| shape.is_unlike(usual));
        let words = &mut self.odd.get_or_insert_default().words;
        if let Some(odd) = words.iter_mut().find(|odd| odd.word == word) {
            let alike = odd.shape.is_like(shape);
            let count = if alike { &mut odd.answers } else { &mut odd.otherwise };
            *count = count.saturating_add(answers);
        } else if is_odd && words.len() < MAX_ODD {
            words.push(Odd { word: word.to_owned(), shape, answers, otherwise: 0, leaf: None });
        } else if is_odd {
            // Frequent items: Misra and Gries 1982.
            words.iter_mut().for_each(|odd| odd.answers = odd.answers.saturating_sub(answers));
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
        let mut words = self.odd.iter().flat_map(|odd| &odd.words);
        words.find(|odd| odd.word == word)?.leaf
    }

    /// Whether it is time to learn a word by itself.
    pub(crate) fn is_due(&self, word: &str) -> bool {
        self.odd.as_ref().is_some_and(|odd| {
            let due = |odd: &Odd| odd.word == word && odd.leaf.is_none() && odd.answers >= OWN_LEAF;
            odd.leaves < MAX_OWN_LEAVES && odd.words.iter().any(due)
        })
    }

    /// Where a word is learned by itself from now on.
    pub(crate) fn set_leaf(&mut self, word: &str, leaf: LeafId) {
        if !self.is_due(word) {
            return;
        }
        if let Some(odd) = &mut self.odd {
            odd.leaves += 1;
            let found = odd.words.iter_mut().find(|odd| odd.word == word);
            found.into_iter().for_each(|odd| odd.leaf = Some(leaf));
        }
    }

    fn odd_word(&mut self, word: &str) -> Option<&mut Odd> {
        self.odd.as_mut()?.words.iter_mut().find(|odd| odd.word == word)
    }

    /// Forgets the words that are watched: whoever took this in watches them now.
    pub(crate) fn give_up_words(&mut self) {
        self.odd = None;
    }

    /// Names leaves by what they are called elsewhere.
    pub(crate) fn rename(&mut self, name: impl Fn(LeafId) -> LeafId) {
        for odd in self.odd.iter_mut().flat_map(|odd| &mut odd.words) {
            odd.leaf = odd.leaf.map(&name);
        }
    }

    /// Takes in what another endpoint, which turned out to be the same, was answered with.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (shape, answers) in other.shapes.iter().zip(other.answers) {
            self.add(*shape, answers);
        }
        self.others = self.others.saturating_add(other.others);
        for odd in other.odd.iter().flat_map(|odd| &odd.words) {
            self.note(&odd.word, odd.shape, odd.answers);
            if let Some(known) = self.odd_word(&odd.word) {
                known.otherwise = known.otherwise.saturating_add(odd.otherwise);
            }
            if let Some(leaf) = odd.leaf {
                self.set_leaf(&odd.word, leaf);
            }
        }
    }

    /// The words that turned out to be fixed text among `values` distinct values: each had
    /// [`ENOUGH`] answers that look alike and otherwise than the rest, which agrees (four in five),
    /// and is asked for four times as often as values are on average, or in one of ten requests.
    pub(crate) fn constants(&self, values: u64) -> Vec<Odd> {
        let (Some((usual, agreeing)), Some(odd)) = (self.usual(), &self.odd) else {
            return Vec::new();
        };
        let total = u64::from(self.total());
        let found: Vec<&Odd> = odd
            .words
            .iter()
            .filter(|odd| {
                let answers = u64::from(odd.answers);
                odd.answers >= ENOUGH
                    && odd.answers >= odd.otherwise.saturating_mul(STEADY)
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
        found.into_iter().cloned().collect()
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
        let mut hashes: Vec<u64> = names.iter().map(|n| super::super::tree::hash(n)).collect();
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
        let words = |s: &Shapes| s.constants(100).into_iter().map(|o| o.word).collect::<Vec<_>>();
        let mut one = seen(&["find"], 20);
        assert_eq!(words(&one), ["find"]);
        assert!(words(&seen(&["find"], ENOUGH - 1)).is_empty(), "too few");
        assert!(words(&seen(&["ada", "bob", "cyd", "eve"], 20)).is_empty(), "a variety of values");
        one.part(&one.constants(100)[0].clone());
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
        assert!(words.iter().any(|odd| odd.word == "find" && odd.answers > 100), "{words:?}");
    }
}
