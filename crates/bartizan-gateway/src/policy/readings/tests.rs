//! How often messages are read, and by whom they are not.

use std::{
    cell::Cell,
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Weak},
};

use bartizan_model::{HashKey, Mode};
use http::HeaderMap;

use super::*;
use crate::{
    call::Captured,
    config::Config,
    forward::ids::Ids,
    listen::{Link, Peer},
    metrics::Metrics,
    phases::Policies,
    policy::{
        Enforcement, ITEMS, PolicyConfig, Surroundings,
        detectors::{OVER_BUDGET, OVER_LIMITS},
        roles::tests::somebody,
    },
    snapshot::Snapshot,
};

thread_local! {
    /// How often this thread has read a message, or a body.
    pub(in crate::policy) static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// A request with a body of a media type.
pub(crate) fn posted(target: &str, media_type: &str, body: &str) -> Exchange {
    let mut request = Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        body: body.to_owned().into(),
        ..Request::default()
    };
    request.headers.push("content-type", media_type);
    Exchange { request, ..Exchange::default() }
}

/// How often something is read in the course of it.
fn readings<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.get();
    let done = work();
    (COUNT.get() - before, done)
}

/// Policies that look at everything that they can look at. There is time for all of it.
const ALL: [&str; 19] = [
    "authorization: {calls: [setRole], allow: [{roles: [manager]}]}",
    "ownership: {request: [{at: 'body:/owner', is: sub}], answer: [{at: 'body:/owner'}]}",
    "shown: {kind: order, shows: ['body:/orders/*/id'], asks: ['body:/order']}",
    "properties: {strip: [secret], read_only: [role]}",
    "login: {operations: all}",
    "single_use: {members: [nonce]}",
    "schema: {inline: {type: object}, budget_micros: 1000000}",
    "graphql: {mask_suggestions: true, budget_micros: 1000000}",
    "json_rpc: {budget_micros: 1000000}",
    "xml_rpc: {budget_micros: 1000000}",
    "soap: {fault_details: refuse, budget_micros: 1000000}",
    "grpc: {budget_micros: 1000000}",
    "url_values: {budget_micros: 1000000}",
    "upload: {budget_micros: 1000000}",
    "openapi: {inline: {openapi: 3.1.0, info: {title: a, version: '1'}, paths: {/login: {post: {
        requestBody: {content: {application/json: {schema: {type: object}}}},
        responses: {default: {description: any, content: {application/json: {schema: {type: object}}}}}}}}},
        answers: {}, budget_micros: 1000000}",
    "detectors: {budget_micros: 1000000}",
    "leak: {from_status: 200, budget_micros: 1000000}",
    "upstream_errors: {}",
    concat!(
        "geo: {database: '",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/geo/places.mmdb', deny_countries: [FR]}"
    ),
];

/// Every kind in force: each of those above, and the others as their examples are.
fn every_kind() -> Enforcement {
    let read = |text: &str| -> PolicyConfig { serde_saphyr::from_str(text).expect(text) };
    let mut policies: Vec<_> = ALL
        .iter()
        .map(|text| {
            let kind = text.split(':').next().unwrap_or_default();
            read(&format!("name: {kind}\nmode: monitor\n{text}\n"))
        })
        .collect();
    let known: BTreeSet<_> = policies.iter().flat_map(PolicyConfig::kinds).collect();
    for item in ITEMS.iter().filter(|item| !known.contains(item.kind)) {
        // What is set wherever tests run, in the place of a secret.
        let mut policy = read(&item.examples[0].replace("env:GATEWAY_SECRET", "env:PATH"));
        (policy.name, policy.mode) = (item.kind.to_owned(), Some(Mode::Monitor));
        policies.push(policy);
    }
    assert_eq!(policies.len(), ITEMS.len());
    Enforcement::new(&policies, Surroundings::embedded(HashKey::new([1; 32]))).expect("compiles")
}

fn call(enforcement: &Arc<Enforcement>, head: &request::Parts, body: &Bytes) -> Call {
    let policies = Arc::clone(enforcement) as Arc<dyn Policies>;
    let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1);
    let config = Config::simple(here, "127.0.0.1:1");
    let snapshot = Snapshot::compile(&config, policies, &Metrics::new(), None).expect("compiles");
    let link = Link::new(0, Peer::new(here, here, true), Weak::new());
    let mut call = Call::new(Arc::new(link), Arc::new(snapshot), Ids::new());
    (call.method, call.uri) = (head.method.clone(), head.uri.clone());
    let fields = head.headers.iter();
    call.request_fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    call.request_body = Captured::whole(body.clone());
    let decisions = Decisions { identities: vec![somebody("1", "{}")], ..Decisions::default() };
    call.extensions().insert(decisions);
    let stage = Stage::new(Arc::clone(&enforcement.set), &call, head);
    call.extensions().insert(stage);
    call
}

#[tokio::test]
async fn with_every_kind_in_force_a_message_is_read_once() {
    let enforcement = Arc::new(every_kind());
    let form = "--b\r\ncontent-disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\nx\r\n--b--\r\n";
    for (kind, body) in [
        ("application/json", r#"{"login":"ada","order":1,"nonce":"n","url":"https://a.example"}"#),
        ("application/json", r#"{"query":"{order(id: 1) {id}}"}"#),
        ("application/json", r#"{"jsonrpc":"2.0","method":"a","params":[],"id":1}"#),
        ("application/x-www-form-urlencoded", "login=ada&password=x"),
        ("multipart/form-data; boundary=b", form),
        ("text/xml", "<methodCall><methodName>a</methodName><params/></methodCall>"),
        ("text/plain", "some text"),
        ("application/octet-stream", "\u{1}\u{2}\u{3}"),
        ("", ""),
    ] {
        let mut head = http::Request::post("/login");
        if !kind.is_empty() {
            head = head.header(header::CONTENT_TYPE, kind);
        }
        let (head, body) = (head.body(()).expect("a request").into_parts().0, Bytes::from(body));
        let mut call = call(&enforcement, &head, &body);
        let before = COUNT.get();
        let step = enforcement.request_body(&mut call, &head, BodyView::Whole(&body));
        assert!(step.decide().await.is_none(), "{kind}: nothing is enforced");
        assert_eq!(COUNT.get() - before, 1, "the request: {kind}");

        let mut response = http::Response::new(()).into_parts().0;
        if !kind.is_empty() {
            let value = HeaderValue::from_static(kind);
            response.headers.insert(header::CONTENT_TYPE, value);
        }
        let body = match kind {
            "application/json" => {
                r#"{"errors":[{"message":"no. Did you mean \"a\"?"}],"secret":1}"#
            }
            "text/xml" => {
                "<Envelope><Body><Fault><faultcode>a</faultcode></Fault></Body></Envelope>"
            }
            _ => "x",
        };
        let body = Bytes::from(body);
        let before = COUNT.get();
        let step = enforcement.response_body(&mut call, &response, BodyView::Whole(&body));
        assert!(step.decide().await.is_none(), "{kind}: nothing is enforced");
        assert_eq!(COUNT.get() - before, 1, "the answer: {kind}");
    }
}

#[tokio::test]
async fn where_nobody_asks_nothing_is_read() {
    let policies = Surroundings::embedded(HashKey::new([1; 32]));
    let elsewhere = "name: a\nscope: {paths: [/other]}\ndetectors: {}\n";
    let size = "name: b\nsize: {body_bytes: 100}\n";
    let read = |text: &str| -> PolicyConfig { serde_saphyr::from_str(text).expect(text) };
    let all = [read(elsewhere), read(size)];
    let enforcement = Arc::new(Enforcement::new(&all, policies).expect("compiles"));
    let head = http::Request::post("/login").body(()).expect("a request").into_parts().0;
    let body = Bytes::from_static(br#"{"a":1}"#);
    let mut call = call(&enforcement, &head, &body);
    let before = COUNT.get();
    let step = enforcement.request_body(&mut call, &head, BodyView::Whole(&body));
    assert!(step.decide().await.is_none());
    assert_eq!(COUNT.get() - before, 0);
}

const PLENTY: u64 = 60_000_000_000;

fn json(body: &str) -> (HeaderMap, Exchange, Bytes) {
    let value = HeaderValue::from_static("application/json");
    let fields = HeaderMap::from_iter([(header::CONTENT_TYPE, value)]);
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let request =
        Request { headers: headers(fields.iter()), body: bytes.clone(), ..Request::default() };
    (fields, Exchange { request, ..Exchange::default() }, bytes)
}

#[test]
fn what_several_read_is_enough_for_each() {
    let half = Amount { nanos: 1_000, prepare_nanos: 500, ..Amount::new(10, 0) };
    let all = half.or(Amount::new(20, 2_000));
    assert_eq!((all.bytes, all.nanos, all.prepare_nanos), (20, 2_500, 2_000));
    assert_eq!(all, Amount::new(20, 2_000).or(half));
    assert_eq!(all.or(half), all);
    assert_eq!(half.or(Amount::default()), half);
}

#[test]
fn who_reads_less_looks_at_no_more() {
    let (fields, exchange, bytes) = json(&format!(r#"{{"a":"{}"}}"#, "x".repeat(8_192)));
    let most = Amount::new(100_000, PLENTY);
    let mut readings = Readings::of_exchange(exchange, most);
    let read = |readings: &mut Readings, amount| {
        readings.body(fields.iter(), &bytes, amount).map(|reading| reading.json().is_some())
    };
    assert_eq!(read(&mut readings, most), Ok(true));
    assert_eq!(read(&mut readings, Amount::new(8_192, PLENTY)), Err(OVER_LIMITS));
    assert_eq!(readings.all().gap(most), None);
    assert_eq!(readings.all().gap(Amount::new(8_192, PLENTY)), Some(OVER_LIMITS));
    assert_eq!(readings.all().gap(Amount::new(100_000, 0)), Some(OVER_BUDGET));
}

#[test]
fn what_is_encoded_in_values_takes_nothing_from_who_does_not_look_there() {
    // As many values again as there may be in a message.
    let (fields, exchange, bytes) = json(&format!("[{}0]", "\"[1,2]\",".repeat(40_000)));
    let most = Amount::new(1_000_000, PLENTY);
    let mut readings = Readings::of_exchange(exchange, most);
    let (count, is_read) = self::readings(|| {
        let reading = readings.body(fields.iter(), &bytes, most);
        reading.map(|reading| reading.json().is_some())
    });
    assert_eq!((count, is_read), (2, Ok(true)));
    let (count, _) = self::readings(|| {
        readings.body(fields.iter(), &bytes, Amount::new(900_000, PLENTY)).is_ok()
    });
    assert_eq!(count, 0, "the next one takes the same");
}

#[test]
fn what_is_odd_elsewhere_is_nothing_to_who_looks_at_the_body() {
    let (fields, mut exchange, bytes) = json(r#"{"a":"{\"b\":1,\"b\":2}"}"#);
    exchange.request.target = "/?a=1&a=2&b=%00".to_owned();
    let mut readings = Readings::of_exchange(exchange, Amount::new(100_000, PLENTY));
    let (count, is_read) = self::readings(|| {
        let reading = readings.body(fields.iter(), &bytes, Amount::new(100_000, PLENTY));
        reading.map(|reading| reading.json().is_some())
    });
    assert_eq!((count, is_read), (1, Ok(true)));
}
