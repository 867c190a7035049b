//! Applies evidence: merges words that are values, keeps words that are not, sorts unmatched paths.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evidence::{Core, Decision, HostEvidence, cores, score},
    naming::{self, ANY_FORMAT},
    probe,
    resolver::{Alias, AliasReason, LeafId, Place, Resolver},
    tree::{HostTree, NodeId, ROOT, Step, hash, is_front_version},
    values::{classify, split_extension},
};

/// Log-odds needed in each pass: the first only takes what is clear and so learns which words are
/// values on this host; the last takes what is more likely than not.
const PASSES: [f64; 3] = [2.5, 1.0, 0.0];
/// Most words remembered as values per host.
const MAX_VALUE_WORDS: usize = 8_192;
/// Fewest merged words after which unknown words are values too.
const OPEN_FROM: usize = 3;
/// Unrelated paths answered with pages of one shape that make it a catch-all page.
const CATCH_ALL: u64 = 3;

impl Resolver {
    /// Applies the evidence gathered so far. Idempotent without new requests in between.
    pub fn consolidate(&mut self) {
        self.consolidate_with(&mut |_| {});
    }

    /// Like [`consolidate`](Self::consolidate), and shows every decision about a word.
    pub fn consolidate_with(&mut self, shown: &mut dyn FnMut(Decision)) {
        let names: Vec<String> = self.hosts.keys().cloned().collect();
        for name in names {
            let Some(mut tree) = self.hosts.remove(&name) else { continue };
            self.promote_pages(&name, &mut tree);
            for needed in PASSES {
                let mut pass = Pass {
                    host: &name,
                    evidence: HostEvidence::of(&tree),
                    needed,
                    tree: &mut tree,
                    resolver: self,
                    shown,
                };
                pass.visit_all();
            }
            self.counts.collapsed += std::mem::take(&mut tree.collapsed);
            self.settle_pending(&name, &mut tree);
            self.compact_host(&mut tree);
            self.hosts.insert(name, tree);
        }
        self.refresh_all();
    }

    /// Pages that may be part of an application after all go into the tree.
    fn promote_pages(&mut self, host: &str, tree: &mut HostTree) {
        let mut shapes: BTreeMap<u64, u64> = BTreeMap::new();
        for pending in tree.pending.values().filter(|p| p.pages > 0 && p.shape != 0) {
            *shapes.entry(pending.shape).or_default() += 1;
        }
        let keys: Vec<String> = tree
            .pending
            .iter()
            .filter(|(_, p)| {
                let segments: Vec<&str> = p.segments.iter().map(String::as_str).collect();
                let catch_all = shapes.get(&p.shape).is_some_and(|n| *n >= CATCH_ALL);
                let page_host = tree.pages * 4 > tree.data;
                let confirmed = p.pages >= 3 || page_host || p.shape != 0;
                p.pages > 0 && confirmed && !catch_all && !probe::is_probe(&segments)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            let Some(pending) = tree.pending.remove(&key) else { continue };
            let segments: Vec<&str> = pending.segments.iter().map(String::as_str).collect();
            match tree.insert(&segments, &self.limits) {
                Some(node) => self.hang(host, tree, node, pending.leaf, AliasReason::Matched),
                None => {
                    tree.pending.insert(key, pending);
                }
            }
        }
    }

    /// Unmatched paths that fit an endpoint by now become part of it; the rest is noise.
    fn settle_pending(&mut self, host: &str, tree: &mut HostTree) {
        let mut kept = BTreeMap::new();
        for (key, pending) in std::mem::take(&mut tree.pending) {
            let segments: Vec<&str> = pending.segments.iter().map(String::as_str).collect();
            let found = tree.find_word(&segments).filter(|node| {
                Self::is_answered(&self.leaves, tree, *node)
                    && (pending.pages == 0 || !probe::is_probe(&segments))
            });
            match found {
                Some(node) => self.hang(host, tree, node, pending.leaf, AliasReason::Matched),
                None => {
                    if let Some(leaf) = self.leaves.get_mut(pending.leaf.0 as usize) {
                        leaf.probe = probe::is_probe(&segments);
                        leaf.noise = leaf.existing == 0 || leaf.probe;
                    }
                    kept.insert(key, pending);
                }
            }
        }
        tree.pending = kept;
    }

    /// Hangs a leaf at a node, or merges it into the one that is there.
    fn hang(
        &mut self,
        _host: &str,
        tree: &mut HostTree,
        node: NodeId,
        leaf: LeafId,
        reason: AliasReason,
    ) {
        let Some(method) = self.leaves.get(leaf.0 as usize).map(|l| l.method.clone()) else {
            return;
        };
        let there = tree.node(node).and_then(|n| n.leaves.get(&method)).copied();
        match there {
            Some(other) if other != leaf => {
                let steps = Vec::new();
                self.merge_leaves(tree, node, other, leaf, reason, "fits the path", steps);
            }
            _ => {
                if let Some(n) = tree.node_mut(node) {
                    n.leaves.insert(method, leaf);
                }
                if let Some(l) = self.leaves.get_mut(leaf.0 as usize) {
                    l.place = Place::Node(node);
                    l.noise = false;
                    l.stale = true;
                }
            }
        }
    }

    /// The older of two leaves of one method survives at `node`.
    #[allow(clippy::too_many_arguments, reason = "one call site per merge, all parts differ")]
    fn merge_leaves(
        &mut self,
        tree: &mut HostTree,
        node: NodeId,
        a: LeafId,
        b: LeafId,
        reason: AliasReason,
        evidence: &str,
        steps: Vec<Step>,
    ) {
        let answered = |l: LeafId, leaves: &[super::resolver::Leaf]| {
            leaves.get(l.0 as usize).is_some_and(|l| matches!(l.place, Place::Node(_)))
        };
        // What was only matched never takes over from what was answered.
        let (winner, loser) = match (answered(a, &self.leaves), answered(b, &self.leaves)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => (a.min(b), a.max(b)),
        };
        let Some(gone) = self.leaves.get_mut(loser.0 as usize) else { return };
        gone.merged_into = Some(winner);
        gone.noise = false;
        let (from, declared, method) = (gone.id.clone(), gone.declared, gone.method.clone());
        let Some(kept) = self.leaves.get_mut(winner.0 as usize) else { return };
        kept.declared |= declared;
        kept.place = Place::Node(node);
        kept.stale = true;
        let to = kept.id.clone();
        if let Some(n) = tree.node_mut(node) {
            n.leaves.insert(method, winner);
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

/// One walk over one host's tree.
struct Pass<'a> {
    host: &'a str,
    evidence: HostEvidence,
    needed: f64,
    tree: &'a mut HostTree,
    resolver: &'a mut Resolver,
    shown: &'a mut dyn FnMut(Decision),
}

impl Pass<'_> {
    /// Top-down, so that what hangs below merged words is judged together.
    fn visit_all(&mut self) {
        let mut stack = vec![ROOT];
        while let Some(id) = stack.pop() {
            self.front_versions(id);
            self.formats(id);
            self.words(id);
            if let Some(node) = self.tree.node(id) {
                stack.extend(node.parameters.values().rev());
                stack.extend(node.literals.values().rev());
            }
        }
    }

    fn words(&mut self, id: NodeId) {
        let candidates: Vec<Core> = cores(self.tree, id)
            .into_iter()
            .filter(|c| !(is_front_version(&c.word) && self.tree.is_prefix_position(id)))
            .collect();
        if candidates.is_empty() {
            return;
        }
        let scored = score(self.tree, &self.evidence, id, &candidates);
        let position = self.position(id);
        let mut values: Vec<(&Core, f64)> = Vec::new();
        for (core, (log_odds, features)) in candidates.iter().zip(scored) {
            (self.shown)(Decision {
                host: self.host.to_owned(),
                position: position.clone(),
                word: core.word.clone(),
                log_odds,
                features,
            });
            if log_odds > self.needed {
                values.push((core, log_odds));
            }
        }
        let merged = values.len();
        for (core, log_odds) in values {
            if self.tree.value_words.len() < MAX_VALUE_WORDS {
                self.tree.value_words.insert(hash(&core.word));
            }
            let evidence = format!(
                "`{}` is one of {merged} values at {position} (log-odds {log_odds:.1})",
                core.word
            );
            for (token, _, suffix) in &core.parts {
                let step = Step::Parameter { prefix: String::new(), suffix: suffix.clone() };
                self.merge_child(id, token, &core.word, step, AliasReason::Merged, &evidence);
            }
        }
        if merged >= OPEN_FROM
            && let Some(node) = self.tree.node_mut(id)
        {
            node.open = true;
        }
    }

    /// Dates and numbers at the front are values when there are many or nothing follows them.
    fn front_versions(&mut self, id: NodeId) {
        if !self.tree.is_prefix_position(id) {
            return;
        }
        let Some(node) = self.tree.node(id) else { return };
        let tokens: Vec<String> = node
            .literals
            .iter()
            .filter(|(k, c)| {
                let free = self.tree.node(**c).is_some_and(|n| !n.pinned);
                free && is_front_version(k) && !k.starts_with(['v', 'V'])
            })
            .map(|(k, _)| k.clone())
            .collect();
        let ends = tokens.iter().all(|t| {
            let child = node.literals.get(t).and_then(|c| self.tree.node(*c));
            child.is_some_and(|n| n.literals.is_empty() && n.parameters.is_empty())
        });
        if tokens.len() < 6 && !(ends && !tokens.is_empty()) {
            return;
        }
        let evidence = format!("{} numbers or dates at the front of the path", tokens.len());
        for token in tokens {
            self.merge_child(id, &token, &token, Step::plain(), AliasReason::Merged, &evidence);
        }
    }

    /// `near.json`, `near.csv` become `near.{format}`; `{id}.json`, `{id}.csv` become
    /// `{id}.{format}`.
    fn formats(&mut self, id: NodeId) {
        let Some(node) = self.tree.node(id) else { return };
        let mut stems: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (token, child) in &node.literals {
            if let Some((stem, _)) = split_extension(token)
                && self.tree.node(*child).is_some_and(|n| !n.pinned)
                && classify(token).kind != super::ValueKind::Version
            {
                stems.entry(stem.to_owned()).or_default().insert(token.clone());
            }
        }
        let typed: Vec<((String, String), NodeId)> = node
            .parameters
            .iter()
            .filter(|((_, suffix), _)| suffix.starts_with('.') && suffix != ANY_FORMAT)
            .map(|(affixes, child)| (affixes.clone(), *child))
            .collect();
        for (stem, tokens) in stems {
            // `pets.findByStatus` is a name, not a format.
            let exts: BTreeSet<&str> =
                tokens.iter().filter_map(|t| split_extension(t)).map(|(_, e)| e).collect();
            if exts.len() < 2 || !exts.iter().any(|e| is_format(e)) {
                continue;
            }
            let evidence = format!("`{stem}` was fetched in {} formats", exts.len());
            for token in &tokens {
                let ext = token.get(stem.len() + 1..).unwrap_or("").to_owned();
                let step = Step::Parameter { prefix: format!("{stem}."), suffix: String::new() };
                self.merge_child(id, token, &ext, step, AliasReason::Format, &evidence);
            }
        }
        let mut seen: BTreeSet<u64> = BTreeSet::new();
        let repeats = typed.iter().any(|(_, child)| {
            let hashes = self.tree.node(*child).map(|n| n.values.smallest.clone());
            hashes.unwrap_or_default().into_iter().any(|h| !seen.insert(h))
        });
        if typed.len() < 2 || (!repeats && typed.len() < 3) {
            return;
        }
        // One value in several formats, or file names of all kinds.
        let evidence = if repeats {
            format!("values were fetched in {} formats", typed.len())
        } else {
            format!("values end in {} extensions, each in one", typed.len())
        };
        for ((prefix, suffix), child) in typed {
            let step = Step::Parameter {
                prefix: prefix.clone(),
                suffix: if repeats { ANY_FORMAT.to_owned() } else { String::new() },
            };
            let from = Step::Parameter { prefix, suffix };
            self.merge_node(id, &from, child, step, AliasReason::Format, &evidence);
        }
    }

    fn merge_child(
        &mut self,
        parent: NodeId,
        token: &str,
        value: &str,
        step: Step,
        reason: AliasReason,
        evidence: &str,
    ) {
        let Some(child) = self.tree.node(parent).and_then(|n| n.literals.get(token)).copied()
        else {
            return;
        };
        let hits = self.tree.node(child).map_or(0, |n| n.hits);
        let from = Step::Literal(token.to_owned());
        if let Some(into) = self.merge_node(parent, &from, child, step, reason, evidence)
            && let Some(node) = self.tree.node_mut(into)
        {
            node.values.add(classify(value).kind, value, hits);
        }
    }

    /// Moves everything at `child` to the child of `parent` that `step` leads to.
    fn merge_node(
        &mut self,
        parent: NodeId,
        from: &Step,
        child: NodeId,
        step: Step,
        reason: AliasReason,
        evidence: &str,
    ) -> Option<NodeId> {
        let limits = super::resolver::EndpointLimits { nodes: u32::MAX, ..Default::default() };
        let into = self.tree.add(parent, step, &limits)?;
        if let Some(node) = self.tree.node_mut(parent) {
            match from {
                Step::Literal(text) => node.literals.remove(text),
                Step::Parameter { prefix, suffix } => {
                    node.parameters.remove(&(prefix.clone(), suffix.clone()))
                }
            };
        }
        let mut steps: Vec<Step> =
            self.tree.steps(parent).into_iter().map(|(_, step, _)| step).collect();
        steps.push(from.clone());
        let mut work = vec![(child, into, steps)];
        while let Some((child, into, steps)) = work.pop() {
            let Some(source) = self.tree.node_mut(child) else { continue };
            let leaves = std::mem::take(&mut source.leaves);
            let literals = std::mem::take(&mut source.literals);
            let parameters = std::mem::take(&mut source.parameters);
            let (hits, open, name) = (source.hits, source.open, source.name.clone());
            let values = std::mem::take(&mut source.values);
            if let Some(target) = self.tree.node_mut(into) {
                target.hits += hits;
                target.open |= open;
                target.name = target.name.take().or(name);
                target.values.merge(&values);
            }
            for leaf in leaves.into_values() {
                self.move_leaf(leaf, into, reason, evidence, &steps);
            }
            let below = literals.into_iter().map(|(t, c)| (Step::Literal(t), c)).chain(
                parameters
                    .into_iter()
                    .map(|((prefix, suffix), c)| (Step::Parameter { prefix, suffix }, c)),
            );
            for (step, grandchild) in below {
                let Some(target) = self.tree.add(into, step.clone(), &limits) else { continue };
                let mut path = steps.clone();
                path.push(step);
                work.push((grandchild, target, path));
            }
        }
        Some(into)
    }

    fn move_leaf(
        &mut self,
        leaf: LeafId,
        into: NodeId,
        reason: AliasReason,
        evidence: &str,
        steps: &[Step],
    ) {
        let Some(method) = self.resolver.leaves.get(leaf.0 as usize).map(|l| l.method.clone())
        else {
            return;
        };
        match self.tree.node(into).and_then(|n| n.leaves.get(&method)).copied() {
            Some(other) => self.resolver.merge_leaves(
                self.tree,
                into,
                other,
                leaf,
                reason,
                evidence,
                steps.to_vec(),
            ),
            None => {
                if let Some(node) = self.tree.node_mut(into) {
                    node.leaves.insert(method, leaf);
                }
                if let Some(found) = self.resolver.leaves.get_mut(leaf.0 as usize) {
                    found.place = Place::Node(into);
                    found.stale = true;
                }
            }
        }
    }

    fn position(&self, id: NodeId) -> String {
        let steps: Vec<_> =
            self.tree.steps(id).into_iter().map(|(_, step, name)| (step, name)).collect();
        naming::path_text(&naming::segments_of(&steps))
    }
}

/// Extensions that name a representation of a resource.
fn is_format(ext: &str) -> bool {
    matches!(
        ext,
        "json"
            | "xml"
            | "csv"
            | "html"
            | "xhtml"
            | "htm"
            | "yaml"
            | "yml"
            | "txt"
            | "rss"
            | "atom"
            | "kml"
            | "gml"
            | "geojson"
            | "pdf"
            | "xlsx"
            | "tsv"
            | "ndjson"
            | "jsonl"
            | "rdf"
            | "ttl"
            | "png"
            | "svg"
            | "ics"
            | "mvt"
            | "pbf"
            | "gpx"
            | "md"
    )
}
