use bartizan_model::{
    Duration, HashKey, Journey, Scope, Timestamp,
    journey::{CallerCount, RoleTold},
    source::Ordering,
};

use super::*;
use crate::{
    detectors::traffic::{Call, exchanges},
    judge::{self, State, results},
    snapshot::Snapshot,
};

fn snapshot() -> Snapshot {
    Snapshot::new(Scope::default(), HashKey::new([1; 32]))
}

fn observe(state: &mut State, calls: Vec<Call>) {
    let snapshot = snapshot();
    for exchange in exchanges(calls) {
        let time = state.admit(exchange.time, Ordering { lateness: Duration::ZERO });
        judge::judge(&exchange, &snapshot, state, time);
    }
}

fn learned(calls: Vec<Call>) -> Vec<Journey> {
    let mut state = State::new(&Scope::default());
    observe(&mut state, calls);
    results(&mut state, &snapshot()).journeys
}

fn of<'j>(journeys: &'j [Journey], role: &str) -> &'j Journey {
    journeys.iter().find(|one| one.role == role).expect("a graph")
}

fn moves(journey: &Journey) -> Vec<(String, u64)> {
    let name = |id| journey.node(id).expect("a node").name();
    let moves = journey.moves.iter();
    let mut out: Vec<_> =
        moves.map(|one| (format!("{} > {}", name(&one.from), name(&one.to)), one.count)).collect();
    out.sort();
    out
}

/// A customer looks around, logs in, and looks at what is theirs.
fn visit(at: i64, subject: u32) -> Vec<Call> {
    let here = Call::get(0, "/", "").by(subject);
    let nameless = |call: Call| Call { ip: here.ip, ..call };
    vec![
        nameless(Call::get(at, "/products", "[1,2,3]")),
        nameless(Call::login(at + 4, "ann", "a secret of mine", true)),
        Call::get(at + 5, "/me", r#"{"id":7}"#).by(subject).role("customer"),
        Call::get(at + 15, "/orders", "[]").by(subject).role("customer"),
    ]
}

fn sums_up(journey: &Journey) {
    let sum = |of: fn(&bartizan_model::journey::JourneyNode) -> u64| -> u64 {
        journey.nodes.iter().map(of).sum()
    };
    assert_eq!(sum(|node| node.starts), journey.sessions);
    assert_eq!(sum(|node| node.ends), journey.sessions);
    let moves: u64 = journey.moves.iter().map(|one| one.count).sum();
    assert_eq!(sum(|node| node.visits), moves + journey.sessions);
}

#[test]
fn what_leads_to_a_login_belongs_to_who_logs_in() {
    let calls = (0..20).flat_map(|n| visit(i64::from(n) * 60, n + 1)).collect();
    let journeys = learned(calls);
    let graph = of(&journeys, "customer");
    assert_eq!(graph.role_told_by, RoleTold::Claim);
    assert_eq!((graph.sessions, graph.actors), (20, 20));
    assert_eq!(
        moves(graph),
        [
            ("GET /me > GET /orders".to_owned(), 20),
            ("GET /products > POST /v1/auth/login".to_owned(), 20),
            ("POST /v1/auth/login > GET /me".to_owned(), 20),
        ]
    );
    sums_up(graph);
    let login = graph.nodes.iter().find(|node| node.path.ends_with("login")).expect("a node");
    assert!(login.login && login.logins == 20 && login.callers == CallerCount::Several);
    assert_eq!(graph.nodes.iter().filter(|node| node.login).count(), 1);
    assert_eq!((graph.login.began_authenticated, graph.login.became_authenticated), (0, 20));
    let way = &graph.login.sequences[0];
    assert_eq!(graph.way(&way.steps), "GET /products → POST /v1/auth/login → GET /me");
    assert!(way.through_login && (way.share - 1.0).abs() < 1e-9);
    let to_orders = &graph.moves.iter().find(|one| one.p50_ms > Some(5_000.0)).expect("timed");
    assert!(to_orders.p50_ms < Some(12_000.0), "ten seconds, within a quarter octave");
    assert!(journeys.iter().all(|one| one.role != "anonymous"), "no session is left there");
}

#[test]
fn a_pause_begins_a_session_and_roles_are_apart() {
    let look = |at: i64, role| Call::get(at, "/reports", "[]").by(1).role(role);
    let journeys = learned(vec![
        look(0, "clerk"),
        look(1_799, "clerk"),
        look(1_799 + 1_800, "clerk"),
        look(3_700, "admin"),
        Call::get(3_710, "/products", "[]"),
        Call::get(3_720, "/products", "[]"),
    ]);
    let sessions = |role| of(&journeys, role).sessions;
    assert_eq!((sessions("clerk"), sessions("admin"), sessions("anonymous")), (2, 1, 1));
    assert_eq!(moves(of(&journeys, "clerk")), [("GET /reports > GET /reports".to_owned(), 1)]);
    let only = &of(&journeys, "anonymous").moves[0];
    assert_eq!((only.callers, only.p50_ms), (CallerCount::One, None), "one caller, once");
    journeys.iter().for_each(sums_up);
}

#[test]
fn refusals_noise_and_attacks_are_no_steps() {
    let mut calls = vec![Call::get(0, "/products", "[]")];
    let refused = ["/admin", "/.env", "/wp-login.php", "/products/../etc/passwd"];
    calls.extend((1..).zip(refused).map(|(at, path)| Call::get(at, path, "{}").status(404)));
    calls.push(Call::get(10, "/products?q=1%27%20OR%20%271%27%3D%271%27%20--%20", "[]"));
    calls.push(Call::get(11, "/orders", "{}").status(403));
    calls.push(Call::get(20, "/products", "[]"));
    let journeys = learned(calls);
    assert_eq!(journeys.len(), 1);
    assert_eq!(moves(&journeys[0]), [("GET /products > GET /products".to_owned(), 1)]);
}

#[test]
fn without_times_or_after_a_loss_nothing_is_learned() {
    let mut state = State::new(&Scope::default());
    for mut exchange in exchanges(visit(0, 1)) {
        exchange.time = None;
        judge::judge(&exchange, &snapshot(), &mut state, None);
    }
    assert_eq!(results(&mut state, &snapshot()).journeys, []);
    let mut state = State::new(&Scope::default());
    observe(&mut state, vec![Call::get(0, "/products", "[]")]);
    state.note_lost(1);
    observe(&mut state, vec![Call::get(1, "/orders", "[]"), Call::get(2, "/products", "[]")]);
    let journeys = results(&mut state, &snapshot()).journeys;
    assert_eq!((journeys.len(), journeys[0].nodes.len()), (1, 1));
}

#[test]
fn names_that_are_merely_claimed_are_those_of_the_client() {
    // What answers anybody accepts no name.
    let mut calls = vec![Call::get(0, "/products", "[]")];
    calls.extend((1..5).map(|n| {
        let call = Call::get(i64::from(n), "/products", "[]").by(u32::try_from(n).expect("small"));
        Call { ip: [203, 0, 113, 7], ..call.role("admin") }
    }));
    let journeys = learned(calls);
    assert_eq!(journeys.len(), 1);
    assert_eq!((journeys[0].role.as_str(), journeys[0].sessions), ("anonymous", 1));
}

#[test]
fn endpoints_that_become_one_are_one_node() {
    let mut state = State::new(&Scope::default());
    let names = ["anna", "bernd", "clara", "dieter", "emma", "fritz", "greta", "hans"];
    let all = names.iter().flat_map(|a| names.map(|b| format!("{a}{b}")));
    let calls = (0..).zip(all).flat_map(|(n, name)| {
        let by = u32::try_from(n % 30 + 1).expect("small");
        [
            Call::get(n * 4, format!("/v1/users/{name}/profile"), r#"{"name":"x"}"#).by(by),
            Call::get(n * 4 + 2, "/v1/news", "[]").by(by),
        ]
    });
    observe(&mut state, calls.collect());
    assert!(state.journeys().graphs().any(|(.., graph)| graph.nodes.len() > 30), "not merged yet");
    let journeys = results(&mut state, &snapshot()).journeys;
    let graph = &journeys[0];
    assert_eq!(graph.nodes.len(), 2, "{:?}", graph.nodes);
    assert!(graph.nodes.iter().all(|node| node.visits == 64 && node.sessions <= graph.sessions));
    sums_up(graph);
    // Open sessions go on in the merged graph.
    let before = graph.sessions;
    observe(&mut state, vec![Call::get(260, "/v1/users/ina/profile", "{}").by(1)]);
    let journeys = results(&mut state, &snapshot()).journeys;
    assert_eq!((journeys[0].sessions, journeys[0].nodes.len()), (before, 2));
    sums_up(&journeys[0]);
}

#[test]
fn a_saved_state_goes_on_as_if_never_interrupted() {
    let calls: Vec<Call> = (0..8).flat_map(|n| visit(i64::from(n) * 3, n + 1)).collect();
    let mut calls: Vec<Call> = calls;
    calls.sort_by_key(|call| call.at);
    let whole = learned(calls.clone());
    let rest = calls.split_off(13);
    let mut state = State::new(&Scope::default());
    observe(&mut state, calls);
    let mut state = State::load(&state.save().expect("saved")).expect("loaded");
    observe(&mut state, rest);
    assert_eq!(results(&mut state, &snapshot()).journeys, whole);
    assert!(!whole.is_empty());
}

#[test]
fn hosts_steps_and_sessions_are_bounded_and_counted() {
    let mut graph = Graph::default();
    let step = |leaf| graph::untimed(leaf, 7, Timestamp::from_seconds(0), false);
    let mut position = graph.begin(&step(0));
    for leaf in 1..1_000 {
        graph.go_on(&mut position, &step(leaf));
    }
    assert_eq!(graph.nodes.len(), graph::MAX_NODES);
    assert_eq!(graph.left_out.steps, 1_000 - graph::MAX_NODES as u64);
    for leaf in 0..graph::MAX_NODES as u32 {
        for other in 0..graph::MAX_NODES as u32 {
            graph.go_on(&mut position, &step(leaf));
            graph.go_on(&mut position, &step(other));
        }
    }
    assert_eq!(graph.moves().count(), graph::MAX_MOVES);
    assert!(graph.left_out.moves > 0);
    let mut journeys = Journeys::default();
    for number in 0..MAX_GRAPHS + 9 {
        let found = journeys.graph_of(&format!("h{number}.example.com"), RoleId::ANONYMOUS);
        assert_eq!(found.is_some(), number < MAX_GRAPHS);
    }
}

#[test]
fn sessions_that_make_room_though_they_are_not_over_are_counted() {
    let mut journeys = Journeys::default();
    let time = Timestamp::from_seconds(0);
    for key in 1..=MAX_OPEN as u64 {
        journeys.make_room(key, time);
        let session = Session { is_new: false, ..Session::over(time) };
        *journeys.open.entry(key, MAX_OPEN, || Session::over(time)) = session;
    }
    assert_eq!(journeys.left_out()[0], ("journey_sessions_cut_short", 0));
    journeys.make_room(0, Timestamp::from_seconds(1_799));
    journeys.make_room(1, Timestamp::from_seconds(1_799));
    assert_eq!(journeys.left_out()[0].1, 1);
    journeys.make_room(0, Timestamp::from_seconds(1_800));
    assert_eq!(journeys.left_out()[0].1, 1, "it was over");
}

#[test]
fn the_role_of_an_actor_is_told() {
    let mut state = State::new(&Scope::default());
    observe(&mut state, visit(0, 1));
    let actors = results(&mut state, &snapshot()).actors;
    let roles: Vec<_> = actors.iter().map(|one| (one.kind, one.role.as_deref())).collect();
    assert!(roles.contains(&(ActorKind::Principal, Some("customer"))), "{roles:?}");
    assert!(roles.contains(&(ActorKind::Address, None)), "{roles:?}");
}

#[test]
fn graphs_of_hosts_that_become_one_add_up_and_make_room() {
    let mut journeys = Journeys::default();
    for number in 0..MAX_GRAPHS {
        let at = journeys.graph_of(&format!("h{number}.example.com"), RoleId::ANONYMOUS);
        let graph = &mut journeys.graphs[usize::from(at.expect("room"))];
        let step =
            |leaf| graph::untimed(leaf, number as u64 + 1, Timestamp::from_seconds(0), false);
        let mut position = graph.begin(&step(1));
        graph.go_on(&mut position, &step(2 + number as u32 % 2));
    }
    assert_eq!(journeys.graph_of("new.example.com", RoleId::ANONYMOUS), None);
    let one = "{tenant}.example.com".to_owned();
    let went: BTreeMap<_, _> =
        (0..MAX_GRAPHS).map(|n| (format!("h{n}.example.com"), one.clone())).collect();
    journeys.join_hosts(&went);
    let graphs: Vec<_> = journeys.graphs().collect();
    assert_eq!((graphs.len(), graphs[0].0), (1, one.as_str()));
    let graph = graphs[0].3;
    assert_eq!((graph.sessions, graph.nodes.len()), (MAX_GRAPHS as u64, 3));
    let moves: Vec<u64> = graph.moves().map(|(_, _, one)| one.count).collect();
    assert_eq!(moves, [MAX_GRAPHS as u64 / 2; 2]);
    assert!(journeys.graph_of("new.example.com", RoleId::ANONYMOUS).is_some());
}
