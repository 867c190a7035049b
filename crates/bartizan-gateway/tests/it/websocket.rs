//! WebSockets through the gateway.

use std::sync::{Arc, Mutex};

use bartizan_gateway::{
    AllowAll, Call, Gateway, Handover, Policies, Running, handover, websocket::Message,
};

use http::request::Parts;

use crate::harness::{Client, Reply, Upstream, config_with, gateway_with, until};

pub(crate) const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// An upstream that answers the handshake and then sends back each frame, unmasked.
pub(crate) async fn echo() -> (std::net::SocketAddr, Arc<Mutex<String>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let head = Arc::new(Mutex::new(String::new()));
    let seen = head.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"\r\n\r\n") {
                    bytes.push(stream.read_u8().await.ok()?);
                }
                *seen.lock().unwrap() = String::from_utf8(bytes).unwrap();
                stream.write_all(ACCEPTED.as_bytes()).await.ok()?;
                loop {
                    let mut head = [0; 6];
                    stream.read_exact(&mut head).await.ok()?;
                    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
                    stream.read_exact(&mut payload).await.ok()?;
                    for (at, byte) in payload.iter_mut().enumerate() {
                        *byte ^= head[2 + at % 4];
                    }
                    stream.write_all(&[head[0], payload.len() as u8]).await.ok()?;
                    stream.write_all(&payload).await.ok()?;
                }
                #[allow(unreachable_code)]
                Some(())
            });
        }
    });
    (address, head)
}

pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [9, 8, 7, 6];
    let mut out = vec![first, 0x80 | payload.len() as u8];
    out.extend(key);
    out.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    out
}

async fn start(policies: Arc<dyn Policies>, handover: Handover) -> (Running, Arc<Mutex<String>>) {
    let (address, head) = echo().await;
    let unused = Upstream::ok().await;
    let config = config_with(&unused, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.limits.websocket_frame_bytes = 125;
    });
    (Gateway::start(&config, policies, handover).await.unwrap(), head)
}

#[tokio::test]
async fn messages_go_both_ways_and_are_handed_over() {
    let (handover, mut receiver) = handover::channel(100, 1 << 20);
    let (running, head) = start(Arc::new(AllowAll), handover).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    // The first message comes with the handshake.
    client.send([HANDSHAKE.as_bytes(), &masked(0x81, b"hello")].concat()).await;
    let response = client.response().await;
    assert_eq!((response.status, response.field("upgrade")), (101, Some("websocket")));
    assert_eq!(client.take(7).await, b"\x81\x05hello");
    client.send(masked(0x01, b"in ")).await;
    client.send(masked(0x89, b"ping")).await;
    assert_eq!(client.take(6).await, b"\x89\x04ping");
    client.send(masked(0x80, b"pieces")).await;
    assert_eq!(client.take(13).await, b"\x01\x03in \x80\x06pieces");
    client.send(masked(0x88, &[3, 232])).await;
    assert_eq!(client.take(4).await, b"\x88\x02\x03\xe8");
    assert!(client.is_closed().await);
    let head = head.lock().unwrap().to_ascii_lowercase();
    assert!(!head.contains("extensions") && head.contains("upgrade: websocket"), "{head}");

    let mut messages = Vec::new();
    while messages.len() < 4 {
        let exchange = receiver.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!(exchange.request.target, "/chat");
        for message in &exchange.messages {
            assert_eq!(
                (exchange.request.scheme.as_str(), exchange.protocol.as_deref()),
                ("ws", Some("websocket"))
            );
            messages.push((message.from_client, String::from_utf8(message.data.to_vec()).unwrap()));
        }
    }
    messages.sort();
    let wanted = [(false, "hello"), (false, "in pieces"), (true, "hello"), (true, "in pieces")];
    assert_eq!(messages, wanted.map(|(from_client, text)| (from_client, text.to_owned())));
    until("no connection", || running.connections() == 0).await;
}

#[tokio::test]
async fn violations_close_both_sides() {
    let (running, _) = start(Arc::new(AllowAll), Handover::none()).await;
    let oversized = [&[0x82, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat();
    for (bytes, code) in [
        (b"\x81\x05hello".to_vec(), 1002u16),
        (masked(0xc1, b"x"), 1002),
        (masked(0x83, b"x"), 1002),
        (masked(0x80, b"x"), 1002),
        (masked(0x81, b"\xff\xfe"), 1007),
        (oversized, 1009),
    ] {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(HANDSHAKE).await;
        assert_eq!(client.response().await.status, 101);
        client.send(&bytes).await;
        let close = client.take(4).await;
        assert_eq!(close, [&[0x88, 2][..], &code.to_be_bytes()].concat(), "{bytes:?}");
    }
    assert!(running.metrics().contains("websocket_violations_total 6"));
}

#[tokio::test]
async fn policies_see_messages_before_the_upstream() {
    struct NoSecrets;
    impl Policies for NoSecrets {
        fn websocket_message(&self, _: &mut Call, _: &Parts, message: &Message) -> bool {
            !(message.from_client && message.data.starts_with(b"secret"))
        }
    }
    let (running, _) = start(Arc::new(NoSecrets), Handover::none()).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(HANDSHAKE).await;
    client.response().await;
    client.send(masked(0x81, b"fine")).await;
    assert_eq!(client.take(6).await, b"\x81\x04fine");
    client.send(masked(0x81, b"secret")).await;
    assert_eq!(client.take(4).await, b"\x88\x02\x03\xf0");
}

#[tokio::test]
async fn a_declined_handshake_stays_http() {
    let upstream = Upstream::new(|seen| match seen.field("upgrade") {
        Some(_) => Reply::bytes("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"),
        None => Reply::ok("ok"),
    })
    .await;
    let running = gateway_with(&upstream, |_| {}).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    // What follows a declined handshake is a request, and is read as strictly.
    let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n";
    client.send([HANDSHAKE, next, bad].concat()).await;
    let response = client.response().await;
    assert_eq!((response.status, response.text()), (403, "no"));
    assert_eq!(client.response().await.text(), "ok");
    assert_eq!(client.response().await.status, 400);
}

#[tokio::test]
async fn websockets_can_be_off() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.services[0].websocket = false).await;
    assert_eq!(Client::ask(running.addresses()[0], HANDSHAKE).await.status, 403);
    let running = gateway_with(&upstream, |config| config.limits.head.websocket = false).await;
    assert_eq!(Client::ask(running.addresses()[0], HANDSHAKE).await.status, 400);
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_handshake_that_is_refused_before_it_goes_on_holds_nothing() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.services[0].hosts = vec!["b".into()];
    })
    .await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send([HANDSHAKE, "GET / HTTP/1.1\r\nHost: b\r\n\r\n"].concat()).await;
    assert_eq!(client.response().await.status, 404);
    assert_eq!(client.response().await.text(), "ok", "the next request is answered");
    let mut other = Client::connect(running.addresses()[0]).await;
    other.send(HANDSHAKE).await;
    assert_eq!(other.response().await.status, 404);
    drop((client, other));
    until("no connection", || running.connections() == 0).await;
}

/// An upstream that answers the handshake, sends this, and gives what it read until the end.
async fn listening(frames: Vec<u8>) -> (std::net::SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let read = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(ACCEPTED.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        let mut read = Vec::new();
        let (done, _) = tokio::join!(from.read_to_end(&mut read), to.write_all(&frames));
        done.unwrap();
        read
    });
    (address, read)
}

/// A graceful stop tells both sides why (RFC 6455 §7.4.1), behind what is on its way.
#[tokio::test]
async fn a_drain_says_going_away_to_both_sides() {
    const FRAME: usize = 1 << 20;
    let frame = [&[0x82, 127][..], &(FRAME as u64).to_be_bytes(), &vec![7; FRAME]].concat();
    for count in [0, 40] {
        let (address, read) = listening(frame.repeat(count)).await;
        let unused = Upstream::ok().await;
        let config =
            config_with(&unused, |config| config.services[0].upstreams = vec![address.to_string()]);
        let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(HANDSHAKE).await;
        assert_eq!(client.response().await.status, 101);
        // With 40 of them, more than sockets hold: one is half written when the end comes. The first is
        // read now: then they are on their way.
        let mut frames = usize::from(count > 0);
        if frames > 0 {
            client.take(10 + FRAME).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let bye = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let close = loop {
                let head = client.take(4).await;
                if head[0] == 0x88 {
                    break head;
                }
                assert_eq!(head[..2], [0x82, 127], "a frame begins behind a whole one");
                client.take(6 + FRAME).await;
                frames += 1;
            };
            assert_eq!(close, b"\x88\x02\x03\xe9");
            assert!(client.is_closed().await);
            drop(client);
            frames
        };
        let (drained, frames) = tokio::join!(running.drain(std::time::Duration::from_secs(9)), bye);
        assert!(drained);
        assert!(count == 0 || (1..count).contains(&frames), "{frames}");
        assert_eq!(read.await.unwrap(), [0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]);
    }
}

/// Who answers a close with a close has ended it: nobody waits for more.
#[tokio::test]
async fn a_close_that_is_answered_ends_at_once() {
    let (running, _) = start(Arc::new(AllowAll), Handover::none()).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.response().await.status, 101);
    let began = std::time::Instant::now();
    client.send(masked(0x88, &[3, 232])).await;
    assert_eq!(client.take(4).await, b"\x88\x02\x03\xe8");
    assert!(client.is_closed().await);
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_dead_upstream_is_passed_over() {
    let (address, _) = echo().await;
    let unused = Upstream::ok().await;
    let dead = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().to_string()
    };
    let config = config_with(&unused, |config| {
        config.services[0].upstreams = vec![dead, address.to_string()];
    });
    let running = Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap();
    for _ in 0..2 {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(HANDSHAKE).await;
        assert_eq!(client.response().await.status, 101);
    }
}

#[tokio::test]
async fn pieces_of_a_message_count_with_their_frames() {
    let (running, _) = start(Arc::new(AllowAll), Handover::none()).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.response().await.status, 101);
    client.send(masked(0x01, &[b'a'; 100])).await;
    // The payload, and the frame that goes on when the message is whole.
    until("both", || running.metrics().contains("buffered_bytes 206")).await;
    client.send(masked(0x80, b"b")).await;
    client.take(105).await;
    until("nothing", || running.metrics().contains("buffered_bytes 0")).await;
}
