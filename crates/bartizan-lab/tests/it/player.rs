//! What the player sends is the same for a seed, and is what its truth log says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use crate::lab;
use axum::{Router, extract::State};
use bartizan_lab::{
    Client, Options,
    flaws::FLAWS,
    player::{Label, Plan, Record, Tally, benign, hostile, play},
};

async fn run(plan: Plan, options: &Options) -> (Tally, Vec<Record>) {
    let (client, _stop) = lab(options).await;
    let mut records = Vec::new();
    let mut sink = |record: &Record| {
        records.push(record.clone());
        Ok(())
    };
    let tally = play(&plan, &client, &mut sink).await.unwrap();
    (tally, records)
}

const DAY: Plan =
    Plan { seed: 5, minutes: 420, speed: 0.0, overlap: 1, cast: &[benign(), hostile()] };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_sends_the_same_requests_in_the_same_order() {
    let seen = |records: &[Record]| -> Vec<(u64, String, String, u16)> {
        let line =
            |r: &Record| (r.at, r.id.clone(), format!("{} {}", r.method, r.path), r.reply.status);
        records.iter().map(line).collect()
    };
    let (first, one) = run(DAY, &Options::vulnerable(5)).await;
    let (second, two) = run(DAY, &Options::vulnerable(5)).await;
    assert_eq!(first, second);
    assert_eq!(seen(&one), seen(&two));
    assert!(one.is_sorted_by_key(|r| r.at));
    let (_, other) = run(Plan { seed: 6, ..DAY }, &Options::vulnerable(5)).await;
    assert_ne!(seen(&one), seen(&other));
}

/// What each actor does, in its order: when, and what, but for numbers of what others may have made
/// in between.
fn by_actor(records: &[Record]) -> BTreeMap<String, Vec<(u64, String)>> {
    let mut out: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for r in records {
        let what = format!("{} {}", r.method, r.path.replace(|c: char| c.is_ascii_digit(), ""));
        out.entry(r.actor.clone()).or_default().push((r.at, what));
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_overlap_and_every_actor_still_does_the_same() {
    let plan = Plan { minutes: 120, ..DAY };
    let (one, alone) = run(plan, &Options::vulnerable(5)).await;
    let (many, overlapping) = run(Plan { overlap: 8, ..plan }, &Options::vulnerable(5)).await;
    assert_eq!((one.parts, many.unanswered), (many.parts, 0));
    assert!(overlapping.is_sorted_by_key(|r| r.at), "in the order of the play");
    assert_eq!(by_actor(&alone), by_actor(&overlapping));
    // Attackers act among users, not after them.
    let turns: Vec<bool> = alone.iter().map(|r| r.owasp.is_empty()).collect();
    let changes = turns.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes > 20, "{changes}");
}

/// Counts the requests that are under way at a time: now, and at most.
async fn busy(State(counts): State<Arc<[AtomicUsize; 2]>>) -> &'static str {
    let now = counts[0].fetch_add(1, SeqCst) + 1;
    counts[1].fetch_max(now, SeqCst);
    tokio::time::sleep(Duration::from_millis(5)).await;
    counts[0].fetch_sub(1, SeqCst);
    "{}"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_requests_are_under_way_than_may_be() {
    for (overlap, expected) in [(1, 1..=1), (4, 2..=4)] {
        let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(busy).with_state(Arc::clone(&counts));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let client = Client::to(&target).await.unwrap();
        let plan = Plan { minutes: 60, overlap, ..DAY };
        play(&plan, &client, &mut |_| Ok(())).await.unwrap();
        serving.abort();
        let most = counts[1].load(SeqCst);
        assert!(expected.contains(&most), "{most} at a time, {overlap} asked for");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_part_plays_and_ordinary_users_look_ordinary() {
    let (tally, records) = run(DAY, &Options::vulnerable(5)).await;
    eprintln!("{tally:?}");
    let silent = benign().iter().chain(hostile());
    let silent: Vec<_> = silent.filter(|part| !tally.parts.contains_key(part.id)).collect();
    assert!(silent.is_empty(), "{silent:?} sent nothing");
    assert_eq!(tally.unanswered, 0);
    let hostile_by_user = records.iter().find(|r| r.owasp.is_empty() && r.label != Label::Benign);
    assert!(hostile_by_user.is_none());
    let ordinary = || records.iter().filter(|r| r.label == Label::Benign);
    let count = |status: u16| ordinary().filter(|r| r.reply.status == status).count();
    // Ordinary users fail too: wrong passwords, stale links, wrong bodies; and nothing breaks.
    assert!(count(401) > 0 && count(404) > 0 && count(400) > 0);
    assert_eq!(count(500), 0);
    let failed = ordinary().filter(|r| r.reply.status >= 400).count();
    assert!(failed * 3 < ordinary().count(), "{failed} of {} failed", ordinary().count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_succeed_in_the_vulnerable_lab_and_fail_in_the_twin() {
    let attack = Plan { cast: const { &[hostile()] }, ..DAY };
    let reads = |records: &[Record]| {
        let stolen = |r: &&Record| {
            r.label == Label::Hostile && r.reply.text().contains("password_hash")
                || r.part == "bola-sequential" && r.label == Label::Hostile && r.reply.status == 200
        };
        records.iter().filter(stolen).count()
    };
    let (_, records) = run(attack, &Options::vulnerable(5)).await;
    assert!(reads(&records) > 60, "{}", reads(&records));
    let (_, records) = run(attack, &Options::secure(5)).await;
    // What is left are the attackers' own shipments, which they meet on the way.
    assert!(reads(&records) < 10, "{}", reads(&records));
}

fn grpc_status(record: &Record) -> String {
    record.reply.header("grpc-status")
}

fn heard(record: &Record, text: &str) -> usize {
    record.reply.said.iter().filter(|said| !said.from_client && said.text.contains(text)).count()
}

fn body_has(record: &Record, part: &[u8]) -> bool {
    record.reply.body.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_call_methods_and_open_sockets() {
    let plan = Plan { minutes: 120, cast: const { &[benign()] }, ..DAY };
    let (_, records) = run(plan, &Options::secure(5)).await;
    let of = |part: &'static str| records.iter().filter(move |record| record.part == part);
    // Calls with one answer, streams of several, and two kinds of error.
    let is_call = |r: &&Record| r.http_version == "2";
    let statuses: BTreeSet<_> = of("terminal").filter(is_call).map(grpc_status).collect();
    assert_eq!(statuses, BTreeSet::from(["0", "16", "5"].map(str::to_owned)));
    let mut streams = of("terminal").filter(|record| record.path.ends_with("/ListEvents"));
    assert!(streams.all(|r| body_has(r, b"booked at") && body_has(r, b"loaded at")));
    assert!(of("watcher").any(|r| heard(r, "position") == 2 && heard(r, "pong") == 1));
    assert!(of("watcher").any(|r| heard(r, "type is one of") == 1));
    assert!(of("watcher").any(|r| r.reply.text().contains("event: booked")));
    assert!(of("announcer").any(|r| heard(r, "\"live\"") == 1));
}

/// A script, and whether a request of it succeeded.
type Door = (&'static str, fn(&Record) -> bool);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_sockets_of_attackers_succeed_in_the_vulnerable_lab_only() {
    let doors: [Door; 8] = [
        ("bola-events", |r| r.reply.text().contains("event: booked")),
        ("bola-grpc", |r| grpc_status(r) == "0"),
        ("bola-live", |r| heard(r, "position") > 0),
        ("hijacked-socket", |r| r.reply.status == 101),
        // Field 3, four digits: the number that releases the container.
        ("release-pins", |r| body_has(r, b"\x1a\x04")),
        ("socket-flood", |r| heard(r, "pong") > 100),
        ("forbidden-calls", |r| grpc_status(r) == "0" || heard(r, "\"sent\"") > 0),
        ("reflection", |r| body_has(r, b"quayside.v1.Release")),
    ];
    let attack = Plan { cast: const { &[hostile()] }, ..DAY };
    for (options, succeeds) in [(Options::vulnerable(5), true), (Options::secure(5), false)] {
        let (_, records) = run(attack, &options).await;
        for (part, has_succeeded) in doors {
            let mut hostile =
                records.iter().filter(|r| r.part == part && r.label == Label::Hostile);
            assert_eq!(hostile.any(has_succeeded), succeeds, "{part}");
        }
    }
}

#[test]
fn there_is_an_attack_of_every_category() {
    let played: BTreeSet<&str> = hostile().iter().map(|part| part.owasp).collect();
    for flaw in FLAWS {
        assert!(played.contains(flaw.owasp), "{}: nobody attacks {}", flaw.id, flaw.owasp);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_play_keeps_its_speed() {
    for overlap in [1, 8] {
        let begin = Instant::now();
        let plan = Plan { minutes: 4, speed: 120.0, overlap, ..DAY };
        let (tally, records) = run(plan, &Options::secure(5)).await;
        let span = records.last().unwrap().at - records[0].at;
        assert!(tally.benign > 2 && span > 60_000, "{tally:?} in {span} ms");
        // No faster than it says; how much slower depends on the machine.
        assert!(begin.elapsed() >= Duration::from_millis(span / 120));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_is_told_by_its_hook() {
    let plan = Plan { minutes: 60, cast: const { &[benign()] }, ..DAY };
    let (_, records) = run(plan, &Options::secure(5)).await;
    let mut looks = records.iter().filter(|r| r.path.ends_with("/deliveries"));
    let look = looks.next().unwrap();
    assert_eq!(look.reply.status, 200);
    assert!(look.reply.text().contains("Gothenburg"), "{}", look.reply.text());
}
