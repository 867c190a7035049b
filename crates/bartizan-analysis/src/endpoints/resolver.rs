//! The online resolver: every request gets an endpoint at once, from what was seen before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::{EndpointId, Scope};
use serde::{Deserialize, Serialize};

use super::{
    Template, naming, probe,
    tree::{HostTree, NodeId, Pending, Step},
    values::{CERTAIN, classify, split_affixes},
};

/// Limits of one resolver. What happens at each is counted in [`ResolverCounts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointLimits {
    /// Most hosts; requests to further ones share one tree under the host name `*`.
    pub hosts: u32,
    /// Most words of fixed text at one position; further ones become a parameter.
    pub children: u32,
    /// Most positions per host; requests that need a new one are not listed.
    pub nodes: u32,
    /// Most endpoints and unmatched paths over all hosts; further ones share one leaf per method.
    pub leaves: u32,
    /// Most unmatched paths per host.
    pub pending: u32,
    /// Most segments of a path.
    pub segments: u32,
    /// Most methods at one path.
    pub methods: u32,
    /// Most entries of the alias table.
    pub aliases: u32,
}

impl Default for EndpointLimits {
    fn default() -> Self {
        Self {
            hosts: 4_096,
            children: 256,
            nodes: 65_536,
            leaves: 262_144,
            pending: 4_096,
            segments: 48,
            methods: 16,
            aliases: 131_072,
        }
    }
}

/// Names one endpoint or unmatched path inside a resolver. Stays valid for the resolver's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeafId(pub u32);

/// What kind of body a response had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// No body, or the source does not say.
    #[default]
    Unknown,
    /// `text/html` or `application/xhtml+xml`: a page for people.
    Page,
    /// Anything else: JSON, XML, binary.
    Data,
}

impl MediaKind {
    /// From a `content-type` value.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "" => Self::Unknown,
            "text/html" | "application/xhtml+xml" => Self::Page,
            _ => Self::Data,
        }
    }
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Status; `None` when no response was seen.
    pub status: Option<u16>,
    /// Kind of the response's body.
    pub media: MediaKind,
    /// Hash of the shape of the response (field names and types); 0 when unknown.
    pub shape: u64,
}

impl Outcome {
    /// Whether the API answered with success or a redirect. A missing response counts as one: the
    /// source (an old log) may not record it.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.status.is_none_or(|s| s < 400)
    }

    /// Whether the error tells that something handles the path.
    fn tells_existence(&self) -> bool {
        matches!(self.status, Some(409 | 412 | 415 | 422 | 428))
    }
}

/// What a request was resolved to.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Names the endpoint; see [`Resolver::final_endpoint`].
    pub leaf: LeafId,
    /// The endpoint as known from what was seen before.
    pub template: Arc<Template>,
    /// Whether the request fits an endpoint that was answered, or was answered itself. False for
    /// what may be noise.
    pub known: bool,
}

/// Where a leaf hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    Node(NodeId),
    Pending,
    Overflow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaf {
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) place: Place,
    pub(crate) id: EndpointId,
    pub(crate) merged_into: Option<LeafId>,
    pub(crate) requests: u64,
    /// Answers with data or without body.
    pub(crate) answers: u64,
    /// Answers with a page.
    pub(crate) pages: u64,
    /// Errors that tell that the path exists.
    pub(crate) existing: u64,
    /// Up to [`MAX_SHAPES`] shapes of answers.
    pub(crate) shapes: Vec<u64>,
    /// From a specification or an earlier catalogue.
    pub(crate) declared: bool,
    pub(crate) noise: bool,
    /// The path of something that scanners ask for.
    pub(crate) probe: bool,
    pub(crate) template: Arc<Template>,
    pub(crate) stale: bool,
}

const MAX_SHAPES: usize = 4;

/// Why one id leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasReason {
    /// Words of one position turned out to be values of one parameter.
    Merged,
    /// Extensions of one name turned out to be formats.
    Format,
    /// An unmatched path fits an endpoint that was found later.
    Matched,
    /// A merge was undone.
    Split,
    /// Shards were joined.
    Joined,
}

/// One entry of the alias table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The id that is no longer listed.
    pub from: EndpointId,
    /// The id it leads to.
    pub to: EndpointId,
    /// Why.
    pub reason: AliasReason,
    /// For people.
    pub evidence: String,
    /// True after a split undid it.
    pub undone: bool,
    pub(crate) leaf: LeafId,
    pub(crate) steps: Vec<Step>,
}

/// Figures of a resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverCounts {
    /// Requests observed.
    pub requests: u64,
    /// Requests to hosts beyond `hosts`.
    pub over_hosts: u64,
    /// Requests that `nodes`, `leaves`, `segments` or `methods` kept from being listed.
    pub over_nodes: u64,
    /// Unmatched requests beyond `pending`.
    pub over_pending: u64,
    /// Positions that reached `children`.
    pub collapsed: u64,
    /// Entries that the alias table had no room for.
    pub over_aliases: u64,
}

/// Requests kept out of the inventory, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noise {
    /// Never answered with success, and no endpoint has such a path.
    pub unanswered: u64,
    /// Of these, paths that scanners ask for.
    pub probes: u64,
    /// Answered with a page by a host that speaks data: catch-all pages.
    pub pages: u64,
    /// Beyond a limit.
    pub over_limit: u64,
}

/// An endpoint of the inventory.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The endpoint.
    pub template: Arc<Template>,
    /// Its leaf.
    pub leaf: LeafId,
    /// Requests, those of merged endpoints included.
    pub requests: u64,
    /// Requests answered with success.
    pub answers: u64,
    /// From a specification or an earlier catalogue.
    pub declared: bool,
    /// Ids that lead here.
    pub aliases: Vec<EndpointId>,
}

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
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) ids: BTreeSet<EndpointId>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) counts: ResolverCounts,
}

/// Name of the tree of hosts beyond the limit.
const OTHER_HOSTS: &str = "*";

impl Resolver {
    /// An empty resolver.
    #[must_use]
    pub fn new(scope: Scope, limits: EndpointLimits) -> Self {
        Self {
            scope,
            limits,
            hosts: BTreeMap::new(),
            leaves: Vec::new(),
            ids: BTreeSet::new(),
            aliases: Vec::new(),
            counts: ResolverCounts::default(),
        }
    }

    /// Resolves one request and learns from it.
    ///
    /// `segments`: the canonical path, percent-decoded, without empty and dot segments; none for
    /// `/`. `host` is compared without case. Costs a few look-ups per segment.
    pub fn observe(
        &mut self,
        host: &str,
        method: &str,
        segments: &[&str],
        outcome: Outcome,
    ) -> Observation {
        self.counts.requests += 1;
        let host = self.host_name(host);
        let leaf = self.place(&host, method, segments, outcome);
        let known = self.count(leaf, outcome);
        self.refresh(leaf, segments);
        let template = match self.leaves.get(leaf.0 as usize) {
            Some(found) => Arc::clone(&found.template),
            None => Arc::new(Template::default()),
        };
        Observation { leaf, template, known }
    }

    pub(crate) fn host_name(&mut self, host: &str) -> String {
        let host = host.to_ascii_lowercase();
        if self.hosts.contains_key(&host) {
            return host;
        }
        let host = if self.hosts.len() >= self.limits.hosts as usize {
            self.counts.over_hosts += 1;
            OTHER_HOSTS.to_owned()
        } else {
            host
        };
        self.hosts.entry(host.clone()).or_insert_with(HostTree::new);
        host
    }

    fn place(&mut self, host: &str, method: &str, segments: &[&str], outcome: Outcome) -> LeafId {
        if segments.len() > self.limits.segments as usize || method.len() > 32 {
            return self.overflow(host, method);
        }
        let limits = self.limits.clone();
        let Some(tree) = self.hosts.get_mut(host) else { return self.overflow(host, method) };
        let page = outcome.media == MediaKind::Page;
        let suspicious = page && (probe::is_probe(segments) || tree.data > tree.pages);
        if outcome.is_answer() && !suspicious {
            *(if page { &mut tree.pages } else { &mut tree.data }) += 1;
            return match tree.insert(segments, &limits) {
                Some(node) => self.leaf_at(host, method, node),
                None => self.overflow(host, method),
            };
        }
        if let Some(node) = tree.find(segments)
            && Self::is_answered(&self.leaves, tree, node)
        {
            return self.leaf_at(host, method, node);
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

    pub(crate) fn leaf_at(&mut self, host: &str, method: &str, node: NodeId) -> LeafId {
        let found = self.hosts.get(host).and_then(|t| t.node(node));
        if let Some(leaf) = found.and_then(|n| n.leaves.get(method)) {
            return *leaf;
        }
        if found.is_none_or(|n| n.leaves.len() >= self.limits.methods as usize) {
            return self.overflow(host, method);
        }
        let Some(leaf) = self.new_leaf(host, method, Place::Node(node)) else {
            return self.overflow(host, method);
        };
        if let Some(node) = self.hosts.get_mut(host).and_then(|t| t.node_mut(node)) {
            node.leaves.insert(method.to_owned(), leaf);
        }
        leaf
    }

    fn new_leaf(&mut self, host: &str, method: &str, place: Place) -> Option<LeafId> {
        if self.leaves.len() >= self.limits.leaves as usize {
            return None;
        }
        let leaf = LeafId(u32::try_from(self.leaves.len()).ok()?);
        self.leaves.push(Leaf {
            host: host.to_owned(),
            method: method.to_owned(),
            place,
            id: EndpointId::default(),
            merged_into: None,
            requests: 0,
            answers: 0,
            pages: 0,
            existing: 0,
            shapes: Vec::new(),
            declared: false,
            noise: false,
            probe: false,
            template: Arc::new(Template::default()),
            stale: true,
        });
        Some(leaf)
    }

    fn pending(&mut self, host: &str, method: &str, segments: &[&str], outcome: Outcome) -> LeafId {
        let key = pending_key(method, segments);
        let full = self.limits.pending as usize;
        let known =
            self.hosts.get(host).map(|t| (t.pending.get(&key).map(|p| p.leaf), t.pending.len()));
        let leaf = match known {
            Some((Some(leaf), _)) => leaf,
            Some((None, n)) if n < full => match self.new_leaf(host, method, Place::Pending) {
                Some(leaf) => leaf,
                None => return self.overflow(host, method),
            },
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
                shape: 0,
            });
            if outcome.is_answer() {
                pending.pages += 1;
                pending.shape = outcome.shape;
            }
        }
        leaf
    }

    /// The shared leaf of everything that no table has room for.
    fn overflow(&mut self, host: &str, method: &str) -> LeafId {
        self.counts.over_nodes += 1;
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        let method = if known.contains(&method) { method } else { "*" };
        if let Some(leaf) = self.hosts.get(host).and_then(|t| t.overflow.get(method)) {
            return *leaf;
        }
        // At most eight per host: outside of the limit on leaves.
        let limit = std::mem::replace(&mut self.limits.leaves, u32::MAX);
        let leaf = self.new_leaf(host, method, Place::Overflow).unwrap_or(LeafId(0));
        self.limits.leaves = limit;
        if let Some(tree) = self.hosts.get_mut(host) {
            tree.overflow.insert(method.to_owned(), leaf);
        }
        leaf
    }

    /// Counts an outcome; says whether the leaf is known to exist.
    fn count(&mut self, leaf: LeafId, outcome: Outcome) -> bool {
        let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { return false };
        found.requests += 1;
        let hung = matches!(found.place, Place::Node(_));
        if outcome.is_answer() {
            if outcome.media == MediaKind::Page {
                found.pages += 1;
            } else if hung {
                found.answers += 1;
            }
            if outcome.shape != 0
                && found.shapes.len() < MAX_SHAPES
                && !found.shapes.contains(&outcome.shape)
            {
                found.shapes.push(outcome.shape);
            }
        } else if outcome.tells_existence() {
            found.existing += 1;
        }
        hung
    }

    /// Renders the template of a leaf when it is new or its path changed.
    pub(crate) fn refresh(&mut self, leaf: LeafId, segments: &[&str]) {
        let Some(found) = self.leaves.get(leaf.0 as usize) else { return };
        if !found.stale {
            return;
        }
        let (host, method, place) = (found.host.clone(), found.method.clone(), found.place);
        let mut template = match (place, self.hosts.get(&host)) {
            (Place::Node(node), Some(tree)) => render(tree, node),
            (Place::Pending, _) => render_alone(segments),
            _ => render_alone(&["*"]),
        };
        template.host = host;
        template.method = method;
        if self.leaves.get(leaf.0 as usize).is_some_and(|l| l.id == EndpointId::default()) {
            let id = self.fresh_id(&template);
            if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
                found.id = id;
            }
        }
        if let Some(found) = self.leaves.get_mut(leaf.0 as usize) {
            template.id = found.id.clone();
            found.template = Arc::new(template);
            found.stale = false;
        }
    }

    /// An id that was never used: derived from host, method and path, numbered when these had an
    /// endpoint before.
    fn fresh_id(&mut self, template: &Template) -> EndpointId {
        let parts = [template.host.as_str(), template.method.as_str(), template.path.as_str()];
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

impl Default for Template {
    fn default() -> Self {
        Self {
            id: EndpointId::default(),
            host: String::new(),
            method: String::new(),
            segments: Vec::new(),
            path: "/".to_owned(),
            kinds: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// Values of certain form are replaced, so that a flood of them is one unmatched path.
fn pending_key(method: &str, segments: &[&str]) -> String {
    let mut key = method.to_owned();
    for segment in segments {
        let (prefix, core, suffix) = split_affixes(segment);
        let class = classify(core);
        key.push('/');
        if class.certainty >= CERTAIN && !probe::is_hostile_value(segment) {
            for part in [prefix, "\u{1}", suffix] {
                key.push_str(part);
            }
        } else {
            key.push_str(segment);
        }
    }
    key
}

/// A template from one path alone.
fn render_alone(segments: &[&str]) -> Template {
    let steps: Vec<_> = segments
        .iter()
        .map(|segment| {
            let (prefix, core, suffix) = split_affixes(segment);
            let certain = classify(core).certainty >= CERTAIN && !probe::is_hostile_value(segment);
            let step = if certain {
                Step::Parameter { prefix: prefix.to_owned(), suffix: suffix.to_owned() }
            } else {
                Step::Literal((*segment).to_owned())
            };
            (step, None)
        })
        .collect();
    let segments = naming::segments_of(&steps);
    let kinds = vec![Vec::new(); segments.len()];
    Template { path: naming::path_text(&segments), segments, kinds, ..Template::default() }
}

/// The template of a node, with kinds and evidence.
fn render(tree: &HostTree, node: NodeId) -> Template {
    let steps = tree.steps(node);
    let named: Vec<_> = steps.iter().map(|(_, step, name)| (step.clone(), name.clone())).collect();
    let segments = naming::segments_of(&named);
    let mut kinds = Vec::with_capacity(segments.len());
    let mut evidence = Vec::new();
    for ((id, _, _), segment) in steps.iter().zip(&segments) {
        let super::Segment::Parameter { name, .. } = segment else {
            kinds.push(Vec::new());
            continue;
        };
        let Some(node) = tree.node(*id) else { continue };
        let seen = node.values.by_frequency();
        let words: Vec<&str> = seen.iter().take(3).map(|k| k.as_str()).collect();
        let mut line = format!(
            "{name}: {} distinct values in {} answered requests",
            node.values.distinct(),
            node.hits
        );
        if !words.is_empty() {
            line.push_str("; ");
            line.push_str(&words.join(", "));
        }
        if node.pinned {
            line.push_str("; declared");
        }
        evidence.push(line);
        kinds.push(seen);
    }
    Template {
        path: naming::path_text(&segments),
        segments,
        kinds,
        evidence,
        ..Template::default()
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
