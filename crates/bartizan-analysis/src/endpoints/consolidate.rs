//! Applies evidence: merges words that are values, keeps words that are not, sorts unmatched paths.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evidence::{Decision, HostEvidence},
    leaf::{Alias, AliasReason, Leaf, LeafId, Place},
    pass::Pass,
    probe,
    resolver::Resolver,
    tree::{HostTree, NodeId, Pending, Step},
};

/// Log-odds needed in each pass: the first only takes what is clear and so learns which words are
/// values on this host; the last takes what is more likely than not.
const PASSES: [f64; 3] = [2.5, 1.0, 0.0];

/// What a consolidation decides about words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// Those of positions where words grow in number, which must not take up ever more room, and of
    /// positions whose words have all been seen often.
    Growing,
    /// All of them.
    All,
}

/// Most times that hosts are taken together in one consolidation.
const MAX_ROUNDS: usize = 4;

/// Pages on a host that speaks data from which on they are templated together.
const ENOUGH_PAGES: usize = 8;
/// Visits of one page from which on it is part of the application.
const ENOUGH_VISITS: u64 = 3;

impl Resolver {
    /// Applies the evidence gathered so far. Idempotent without new requests in between.
    pub fn consolidate(&mut self) {
        self.consolidate_words(Words::All, &mut |_| {});
    }

    /// Like [`consolidate`](Self::consolidate), and leaves a few words with a few requests as they
    /// are: they take little room, and what is decided about them from a part of the requests would
    /// depend on the order that these came in.
    pub fn consolidate_growing(&mut self) {
        self.consolidate_words(Words::Growing, &mut |_| {});
    }

    /// Like [`consolidate`](Self::consolidate), and shows every decision about a word.
    pub fn consolidate_with(&mut self, shown: &mut dyn FnMut(Decision)) {
        self.consolidate_words(Words::All, shown);
    }

    fn consolidate_words(&mut self, words: Words, shown: &mut dyn FnMut(Decision)) {
        self.consolidate_hosts(self.hosts.keys().cloned().collect(), words, shown);
        // What hosts taught together may show that others are like them.
        for _ in 0..MAX_ROUNDS {
            let grown = self.fold_alike();
            if grown.is_empty() {
                break;
            }
            self.consolidate_hosts(grown, words, shown);
        }
    }

    fn consolidate_hosts(
        &mut self,
        names: BTreeSet<String>,
        words: Words,
        shown: &mut dyn FnMut(Decision),
    ) {
        let sums = self.sums();
        let mut parted = Vec::new();
        for name in names {
            let Some(mut tree) = self.hosts.remove(&name) else { continue };
            self.evict_caught(&sums, &mut tree);
            self.promote_pages(&mut tree);
            self.rejoin(&mut tree);
            let mut origins = BTreeMap::new();
            for needed in PASSES {
                let mut pass = Pass {
                    host: &name,
                    evidence: HostEvidence::of(&tree),
                    needed,
                    words,
                    tree: &mut tree,
                    resolver: self,
                    origins: &mut origins,
                    shown,
                };
                pass.visit_all();
            }
            self.part_constants(&name, &mut tree, &mut parted);
            self.counts.collapsed += std::mem::take(&mut tree.collapsed);
            self.settle_pending(&mut tree);
            self.compact_host(&mut tree);
            self.hosts.insert(name, tree);
        }
        self.refresh_all();
        self.record_parted(parted);
        self.settle();
    }

    /// Pages of their own go into the tree when they were read or asked for again, or when there are
    /// enough of them to tell words from values. A few that nobody read are listed as they are, and
    /// so are those at paths that scanners ask for: they teach nothing about the others.
    fn promote_pages(&mut self, tree: &mut HostTree) {
        let mut found: Vec<(String, bool)> = tree
            .pending
            .iter()
            .filter(|(_, p)| p.pages > 0 && !self.is_caught(tree, p))
            .filter(|(_, p)| !probe::is_probe(&texts(&p.segments)))
            .map(|(key, p)| (key.clone(), p.read || p.pages >= ENOUGH_VISITS))
            .collect();
        if found.len() < ENOUGH_PAGES && tree.pages * 4 <= tree.data {
            found.retain(|(_, settled)| *settled);
        }
        for (key, _) in found {
            let Some(pending) = tree.pending.remove(&key) else { continue };
            match tree.insert(&texts(&pending.segments), &self.limits) {
                Some(node) => self.hang(tree, node, pending.leaf),
                None => {
                    tree.pending.insert(key, pending);
                }
            }
        }
    }

    /// Whether all answers of an unmatched path are those of a catch-all.
    fn is_caught(&self, tree: &HostTree, pending: &Pending) -> bool {
        self.leaf(pending.leaf).is_some_and(|leaf| {
            leaf.own == 0
                && !leaf.declared
                && !pending.segments.is_empty()
                && tree.looks.are_caught(&leaf.looks)
        })
    }

    /// Unmatched paths that fit an endpoint by now become part of it. What was answered stands for
    /// itself, except where attack text took the place of a value.
    fn settle_pending(&mut self, tree: &mut HostTree) {
        let mut kept = BTreeMap::new();
        for (key, pending) in std::mem::take(&mut tree.pending) {
            let segments = texts(&pending.segments);
            let probe = probe::is_probe(&segments);
            let hostile = segments.iter().any(|segment| probe::is_hostile_value(segment));
            let apart = pending.pages > 0 && (!hostile || self.is_caught(tree, &pending));
            let found = tree
                .find_word(&segments)
                .filter(|node| !apart && Self::is_answered(&self.leaves, tree, *node));
            match found {
                Some(node) => self.hang(tree, node, pending.leaf),
                None => {
                    if let Some(leaf) = self.leaves.get_mut(pending.leaf.0 as usize) {
                        (leaf.probe, leaf.hostile) = (probe, hostile);
                    }
                    kept.insert(key, pending);
                }
            }
        }
        tree.pending = kept;
    }

    /// Hangs a leaf at a node, or merges it into the one that is there.
    fn hang(&mut self, tree: &mut HostTree, node: NodeId, leaf: LeafId) {
        let Some(key) = self.leaves.get(leaf.0 as usize).map(Leaf::key) else { return };
        let there = tree.node(node).and_then(|n| n.leaves.get(&key)).copied();
        match there {
            Some(other) if other != leaf => {
                let steps = Vec::new();
                let reason = AliasReason::Matched;
                self.merge_leaves(tree, node, other, leaf, reason, "fits the path", steps);
            }
            _ => {
                if let Some(n) = tree.node_mut(node) {
                    n.leaves.insert(key, leaf);
                }
                if let Some(l) = self.leaves.get_mut(leaf.0 as usize) {
                    l.place = Place::Node(node);
                    l.stale = true;
                }
            }
        }
    }

    /// The older of two leaves of one method survives at `node`.
    #[allow(clippy::too_many_arguments, reason = "one call site per merge, all parts differ")]
    pub(crate) fn merge_leaves(
        &mut self,
        tree: &mut HostTree,
        node: NodeId,
        a: LeafId,
        b: LeafId,
        reason: AliasReason,
        evidence: &str,
        steps: Vec<Step>,
    ) {
        if a == b {
            return;
        }
        let (winner, loser) = self.survivor(a, b);
        let Some(gone) = self.leaves.get_mut(loser.0 as usize) else { return };
        gone.merged_into = Some(winner);
        let (from, declared, key) = (gone.id.clone(), gone.declared, gone.key());
        let shapes = gone.shapes.clone();
        gone.shapes.give_up_words();
        let Some(kept) = self.leaves.get_mut(winner.0 as usize) else { return };
        kept.declared |= declared;
        kept.shapes.absorb(&shapes);
        kept.place = Place::Node(node);
        kept.stale = true;
        let to = kept.id.clone();
        if let Some(n) = tree.node_mut(node) {
            n.leaves.insert(key, winner);
        }
        self.record(Alias {
            from,
            to,
            reason,
            evidence: evidence.to_owned(),
            undone: false,
            leaf: loser,
            steps,
        });
    }

    /// Which of two leaves takes the other in: the older one, but what was only matched never takes
    /// over from what was answered.
    pub(crate) fn survivor(&self, a: LeafId, b: LeafId) -> (LeafId, LeafId) {
        let answered = |l| self.leaf(l).is_some_and(|l| matches!(l.place, Place::Node(_)));
        match (answered(a), answered(b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => (a.min(b), a.max(b)),
        }
    }

    pub(crate) fn record(&mut self, alias: Alias) {
        if self.aliases.len() < self.limits.aliases as usize {
            self.aliases.push(alias);
        } else {
            self.counts.over_aliases += 1;
        }
    }

    fn compact_host(&mut self, tree: &mut HostTree) {
        let map = tree.compact();
        let live: Vec<LeafId> =
            tree.nodes.iter().flat_map(|n| n.leaves.values().copied()).collect();
        for leaf in live {
            if let Some(found) = self.leaves.get_mut(leaf.0 as usize)
                && let Place::Node(old) = found.place
                && let Some(Some(new)) = map.get(old as usize)
            {
                found.place = Place::Node(*new);
            }
        }
    }

    /// Renders every live template anew: names, kinds and evidence may have changed.
    fn refresh_all(&mut self) {
        for at in 0..self.leaves.len() {
            // Keeps chains short however often this is called.
            let root = self.root_of(LeafId(at as u32));
            let Some(leaf) = self.leaves.get_mut(at) else { continue };
            if leaf.merged_into.is_some() {
                leaf.merged_into = Some(root);
            } else if matches!(leaf.place, Place::Node(_)) {
                leaf.stale = true;
                self.refresh(LeafId(at as u32), &[]);
            }
        }
    }
}

fn texts(segments: &[String]) -> Vec<&str> {
    segments.iter().map(String::as_str).collect()
}
