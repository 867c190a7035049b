//! What a resolver knows, for the inventory; declared templates, undo of merges, joining of shards.

use std::{collections::BTreeMap, sync::Arc};

use bartizan_model::EndpointId;

use super::{
    Template,
    leaf::{Alias, AliasReason, LeafId, Listed, Noise, Place, ResolverCounts},
    naming::ANY_FORMAT,
    resolver::Resolver,
    tree::{NodeId, ROOT, Step, Values},
};

impl Resolver {
    /// The endpoint of an observed request as the catalogue sees it after the last
    /// [`consolidate`](Self::consolidate); `None` for noise and beyond limits.
    #[must_use]
    pub fn final_endpoint(&self, leaf: LeafId) -> Option<&Arc<Template>> {
        let found = self.leaf(self.shown(leaf))?;
        (!found.noise && found.place != Place::Overflow).then_some(&found.template)
    }

    /// The inventory: everything answered with success, and what errors prove to exist. By host,
    /// path, method.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Listed> {
        let mut listed: BTreeMap<LeafId, Listed> = BTreeMap::new();
        let mut proven: BTreeMap<LeafId, u64> = BTreeMap::new();
        for (at, leaf) in self.leaves.iter().enumerate() {
            let root = self.shown(LeafId(at as u32));
            let Some(top) = self.leaf(root) else { continue };
            if top.noise || top.place == Place::Overflow {
                continue;
            }
            let entry = listed.entry(root).or_insert_with(|| Listed {
                template: Arc::clone(&top.template),
                leaf: root,
                requests: 0,
                answers: 0,
                declared: top.declared,
                aliases: Vec::new(),
            });
            entry.requests += leaf.requests;
            entry.answers += leaf.answers + leaf.pages;
            *proven.entry(root).or_default() += leaf.existing + leaf.vouched;
        }
        for alias in self.aliases.iter().filter(|a| !a.undone && a.reason != AliasReason::Split) {
            if let Some(entry) = listed.get_mut(&self.shown(alias.leaf)) {
                entry.aliases.push(alias.from.clone());
            }
        }
        let mut out: Vec<Listed> = listed
            .into_values()
            .filter(|l| l.answers > 0 || proven.get(&l.leaf).is_some_and(|n| *n > 0))
            .collect();
        out.sort_by(|a, b| {
            let key = |l: &Listed| {
                let one = &l.template;
                (one.host.clone(), one.path.clone(), one.method.clone(), one.call.clone())
            };
            key(a).cmp(&key(b))
        });
        out
    }

    /// The alias table, oldest entry first.
    #[must_use]
    pub fn aliases(&self) -> &[Alias] {
        &self.aliases
    }

    /// The id that an id leads to now.
    #[must_use]
    pub fn current_id(&self, id: &EndpointId) -> EndpointId {
        let alias = self
            .aliases
            .iter()
            .rev()
            .find(|a| !a.undone && a.reason != AliasReason::Split && a.from == *id);
        match alias.and_then(|a| self.leaf(self.root_of(a.leaf))) {
            Some(leaf) => leaf.id.clone(),
            None => id.clone(),
        }
    }

    /// Figures, for counters.
    #[must_use]
    pub fn counts(&self) -> &ResolverCounts {
        &self.counts
    }

    /// Requests kept out of the inventory as of the last [`consolidate`](Self::consolidate).
    #[must_use]
    pub fn noise(&self) -> Noise {
        let mut out = Noise::default();
        for (at, leaf) in self.leaves.iter().enumerate() {
            match self.leaf(self.root_of(LeafId(at as u32))) {
                Some(top) if top.place == Place::Overflow => out.over_limit += leaf.requests,
                Some(top) if top.noise => {
                    out.unanswered += leaf.requests;
                    out.probes += if leaf.probe { leaf.requests } else { 0 };
                }
                _ => {}
            }
        }
        out
    }

    /// Requests that catch-alls answered, as of the last [`consolidate`](Self::consolidate).
    #[must_use]
    pub fn caught(&self) -> u64 {
        let caught =
            |at: usize| self.leaf(self.root_of(LeafId(at as u32))).is_some_and(|l| l.caught);
        let leaves = self.leaves.iter().enumerate().filter(|(at, _)| caught(*at));
        leaves.map(|(_, leaf)| leaf.requests).sum()
    }

    /// Declares an endpoint, from a specification or an earlier catalogue: its template wins over
    /// evidence, its parameters take every value that no declared fixed text claims. `path`:
    /// template with `{name}`, base path included. `id`: the endpoint's id when it had one before.
    ///
    /// Returns `false` when a limit leaves no room.
    pub fn declare(
        &mut self,
        host: &str,
        method: &str,
        path: &str,
        id: Option<EndpointId>,
    ) -> bool {
        let host = self.host_name(host);
        let limits = self.limits.clone();
        let Some(tree) = self.hosts.get_mut(&host) else { return false };
        let mut at = ROOT;
        for text in path.split('/').filter(|s| !s.is_empty()) {
            let (step, name) = step_of(text);
            let open = matches!(&step, Step::Parameter { prefix, suffix } if prefix.is_empty() && suffix.is_empty());
            if open && let Some(node) = tree.node_mut(at) {
                node.open = true;
            }
            let Some(next) = tree.add(at, step, &limits) else { return false };
            if let Some(node) = tree.node_mut(next) {
                node.pinned = true;
                node.name = name.or(node.name.take());
            }
            at = next;
        }
        let leaf = self.leaf_at(&host, method, None, at);
        let fresh = id.filter(|id| self.ids.insert(id.clone()));
        let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { return false };
        if matches!(found.place, Place::Overflow) {
            return false;
        }
        found.declared = true;
        found.stale = true;
        if found.id == EndpointId::default()
            && let Some(id) = fresh
        {
            found.id = id;
        }
        self.refresh(leaf, &[]);
        true
    }

    /// Undoes every merge that led to endpoint `id`: the endpoints of before get their ids back,
    /// and their fixed text is never merged again. Returns how many came back.
    ///
    /// Requests observed before keep the leaf they were given, so they follow their own endpoint;
    /// those that only ever carried `id` stay with it.
    pub fn split(&mut self, id: &EndpointId) -> usize {
        let chosen: Vec<usize> = self
            .aliases
            .iter()
            .enumerate()
            .filter(|(_, a)| {
                !a.undone
                    && !a.steps.is_empty()
                    && matches!(a.reason, AliasReason::Merged | AliasReason::Format)
                    && self.leaf(self.root_of(a.leaf)).is_some_and(|l| l.id == *id)
            })
            .map(|(at, _)| at)
            .collect();
        let mut back = 0;
        for at in chosen {
            let Some(alias) = self.aliases.get(at).cloned() else { continue };
            if !self.restore(&alias) {
                continue;
            }
            back += 1;
            if let Some(entry) = self.aliases.get_mut(at) {
                entry.undone = true;
            }
            self.record(Alias {
                from: id.clone(),
                to: alias.from,
                reason: AliasReason::Split,
                evidence: "the merge was undone; never merged again".to_owned(),
                undone: false,
                leaf: alias.leaf,
                steps: Vec::new(),
            });
        }
        back
    }

    fn restore(&mut self, alias: &Alias) -> bool {
        let limits = self.limits.clone();
        let Some(leaf) = self.leaf(alias.leaf) else { return false };
        let (host, key) = (leaf.host.clone(), leaf.key());
        let Some(tree) = self.hosts.get_mut(&host) else { return false };
        let mut at: NodeId = ROOT;
        for step in &alias.steps {
            let Some(next) = tree.add(at, step.clone(), &limits) else { return false };
            if let Some(node) = tree.node_mut(next) {
                node.pinned = true;
            }
            at = next;
        }
        if let Some(node) = tree.node_mut(at) {
            node.leaves.insert(key, alias.leaf);
        }
        if let Some(leaf) = self.leaves.get_mut(alias.leaf.0 as usize) {
            leaf.merged_into = None;
            leaf.place = Place::Node(at);
            leaf.stale = true;
        }
        self.refresh(alias.leaf, &[]);
        true
    }

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
        for (name, theirs) in &other.hosts {
            let name = self.host_name(name);
            let Some(mut tree) = self.hosts.remove(&name) else { continue };
            tree.pages += theirs.pages;
            tree.data += theirs.data;
            tree.collapsed += theirs.collapsed;
            tree.value_words.extend(theirs.value_words.iter().copied());
            tree.looks.merge(&theirs.looks);
            let mut work = vec![(ROOT, ROOT)];
            while let Some((from, into)) = work.pop() {
                let Some(node) = theirs.node(from) else { continue };
                self.join_node(&mut tree, node, into, map);
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
                        let target = entry.leaf;
                        self.follow(mine, target);
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
                    match ours.get(method).copied() {
                        Some(target) => self.follow(mine, target),
                        None => {
                            ours.insert(method.clone(), mine);
                        }
                    }
                }
            }
            self.hosts.insert(name, tree);
        }
        self.ids.extend(other.ids.iter().cloned());
        for alias in &other.aliases {
            let mut alias = alias.clone();
            alias.leaf = map(alias.leaf);
            self.record(alias);
        }
        self.counts.add(&other.counts);
        (0..other.leaves.len() as u32).map(|at| map(LeafId(at))).collect()
    }

    fn join_node(
        &mut self,
        tree: &mut super::tree::HostTree,
        node: &super::tree::Node,
        into: NodeId,
        map: impl Fn(LeafId) -> LeafId,
    ) {
        let mut moved: Vec<(String, LeafId)> = Vec::new();
        if let Some(target) = tree.node_mut(into) {
            target.hits += node.hits;
            target.open |= node.open;
            target.pinned |= node.pinned;
            target.apart |= node.apart;
            target.name = target.name.take().or_else(|| node.name.clone());
            Values::merge(&mut target.values, &node.values);
            for (method, leaf) in &node.leaves {
                moved.push((method.clone(), map(*leaf)));
            }
        }
        for (method, mine) in moved {
            let there = tree.node(into).and_then(|n| n.leaves.get(&method)).copied();
            if let Some(target) = there {
                self.follow(mine, target);
            } else {
                if let Some(n) = tree.node_mut(into) {
                    n.leaves.insert(method, mine);
                }
                if let Some(leaf) = self.leaves.get_mut(mine.0 as usize) {
                    leaf.place = Place::Node(into);
                    leaf.stale = true;
                }
            }
        }
    }

    /// Makes `from` lead to `to`, with an alias when their ids differ.
    fn follow(&mut self, from: LeafId, to: LeafId) {
        let ids = (self.leaf(from).map(|l| l.id.clone()), self.leaf(to).map(|l| l.id.clone()));
        let shapes = self.leaf(from).map(|leaf| leaf.shapes.clone());
        if let (Some(leaf), Some(shapes)) = (self.leaves.get_mut(to.0 as usize), shapes) {
            leaf.shapes.absorb(&shapes);
        }
        if let Some(leaf) = self.leaves.get_mut(from.0 as usize) {
            leaf.merged_into = Some(to);
        }
        if let (Some(from_id), Some(to_id)) = ids
            && from_id != to_id
        {
            self.record(Alias {
                from: from_id,
                to: to_id,
                reason: AliasReason::Joined,
                evidence: "the same path in two shards".to_owned(),
                undone: false,
                leaf: from,
                steps: Vec::new(),
            });
        }
    }
}

impl ResolverCounts {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.over_hosts += other.over_hosts;
        self.over_nodes += other.over_nodes;
        self.over_pending += other.over_pending;
        self.collapsed += other.collapsed;
        self.over_aliases += other.over_aliases;
    }
}

/// One segment of a declared template: the first `{name}` is the parameter, a second one is only
/// understood as `.{format}`; anything else with braces takes the whole segment.
fn step_of(text: &str) -> (Step, Option<String>) {
    let Some((prefix, rest)) = text.split_once('{') else {
        return (Step::Literal(decode(text)), None);
    };
    let Some((name, suffix)) = rest.split_once('}') else {
        return (Step::Literal(decode(text)), None);
    };
    let suffix = match suffix.split_once('{') {
        None => suffix,
        Some((".", _)) => ANY_FORMAT,
        Some(_) => return (Step::plain(), None),
    };
    let step = Step::Parameter { prefix: prefix.to_owned(), suffix: suffix.to_owned() };
    (step, Some(name.to_owned()))
}

/// The text that `write_literal` made of fixed text.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or(&[]);
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
