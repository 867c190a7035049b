//! One of the few words of a place: a hash, until enough callers said it.

use serde::{Deserialize, Serialize};

/// Fewest distinct callers behind each word before the words are told. A word that one caller alone says may
/// be a name or a secret of theirs.
const MIN_WORD_CALLERS: usize = 3;

/// A word. There are up to [`MAX_WORDS`](super::values::MAX_WORDS) of them at each place, so it is kept small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(super) struct Word {
    /// Keyed hash, by which it is known while it may still be a value of somebody.
    pub(super) hash: u64,
    standing: Standing,
}

/// How far a word is known.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Who said it or was told it first.
    Said(Callers),
    /// Enough callers did: the word itself.
    Told(Box<str>),
}

/// The first distinct callers of a word, 0 for nobody. The last that it takes needs no key, as nobody is counted after.
/// Two whose keys begin alike count as one: too few is no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Callers([u32; MIN_WORD_CALLERS - 1]);

impl Callers {
    /// All that it takes: no two callers have one key.
    const ENOUGH: Self = Self([u32::MAX; MIN_WORD_CALLERS - 1]);

    fn add(&mut self, caller: u32) {
        let caller = caller.max(1);
        if *self == Self::ENOUGH || self.0.contains(&caller) {
            return;
        }
        match self.0.iter_mut().find(|key| **key == 0) {
            Some(free) => *free = caller,
            None => *self = Self::ENOUGH,
        }
    }

    /// Takes in those of another count.
    fn join(&mut self, other: Self) {
        if other == Self::ENOUGH {
            *self = other;
            return;
        }
        other.0.into_iter().filter(|key| *key != 0).for_each(|key| self.add(key));
    }
}

impl Word {
    /// A word that nobody said yet.
    pub(super) const fn new(hash: u64) -> Self {
        Self { hash, standing: Standing::Said(Callers([0; MIN_WORD_CALLERS - 1])) }
    }

    /// The word, once enough callers said it.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.standing {
            Standing::Said(_) => None,
            Standing::Told(text) => Some(text),
        }
    }

    /// Counts a caller by its key; the text is kept from the one on who makes enough of them.
    pub(super) fn said_by(&mut self, caller: u64, text: &str) {
        let Standing::Said(callers) = &mut self.standing else { return };
        // Half of a hash is as good a hash.
        callers.add((caller & u64::from(u32::MAX)) as u32);
        if *callers == Callers::ENOUGH {
            self.standing = Standing::Told(text.into());
        }
    }

    /// Takes in the same word of another place. One that only both together have enough callers for is told when
    /// it is said again.
    pub(super) fn join(&mut self, other: &Self) {
        match (&mut self.standing, &other.standing) {
            (Standing::Told(_), _) => {}
            (Standing::Said(_), Standing::Told(text)) => {
                self.standing = Standing::Told(text.clone())
            }
            (Standing::Said(callers), Standing::Said(theirs)) => callers.join(*theirs),
        }
    }
}

/// As it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    hash: u64,
    text: Option<Box<str>>,
    callers: SavedCallers,
}

#[derive(Serialize, Deserialize)]
struct SavedCallers {
    keys: [u32; MIN_WORD_CALLERS - 1],
    count: u8,
}

impl From<Word> for Saved {
    fn from(word: Word) -> Self {
        let enough = SavedCallers { keys: Callers::default().0, count: MIN_WORD_CALLERS as u8 };
        let (text, callers) = match word.standing {
            Standing::Told(text) => (Some(text), enough),
            Standing::Said(Callers::ENOUGH) => (None, enough),
            Standing::Said(Callers(keys)) => {
                let count = keys.iter().filter(|key| **key != 0).count() as u8;
                (None, SavedCallers { keys, count })
            }
        };
        Self { hash: word.hash, text, callers }
    }
}

impl From<Saved> for Word {
    fn from(saved: Saved) -> Self {
        let SavedCallers { keys, count } = saved.callers;
        let count = usize::from(count);
        let standing = match saved.text {
            Some(text) => Standing::Told(text),
            None if count >= MIN_WORD_CALLERS => Standing::Said(Callers::ENOUGH),
            None => {
                let mut callers = Callers::default();
                keys.into_iter().take(count).for_each(|key| callers.add(key));
                Standing::Said(callers)
            }
        };
        Self { hash: saved.hash, standing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(callers: &[u64]) -> Word {
        let mut word = Word::new(7);
        callers.iter().for_each(|caller| word.said_by(*caller, "open"));
        word
    }

    #[test]
    fn a_word_stays_small() {
        assert!(
            size_of::<Word>() <= 24,
            "{} bytes, for each word of each place",
            size_of::<Word>()
        );
    }

    #[test]
    fn three_callers_tell_it_and_two_halves_when_it_is_said_again() {
        assert_eq!(said(&[1, 2, 2, 1, 2 + (1 << 32)]).text(), None);
        assert_eq!(said(&[0, 2, u64::MAX]).text(), Some("open"));
        let mut word = said(&[1, 2]);
        word.join(&said(&[2]));
        word.said_by(1, "open");
        assert_eq!(word.text(), None);
        word.join(&said(&[3]));
        assert_eq!(word.text(), None, "nobody said it since");
        word.said_by(1, "open");
        assert_eq!(word.text(), Some("open"));
        let mut other = said(&[9]);
        other.join(&word);
        assert_eq!(other, word);
    }

    #[test]
    fn what_is_saved_is_what_is_read() {
        let mut both = said(&[1, 2]);
        both.join(&said(&[3]));
        for word in [said(&[]), said(&[5]), said(&[5, 6]), both, said(&[5, 6, 7])] {
            let bytes = postcard::to_stdvec(&word).expect("serialises");
            assert_eq!(postcard::from_bytes::<Word>(&bytes).as_ref(), Ok(&word));
        }
    }
}
