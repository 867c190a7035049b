//! Scores the injection detectors on a labelled set.
//!
//! `injection_eval EXCHANGES.jsonl TRUTH.jsonl`: exchanges in the JSON form, and one line
//! `{"id","label","also"}` per exchange. Prints recall per class, precision and false positives at
//! confidence *medium* and *high*. With a third argument `misses`, prints the notes of what was
//! missed; `cost` measures an ordinary exchange instead.
#![allow(clippy::print_stdout, missing_docs)]

use std::{collections::BTreeMap, error::Error, fs, time::Instant};

use bartizan_analysis::{
    Facts, Snapshot,
    detectors::{DETECTORS, Lane, injection::prefilter},
};
use bartizan_model::{Confidence, Exchange, HashKey, Scope};
use bartizan_protocols::{decode::decode, exchange_json::parse_line};

const LABELS: [(&str, &str); 4] = [
    ("sql", "sql_injection"),
    ("xss", "cross_site_scripting"),
    ("command", "command_injection"),
    ("traversal", "path_traversal"),
];

/// Classes with their best confidence and note.
fn classes(
    exchange: &Exchange,
    snapshot: &Snapshot,
) -> BTreeMap<&'static str, (Confidence, String)> {
    let decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    let facts = Facts { exchange, decoded: &decoded, classes: &[], credentials: &[], snapshot };
    let scan = prefilter::scan(&facts);
    let mut out = BTreeMap::new();
    for item in DETECTORS {
        let Lane::Leaves(run) = item.lane else { continue };
        let mut hits = Vec::new();
        run(&facts, &scan, &mut hits);
        if let Some(best) = hits.iter().max_by_key(|hit| hit.confidence) {
            out.insert(item.class, (best.confidence, best.evidence.note.clone()));
        }
    }
    out
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    if arguments.first().is_some_and(|first| first == "cost") {
        cost(&snapshot);
        return Ok(());
    }
    let [exchanges, truth, rest @ ..] = arguments.as_slice() else {
        return Err("usage: injection_eval EXCHANGES.jsonl TRUTH.jsonl [misses]".into());
    };
    let mut labels = BTreeMap::new();
    for line in fs::read_to_string(truth)?.lines() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        labels.insert(value["id"].as_str().unwrap_or_default().to_owned(), value);
    }
    let mut judged = Vec::new();
    for line in fs::read(exchanges)?.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let exchange = parse_line(line).map_err(|error| format!("{error:?}"))?;
        let found = classes(&exchange, &snapshot);
        let truth = labels.get(&exchange.id.to_string()).ok_or("an exchange without truth")?;
        judged.push((truth, found));
    }
    for level in [Confidence::Medium, Confidence::High] {
        report(&judged, level);
    }
    if !rest.is_empty() {
        misses(&judged);
    }
    Ok(())
}

type Judged<'a> = (&'a serde_json::Value, BTreeMap<&'static str, (Confidence, String)>);

fn report(judged: &[Judged<'_>], level: Confidence) {
    println!("at confidence {level} or above");
    let label = |truth: &serde_json::Value| truth["label"].as_str().unwrap_or_default().to_owned();
    let flagged = |found: &BTreeMap<_, (Confidence, String)>| found.values().any(|f| f.0 >= level);
    let (mut hits, mut recalls) = (0usize, 0.0);
    for (name, class) in LABELS {
        let all: Vec<_> = judged.iter().filter(|(truth, _)| label(truth) == name).collect();
        let any = all.iter().filter(|(_, found)| flagged(found)).count();
        let exact = all.iter().filter(|(truth, found)| {
            let also = truth["also"].as_array().cloned().unwrap_or_default();
            LABELS.iter().any(|(other, other_class)| {
                (*other == name || also.iter().any(|a| a == other))
                    && found.get(other_class).is_some_and(|f| f.0 >= level)
            })
        });
        let recall = any as f64 / all.len().max(1) as f64;
        println!(
            "  {class:24} recall {recall:.3}  exact {:.3}",
            exact.count() as f64 / all.len().max(1) as f64
        );
        hits += any;
        recalls += recall / 4.0;
    }
    let benign: Vec<_> = judged.iter().filter(|(truth, _)| label(truth) == "benign").collect();
    let wrong = benign.iter().filter(|(_, found)| flagged(found)).count();
    let rate = wrong as f64 / benign.len().max(1) as f64;
    let precision = hits as f64 / (hits + wrong).max(1) as f64;
    println!(
        "  mean recall {recalls:.3}  precision {precision:.3}  false positives {wrong} = {:.1} per 1,000 benign  balanced accuracy {:.3}",
        rate * 1000.0,
        f64::midpoint(recalls, 1.0 - rate)
    );
}

fn misses(judged: &[Judged<'_>]) {
    for (truth, found) in judged {
        let flagged = found.values().any(|f| f.0 >= Confidence::Medium);
        if flagged == (truth["label"] == "benign") {
            println!("{} {} {found:?}", truth["label"], truth["note"]);
        }
    }
}

/// Nanoseconds of the whole scan on an ordinary exchange of twenty leaves.
fn cost(snapshot: &Snapshot) {
    let fields: Vec<String> = (0..5)
        .map(|i| format!(r#"{{"id":{i},"sku":"AB-{i}-77","note":"two of these please","at":"2026-11-22T10:00:0{i}Z"}}"#))
        .collect();
    let mut exchange = Exchange::default();
    "POST".clone_into(&mut exchange.request.method);
    "/v1/orders".clone_into(&mut exchange.request.target);
    exchange.request.headers.push("content-type", "application/json");
    exchange.request.body = format!(r#"{{"items":[{}]}}"#, fields.join(",")).into_bytes().into();
    let decoded = decode(&exchange, &snapshot.limits, snapshot.seed);
    let facts =
        Facts { exchange: &exchange, decoded: &decoded, classes: &[], credentials: &[], snapshot };
    let rounds = 100_000u32;
    let mut hits = Vec::new();
    let start = Instant::now();
    for _ in 0..rounds {
        let scan = prefilter::scan(&facts);
        for item in DETECTORS {
            if let Lane::Leaves(run) = item.lane {
                run(&facts, &scan, &mut hits);
            }
        }
    }
    println!(
        "{} ns per exchange, {} hits",
        start.elapsed().as_nanos() / u128::from(rounds),
        hits.len()
    );
}
