//! Every example of every item goes through the whole classification.

use bartizan_model::{Exchange, HashKey, Headers, Request, Response, Scope, Side};
use bartizan_protocols::decode::decode;

use super::*;

fn snapshot() -> Snapshot {
    Snapshot::new(Scope::default(), HashKey::new([7; 32]))
}

fn classes_of(exchange: &Exchange) -> Vec<(String, &'static str)> {
    let snapshot = snapshot();
    let decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    classify(&decoded, &snapshot)
        .into_iter()
        .filter_map(|hit| {
            Some((decoded.view.node(hit.node)?.instance().to_string(), hit.class.as_str()))
        })
        .collect()
}

fn with_body(json: serde_json::Value) -> Exchange {
    Exchange {
        request: Request {
            method: "POST".to_owned(),
            scheme: "https".to_owned(),
            authority: "api.example.com".to_owned(),
            target: "/v1/x".to_owned(),
            headers: Headers::from_iter([("content-type", "application/json")]),
            body: json.to_string().into_bytes().into(),
            ..Request::default()
        },
        ..Exchange::default()
    }
}

fn classes_of_value(name: &str, value: &str) -> Vec<&'static str> {
    let exchange = with_body(serde_json::json!({ name: value }));
    classes_of(&exchange)
        .into_iter()
        .filter(|(location, _)| !location.contains('!') && location.starts_with("body"))
        .map(|(_, class)| class)
        .collect()
}

#[test]
fn every_item_explains_itself() {
    let mut priorities = Vec::new();
    let mut unfit: Vec<&str> = Vec::new();
    for item in CLASSES {
        let class = item.class.as_str();
        assert!(class.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{class}");
        assert!(!item.title.is_empty() && item.what.len() > 40, "{class}");
        assert!(!item.references.is_empty(), "{class}");
        assert!(!item.examples.is_empty() && item.counterexamples.len() > 1, "{class}");
        if !matches!(item.family, Family::MemberOf(_)) {
            assert!(!priorities.contains(&item.priority), "{class}: priority taken");
            priorities.push(item.priority);
        }
        unfit.extend(item.names.iter().copied().filter(|phrase| !names::is_plain(phrase)));
    }
    assert!(unfit.is_empty(), "not written as names are split: {unfit:?}");
    assert!(CLASSES.len() >= 60);
    let mut names: Vec<&str> = CLASSES.iter().map(|item| item.class.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CLASSES.len(), "a name is taken twice");
}

#[test]
fn every_example_is_recognised() {
    let mut wrong = Vec::new();
    for item in CLASSES {
        for (name, value) in item.examples {
            let found = classes_of_value(name, value);
            if found != [item.class.as_str()] {
                wrong.push(format!("{}: {name}={value} gave {found:?}", item.class));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_counterexample_is_recognised() {
    let mut wrong = Vec::new();
    for item in CLASSES {
        for (name, value) in item.counterexamples {
            if classes_of_value(name, value).contains(&item.class.as_str()) {
                wrong.push(format!("{}: {name}={value}", item.class));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn parents_give_context() {
    let exchange = with_body(serde_json::json!({
        "customers": [{"name": "Jane Doe", "phone": {"value": "030 901820"}}],
        "products": [{"name": "Blue chair", "id": 4155552671u64}],
        "position": {"lat": 52.5163, "lng": 13.3777},
        "geometry": {"type": "Point", "coordinates": [13.3777, 52.5163]},
    }));
    let expected = [
        ("body:/customers/0/name", "person_name"),
        ("body:/customers/0/phone/value", "phone"),
        ("body:/geometry/coordinates/0", "geolocation"),
        ("body:/geometry/coordinates/1", "geolocation"),
        ("body:/position/lat", "geolocation"),
        ("body:/position/lng", "geolocation"),
    ];
    let mut found = classes_of(&exchange);
    found.sort();
    let found: Vec<_> = found.iter().map(|(l, c)| (l.as_str(), *c)).collect();
    assert_eq!(found, expected);
}

#[test]
fn free_text_names_each_class_once() {
    let text = "Dear Jane, write to jane@example.com or bob@example.com, card 4111 1111 1111 1111, \
                ssn 536-90-4399, account DE44 5001 0517 5407 3249 31. Regards";
    let mut found = classes_of_value("message", text);
    found.sort_unstable();
    assert_eq!(found, ["email", "iban", "payment_card", "us_ssn"]);
}

#[test]
fn ordinary_api_traffic_is_silent() {
    let exchange = with_body(serde_json::json!({
        "id": 1_795_341_600_123i64, "uuid": "550e8400-e29b-41d4-a716-446655440000",
        "created_at": "2026-11-22T10:00:00Z", "price": 19.99, "currency": "EUR",
        "sku": "4006381333931", "status": "active", "version": "1.2.3.4",
        "url": "https://api.example.com/v1/orders/7?expand=items", "count": 4_111_111,
        "etag": "\"33a64df551425fcc55e4d42a148795d9f25f89d4\"", "trace": "4bf92f3577b34da6",
        "description": "A chair with 4 legs, 45 x 45 x 90 cm, item 12345-678",
        "gender": "x", "shipping": "express", "name": "Blue chair", "title": "Chair",
        "snowflake": "175928847299117063", "time": 1795341600, "hash": "5f4dcc3b5aa765d61d8327deb882cf99",
        "icon": "chair@2x.png", "dimension": "45.25,90.50", "page_token": "CAoQAAabcdefgh1234",
        "phone_support": true, "token_type": "Bearer", "color": "#ff00ff", "weight_g": 5500,
    }));
    assert_eq!(classes_of(&exchange), []);
}

#[test]
fn protocol_headers_are_left_alone_and_credentials_are_seen() {
    let mut exchange = with_body(serde_json::json!({}));
    exchange.request.headers.push("host", "10.0.0.1");
    exchange.request.headers.push("x-forwarded-for", "203.0.113.7");
    exchange.request.headers.push("user-agent", "x/1.2.3.4 (jane@example.com)");
    exchange.request.headers.push("authorization", "Bearer c4ed6c219dd54a058e3fc56d1151cce8");
    assert_eq!(classes_of(&exchange), [("header.authorization".to_owned(), "access_token")]);
}

#[test]
fn tokens_that_the_decoder_shows_are_seen() {
    // A claim with a raw control character, which strict parsers of JSON refuse.
    let token = |header: &str| format!("{header}.eyJzdWIiOiIxATIifQ.c2lnbmF0dXJl");
    for (header, expected) in
        [("eyJhbGciOiJIUzI1NiJ9", &["jwt"][..]), ("eyJ4eHgiOiJIUzI1NiJ9", &[])]
    {
        let mut exchange = with_body(serde_json::json!({}));
        exchange.request.headers.push("authorization", format!("DPoP {}", token(header)));
        let snapshot = snapshot();
        let decoded = decode(&exchange, &snapshot.limits, snapshot.seed);
        let claim = decoded.view.nodes().find(|node| node.key() == "sub");
        assert_eq!(claim.map(|node| node.raw()), Some("1\u{1}2"));
        let classes = classes_of(&exchange).into_iter().map(|(_, class)| class);
        assert_eq!(classes.filter(|class| *class == "jwt").collect::<Vec<_>>(), expected);
    }
}

#[test]
fn segments_of_the_path_get_context_from_the_one_before() {
    let mut exchange = with_body(serde_json::json!({}));
    exchange.request.target = "/v1/ssn/536904399/email/jane@example.com".to_owned();
    let found = classes_of(&exchange);
    assert_eq!(found, [("path.2".to_owned(), "us_ssn"), ("path.4".to_owned(), "email")]);
}

#[test]
fn hostile_values_do_not_panic() {
    let texts = [
        "@".repeat(5_000),
        "+".repeat(5_000),
        "4".repeat(5_000),
        "-----BEGIN ".repeat(500),
        "://".repeat(2_000),
        "Q~".repeat(2_000),
        "_authToken=".repeat(2_000),
        "Authorization:".repeat(1_000),
        "sig=".repeat(2_000),
        "token=\"".repeat(2_000),
        "curl -u\"".repeat(1_000),
        "é@é.é ".repeat(500),
        "1 ".repeat(2_000),
        "eyJ.".repeat(2_000),
        "DE44".repeat(1_000),
        "\u{0}\u{7f}\u{202e}".repeat(500),
        "$2b$".to_owned(),
        "%B".to_owned() + &"4".repeat(5_000),
        "<".repeat(44),
        "bc1".to_owned() + &"q".repeat(70),
    ];
    for text in &texts {
        for item in CLASSES {
            let name = item.names.first().copied().unwrap_or("");
            let _ = classes_of_value(name, text);
        }
    }
}

#[test]
fn both_sides_are_read() {
    let mut exchange = with_body(serde_json::json!({"email": "a@example.com"}));
    exchange.response = Some(Response {
        status: 200,
        headers: Headers::from_iter([("content-type", "application/json")]),
        headers_captured: true,
        body: br#"[{"email":"b@example.com"}]"#.to_vec().into(),
        ..Response::default()
    });
    let snapshot = snapshot();
    let decoded = decode(&exchange, &snapshot.limits, snapshot.seed);
    let sides: Vec<Side> = classify(&decoded, &snapshot)
        .iter()
        .filter_map(|hit| decoded.view.node(hit.node).map(|n| n.side()))
        .collect();
    assert_eq!(sides, [Side::Request, Side::Response]);
}

#[test]
fn scripts_are_searched_for_secrets_only() {
    let script = |body: &str| {
        let mut exchange = with_body(serde_json::json!({}));
        exchange.response = Some(Response {
            status: 200,
            headers: Headers::from_iter([("content-type", "text/javascript")]),
            headers_captured: true,
            body: body.as_bytes().to_vec().into(),
            ..Response::default()
        });
        classes_of(&exchange).into_iter().map(|(_, class)| class).collect::<Vec<_>>()
    };
    assert_eq!(script("/* (c) jane@example.com */ var a = 1;"), [""; 0]);
    let token = ["ghp_", "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOo"].concat();
    assert_eq!(
        script(&format!("/* jane@example.com */ var t = '{token}';")),
        ["source_hosting_token"]
    );
}

#[test]
fn words_need_more_than_one_value_among_many() {
    for (count, values, several) in
        [(0, 0, false), (0, 9, false), (1, 1, true), (1, 5, true), (1, 6, false), (2, 900, true)]
    {
        assert_eq!(Support::Several.is_enough(count, values), several, "{count} of {values}");
        assert_eq!(Support::One.is_enough(count, values), count > 0);
    }
    let support = |name| item_named(name).map(|item| item.support);
    assert_eq!(support("gender"), Some(Support::Several));
    assert_eq!(support("payment_card"), Some(Support::One));
    assert_eq!(support("api_key"), Some(Support::One));
}
