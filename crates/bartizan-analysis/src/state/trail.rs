//! The suspicious exchanges of one key, kept until they become a detection or too old.

use std::collections::VecDeque;

use bartizan_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Absorb;
use crate::facts::ExchangeMark;

/// One suspicious exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// When.
    pub time: Timestamp,
    /// What it was about: object, account or path.
    pub object: u64,
    /// To whom or what that belongs; 0 when unknown.
    pub group: u64,
    /// What happened, as the detector numbers it: bit set.
    pub class: u8,
    /// The exchange.
    pub mark: ExchangeMark,
}

/// A bounded list of suspicious exchanges, the oldest first. When it is full the oldest goes:
/// detectors fire long before that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    items: VecDeque<Trace>,
}

/// Most exchanges of one trail.
pub const MAX_TRAIL: usize = 64;

impl Trail {
    /// Adds an exchange and forgets those before `since`.
    pub fn push(&mut self, trace: Trace, since: Timestamp) {
        self.expire(since);
        if self.items.len() >= MAX_TRAIL {
            self.items.pop_front();
        }
        self.items.push_back(trace);
    }

    /// Forgets exchanges before `since`.
    pub fn expire(&mut self, since: Timestamp) {
        while self.items.front().is_some_and(|trace| trace.time < since) {
            self.items.pop_front();
        }
    }

    /// Exchanges held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Its exchanges, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Trace> {
        self.items.iter()
    }

    /// Distinct objects among exchanges that `keep` accepts.
    #[must_use]
    pub fn objects(&self, keep: impl Fn(&Trace) -> bool) -> usize {
        Self::distinct(self.items.iter().filter(|t| keep(t)).map(|t| t.object).collect())
    }

    /// Distinct known groups among exchanges that `keep` accepts.
    #[must_use]
    pub fn groups(&self, keep: impl Fn(&Trace) -> bool) -> usize {
        let known = self.items.iter().filter(|t| t.group != 0 && keep(t));
        Self::distinct(known.map(|t| t.group).collect())
    }

    fn distinct(mut values: Vec<u64>) -> usize {
        values.sort_unstable();
        values.dedup();
        values.len()
    }

    /// Takes out the exchanges that `keep` accepts, the oldest first, and drops nothing else.
    pub fn take(&mut self, keep: impl Fn(&Trace) -> bool) -> Vec<ExchangeMark> {
        let mut taken = Vec::new();
        self.items.retain(|trace| {
            let take = keep(trace);
            if take {
                taken.push(trace.mark.clone());
            }
            !take
        });
        taken
    }

    /// The exchanges that were not told before, the oldest first. They stay, with class 0, so that
    /// later ones can still be compared with them.
    pub fn tell(&mut self) -> Vec<ExchangeMark> {
        let new = self.items.iter_mut().filter(|trace| trace.class != 0);
        new.map(|trace| {
            trace.class = 0;
            trace.mark.clone()
        })
        .collect()
    }

    /// Removes the exchanges that `drop` accepts.
    pub fn forget(&mut self, drop: impl Fn(&Trace) -> bool) {
        self.items.retain(|trace| !drop(trace));
    }
}

impl Absorb for Trail {
    fn absorb(&mut self, other: Self) {
        let mut all: Vec<Trace> = self.items.drain(..).chain(other.items).collect();
        all.sort_by_key(|trace| (trace.time, trace.mark.sequence));
        let surplus = all.len().saturating_sub(MAX_TRAIL);
        self.items = all.into_iter().skip(surplus).collect();
    }
}
