//! Who showed something: as far as one caller and several are told apart.

use serde::{Deserialize, Serialize};

/// Two of the callers that showed something, by the keys of actors that count: those with the greatest keys,
/// so that it does not matter in which order they came. 0 is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses([u64; 2]);

impl Witnesses {
    /// One caller.
    #[must_use]
    pub const fn of(caller: u64) -> Self {
        Self([caller, 0])
    }

    /// Notes a caller.
    pub fn add(&mut self, caller: u64) {
        let [first, second] = self.0;
        if caller > first {
            self.0 = [caller, first];
        } else if caller < first && caller > second {
            self.0 = [first, caller];
        }
    }

    /// Takes in those of the same thing elsewhere.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|caller| self.add(caller));
    }

    /// Whether there are at least two.
    #[must_use]
    pub const fn are_several(self) -> bool {
        self.0[1] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(callers: &[u64]) -> Witnesses {
        let mut witnesses = Witnesses::default();
        callers.iter().for_each(|caller| witnesses.add(*caller));
        witnesses
    }

    #[test]
    fn one_caller_is_not_several_however_often_it_comes() {
        assert!(
            !of(&[]).are_several() && !of(&[7, 7, 7]).are_several() && !of(&[0, 7]).are_several()
        );
        assert!(of(&[7, 8]).are_several() && of(&[8, 7, 8]).are_several());
    }

    #[test]
    fn order_and_halves_do_not_matter() {
        let whole = of(&[3, 9, 1, 9, 5]);
        assert_eq!(whole, of(&[5, 9, 9, 1, 3]));
        let mut half = of(&[3, 9]);
        half.merge(of(&[1, 9, 5]));
        assert_eq!(half, whole);
        half.merge(Witnesses::default());
        assert_eq!(half, whole);
    }
}
