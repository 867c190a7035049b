//! How often each check came to which outcome at an endpoint.

use serde::{Deserialize, Serialize};

/// Per check, by position in the list: failed, passed, not applicable, not evaluated. Narrow until a count needs
/// more, as there are a few dozen of them at each endpoint and most endpoints are called seldom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tallies {
    /// No count is above 65,535.
    Narrow(Vec<[u16; 4]>),
    /// Some count was; they stop at the most that fits.
    Wide(Vec<[u32; 4]>),
}

impl Default for Tallies {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

impl Tallies {
    /// Counts an outcome of a check so many times more: 0 failed, 1 passed, 2 not applicable, 3 not evaluated.
    pub fn add(&mut self, check: usize, outcome: usize, times: u32) {
        if let Self::Narrow(counts) = self {
            let Some(count) = slot(counts, check, outcome) else { return };
            match u16::try_from(times).ok().and_then(|times| count.checked_add(times)) {
                Some(sum) => *count = sum,
                None => *self = Self::Wide(counts.iter().map(|c| c.map(u32::from)).collect()),
            }
            if matches!(self, Self::Narrow(_)) {
                return;
            }
        }
        if let Self::Wide(counts) = self
            && let Some(count) = slot(counts, check, outcome)
        {
            *count = count.saturating_add(times);
        }
    }

    /// The counts of one check.
    #[must_use]
    pub fn of(&self, check: usize) -> [u32; 4] {
        match self {
            Self::Narrow(counts) => counts.get(check).copied().unwrap_or_default().map(u32::from),
            Self::Wide(counts) => counts.get(check).copied().unwrap_or_default(),
        }
    }

    /// The counts of each check up to the last that was counted.
    pub fn iter(&self) -> impl Iterator<Item = [u32; 4]> {
        let checks = match self {
            Self::Narrow(counts) => counts.len(),
            Self::Wide(counts) => counts.len(),
        };
        (0..checks).map(|check| self.of(check))
    }
}

fn slot<T: Copy + Default>(
    counts: &mut Vec<[T; 4]>,
    check: usize,
    outcome: usize,
) -> Option<&mut T> {
    if counts.len() <= check {
        counts.reserve_exact(check + 1 - counts.len());
        counts.resize(check + 1, [T::default(); 4]);
    }
    counts.get_mut(check)?.get_mut(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_where_counts_grow_wide() {
        let mut tallies = Tallies::default();
        tallies.add(2, 1, 65_535);
        tallies.add(0, 3, 7);
        assert!(matches!(tallies, Tallies::Narrow(_)));
        tallies.add(2, 1, 1);
        assert!(matches!(tallies, Tallies::Wide(_)));
        assert!(tallies.iter().eq([[0, 0, 0, 7], [0; 4], [0, 65_536, 0, 0]]));
        tallies.add(2, 1, u32::MAX);
        tallies.add(0, 0, 70_000);
        assert_eq!((tallies.of(2)[1], tallies.of(0)), (u32::MAX, [70_000, 0, 0, 7]));
        let mut once = Tallies::default();
        once.add(1, 0, 70_000);
        assert!(once.iter().eq([[0; 4], [70_000, 0, 0, 0]]));
    }
}
