//! The tree of path segments of one host. Methods share it: what `PUT` tells about a position helps
//! `GET`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    affixes::{split_affixes, split_extension},
    catch_all::Looks,
    distinct::Distinct,
    front,
    leaf::{EndpointLimits, LeafId},
    probe,
    values::{CERTAIN, ValueKind, classify},
    words::{is_api_word, words_of},
};

/// Index of a node in its host's arena.
pub(crate) type NodeId = u32;

/// The root of every tree.
pub(crate) const ROOT: NodeId = 0;

/// Fixed text before and behind a parameter's value.
pub(crate) type Affixes = (String, String);

/// How a node is reached from its parent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    /// By fixed text.
    Literal(String),
    /// By a value between fixed text.
    Parameter {
        /// Before the value.
        prefix: String,
        /// Behind the value.
        suffix: String,
    },
}

/// What is known about the values of a parameter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Values {
    /// Requests by kind.
    pub(crate) kinds: BTreeMap<ValueKind, u64>,
    /// The values themselves, as hashes.
    pub(crate) hashes: Distinct,
}

impl Values {
    pub(crate) fn add(&mut self, kind: ValueKind, value: &str, times: u64) {
        *self.kinds.entry(kind).or_default() += times;
        self.hashes.add(hash(value));
    }

    /// Takes a value out again.
    pub(crate) fn forget(&mut self, kind: ValueKind, value: &str, times: u64) {
        if let Some(n) = self.kinds.get_mut(&kind) {
            *n = n.saturating_sub(times);
        }
        self.kinds.retain(|_, n| *n > 0);
        self.hashes.forget(hash(value));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, n) in &other.kinds {
            *self.kinds.entry(*kind).or_default() += n;
        }
        self.hashes.merge(&other.hashes);
    }

    /// Distinct values, see [`Distinct::count`].
    pub(crate) fn distinct(&self) -> u64 {
        self.hashes.count()
    }

    /// Whether these are words, and none of a form that tells a value.
    pub(crate) fn are_words(&self) -> bool {
        let words = [ValueKind::Word, ValueKind::Slug, ValueKind::File];
        !self.kinds.is_empty() && self.kinds.keys().all(|kind| words.contains(kind))
    }

    /// Kinds, the most frequent first.
    pub(crate) fn by_frequency(&self) -> Vec<ValueKind> {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        kinds.into_iter().map(|(k, _)| *k).collect()
    }
}

/// A stable 64-bit hash (FNV-1a with a finaliser); the same on every machine, for checkpoints.
pub(crate) fn hash(text: &str) -> u64 {
    let mut h = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^ (h >> 33)
}

/// One position in a host's paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    pub(crate) step: Step,
    pub(crate) literals: BTreeMap<String, NodeId>,
    pub(crate) parameters: BTreeMap<Affixes, NodeId>,
    /// Endpoints that end here, by method.
    pub(crate) leaves: BTreeMap<String, LeafId>,
    /// Answered requests that passed or ended here.
    pub(crate) hits: u64,
    /// Whether unknown words below are values.
    pub(crate) open: bool,
    /// Declared, set by a person, or a name of the protocol that is spoken: never merged.
    pub(crate) pinned: bool,
    /// Was taken for a value and turned out to be fixed text by its answers.
    pub(crate) apart: bool,
    /// Declared name of the parameter.
    pub(crate) name: Option<String>,
    /// Values, for parameters.
    pub(crate) values: Values,
}

impl Node {
    fn new(parent: NodeId, step: Step) -> Self {
        Self {
            parent,
            step,
            literals: BTreeMap::new(),
            parameters: BTreeMap::new(),
            leaves: BTreeMap::new(),
            hits: 0,
            open: false,
            pinned: false,
            apart: false,
            name: None,
            values: Values::default(),
        }
    }
}

/// A request path that fits nothing that was ever answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) segments: Vec<String>,
    pub(crate) leaf: LeafId,
    /// Answered with success, most often with a page.
    pub(crate) pages: u64,
    /// Whether the body of such an answer was seen.
    pub(crate) read: bool,
}

/// Everything known about one host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HostTree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) pending: BTreeMap<String, Pending>,
    /// Shared leaves of requests that no table had room for, by method.
    pub(crate) overflow: BTreeMap<String, LeafId>,
    /// Success with a page.
    pub(crate) pages: u64,
    /// Success with anything else.
    pub(crate) data: u64,
    /// Hashes of words that turned out to be values.
    pub(crate) value_words: BTreeSet<u64>,
    /// Nodes with more words below than the limit, collapsed early.
    pub(crate) collapsed: u64,
    /// What answers look like that may be given to any path.
    pub(crate) looks: Looks,
    /// Whether somebody wrote down that the host is one of its own.
    pub(crate) apart: bool,
}

/// What is decided about one segment at one position.
pub(crate) enum Way {
    Known(NodeId),
    NewLiteral,
    NewParameter(Affixes),
}

impl HostTree {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new(ROOT, Step::Literal(String::new()))],
            pending: BTreeMap::new(),
            overflow: BTreeMap::new(),
            pages: 0,
            data: 0,
            value_words: BTreeSet::new(),
            collapsed: 0,
            looks: Looks::default(),
            apart: false,
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    /// Steps from the root to `id`, with names that are declared or told by the values.
    pub(crate) fn steps(&self, id: NodeId) -> Vec<(NodeId, Step, Option<String>)> {
        let mut out = Vec::new();
        let mut at = id;
        while at != ROOT
            && let Some(node) = self.node(at)
        {
            let name = || {
                let is_locale =
                    matches!(node.step, Step::Parameter { .. }) && self.is_front_locale(at);
                is_locale.then(|| front::LOCALE.to_owned())
            };
            out.push((at, node.step.clone(), node.name.clone().or_else(name)));
            at = node.parent;
        }
        out.reverse();
        out
    }

    /// Where `segment` leads from `id`.
    pub(crate) fn way(&self, id: NodeId, segment: &str) -> Option<Way> {
        let node = self.node(id)?;
        if let Some(child) = node.literals.get(segment) {
            return Some(Way::Known(*child));
        }
        let (prefix, core, suffix) = split_affixes(segment);
        let class = classify(core);
        let plain = (String::new(), String::new());
        let affixes = (prefix.to_owned(), suffix.to_owned());
        if affixes == plain
            && let Some(way) = self.way_of_locale(id, class)
        {
            return Some(way);
        }
        if class.certainty >= CERTAIN && !self.may_be_version(id, segment, class.kind) {
            if !affixes.1.is_empty()
                && let Some(any) =
                    node.parameters.get(&(affixes.0.clone(), super::naming::ANY_FORMAT.to_owned()))
                && suffix.starts_with('.')
            {
                return Some(Way::Known(*any));
            }
            return Some(match node.parameters.get(&affixes) {
                Some(child) => Way::Known(*child),
                None => Way::NewParameter(affixes),
            });
        }
        if let Some((stem, _)) = split_extension(segment)
            && let Some(child) = node.parameters.get(&(format!("{stem}."), String::new()))
        {
            return Some(Way::Known(*child));
        }
        // Words that were found to be names of files: `report-7.pdf`.
        if node.open
            && let Some((stem, _)) = split_extension(segment)
            && let Some(ending) = segment.get(stem.len()..)
            && let Some(child) = node.parameters.get(&(String::new(), ending.to_owned()))
        {
            return Some(Way::Known(*child));
        }
        if affixes != plain
            && node.open
            && let Some(child) = node.parameters.get(&affixes)
        {
            return Some(Way::Known(*child));
        }
        // General vocabulary stays fixed text until it is judged: `users/search`.
        let word = is_vocabulary(core) && node.literals.len() < MAX_VOCABULARY;
        if let Some(child) = node.parameters.get(&plain)
            && (node.open && !word || probe::is_hostile_value(segment))
        {
            return Some(Way::Known(*child));
        }
        Some(Way::NewLiteral)
    }

    /// The node of a path that was answered, created where it is new. `None` when a limit forbids.
    pub(crate) fn insert(&mut self, segments: &[&str], limits: &EndpointLimits) -> Option<NodeId> {
        self.insert_named(segments, 0, limits)
    }

    /// Like [`insert`](Self::insert), where the last `named` segments are names and never values. Beyond the limit
    /// on words at one position they are treated as others are.
    pub(crate) fn insert_named(
        &mut self,
        segments: &[&str],
        named: usize,
        limits: &EndpointLimits,
    ) -> Option<NodeId> {
        let mut at = ROOT;
        self.node_mut(ROOT)?.hits += 1;
        for (index, segment) in segments.iter().enumerate() {
            let is_name = index + named >= segments.len();
            at = match self.way_of(at, segment, is_name, limits)? {
                Way::Known(child) => child,
                Way::NewLiteral => {
                    if self.node(at)?.literals.len() >= limits.children as usize {
                        self.collapse(at);
                        match self.way(at, segment)? {
                            Way::Known(child) => child,
                            _ => self.add(at, Step::plain(), limits)?,
                        }
                    } else {
                        self.add(at, Step::Literal((*segment).to_owned()), limits)?
                    }
                }
                Way::NewParameter((prefix, suffix)) => {
                    let room = self.node(at)?.parameters.len() < MAX_AFFIXES;
                    let step =
                        if room { Step::Parameter { prefix, suffix } } else { Step::plain() };
                    self.add(at, step, limits)?
                }
            };
            let node = self.node_mut(at)?;
            node.hits += 1;
            node.pinned |= is_name && matches!(node.step, Step::Literal(_));
            if let Step::Parameter { prefix, suffix } = &node.step {
                let value = core_of(segment, prefix, suffix);
                node.values.add(classify(value).kind, value, 1);
            }
        }
        Some(at)
    }

    /// Where a segment leads from `id`, one that is a name to fixed text.
    fn way_of(
        &self,
        id: NodeId,
        segment: &str,
        is_name: bool,
        limits: &EndpointLimits,
    ) -> Option<Way> {
        let literals = &self.node(id)?.literals;
        if is_name && !literals.contains_key(segment) && literals.len() < limits.children as usize {
            return Some(Way::NewLiteral);
        }
        self.way(id, segment)
    }

    /// The node that a path fits, without learning anything.
    pub(crate) fn find(&self, segments: &[&str]) -> Option<NodeId> {
        let mut at = ROOT;
        for segment in segments {
            match self.way(at, segment)? {
                Way::Known(child) => at = child,
                _ => return None,
            }
        }
        Some(at)
    }

    /// Like [`find`](Self::find), but a word also fits a parameter that took words before, unless it
    /// is general API vocabulary. For paths that were never answered: nothing is learned from them.
    pub(crate) fn find_word(&self, segments: &[&str]) -> Option<NodeId> {
        let mut at = ROOT;
        for segment in segments {
            at = match self.way(at, segment)? {
                Way::Known(child) => child,
                Way::NewLiteral if !is_vocabulary(segment) => {
                    let (prefix, _, suffix) = split_affixes(segment);
                    let affixes = (prefix.to_owned(), suffix.to_owned());
                    let child = *self.node(at)?.parameters.get(&affixes)?;
                    let kinds = &self.node(child)?.values.kinds;
                    let words = [ValueKind::Word, ValueKind::Slug, ValueKind::Text];
                    if !words.iter().any(|k| kinds.contains_key(k)) {
                        return None;
                    }
                    child
                }
                _ => return None,
            };
        }
        Some(at)
    }

    /// Adds a child, or returns the one that is there. `None` when the host has too many nodes.
    pub(crate) fn add(
        &mut self,
        parent: NodeId,
        step: Step,
        limits: &EndpointLimits,
    ) -> Option<NodeId> {
        let id = NodeId::try_from(self.nodes.len()).ok()?;
        let full = self.nodes.len() >= limits.nodes as usize;
        let node = self.node_mut(parent)?;
        let slot = match &step {
            Step::Literal(text) => node.literals.get(text),
            Step::Parameter { prefix, suffix } => {
                node.parameters.get(&(prefix.clone(), suffix.clone()))
            }
        };
        if let Some(found) = slot {
            return Some(*found);
        }
        if full {
            return None;
        }
        match &step {
            Step::Literal(text) => node.literals.insert(text.clone(), id),
            Step::Parameter { prefix, suffix } => {
                node.parameters.insert((prefix.clone(), suffix.clone()), id)
            }
        };
        self.nodes.push(Node::new(parent, step));
        Some(id)
    }

    /// A position got more words than it may hold: from now on unknown words are values here. What
    /// is there stays until the next consolidation, which sorts words from values.
    fn collapse(&mut self, id: NodeId) {
        self.collapsed += 1;
        if let Some(node) = self.node_mut(id) {
            node.open = true;
        }
    }

    /// Drops nodes that nothing leads to. Returns the new id of each old one.
    pub(crate) fn compact(&mut self) -> Vec<Option<NodeId>> {
        let mut map: Vec<Option<NodeId>> = vec![None; self.nodes.len()];
        let mut order = vec![ROOT];
        let mut next = 0;
        while let Some(id) = order.get(next).copied() {
            if let Some(slot) = map.get_mut(id as usize) {
                *slot = NodeId::try_from(next).ok();
            }
            if let Some(node) = self.node(id) {
                order.extend(node.literals.values().chain(node.parameters.values()));
            }
            next += 1;
        }
        let look = |id: &NodeId| map.get(*id as usize).copied().flatten().unwrap_or(ROOT);
        let nodes = order
            .iter()
            .filter_map(|id| self.node(*id).cloned())
            .map(|mut node| {
                node.parent = look(&node.parent);
                node.literals.values_mut().for_each(|c| *c = look(c));
                node.parameters.values_mut().for_each(|c| *c = look(c));
                node
            })
            .collect();
        self.nodes = nodes;
        map
    }
}

/// Most words of fixed text below a position whose unknown words are values.
const MAX_VOCABULARY: usize = 64;
/// Most combinations of fixed text around values at one position.
const MAX_AFFIXES: usize = 32;

impl Step {
    /// A parameter that takes the whole segment.
    pub(crate) fn plain() -> Self {
        Self::Parameter { prefix: String::new(), suffix: String::new() }
    }
}

/// The value inside a segment.
pub(crate) fn core_of<'a>(segment: &'a str, prefix: &str, suffix: &str) -> &'a str {
    let core = segment.strip_prefix(prefix).unwrap_or(segment);
    if suffix == super::naming::ANY_FORMAT {
        return core.rsplit_once('.').map_or(core, |(stem, _)| stem);
    }
    core.strip_suffix(suffix).unwrap_or(core)
}

fn is_vocabulary(segment: &str) -> bool {
    words_of(segment).iter().all(|w| is_api_word(w))
}
