//! What is sent once more over HTTP/2: what the upstream says that it left, whatever the method, and
//! nothing that it may have executed.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bartizan_gateway::{AllowAll, Gateway, Handover, Running, config::UpstreamProtocol};
use h2::Reason;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::harness::{
    Client, Upstream, config_with,
    http2::{DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, SETTINGS},
    until,
};

const ACK: u8 = 1;
const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";

/// Requests as they came: method and body.
type Seen = Arc<Mutex<Vec<String>>>;

/// An upstream that resets the first streams for this reason, after it has read them, and answers all
/// others.
async fn resetting(reason: Reason, first: usize) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let all = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(reset_first(stream, reason, first, all.clone()));
        }
    });
    (address, seen)
}

async fn reset_first(stream: TcpStream, reason: Reason, first: usize, seen: Seen) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let seen = seen.clone();
        tokio::spawn(async move {
            let (parts, mut body) = request.into_parts();
            let mut text = format!("{} ", parts.method);
            while let Some(Ok(piece)) = body.data().await {
                text.push_str(std::str::from_utf8(&piece).unwrap());
            }
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(text);
                seen.len()
            };
            if number <= first {
                respond.send_reset(reason);
                return;
            }
            let mut out = respond.send_response(http::Response::new(()), false).unwrap();
            out.send_data("ok".into(), true).unwrap();
        });
    }
}

/// An upstream that ends its first connection at the first request, saying that `last` is the last
/// stream that it processed or may have, and answers on all others.
async fn leaving(last: u32, reason: Reason) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let all = seen.clone();
    tokio::spawn(async move {
        let mut goaway = Some([last.to_be_bytes(), u32::from(reason).to_be_bytes()].concat());
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(leave(stream, goaway.take(), all.clone()));
        }
    });
    (address, seen)
}

async fn leave(mut stream: TcpStream, goaway: Option<Vec<u8>>, seen: Seen) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    write(&mut stream, SETTINGS, 0, 0, &[]).await?;
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.ok()?;
        let (kind, flags, id) = (head[3], head[4], [head[5], head[6], head[7], head[8]]);
        match kind {
            SETTINGS if flags & ACK == 0 => write(&mut stream, SETTINGS, ACK, 0, &[]).await?,
            DATA => body.extend(payload),
            HEADERS => {}
            _ => continue,
        }
        if kind == SETTINGS || flags & END_STREAM == 0 {
            continue;
        }
        seen.lock().unwrap().push(String::from_utf8(std::mem::take(&mut body)).unwrap());
        if let Some(goaway) = &goaway {
            write(&mut stream, GOAWAY, 0, 0, goaway).await?;
            stream.shutdown().await.ok()?;
            return None;
        }
        let ok = [0x88];
        let id = u32::from_be_bytes(id);
        write(&mut stream, HEADERS, END_HEADERS | END_STREAM, id, &ok).await?;
    }
}

async fn write(stream: &mut TcpStream, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Option<()> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(id.to_be_bytes());
    bytes.extend(payload);
    stream.write_all(&bytes).await.ok()
}

async fn gateway(upstream: SocketAddr) -> Running {
    let unused = Upstream::ok().await;
    let config = config_with(&unused, |config| {
        config.services[0].upstreams = vec![upstream.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
    });
    Gateway::start(&config, Arc::new(AllowAll), Handover::none()).await.unwrap()
}

#[tokio::test]
async fn what_was_refused_is_sent_again_whatever_the_method() {
    for (request, body) in [(GET, "GET "), (POST, "POST abc")] {
        let (upstream, seen) = resetting(Reason::REFUSED_STREAM, 2).await;
        let running = gateway(upstream).await;
        let response = Client::ask(running.addresses()[0], request).await;
        assert_eq!((response.status, response.text()), (200, "ok"), "{body}");
        assert_eq!(*seen.lock().unwrap(), [body; 3]);
        assert!(running.metrics().contains("retries_total 2"));
    }
}

#[tokio::test]
async fn what_is_refused_for_ever_is_given_up() {
    let (upstream, seen) = resetting(Reason::REFUSED_STREAM, usize::MAX).await;
    let running = gateway(upstream).await;
    assert_eq!(Client::ask(running.addresses()[0], POST).await.status, 502);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_was_reset_otherwise_may_have_been_executed() {
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        for request in [GET, POST] {
            let (upstream, seen) = resetting(reason, 1).await;
            let running = gateway(upstream).await;
            let response = Client::ask(running.addresses()[0], request).await;
            assert_eq!(response.status, 502, "{reason:?} {request}");
            assert_eq!(seen.lock().unwrap().len(), 1, "{reason:?} {request}");
        }
    }
}

#[tokio::test]
async fn what_was_left_at_a_farewell_is_sent_again_on_another_connection() {
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        for (request, body) in [(GET, ""), (POST, "abc")] {
            let (upstream, seen) = leaving(0, reason).await;
            let running = gateway(upstream).await;
            let response = Client::ask(running.addresses()[0], request).await;
            assert_eq!(response.status, 200, "{reason:?} {request}");
            assert_eq!(*seen.lock().unwrap(), [body; 2]);
        }
    }
}

#[tokio::test]
async fn what_was_begun_before_a_farewell_is_not() {
    for reason in [Reason::NO_ERROR, Reason::INTERNAL_ERROR] {
        for request in [GET, POST] {
            let (upstream, seen) = leaving(1, reason).await;
            let running = gateway(upstream).await;
            let response = Client::ask(running.addresses()[0], request).await;
            assert_eq!(response.status, 502, "{reason:?} {request}");
            assert_eq!(seen.lock().unwrap().len(), 1, "{reason:?} {request}");
        }
    }
}

/// Connections of [`restarting`] that say farewell: more than a request has attempts.
const OLD: usize = 4;

/// An upstream that takes two streams on a connection. On the first connections it answers the second
/// stream only when it is told to, says farewell then, and never answers the first; on all others it
/// answers at once.
async fn restarting(told: watch::Receiver<bool>) -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(0));
    let all = seen.clone();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(restart(stream, number < OLD, told.clone(), all.clone()));
        }
    });
    (address, seen)
}

async fn restart(
    mut stream: TcpStream,
    is_old: bool,
    mut told: watch::Receiver<bool>,
    seen: Arc<Mutex<usize>>,
) -> Option<()> {
    const AT_A_TIME: [u8; 6] = [0, 3, 0, 0, 0, 2];
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    write(&mut stream, SETTINGS, 0, 0, &AT_A_TIME).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.ok()?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        if head[3] == SETTINGS && head[4] & ACK == 0 {
            write(&mut stream, SETTINGS, ACK, 0, &[]).await?;
        }
        // What comes behind the farewell is left, as it says.
        if head[3] != HEADERS || is_old && id > 3 {
            continue;
        }
        *seen.lock().unwrap() += 1;
        if is_old && id == 1 {
            continue;
        }
        if is_old {
            told.wait_for(|told| *told).await.ok()?;
        }
        write(&mut stream, HEADERS, END_HEADERS | END_STREAM, id, &[0x88]).await?;
        if is_old {
            write(&mut stream, GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 0]).await?;
        }
    }
}

#[tokio::test]
async fn more_farewells_than_attempts_cost_no_answer() {
    let (tell, told) = watch::channel(false);
    let (upstream, seen) = restarting(told).await;
    let running = gateway(upstream).await;
    let address = running.addresses()[0];
    let mut clients = Vec::new();
    for number in 1..=2 * OLD {
        let mut client = Client::connect(address).await;
        client.send(GET).await;
        until("it is there", || *seen.lock().unwrap() == number).await;
        clients.push(client);
    }
    tell.send(true).unwrap();
    for client in clients.iter_mut().skip(1).step_by(2) {
        assert_eq!(client.response().await.status, 200);
    }
    // Every old connection has room, and takes nothing.
    assert_eq!(Client::ask(address, POST).await.status, 200);
    let asked = (0..8).map(|_| tokio::spawn(Client::ask(address, POST)));
    for answer in asked.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    assert_eq!(*seen.lock().unwrap(), 2 * OLD + 9);
}
