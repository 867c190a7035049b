//! Answers that any path is given, told from answers of a path's own.
//!
//! A single-page application, a soft "not found" or a redirect of everything answers whatever a
//! scanner asks with success. Listing every such path would flood the inventory, leaving them all
//! out would hide that something answers. So what was answered alike is listed once per host and
//! method, as `/{any_path}`, with all its requests.
//!
//! The rule: answers that look the same (see [`Outcome::look`]) are those of a catch-all when one
//! actor was given them at [`UNRELATED`] unrelated paths, or at [`SCANNED`] unrelated paths that
//! scanners ask for, or when anybody was given them at [`ANYBODY`] unrelated paths. Paths are
//! unrelated when their first words (behind `api`, `v1` and the like) differ.
//!
//! Data says more ([`Telling`]). Where scanners do not ask, only envelopes count: errors like pages;
//! acknowledgements, which forty operations of an API may all answer with, from [`ACKNOWLEDGED`]
//! unrelated paths on, most of them asked once. A caller whose credential the API accepted elsewhere
//! uses the API: what it is acknowledged belongs to its path.
//!
//! A path that also had any other answer, that a specification documents, or that is `/` itself is
//! never part of a catch-all. Server errors are held against the same rule: those that look the same
//! everywhere prove no endpoint.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    distinct::Distinct,
    front::is_prefix_word,
    leaf::{LeafId, MediaKind, Outcome, Telling},
    probe,
    tree::hash,
};
use crate::recent::RecentMap;

/// Unrelated paths answered alike for one actor that make a catch-all.
pub(crate) const UNRELATED: usize = 8;
/// The same, for paths that scanners ask for.
pub(crate) const SCANNED: usize = 3;
/// The same, whoever asked.
pub(crate) const ANYBODY: u64 = 32;
/// The same, for acknowledgements, whoever asked.
pub(crate) const ACKNOWLEDGED: u64 = 128;
/// Most acknowledgements per path of a catch-all: what is asked again and again is used.
const ACKNOWLEDGED_PER_PATH: u64 = 2;
/// Most looks per host that are watched; the longest unused goes first.
const MAX_LOOKS: usize = 256;
/// Most actors that are watched per look; the longest unused goes first.
const MAX_ACTORS: usize = 32;
/// Most looks of catch-alls per host; what looks otherwise is listed by path.
const MAX_CAUGHT: usize = 64;

/// An answer that may be given to any path, and where its own path belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kin {
    look: u64,
    /// Hash of the first word that is no prefix.
    first: u64,
    /// Whether scanners ask for such a path.
    scanned: bool,
    /// Whether it is an acknowledgement.
    pub(crate) is_bare: bool,
}

impl Kin {
    /// `None` when nothing is known of the look, for `/` and for prefixes alone.
    pub(crate) fn of(segments: &[&str], outcome: Outcome) -> Option<Self> {
        if outcome.look == 0 {
            return None;
        }
        let first = segments.iter().find(|segment| !is_prefix_word(segment))?;
        Some(Self {
            look: outcome.look,
            first: hash(first),
            scanned: probe::is_probe(segments),
            is_bare: outcome.telling == Telling::Little,
        })
    }
}

/// The looks of answers on one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Looks {
    watched: RecentMap<u64, Watched>,
    caught: BTreeSet<u64>,
    /// The endpoints that stand for what catch-alls answered, by method.
    pub(crate) leaves: BTreeMap<String, LeafId>,
}

/// Unrelated paths that were answered with one look.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Watched {
    anybody: Distinct,
    actors: RecentMap<u64, Asked>,
    /// How often, for acknowledgements; 0 for all others.
    acknowledged: u64,
}

impl Watched {
    /// Whether so many unrelated paths were answered so, whoever asked, that it is a catch-all.
    fn is_for_anybody(&self) -> bool {
        let paths = self.anybody.count();
        match self.acknowledged {
            0 => paths >= ANYBODY,
            answers => paths >= ACKNOWLEDGED && answers <= paths * ACKNOWLEDGED_PER_PATH,
        }
    }
}

/// Unrelated paths that one actor asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Asked {
    paths: Vec<u64>,
    scanned: Vec<u64>,
}

impl Asked {
    const fn is_scan(&self) -> bool {
        self.paths.len() >= UNRELATED || self.scanned.len() >= SCANNED
    }
}

impl Looks {
    /// Takes note of an answer that `actor` was given.
    pub(crate) fn note(&mut self, kin: Kin, actor: u64) {
        if self.caught.contains(&kin.look) {
            return;
        }
        let watched = self.watched.entry(kin.look, MAX_LOOKS, Watched::default);
        watched.anybody.add(kin.first);
        let mut is_scan = false;
        if kin.is_bare {
            watched.acknowledged += 1;
        } else {
            let asked = watched.actors.entry(actor, MAX_ACTORS, Asked::default);
            add(&mut asked.paths, kin.first, UNRELATED);
            if kin.scanned {
                add(&mut asked.scanned, kin.first, SCANNED);
            }
            is_scan = asked.is_scan();
        }
        if is_scan || watched.is_for_anybody() {
            self.catch(kin.look);
        }
    }

    fn catch(&mut self, look: u64) {
        if self.caught.len() < MAX_CAUGHT {
            self.caught.insert(look);
        }
    }

    /// Whether this is the look of a catch-all.
    pub(crate) fn is_caught(&self, look: u64) -> bool {
        self.caught.contains(&look)
    }

    /// Whether all of these are looks of catch-alls; false for none.
    pub(crate) fn are_caught(&self, looks: &[u64]) -> bool {
        !looks.is_empty() && looks.iter().all(|look| self.is_caught(*look))
    }

    /// Takes in what another shard saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (look, theirs) in other.watched.iter() {
            let mine = self.watched.entry(*look, MAX_LOOKS, Watched::default);
            mine.anybody.merge(&theirs.anybody);
            mine.acknowledged += theirs.acknowledged;
            let mut is_scan = false;
            for (actor, theirs) in theirs.actors.iter() {
                let mine = mine.actors.entry(*actor, MAX_ACTORS, Asked::default);
                theirs.paths.iter().for_each(|path| add(&mut mine.paths, *path, UNRELATED));
                theirs.scanned.iter().for_each(|path| add(&mut mine.scanned, *path, SCANNED));
                is_scan |= mine.is_scan();
            }
            if is_scan || mine.is_for_anybody() {
                self.catch(*look);
            }
        }
        other.caught.iter().for_each(|look| self.catch(*look));
    }
}

fn add(list: &mut Vec<u64>, value: u64, most: usize) {
    if list.len() < most && !list.contains(&value) {
        list.push(value);
    }
}

/// Who was given an answer, see [`super::Resolver::attribute`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// Key of the actor; 0 for nobody known.
    pub actor: u64,
    /// Whether the API accepted the caller's credential before.
    pub accepted: bool,
    /// Whether a specification documents the operation.
    pub documented: bool,
}

impl Outcome {
    /// The outcome as one of this path: data and answers of unknown kind (access logs) may only be
    /// those of a catch-all where scanners ask, because data has sizes and shapes, too. Acknowledgements
    /// there are held apart from those elsewhere: fewer are enough.
    pub(crate) fn at(self, segments: &[&str]) -> Self {
        if self.look == 0 || !self.is_answer() {
            return self;
        }
        let is_probe = || probe::is_probe(segments);
        let is_doubtful = self.media == MediaKind::Unknown || self.telling == Telling::OfProbes;
        if is_doubtful && !is_probe() {
            return Self { look: 0, ..self };
        }
        if self.telling == Telling::Little && is_probe() {
            return Self { look: !self.look, telling: Telling::OfProbes, ..self };
        }
        self
    }

    /// Whether the server failed: by itself that neither proves nor disproves an endpoint.
    pub(crate) fn is_fault(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }
}
