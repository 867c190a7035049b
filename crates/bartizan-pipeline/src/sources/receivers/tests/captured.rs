//! Captures as receivers, where they are permitted.

use super::*;
use crate::sources::live::tests::{get, is_permitted, now, server};

#[test]
fn what_cannot_be_captured_is_named() {
    let problem = |text: &str| compile(&[config(text)]).expect_err(text).to_string();
    for (text, part) in [
        ("name: a\ncapture: {interface: a/b}", "`capture`: `a/b` is no name of an interface"),
        ("name: a\ncapture: {interface: lo, ports: [0]}", "`ports`: expected at most 32"),
        ("name: a\ncapture: {interface: lo, buffer_mebibytes: 1}", "expected 4 to 4096"),
        ("name: a\nlisten: 127.0.0.1:1\ncapture: {interface: lo}", "`listen`: a capture listens"),
    ] {
        assert!(problem(text).contains(part), "{text}: {}", problem(text));
    }
    let (outside, _) = outside(1);
    let none = compile(&[config("name: a\ncapture: {interface: bartizan-none}")]).expect("right");
    let error = Receivers::new(outside).prepare(none).err().expect("cannot capture").to_string();
    assert!(error.contains("`capture`: cannot capture on bartizan-none"), "{error}");
}

#[tokio::test]
async fn a_capture_hands_over_what_an_interface_shows() {
    if !is_permitted("a_capture_hands_over_what_an_interface_shows") {
        return;
    }
    let (to, serving) = server(1, 100);
    let (outside, taken) = outside(10);
    let receivers = Receivers::new(Surroundings { now, ..outside });
    let text = format!("name: wire\ncapture: {{interface: lo, ports: [{}]}}", to.port());
    let compiled = || compile(&[config(&text)]).expect("right");
    let started = receivers.apply(receivers.prepare(compiled()).expect("captures"));
    assert_eq!(started[0].2, Place::Interface("lo".to_owned()));
    tokio::task::spawn_blocking(move || get(to, "/v1/orders/7")).await.expect("answered");
    serving.join().expect("served");
    until("handed over", || taken.exchanges.lock().expect("whole").len() == 1).await;
    {
        let taken = taken.exchanges.lock().expect("whole");
        assert_eq!(taken[0].request.target, "/v1/orders/7");
        assert_eq!(taken[0].response.as_ref().map(|r| r.body.len()), Some(100));
        assert_eq!(taken[0].source.as_deref(), Some("wire"));
    }
    // The same settings go on, others begin anew.
    receivers.apply(receivers.prepare(compiled()).expect("goes on"));
    let figures = receivers.figures().swap_remove(0);
    assert_eq!((&*figures.address, figures.handed_over), ("interface lo", 1));
    assert!(figures.packets >= 5 && figures.refused.is_empty(), "{figures:?}");
    let other = config("name: wire\ncapture: {interface: lo, ports: [1]}");
    receivers.apply(receivers.prepare(compile(&[other]).expect("right")).expect("captures"));
    assert_eq!(receivers.figures()[0].packets, 0);
    timeout(PATIENCE, receivers.stop()).await.expect("ends");
}
