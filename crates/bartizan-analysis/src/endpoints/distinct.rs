//! How many distinct things were seen, in constant memory.

use serde::{Deserialize, Serialize};

/// Most hashes that are kept.
const SMALLEST: usize = 32;

/// The smallest hashes that were seen, sorted: counts distinct ones and finds shared ones (k minimum values,
/// Bar-Yossef et al. 2002).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Distinct(Vec<u64>);

impl Distinct {
    pub(crate) fn add(&mut self, hash: u64) {
        if let Err(at) = self.0.binary_search(&hash)
            && at < SMALLEST
        {
            self.0.insert(at, hash);
            self.0.truncate(SMALLEST);
        }
    }

    /// Takes one out again, as long as all are kept: of many, one makes no difference, and its place would be
    /// taken for the end of the list.
    pub(crate) fn forget(&mut self, hash: u64) {
        if self.0.len() < SMALLEST
            && let Ok(at) = self.0.binary_search(&hash)
        {
            self.0.remove(at);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|hash| self.add(*hash));
    }

    /// How many: exact below 32, estimated from there on (relative error about 18 %).
    pub(crate) fn count(&self) -> u64 {
        match self.0.get(SMALLEST - 1) {
            None => self.0.len() as u64,
            Some(largest) => {
                let estimate =
                    (SMALLEST as f64 - 1.0) * (u64::MAX as f64) / (*largest as f64).max(1.0);
                (estimate as u64).max(SMALLEST as u64)
            }
        }
    }

    /// The smallest hashes.
    pub(crate) fn smallest(&self) -> &[u64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tree::hash, *};

    #[test]
    fn few_are_counted_and_many_are_estimated() {
        let mut seen = Distinct::default();
        for n in 0..20 {
            seen.add(hash(&n.to_string()));
            seen.add(hash(&n.to_string()));
        }
        assert_eq!(seen.count(), 20);
        let mut more = Distinct::default();
        (10..2_000).for_each(|n| more.add(hash(&n.to_string())));
        seen.merge(&more);
        assert!((1_200..2_800).contains(&seen.count()), "{}", seen.count());
        assert_eq!(seen.smallest().len(), SMALLEST);
    }
}
