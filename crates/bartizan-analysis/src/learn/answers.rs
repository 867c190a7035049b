//! Whether answers have the header fields that a specification says they have to have. Nothing else of their heads
//! is learned. Bounded, and merges.

use serde::{Deserialize, Serialize};

/// Most pairs of a status and a field per endpoint.
const MAX_ASKED: usize = 64;

/// How often answers of one status had a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderSeen {
    /// Status of the answers.
    pub status: u16,
    /// Name of the field, in lower case.
    pub name: String,
    /// Answers that had it.
    pub there: u64,
    /// Answers whose fields are known.
    pub of: u64,
}

/// Header fields that answers have to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers(Vec<HeaderSeen>);

impl Answers {
    /// Of what has no answers.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// Each pair of a status and a field, in the order in which they were first asked for.
    pub fn iter(&self) -> impl Iterator<Item = &HeaderSeen> {
        self.0.iter()
    }

    /// Counts an answer whose fields are known.
    pub fn learn(&mut self, status: u16, name: &str, is_there: bool) {
        self.add(status, name, u64::from(is_there), 1);
    }

    fn add(&mut self, status: u16, name: &str, there: u64, of: u64) {
        let is_it = |seen: &&mut HeaderSeen| seen.status == status && seen.name == name;
        if let Some(seen) = self.0.iter_mut().find(is_it) {
            (seen.there, seen.of) = (seen.there + there, seen.of + of);
        } else if self.0.len() < MAX_ASKED {
            self.0.reserve_exact(1);
            self.0.push(HeaderSeen { status, name: name.to_owned(), there, of });
        }
    }

    /// Takes in what was learned under another id of the same endpoint.
    pub(super) fn merge(&mut self, other: &Self) {
        for seen in &other.0 {
            self.add(seen.status, &seen.name, seen.there, seen.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_and_have_an_end() {
        let mut answers = Answers::default();
        answers.learn(200, "x-total", true);
        answers.learn(200, "x-total", false);
        answers.learn(201, "x-total", false);
        (0..100).for_each(|n| answers.learn(200, &format!("x-{n}"), true));
        let other = answers.clone();
        answers.merge(&other);
        let first: Vec<_> = answers.iter().take(2).map(|seen| (seen.there, seen.of)).collect();
        assert_eq!((first, answers.iter().count()), (vec![(2, 4), (0, 2)], MAX_ASKED));
    }
}
