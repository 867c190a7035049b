//! Connections that a proxy passes on.

use bartizan_gateway::config::Network;

use crate::harness::{Client, Upstream, gateway_with};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn trusting(config: &mut bartizan_gateway::Config) {
    config.listeners[0].proxy_protocol = true;
    config.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
}

#[tokio::test]
async fn the_named_client_is_believed() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, trusting).await;
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\x10\0\0\x50";
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for (header, client) in [
        (&b"PROXY TCP4 192.0.2.5 127.0.0.1 4000 80\r\n"[..], "192.0.2.5"),
        (b"PROXY TCP6 2001:db8::5 ::1 4000 80\r\n", "2001:db8::5"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (v2, "192.0.2.7"),
        (local, "127.0.0.1"),
    ] {
        let before = upstream.seen().len();
        let response = Client::ask(running.addresses()[0], [header, GET.as_bytes()].concat()).await;
        assert_eq!(response.status, 200, "{header:?}");
        assert_eq!(upstream.seen()[before].all("x-forwarded-for"), [client]);
    }
}

#[tokio::test]
async fn who_is_not_named_is_not_believed_in_the_name_of_the_proxy() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, trusting).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n";
    let unknown = ["PROXY UNKNOWN\r\n", request].concat();
    assert_eq!(Client::ask(running.addresses()[0], unknown).await.status, 200);
    assert_eq!(upstream.only().all("x-forwarded-for"), ["127.0.0.1"]);
}

#[tokio::test]
async fn malformed_headers_are_refused() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, trusting).await;
    let long = format!("PROXY TCP4 {}\r\n", "1".repeat(120));
    for header in [
        &b""[..],
        b"PROXY TCP4 192.0.2.5 127.0.0.1 4000\r\n",
        b"PROXY TCP4 2001:db8::5 ::1 4000 80\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\x10\0\0\x50",
        long.as_bytes(),
    ] {
        let response = Client::ask(running.addresses()[0], [header, GET.as_bytes()].concat()).await;
        assert_eq!(response.status, 400, "{header:?}");
        assert!(response.text().contains("proxy-protocol"));
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn strangers_are_not_heard() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.listeners[0].proxy_protocol = true;
        config.trusted_proxies = vec![Network::parse("192.0.2.0/24").unwrap()];
    })
    .await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("PROXY TCP4 192.0.2.5 127.0.0.1 4000 80\r\n").await;
    use tokio::io::AsyncReadExt;
    let mut bytes = Vec::new();
    let _ = client.stream.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty());
    assert_eq!(upstream.connections(), 0);
}

/// Behind a proxy that passes connections on, one client does not take the place of all others.
#[tokio::test]
async fn connections_are_capped_for_each_named_client() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        trusting(config);
        config.limits.connections_per_address = 2;
    })
    .await;
    let address = running.addresses()[0];
    let header = |n: u8| format!("PROXY TCP4 192.0.2.{n} 127.0.0.1 4000 80\r\n{GET}");
    let mut open = Vec::new();
    for (n, is_served) in [(1, true), (1, true), (1, false), (2, true), (3, true), (3, true)] {
        let mut client = Client::connect(address).await;
        client.send(header(n)).await;
        if is_served {
            assert_eq!(client.response().await.status, 200, "{n}");
            open.push(client);
        } else {
            assert!(client.is_closed().await, "{n}");
        }
    }
    assert!(running.metrics().contains("connections_capped_total 1"));
    open.truncate(1);
    crate::harness::until("one", || running.connections() == 1).await;
    assert_eq!(Client::ask(address, header(1)).await.status, 200);
}
