//! `serve` while everything around it goes wrong: no wrong answer, nothing grows, drops show.
//!
//! `make soak` has the long form of the same (`bartizan-testkit`, `bin/soak.rs`).

use std::{
    fs,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use bartizan_testkit::load::{
    Crowd, Footprint, Load, Mix, Origin, Serving, SmallDisk, Tally, raise_descriptors,
};
use tempfile::TempDir;

use crate::command::{bartizan, home, result, run, stderr};

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most that memory may grow in one scenario: learned state, facts that wait for the store, and what
/// the allocator keeps, all of a few thousand exchanges in a development build.
const GROWTH: u64 = 64 * 1024 * 1024;
/// Most descriptors more than at the beginning, once nothing is under way: idle connections to the
/// upstream are kept for half a minute, at most one for each client.
const KEPT: u64 = 24;

fn serve(home: &TempDir, arguments: &[&str]) -> Serving {
    let mut command = bartizan(home);
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    Serving::start(command.args(arguments)).expect("serves")
}

/// Writes the configuration so that it is there whole or not at all.
fn configure(home: &TempDir, upstreams: &[SocketAddr], more: &str) {
    let urls: Vec<String> = upstreams.iter().map(|to| format!("\"http://{to}\"")).collect();
    let urls = urls.join(", ");
    let text =
        format!("gateway:\n  services:\n    - name: echo\n      upstreams: [{urls}]\n{more}");
    let (draft, file) = (home.path().join("draft"), home.path().join("bartizan.yaml"));
    fs::write(&draft, text).expect("written");
    fs::rename(draft, file).expect("renamed");
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what} takes too long");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Figures before a fault: after the first second of traffic, when everything is in place.
fn warm(serving: &Serving, load: &Load) -> Footprint {
    until("the first answers", || load.so_far().right > 200);
    serving.footprint().expect("figures")
}

/// Nothing wrong, every connection served to its end, and nothing left over.
fn check(serving: &Serving, origins: &[&Origin], before: Footprint, tally: &Tally) {
    assert_eq!((tally.wrong, tally.broken), (0, 0), "{tally:?}");
    assert!(tally.right > 0, "{tally:?}");
    for origin in origins {
        assert!(origin.faults().is_empty(), "{:?}", origin.faults());
        assert_eq!(origin.sent_twice(), 0, "a POST was sent twice");
    }
    settled(serving);
    let after = serving.footprint().expect("figures");
    eprintln!(
        "{} right, {:?} refused, {} aborted; descriptors {} -> {}, resident {} -> {} KiB",
        tally.right,
        tally.refused,
        tally.aborted,
        before.descriptors,
        after.descriptors,
        before.resident / 1024,
        after.resident / 1024
    );
    assert!(after.descriptors <= before.descriptors + KEPT, "{before:?} {after:?}");
    assert!(after.resident <= before.resident + GROWTH, "{before:?} {after:?}");
}

/// Waits until no client is connected and no byte is held: counters come back to nothing.
fn settled(serving: &Serving) {
    until("that all ends", || {
        let gauge = |name, label| serving.metric(name, label).expect("a metric");
        gauge("bartizan_gateway_connections", "") == 0
            && gauge("bartizan_gateway_buffered_bytes", "") == 0
            && gauge("bartizan_gateway_upstream", "value=\"busy\"") == 0
    });
    // What waits to be judged is held in memory, and its judgement may be late on a busy machine.
    until("that all is judged", || {
        let counter = |name| serving.metric(name, "").expect("a metric");
        let judged = counter("bartizan_exchanges_judged_total");
        judged + counter("bartizan_gateway_handover_dropped_total")
            >= counter("bartizan_gateway_exchanges_total")
    });
}

#[test]
fn reloads_under_load_change_no_answer() {
    let (home, first, second) = (home(), Origin::start().unwrap(), Origin::start().unwrap());
    let (one, both) = ([first.address()], [first.address(), second.address()]);
    configure(&home, &one, "");
    let serving = serve(&home, &["--data", "data"]);
    // Numbers of exchanges belong to one origin: the other must not see a `POST` of the first again.
    let load = Load::start(serving.gateway(), &first, Mix { seed: 11, ..Mix::default() });
    let before = warm(&serving, &load);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..30 {
        match round % 5 {
            1 | 3 => configure(&home, &both, "  limits:\n    request_body_bytes: 100000\n"),
            4 => configure(&home, &one, "  limits:\n    request_bdy_bytes: 1\n"),
            _ => configure(&home, &one, ""),
        }
        serving.reload().expect("signalled");
        let (count, text) = if round % 5 == 4 {
            refused += 1;
            (refused, "the configuration in force stays as it was")
        } else {
            taken += 1;
            (taken, "configuration reloaded")
        };
        // The file is also looked at now and then, so that one change may be said twice.
        until("reloading", || serving.times_said(text) >= count);
        taken = serving.times_said("configuration reloaded");
        refused = serving.times_said("the configuration in force stays as it was");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(refused >= 6 && taken >= 24, "{taken} taken over, {refused} refused");
    assert!(serving.said().contains("request_body_bytes"), "the nearest key is named");
    let tally = load.stop();
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert!(second.requests() > 0, "the second upstream was used");
    let counted = |name| serving.metric(name, "").expect("a metric") as usize;
    assert_eq!(counted("bartizan_gateway_reloads_total"), taken);
    assert_eq!(counted("bartizan_gateway_reload_failures_total"), refused);
    check(&serving, &[&first, &second], before, &tally);
}

#[test]
fn an_upstream_that_dies_and_comes_back_costs_refusals_only() {
    let (home, mut origin) = (home(), Origin::start().unwrap());
    configure(&home, &[origin.address()], "");
    let serving = serve(&home, &["--data", "data"]);
    let load = Load::start(serving.gateway(), &origin, Mix { seed: 12, ..Mix::default() });
    let before = warm(&serving, &load);
    for _ in 0..6 {
        let refused = load.so_far().refusals();
        origin.kill();
        until("refusing", || load.so_far().refusals() > refused + 20);
        origin.restart().expect("the port is free");
        let right = load.so_far().right;
        until("recovering", || load.so_far().right > right + 100);
    }
    let tally = load.stop();
    let statuses: Vec<u16> = tally.refused.keys().copied().collect();
    assert_eq!(statuses, [502], "{tally:?}");
    check(&serving, &[&origin], before, &tally);
    assert!(serving.metric("bartizan_gateway_upstream", "connect_failures").expect("a metric") > 0);
}

#[test]
fn clients_that_go_away_at_any_stage_leave_nothing_behind() {
    let (home, origin) = (home(), Origin::start().unwrap());
    configure(&home, &[origin.address()], "");
    let serving = serve(&home, &["--data", "data"]);
    let mix = Mix { seed: 13, aborts: 80, items: 400, ..Mix::default() };
    let load = Load::start(serving.gateway(), &origin, mix);
    let before = warm(&serving, &load);
    until("breaking off", || load.so_far().aborted > 2_000);
    let tally = load.stop();
    assert!(tally.refused.is_empty(), "{tally:?}");
    check(&serving, &[&origin], before, &tally);
    assert!(serving.metric("bartizan_gateway_aborted_total", "").expect("a metric") > 0);
}

/// Most resident bytes for an idle connection that was used once, in a development build: the
/// connection, and the facts of its exchange until the store has them. Measured: 31 KiB.
const IDLE: u64 = 48 * 1024;

#[test]
fn ten_thousand_idle_connections_cost_little_and_hold_nobody_up() {
    const COUNT: usize = 10_000;
    let allowed = raise_descriptors();
    if allowed < COUNT as u64 + 1_000 {
        eprintln!("SKIPPED: {allowed} descriptors are too few for {COUNT} idle connections");
        return;
    }
    let (home, origin) = (home(), Origin::start().unwrap());
    configure(&home, &[origin.address()], "  deadlines:\n    idle: 600\n");
    let serving = serve(&home, &["--data", "data"]);
    let load = Load::start(serving.gateway(), &origin, Mix { seed: 14, ..Mix::default() });
    let before = warm(&serving, &load);
    let request = "GET /v1/echo/0?status=200&items=1&rest=0&chunked=0 HTTP/1.1\r\nhost: a\r\n\
                   x-id: 0\r\n\r\n";
    let crowd = Crowd::open(serving.gateway(), COUNT, 2_000, Some(request)).expect("opened");
    let open = serving.metric("bartizan_gateway_connections", "").expect("a metric");
    assert!(open >= COUNT as u64, "{open} open");
    let during = serving.footprint().expect("figures");
    let each = during.resident.saturating_sub(before.resident) / COUNT as u64;
    eprintln!("{open} open, {each} bytes resident for each");
    assert!(each <= IDLE, "{each} bytes for an idle connection");
    let right = load.so_far().right;
    until("serving beside them", || load.so_far().right > right + 200);
    // Connections that begin from now on are closed after a second without a request.
    configure(&home, &[origin.address()], "  deadlines:\n    idle: 1\n");
    serving.reload().expect("signalled");
    until("reloading", || serving.times_said("configuration reloaded") > 0);
    let short = Crowd::open(serving.gateway(), 500, 500, Some(request)).expect("opened");
    short.wait_closed().expect("closed at their deadline");
    let left = serving.metric("bartizan_gateway_connections", "").expect("a metric");
    assert!(left >= COUNT as u64, "{left}: the others have the deadline that they began with");
    drop(crowd);
    let tally = load.stop();
    settled(&serving);
    let after = serving.footprint().expect("figures");
    assert!(after.descriptors <= before.descriptors + KEPT, "{before:?} {after:?}");
    let within = Footprint { resident: before.resident + COUNT as u64 * IDLE, ..before };
    check(&serving, &[&origin], within, &tally);
}

#[test]
fn a_full_disk_costs_facts_only_and_is_said_once() {
    let (home, origin) = (home(), Origin::start().unwrap());
    let data = home.path().join("data");
    fs::create_dir(&data).expect("made");
    let Some(disk) = SmallDisk::mount(&data, 16) else {
        eprintln!("SKIPPED: no right to mount, serving on a full disk is not tested");
        return;
    };
    configure(&home, &[origin.address()], "");
    let serving = serve(&home, &["--data", "data/store"]);
    let keys = ["keys", "create", "--owner", "acme", "--data", "data/store", "--format", "json"];
    let acknowledged = result(&home, &keys);
    let mix = Mix { seed: 15, aborts: 0, pace: Duration::from_millis(20), ..Mix::default() };
    let load = Load::start(serving.gateway(), &origin, mix);
    let before = warm(&serving, &load);
    disk.fill().expect("full");
    let refused = run(&home, &keys);
    assert!(!refused.status.success(), "what cannot be kept is not acknowledged");
    assert!(stderr(&refused).contains("no space left"), "{}", stderr(&refused));
    let right = load.so_far().right;
    let failures = || serving.metric("bartizan_store_step_failures_total", "").expect("a metric");
    until("a step to fail", || failures() >= 1);
    until("serving on a full disk", || load.so_far().right > right + 100);
    let kept = || serving.metric("bartizan_store_steps_total", "").expect("a metric");
    let steps = kept();
    disk.free().expect("freed");
    until("a step to be kept", || kept() > steps);
    assert!(serving.metric("bartizan_exchange_facts_lost_total", "").expect("a metric") > 0);
    let tally = load.stop();
    assert!(tally.refused.is_empty(), "{tally:?}");
    check(&serving, &[&origin], before, &tally);
    assert_eq!(serving.times_said("results cannot be kept"), 1, "{}", serving.said());
    let (status, said) = serving.stop().expect("ends");
    assert!(status.success(), "{said}");
    // What was learned while the disk was full is there, and so is the key.
    let catalog = result(&home, &["catalog", "--data", "data/store", "--format", "json"]);
    let endpoints = catalog.as_array().expect("endpoints");
    let learned: u64 = endpoints.iter().filter_map(|e| e["requests"].as_u64()).sum();
    assert!(said.contains(&format!("{} exchanges judged", tally.right)), "{said}");
    // A sixth was answered with 404, which endpoints may not count (not looked into).
    assert!(learned * 3 > tally.right * 2, "{learned} of {}: {catalog}", tally.right);
    let known = result(&home, &["keys", "list", "--data", "data/store", "--format", "json"]);
    assert!(known.to_string().contains(acknowledged["id"].as_str().expect("an id")), "{known}");
}

#[test]
fn what_the_judgement_cannot_keep_up_with_is_dropped_and_shown() {
    let (home, origin) = (home(), Origin::start().unwrap());
    configure(&home, &[origin.address()], "  waiting_exchanges: 1\n");
    let serving = serve(&home, &["--data", "data"]);
    // Judging a thousand values takes longer than passing them on.
    let mix =
        Mix { seed: 16, aborts: 0, slow: 0, items: 1_000, pace: Duration::ZERO, ..Mix::default() };
    let load = Load::start(serving.gateway(), &origin, mix);
    let before = warm(&serving, &load);
    let dropped =
        || serving.metric("bartizan_gateway_handover_dropped_total", "").expect("a metric");
    until("dropping", || dropped() > 100);
    let tally = load.stop();
    assert!(tally.refused.is_empty(), "{tally:?}");
    let exchanges = tally.right;
    let judged = || serving.metric("bartizan_exchanges_judged_total", "").expect("a metric");
    until("judging what waits", || judged() + dropped() == exchanges);
    check(&serving, &[&origin], before, &tally);
    let (judged, dropped) = (judged(), dropped());
    let ready: serde_json::Value =
        serde_json::from_str(&serving.page("/readyz").expect("a page")).expect("JSON");
    assert_eq!(ready["exchanges"]["not_judged"], dropped);
    let (status, said) = serving.stop().expect("ends");
    assert!(status.success(), "{said}");
    let summary = format!("{judged} exchanges judged, {dropped} not judged (queue full)");
    assert!(said.contains(&summary), "{said}");
}
