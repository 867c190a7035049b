//! CPU of decoding one small exchange beside `serde_json` parsing the same two bodies.
//!
//! `cargo run --release -p bartizan-protocols --example decode_cost`

use std::{hint::black_box, time::Instant};

use bartizan_model::{Exchange, Limits, Response};
use bartizan_protocols::{Decoded, decode_into};

const ROUNDS: u32 = 20_000;
const REPEATS: usize = 15;

fn main() {
    let exchange = small_exchange();
    let limits = Limits::default();
    let mut decoded = Decoded::default();
    decode_into(&mut decoded, &exchange, &limits, 1);
    let response = exchange.response.as_ref().map(|r| r.body.clone()).unwrap_or_default();
    let leaves = decoded.view.len();
    let bodies = [exchange.request.body.clone(), response];
    // Interleaved, so that both see the same machine; the median of the ratios counts.
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let a = time(|| decode_into(&mut decoded, black_box(&exchange), &limits, 1));
        let b = time(|| {
            for body in &bodies {
                let value = serde_json::from_slice::<serde_json::Value>(black_box(body));
                black_box(value.is_ok());
            }
        });
        ours.push(a);
        theirs.push(b);
        ratios.push(a / b);
    }
    for list in [&mut ratios, &mut ours, &mut theirs] {
        list.sort_by(f64::total_cmp);
    }
    let text = format!(
        "bodies {} + {} bytes, {leaves} nodes: decode {:.2} us, serde_json {:.2} us, ratio {:.2}",
        bodies[0].len(),
        bodies[1].len(),
        ours[REPEATS / 2],
        theirs[REPEATS / 2],
        ratios[REPEATS / 2],
    );
    let mut out = std::io::stdout().lock();
    let _ = std::io::Write::write_all(&mut out, format!("{text}\n").as_bytes());
}

/// Microseconds per round.
fn time(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..ROUNDS {
        run();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

/// 0.4 KiB of request, a response body of 1 KiB with 20 leaves.
fn small_exchange() -> Exchange {
    let mut exchange = Exchange::default();
    let request = &mut exchange.request;
    request.method = "POST".to_owned();
    request.scheme = "https".to_owned();
    request.authority = "api.example.com".to_owned();
    request.target = "/v1/orders/8123/items?expand=customer&limit=20".to_owned();
    request.headers = [
        ("host", "api.example.com"),
        ("user-agent", "shop-app/4.2 (Android 14)"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("authorization", "Bearer 0f8fad5bd9cb469fa16570867728950e"),
    ]
    .into_iter()
    .collect();
    request.body = r#"{"sku":"AB-1234","quantity":2,"gift":false,"note":"leave at the door","address_id":5512}"#.into();
    let text = |length: usize| "the quick brown fox jumps over it ".repeat(9)[..length].to_owned();
    let body = serde_json::json!({
        "id": 8123, "status": "confirmed", "created_at": "2026-11-22T10:00:00Z",
        "customer": {"id": 77, "name": "Ann Example", "email": "ann@example.com", "tier": "gold"},
        "items": [
            {"sku": "AB-1234", "title": text(120), "price": 19.99, "quantity": 2},
            {"sku": "CD-5678", "title": text(140), "price": 5.5, "quantity": 1},
        ],
        "total": 45.48, "currency": "EUR", "paid": true, "note": text(240), "tracking": null,
    });
    exchange.response = Some(Response {
        status: 200,
        headers: [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-request-id", "5f2b6c7d8e9f0a1b"),
        ]
        .into_iter()
        .collect(),
        headers_captured: true,
        body: serde_json::to_vec_pretty(&body).unwrap_or_default().into(),
        ..Response::default()
    });
    exchange
}
