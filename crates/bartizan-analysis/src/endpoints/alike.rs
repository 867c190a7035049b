//! Whether the answers to a word have the fields that those to its siblings have.

use std::collections::BTreeMap;

use super::{
    evidence::Core,
    leaf::{Leaf, LeafId},
    shape::{ENOUGH, MOST_ALIKE, Shape, Shapes},
    tree::{HostTree, Node, NodeId, Step},
};

/// Share of its siblings that must be answered alike for one that is not to be told apart.
const AGREED: f64 = 0.8;
/// Fewest such siblings.
const ENOUGH_SIBLINGS: f64 = 3.0;
/// Fewest fields, and siblings, for answers to be alike by more than chance: many handlers answer
/// `{"status": …}`.
const TELLING: (u32, f64) = (2, 2.0);
/// Most values of a parameter that count, so that words beside it have a say.
const MOST_VALUES: u64 = 64;

/// How the answers to a word compare with those to its siblings. Both 0 when nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Likeness {
    /// Share of the siblings that are answered with the same fields.
    pub(crate) same: f64,
    /// How certain it is that the siblings agree and this word is answered otherwise, 0 to 1.
    pub(crate) other: f64,
}

/// What is compared with each other: what follows the word (nothing, or one more word), and the
/// method.
type Kind<'a> = (&'a str, &'a str);

struct Vote {
    /// Which word; `None` for values that were found before.
    core: Option<usize>,
    shape: Shape,
    /// How many siblings it speaks for: those that agree, and all.
    weight: (f64, f64),
    answers: u32,
    /// Whether nearly all answers look so.
    steady: bool,
}

/// Compares the answers to each word of a position.
pub(crate) fn compare(tree: &HostTree, leaves: &[Leaf], position: NodeId, cores: &mut [Core]) {
    let parameters = tree.node(position).map_or(0, |node| node.parameters.len());
    if cores.is_empty() || cores.len() + parameters < 2 {
        return;
    }
    let mut votes: BTreeMap<Kind<'_>, Vec<Vote>> = BTreeMap::new();
    for (at, core) in cores.iter().enumerate() {
        let whole = core.parts.iter().find(|(_, _, suffix)| suffix.is_empty());
        let Some(node) = whole.and_then(|(_, id, _)| tree.node(*id)) else { continue };
        cast(&mut votes, tree, leaves, node, Some(at));
    }
    if votes.is_empty() {
        return;
    }
    let parameters = tree.node(position).into_iter().flat_map(|node| node.parameters.values());
    for node in parameters.filter_map(|id| tree.node(*id)) {
        if matches!(&node.step, Step::Parameter { prefix, .. } if prefix.is_empty()) {
            cast(&mut votes, tree, leaves, node, None);
        }
    }
    // What is answered at the word itself comes first, and says more than what is answered below.
    let mut found: BTreeMap<usize, Likeness> = BTreeMap::new();
    for ((word, _), votes) in &votes {
        for (core, likeness) in count(votes) {
            let known = found.entry(core).or_default();
            if word.is_empty() || *known == Likeness::default() {
                *known = known.with(likeness);
            }
        }
    }
    for (at, Likeness { same, other }) in found {
        if let Some(core) = cores.get_mut(at) {
            // One method like its siblings', another certainly not: two handlers.
            let other = if same > 0.0 && other < 1.0 { 0.0 } else { other };
            core.likeness = Likeness { same: if other > 0.0 { 0.0 } else { same }, other };
        }
    }
}

impl Likeness {
    fn with(self, more: Self) -> Self {
        Self { same: self.same.max(more.same), other: self.other.max(more.other) }
    }
}

/// Adds what is answered at a node and one word below it.
fn cast<'a>(
    votes: &mut BTreeMap<Kind<'a>, Vec<Vote>>,
    tree: &'a HostTree,
    leaves: &[Leaf],
    node: &'a Node,
    core: Option<usize>,
) {
    let below =
        node.literals.iter().filter_map(|(word, id)| Some((word.as_str(), tree.node(*id)?)));
    for (word, at) in std::iter::once(("", node)).chain(below) {
        for (method, LeafId(leaf)) in &at.leaves {
            let Some(leaf) = leaves.get(*leaf as usize) else { continue };
            if let Some(vote) = vote(&leaf.shapes, node, core) {
                votes.entry((word, method)).or_default().push(vote);
            }
        }
    }
}

fn vote(shapes: &Shapes, node: &Node, core: Option<usize>) -> Option<Vote> {
    let (shape, answers) = shapes.usual()?;
    let share = f64::from(answers) / f64::from(shapes.total().max(1));
    let siblings = match core {
        Some(_) => 1.0,
        None => node.values.distinct().clamp(1, MOST_VALUES) as f64,
    };
    let weight = (siblings * share, siblings);
    Some(Vote { core, shape, weight, answers, steady: share >= 0.9 })
}

/// What most votes are for (Boyer and Moore 1991); says nothing of how many they are.
fn majority(votes: &[Vote]) -> Shape {
    let mut leading = (Shape::default(), 0.0);
    for vote in votes {
        if leading.0.is_like(vote.shape) {
            leading.1 += vote.weight.0;
        } else if leading.1 > vote.weight.0 {
            leading.1 -= vote.weight.0;
        } else {
            leading = (vote.shape, vote.weight.0 - leading.1);
        }
    }
    leading.0
}

/// What votes of one kind tell of each word.
fn count(votes: &[Vote]) -> Vec<(usize, Likeness)> {
    let mut found = Vec::new();
    let agreed = majority(votes);
    let of = |one: fn(&Vote) -> f64, like: Shape| -> f64 {
        votes.iter().filter(|vote| vote.shape.is_like(like)).map(one).sum()
    };
    let agreeing = of(|vote| vote.weight.0, agreed);
    let all: f64 = votes.iter().map(|vote| vote.weight.1).sum();
    for vote in votes {
        let Some(core) = vote.core else { continue };
        let mut likeness = Likeness::default();
        let others = all - vote.weight.1;
        if vote.shape.is_like(agreed) {
            if vote.shape.fields() >= TELLING.0 && others >= TELLING.1 {
                likeness.same = (agreeing - vote.weight.0) / others;
            }
        } else if vote.shape.is_unlike(agreed)
            && vote.steady
            && others >= ENOUGH_SIBLINGS
            && agreeing >= AGREED * others
            && of(|_| 1.0, vote.shape) <= MOST_ALIKE as f64
        {
            let support = f64::from(vote.answers.min(ENOUGH)) / f64::from(ENOUGH);
            likeness.other = support;
        }
        found.push((core, likeness));
    }
    found
}
