//! The online resolver: every request gets an endpoint at once, from what was seen before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::{EndpointId, Protocol, Scope};
use bartizan_protocols::Call;
use serde::{Deserialize, Serialize};

use super::{
    Template,
    catch_all::Kin,
    fate::{any_path, shared_method},
    hosts::{AtHost, Seeks},
    leaf::{
        Alias, Asked, EndpointLimits, Leaf, LeafId, MediaKind, Observation, Outcome, Place,
        ResolverCounts, key_of,
    },
    probe,
    render::{pending_key, render, render_alone},
    shape::Shapes,
    tenants::Tenants,
    told::NEVER_CALLED,
    tree::{HostTree, NodeId, Pending, Step, core_of},
    values::{CERTAIN, classify},
};

/// Resolves requests to endpoints.
///
/// Causal: [`observe`](Self::observe) uses only what came before. [`consolidate`](Self::consolidate)
/// applies evidence gathered since; it may be called at any time, and must be called once before
/// results are listed. Deterministic: the same calls give the same ids, templates and aliases.
/// Memory is bounded by [`EndpointLimits`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resolver {
    pub(crate) scope: Scope,
    pub(crate) limits: EndpointLimits,
    pub(crate) hosts: BTreeMap<String, HostTree>,
    pub(crate) tenants: Tenants,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) ids: BTreeSet<EndpointId>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) counts: ResolverCounts,
    /// See [`Self::take_moved`].
    #[serde(skip)]
    pub(crate) moved: Vec<(LeafId, String)>,
    /// See [`Self::take_parted`].
    #[serde(skip)]
    pub(crate) parted: Vec<EndpointId>,
}

/// How many segments at the end of a path name what is called: service and method of gRPC
/// (`PROTOCOL-HTTP2.md`, "Requests").
fn named(call: Option<&Call>, segments: &[&str]) -> usize {
    let operation = call.filter(|call| call.protocol == Protocol::Grpc);
    let names = operation.and_then(|call| call.operation.split_once('/'));
    match segments {
        [.., service, method] if names == Some((*service, *method)) => 2,
        _ => 0,
    }
}

/// Whether a method can be one. The names of leaves have a space behind it, see [`key_of`].
fn is_method(method: &str) -> bool {
    method.len() <= 32 && !method.contains(' ')
}

impl Resolver {
    /// An empty resolver.
    #[must_use]
    pub fn new(scope: Scope, limits: EndpointLimits) -> Self {
        Self {
            scope,
            limits,
            hosts: BTreeMap::new(),
            tenants: Tenants::default(),
            leaves: Vec::new(),
            ids: BTreeSet::new(),
            aliases: Vec::new(),
            counts: ResolverCounts::default(),
            moved: Vec::new(),
            parted: Vec::new(),
        }
    }

    /// Like [`observe_call`](Self::observe_call), for a request whose method and path say all.
    pub fn observe<'a>(
        &mut self,
        host: impl Into<AtHost<'a>>,
        method: &str,
        segments: &[&str],
        outcome: Outcome,
    ) -> Observation {
        self.observe_call(&Asked { host: host.into(), method, call: None, segments, outcome })
    }

    /// Resolves one request and learns from it. Costs a few look-ups per segment.
    ///
    /// Only an answer with success makes an operation known: whatever a client makes up stays with the path.
    pub fn observe_call(&mut self, asked: &Asked<'_>) -> Observation {
        self.counts.requests += 1;
        let segments = asked.segments;
        let outcome = asked.outcome.at(segments);
        let granted = outcome.is_answer();
        let host = self.tree_of(&asked.host, &Seeks::Request { segments, granted });
        let leaf = self.place(&host, &Asked { outcome, ..*asked });
        self.note_shape(leaf, segments, outcome);
        let own = self.own_leaf(leaf, segments, outcome);
        self.count(own, outcome);
        self.refresh(leaf, segments);
        let template = match self.leaves.get(leaf.0 as usize) {
            Some(found) => Arc::clone(&found.template),
            None => Arc::new(Template::default()),
        };
        Observation { leaf: own, template, kin: Kin::of(segments, outcome) }
    }

    /// `host`: the name of the tree that it belongs to.
    fn place(&mut self, host: &str, asked: &Asked<'_>) -> LeafId {
        let Asked { method, call, segments, outcome, .. } = *asked;
        if segments.len() > self.limits.segments as usize || !is_method(method) {
            return self.overflow(host, method);
        }
        let limits = self.limits.clone();
        let Some(tree) = self.hosts.get_mut(host) else { return self.overflow(host, method) };
        let page = outcome.media == MediaKind::Page;
        // Known for what it is at the next consolidation only.
        let doubtful = match outcome.media {
            MediaKind::Page => {
                tree.data > tree.pages
                    || tree.looks.is_caught(outcome.look)
                    || probe::is_probe(segments)
            }
            MediaKind::Data | MediaKind::Unknown => tree.looks.is_caught(outcome.look),
        };
        if outcome.is_answer() && !doubtful {
            *(if page { &mut tree.pages } else { &mut tree.data }) += 1;
            return match tree.insert_named(segments, named(call, segments), &limits) {
                Some(node) => self.leaf_at(host, method, call, node),
                None => self.overflow(host, method),
            };
        }
        if let Some(node) = tree.find(segments)
            && Self::is_answered(&self.leaves, tree, node)
        {
            return self.leaf_of_error(host, method, call, node);
        }
        self.pending(host, method, segments, outcome)
    }

    /// Whether any method of a path was answered or declared.
    pub(crate) fn is_answered(leaves: &[Leaf], tree: &HostTree, node: NodeId) -> bool {
        tree.node(node).is_some_and(|n| {
            n.leaves
                .values()
                .filter_map(|l| leaves.get(l.0 as usize))
                .any(|l| l.answers + l.pages > 0 || l.declared)
        })
    }

    pub(crate) fn leaf_at(
        &mut self,
        host: &str,
        method: &str,
        call: Option<&Call>,
        node: NodeId,
    ) -> LeafId {
        let key = key_of(method, call);
        let Some(found) = self.hosts.get(host).and_then(|t| t.node(node)) else {
            return self.overflow(host, method);
        };
        if let Some(leaf) = found.leaves.get(&*key) {
            return *leaf;
        }
        let is_operation = call.is_some_and(|call| !call.operation.is_empty());
        let operations = found.leaves.keys().filter(|key| key.contains(' ')).count();
        if is_operation && operations >= self.limits.operations as usize {
            return self.leaf_of_error(host, method, call, node);
        }
        if call.is_none() && found.leaves.len() - operations >= self.limits.methods as usize {
            return self.overflow(host, method);
        }
        let Some(leaf) = self.new_leaf(host, method, call, Place::Node(node)) else {
            return self.overflow(host, method);
        };
        if let Some(node) = self.hosts.get_mut(host).and_then(|t| t.node_mut(node)) {
            node.leaves.insert(key.into_owned(), leaf);
        }
        leaf
    }

    /// The leaf of what was no answer at a path that is known: that of the operation when it is known
    /// too, else one that all that is called there shares.
    fn leaf_of_error(
        &mut self,
        host: &str,
        method: &str,
        call: Option<&Call>,
        node: NodeId,
    ) -> LeafId {
        let found = self.hosts.get(host).and_then(|t| t.node(node));
        if let Some(leaf) = found.and_then(|n| n.leaves.get(&*key_of(method, call))) {
            return *leaf;
        }
        let shared = call.map(|call| Call { protocol: call.protocol, operation: String::new() });
        self.leaf_at(host, method, shared.as_ref(), node)
    }

    pub(crate) fn new_leaf(
        &mut self,
        host: &str,
        method: &str,
        call: Option<&Call>,
        place: Place,
    ) -> Option<LeafId> {
        if self.leaves.len() >= self.limits.leaves as usize {
            return None;
        }
        let leaf = LeafId(u32::try_from(self.leaves.len()).ok()?);
        self.leaves.push(Leaf {
            host: host.to_owned(),
            method: method.to_owned(),
            call: call.cloned().map(Box::new),
            place,
            id: EndpointId::default(),
            merged_into: None,
            requests: 0,
            answers: 0,
            pages: 0,
            existing: 0,
            vouched: 0,
            own: 0,
            looks: Vec::new(),
            shapes: Shapes::default(),
            declared: false,
            noise: false,
            caught: false,
            probe: false,
            hostile: false,
            template: Arc::new(Template::default()),
            stale: true,
        });
        Some(leaf)
    }

    fn pending(&mut self, host: &str, method: &str, segments: &[&str], outcome: Outcome) -> LeafId {
        let key = pending_key(method, segments, outcome.is_answer());
        let full = self.limits.pending as usize;
        let known =
            self.hosts.get(host).map(|t| (t.pending.get(&key).map(|p| p.leaf), t.pending.len()));
        let leaf = match known {
            Some((Some(leaf), _)) => leaf,
            Some((None, n)) if n < full => {
                match self.new_leaf(host, method, None, Place::Pending) {
                    Some(leaf) => leaf,
                    None => return self.overflow(host, method),
                }
            }
            _ if self.is_caught_answer(host, outcome) => return self.catch_all(host, method),
            _ => {
                self.counts.over_pending += 1;
                return self.overflow(host, method);
            }
        };
        if let Some(tree) = self.hosts.get_mut(host) {
            let pending = tree.pending.entry(key).or_insert_with(|| Pending {
                segments: segments.iter().map(|s| (*s).to_owned()).collect(),
                leaf,
                pages: 0,
                read: false,
            });
            if outcome.is_answer() {
                pending.pages += 1;
                pending.read |= outcome.read;
            }
        }
        leaf
    }

    /// The shared leaf of everything that no table has room for.
    fn overflow(&mut self, host: &str, method: &str) -> LeafId {
        self.counts.over_nodes += 1;
        let method = shared_method(method);
        if let Some(leaf) = self.hosts.get(host).and_then(|t| t.overflow.get(method)) {
            return *leaf;
        }
        let leaf = self.unlimited_leaf(host, method, Place::Overflow).unwrap_or(LeafId(0));
        if let Some(tree) = self.hosts.get_mut(host) {
            tree.overflow.insert(method.to_owned(), leaf);
        }
        leaf
    }

    /// A leaf outside of the limit on leaves: at most eight per host and kind are shared.
    pub(crate) fn unlimited_leaf(
        &mut self,
        host: &str,
        method: &str,
        place: Place,
    ) -> Option<LeafId> {
        let limit = std::mem::replace(&mut self.limits.leaves, u32::MAX);
        let leaf = self.new_leaf(host, method, None, place);
        self.limits.leaves = limit;
        leaf
    }

    fn count(&mut self, leaf: LeafId, outcome: Outcome) {
        let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { return };
        // It was only told so far, see `tell`.
        found.stale |= found.requests == 0 && found.vouched > 0;
        found.requests += 1;
        if outcome.is_answer() {
            match outcome.media {
                MediaKind::Page => found.pages += 1,
                _ => found.answers += 1,
            }
            found.saw(outcome.look);
        } else if outcome.tells_existence() {
            found.existing += 1;
            found.own += 1;
        }
    }

    /// Remembers the fields of an answer, and the word at the place of a value that got others than
    /// usual.
    fn note_shape(&mut self, leaf: LeafId, segments: &[&str], outcome: Outcome) {
        if !outcome.shape.is_known() || !outcome.is_answer() {
            return;
        }
        let watched = |leaf: &Leaf| leaf.shapes.is_watched(outcome.shape);
        let word = self.leaf(leaf).filter(|leaf| watched(leaf)).and_then(|leaf| {
            let word = self.word_of(leaf, segments)?;
            (classify(word).certainty < CERTAIN).then_some(word)
        });
        let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { return };
        if let Some(word) = word {
            found.shapes.note(word, outcome.shape, 1);
        }
        found.shapes.add(outcome.shape, 1);
    }

    /// The value at the end of a path, where an endpoint has a parameter there.
    fn word_of<'s>(&self, leaf: &Leaf, segments: &[&'s str]) -> Option<&'s str> {
        let Place::Node(node) = leaf.place else { return None };
        let node = self.hosts.get(&leaf.host)?.node(node)?;
        match &node.step {
            Step::Parameter { prefix, suffix } => Some(core_of(segments.last()?, prefix, suffix)),
            Step::Literal(_) => None,
        }
    }

    /// Where a request is learned: at its endpoint, or, when it is for a word that may turn out to be
    /// fixed text, at a leaf of that word, which is a part of the endpoint.
    fn own_leaf(&mut self, leaf: LeafId, segments: &[&str], outcome: Outcome) -> LeafId {
        let Some(found) = self.leaf(leaf).filter(|leaf| leaf.shapes.has_odd()) else { return leaf };
        let Some(word) = self.word_of(found, segments) else { return leaf };
        let own = match found.shapes.leaf_of(word) {
            Some(own) => own,
            None if found.shapes.is_due(word) => {
                let (host, method, place) = (found.host.clone(), found.method.clone(), found.place);
                let call = found.call.as_deref().cloned();
                let Some(own) = self.new_leaf(&host, &method, call.as_ref(), place) else {
                    return leaf;
                };
                if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
                    found.shapes.set_leaf(word, own);
                }
                if let Some(own) = self.leaves.get_mut(own.0 as usize) {
                    (own.merged_into, own.stale) = (Some(leaf), false);
                }
                own
            }
            None => return leaf,
        };
        if let Some(own) = self.leaves.get_mut(own.0 as usize).filter(|_| outcome.is_answer()) {
            own.shapes.add(outcome.shape, 1);
        }
        own
    }

    /// Renders the template of a leaf when it is new or its path changed.
    pub(crate) fn refresh(&mut self, leaf: LeafId, segments: &[&str]) {
        let Some(found) = self.leaves.get(leaf.0 as usize) else { return };
        if !found.stale {
            return;
        }
        let (host, method, place) = (found.host.clone(), found.method.clone(), found.place);
        let call = found.call.as_deref().cloned();
        let answered = found.answers + found.pages > 0;
        let is_only_told = found.requests == 0 && found.vouched > 0;
        let mut template = match (place, self.hosts.get(&host)) {
            (Place::Node(node), Some(tree)) => render(tree, node),
            (Place::Pending, _) => render_alone(segments, answered),
            (Place::CatchAll, _) => any_path(),
            _ => render_alone(&["*"], false),
        };
        template.host = host;
        template.method = method;
        template.call = call;
        template.evidence.extend(is_only_told.then(|| NEVER_CALLED.to_owned()));
        self.name_leaf(leaf, &template);
        if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
            template.id = found.id.clone();
            found.template = Arc::new(template);
            found.stale = false;
        }
    }

    /// Gives a leaf its id when it has none.
    pub(crate) fn name_leaf(&mut self, leaf: LeafId, template: &Template) {
        if self.leaf(leaf).is_some_and(|l| l.id == EndpointId::default()) {
            let id = self.fresh_id(template);
            if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
                found.id = id;
            }
        }
    }

    /// An id that was never used: derived from host, method, path and what is called, numbered when
    /// these had an endpoint before.
    fn fresh_id(&mut self, template: &Template) -> EndpointId {
        let key = key_of(&template.method, template.call.as_ref());
        let parts = [template.host.as_str(), &key, template.path.as_str()];
        let mut id = EndpointId::derive(&self.scope, &parts);
        let mut n = 1u32;
        while !self.ids.insert(id.clone()) {
            n += 1;
            let number = n.to_string();
            id = EndpointId::derive(&self.scope, &[parts[0], parts[1], parts[2], &number]);
        }
        id
    }
}

impl Resolver {
    pub(crate) fn leaf(&self, leaf: LeafId) -> Option<&Leaf> {
        self.leaves.get(leaf.0 as usize)
    }

    /// The leaf that a leaf was merged into.
    pub(crate) fn root_of(&self, leaf: LeafId) -> LeafId {
        let mut at = leaf;
        // Chains are short: a leaf that takes others in is older. The bound guards damaged
        // checkpoints.
        for _ in 0..64 {
            match self.leaf(at).and_then(|l| l.merged_into) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }
}
