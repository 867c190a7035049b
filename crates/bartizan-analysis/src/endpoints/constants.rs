//! Splits: a word that was taken for a value turns out to be fixed text.
//!
//! Told by its answers ([`Shapes::constants`](super::shape::Shapes::constants)). From then on it has
//! an endpoint of its own again, with all that was learned before the merge and since it was watched,
//! and an id that was never used: what was decided about the old one stays where it led. Of the few
//! requests in between, only their number moves; what else they taught stays with the parameter. It
//! is not merged again until it is answered as the values are. Locales are left alone: those of one
//! position are treated alike.

use bartizan_model::EndpointId;

use super::{
    front::is_locale,
    leaf::{Alias, AliasReason, LeafId, Place},
    naming::ANY_FORMAT,
    resolver::Resolver,
    shape::{ENOUGH, Odd},
    tree::{HostTree, NodeId, Step, hash},
    values::classify,
};

/// An endpoint that was taken for another, to be told once it has an id.
pub(crate) struct Parted {
    leaf: LeafId,
    from: EndpointId,
    /// Entry of the alias table that led to `from`.
    alias: Option<usize>,
    evidence: String,
}

impl Resolver {
    /// Parts what turned out to be fixed text from the values of a host.
    pub(crate) fn part_constants(
        &mut self,
        host: &str,
        tree: &mut HostTree,
        parted: &mut Vec<Parted>,
    ) {
        for (node, leaf, (word, odd)) in self.constants_of(tree) {
            self.part(host, tree, (node, leaf), (&word, &odd), parted);
        }
        for (parent, word, token) in self.returned(tree) {
            self.reclaim(host, tree, parent, &token, parted);
            if let Some(word) = tree.node_mut(word) {
                word.apart = true;
            }
        }
    }

    /// Tells the alias table, once all endpoints have ids.
    pub(crate) fn record_parted(&mut self, parted: Vec<Parted>) {
        for Parted { leaf, from, alias, evidence } in parted {
            let Some(id) = self.leaf(self.root_of(leaf)).map(|leaf| leaf.id.clone()) else {
                continue;
            };
            if let Some(alias) = alias.and_then(|at| self.aliases.get_mut(at)) {
                alias.to.clone_from(&id);
            }
            self.record(Alias {
                from,
                to: id,
                reason: AliasReason::Split,
                evidence,
                undone: false,
                leaf,
                steps: Vec::new(),
            });
        }
    }

    fn constants_of(&self, tree: &HostTree) -> Vec<(NodeId, LeafId, (String, Odd))> {
        let mut found = Vec::new();
        for (at, node) in tree.nodes.iter().enumerate() {
            let varies =
                matches!(&node.step, Step::Parameter { suffix, .. } if suffix != ANY_FORMAT);
            if !varies || node.pinned {
                continue;
            }
            for id in node.leaves.values() {
                let Some(leaf) = self.leaf(*id) else { continue };
                let mut odd = leaf.shapes.constants(node.values.distinct());
                odd.retain(|(word, _)| !is_locale(word));
                found.extend(odd.into_iter().map(|odd| (at as NodeId, *id, odd)));
            }
        }
        found
    }

    /// What was set apart and is answered as the values are by now is judged as any other word.
    pub(crate) fn rejoin(&self, tree: &mut HostTree) {
        let usual = |id: &LeafId| Some(self.leaf(*id)?.shapes.usual()?.0);
        let mut alike = Vec::new();
        for node in &tree.nodes {
            let values = node.parameters.values().filter_map(|id| tree.node(*id));
            let values: Vec<(&String, &LeafId)> = values.flat_map(|node| &node.leaves).collect();
            for id in node.literals.values() {
                let Some(word) = tree.node(*id).filter(|word| word.apart) else { continue };
                let pairs = values.iter().filter_map(|(method, values)| {
                    let word = word.leaves.get(*method).and_then(usual);
                    word.zip(usual(values))
                });
                let (mut is_like, mut is_unlike) = (false, false);
                for (word, values) in pairs {
                    is_like |= word.is_like(values);
                    is_unlike |= word.is_unlike(values);
                }
                if is_like && !is_unlike {
                    alike.push(*id);
                }
            }
        }
        for id in alike {
            if let Some(word) = tree.node_mut(id) {
                word.apart = false;
            }
        }
    }

    /// Words that were values and stand as fixed text again, answered otherwise than the values.
    fn returned(&self, tree: &HostTree) -> Vec<(NodeId, NodeId, String)> {
        let mut found = Vec::new();
        for (at, node) in tree.nodes.iter().enumerate() {
            let plain = node.parameters.get(&(String::new(), String::new()));
            let Some(values) = plain.and_then(|id| tree.node(*id)) else { continue };
            for (token, id) in &node.literals {
                let known = tree.value_words.contains(&hash(token));
                let Some(word) =
                    tree.node(*id).filter(|word| known && !(word.pinned || word.apart))
                else {
                    continue;
                };
                let usual = |leaf: &LeafId| self.leaf(*leaf).and_then(|leaf| leaf.shapes.usual());
                let differs = word.leaves.iter().any(|(method, leaf)| {
                    let values = values.leaves.get(method).and_then(usual);
                    usual(leaf).zip(values).is_some_and(|(word, values)| {
                        word.1 >= ENOUGH && word.0.is_unlike(values.0)
                    })
                });
                if differs {
                    found.push((at as NodeId, *id, token.clone()));
                }
            }
        }
        found
    }

    fn part(
        &mut self,
        host: &str,
        tree: &mut HostTree,
        (node, leaf): (NodeId, LeafId),
        (text, odd): (&str, &Odd),
        parted: &mut Vec<Parted>,
    ) {
        let Some(values) = tree.node(node) else { return };
        let Step::Parameter { prefix, suffix } = &values.step else { return };
        let token = format!("{prefix}{text}{suffix}");
        let (parent, distinct) = (values.parent, values.values.distinct());
        let Some((key, method, call, from)) = self.leaf(leaf).map(|leaf| {
            (leaf.key(), leaf.method.clone(), leaf.call.as_deref().cloned(), leaf.id.clone())
        }) else {
            return;
        };
        let limits = self.limits.clone();
        // Fixed text without an endpoint would keep its requests from the values, and have no place for them.
        let has_leaf = tree.leaf_below(parent, &token, &key).is_some() || !odd.leaves.is_empty();
        if !has_leaf && self.leaves.len() >= limits.leaves as usize {
            return;
        }
        let Some(word) = tree.add(parent, Step::Literal(token.clone()), &limits) else { return };
        self.reclaim(host, tree, parent, &token, parted);
        let there = tree.leaf_below(parent, &token, &key);
        let is_new = there.is_none();
        let mut own = there;
        for watched in &odd.leaves {
            self.set_apart(*watched, word, own);
            own = own.or(Some(*watched));
        }
        let place = Place::Node(word);
        let own = own.or_else(|| self.new_leaf(host, &method, call.as_ref(), place));
        let Some(own) = own else { return };
        self.move_answers(leaf, own, odd);
        if let Some(word) = tree.node_mut(word) {
            word.leaves.insert(key, own);
        }
        tree.forget_value(node, word, text, u64::from(odd.answers));
        let evidence = format!(
            "`{token}` was answered otherwise than {} other values, in {} requests",
            distinct.saturating_sub(1),
            odd.answers
        );
        if is_new {
            parted.push(Parted { leaf: own, from, alias: None, evidence });
        }
    }

    /// What a word was answered with as a value is counted at its own leaf from now on.
    fn move_answers(&mut self, values: LeafId, own: LeafId, odd: &Odd) {
        let Some(found) = self.leaves.get_mut(values.0 as usize) else { return };
        found.shapes.part(odd);
        let most = found.answers.min(found.requests);
        let Some(found) = self.leaves.get_mut(own.0 as usize) else { return };
        // Those of before the merge are counted there already.
        let since = odd.answers.saturating_sub(found.shapes.total());
        found.shapes.add(odd.shape, since);
        let moved = u64::from(since).min(most);
        found.answers += moved;
        found.requests += moved;
        if let Some(found) = self.leaves.get_mut(values.0 as usize) {
            found.answers -= moved;
            found.requests -= moved;
        }
    }

    /// Gives fixed text its endpoints of before back, at `token` below `parent` and further below.
    fn reclaim(
        &mut self,
        host: &str,
        tree: &mut HostTree,
        parent: NodeId,
        token: &str,
        parted: &mut Vec<Parted>,
    ) {
        tree.value_words.remove(&hash(token));
        let mut above: Vec<Step> =
            tree.steps(parent).into_iter().map(|(_, step, _)| step).collect();
        above.push(Step::Literal(token.to_owned()));
        let chosen: Vec<usize> = (0..self.aliases.len())
            .filter(|at| self.aliases.get(*at).is_some_and(|a| self.is_below(host, &above, a)))
            .collect();
        for at in chosen {
            let Some(alias) = self.aliases.get(at).cloned() else { continue };
            let Some(from) = self.leaf(self.root_of(alias.leaf)).map(|leaf| leaf.id.clone()) else {
                continue;
            };
            let limits = self.limits.clone();
            let below = alias.steps.iter().skip(above.len() - 1);
            let mut path = Vec::new();
            for step in std::iter::once(&Step::Literal(token.to_owned())).chain(below.skip(1)) {
                let parent = path.last().copied().unwrap_or(parent);
                path.extend(tree.add(parent, step.clone(), &limits));
            }
            let (Some(node), true) =
                (path.last().copied(), path.len() + above.len() == alias.steps.len() + 1)
            else {
                continue;
            };
            let Some(leaf) = self.leaf(alias.leaf) else { continue };
            let (key, answered) = (leaf.key(), leaf.answers + leaf.pages);
            let there = tree.node(node).and_then(|node| node.leaves.get(&key)).copied();
            // One that was merged twice stands there already.
            for id in path.iter().filter(|_| there != Some(alias.leaf)) {
                if let Some(node) = tree.node_mut(*id) {
                    node.hits += answered;
                }
            }
            self.set_apart(alias.leaf, node, there);
            if there.is_none()
                && let Some(node) = tree.node_mut(node)
            {
                node.leaves.insert(key, alias.leaf);
            }
            let evidence = format!("`{token}` was answered otherwise than the other values");
            parted.push(Parted { leaf: alias.leaf, from, alias: Some(at), evidence });
        }
    }

    /// Takes a leaf out of the one that it was merged into: it stands at `node` for itself, or leads
    /// to the leaf that is `there` by now.
    fn set_apart(&mut self, leaf: LeafId, node: NodeId, there: Option<LeafId>) {
        if there == Some(leaf) {
            return;
        }
        let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { return };
        found.merged_into = there;
        if let Some(there) = there {
            let shapes = found.shapes.clone();
            if let Some(there) = self.leaves.get_mut(there.0 as usize) {
                there.shapes.absorb(&shapes);
            }
        } else {
            (found.id, found.stale) = (EndpointId::default(), true);
            found.place = Place::Node(node);
        }
    }

    /// Whether an entry of the alias table is of an endpoint at or below fixed text, and still led
    /// elsewhere. Fixed text further up may be a parameter by now.
    fn is_below(&self, host: &str, above: &[Step], alias: &Alias) -> bool {
        let fits = |(now, then): (&Step, &Step)| {
            now == then || matches!((now, then), (Step::Parameter { .. }, Step::Literal(_)))
        };
        !alias.undone
            && alias.reason == AliasReason::Merged
            && alias.steps.len() >= above.len()
            && above.iter().zip(&alias.steps).all(fits)
            && self
                .leaf(alias.leaf)
                .is_some_and(|leaf| leaf.host == host && leaf.merged_into.is_some())
    }
}

impl HostTree {
    /// The leaf of fixed text below a node, by its name among those of one path.
    fn leaf_below(&self, parent: NodeId, token: &str, key: &str) -> Option<LeafId> {
        let word = self.node(parent)?.literals.get(token)?;
        self.node(*word)?.leaves.get(key).copied()
    }

    /// Takes a word out of the values of `node`, which `word` stands for from now on.
    fn forget_value(&mut self, node: NodeId, word: NodeId, text: &str, answers: u64) {
        if let Some(values) = self.node_mut(node) {
            values.hits = values.hits.saturating_sub(answers);
            values.values.forget(classify(text).kind, text, answers);
        }
        if let Some(word) = self.node_mut(word) {
            word.hits = word.hits.max(answers);
            word.apart = true;
        }
    }
}
