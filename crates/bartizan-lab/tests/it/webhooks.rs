//! What happens is told to whoever registered a hook for it: signed, to the right ones only, tried
//! again within limits, and without anybody waiting for it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use bartizan_lab::{Client, Options, Reply, seed::api_key};
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, time::sleep};

use crate::lab;

/// What a receiver was sent, and what it answers with after how long.
struct Receiver {
    came: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Vec<u16>,
    pause: Duration,
}

impl Receiver {
    /// A receiver that answers the first request with the first status and so on; the last one stays.
    async fn start(answers: &[u16], pause: Duration) -> (Arc<Self>, SocketAddr) {
        let receiver = Self { came: Mutex::default(), answers: answers.to_vec(), pause };
        let receiver = Arc::new(receiver);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, address)
    }

    fn count(&self) -> usize {
        self.came.lock().unwrap().len()
    }
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let number = {
        let mut came = receiver.came.lock().unwrap();
        came.push((headers, body));
        came.len() - 1
    };
    sleep(receiver.pause).await;
    let answer = receiver.answers.get(number).or(receiver.answers.last());
    StatusCode::from_u16(*answer.unwrap()).unwrap()
}

fn options(receiver: SocketAddr) -> Options {
    Options { callbacks: vec![receiver], ..Options::secure(1) }
}

async fn send(client: &Client, login: &str, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("x-api-key".to_owned(), api_key(login))];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.send(method, path, &headers, Bytes::from(body)).await.unwrap()
}

fn read(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// Registers a hook; number and secret.
async fn register(client: &Client, login: &str, to: SocketAddr, event: &str) -> (i64, String) {
    let hook = json!({"url": format!("http://{to}/told"), "event": event});
    let reply = send(client, login, "POST", "/api/v1/webhooks", &hook).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let hook = read(&reply);
    (hook["id"].as_i64().unwrap(), hook["secret"].as_str().unwrap().to_owned())
}

async fn book(client: &Client, login: &str) -> Value {
    let body = json!({"origin": "Bergen", "destination": "Lerwick", "weight_kg": 12});
    let reply = send(client, login, "POST", "/api/v1/shipments", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    read(&reply)
}

async fn deliveries(client: &Client, login: &str, hook: i64) -> Vec<Value> {
    let path = format!("/api/v1/webhooks/{hook}/deliveries");
    let reply = send(client, login, "GET", &path, &Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    read(&reply)["deliveries"].as_array().unwrap().clone()
}

/// The deliveries of a hook once none of them waits any more.
async fn settled(client: &Client, login: &str, hook: i64) -> Vec<Value> {
    for _ in 0..300 {
        let all = deliveries(client, login, hook).await;
        if all.iter().all(|delivery| delivery["state"] != "waiting") {
            return all;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("deliveries of hook {hook} wait for ever");
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().to_str().unwrap()
}

/// Whether a signature is that of Standard Webhooks.
fn is_signed(headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, time) = (field(headers, "webhook-id"), field(headers, "webhook-timestamp"));
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(body);
    let signature = field(headers, "webhook-signature").strip_prefix("v1,").unwrap();
    mac.verify_slice(&BASE64.decode(signature).unwrap()).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_told_signed_to_those_whom_it_concerns() {
    let (receiver, address) = Receiver::start(&[204], Duration::ZERO).await;
    let (client, _stop) = lab(&options(address)).await;
    let (own, secret) = register(&client, "ada", address, "shipment.booked").await;
    let (clerk, clerk_secret) = register(&client, "anouk", address, "shipment.booked").await;
    assert_ne!(secret, clerk_secret);
    // Another customer of the tenant, a clerk of another tenant, another event.
    let mut others = vec![("ada", register(&client, "ada", address, "shipment.changed").await.0)];
    for login in ["abel", "boris", "bea"] {
        others.push((login, register(&client, login, address, "shipment.booked").await.0));
    }
    let booked = book(&client, "ada").await;
    for (login, hook) in [("ada", own), ("anouk", clerk)] {
        let all = settled(&client, login, hook).await;
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((&all[0]["state"], &all[0]["attempts"]), (&json!("delivered"), &json!(1)));
        assert_eq!(all[0]["answer"], 204);
        assert_eq!(all[0]["payload"]["data"], booked);
    }
    for (login, hook) in others {
        assert!(deliveries(&client, login, hook).await.is_empty(), "{login} is told");
    }
    let came = receiver.came.lock().unwrap().clone();
    assert_eq!(came.len(), 2);
    for secret in [&secret, &clerk_secret] {
        assert_eq!(came.iter().filter(|(head, body)| is_signed(head, body, secret)).count(), 1);
    }
    for (headers, body) in &came {
        let payload: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(payload, json!({"type": "shipment.booked", "data": booked}));
        assert!(payload["data"].get("margin").is_none(), "as the API shows it");
        assert!(headers.get("x-quayside-inside").is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_changes_a_shipment_is_told() {
    let (_receiver, address) = Receiver::start(&[200], Duration::ZERO).await;
    let (client, _stop) = lab(&options(address)).await;
    let mut hooks = Vec::new();
    for event in ["shipment.changed", "shipment.at_depot", "shipment.delivered"] {
        hooks.push(register(&client, "ada", address, event).await.0);
    }
    send(&client, "ada", "PATCH", "/api/v1/shipments/1001", &json!({"notes": "ring"})).await;
    let query = json!({"query": "mutation{setNotes(shipment:\"1001\",notes:\"ring twice\"){id}}"});
    let reply = send(&client, "ada", "POST", "/graphql", &query).await;
    assert!(!reply.text().contains("errors"), "{}", reply.text());
    // The carrier says `at_depot` when it is asked, and calls with a signed hook.
    send(&client, "ada", "POST", "/api/v1/shipments/1001/sync", &json!({})).await;
    let headers = [
        ("x-delivery".to_owned(), "delivery-77".to_owned()),
        (
            "x-signature".to_owned(),
            "eea7a6e90ffed24ec859cd75434b6847e373181d2226ac79fd2a08d13cd45455".to_owned(),
        ),
    ];
    let body = Bytes::from_static(br#"{"shipment":1001,"status":"delivered"}"#);
    let reply = client.send("POST", "/hooks/carrier", &headers, body).await.unwrap();
    assert_eq!(reply.status, 200);
    for (hook, count) in hooks.into_iter().zip([2, 1, 1]) {
        assert_eq!(settled(&client, "ada", hook).await.len(), count, "hook {hook}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_is_tried_again_and_then_no_more() {
    let (receiver, address) = Receiver::start(&[503, 302, 200], Duration::ZERO).await;
    let (client, _stop) = lab(&options(address)).await;
    let (hook, secret) = register(&client, "ada", address, "shipment.booked").await;
    book(&client, "ada").await;
    let all = settled(&client, "ada", hook).await;
    assert_eq!((&all[0]["state"], &all[0]["attempts"]), (&json!("delivered"), &json!(3)));
    let came = receiver.came.lock().unwrap().clone();
    assert_eq!(came.len(), 3);
    assert!(came.iter().all(|(head, body)| is_signed(head, body, &secret)));
    assert!(
        came.windows(2)
            .all(|pair| { field(&pair[0].0, "webhook-id") == field(&pair[1].0, "webhook-id") })
    );
    // Nobody listens any more.
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let (client, _stop) = lab(&options(gone)).await;
    let (hook, _) = register(&client, "ada", gone, "shipment.booked").await;
    book(&client, "ada").await;
    let all = settled(&client, "ada", hook).await;
    assert_eq!((&all[0]["state"], &all[0]["attempts"]), (&json!("failed"), &json!(3)));
    assert_eq!(all[0]["answer"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_does_not_answer_holds_up_no_request_and_the_queue_ends() {
    let (receiver, address) = Receiver::start(&[200], Duration::from_secs(3600)).await;
    let (client, _stop) = lab(&options(address)).await;
    let (hook, _) = register(&client, "ada", address, "shipment.booked").await;
    // More than the queue and those under way.
    let begin = Instant::now();
    for _ in 0..320 {
        book(&client, "ada").await;
    }
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(30), "320 requests took {took:?}");
    let all = deliveries(&client, "ada", hook).await;
    let newest = &all[0];
    assert_eq!((&newest["state"], &newest["attempts"]), (&json!("failed"), &json!(0)));
    assert!(receiver.count() < 320);

    // A reset ends them.
    client.send("POST", "/_lab/reset", &[], Bytes::new()).await.unwrap();
    let (again, _) = register(&client, "ada", address, "shipment.booked").await;
    assert_eq!(again, hook, "numbers begin anew");
    assert!(deliveries(&client, "ada", again).await.is_empty());
    sleep(Duration::from_secs(3)).await;
    let before = receiver.count();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.count(), before, "nothing of before is sent any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_have_the_same_ids() {
    let (_receiver, address) = Receiver::start(&[200], Duration::ZERO).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (client, _stop) = lab(&options(address)).await;
        for _ in 0..2 {
            client.send("POST", "/_lab/reset", &[], Bytes::new()).await.unwrap();
            let (hook, secret) = register(&client, "ada", address, "shipment.booked").await;
            book(&client, "ada").await;
            book(&client, "ada").await;
            let all = settled(&client, "ada", hook).await;
            let ids: Vec<String> = all.iter().map(|d| d["id"].to_string()).collect();
            assert!(ids.len() == 2 && ids[0] != ids[1]);
            seen.push((secret, ids));
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_are_few_for_what_there_is_and_go_to_registered_receivers() {
    let (_receiver, address) = Receiver::start(&[200], Duration::ZERO).await;
    let (client, _stop) = lab(&options(address)).await;
    let url = format!("http://{address}/told");
    for (url, event) in [
        (url.as_str(), "shipment.sunk"),
        (url.as_str(), ""),
        ("http://192.0.2.1/told", "shipment.booked"),
        ("http://127.0.0.1:9/told", "shipment.booked"),
        ("http://partner.example/_internal/metadata", "shipment.booked"),
        ("http://partner.example/_partner/hooks/../../_lab/reset", "shipment.booked"),
    ] {
        let hook = json!({"url": url, "event": event});
        let reply = send(&client, "ada", "POST", "/api/v1/webhooks", &hook).await;
        assert_eq!(reply.status, 400, "{url} {event}: {}", reply.text());
    }
    for _ in 0..5 {
        register(&client, "ada", address, "shipment.booked").await;
    }
    let hook = json!({"url": url, "event": "shipment.booked"});
    let reply = send(&client, "ada", "POST", "/api/v1/webhooks", &hook).await;
    assert_eq!(reply.status, 409, "{}", reply.text());
    // Each has its own.
    register(&client, "abel", address, "shipment.booked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partner_of_the_lab_can_be_told_wherever_it_listens() {
    let (client, _stop) = lab(&Options::secure(1)).await;
    let hook = json!({
        "url": "http://partner.example/_partner/hooks/echo", "event": "shipment.booked",
    });
    let reply = send(&client, "bea", "POST", "/api/v1/webhooks", &hook).await;
    let hook = read(&reply)["id"].as_i64().unwrap();
    book(&client, "bea").await;
    assert_eq!(settled(&client, "bea", hook).await[0]["state"], "delivered");
}
