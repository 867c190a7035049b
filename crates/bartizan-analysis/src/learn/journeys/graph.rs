//! One journey graph: endpoints that sessions come by, and moves from one to the next.

use std::collections::BTreeMap;

use bartizan_model::{Timestamp, journey::LeftOut};
use serde::{Deserialize, Serialize};

use super::{
    pace::{NO_BUCKET, Pace},
    ways::Ways,
};
use crate::learn::{Distinct, Witnesses};

/// Most endpoints of one graph: as many as a session has bits for.
pub(super) const MAX_NODES: usize = 128;
/// Most different moves of one graph.
pub(super) const MAX_MOVES: usize = 1_024;
/// An endpoint there was no room for.
pub(super) const NO_NODE: u8 = u8::MAX;

/// The graph of one host and role. Endpoints are leaves of the resolver, those they were merged into.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Graph {
    pub(crate) sessions: u64,
    pub(crate) actors: Distinct,
    pub(crate) first_seen: Option<Timestamp>,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) nodes: Vec<Node>,
    /// Where the node of a leaf is.
    index: BTreeMap<u32, u8>,
    /// By positions of both nodes.
    moves: BTreeMap<(u8, u8), Move>,
    pub(crate) ways: Ways,
    pub(crate) left_out: LeftOut,
}

/// An endpoint in a graph.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) leaf: u32,
    pub(crate) visits: u64,
    pub(crate) sessions: u64,
    pub(crate) starts: u64,
    pub(crate) ends: u64,
    /// Logins that succeeded.
    pub(crate) logins: u64,
    /// How often it was the last step before the first authenticated one.
    pub(crate) before: u64,
    pub(crate) callers: Witnesses,
}

/// A move from one endpoint to the next.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) count: u64,
    pub(crate) callers: Witnesses,
    pub(crate) pace: Pace,
}

/// A step, as a graph counts it.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) leaf: u32,
    /// Key of who took it.
    pub(super) caller: u64,
    pub(super) time: Timestamp,
    /// Bucket of the time since the step before.
    pub(super) bucket: u8,
    /// Whether it is a login that succeeded.
    pub(super) login: bool,
}

/// Where a session stands in its graph.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// The node of its last step.
    pub(super) at: u8,
    /// A bit for each node that it came by.
    pub(super) visited: u128,
}

impl Graph {
    /// Counts the first step of a session.
    pub(super) fn begin(&mut self, step: &Step) -> Position {
        self.sessions += 1;
        self.actors.add(step.caller);
        let mut position = Position { at: NO_NODE, visited: 0 };
        position.at = self.visit(step, &mut position.visited);
        if let Some(node) = self.nodes.get_mut(usize::from(position.at)) {
            node.starts += 1;
            node.ends += 1;
        }
        position
    }

    /// Counts a further step of a session; whether the move has room.
    pub(super) fn go_on(&mut self, position: &mut Position, step: &Step) -> bool {
        let (from, to) = (position.at, self.visit(step, &mut position.visited));
        position.at = to;
        if let Some(node) = self.nodes.get_mut(usize::from(from)) {
            node.ends = node.ends.saturating_sub(1);
        }
        if let Some(node) = self.nodes.get_mut(usize::from(to)) {
            node.ends += 1;
        }
        if from == NO_NODE || to == NO_NODE {
            return false;
        }
        let is_full = self.moves.len() >= MAX_MOVES;
        let known = match self.moves.entry((from, to)) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(_) if is_full => {
                self.left_out.moves += 1;
                return false;
            }
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Move::default()),
        };
        known.count += 1;
        known.callers.add(step.caller);
        known.pace.add(step.bucket);
        true
    }

    /// Counts a visit; the position of its node.
    fn visit(&mut self, step: &Step, visited: &mut u128) -> u8 {
        self.first_seen = Some(self.first_seen.map_or(step.time, |t| t.min(step.time)));
        self.last_seen = Some(self.last_seen.map_or(step.time, |t| t.max(step.time)));
        let at = match self.index.get(&step.leaf) {
            Some(at) => *at,
            None if self.nodes.len() >= MAX_NODES => {
                self.left_out.steps += 1;
                return NO_NODE;
            }
            None => {
                let at = u8::try_from(self.nodes.len()).unwrap_or(NO_NODE);
                self.nodes.push(Node { leaf: step.leaf, ..Node::default() });
                self.index.insert(step.leaf, at);
                at
            }
        };
        let bit = 1u128.checked_shl(u32::from(at)).unwrap_or(0);
        if let Some(node) = self.nodes.get_mut(usize::from(at)) {
            node.visits += 1;
            node.sessions += u64::from(*visited & bit == 0);
            node.logins += u64::from(step.login);
            node.callers.add(step.caller);
        }
        *visited |= bit;
        at
    }

    /// Notes that this step was the last one before a session became authenticated.
    pub(super) fn note_before(&mut self, leaf: u32) {
        let at = self.index.get(&leaf).copied().unwrap_or(NO_NODE);
        if let Some(node) = self.nodes.get_mut(usize::from(at)) {
            node.before += 1;
        }
    }

    /// Takes back a session whose steps were these, and which are counted elsewhere. Who showed it stays.
    pub(super) fn take_back(&mut self, steps: &[super::Prior]) {
        self.sessions = self.sessions.saturating_sub(1);
        let (mut before, mut visited) = (NO_NODE, 0u128);
        for (number, step) in steps.iter().enumerate() {
            let at = match self.index.get(&step.leaf) {
                Some(at) if step.kept => *at,
                _ => NO_NODE,
            };
            let bit = 1u128.checked_shl(u32::from(at)).unwrap_or(0);
            if let Some(node) = self.nodes.get_mut(usize::from(at)) {
                node.visits = node.visits.saturating_sub(1);
                node.sessions = node.sessions.saturating_sub(u64::from(visited & bit == 0));
                node.logins = node.logins.saturating_sub(u64::from(step.login));
                node.starts = node.starts.saturating_sub(u64::from(number == 0));
                node.ends = node.ends.saturating_sub(u64::from(number + 1 == steps.len()));
            }
            visited |= bit;
            let moved = (std::mem::replace(&mut before, at), at);
            if let Some(known) = self.moves.get_mut(&moved).filter(|_| step.moved) {
                known.count = known.count.saturating_sub(1);
                known.pace.remove(step.bucket);
                if known.count == 0 {
                    self.moves.remove(&moved);
                }
            }
        }
    }

    /// Gives leaves other names after endpoints were merged; nodes that become one add up. Where each node went,
    /// by its position before; `None` when nothing changed.
    pub(super) fn rename(&mut self, name: &impl Fn(u32) -> u32) -> Option<Vec<u8>> {
        if self.nodes.iter().all(|node| name(node.leaf) == node.leaf) {
            return None;
        }
        let mut went = Vec::with_capacity(self.nodes.len());
        self.index.clear();
        for node in std::mem::take(&mut self.nodes) {
            let leaf = name(node.leaf);
            let at = *self.index.entry(leaf).or_insert(self.nodes.len() as u8);
            went.push(at);
            match self.nodes.get_mut(usize::from(at)) {
                Some(known) => known.merge(&node, self.sessions),
                None => self.nodes.push(Node { leaf, ..node }),
            }
        }
        let place = |at: u8| went.get(usize::from(at)).copied().unwrap_or(NO_NODE);
        for ((from, to), known) in std::mem::take(&mut self.moves) {
            let into = self.moves.entry((place(from), place(to))).or_default();
            into.count += known.count;
            into.callers.merge(known.callers);
            into.pace.merge(&known.pace);
        }
        self.ways.rename(name);
        Some(went)
    }

    /// Takes in the graph of another host that turned out to be the same; what there is no room for is counted.
    /// Where each of its nodes is here.
    pub(super) fn merge(&mut self, other: Self) -> Vec<u8> {
        self.sessions += other.sessions;
        self.actors.merge(&other.actors);
        let first = [self.first_seen, other.first_seen].into_iter().flatten().min();
        (self.first_seen, self.last_seen) = (first, self.last_seen.max(other.last_seen));
        let mut places = Vec::with_capacity(other.nodes.len());
        for node in other.nodes {
            let place = match self.index.get(&node.leaf) {
                Some(at) => *at,
                None if self.nodes.len() >= MAX_NODES => {
                    self.left_out.steps += node.visits;
                    NO_NODE
                }
                None => {
                    let at = self.nodes.len() as u8;
                    self.index.insert(node.leaf, at);
                    self.nodes.push(Node { leaf: node.leaf, ..Node::default() });
                    at
                }
            };
            if let Some(known) = self.nodes.get_mut(usize::from(place)) {
                known.merge(&node, self.sessions);
            }
            places.push(place);
        }
        let place = |at: u8| places.get(usize::from(at)).copied().unwrap_or(NO_NODE);
        for ((from, to), known) in other.moves {
            let between = (place(from), place(to));
            let room = self.moves.len() < MAX_MOVES || self.moves.contains_key(&between);
            if between.0 == NO_NODE || between.1 == NO_NODE || !room {
                self.left_out.moves += known.count;
                continue;
            }
            let into = self.moves.entry(between).or_default();
            into.count += known.count;
            into.callers.merge(known.callers);
            into.pace.merge(&known.pace);
        }
        self.ways.merge(other.ways);
        self.left_out.steps += other.left_out.steps;
        self.left_out.moves += other.left_out.moves;
        places
    }

    /// Each move: from which node to which.
    pub(crate) fn moves(&self) -> impl Iterator<Item = (&Node, &Node, &Move)> {
        self.moves.iter().filter_map(|((from, to), known)| {
            let node = |at: u8| self.nodes.get(usize::from(at));
            Some((node(*from)?, node(*to)?, known))
        })
    }
}

impl Node {
    /// Takes in another one that turned out to be the same endpoint. Sessions that came by both count twice,
    /// though never for more than all of them.
    fn merge(&mut self, other: &Self, sessions: u64) {
        self.visits += other.visits;
        self.sessions = (self.sessions + other.sessions).min(sessions);
        self.starts += other.starts;
        self.ends += other.ends;
        self.logins += other.logins;
        self.before += other.before;
        self.callers.merge(other.callers);
    }
}

impl Position {
    /// Follows nodes that were renamed.
    pub(super) fn follow(&mut self, went: &[u8]) {
        self.at = went.get(usize::from(self.at)).copied().unwrap_or(NO_NODE);
        let before = self.visited;
        let bits = went.iter().enumerate().filter(|(old, _)| before & (1 << old) != 0);
        self.visited =
            bits.fold(0, |all, (_, new)| all | 1u128.checked_shl(u32::from(*new)).unwrap_or(0));
    }
}

/// A step without a step before.
pub(super) const fn untimed(leaf: u32, caller: u64, time: Timestamp, login: bool) -> Step {
    Step { leaf, caller, time, bucket: NO_BUCKET, login }
}
