//! What a long scan leaves in the inventory, by how the host answers to paths that it does not have.

use bartizan_model::{Exchange, HashKey, Scope, Timestamp, analysis::Analysis};

use super::{State, judge, results};
use crate::{
    checks::example::{Builder, get, post},
    snapshot::Snapshot,
};

/// Requests of the scanner, each for another path.
const SCANNED: u64 = 6_000;
/// Requests between two of the API's own.
const EVERY: u64 = 10;
const HOST: &str = "https://api.example.com";
/// Forty operations of the API are of these collections and actions.
const COLLECTIONS: [&str; 10] = [
    "users",
    "carts",
    "invoices",
    "shipments",
    "products",
    "reviews",
    "payments",
    "returns",
    "stores",
    "refunds",
];
const ACTIONS: [&str; 4] = ["close", "approve", "archive", "notify"];

/// A path that nobody asked for before, of one to three words.
fn path(n: u64) -> String {
    let word = |salt: u64| {
        let hash = (n ^ salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let letters = (0..7).map(|at| char::from(b'a' + (hash >> (at * 5 + 20) & 0xf) as u8));
        letters.collect::<String>()
    };
    match n % 4 {
        0 => format!("/{}", word(1)),
        1 => format!("/api/{}/{}.php", word(2), word(3)),
        2 => format!("/{}/{}/{}", word(4), word(5), n * 7_919),
        _ => format!("/.{}/{}.bak", word(6), word(7)),
    }
}

fn by(builder: Builder, ip: &str, seconds: u64) -> Exchange {
    let mut exchange = builder.build();
    exchange.client.ip = ip.parse().ok();
    let seconds = i64::try_from(seconds).expect("few");
    exchange.time = Some(Timestamp::from_seconds(1_795_341_600 + seconds));
    exchange
}

/// One of the API's own requests: forty operations that acknowledge alike, and orders.
fn own(n: u64) -> Exchange {
    let operation = (n / 2 % 40) as usize;
    let (collection, action) = (COLLECTIONS[operation % 10], ACTIONS[operation / 10]);
    let (builder, answer) = if n.is_multiple_of(2) {
        let url = format!("{HOST}/v1/{collection}/{}/{action}", n + 1_000);
        (post(&url, "{}"), r#"{"ok":true}"#)
    } else {
        (get(&format!("{HOST}/v1/orders/{}", n + 1_000)), r#"{"id":7,"state":"open"}"#)
    };
    let builder = builder.header("authorization", &format!("Bearer caller-{}-9f3ac1", n % 50));
    by(builder.json(200, answer), &format!("198.51.100.{}", n % 50), n)
}

/// The inventory after a scan beside the API's own traffic.
fn after(answer: impl Fn(Builder, &str, u64) -> Builder) -> Analysis {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
    let mut state = State::new(&Scope::default());
    for n in 0..SCANNED {
        let path = path(n);
        let scan = answer(get(&format!("{HOST}{path}")), &path, n);
        let ip = format!("203.0.113.{}", n % 3);
        let mut exchanges = vec![by(scan, &ip, n)];
        if n.is_multiple_of(EVERY) {
            exchanges.push(own(n / EVERY));
        }
        for exchange in exchanges {
            let time = exchange.time;
            judge(&exchange, &snapshot, &mut state, time);
        }
    }
    results(&mut state, &snapshot)
}

/// Templates that are not the API's own.
fn strangers(analysis: &Analysis) -> Vec<String> {
    let paths = analysis.endpoints.iter().map(|one| format!("{} {}", one.method, one.path));
    paths.filter(|one| !one.starts_with("POST /v1/") && !one.contains("/v1/orders/")).collect()
}

fn acknowledging(analysis: &Analysis) -> usize {
    analysis.endpoints.iter().filter(|one| one.method.0 == "POST").count()
}

#[test]
fn what_answers_any_path_is_listed_once_however_it_answers() {
    type Answer = fn(Builder, &str, u64) -> Builder;
    let answers: [(&str, Answer); 6] = [
        ("an application", |b, _, _| {
            b.answer(200, "text/html", "<!doctype html><div id=app></div>")
        }),
        ("a page with the path", |b, path, _| {
            b.answer(200, "text/html", &format!("<html><body>No {path} here</body></html>"))
        }),
        ("an error", |b, _, _| b.json(200, r#"{"error":"not found"}"#)),
        ("an error with the path", |b, path, n| {
            let body = format!(
                r#"{{"code":404,"message":"no {path}","timestamp":{},"requestId":"r{n:x}"}}"#,
                1_795_341_600 + n
            );
            b.json(200, &body)
        }),
        ("a failure without data", |b, _, n| {
            b.json(200, &format!(r#"{{"success":false,"data":null,"msg":"try {n}"}}"#))
        }),
        ("an acknowledgement", |b, _, _| b.json(200, r#"{"ok":true}"#)),
    ];
    for (name, answer) in answers {
        let analysis = after(answer);
        assert_eq!(strangers(&analysis), ["GET /{any_path}"], "{name}");
        assert_eq!(acknowledging(&analysis), 40, "{name}: operations that acknowledge alike stay");
        let summary = &analysis.summary;
        assert_eq!((summary.catch_all, summary.noise), (SCANNED, 0), "{name}");
    }
}

#[test]
fn all_that_is_refused_is_counted_as_noise() {
    let analysis = after(|builder, _, _| builder.json(404, r#"{"error":"not found"}"#));
    assert!(strangers(&analysis).is_empty(), "{:?}", strangers(&analysis));
    assert_eq!((analysis.summary.noise, analysis.summary.catch_all), (SCANNED, 0));
    let beyond = analysis.summary.not_inspected.iter();
    let beyond = beyond.filter(|one| one.name == "requests_beyond_unmatched_paths");
    assert!(beyond.map(|one| one.count).sum::<u64>() > 0, "the limit is shown as well");
}
