//! Operating a gateway: reload, drain, caps, log, hand-over, and configurations that are refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bartizan_gateway::{
    AllowAll, Config, ConfigError, Gateway, Handover,
    config::{AccessLog, Listener, OverLimit},
    handover,
};
use bartizan_model::BodyState;

use crate::harness::{
    Client, Reply, Upstream, config_with, gateway, gateway_with, http2::RawHttp2, until,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_reload_under_load_loses_nothing() {
    let (old, new) = (Upstream::ok().await, Upstream::ok().await);
    let mut config = config_with(&old, |_| {});
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let address = running.addresses()[0];
    config.listeners[0].address = "127.0.0.1:0".parse().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let clients = (0..8).map(|_| {
        let stop = stop.clone();
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let mut count = 0;
            while !stop.load(SeqCst) {
                client.send(GET).await;
                assert_eq!(client.response().await.text(), "ok");
                count += 1;
            }
            count
        })
    });
    let clients: Vec<_> = clients.collect();
    for n in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let target = if n % 2 == 0 { &new } else { &old };
        config.services[0].upstreams = vec![target.address.to_string()];
        running.reload(&config, Arc::new(AllowAll)).unwrap();
    }
    stop.store(true, SeqCst);
    let mut count = 0;
    for client in clients {
        count += client.await.unwrap();
    }
    assert_eq!(old.seen().len() + new.seen().len(), count);
    assert!(!old.seen().is_empty() && !new.seen().is_empty());
    assert!(running.metrics().contains("reloads_total 20"));
}

#[tokio::test]
async fn a_wrong_reload_changes_nothing() {
    let upstream = Upstream::ok().await;
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let mut wrong = config.clone();
    wrong.services.clear();
    assert!(matches!(running.reload(&wrong, Arc::new(AllowAll)), Err(ConfigError::Value { .. })));
    let mut wrong = config.clone();
    wrong.listeners.push(Listener::plain("127.0.0.1:0".parse().unwrap()));
    assert!(matches!(running.reload(&wrong, Arc::new(AllowAll)), Err(ConfigError::Listeners)));
    assert_eq!(Client::ask(running.addresses()[0], GET).await.text(), "ok");
    assert!(running.metrics().contains("reload_failures_total 2"));
}

#[tokio::test]
async fn what_cannot_be_compiled_is_refused() {
    let upstream = Upstream::ok().await;
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 19] = [
        ("listeners", |config| config.listeners.clear()),
        ("services", |config| config.services.clear()),
        ("services.1.name", |config| config.services.push(config.services[0].clone())),
        ("services.0.upstreams", |config| config.services[0].upstreams.clear()),
        ("services.0.upstreams", |config| config.services[0].upstreams = vec!["a".into()]),
        ("services.0.upstreams", |config| config.services[0].upstreams = vec![":80".into()]),
        ("services.0.path_prefix", |config| config.services[0].path_prefix = "a".into()),
        ("limits.head.fields", |config| config.limits.head.fields = 0),
        ("limits.http2.frame_bytes", |config| config.limits.http2.frame_bytes = 1 << 24),
        ("limits.buffered_bytes", |config| config.limits.buffered_bytes = 1),
        ("limits.http2.stream_window", |config| config.limits.http2.stream_window = 1 << 31),
        ("limits.http2.connection_window", |config| config.limits.http2.connection_window = 1),
        ("deadlines.connect", |config| config.deadlines.connect = Duration::ZERO),
        ("deadlines.client.head", |config| config.deadlines.client.head = Duration::ZERO),
        ("listeners.0.proxy_protocol", |config| config.listeners[0].proxy_protocol = true),
        ("limits.head.fields", |config| config.limits.head.fields = 100_000),
        ("services.0.hosts.1", |config| {
            config.services[0].hosts = vec!["*.a.example".into(), "a.example:80".into()];
        }),
        ("services.0.hosts.0", |config| config.services[0].hosts = vec!["*".into()]),
        ("services.0.path_prefix", |config| config.services[0].path_prefix = "/a?b".into()),
    ];
    for (wanted, change) in changes {
        let config = config_with(&upstream, change);
        match Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await {
            Err(ConfigError::Value { key, .. }) => assert_eq!(key, wanted),
            other => panic!("{wanted}: {other:?}"),
        }
    }
    let running = gateway(&upstream).await;
    let taken =
        config_with(&upstream, |config| config.listeners[0].address = running.addresses()[0]);
    let second = Gateway::start(&taken, Arc::new(AllowAll), Handover::none()).await;
    assert!(matches!(second, Err(ConfigError::Listen { .. })));
}

#[tokio::test]
async fn a_drain_ends_what_is_idle_and_waits_for_the_rest() {
    let upstream = Upstream::new(|seen| {
        let pause = if seen.line().contains("slow") { 500 } else { 0 };
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
        Reply::Slow(vec![(Duration::from_millis(pause), bytes)])
    })
    .await;
    let running = gateway(&upstream).await;
    let address = running.addresses()[0];
    let mut idle = Client::connect(address).await;
    idle.send(GET).await;
    assert_eq!(idle.response().await.status, 200);
    let mut busy = Client::connect(address).await;
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until("under way", || upstream.seen().len() == 2).await;
    let mut http2 = crate::harness::http2::connect(address).await;
    let request = http::Request::get("http://a/slow")
        .body(crate::harness::http2::Frames::new(&[], None))
        .unwrap();
    let asking = tokio::spawn(async move { http2.send_request(request).await.unwrap().status() });
    until("under way", || upstream.seen().len() == 3).await;
    assert!(!running.drain(Duration::from_millis(50)).await, "one is still under way");
    assert!(idle.is_closed().await);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(running.drain(Duration::from_secs(5)).await);
    assert_eq!(busy.response().await.text(), "ok");
    assert!(busy.is_closed().await);
    assert_eq!(asking.await.unwrap(), 200);
}

/// Browsers open connections before they need them; nobody waits for those to say something.
#[tokio::test]
async fn a_drain_does_not_wait_for_who_has_said_nothing() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut early = Client::connect(running.addresses()[0]).await;
    until("one", || running.connections() == 1).await;
    assert!(running.drain(Duration::from_secs(3)).await);
    assert!(early.is_closed().await);
}

#[tokio::test]
async fn connections_are_capped() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.limits.connections_per_address = 2).await;
    let mut first = Client::connect(running.addresses()[0]).await;
    let second = Client::connect(running.addresses()[0]).await;
    until("two", || running.connections() == 2).await;
    let mut third = Client::connect(running.addresses()[0]).await;
    assert!(third.is_closed().await);
    first.send(GET).await;
    assert_eq!(first.response().await.status, 200);
    drop(second);
    until("one", || running.connections() == 1).await;
    assert_eq!(Client::ask(running.addresses()[0], GET).await.status, 200);
    assert!(running.metrics().contains("connections_capped_total 1"));
}

#[tokio::test]
async fn a_full_hand_over_drops_and_counts() {
    let upstream = Upstream::ok().await;
    let (handover, mut receiver) = handover::channel(3, 1 << 20);
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    for _ in 0..8 {
        assert_eq!(Client::ask(running.addresses()[0], GET).await.status, 200);
    }
    until("five dropped", || running.handover_dropped() == 5).await;
    assert!(running.metrics().contains("handover_dropped_total 5"));
    for _ in 0..3 {
        assert!(receiver.recv().await.unwrap().into_exchange().is_some());
    }
    assert_eq!(receiver.dropped(), 5);
    // Bytes are bounded too.
    let (handover, _receiver) = handover::channel(100, 10);
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n0123456";
    for _ in 0..3 {
        assert_eq!(Client::ask(running.addresses()[0], post).await.status, 200);
    }
    until("two dropped", || running.handover_dropped() == 2).await;
}

#[tokio::test]
async fn exchanges_are_handed_over_as_they_were() {
    let upstream = Upstream::new(|_| {
        Reply::bytes(
            "HTTP/1.1 201 Created\r\nx-y: 1\r\nx-y: 2\r\ncontent-length: 8\r\n\r\n{\"id\":7}",
        )
    })
    .await;
    let (handover, mut receiver) = handover::channel(10, 1 << 20);
    let config = config_with(&upstream, |config| {
        config.limits.request_body_bytes = 100;
        config.limits.captured_bytes = 150;
        config.services[0].request_over = OverLimit::Stream;
    });
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let address = running.addresses()[0];
    let post = "POST /v1/orders?x=1 HTTP/1.1\r\nHost: API.example\r\nX-Forwarded-For: 6.6.6.6\r\n\
        Content-Length: 9\r\n\r\n{\"sku\":1}";
    Client::ask(address, post).await;
    let exchange = receiver.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!(exchange.request.method, "POST");
    assert_eq!(exchange.request.authority, "api.example");
    assert_eq!(exchange.request.target, "/v1/orders?x=1");
    assert_eq!(exchange.request.http_version.as_deref(), Some("1.1"));
    assert_eq!(exchange.request.headers.get("x-forwarded-for"), Some("6.6.6.6"), "as it came");
    assert_eq!(
        (&exchange.request.body[..], exchange.request.body_state),
        (&b"{\"sku\":1}"[..], BodyState::Complete)
    );
    assert_eq!(exchange.client.ip, Some("127.0.0.1".parse().unwrap()));
    let response = exchange.response.unwrap();
    assert_eq!((response.status, &response.body[..]), (201, &b"{\"id\":7}"[..]));
    assert_eq!(response.headers.get_all("x-y").collect::<Vec<_>>(), ["1", "2"]);
    let id = exchange.request_id.unwrap();
    assert_eq!(upstream.seen()[0].field("x-request-id"), Some(id.as_str()));
    assert!(exchange.duration_ms.unwrap() > 0.0 && exchange.time.is_some());
    // A body that is streamed is recorded up to its limit.
    for (length, state, kept) in [(120, BodyState::Complete, 120), (200, BodyState::Truncated, 150)]
    {
        let body = "x".repeat(length);
        Client::ask(
            address,
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"),
        )
        .await;
        let exchange = receiver.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!((exchange.request.body.len(), exchange.request.body_state), (kept, state));
    }
    // What we answer ourselves is handed over too; what had no valid head is not an exchange.
    Client::ask(address, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(receiver.recv().await.unwrap().into_exchange().is_none());
}

#[tokio::test]
async fn each_exchange_has_a_line_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let upstream = Upstream::ok().await;
    let running =
        gateway_with(&upstream, |config| config.access_log = AccessLog::File(path.clone())).await;
    Client::ask(running.addresses()[0], "GET /a?token=secret HTTP/1.1\r\nHost: a\"b\r\n\r\n").await;
    Client::ask(running.addresses()[0], "GET /a?token=secret HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let refused = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\n\r\n").await;
    let lines = || std::fs::read_to_string(&path).unwrap_or_default().lines().count();
    until("three lines", || lines() == 3).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("secret"));
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[1].contains("\"path\":\"/a\"") && lines[1].contains("\"status\":200"),
        "{}",
        lines[1]
    );
    assert!(lines[1].contains("\"outcome\":\"answered\"") && lines[1].ends_with('}'));
    let incident =
        refused.text().split("\"incident\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(lines[2].contains(incident) && lines[2].contains("missing-host"), "{}", lines[2]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn lines_that_the_disk_does_not_take_are_counted() {
    let upstream = Upstream::ok().await;
    let full = AccessLog::File("/dev/full".into());
    let running = gateway_with(&upstream, |config| config.access_log = full).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    for _ in 0..100 {
        client.send(GET).await;
        assert_eq!(client.response().await.status, 200);
    }
    until("lines that were dropped", || !running.metrics().contains("access_log_dropped_total 0"))
        .await;
}

#[tokio::test]
async fn requests_without_any_field_are_handed_over() {
    let upstream = Upstream::ok().await;
    let (handover, mut receiver) = handover::channel(10, 1 << 20);
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    let pseudo =
        [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x?y=1")];
    client.headers(1, &pseudo).await;
    client.fate(1).await;
    let exchange = receiver.recv().await.unwrap().into_exchange().expect("it is judged");
    assert_eq!((exchange.request.target.as_str(), exchange.request.headers.len()), ("/x?y=1", 0));
}

#[tokio::test]
async fn the_hand_over_ends_with_the_drain_whatever_goes_on() {
    let upstream = Upstream::new(|_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
        Reply::Slow(vec![
            (Duration::ZERO, head.into()),
            (Duration::from_secs(60), b"data: 2\n\n".into()),
        ])
    })
    .await;
    let (handover, mut receiver) = handover::channel(10, 1 << 20);
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(GET).await;
    client.head().await;
    assert!(!running.drain(Duration::from_millis(100)).await, "a stream goes on");
    assert!(receiver.recv().await.is_none(), "nothing more comes");
}
