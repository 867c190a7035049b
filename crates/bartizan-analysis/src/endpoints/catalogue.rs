//! What a resolver knows, for the inventory; declared templates, joining of shards.

use std::{collections::BTreeMap, sync::Arc};

use bartizan_model::EndpointId;

use super::{
    Template,
    hosts::{AtHost, Seeks},
    leaf::{Alias, LeafId, Listed, Noise, Place, ResolverCounts},
    naming::ANY_FORMAT,
    resolver::Resolver,
    tree::{HostTree, ROOT, Step},
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
        for alias in self.aliases.iter().filter(|alias| alias.leads()) {
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
    #[cfg(test)]
    pub(crate) fn current_id(&self, id: &EndpointId) -> EndpointId {
        let alias = self.aliases.iter().rev().find(|a| a.leads() && a.from == *id);
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
                Some(top) if top.place == Place::Overflow => {
                    let kept = leaf.answers + leaf.pages + leaf.existing + leaf.vouched;
                    let refused = leaf.requests.saturating_sub(kept);
                    out.unanswered += refused;
                    out.over_limit += leaf.requests - refused;
                }
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
        let caught = |at: usize| {
            let top = self.leaf(self.root_of(LeafId(at as u32)));
            top.is_some_and(|leaf| leaf.caught || leaf.place == Place::CatchAll)
        };
        let leaves = self.leaves.iter().enumerate().filter(|(at, _)| caught(*at));
        leaves.map(|(_, leaf)| leaf.requests).sum()
    }

    /// Declares an endpoint, from a specification or an earlier catalogue: its template wins over
    /// evidence, its parameters take every value that no declared fixed text claims. `path`:
    /// template with `{name}`, base path included. `id`: the endpoint's id when it had one before.
    ///
    /// Returns `false` when a limit leaves no room.
    pub fn declare<'a>(
        &mut self,
        host: impl Into<AtHost<'a>>,
        method: &str,
        path: &str,
        id: Option<EndpointId>,
    ) -> bool {
        let host = self.tree_of(&host.into(), &Seeks::Template(path));
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
}

impl ResolverCounts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.over_hosts += other.over_hosts;
        self.over_nodes += other.over_nodes;
        self.over_pending += other.over_pending;
        self.collapsed += other.collapsed;
        self.over_aliases += other.over_aliases;
    }
}

impl HostTree {
    /// Whether a declared template is in it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let mut texts = path.split('/').filter(|text| !text.is_empty());
        let end = texts.try_fold(ROOT, |at, text| {
            let node = self.node(at)?;
            match step_of(text).0 {
                Step::Literal(text) => node.literals.get(&text).copied(),
                Step::Parameter { prefix, suffix } => {
                    node.parameters.get(&(prefix, suffix)).copied()
                }
            }
        });
        end.is_some()
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
pub(super) fn decode(text: &str) -> String {
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
