//! How many distinct values: exact while few, a sketch beyond.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Absorb;

/// Values counted exactly.
const EXACT: usize = 32;
/// Registers of the sketch (HyperLogLog, Flajolet et al. 2007): 1.04/√256 ≈ 6.5 % standard error.
const REGISTERS: usize = 256;

/// Number of distinct 64-bit hashes: exact up to 32, then estimated with about 6.5 % error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Distinct {
    /// Sorted values.
    Exact(SmallVec<[u64; 4]>),
    /// Registers of the sketch.
    Sketch(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(SmallVec::new())
    }
}

impl Distinct {
    /// Adds a value. True when it certainly was not there; once the sketch is in use, when it
    /// changed the sketch.
    pub fn insert(&mut self, hash: u64) -> bool {
        match self {
            Self::Exact(values) => match values.binary_search(&hash) {
                Ok(_) => false,
                Err(_) if values.len() >= EXACT => {
                    let mut registers = vec![0; REGISTERS];
                    for value in values.iter() {
                        raise(&mut registers, *value);
                    }
                    raise(&mut registers, hash);
                    *self = Self::Sketch(registers);
                    true
                }
                Err(at) => {
                    values.insert(at, hash);
                    true
                }
            },
            Self::Sketch(registers) => raise(registers, hash),
        }
    }

    /// How many distinct values, estimated beyond 32.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Exact(values) => values.len() as u64,
            Self::Sketch(registers) => {
                let m = REGISTERS as f64;
                let sum: f64 = registers.iter().map(|r| (-f64::from(*r)).exp2()).sum();
                let zeros = registers.iter().filter(|r| **r == 0).count();
                let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum.max(f64::MIN_POSITIVE);
                let estimate =
                    if raw <= 2.5 * m && zeros > 0 { m * (m / zeros as f64).ln() } else { raw };
                (estimate.round() as u64).max(EXACT as u64 + 1)
            }
        }
    }
}

impl Absorb for Distinct {
    fn absorb(&mut self, other: Self) {
        match other {
            Self::Exact(values) => {
                for value in values {
                    self.insert(value);
                }
            }
            Self::Sketch(theirs) => {
                if let Self::Exact(mine) = self {
                    let mut registers = vec![0; REGISTERS];
                    for value in mine.iter() {
                        raise(&mut registers, *value);
                    }
                    *self = Self::Sketch(registers);
                }
                if let Self::Sketch(mine) = self {
                    for (mine, theirs) in mine.iter_mut().zip(theirs) {
                        *mine = (*mine).max(theirs);
                    }
                }
            }
        }
    }
}

fn raise(registers: &mut [u8], hash: u64) -> bool {
    // The low bits choose the register; tables may have used the same bits, so mix first.
    let hash = super::pair(hash, 0x5eed);
    let rank = ((hash >> 8) | (1 << 56)).trailing_zeros() as u8 + 1;
    match registers.get_mut(hash as usize % REGISTERS) {
        Some(register) if *register < rank => {
            *register = rank;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_then_close() {
        for n in [0u64, 1, 31, 32, 100, 1_000, 50_000] {
            let mut set = Distinct::default();
            for i in 0..n * 2 {
                set.insert(super::super::pair(i % n.max(1), 7));
            }
            let error = (set.count() as f64 - n as f64).abs() / (n.max(1) as f64);
            assert!(if n <= 32 { set.count() == n } else { error < 0.2 }, "{n}: {}", set.count());
        }
    }

    #[test]
    fn union_is_the_same_in_either_order() {
        let fill = |range: std::ops::Range<u64>| {
            let mut set = Distinct::default();
            range.for_each(|i| {
                set.insert(super::super::pair(i, 1));
            });
            set
        };
        let (mut a, mut b) = (fill(0..500), fill(490..500));
        a.absorb(fill(490..500));
        b.absorb(fill(0..500));
        assert_eq!(a, b);
    }
}
