//! The judgement is deterministic, causal, and the same wherever it runs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_analysis::{Snapshot, State, judge::judge};
use bartizan_model::{Exchange, HashKey, Scope, analysis::Analysis};
use bartizan_pipeline::{
    analyze::{Run, run},
    annotate::Spool,
    sources::{Item, OpenOptions},
};

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/shop.jsonl")
}

fn snapshot() -> Arc<Snapshot> {
    Arc::new(Snapshot::new(Scope::default(), HashKey::new([5; 32])))
}

fn exchanges() -> Vec<Exchange> {
    let mut source = OpenOptions::new().open(&sample()).expect("the sample opens");
    let mut out = Vec::new();
    while let Some(item) = source.next() {
        if let Item::Exchange(exchange) = item.expect("the sample reads") {
            out.push(*exchange);
        }
    }
    assert!(out.len() > 1_000);
    out
}

fn analyze(threads: usize) -> (Analysis, String) {
    let cancelled = AtomicBool::new(false);
    let mut source = OpenOptions::new().open(&sample()).expect("the sample opens");
    let snapshot = snapshot();
    let done = run(
        source.as_mut(),
        Run {
            state: State::new(&snapshot.scope),
            snapshot,
            threads,
            cancelled: &cancelled,
            progress: &mut |_| {},
            spool: Some(Spool::new(false).expect("temporary file")),
            keeper: None,
        },
    )
    .expect("runs");
    let mut lines = Vec::new();
    let spool = done.spool.expect("asked for");
    spool.write(&done.state, &mut lines).expect("writes");
    (done.analysis, String::from_utf8(lines).expect("UTF-8"))
}

#[test]
fn the_number_of_threads_never_shows() {
    let (one, lines) = analyze(1);
    let json = serde_json::to_string(&one).expect("serialises");
    for threads in [2, 3, 7] {
        let (other, other_lines) = analyze(threads);
        assert_eq!(json, serde_json::to_string(&other).expect("serialises"), "{threads} threads");
        assert_eq!(lines, other_lines, "{threads} threads");
    }
}

#[test]
fn a_saved_and_restored_state_goes_on_as_if_nothing_happened() {
    let snapshot = snapshot();
    let exchanges = exchanges();
    let judge_all = |interrupt_every: usize| {
        let mut state = State::new(&snapshot.scope);
        let mut raised = Vec::new();
        for (i, exchange) in exchanges.iter().enumerate() {
            if i > 0 && i % interrupt_every == 0 {
                let saved = state.save().expect("saves");
                state = State::load(&saved).expect("loads");
            }
            let judgement = judge(exchange, &snapshot, &mut state, exchange.time);
            raised.push(format!("{:?} {:?}", judgement.verdict, judgement.detections));
        }
        let result = bartizan_analysis::judge::results(&mut state, &snapshot);
        (raised, serde_json::to_string(&result).expect("serialises"))
    };
    let whole = judge_all(usize::MAX);
    assert!(whole.0.iter().any(|r| r.contains("BZ-D")), "the sample holds attacks");
    for every in [97, 500] {
        let cut = judge_all(every);
        for (i, (a, b)) in whole.0.iter().zip(&cut.0).enumerate() {
            assert_eq!(a, b, "exchange {i}, interrupted every {every}");
        }
        assert_eq!(whole.1, cut.1, "interrupted every {every}");
    }
}

#[test]
fn nothing_later_changes_what_was_judged() {
    let snapshot = snapshot();
    let exchanges = exchanges();
    let judge_first = |n: usize| {
        let mut state = State::new(&snapshot.scope);
        let judged = exchanges.iter().take(n).map(|exchange| {
            let judgement = judge(exchange, &snapshot, &mut state, exchange.time);
            format!("{:?} {:?} {:?}", judgement.verdict, judgement.detections, judgement.actor)
        });
        judged.collect::<Vec<_>>()
    };
    let all = judge_first(exchanges.len());
    for n in [1, 200, 777] {
        assert_eq!(all[..n], judge_first(n)[..], "the first {n}");
    }
}

/// `inspect` calls `judge` line by line; `analyze` prepares on other threads and judges in order.
#[test]
fn inspect_and_analyze_agree_on_what_both_can_see() {
    let snapshot = snapshot();
    let (analysis, lines) = analyze(2);
    let mut stateful = State::new(&snapshot.scope);
    let mut seen = 0;
    for (exchange, line) in exchanges().iter().zip(lines.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(line["id"], exchange.id.as_str());
        let annotated: Vec<&str> = line["detections"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|d| d.as_str())
            .collect();
        let with_history = judge(exchange, &snapshot, &mut stateful, exchange.time);
        let mut fresh = State::new(&snapshot.scope);
        let alone = judge(exchange, &snapshot, &mut fresh, exchange.time);
        // What one exchange shows alone, history does not take away; what history adds at the time,
        // the analysis keeps, unless it names only earlier exchanges.
        for raised in &alone.detections {
            assert!(with_history.detections.iter().any(|d| d.code == raised.code), "{raised:?}");
            assert!(annotated.contains(&raised.code), "{raised:?} {line}");
        }
        for raised in &with_history.detections {
            assert!(analysis.detections.iter().any(|d| d.code == raised.code), "{raised:?}");
            seen += 1;
        }
        assert_eq!(line["actor"], with_history.actor.id.as_str());
    }
    assert!(seen > 10, "the sample holds attacks");
}
