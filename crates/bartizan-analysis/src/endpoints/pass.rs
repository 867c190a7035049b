//! One walk over a host's tree: which words, numbers and extensions are values.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    affixes::split_extension,
    consolidate::Words,
    evidence::{Core, Decision, HostEvidence, cores, score},
    front::{is_front_version, is_locale},
    leaf::{AliasReason, EndpointLimits, Leaf, LeafId, Place},
    naming::{self, ANY_FORMAT},
    resolver::Resolver,
    shape::Shape,
    tree::{HostTree, NodeId, ROOT, Step, core_of, hash},
    values::{ValueKind, classify},
};

/// Most words remembered as values per host.
const MAX_VALUE_WORDS: usize = 8_192;
/// Words at one position from which on they may be values without an end.
const GROWING_FROM: usize = 24;
/// Requests for each word of a position from which on all its words have been seen.
const SETTLED_FROM: u64 = 16;
/// Fewest merged words after which unknown words are values too.
const OPEN_FROM: usize = 3;

/// One walk over one host's tree.
pub(crate) struct Pass<'a> {
    pub(crate) host: &'a str,
    pub(crate) evidence: HostEvidence,
    pub(crate) needed: f64,
    pub(crate) words: Words,
    pub(crate) tree: &'a mut HostTree,
    pub(crate) resolver: &'a mut Resolver,
    /// Where leaves stood that were moved and took others in since.
    pub(crate) origins: &'a mut BTreeMap<LeafId, Vec<Step>>,
    pub(crate) shown: &'a mut dyn FnMut(Decision),
}

impl Pass<'_> {
    /// Top-down, so that what hangs below merged words is judged together.
    pub(crate) fn visit_all(&mut self) {
        let mut stack = vec![ROOT];
        while let Some(id) = stack.pop() {
            self.front_versions(id);
            self.formats(id);
            self.words(id);
            self.locales(id);
            if let Some(node) = self.tree.node(id) {
                stack.extend(node.parameters.values().rev());
                stack.extend(node.literals.values().rev());
            }
        }
    }

    fn words(&mut self, id: NodeId) {
        let candidates: Vec<Core> = cores(self.tree, &self.resolver.leaves, id)
            .into_iter()
            .filter(|c| {
                let is_version = is_front_version(&c.word) && self.tree.is_version_position(id);
                !(is_version || (is_locale(&c.word) && self.tree.is_prefix_position(id)))
            })
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
        let hits: u64 = candidates.iter().map(|core| core.hits).sum();
        let settled = hits >= SETTLED_FROM * candidates.len() as u64;
        let growing = merged + self.known_words(id) >= GROWING_FROM;
        if self.words == Words::Growing && !settled && !growing {
            return;
        }
        let ending = self.common_ending(id, &values);
        for (core, log_odds) in values {
            if self.tree.value_words.len() < MAX_VALUE_WORDS {
                self.tree.value_words.insert(hash(&core.word));
            }
            let evidence = format!(
                "`{}` is one of {merged} values at {position} (log-odds {log_odds:.1})",
                core.word
            );
            let value = core.word.strip_suffix(&ending).unwrap_or(&core.word);
            for (token, _, suffix) in &core.parts {
                let suffix = format!("{ending}{suffix}");
                let step = Step::Parameter { prefix: String::new(), suffix };
                self.merge_child(id, token, value, step, AliasReason::Merged, &evidence);
            }
        }
        if merged >= OPEN_FROM
            && let Some(node) = self.tree.node_mut(id)
        {
            node.open = true;
        }
    }

    /// How many different values were found at a position before.
    fn known_words(&self, id: NodeId) -> usize {
        let known = self.tree.node(id).into_iter().flat_map(|node| node.parameters.values());
        let known =
            known.filter_map(|id| self.tree.node(*id)).filter(|node| node.values.are_words());
        known.map(|node| node.values.distinct() as usize).max().unwrap_or(0)
    }

    /// The extension that all values of a position have, as fixed text: `.pdf`. Empty when there is
    /// none, or when they have several: then it is part of the value.
    fn common_ending(&self, id: NodeId, values: &[(&Core, f64)]) -> String {
        let mut endings = values.iter().map(|(core, _)| {
            let stem = split_extension(&core.word).map(|(stem, _)| stem.len());
            stem.and_then(|at| core.word.get(at..))
        });
        let Some(Some(ending)) = endings.next() else { return String::new() };
        let known = self.tree.node(id).into_iter().flat_map(|node| node.parameters.keys());
        let others = known.filter(|(prefix, suffix)| prefix.is_empty() && suffix != ending);
        let alone = endings.all(|other| other == Some(ending));
        let mixed =
            others.into_iter().any(|(_, suffix)| suffix.is_empty() || suffix.starts_with('.'));
        let enough = values.len() >= OPEN_FROM || self.takes(id, ending);
        if alone && enough && !mixed { ending.to_owned() } else { String::new() }
    }

    /// Whether names of files are values here, ending included.
    fn has_files(&self, id: NodeId) -> bool {
        let plain =
            self.tree.node(id).and_then(|n| n.parameters.get(&(String::new(), String::new())));
        plain
            .and_then(|id| self.tree.node(*id))
            .is_some_and(|n| n.values.kinds.contains_key(&ValueKind::File))
    }

    fn takes(&self, id: NodeId, ending: &str) -> bool {
        let affixes = (String::new(), ending.to_owned());
        self.tree.node(id).is_some_and(|node| node.parameters.contains_key(&affixes))
    }

    /// `near.json`, `near.csv` become `near.{format}`; `{id}.json`, `{id}.csv` become
    /// `{id}.{format}`.
    fn formats(&mut self, id: NodeId) {
        let Some(node) = self.tree.node(id) else { return };
        let mut stems: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (token, child) in &node.literals {
            if let Some((stem, _)) = split_extension(token)
                && self.tree.node(*child).is_some_and(|n| !(n.pinned || n.apart))
                && classify(token).kind != ValueKind::Version
            {
                stems.entry(stem.to_owned()).or_default().insert(token.clone());
            }
        }
        let open = node.open;
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
            let node = self.tree.node(*child);
            node.is_some_and(|n| n.values.hashes.smallest().iter().any(|h| !seen.insert(*h)))
        });
        let words = |id: &NodeId| self.tree.node(*id).is_some_and(|n| n.values.are_words());
        let files = open && typed.iter().all(|(_, child)| words(child));
        let beside = files && self.has_files(id);
        if typed.len() < 2 - usize::from(beside) || (!repeats && !files && typed.len() < 3) {
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

    pub(crate) fn merge_child(
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
        let limits = EndpointLimits { nodes: u32::MAX, ..Default::default() };
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
            let apart = source.apart;
            let values = std::mem::take(&mut source.values);
            if let Some(target) = self.tree.node_mut(into) {
                target.hits += hits;
                target.open |= open;
                target.apart |= apart && matches!(target.step, Step::Literal(_));
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
        let Some(key) = self.resolver.leaves.get(leaf.0 as usize).map(Leaf::key) else {
            return;
        };
        match self.tree.node(into).and_then(|n| n.leaves.get(&key)).copied() {
            Some(other) => {
                let word = self.word_of(leaf, into, steps);
                let (tree, resolver) = (&mut *self.tree, &mut *self.resolver);
                // The alias remembers the path of the one that is gone.
                let steps = if resolver.survivor(other, leaf).0 == leaf {
                    self.origins.insert(leaf, steps.to_vec());
                    self.origins.remove(&other).unwrap_or_default()
                } else {
                    steps.to_vec()
                };
                // Before its answers are among those of the rest, which they may outnumber.
                let stays = resolver.survivor(other, leaf).0;
                if let (Some(kept), Some((word, (shape, answers)))) =
                    (resolver.leaves.get_mut(stays.0 as usize), word)
                {
                    kept.shapes.note(&word, shape, answers);
                }
                resolver.merge_leaves(tree, into, other, leaf, reason, evidence, steps);
            }
            None => {
                self.origins.insert(leaf, steps.to_vec());
                if let Some(node) = self.tree.node_mut(into) {
                    node.leaves.insert(key, leaf);
                }
                if let Some(found) = self.resolver.leaves.get_mut(leaf.0 as usize) {
                    found.place = Place::Node(into);
                    found.stale = true;
                }
            }
        }
    }

    /// The word that becomes a value of the parameter `into`, and what it was answered with.
    fn word_of(
        &self,
        leaf: LeafId,
        into: NodeId,
        steps: &[Step],
    ) -> Option<(String, (Shape, u32))> {
        let (Step::Parameter { prefix, suffix }, Step::Literal(token)) =
            (&self.tree.node(into)?.step, steps.last()?)
        else {
            return None;
        };
        let usual = self.resolver.leaf(leaf)?.shapes.usual()?;
        Some((core_of(token, prefix, suffix).to_owned(), usual))
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
