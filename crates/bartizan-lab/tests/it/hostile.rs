//! The lab withstands what it is there to be sent.

use bartizan_lab::{Client, LabError, MAX_BODY, Options, Server};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::lab;

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn alive(client: &Client) -> bool {
    client.send("GET", "/health", &[], Bytes::new()).await.is_ok_and(|r| r.status == 200)
}

#[tokio::test]
async fn it_listens_on_loopback_addresses_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Server::bind(address, &Options::secure(1)).await;
        assert!(matches!(refused, Err(LabError::NotLoopback(_))), "{address}");
    }
    let callbacks = vec!["192.0.2.1:80".parse().unwrap()];
    let options = Options { callbacks, ..Options::secure(1) };
    let refused = Server::bind("127.0.0.1:0", &options).await;
    assert!(matches!(refused, Err(LabError::NotLoopback(_))));
}

#[tokio::test]
async fn the_client_leaves_this_machine_for_nobody() {
    for url in ["http://192.0.2.1:80", "https://127.0.0.1:443", "ftp://127.0.0.1", "127.0.0.1:80"] {
        assert!(Client::to(url).await.is_err(), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sends_to_itself_and_to_callbacks_only() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = listener.local_addr().unwrap();
    let login = r#"{"login":"ada","password":"ada-quay-2026"}"#;
    for named in [false, true] {
        let callbacks = if named { vec![elsewhere] } else { Vec::new() };
        let (client, _stop) = lab(&Options { callbacks, ..Options::vulnerable(1) }).await;
        let reply = client.send("POST", "/auth/login", &[], Bytes::from_static(login.as_bytes()));
        let text = reply.await.unwrap().text();
        let token = text.split(r#""access_token":""#).nth(1).unwrap().split('"').next().unwrap();
        let headers = [header("authorization", &format!("Bearer {token}"))];
        let body = Bytes::from(format!(r#"{{"url":"http://{elsewhere}/x"}}"#));
        let sent = client.send("POST", "/api/v1/webhooks/test", &headers, body);
        let called = tokio::time::timeout(std::time::Duration::from_secs(3), async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 1024];
            let count = stream.read(&mut head).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
            stream.write_all(answer).await.unwrap();
            String::from_utf8_lossy(&head[..count]).into_owned()
        });
        let (reply, called) = tokio::join!(sent, called);
        assert_eq!(called.is_ok(), named, "{:?}", reply.unwrap().text());
        // Strangers do not learn the sign of requests from inside.
        assert!(!called.unwrap_or_default().contains("x-quayside-inside"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_bodies_break_nothing() {
    let (client, _stop) = lab(&Options::vulnerable(1)).await;
    let deep = "[".repeat(200_000);
    let fields = format!(r#"{{"query":"{}"}}"#, "{a".repeat(20_000));
    let loops = r#"<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "&a;&a;">]><s>&a;</s>"#.to_owned();
    let bodies = [
        deep,
        fields,
        loops,
        "<a>".repeat(100_000),
        "\0".repeat(1000),
        "{".to_owned(),
        String::new(),
        r#"{"login":{"$ne":1},"password":[]}"#.to_owned(),
        "-1e999".to_owned(),
        r#"{"limit":-9223372036854775808,"shipment":9223372036854775807}"#.to_owned(),
    ];
    let paths = [
        "/auth/login",
        "/graphql",
        "/soap",
        "/xmlrpc",
        "/jsonrpc",
        "/hooks/carrier",
        "/api/v1/documents",
        "/api/v1/quotes",
        "/quayside.v1.Tracking/GetContainer",
        "/api/v1/labels",
        "/_lab/reset",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ];
    let headers = [header("x-api-key", &bartizan_lab::seed::api_key("ada"))];
    for path in paths {
        for body in &bodies {
            let reply = client.send("POST", path, &headers, Bytes::from(body.clone())).await;
            assert!(
                reply.is_ok(),
                "{path} {}: {reply:?}",
                body.chars().take(40).collect::<String>()
            );
        }
    }
    let large = Bytes::from(vec![b'a'; MAX_BODY + 1]);
    // Either an answer, or the connection is closed while the rest is being sent.
    if let Ok(reply) = client.send("POST", "/jsonrpc", &headers, large).await {
        assert_eq!(reply.status, 413);
    }
    assert!(alive(&client).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injected_statements_neither_write_nor_fill_memory() {
    let (client, _stop) = lab(&Options::vulnerable(1)).await;
    let headers = [header("x-api-key", &bartizan_lab::seed::api_key("ada"))];
    let folder = std::env::temp_dir().join(format!("bartizan-lab-{}", std::process::id()));
    let attach =
        format!("x'); attach database '{}' as y; create table y.z(a); --", folder.display());
    for text in [
        attach.as_str(),
        "x'); drop table users; --",
        "x') union select 1,2,3,4,hex(zeroblob(900000000)) -- ",
        "x') union select 1,2,3,4,hex(RandomBlob(900000000)) -- ",
        "x') union select a.id,2,3,4,count(*) from ports a, ports b, ports c, ports d, ports e -- ",
        "x') union with recursive c(n) as (select 1 union all select n+1 from c) select n,2,3,4,5 from c -- ",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/api/v1/shipments/search?q={encoded}");
        let reply = client.send("GET", &path, &headers, Bytes::new()).await.unwrap();
        assert_eq!(reply.status, 500, "{text}: {}", reply.text());
    }
    assert!(!folder.exists());
    let reply = client.send("GET", "/api/v1/me", &headers, Bytes::new()).await.unwrap();
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_break_nothing() {
    let (client, _stop) = lab(&Options::vulnerable(1)).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
          sec-websocket-version: 13\r\nsec-websocket-key: x\r\n\r\n\xff\xff\xff\xff\xff\xff\xff",
        b"\r\n\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(client.target()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        drop(stream);
    }
    assert!(alive(&client).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_resets_itself_when_it_is_full() {
    let (client, _stop) = lab(&Options::vulnerable(1)).await;
    let headers = [header("x-api-key", &bartizan_lab::seed::api_key("ada"))];
    let mark = Bytes::from_static(br#"{"notes":"before the flood"}"#);
    client.send("PATCH", "/api/v1/shipments/1001", &headers, mark).await.unwrap();
    let call = r#"{"jsonrpc":"2.0","method":"profile.update","params":{"name":"A","email":"b","phone":"c"}}"#;
    let batch = Bytes::from(format!("[{}]", vec![call; 1000].join(",")));
    for _ in 0..6 {
        client.send("POST", "/jsonrpc", &headers, batch.clone()).await.unwrap();
    }
    let reply = client.send("GET", "/api/v1/shipments/1001", &headers, Bytes::new()).await.unwrap();
    assert!(reply.text().contains("before the flood") && reply.status == 200);
    client.send("POST", "/jsonrpc", &headers, batch).await.unwrap();
    let reply = client.send("GET", "/api/v1/shipments/1001", &headers, Bytes::new()).await.unwrap();
    assert!(!reply.text().contains("before the flood") && reply.status == 200);
}
