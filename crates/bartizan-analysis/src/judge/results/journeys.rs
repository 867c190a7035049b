//! Journey graphs by final endpoints.

use std::cmp::Reverse;

use bartizan_model::{
    Endpoint, Journey,
    endpoint::Method,
    journey::{CallerCount, JourneyMove, JourneyNode, LoginSequence, LoginWays, share},
};

use super::order;
use crate::{
    endpoints::LeafId,
    judge::State,
    learn::{
        Witnesses,
        journeys::{Graph, Node},
    },
    snapshot::Snapshot,
};

/// Most ways to the first authenticated step that are told of one graph.
const MAX_SEQUENCES: usize = 5;

/// The graphs, those of most sessions first. `endpoints` are in [`order`].
pub(super) fn journeys(state: &State, snapshot: &Snapshot, endpoints: &[Endpoint]) -> Vec<Journey> {
    let of = |leaf: u32| {
        let template = state.core.resolver.final_endpoint(LeafId(leaf))?;
        let place = (&*template.host, &*template.path, &*template.method, &template.id);
        let at = endpoints.binary_search_by(|endpoint| order(endpoint).cmp(&place)).ok()?;
        endpoints.get(at)
    };
    let all = state.core.journeys.graphs().filter(|(.., graph)| graph.sessions > 0);
    let mut out: Vec<Journey> = all
        .map(|(host, role, told, graph)| Journey {
            id: Journey::id_of(&snapshot.scope, host, &role),
            host: host.to_owned(),
            role,
            role_told_by: told,
            sessions: graph.sessions,
            actors: graph.actors.count(),
            first_seen: graph.first_seen,
            last_seen: graph.last_seen,
            left_out: graph.left_out,
            ..graph_of(graph, &of)
        })
        .filter(|journey| !journey.nodes.is_empty())
        .collect();
    out.sort_by(|a, b| (b.sessions, &a.host, &a.role).cmp(&(a.sessions, &b.host, &b.role)));
    out
}

/// Its nodes, moves and ways. What turned out to be no endpoint is left out, and moves with it.
fn graph_of<'e>(graph: &Graph, of: &impl Fn(u32) -> Option<&'e Endpoint>) -> Journey {
    let visited = graph.nodes.iter().filter(|node| node.visits > 0);
    let known: Vec<(&Node, &Endpoint)> =
        visited.filter_map(|node| Some((node, of(node.leaf)?))).collect();
    let mut nodes: Vec<_> =
        known.iter().map(|(one, endpoint)| node(one, endpoint, graph)).collect();
    nodes.sort_by(|a, b| (b.visits, &a.endpoint_id).cmp(&(a.visits, &b.endpoint_id)));
    let mut moves: Vec<JourneyMove> = graph
        .moves()
        .filter_map(|(from, to, one)| {
            Some(JourneyMove {
                from: of(from.leaf)?.id.clone(),
                to: of(to.leaf)?.id.clone(),
                count: one.count,
                share: share(one.count, from.visits),
                callers: callers(one.callers),
                p10_ms: one.pace.quantile(0.1),
                p50_ms: one.pace.quantile(0.5),
                p90_ms: one.pace.quantile(0.9),
            })
        })
        .collect();
    moves.sort_by(|a, b| {
        (Reverse(a.count), &a.from, &a.to).cmp(&(Reverse(b.count), &b.from, &b.to))
    });
    let mut services: Vec<_> = known.iter().filter_map(|(_, e)| e.service.clone()).collect();
    services.sort_unstable();
    services.dedup();
    Journey { nodes, moves, services, login: ways(graph, of), ..Journey::default() }
}

fn node(node: &Node, endpoint: &Endpoint, graph: &Graph) -> JourneyNode {
    JourneyNode {
        endpoint_id: endpoint.id.clone(),
        method: endpoint.method.clone(),
        path: endpoint.path.clone(),
        operation: endpoint.operation.clone(),
        protocol: endpoint.protocol,
        visits: node.visits,
        sessions: node.sessions,
        share: share(node.sessions, graph.sessions),
        starts: node.starts,
        ends: node.ends,
        login: is_login(node, &endpoint.method),
        logins: node.logins,
        callers: callers(node.callers),
    }
}

/// Logins were seen to succeed there, or more than half of its visits were the last step before the first
/// authenticated one, and it changes something.
fn is_login(node: &Node, method: &Method) -> bool {
    node.logins > 0 || (node.before * 2 > node.visits && !method.is_safe())
}

fn callers(witnesses: Witnesses) -> CallerCount {
    if witnesses.are_several() { CallerCount::Several } else { CallerCount::One }
}

fn ways<'e>(graph: &Graph, of: &impl Fn(u32) -> Option<&'e Endpoint>) -> LoginWays {
    let common = graph.ways.common();
    let known = common.iter().filter_map(|way| {
        let steps = way.leaves.iter().map(|leaf| Some(of(*leaf)?.id.clone()));
        Some(LoginSequence {
            steps: steps.collect::<Option<Vec<_>>>()?,
            sessions: way.sessions,
            share: share(way.sessions, graph.ways.became),
            through_login: way.login,
        })
    });
    let sequences: Vec<LoginSequence> = known.take(MAX_SEQUENCES).collect();
    let told: u64 = sequences.iter().map(|way| way.sessions).sum();
    LoginWays {
        began_authenticated: graph.ways.began,
        became_authenticated: graph.ways.became,
        sequences_left_out: graph.ways.became.saturating_sub(told),
        sequences,
    }
}
