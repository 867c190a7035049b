//! How sessions come to be authenticated: the most common ways from their first step to the first one with an
//! accepted credential.

use serde::{Deserialize, Serialize};

/// Most ways that are kept for one graph; the rarest goes for another.
const MAX_WAYS: usize = 32;
/// Most steps of a way, repeated ones counted once.
const MAX_WAY_STEPS: usize = 8;

/// Ways of the sessions of one graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ways {
    /// Sessions whose first step carried an accepted credential.
    pub began: u64,
    /// Sessions that began without one.
    pub became: u64,
    /// Sessions of which the way was too long or too rare.
    pub left_out: u64,
    ways: Vec<Way>,
}

/// One way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    /// Leaves, without repetitions.
    pub leaves: Vec<u32>,
    /// Sessions.
    pub sessions: u64,
    /// Whether a login succeeded on it.
    pub login: bool,
}

impl Ways {
    /// Counts a session that came to be authenticated along these leaves.
    pub(super) fn add(&mut self, leaves: impl Iterator<Item = u32>, login: bool) {
        self.became += 1;
        let mut way: Vec<u32> = Vec::with_capacity(MAX_WAY_STEPS);
        for leaf in leaves {
            if way.last() == Some(&leaf) {
                continue;
            }
            if way.len() >= MAX_WAY_STEPS {
                self.left_out += 1;
                return;
            }
            way.push(leaf);
        }
        self.count(Way { leaves: way, sessions: 1, login });
    }

    /// Counts a session of which the way is not known any more.
    pub(super) const fn add_unknown(&mut self) {
        self.became += 1;
        self.left_out += 1;
    }

    fn count(&mut self, way: Way) {
        if let Some(known) = self.ways.iter_mut().find(|known| known.leaves == way.leaves) {
            known.sessions += way.sessions;
            known.login |= way.login;
            return;
        }
        if self.ways.len() >= MAX_WAYS {
            let rarest = self.ways.iter().enumerate().min_by_key(|(_, way)| way.sessions);
            if let Some(at) = rarest.map(|(at, _)| at) {
                self.left_out += self.ways.remove(at).sessions;
            }
        }
        self.ways.push(way);
    }

    /// Gives leaves other names; ways that become the same are one.
    pub(super) fn rename(&mut self, name: impl Fn(u32) -> u32) {
        for mut way in std::mem::take(&mut self.ways) {
            way.leaves.iter_mut().for_each(|leaf| *leaf = name(*leaf));
            way.leaves.dedup();
            self.count(way);
        }
    }

    /// Takes in those of another graph that turned out to be the same.
    pub(super) fn merge(&mut self, other: Self) {
        self.began += other.began;
        self.became += other.became;
        self.left_out += other.left_out;
        other.ways.into_iter().for_each(|way| self.count(way));
    }

    /// The ways that are kept: those through a login first, then the most common.
    pub(crate) fn common(&self) -> Vec<&Way> {
        let mut out: Vec<&Way> = self.ways.iter().collect();
        out.sort_by(|a, b| {
            (b.login, b.sessions).cmp(&(a.login, a.sessions)).then_with(|| a.leaves.cmp(&b.leaves))
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_stand_once_and_long_ways_are_counted() {
        let mut ways = Ways::default();
        ways.add([1, 1, 2, 2, 3].into_iter(), true);
        ways.add([1, 2, 3].into_iter(), false);
        ways.add(0..9, false);
        assert_eq!((ways.became, ways.left_out), (3, 1));
        let common = ways.common();
        assert_eq!(common.len(), 1);
        assert_eq!((common[0].leaves.as_slice(), common[0].sessions), (&[1, 2, 3][..], 2));
        assert!(common[0].login);
    }

    #[test]
    fn a_flood_of_ways_is_bounded_and_leaves_the_common_one() {
        let mut ways = Ways::default();
        for number in 0..1_000 {
            ways.add([1, 2].into_iter(), true);
            ways.add([1, 10 + number].into_iter(), false);
        }
        assert_eq!(ways.ways.len(), MAX_WAYS);
        assert_eq!(
            (ways.common()[0].leaves.as_slice(), ways.common()[0].sessions),
            (&[1, 2][..], 1_000)
        );
        let kept: u64 = ways.ways.iter().map(|way| way.sessions).sum();
        assert_eq!(kept + ways.left_out, ways.became);
    }

    #[test]
    fn ways_that_become_one_add_up() {
        let mut ways = Ways::default();
        ways.add([1, 2, 9].into_iter(), false);
        ways.add([1, 3, 9].into_iter(), true);
        ways.rename(|leaf| if leaf == 3 { 2 } else { leaf });
        assert_eq!(ways.common(), [&Way { leaves: vec![1, 2, 9], sessions: 2, login: true }]);
    }
}
