//! Counting distinct things in bounded memory: exactly up to 64, then with HyperLogLog.

use serde::{Deserialize, Serialize};

const EXACT: usize = 64;
const REGISTERS: usize = 256;

/// A count of distinct 64-bit hashes. Exact up to 64; beyond, HyperLogLog with 256 registers
/// (standard error 1.04/√256 = 6.5 %; Flajolet et al. 2007). Mergeable; about 300 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distinct {
    /// Few: the hashes themselves, sorted.
    Few(Vec<u64>),
    /// Many: registers.
    Many(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Distinct {
    /// Counts one hash. The hash must be well mixed.
    pub fn add(&mut self, hash: u64) {
        match self {
            Self::Few(set) => {
                let Err(at) = set.binary_search(&hash) else { return };
                if set.len() < EXACT {
                    if set.len() == set.capacity() {
                        set.reserve_exact(2 + set.len() / 2);
                    }
                    set.insert(at, hash);
                } else {
                    let mut registers = vec![0; REGISTERS];
                    set.iter().for_each(|h| register(&mut registers, *h));
                    register(&mut registers, hash);
                    *self = Self::Many(registers);
                }
            }
            Self::Many(registers) => register(registers, hash),
        }
    }

    /// Takes in another count.
    pub fn merge(&mut self, other: &Self) {
        match other {
            Self::Few(set) => set.iter().for_each(|h| self.add(*h)),
            Self::Many(theirs) => {
                let mut ours = match self {
                    Self::Few(set) => {
                        let mut registers = vec![0; REGISTERS];
                        set.iter().for_each(|h| register(&mut registers, *h));
                        registers
                    }
                    Self::Many(registers) => std::mem::take(registers),
                };
                for (a, b) in ours.iter_mut().zip(theirs) {
                    *a = (*a).max(*b);
                }
                *self = Self::Many(ours);
            }
        }
    }

    /// The count: exact, or estimated and rounded.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Few(set) => set.len() as u64,
            Self::Many(registers) => {
                let m = REGISTERS as f64;
                let sum: f64 = registers.iter().map(|r| 2f64.powi(-i32::from(*r))).sum();
                let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
                let empty = registers.iter().filter(|r| **r == 0).count();
                let estimate =
                    if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
                estimate.round() as u64
            }
        }
    }
}

fn register(registers: &mut [u8], hash: u64) {
    let index = (hash & (REGISTERS as u64 - 1)) as usize;
    let rank = ((hash >> 8) | (1 << 55)).trailing_zeros() as u8 + 1;
    if let Some(slot) = registers.get_mut(index) {
        *slot = (*slot).max(rank);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    fn hash(i: u64) -> u64 {
        foldhash::quality::FixedState::with_seed(3).hash_one(i)
    }

    #[test]
    fn exact_when_few_and_close_when_many() {
        let mut few = Distinct::default();
        (0..60).for_each(|i| few.add(hash(i % 30)));
        assert_eq!(few.count(), 30);
        for n in [100, 1_000, 50_000] {
            let mut many = Distinct::default();
            (0..n).for_each(|i| many.add(hash(i)));
            let error = (many.count() as f64 - n as f64).abs() / n as f64;
            assert!(error < 0.2, "{n}: {}", many.count());
        }
    }

    #[test]
    fn merging_equals_counting_together() {
        let (mut a, mut b, mut both) =
            (Distinct::default(), Distinct::default(), Distinct::default());
        for i in 0..500 {
            if i % 2 == 0 {
                a.add(hash(i))
            } else {
                b.add(hash(i))
            }
            both.add(hash(i));
        }
        a.merge(&b);
        assert_eq!(a, both);
    }
}
