//! What becomes of each leaf: listed, part of a catch-all, or noise.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Segment, Template,
    catch_all::{Asker, Looks},
    leaf::{Leaf, LeafId, MAX_LOOKS_OF_LEAF, Observation, Outcome, Place},
    naming,
    render::pending_key,
    resolver::Resolver,
    tree::{HostTree, NodeId, Pending, ROOT, Step},
};

/// Name of the parameter that stands for the whole path of a catch-all.
const ANY_PATH: &str = "any_path";

/// What is known about a leaf together with those that were merged into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    /// Answers with success: pages, and all others.
    pages: u64,
    others: u64,
    own: u64,
    existing: u64,
    vouched: u64,
    declared: bool,
    looks: Vec<u64>,
}

impl Sum {
    fn add(&mut self, leaf: &Leaf) {
        self.pages += leaf.pages;
        self.others += leaf.answers;
        self.own += leaf.own;
        self.existing += leaf.existing;
        self.vouched += leaf.vouched;
        self.declared |= leaf.declared;
        for look in &leaf.looks {
            if !self.looks.contains(look) {
                self.looks.push(*look);
            }
        }
    }
}

impl Sum {
    const fn answered(&self) -> u64 {
        self.pages + self.others
    }

    /// Whether it was answered with data of its own.
    pub(crate) const fn is_granted_data(&self) -> bool {
        self.others > 0 && self.own > 0
    }

    /// Whether everything that was answered is what a catch-all answers.
    fn is_alike(&self, looks: &Looks) -> bool {
        self.own == 0 && !self.declared && looks.are_caught(&self.looks)
    }
}

impl HostTree {
    /// Takes a leaf out, with what its answers taught about the positions on the way. Positions that
    /// nothing else needs go.
    fn detach(&mut self, node: NodeId, method: &str, answered: u64) {
        if let Some(node) = self.node_mut(node) {
            node.leaves.remove(method);
        }
        let mut at = node;
        while let Some(node) = self.node_mut(at) {
            node.hits = node.hits.saturating_sub(answered);
            if at == ROOT {
                return;
            }
            let unused = node.leaves.is_empty()
                && node.literals.is_empty()
                && node.parameters.is_empty()
                && !node.pinned;
            let (parent, step) = (node.parent, node.step.clone());
            if unused
                && let Step::Literal(text) = step
                && let Some(parent) = self.node_mut(parent)
            {
                parent.literals.remove(&text);
            }
            at = parent;
        }
    }
}

impl Leaf {
    /// Remembers how an answer looked; more than a few looks are pages of its own.
    pub(crate) fn saw(&mut self, look: u64) {
        if look == 0 {
            self.own += 1;
        } else if !self.looks.contains(&look) {
            if self.looks.len() < MAX_LOOKS_OF_LEAF {
                self.looks.push(look);
            } else {
                self.own += 1;
            }
        }
    }
}

impl Resolver {
    /// Says who was given the answer that [`observe`](Self::observe) just saw. A server error counts
    /// as proof of an endpoint when the caller's credential was accepted before or when the operation
    /// is documented; pages are watched for catch-alls.
    pub fn attribute(&mut self, seen: &Observation, outcome: Outcome, asker: &Asker) {
        let fault = outcome.is_fault();
        if fault && !(asker.accepted || asker.documented) {
            return;
        }
        if !fault && seen.kin.is_none() {
            return;
        }
        let Some(leaf) = self.leaves.get_mut(seen.leaf.0 as usize) else { return };
        if asker.accepted && seen.kin.is_some_and(|kin| kin.is_bare) {
            leaf.own += 1;
            return;
        }
        if fault {
            leaf.vouched += 1;
            leaf.declared |= asker.documented;
            leaf.saw(outcome.look);
        }
        if let Some(kin) = seen.kin
            && let Some(tree) = self.hosts.get_mut(&leaf.host)
        {
            tree.looks.note(kin, asker.actor);
        }
    }

    /// What is known about each leaf, by index; nothing for those that were merged into another.
    pub(crate) fn sums(&self) -> Vec<Sum> {
        let mut sums: Vec<Sum> = vec![Sum::default(); self.leaves.len()];
        for (at, leaf) in self.leaves.iter().enumerate() {
            let root = self.root_of(LeafId(at as u32)).0 as usize;
            if let Some(sum) = sums.get_mut(root) {
                sum.add(leaf);
            }
        }
        sums
    }

    /// Takes out of the tree what catch-alls answered before they were known for what they are: it
    /// would make values of the words beside it.
    pub(crate) fn evict_caught(&mut self, sums: &[Sum], tree: &mut HostTree) {
        let mut caught: Vec<(NodeId, String, LeafId)> = Vec::new();
        for (id, node) in tree.nodes.iter().enumerate() {
            for (method, leaf) in &node.leaves {
                let sum = sums.get(leaf.0 as usize);
                if sum.is_some_and(|sum| sum.answered() > 0 && sum.is_alike(&tree.looks)) {
                    caught.push((id as NodeId, method.clone(), *leaf));
                }
            }
        }
        for (node, method, leaf) in caught {
            let texts = tree.steps(node).into_iter().map(|(_, step, _)| match step {
                Step::Literal(text) => Some(text),
                Step::Parameter { .. } => None,
            });
            // Values teach nothing about words, and `/` is the page itself.
            let Some(segments) = texts.collect::<Option<Vec<_>>>().filter(|s| !s.is_empty()) else {
                continue;
            };
            let words: Vec<&str> = segments.iter().map(String::as_str).collect();
            let key = pending_key(&method, &words, true);
            let room = tree.pending.len() < self.limits.pending as usize;
            let (Some(sum), Some(found)) =
                (sums.get(leaf.0 as usize), self.leaves.get_mut(leaf.0 as usize))
            else {
                continue;
            };
            if !room || tree.pending.contains_key(&key) {
                continue;
            }
            found.place = Place::Pending;
            tree.detach(node, &method, sum.answered());
            tree.pages = tree.pages.saturating_sub(sum.pages);
            tree.data = tree.data.saturating_sub(sum.others);
            let pending = Pending { segments, leaf, pages: sum.answered(), read: true };
            tree.pending.insert(key, pending);
        }
    }

    /// Decides about every leaf. Undone and done anew at each consolidation.
    pub(crate) fn settle(&mut self) {
        let sums = self.sums();
        let mut caught: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (at, sum) in sums.iter().enumerate() {
            let Some(leaf) = self.leaves.get(at).filter(|leaf| leaf.merged_into.is_none()) else {
                continue;
            };
            let alike = !leaf.template.segments.is_empty()
                && self.hosts.get(&leaf.host).is_some_and(|tree| sum.is_alike(&tree.looks));
            let in_catch_all = alike && sum.answered() > 0;
            let noise = match leaf.place {
                Place::Overflow | Place::CatchAll => continue,
                Place::Node(_) => false,
                Place::Pending if sum.answered() > 0 || sum.declared => false,
                Place::Pending => {
                    let proven = sum.existing > 0 && !leaf.probe;
                    !proven && (sum.vouched == 0 || leaf.hostile || alike)
                }
            };
            if in_catch_all {
                let key = (leaf.host.clone(), shared_method(&leaf.method).to_owned());
                *caught.entry(key).or_default() += 1;
            }
            if let Some(leaf) = self.leaves.get_mut(at) {
                (leaf.caught, leaf.noise) = (in_catch_all, noise);
            }
        }
        // Those that only answered what there was no room for are listed as well.
        for (host, tree) in &self.hosts {
            for method in tree.looks.leaves.keys() {
                caught.entry((host.clone(), method.clone())).or_default();
            }
        }
        for ((host, method), paths) in caught {
            self.describe_catch_all(&host, &method, paths);
        }
    }

    /// Whether an answer is what a catch-all of the host answers.
    pub(crate) fn is_caught_answer(&self, host: &str, outcome: Outcome) -> bool {
        let tree = self.hosts.get(host);
        outcome.is_answer() && tree.is_some_and(|tree| tree.looks.is_caught(outcome.look))
    }

    /// The leaf that stands for what catch-alls of a host answer to a method.
    pub(crate) fn catch_all(&mut self, host: &str, method: &str) -> LeafId {
        let method = shared_method(method);
        let known = self.hosts.get(host).and_then(|tree| tree.looks.leaves.get(method)).copied();
        let leaf = known
            .or_else(|| self.unlimited_leaf(host, method, Place::CatchAll))
            .unwrap_or(LeafId(0));
        if let Some(tree) = self.hosts.get_mut(host) {
            tree.looks.leaves.insert(method.to_owned(), leaf);
        }
        leaf
    }

    /// The endpoint that stands for what catch-alls of a host answered to a method.
    fn describe_catch_all(&mut self, host: &str, method: &str, paths: u64) {
        let leaf = self.catch_all(host, method);
        let beyond = self.leaf(leaf).map_or(0, |leaf| leaf.requests);
        let more = match beyond {
            0 => String::new(),
            requests => format!(", and {requests} requests for more,"),
        };
        let evidence = format!(
            "{ANY_PATH}: {paths} paths{more} were answered alike whatever was asked for; they are \
             listed together"
        );
        let mut template = Template {
            host: host.to_owned(),
            method: method.to_owned(),
            evidence: vec![evidence],
            ..any_path()
        };
        self.name_leaf(leaf, &template);
        if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
            template.id = found.id.clone();
            found.template = Arc::new(template);
            found.stale = false;
        }
    }

    /// The leaf under which a leaf is listed: the one it was merged into, or that of a catch-all.
    pub(crate) fn shown(&self, leaf: LeafId) -> LeafId {
        let root = self.root_of(leaf);
        let Some(found) = self.leaf(root).filter(|found| found.caught) else { return root };
        let tree = self.hosts.get(&found.host);
        let shared = tree.and_then(|tree| tree.looks.leaves.get(shared_method(&found.method)));
        shared.copied().unwrap_or(root)
    }
}

/// The template that stands for every path.
pub(crate) fn any_path() -> Template {
    let segments = vec![Segment::Parameter {
        name: ANY_PATH.to_owned(),
        prefix: String::new(),
        suffix: String::new(),
    }];
    let path = naming::path_text(&segments);
    Template { path, kinds: vec![Vec::new()], segments, ..Template::default() }
}

/// The method of a leaf that many requests share: unknown methods go together.
pub(crate) fn shared_method(method: &str) -> &str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    if known.contains(&method) { method } else { "*" }
}
