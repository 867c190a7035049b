//! Journeys: what sessions do at a host, one step after the other, as a graph per host and role.
//!
//! A session is what one actor does at one host without a pause of [`SESSION_GAP`]. Its steps are exchanges of
//! endpoints that were granted and raised no detection: noise, refusals and attacks form no journeys. It belongs
//! to the role of its caller: what a claim of an accepted token says, else whether a credential was accepted. Claimed
//! names are nobody's: what they do is done by the address and client.
//!
//! A name takes over the session of the client that it first shows at: what that did until then is how it came
//! to be authenticated, and is no anonymous session. Where several people share an address and a client, the
//! first of them gets it.
//!
//! Key: actor and host. Bounded by the constants here and in [`graph`]; what there was no room for is counted.
//! Sources without times have no journeys, and while exchanges are missing nothing is learned.

mod graph;
mod hosts;
mod pace;
mod roles;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::BTreeMap;

use bartizan_model::{
    ActorKind, Timestamp,
    journey::{RoleTold, SESSION_GAP},
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use self::{
    graph::{NO_NODE, Position, Step},
    pace::NO_BUCKET,
    roles::Roles,
};
use crate::{
    detectors::login,
    facts::Enriched,
    identity::Credential,
    recent::RecentMap,
    state::{pair, table_key},
};

pub(crate) use self::graph::{Graph, Node};
pub use self::roles::RoleId;

/// Most sessions that are open at one time; the one without a step for longest is closed for another.
const MAX_OPEN: usize = 16_384;
/// Most graphs.
const MAX_GRAPHS: usize = 256;
/// Most steps of a session before it is authenticated that are remembered.
const MAX_PRIOR: usize = 16;
/// Seeds the hash of host names: not secret, as a host that is not there forms no session.
const HOST_SEED: u64 = 0x6a6f_7572_6e65_7973;

/// Classes of what is handed out when somebody logs in.
const HANDED_OUT: [&str; 3] = ["access_token", "jwt", "session_token"];

/// All journey graphs and the sessions that are open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Journeys {
    open: RecentMap<u64, Session>,
    graphs: Vec<Graph>,
    /// Where the graph of a host and role is.
    index: BTreeMap<(String, RoleId), u16>,
    roles: Roles,
    /// Sessions that were closed for others though they were not over.
    cut_short: u64,
    /// Sessions beyond [`MAX_GRAPHS`].
    without_graph: u64,
}

/// An open session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    /// `None` beyond [`MAX_GRAPHS`], and when it was taken over.
    graph: Option<u16>,
    position: Position,
    last: Timestamp,
    role: RoleId,
    /// Hash of the credential that told the role.
    credential: u64,
    /// Its steps, as long as nobody is authenticated and they are few.
    prior: Vec<Prior>,
    is_long: bool,
    is_new: bool,
}

/// A step before somebody was authenticated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Prior {
    leaf: u32,
    time: Timestamp,
    bucket: u8,
    /// Whether the graph had room for its endpoint.
    kept: bool,
    /// Whether it had room for the move that led there.
    moved: bool,
    login: bool,
}

/// A step that may be counted.
pub(crate) struct Taken<'a> {
    /// The exchange.
    pub(crate) exchange: &'a Enriched<'a>,
    /// The endpoint: the leaf it is listed under.
    pub(crate) leaf: u32,
    /// Its host.
    pub(crate) host: &'a str,
}

impl Journeys {
    /// Learns from a granted exchange of an endpoint; the role of its caller. Without a time, after a loss, and of
    /// nobody that counts, nothing is learned.
    pub(crate) fn observe(&mut self, taken: &Taken<'_>) -> RoleId {
        let Taken { exchange, leaf, host } = taken;
        let Some(time) = exchange.time.filter(|_| !exchange.lossy) else {
            return RoleId::ANONYMOUS;
        };
        let is_believed = match exchange.actor.kind {
            ActorKind::Principal | ActorKind::Session => true,
            ActorKind::Address => false,
            ActorKind::Campaign | ActorKind::Unknown => return RoleId::ANONYMOUS,
        };
        let caller = table_key(exchange.actor_key);
        let place = host_key(host);
        let step = graph::untimed(*leaf, caller, time, is_login(exchange));
        let key = pair(caller, place);
        self.make_room(key, time);
        let mut session = match self.open.get_mut(&key) {
            Some(known) => std::mem::replace(known, Session::over(time)),
            None => Session::over(time),
        };
        if time.since(session.last) >= SESSION_GAP {
            session = Session::over(time);
        }
        if is_believed {
            self.tell_role(&mut session, exchange);
        }
        if session.is_new {
            let client = exchange.client_key.filter(|_| is_believed).map(table_key);
            let prior = client.and_then(|client| self.take_over(pair(client, place), time));
            self.begin(&mut session, host, &step, is_believed, prior);
        } else {
            self.go_on(&mut session, step);
        }
        session.last = session.last.max(time);
        let role = session.role;
        *self.open.entry(key, MAX_OPEN, || Session::over(time)) = session;
        role
    }

    /// Counts a session that is closed though it is not over, when there is no room for another one.
    fn make_room(&mut self, key: u64, time: Timestamp) {
        if self.open.len() < MAX_OPEN || self.open.get(&key).is_some() {
            return;
        }
        let oldest = self.open.iter().next();
        let is_open =
            oldest.is_some_and(|(_, one)| !one.is_new && time.since(one.last) < SESSION_GAP);
        self.cut_short += u64::from(is_open);
    }

    /// Finds out the role of a believed caller; one with another role begins another session.
    fn tell_role(&mut self, session: &mut Session, exchange: &Enriched<'_>) {
        let credential = naming(exchange.facts.credentials);
        let key = credential.map_or(1, |credential| table_key(credential.token));
        if !session.is_new && session.credential == key {
            return;
        }
        let role = match credential {
            Some(credential) => self.roles.of(credential, &exchange.facts),
            None => RoleId::AUTHENTICATED,
        };
        if !session.is_new && session.role != role {
            *session = Session::over(session.last);
        }
        (session.role, session.credential) = (role, key);
    }

    /// The steps of the open session of a client that nobody was authenticated in; it is over then.
    fn take_over(&mut self, client: u64, time: Timestamp) -> Option<Vec<Prior>> {
        let session = self.open.get_mut(&client)?;
        let is_open = !session.is_new && time.since(session.last) < SESSION_GAP;
        if !is_open || session.role != RoleId::ANONYMOUS {
            return None;
        }
        let session = std::mem::replace(session, Session::over(time));
        if session.is_long {
            return Some(Vec::new());
        }
        if let Some(graph) = session.graph.and_then(|at| self.graphs.get_mut(usize::from(at))) {
            graph.take_back(&session.prior);
        }
        Some(session.prior)
    }

    fn begin(
        &mut self,
        session: &mut Session,
        host: &str,
        step: &Step,
        is_believed: bool,
        prior: Option<Vec<Prior>>,
    ) {
        session.is_new = false;
        session.graph = self.graph_of(host, session.role);
        let graph = session.graph.and_then(|at| self.graphs.get_mut(usize::from(at)));
        let Some(graph) = graph else {
            self.without_graph += 1;
            return;
        };
        if !is_believed {
            session.position = graph.begin(step);
            session.remember(step, false);
            return;
        }
        let prior = match prior {
            None => {
                graph.ways.began += 1;
                Vec::new()
            }
            Some(prior) if prior.is_empty() => {
                graph.ways.add_unknown();
                prior
            }
            Some(prior) => {
                let way = prior.iter().map(|one| one.leaf).chain([step.leaf]);
                graph.ways.add(way, prior.iter().any(|one| one.login));
                prior
            }
        };
        let mut steps = prior.iter().map(|one| Step {
            leaf: one.leaf,
            time: one.time,
            bucket: one.bucket,
            login: one.login,
            ..*step
        });
        let Some(first) = steps.next() else {
            session.position = graph.begin(step);
            return;
        };
        session.position = graph.begin(&first);
        steps.for_each(|one| {
            graph.go_on(&mut session.position, &one);
        });
        if let Some(last) = prior.last() {
            graph.note_before(last.leaf);
            let bucket = pace::bucket(step.time.since(last.time));
            graph.go_on(&mut session.position, &Step { bucket, ..*step });
        }
    }

    fn go_on(&mut self, session: &mut Session, step: Step) {
        let step = Step { bucket: pace::bucket(step.time.since(session.last)), ..step };
        let graph = session.graph.and_then(|at| self.graphs.get_mut(usize::from(at)));
        let Some(graph) = graph else { return };
        let moved = graph.go_on(&mut session.position, &step);
        if session.role == RoleId::ANONYMOUS {
            session.remember(&step, moved);
        }
    }

    fn graph_of(&mut self, host: &str, role: RoleId) -> Option<u16> {
        let key = (host.to_owned(), role);
        if let Some(at) = self.index.get(&key) {
            return Some(*at);
        }
        let at = self.new_graph(MAX_GRAPHS)?;
        self.index.insert(key, at);
        Some(at)
    }

    /// Follows endpoints that were merged: `shown` is the leaf that a leaf is listed under now.
    pub(crate) fn follow(&mut self, shown: impl Fn(u32) -> u32) {
        let went: Vec<_> = self.graphs.iter_mut().map(|graph| graph.rename(&shown)).collect();
        if went.iter().all(Option::is_none) {
            return;
        }
        for session in self.open.values_mut() {
            let went = session.graph.and_then(|at| went.get(usize::from(at))?.as_ref());
            if let Some(went) = went {
                session.position.follow(went);
                session.prior.iter_mut().for_each(|prior| prior.leaf = shown(prior.leaf));
            }
        }
    }

    /// Each graph with its host and role.
    pub(crate) fn graphs(&self) -> impl Iterator<Item = (&str, SmolStr, RoleTold, &Graph)> {
        self.index.iter().filter_map(|((host, role), at)| {
            let (name, told) = self.roles.name(*role);
            Some((host.as_str(), name, told, self.graphs.get(usize::from(*at))?))
        })
    }

    /// The name of a role; `None` for that of callers without an accepted credential.
    pub(crate) fn role_name(&self, role: RoleId) -> Option<SmolStr> {
        (role != RoleId::ANONYMOUS).then(|| self.roles.name(role).0)
    }

    /// What there was no room for, by name.
    pub(crate) fn left_out(&self) -> [(&'static str, u64); 5] {
        let sum = |of: fn(&Graph) -> u64| self.graphs.iter().map(of).sum();
        [
            ("journey_sessions_cut_short", self.cut_short),
            ("journey_sessions_without_graph", self.without_graph),
            ("journey_steps_not_kept", sum(|graph| graph.left_out.steps)),
            ("journey_moves_not_kept", sum(|graph| graph.left_out.moves)),
            ("journey_roles_not_kept", self.roles.more),
        ]
    }
}

impl Session {
    /// None yet.
    const fn over(time: Timestamp) -> Self {
        Self {
            graph: None,
            position: Position { at: NO_NODE, visited: 0 },
            last: time,
            role: RoleId::ANONYMOUS,
            credential: 0,
            prior: Vec::new(),
            is_long: false,
            is_new: true,
        }
    }

    /// Remembers a step that nobody is authenticated for, as long as there are few.
    fn remember(&mut self, step: &Step, moved: bool) {
        if self.is_long || self.prior.len() >= MAX_PRIOR {
            self.is_long = true;
            self.prior = Vec::new();
            return;
        }
        let Step { leaf, time, bucket, login, .. } = *step;
        let bucket = if self.prior.is_empty() { NO_BUCKET } else { bucket };
        let kept = self.position.at != NO_NODE;
        self.prior.push(Prior { leaf, time, bucket, kept, moved, login });
    }
}

fn host_key(host: &str) -> u64 {
    use std::hash::BuildHasher as _;
    foldhash::fast::FixedState::with_seed(HOST_SEED).hash_one(host)
}

/// The credential that names the caller, as `identity` chooses it; else the first one, which is its session.
fn naming(credentials: &[Credential]) -> Option<&Credential> {
    let names = |one: &&Credential| one.names.is_some();
    credentials.iter().find(names).or_else(|| credentials.first())
}

/// Whether somebody without a credential logged in: it has the shape of a login that succeeded, or it was
/// answered with a token.
fn is_login(exchange: &Enriched<'_>) -> bool {
    let by_shape =
        || login::attempt(exchange).is_some_and(|one| one.outcome == login::Outcome::Success);
    let view = &exchange.facts.decoded.view;
    let is_answer =
        |node| view.node(node).is_some_and(|node| node.side() == bartizan_model::Side::Response);
    let hands_out = || {
        let mut classes = exchange.facts.classes.iter();
        classes.any(|hit| HANDED_OUT.contains(&hit.class.as_str()) && is_answer(hit.node))
    };
    by_shape() || (exchange.facts.credentials.is_empty() && hands_out())
}
