//! A thousand connections at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use super::{Limited, with_key};
use crate::harness::{Client, Reply, Upstream, until};

const CONNECTIONS: usize = 1_000;
const GET: &str = "GET / HTTP/1.1\r\nhost: api.example\r\n\r\n";

/// Both ends of the connections are in this process.
fn make_room_for_connections() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < 4_096) {
        let wanted = maximum.map_or(8_192, |maximum| maximum.min(8_192));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).unwrap();
    }
    let current = getrlimit(Resource::Nofile).current;
    assert!(current.is_none_or(|current| current >= 2_500), "too few open files are allowed");
}

/// What one connection has seen.
#[derive(Default)]
struct Seen {
    passed: u64,
    first_answer: Option<Instant>,
    last_answer: Option<Instant>,
    /// When the last request that was refused had been sent.
    last_refused_sent: Option<Instant>,
}

async fn connect(limited: &Limited) -> Vec<Client> {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(Client::connect(limited.address()).await);
    }
    clients
}

/// Asks over and over on all connections for a while.
async fn hammer(clients: Vec<Client>, span: Duration) -> (Instant, Vec<Seen>) {
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for mut client in clients {
        asking.spawn(async move {
            let mut seen = Seen::default();
            while began.elapsed() < span {
                let sent = Instant::now();
                client.send(GET).await;
                let status = client.response().await.status;
                let now = Instant::now();
                seen.first_answer.get_or_insert(now);
                seen.last_answer = Some(now);
                match status {
                    200 => seen.passed += 1,
                    429 => seen.last_refused_sent = Some(sent),
                    other => panic!("an answer with {other}"),
                }
            }
            seen
        });
    }
    (began, asking.join_all().await)
}

/// The bucket is empty whenever a request is refused. So what has passed until then is the burst and what came
/// in since the first request: at most since it was sent, at least since it was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_exact_to_one_in_a_hundred() {
    make_room_for_connections();
    let (rate, burst) = (400.0, 400.0);
    let policies = "[{name: all, mode: enforce,
                       rate: {requests: 400, period_seconds: 1, burst: 400, by: scope}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    let clients = connect(&limited).await;
    let (began, seen) = hammer(clients, Duration::from_secs(4)).await;
    let passed = seen.iter().map(|one| one.passed).sum::<u64>() as f64;
    let since_began = |at: Instant| at.duration_since(began).as_secs_f64();
    let last_answer = seen.iter().filter_map(|one| one.last_answer).max().unwrap();
    let first_answer = seen.iter().filter_map(|one| one.first_answer).min().unwrap();
    let refused = seen.iter().filter_map(|one| one.last_refused_sent).max();
    let refused = refused.expect("more was asked than may pass");
    let most = burst + rate * since_began(last_answer);
    let least = burst + rate * refused.duration_since(first_answer).as_secs_f64();
    assert!(passed <= most * 1.01, "{passed} of at most {most}");
    assert!(passed >= least * 0.99, "{passed} of at least {least}");
    assert_eq!(limited.upstream.seen().len() as f64, passed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_lets_exactly_its_number_pass() {
    make_room_for_connections();
    let policies = "[{name: all, mode: enforce, rate: {requests: 700, period_seconds: 600,
                       algorithm: sliding_window, by: scope}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    let clients = connect(&limited).await;
    let (_, seen) = hammer(clients, Duration::from_secs(1)).await;
    assert_eq!(seen.iter().map(|one| one.passed).sum::<u64>(), 700);
}

#[tokio::test]
async fn what_is_under_way_is_bounded_and_places_come_back() {
    let policies = "[{name: few, mode: enforce, concurrency: {requests: 3}}]";
    let slow = || {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
        Reply::Slow(vec![(Duration::from_millis(600), answer)])
    };
    let limited = Arc::new(Limited::new(policies, Upstream::new(move |_| slow()).await).await);
    for _ in 0..2 {
        let mut asking = JoinSet::new();
        for _ in 0..10 {
            let limited = Arc::clone(&limited);
            asking.spawn(async move { limited.ask("GET / HTTP/1.1").await.status });
        }
        let mut statuses = asking.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [[200; 3].as_slice(), &[503; 7]].concat());
        // The place is free when the exchange has been closed, a moment after its answer.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Who goes away gives the place back too.
    for _ in 0..5 {
        let mut client = Client::connect(limited.address()).await;
        client.send(GET).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(client);
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(limited.ask("GET / HTTP/1.1").await.status, 200);
}

/// A WebSocket and a stream of events are under way for as long as they go on.
#[tokio::test]
async fn what_goes_on_keeps_its_place() {
    let policies = "[{name: one, mode: enforce, concurrency: {requests: 1}}]";
    let upstream = Upstream::new(|seen| {
        let accepted =
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let events = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
            9\r\ndata: a\n\n\r\n";
        let long = Duration::from_secs(20);
        match seen.line() {
            line if line.contains("/chat") => {
                Reply::Slow(vec![(Duration::ZERO, accepted.to_vec()), (long, Vec::new())])
            }
            line if line.contains("/events") => {
                Reply::Slow(vec![(Duration::ZERO, events.to_vec()), (long, Vec::new())])
            }
            _ => Reply::ok("ok"),
        }
    });
    let limited = Limited::new(policies, upstream.await).await;
    for head in [crate::websocket::HANDSHAKE, "GET /events HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut open = Client::connect(limited.address()).await;
        open.send(head).await;
        let answer = open.head().await;
        assert!(
            answer.starts_with("HTTP/1.1 101") || answer.starts_with("HTTP/1.1 200"),
            "{answer}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(limited.ask("GET / HTTP/1.1").await.status, 503, "{head}");
        drop(open);
        let mut status = 503;
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            status = limited.ask("GET / HTTP/1.1").await.status;
            if status == 200 {
                break;
            }
        }
        assert_eq!(status, 200, "the place of {head} comes back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn anonymous_callers_step_back_first() {
    let policies = "[{name: keys, mode: enforce, api_key: {}},
        {name: capacity, mode: enforce,
         concurrency: {requests: 3, anonymous_requests: 1, each: service}}]";
    let (around, key) = with_key(&[]);
    let upstream = Upstream::new(|seen| match seen.line().contains("/wait") {
        true => Reply::Silence,
        false => Reply::ok("ok"),
    });
    let limited = Limited::within(policies, upstream.await, around).await;
    let known = format!("\r\nx-api-key: {key}");
    assert_eq!(limited.ask("GET /a HTTP/1.1").await.status, 200);
    let mut waiting = Client::connect(limited.address()).await;
    waiting.send(format!("GET /wait HTTP/1.1\r\nhost: a{known}\r\n\r\n")).await;
    until("one is under way", || limited.upstream.seen().len() == 2).await;
    let shed = limited.ask("GET /a HTTP/1.1").await;
    assert_eq!((shed.status, shed.field("retry-after")), (503, Some("1")));
    assert_eq!(limited.ask(&format!("GET /a HTTP/1.1{known}")).await.status, 200);
}
