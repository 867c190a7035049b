//! The steps of somebody laid over a journey graph: what of them is usual there, and what was never seen.

use std::{cmp::Reverse, collections::BTreeMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallerCount, Journey, JourneyMove, SESSION_GAP, share};
use crate::{
    ids::{EndpointId, ExchangeId},
    time::Timestamp,
};

/// Share below which something that several callers did is rare: one time in twenty.
const RARE: f64 = 0.05;
/// How far beyond the tenth and the ninetieth of a hundred a pace has to be: quantiles are known within 20 %,
/// and one move in five is outside of them anyway.
const PACE_MARGIN: f64 = 2.0;

/// A step as it was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// When.
    pub at: Option<Timestamp>,
    /// The exchange.
    pub exchange_id: Option<ExchangeId>,
    /// The endpoint, by the id that the graph has for it; `None` for noise.
    pub endpoint_id: Option<EndpointId>,
    /// Method.
    pub method: Option<String>,
    /// Path template of the endpoint.
    pub path: Option<String>,
    /// What is called at the path.
    pub operation: Option<String>,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Whether it is part of a detection.
    pub hostile: bool,
    /// Whether nobody knows which step came before it.
    pub is_apart: bool,
}

/// Whether an endpoint is in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Several callers come by, in one session of twenty or more.
    Usual,
    /// Sessions come by more seldom.
    Rare,
    /// Only one caller ever went there, who may be this one.
    OneCaller,
    /// Nobody was seen there in that role.
    Unseen,
    /// It was at no endpoint: nothing was granted there.
    NoEndpoint,
    /// There is no graph.
    NotCompared,
}

/// Whether a move is in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// No move: a session begins here.
    Start,
    /// Several callers make it, one time of twenty or more that they are there.
    Usual,
    /// Several callers make it more seldom.
    Rare,
    /// Only one caller ever made it, who may be this one.
    OneCaller,
    /// Nobody was seen to make it in that role.
    Unseen,
    /// There is no graph, or the step before is not known or was at no endpoint.
    NotCompared,
}

/// A pace against the usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JourneyPace {
    /// Less than half of what nine of ten take.
    Faster,
    /// As usual.
    Usual,
    /// More than twice what nine of ten take at most.
    Slower,
}

/// A step with what the graph says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JourneyStep {
    /// When; `null` when the source has no times.
    pub at: Option<Timestamp>,
    /// The exchange; `null` when it is known from a detection alone.
    pub exchange_id: Option<ExchangeId>,
    /// The endpoint; `null` for noise.
    pub endpoint_id: Option<EndpointId>,
    /// Method.
    pub method: Option<String>,
    /// Path template of the endpoint.
    pub path: Option<String>,
    /// What is called at the path, where that has several operations.
    pub operation: Option<String>,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Whether it is part of a detection.
    pub hostile: bool,
    /// Whether the endpoint is in the graph.
    pub place: PlaceKind,
    /// Share of the sessions that come by.
    pub place_share: Option<f64>,
    /// Whether the move that led here is in the graph.
    #[serde(rename = "move")]
    pub movement: MoveKind,
    /// Share of that move; of a start, share of the sessions that begin here.
    pub move_share: Option<f64>,
    /// Milliseconds since the step before.
    pub after_ms: Option<f64>,
    /// The median of that move in the graph, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Milliseconds that nine tenths of these moves are faster than.
    pub p90_ms: Option<f64>,
    /// The pace against that; `null` when there is too little to compare.
    pub pace: Option<JourneyPace>,
}

/// A move that is not in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenMove {
    /// From where.
    pub from: EndpointId,
    /// To where; `null` for what is no endpoint.
    pub to: Option<EndpointId>,
    /// How often it was made.
    pub count: u64,
}

/// Moves by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoveCounts {
    /// Usual ones.
    pub usual: u64,
    /// Rare ones.
    pub rare: u64,
    /// Those that one caller alone ever made.
    pub one_caller: u64,
    /// Those that nobody was seen to make.
    pub unseen: u64,
}

/// Steps laid over a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// The steps, in the order given.
    pub steps: Vec<JourneyStep>,
    /// Moves that are not in the graph, most frequent first.
    pub unseen_moves: Vec<UnseenMove>,
    /// Moves by kind.
    pub counts: MoveCounts,
}

/// Lays steps, in order of time, over a graph. Without one nothing is compared.
#[must_use]
pub fn lay_over(journey: Option<&Journey>, taken: Vec<Taken>) -> Overlay {
    let mut overlay = Overlay::default();
    let mut unseen: BTreeMap<(EndpointId, Option<EndpointId>), u64> = BTreeMap::new();
    let mut before: Option<(Option<Timestamp>, Option<EndpointId>)> = None;
    for one in taken {
        before = before.filter(|_| !one.is_apart);
        let gap = before.as_ref().and_then(|(time, _)| Some(one.at?.since((*time)?)));
        let is_over = before.is_none() || gap.is_some_and(|gap| gap >= SESSION_GAP);
        let is_start = is_over && !one.is_apart;
        let from = before.take().and_then(|(_, endpoint)| endpoint).filter(|_| !is_start);
        before = Some((one.at, one.endpoint_id.clone()));
        let after_ms = gap.filter(|_| !is_start).map(|gap| gap.as_micros() as f64 / 1e3);
        let step = step(journey, one, from.as_ref(), is_start, after_ms);
        let counts = &mut overlay.counts;
        match step.movement {
            MoveKind::Usual => counts.usual += 1,
            MoveKind::Rare => counts.rare += 1,
            MoveKind::OneCaller => counts.one_caller += 1,
            MoveKind::Unseen => counts.unseen += 1,
            MoveKind::Start | MoveKind::NotCompared => {}
        }
        if let Some(from) = from.filter(|_| step.movement == MoveKind::Unseen) {
            *unseen.entry((from, step.endpoint_id.clone())).or_default() += 1;
        }
        overlay.steps.push(step);
    }
    let unseen = unseen.into_iter().map(|((from, to), count)| UnseenMove { from, to, count });
    overlay.unseen_moves = unseen.collect();
    overlay.unseen_moves.sort_by_key(|one| Reverse(one.count));
    overlay
}

fn step(
    journey: Option<&Journey>,
    taken: Taken,
    from: Option<&EndpointId>,
    is_start: bool,
    after_ms: Option<f64>,
) -> JourneyStep {
    let node = journey.and_then(|journey| journey.node(taken.endpoint_id.as_ref()?));
    let known = journey.and_then(|graph| graph.between(from?, taken.endpoint_id.as_ref()?));
    let place = match (journey, &taken.endpoint_id, node) {
        (None, ..) => PlaceKind::NotCompared,
        (_, None, _) => PlaceKind::NoEndpoint,
        (.., None) => PlaceKind::Unseen,
        (.., Some(node)) if node.callers == CallerCount::One => PlaceKind::OneCaller,
        (.., Some(node)) if node.share < RARE => PlaceKind::Rare,
        _ => PlaceKind::Usual,
    };
    let movement = match (journey, from, known) {
        (None, ..) => MoveKind::NotCompared,
        _ if is_start => MoveKind::Start,
        (_, None, _) => MoveKind::NotCompared,
        (.., None) => MoveKind::Unseen,
        (.., Some(known)) if known.callers == CallerCount::One => MoveKind::OneCaller,
        (.., Some(known)) if known.share < RARE => MoveKind::Rare,
        _ => MoveKind::Usual,
    };
    let starts = node.zip(journey).map(|(node, graph)| share(node.starts, graph.sessions));
    JourneyStep {
        place,
        place_share: node.map(|node| node.share),
        movement,
        move_share: if is_start { starts } else { known.map(|known| known.share) },
        after_ms,
        p50_ms: known.and_then(|known| known.p50_ms),
        p90_ms: known.and_then(|known| known.p90_ms),
        pace: known.and_then(|known| pace(known, after_ms?)),
        at: taken.at,
        exchange_id: taken.exchange_id,
        endpoint_id: taken.endpoint_id,
        method: taken.method,
        path: taken.path,
        operation: taken.operation,
        status: taken.status,
        hostile: taken.hostile,
    }
}

/// A pace against what is usual for a move that several callers make.
fn pace(known: &JourneyMove, after_ms: f64) -> Option<JourneyPace> {
    let (low, high) = (known.p10_ms?, known.p90_ms?);
    Some(match known.callers {
        CallerCount::One => return None,
        _ if after_ms * PACE_MARGIN < low => JourneyPace::Faster,
        _ if after_ms > high * PACE_MARGIN => JourneyPace::Slower,
        CallerCount::Several => JourneyPace::Usual,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::JourneyNode;

    fn id(name: &str) -> EndpointId {
        EndpointId::from_text(name)
    }

    fn node(name: &str, sessions: u64, starts: u64, callers: CallerCount) -> JourneyNode {
        let endpoint_id = id(name);
        let share = share(sessions, 100);
        JourneyNode { endpoint_id, sessions, starts, share, callers, ..JourneyNode::default() }
    }

    fn graph() -> Journey {
        let one = |from, to, share, callers| JourneyMove {
            from: id(from),
            to: id(to),
            share,
            callers,
            p10_ms: Some(1_000.0),
            p50_ms: Some(2_000.0),
            p90_ms: Some(9_000.0),
            ..JourneyMove::default()
        };
        Journey {
            sessions: 100,
            nodes: vec![
                node("login", 90, 80, CallerCount::Several),
                node("list", 95, 20, CallerCount::Several),
                node("odd", 2, 0, CallerCount::Several),
                node("own", 60, 0, CallerCount::One),
            ],
            moves: vec![
                one("login", "list", 0.9, CallerCount::Several),
                one("list", "odd", 0.01, CallerCount::Several),
                one("odd", "own", 0.9, CallerCount::One),
            ],
            ..Journey::default()
        }
    }

    fn taken(steps: &[(&str, f64)]) -> Vec<Taken> {
        let step = |(name, seconds): &(&str, f64)| Taken {
            at: Some(Timestamp::from_micros((seconds * 1e6) as i64)),
            endpoint_id: (!name.is_empty()).then(|| id(name)),
            ..Taken::default()
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn moves_are_told_apart_by_who_makes_them_and_how_often() {
        let steps = [("login", 0.0), ("list", 2.0), ("odd", 4.0), ("own", 6.0), ("login", 8.0)];
        let overlay = lay_over(Some(&graph()), taken(&steps));
        let kinds: Vec<_> = overlay.steps.iter().map(|step| step.movement).collect();
        let expected = [
            MoveKind::Start,
            MoveKind::Usual,
            MoveKind::Rare,
            MoveKind::OneCaller,
            MoveKind::Unseen,
        ];
        assert_eq!(kinds, expected);
        let places: Vec<_> = overlay.steps.iter().map(|step| step.place).collect();
        assert_eq!(places[1..4], [PlaceKind::Usual, PlaceKind::Rare, PlaceKind::OneCaller]);
        assert_eq!(overlay.steps[0].move_share, Some(0.8), "sessions that begin there");
        assert_eq!(overlay.counts, MoveCounts { usual: 1, rare: 1, one_caller: 1, unseen: 1 });
        let unseen = UnseenMove { from: id("own"), to: Some(id("login")), count: 1 };
        assert_eq!(overlay.unseen_moves, [unseen]);
    }

    #[test]
    fn pace_is_compared_with_the_band_of_the_move() {
        let pace = |seconds: f64| {
            let steps = taken(&[("login", 0.0), ("list", seconds)]);
            lay_over(Some(&graph()), steps).steps[1].pace
        };
        assert_eq!(pace(0.4), Some(JourneyPace::Faster));
        assert_eq!(pace(0.6), Some(JourneyPace::Usual));
        assert_eq!(pace(17.0), Some(JourneyPace::Usual));
        assert_eq!(pace(19.0), Some(JourneyPace::Slower));
        let steps = taken(&[("odd", 0.0), ("own", 0.001)]);
        assert_eq!(lay_over(Some(&graph()), steps).steps[1].pace, None, "the pace of one caller");
    }

    #[test]
    fn pauses_begin_sessions_and_noise_is_no_place() {
        let steps = taken(&[("login", 0.0), ("list", 1_800.0), ("", 1_801.0), ("list", 1_802.0)]);
        let overlay = lay_over(Some(&graph()), steps);
        let kinds: Vec<_> = overlay.steps.iter().map(|step| step.movement).collect();
        let expected = [MoveKind::Start, MoveKind::Start, MoveKind::Unseen, MoveKind::NotCompared];
        assert_eq!(kinds, expected);
        assert_eq!(overlay.steps[2].place, PlaceKind::NoEndpoint);
        assert_eq!(overlay.unseen_moves, [UnseenMove { from: id("list"), to: None, count: 1 }]);
        assert_eq!(overlay.steps[1].after_ms, None);
    }

    #[test]
    fn without_a_graph_or_times_nothing_is_made_up() {
        let overlay = lay_over(None, taken(&[("login", 0.0), ("list", 1.0)]));
        assert!(overlay.steps.iter().all(|step| step.place == PlaceKind::NotCompared
            && step.movement == MoveKind::NotCompared
            && step.pace.is_none()));
        assert_eq!((overlay.counts, overlay.unseen_moves.len()), (MoveCounts::default(), 0));
        let mut steps = taken(&[("login", 0.0), ("list", 1.0)]);
        steps.iter_mut().for_each(|step| step.at = None);
        let overlay = lay_over(Some(&graph()), steps);
        assert_eq!(overlay.steps[1].movement, MoveKind::Usual);
        assert_eq!((overlay.steps[1].after_ms, overlay.steps[1].pace), (None, None));
        assert_eq!(lay_over(Some(&graph()), Vec::new()), Overlay::default());
        let mut steps = taken(&[("login", 0.0), ("own", 1.0)]);
        steps.iter_mut().for_each(|step| step.is_apart = true);
        let overlay = lay_over(Some(&graph()), steps);
        assert!(overlay.steps.iter().all(|step| step.movement == MoveKind::NotCompared));
        assert_eq!(
            (overlay.steps[1].place, overlay.steps[1].after_ms),
            (PlaceKind::OneCaller, None)
        );
    }
}
