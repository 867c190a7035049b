//! What services call outside, through the proxy.

use std::time::Duration;

use bartizan_gateway::{
    Running,
    config::{Credential, Egress, Network},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Client, Reply, Response, Upstream, gateway_with, until};

fn egress(hosts: &[String]) -> Egress {
    Egress {
        address: "127.0.0.1:0".parse().unwrap(),
        hosts: hosts.to_vec(),
        networks: vec![Network::parse("127.0.0.0/8").unwrap(), Network::parse("::1").unwrap()],
        credentials: vec![Credential::new("shop", b"s3cret")],
        connections: 10,
        connections_per_address: 10,
        connect: Duration::from_secs(2),
        idle: Duration::from_secs(2),
        longest: Duration::from_secs(5),
        request_bytes: 1_000,
        response_bytes: 1_000,
    }
}

async fn proxy(egress: Egress) -> Running {
    let unused = Upstream::ok().await;
    gateway_with(&unused, |config| config.egress = vec![egress]).await
}

/// "shop:s3cret".
const KNOWN: &str = "Proxy-Authorization: Basic c2hvcDpzM2NyZXQ=\r\n";

async fn ask(running: &Running, line: &str, fields: &str) -> Response {
    let head = format!("{line} HTTP/1.1\r\nHost: elsewhere.example\r\n{fields}\r\n");
    Client::ask(running.egress_addresses()[0], head).await
}

fn counted(running: &Running, event: &str) -> bool {
    running.metrics().contains(&format!("egress_total{{event=\"{event}\"}} 1\n"))
}

#[tokio::test]
async fn whole_urls_are_passed_on_without_what_is_for_the_proxy() {
    let upstream = Upstream::new(|_| {
        Reply::bytes("HTTP/1.1 200 OK\r\nproxy-authenticate: x\r\ncontent-length: 2\r\n\r\nok")
    })
    .await;
    let running = proxy(egress(&[upstream.address.to_string()])).await;
    let line = format!("GET http://{}/a?b=1", upstream.address);
    let response =
        ask(&running, &line, &format!("{KNOWN}Proxy-Connection: close\r\nX-A: 1\r\n")).await;
    assert_eq!((response.status, response.text()), (200, "ok"));
    assert_eq!(response.field("proxy-authenticate"), None);
    let seen = upstream.only();
    assert_eq!(seen.line(), "GET /a?b=1 HTTP/1.1");
    assert_eq!(seen.all("host"), [upstream.address.to_string()], "that of the URL");
    assert_eq!((seen.field("x-a"), seen.field("proxy-authorization")), (Some("1"), None));
    assert_eq!(seen.field("proxy-connection"), None);
    assert!(counted(&running, "requests"), "{}", running.metrics());
}

#[tokio::test]
async fn tunnels_lead_to_what_is_listed() {
    let upstream = Upstream::ok().await;
    let port = upstream.address.port();
    // By name: resolved, checked, and connected to what was checked.
    for host in ["localhost", "127.0.0.1"] {
        let running = proxy(egress(&[format!("{host}:{port}")])).await;
        let mut client = Client::connect(running.egress_addresses()[0]).await;
        client.send(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n")).await;
        assert_eq!(client.response_to("HEAD").await.status, 200, "{host}");
        client.send("GET /inside HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.response().await.text(), "ok");
        assert!(counted(&running, "tunnels"));
        drop(client);
        until("it ends", || counted(&running, "tunnel_ended")).await;
    }
}

#[tokio::test]
async fn nothing_else_is_reached() {
    let upstream = Upstream::ok().await;
    let port = upstream.address.port();
    let inner = Egress {
        networks: Vec::new(),
        ..egress(&[
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            "169.254.169.254".to_owned(),
        ])
    };
    let running = proxy(inner).await;
    for (line, status, code) in [
        (format!("CONNECT localhost:{port}"), 403, "private-address"),
        (format!("CONNECT 127.0.0.1:{port}"), 403, "private-address"),
        (format!("GET http://127.0.0.1:{port}/"), 403, "private-address"),
        ("GET http://169.254.169.254/latest".to_owned(), 403, "metadata-address"),
        ("CONNECT evil.example:443".to_owned(), 403, "host-not-listed"),
        ("CONNECT localhost:22".to_owned(), 403, "host-not-listed"),
        (format!("CONNECT 2130706433:{port}"), 403, "address-spelling"),
        (format!("GET http://0x7f.1:{port}/"), 403, "address-spelling"),
        (format!("GET http://a@127.0.0.1:{port}/"), 403, "user-name"),
        (format!("GET https://localhost:{port}/"), 400, "only-by-connect"),
        ("GET /path".to_owned(), 400, "no-whole-url"),
    ] {
        let response = ask(&running, &line, KNOWN).await;
        assert_eq!(response.status, status, "{line}");
        assert!(
            response.text().contains(&format!("\"code\":\"{code}\"")),
            "{line}: {}",
            response.text()
        );
    }
    for fields in
        ["", "Proxy-Authorization: Basic c2hvcDp4\r\n", "Authorization: Basic c2hvcDpzM2NyZXQ=\r\n"]
    {
        let response = ask(&running, &format!("CONNECT localhost:{port}"), fields).await;
        assert_eq!(response.status, 407, "{fields}");
        assert_eq!(response.field("proxy-authenticate"), Some("Basic realm=\"egress\""));
    }
    assert_eq!(upstream.connections(), 0);
    assert!(running.metrics().contains("egress_total{event=\"unauthenticated\"} 3"));
}

#[tokio::test]
async fn what_is_too_much_or_too_slow_is_cut() {
    let upstream = Upstream::new(|seen| match seen.line().contains("/silent") {
        true => Reply::Silence,
        false => Reply::ok("x".repeat(2_000)),
    })
    .await;
    let short = Duration::from_millis(300);
    let egress = Egress { idle: short, longest: short, ..egress(&[upstream.address.to_string()]) };
    let running = proxy(egress).await;
    let silent = format!("GET http://{}/silent", upstream.address);
    let response = ask(&running, &silent, KNOWN).await;
    assert_eq!(response.status, 504);
    // The head is there already: the body breaks off.
    let mut client = Client::connect(running.egress_addresses()[0]).await;
    let long = format!("GET http://{}/long HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    client.send(long).await;
    let mut all = Vec::new();
    let _ = client.stream.read_to_end(&mut all).await;
    assert!(all.len() < 2_000, "{}", all.len());
    let mut client = Client::connect(running.egress_addresses()[0]).await;
    let head = format!("CONNECT {} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    client.send(head).await;
    assert_eq!(client.response_to("HEAD").await.status, 200);
    client.stream.write_all(&[b'x'; 1_001]).await.unwrap();
    assert!(client.is_closed().await);
    until("it is counted", || counted(&running, "tunnel_too_large")).await;
    let mut client = Client::connect(running.egress_addresses()[0]).await;
    let head = format!("CONNECT {} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    client.send(head).await;
    assert_eq!(client.response_to("HEAD").await.status, 200);
    assert!(client.is_closed().await, "it is idle");
}

#[tokio::test]
async fn connections_are_counted_tunnels_among_them() {
    let upstream = Upstream::ok().await;
    let egress = Egress { connections: 1, ..egress(&[upstream.address.to_string()]) };
    let running = proxy(egress).await;
    let mut first = Client::connect(running.egress_addresses()[0]).await;
    let head = format!("CONNECT {} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    first.send(&head).await;
    assert_eq!(first.response_to("HEAD").await.status, 200);
    let mut second = Client::connect(running.egress_addresses()[0]).await;
    assert!(second.is_closed().await);
    assert!(counted(&running, "too_many_connections"));
    drop(first);
    until("it ends", || counted(&running, "tunnel_ended")).await;
    for _ in 0..100 {
        let mut third = Client::connect(running.egress_addresses()[0]).await;
        let _ = third.stream.write_all(head.as_bytes()).await;
        let mut start = [0; 12];
        if third.stream.read_exact(&mut start).await.is_ok() {
            assert_eq!(&start, b"HTTP/1.1 200");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there is no place again");
}

/// It asks for more than fits on the way to it, and reads nothing: its place must not be lost to others.
#[tokio::test]
async fn a_client_that_takes_nothing_is_left() {
    const LONG: usize = 64 * 1024 * 1024;
    let upstream = Upstream::new(|seen| match seen.line().contains("/long") {
        true => Reply::ok("x".repeat(LONG)),
        false => Reply::ok("ok"),
    })
    .await;
    let egress = Egress {
        connections: 1,
        idle: Duration::from_millis(500),
        longest: Duration::from_secs(60),
        response_bytes: 2 * LONG as u64,
        ..egress(&[upstream.address.to_string()])
    };
    let running = proxy(egress).await;
    let address = running.egress_addresses()[0];
    let mut silent = Client::connect(address).await;
    let long = format!("GET http://{}/long HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    silent.send(long).await;
    until("it is left", || counted(&running, "client_takes_nothing")).await;
    let mut all = Vec::new();
    let _ = silent.stream.read_to_end(&mut all).await;
    assert!(all.len() < LONG, "it broke off: {}", all.len());
    // It is counted before its place is free.
    let line = format!("GET http://{}/", upstream.address);
    let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n");
    for _ in 0..100 {
        let mut next = Client::connect(address).await;
        let _ = next.stream.write_all(head.as_bytes()).await;
        let mut start = [0; 12];
        if next.stream.read_exact(&mut start).await.is_ok() {
            assert_eq!(&start, b"HTTP/1.1 200");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there is no place again");
}

#[tokio::test]
async fn one_address_leaves_places_to_others() {
    let upstream = Upstream::ok().await;
    let egress = Egress { connections_per_address: 1, ..egress(&[upstream.address.to_string()]) };
    let running = proxy(egress).await;
    let mut first = Client::connect(running.egress_addresses()[0]).await;
    let head = format!("CONNECT {} HTTP/1.1\r\nHost: a\r\n{KNOWN}\r\n", upstream.address);
    first.send(&head).await;
    assert_eq!(first.response_to("HEAD").await.status, 200);
    let mut second = Client::connect(running.egress_addresses()[0]).await;
    assert!(second.is_closed().await);
    assert!(counted(&running, "too_many_connections_of_address"), "{}", running.metrics());
}
