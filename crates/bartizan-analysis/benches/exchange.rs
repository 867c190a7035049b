//! CPU per small exchange through decode, judge and learn, beside the reference task: parsing the
//! same two bodies with `serde_json`.
//!
//! A small exchange has a 0.4 KiB request, a 1 KiB JSON response and 20 leaves. Both tasks run
//! interleaved in one process; medians of many rounds, so that a noisy machine shows in the spread
//! and not in the ratio. `cargo bench --bench exchange`.

#![allow(clippy::print_stdout, reason = "the figures are the result")]

use std::{hint::black_box, time::Instant};

use bartizan_analysis::{
    Snapshot, State,
    classes::classify,
    identity::extract,
    judge::{prepare, results},
};
use bartizan_model::{
    Client, Exchange, ExchangeId, HashKey, Headers, Request, Response, Scope, Timestamp,
};
use bartizan_protocols::decode::{Decoded, decode, decode_into};

/// Rounds, unless `BENCH_ROUNDS` says otherwise (few when instructions are counted, not time).
const ROUNDS: usize = 101;
const PER_ROUND: usize = 500;

fn main() {
    let exchanges: Vec<Exchange> = (0..PER_ROUND as u64).map(small).collect();
    let (request, response) = exchanges.first().map_or((0, 0), |e| {
        (e.request.body.len(), e.response.as_ref().map_or(0, |r| r.body.len()))
    });
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let mut state = State::new(&snapshot.scope);
    let mut decoded = Decoded::default();
    let (mut reference, mut decoding, mut preparing, mut whole) = (vec![], vec![], vec![], vec![]);
    let (mut classifying, mut naming) = (vec![], vec![]);
    let views: Vec<Decoded> =
        exchanges.iter().map(|e| decode(e, &snapshot.limits, snapshot.seed)).collect();
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    for round in 0..rounds {
        reference.push(micros(|| exchanges.iter().for_each(parse)));
        decoding.push(micros(|| {
            for exchange in &exchanges {
                decode_into(&mut decoded, black_box(exchange), &snapshot.limits, snapshot.seed);
            }
        }));
        classifying.push(micros(|| {
            views.iter().for_each(|view| drop(black_box(classify(black_box(view), &snapshot))));
        }));
        naming.push(micros(|| {
            for (exchange, view) in exchanges.iter().zip(&views) {
                drop(black_box(extract(black_box(exchange), view, &snapshot)));
            }
        }));
        preparing.push(micros(|| {
            exchanges.iter().for_each(|e| drop(black_box(prepare(black_box(e), &snapshot))));
        }));
        whole.push(micros(|| {
            for exchange in &exchanges {
                let time = exchange.time.map(|t| {
                    Timestamp::from_micros(t.micros() + (round * PER_ROUND) as i64 * 1_000_000)
                });
                let mut prepared = prepare(black_box(exchange), &snapshot);
                black_box(state.judge(exchange, &mut prepared, &snapshot, time));
            }
        }));
    }
    let analysis = results(&mut state, &snapshot);
    let base = median(&mut reference);
    println!("small exchange: request body {request} B, response body {response} B");
    println!("{:34} {:>9} {:>7} {:>9} {:>9}", "task", "µs median", "ratio", "µs min", "µs max");
    for (name, figures) in [
        ("serde_json, both bodies (reference)", &mut reference),
        ("decode", &mut decoding),
        ("classify alone", &mut classifying),
        ("credentials alone", &mut naming),
        ("decode, classify, detect, check", &mut preparing),
        ("decode, judge and learn", &mut whole),
    ] {
        let middle = median(figures);
        let (min, max) = (figures.first().copied(), figures.last().copied());
        println!(
            "{name:34} {middle:9.2} {:6.2}x {:9.2} {:9.2}",
            middle / base,
            min.unwrap_or(0.0),
            max.unwrap_or(0.0)
        );
    }
    println!(
        "{} exchanges judged, {} endpoints",
        analysis.summary.exchanges, analysis.summary.endpoints
    );
}

fn micros(task: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    task();
    begin.elapsed().as_secs_f64() * 1e6 / PER_ROUND as f64
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

fn parse(exchange: &Exchange) {
    let request: Result<serde_json::Value, _> = serde_json::from_slice(&exchange.request.body);
    let response: Result<serde_json::Value, _> =
        serde_json::from_slice(exchange.response.as_ref().map_or(&[], |r| &r.body));
    drop(black_box((request, response)));
}

/// An order as many APIs return it: 20 leaves over both bodies.
fn small(i: u64) -> Exchange {
    let request = format!(
        r#"{{"customer_id":"c-{i:06}","currency":"EUR","note":"{}","express":false,"items":[{{"sku":"SKU-{:04}","quantity":{}}}]}}"#,
        "please leave it with the neighbours on the second floor, the bell does not work; "
            .repeat(3),
        i % 1000,
        i % 5 + 1
    );
    let response = format!(
        r#"{{"id":{},"status":"accepted","created_at":"2026-11-22T10:00:00Z","customer":{{"id":"c-{i:06}","name":"Ada Winter","email":"ada.winter{i}@example.net","city":"Elmford"}},"total":{}.5,"currency":"EUR","express":false,"text":"{}","items":[{{"sku":"SKU-{:04}","title":"rain jacket","price":59.9,"quantity":1}}]}}"#,
        100_000 + i,
        i % 900,
        "the order was taken and will be packed as soon as all parts are there. ".repeat(8),
        i % 1000
    );
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTQyIiwiZXhwIjoxOTAwMDAwMDAwfQ.c2lnbmF0dXJl";
    Exchange {
        id: ExchangeId::from_text(i.to_string()),
        time: Some(Timestamp::from_seconds(1_795_000_000 + i as i64)),
        client: Client { ip: Some([198, 51, 100, (i % 40) as u8].into()), ..Client::default() },
        request: Request {
            method: "POST".to_owned(),
            scheme: "https".to_owned(),
            authority: "api.example.com".to_owned(),
            target: format!("/v1/customers/{}/orders?expand=items", 4000 + i % 40),
            headers: Headers::from_iter([
                header("host", "api.example.com"),
                header("user-agent", "ShopApp/5.3 (Android 16)"),
                header("accept", "application/json"),
                header("content-type", "application/json"),
                header("authorization", &format!("Bearer {token}")),
            ]),
            body: request.into_bytes().into(),
            ..Request::default()
        },
        response: Some(Response {
            status: 201,
            headers: Headers::from_iter([
                header("content-type", "application/json"),
                header("cache-control", "no-store"),
            ]),
            headers_captured: true,
            body: response.into_bytes().into(),
            ..Response::default()
        }),
        ..Exchange::default()
    }
}
