//! Joining trees: of the same host in two shards, and of hosts that turned out to be one.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    leaf::{Alias, AliasReason, LeafId, Place},
    resolver::Resolver,
    tree::{HostTree, Node, NodeId, ROOT, Values},
};

/// Why endpoints become one.
pub(crate) struct Why<'a> {
    pub(crate) reason: AliasReason,
    /// For people.
    pub(crate) evidence: &'a str,
}

impl Resolver {
    /// Takes in what another shard learned. Returns the leaf here of each leaf there, by index. The
    /// result depends on the order in which shards are joined, not on threads.
    pub fn merge(&mut self, other: &Self) -> Vec<LeafId> {
        let offset = self.leaves.len() as u32;
        let map = |leaf: LeafId| LeafId(leaf.0 + offset);
        for leaf in &other.leaves {
            let mut leaf = leaf.clone();
            leaf.merged_into = leaf.merged_into.map(map);
            leaf.shapes.rename(map);
            self.leaves.push(leaf);
        }
        let why = Why { reason: AliasReason::Joined, evidence: "the same path in two shards" };
        for (name, theirs) in &other.hosts {
            let name = self.tree_named(name.clone());
            let Some(mut tree) = self.hosts.remove(&name) else { continue };
            self.join_tree(&mut tree, theirs, map, &why);
            self.hosts.insert(name, tree);
        }
        self.tenants.merge(&other.tenants);
        self.ids.extend(other.ids.iter().cloned());
        for alias in &other.aliases {
            let mut alias = alias.clone();
            alias.leaf = map(alias.leaf);
            self.record(alias);
        }
        self.counts.add(&other.counts);
        (0..other.leaves.len() as u32).map(|at| map(LeafId(at))).collect()
    }

    /// Moves all that was learned at the host `from` to the tree `into`; false when there is no room for it. Leaves
    /// keep their host until [`rehost`](Self::rehost).
    pub(crate) fn fold(&mut self, from: &str, into: &str, why: &Why<'_>) -> bool {
        let mut tree = self.hosts.remove(into).unwrap_or_else(HostTree::new);
        let needed = |theirs: &HostTree| tree.nodes.len() + theirs.nodes.len();
        let room = self.hosts.get(from).is_some_and(|theirs| {
            needed(theirs) <= self.limits.nodes as usize || theirs.nodes.len() <= 1
        });
        if room && let Some(theirs) = self.hosts.remove(from) {
            self.join_tree(&mut tree, &theirs, |leaf| leaf, why);
        }
        self.hosts.insert(into.to_owned(), tree);
        room
    }

    /// Says of leaves whose trees went into others which host they are at now.
    pub(crate) fn rehost(&mut self, went: &BTreeMap<String, String>) {
        if went.is_empty() {
            return;
        }
        for (at, leaf) in self.leaves.iter_mut().enumerate() {
            let Some(into) = went.get(&leaf.host) else { continue };
            let before = std::mem::replace(&mut leaf.host, into.clone());
            Arc::make_mut(&mut leaf.template).host.clone_from(into);
            leaf.stale |= matches!(leaf.place, Place::Node(_));
            self.moved.push((LeafId(at as u32), before));
        }
    }

    /// Leaves whose host became one of a pattern since this was asked last, each with its host before, which may
    /// be a pattern by another name.
    pub fn take_moved(&mut self) -> Vec<(LeafId, String)> {
        std::mem::take(&mut self.moved)
    }

    /// Takes in a tree. `map`: the leaf here of a leaf there.
    fn join_tree(
        &mut self,
        tree: &mut HostTree,
        theirs: &HostTree,
        map: impl Fn(LeafId) -> LeafId + Copy,
        why: &Why<'_>,
    ) {
        tree.pages += theirs.pages;
        tree.data += theirs.data;
        tree.collapsed += theirs.collapsed;
        tree.value_words.extend(theirs.value_words.iter().copied());
        tree.looks.merge(&theirs.looks);
        let mut work = vec![(ROOT, ROOT)];
        while let Some((from, into)) = work.pop() {
            let Some(node) = theirs.node(from) else { continue };
            self.join_node(tree, node, into, map, why);
            let below = node.literals.values().chain(node.parameters.values());
            for child in below {
                let Some(step) = theirs.node(*child).map(|n| n.step.clone()) else { continue };
                if let Some(target) = tree.add(into, step, &self.limits) {
                    work.push((*child, target));
                }
            }
        }
        for (key, pending) in &theirs.pending {
            let mine = map(pending.leaf);
            let room = tree.pending.len() < self.limits.pending as usize;
            match tree.pending.get_mut(key) {
                Some(entry) => {
                    entry.pages += pending.pages;
                    entry.read |= pending.read;
                    entry.leaf = self.follow(mine, entry.leaf, why);
                }
                None if room => {
                    let mut pending = pending.clone();
                    pending.leaf = mine;
                    tree.pending.insert(key.clone(), pending);
                }
                None => self.counts.over_pending += 1,
            }
        }
        let shared = [
            (&theirs.overflow, &mut tree.overflow),
            (&theirs.looks.leaves, &mut tree.looks.leaves),
        ];
        for (theirs, ours) in shared {
            for (method, leaf) in theirs {
                let mine = map(*leaf);
                let there = ours.get(method).copied();
                let leaf = there.map_or(mine, |there| self.follow(mine, there, why));
                ours.insert(method.clone(), leaf);
            }
        }
    }

    fn join_node(
        &mut self,
        tree: &mut HostTree,
        node: &Node,
        into: NodeId,
        map: impl Fn(LeafId) -> LeafId,
        why: &Why<'_>,
    ) {
        let Some(target) = tree.node_mut(into) else { return };
        target.hits += node.hits;
        target.open |= node.open;
        target.pinned |= node.pinned;
        target.apart |= node.apart;
        target.name = target.name.take().or_else(|| node.name.clone());
        Values::merge(&mut target.values, &node.values);
        for (method, leaf) in &node.leaves {
            let mine = map(*leaf);
            let there = target.leaves.get(method).copied();
            let leaf = there.map_or(mine, |there| self.follow(mine, there, why));
            target.leaves.insert(method.clone(), leaf);
            if let Some(leaf) = self.leaves.get_mut(leaf.0 as usize) {
                leaf.place = Place::Node(into);
                leaf.stale = true;
            }
        }
    }

    /// Makes the younger of two leaves lead to the older, with an alias when their ids differ. Returns the older.
    fn follow(&mut self, a: LeafId, b: LeafId, why: &Why<'_>) -> LeafId {
        let (to, from) = (a.min(b), a.max(b));
        if to == from {
            return to;
        }
        let ids = (self.leaf(from).map(|l| l.id.clone()), self.leaf(to).map(|l| l.id.clone()));
        let shapes = self.leaf(from).map(|leaf| leaf.shapes.clone());
        let mut declared = false;
        if let Some(leaf) = self.leaves.get_mut(from.0 as usize) {
            leaf.shapes.give_up_words();
            leaf.merged_into = Some(to);
            declared = leaf.declared;
        }
        if let Some(leaf) = self.leaves.get_mut(to.0 as usize) {
            leaf.declared |= declared;
            shapes.iter().for_each(|shapes| leaf.shapes.absorb(shapes));
        }
        if let (Some(from_id), Some(to_id)) = ids
            && from_id != to_id
        {
            self.record(Alias {
                from: from_id,
                to: to_id,
                reason: why.reason,
                evidence: why.evidence.to_owned(),
                undone: false,
                leaf: from,
                steps: Vec::new(),
            });
        }
        to
    }
}
