//! Who the client is, and what upstreams are told about it.

use bartizan_gateway::config::Network;

use crate::harness::{Client, Upstream, gateway, gateway_with};

#[tokio::test]
async fn claims_of_clients_are_replaced() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let request = "GET / HTTP/1.1\r\nHost: a.example:81\r\nX-Forwarded-For: 6.6.6.6\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Prefix: /x\r\n\
        Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: mine\r\n\
        traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
        tracestate: a=1\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
    let seen = upstream.only();
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.all("x-forwarded-proto"), ["http"]);
    assert_eq!(seen.all("x-forwarded-host"), ["a.example:81"]);
    for name in ["x-forwarded-prefix", "forwarded", "x-real-ip"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!(seen.field("x-request-id").unwrap().len(), 32);
    let trace = seen.field("traceparent").unwrap();
    assert!(trace.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{trace}");
    assert!(!trace.contains("00f067aa0ba902b7"));
    assert_eq!(seen.field("tracestate"), Some("a=1"));
}

#[tokio::test]
async fn claims_of_trusted_proxies_are_continued() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
        config.forwarded.forwarded = true;
    })
    .await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Host: public\r\nX-Request-Id: outer-1\r\n\
        traceparent: nonsense\r\ntracestate: a=1\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
    let seen = upstream.only();
    assert_eq!(seen.all("x-forwarded-for"), ["192.0.2.1, 127.0.0.1"]);
    assert_eq!(seen.all("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.all("x-forwarded-host"), ["public"]);
    assert_eq!(seen.all("x-request-id"), ["outer-1"]);
    assert_eq!(seen.all("forwarded"), ["for=192.0.2.1, for=127.0.0.1;proto=https;host=\"a\""]);
    assert_eq!(seen.field("tracestate"), None);
    assert_eq!(seen.field("traceparent").unwrap().len(), 55);
}

/// Upstreams that read the one field are told what trusted proxies say in the other one.
#[tokio::test]
async fn the_client_is_named_in_the_field_that_the_proxy_did_not_write() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
        config.client_field = bartizan_gateway::config::ClientField::Forwarded;
    })
    .await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\
        Forwarded: for=6.6.6.7, for=\"[2001:db8::1]\";proto=https\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
    assert_eq!(upstream.only().all("x-forwarded-for"), ["2001:db8::1, 127.0.0.1"]);

    for (field, named) in [
        ("X-Forwarded-For: 6.6.6.6, 2001:db8::1\r\n", "for=\"[2001:db8::1]\", "),
        // A proxy that names nobody.
        ("", ""),
    ] {
        let upstream = Upstream::ok().await;
        let running = gateway_with(&upstream, |config| {
            config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
            config.forwarded.forwarded = true;
        })
        .await;
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=6.6.6.6\r\n{field}\r\n");
        assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
        let expected = format!("{named}for=127.0.0.1;proto=http;host=\"a\"");
        assert_eq!(upstream.only().all("forwarded"), [expected]);
    }
}

#[tokio::test]
async fn ids_of_clients_do_not_go_on_as_ours_when_we_write_none() {
    let upstream = Upstream::ok().await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\
        traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
        tracestate: a=1\r\n\r\n";
    for is_trusted in [false, true] {
        let running = gateway_with(&upstream, |config| {
            (config.forwarded.request_id, config.forwarded.trace) = (false, false);
            if is_trusted {
                config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
            }
        })
        .await;
        assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
        let seen = upstream.seen().pop().unwrap();
        for name in ["x-request-id", "traceparent", "tracestate"] {
            assert_eq!(seen.field(name).is_some(), is_trusted, "{name}");
        }
    }
}

#[tokio::test]
async fn services_are_chosen_by_host_and_path() {
    let (all, api, shop) = (Upstream::ok().await, Upstream::ok().await, Upstream::ok().await);
    let running = gateway_with(&all, |config| {
        let mut to = |name: &str, upstream: &Upstream, hosts: &[&str], path: &str| {
            let mut service = bartizan_gateway::config::Service::to(upstream.address.to_string());
            service.name = name.to_owned();
            service.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            service.path_prefix = path.to_owned();
            config.services.insert(0, service);
        };
        to("shop", &shop, &["*.shop.example"], "/");
        to("api", &api, &["a.example"], "/v1/");
    })
    .await;
    for (host, path) in [
        ("a.example", "/v1/x"),
        ("A.example:80", "/v1"),
        ("a.example", "/v10"),
        ("b.example", "/v1/x"),
        ("x.shop.example", "/v1"),
        ("shop.example", "/"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
    }
    assert_eq!((api.seen().len(), shop.seen().len(), all.seen().len()), (2, 1, 3));
}

#[tokio::test]
async fn a_request_for_no_service_is_not_found() {
    let upstream = Upstream::ok().await;
    let running =
        gateway_with(&upstream, |config| config.services[0].hosts = vec!["a.example".into()]).await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: b\r\n\r\n").await;
    assert_eq!(response.status, 404);
    assert!(response.text().contains("no-service"));
    assert_eq!(upstream.connections(), 0);
}
