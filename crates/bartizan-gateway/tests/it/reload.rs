//! What a reload means for connections that are open: every exchange sees one configuration, the new
//! one from its next exchange on.

use std::sync::Arc;

use bartizan_gateway::{
    AllowAll, Config, Gateway, Handover,
    config::{AccessLog, ClientField, Network, ServerTls, Service},
};
use http::Request;

use crate::{
    harness::{
        Client, Upstream, config_with,
        http2::{self, Frames},
        until,
    },
    tls::{certificate, connect},
    visible::compile,
};

const FORWARDED: &str = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\
    X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /p\r\nX-Request-Id: outer\r\n\r\n";

fn trusting(config: &mut Config) {
    config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
}

#[tokio::test]
async fn trust_in_a_proxy_ends_and_begins_on_its_open_connections() {
    let upstream = Upstream::ok().await;
    let (trusted, untrusted) = (config_with(&upstream, trusting), config_with(&upstream, |_| {}));
    let running = Gateway::start(&trusted, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let mut proxy = Client::connect(running.addresses()[0]).await;
    for (config, is_trusted) in [(&trusted, true), (&untrusted, false), (&trusted, true)] {
        running.reload(config, Arc::new(AllowAll)).unwrap();
        proxy.send(FORWARDED).await;
        assert_eq!(proxy.response().await.status, 200);
        let seen = upstream.seen().pop().unwrap();
        let chain = if is_trusted { "192.0.2.9, 127.0.0.1" } else { "127.0.0.1" };
        assert_eq!(seen.all("x-forwarded-for"), [chain]);
        let scheme = if is_trusted { "https" } else { "http" };
        assert_eq!(seen.all("x-forwarded-proto"), [scheme], "{is_trusted}");
        assert_eq!(seen.field("x-forwarded-prefix").is_some(), is_trusted);
        assert_eq!(seen.field("x-request-id") == Some("outer"), is_trusted);
    }
}

#[tokio::test]
async fn the_field_of_the_client_changes_with_its_writers() {
    let upstream = Upstream::ok().await;
    let old = config_with(&upstream, trusting);
    let new = config_with(&upstream, |config| config.client_field = ClientField::Forwarded);
    let running = Gateway::start(&old, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(FORWARDED).await;
    assert_eq!(client.response().await.status, 200);
    running.reload(&new, Arc::new(AllowAll)).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=192.0.2.9;proto=https\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
    let seen = upstream.seen().pop().unwrap();
    assert_eq!((seen.field("forwarded"), seen.field("x-forwarded-proto")), (None, Some("http")));
}

/// Over TLS and both protocols: the connection goes on with its certificate, the policies are new.
#[tokio::test]
async fn connections_over_tls_go_on_under_the_new_policies() {
    let folder = tempfile::tempdir().unwrap();
    let old = certificate(folder.path(), "a.example");
    let upstream = Upstream::ok().await;
    let config = config_with(&upstream, |config| {
        config.listeners[0].tls =
            Some(ServerTls { certificates: vec![old.clone()], clients: None });
    });
    let policies = |name: &str| {
        format!("[{{name: {name}, mode: enforce, headers: {{set: {{x-policy: {name}}}}}}}]")
    };
    let first = Arc::new(compile(&policies("old")));
    let running = Gateway::start(&config, first, Handover::none()).await.unwrap();
    let address = running.addresses()[0];
    let stream = connect(address, "a.example", &old.chain, &[b"http/1.1"]).await.unwrap();
    let mut http1 = Client::over(stream);
    let stream = connect(address, "a.example", &old.chain, &[b"h2"]).await.unwrap();
    let mut http2 = http2::client(stream).await;
    let shown = folder.path().join("shown-before.pem");
    std::fs::copy(&old.chain, &shown).unwrap();
    for (round, name) in ["old", "new"].into_iter().enumerate() {
        if round == 1 {
            certificate(folder.path(), "a.example");
            running.reload(&config, Arc::new(compile(&policies("new")))).unwrap();
        }
        http1.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
        assert_eq!(http1.response().await.field("x-policy"), Some(name));
        let request = Request::get("https://a.example/").body(Frames::new(&[], None)).unwrap();
        let response = http2.send_request(request).await.unwrap();
        assert_eq!(response.headers()["x-policy"], name);
    }
    // Who comes now is shown the new one, and only that.
    assert!(connect(address, "a.example", &old.chain, &[]).await.is_ok());
    assert!(connect(address, "a.example", &shown, &[]).await.is_err());
}

/// Who rotates logs moves the file away and asks for a reload.
#[tokio::test]
async fn the_log_goes_on_in_a_new_file_after_the_old_one_was_moved() {
    let upstream = Upstream::ok().await;
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let config = config_with(&upstream, |config| config.access_log = AccessLog::File(path.clone()));
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    let ask = |target: &'static str| {
        let get = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        Client::ask(running.addresses()[0], get)
    };
    let has = |path: &std::path::Path, target: &str| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains(target))
    };
    assert_eq!(ask("/first").await.status, 200);
    until("a line", || has(&path, "/first")).await;
    std::fs::rename(&path, &moved).unwrap();
    running.reload(&config, Arc::new(AllowAll)).unwrap();
    assert_eq!(ask("/second").await.status, 200);
    until("a line in the new file", || has(&path, "/second")).await;
    assert!(!has(&moved, "/second"));
    // What cannot be opened is not taken over, and the old file is written on.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(running.reload(&config, Arc::new(AllowAll)).is_err());
}

#[tokio::test]
async fn services_with_one_upstream_share_its_bound_and_gone_ones_are_not_shown() {
    let upstream = Upstream::ok().await;
    let other = Upstream::ok().await;
    let both = config_with(&upstream, |config| {
        let mut second = Service::to(upstream.address.to_string());
        (second.name, second.path_prefix) = ("second".to_owned(), "/second".to_owned());
        config.services.insert(0, second);
    });
    let running = Gateway::start(&both, Arc::new(AllowAll), Handover::none()).await.unwrap();
    for path in ["/", "/second"] {
        let get = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(Client::ask(running.addresses()[0], get).await.status, 200);
    }
    assert_eq!(upstream.connections(), 1, "the second service uses what the first left idle");
    let healthy = |address| format!("upstream{{upstream=\"{address}\",value=\"healthy\"}} 1");
    assert!(running.metrics().contains(&healthy(upstream.address)));
    running.reload(&config_with(&other, |_| {}), Arc::new(AllowAll)).unwrap();
    let metrics = running.metrics();
    assert!(metrics.contains(&healthy(other.address)));
    assert!(!metrics.contains(&healthy(upstream.address)), "nobody asks it any more");
}
