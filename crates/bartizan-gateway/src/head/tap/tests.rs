use std::{
    future::poll_fn,
    sync::{Arc, Weak},
};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

use super::*;
use crate::listen::{Peer, tls};

/// Longer than anything takes that ends.
const PATIENCE: Duration = Duration::from_secs(8);
const SHORT: Duration = Duration::from_millis(200);

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

fn link() -> Arc<Link> {
    let address = "127.0.0.1:1".parse().unwrap();
    Arc::new(Link::new(1, Peer::new(address, address, false), Weak::new()))
}

fn deadlines() -> ClientDeadlines {
    ClientDeadlines { head: SHORT, idle: SHORT, write_stall: PATIENCE }
}

/// Reads once: the bytes that came, none at the end.
async fn read(tap: &mut Tap) -> Vec<u8> {
    let mut space = [0; 1024];
    let mut buf = ReadBuf::new(&mut space);
    let read = poll_fn(|cx| Pin::new(&mut *tap).poll_read(cx, &mut buf));
    tokio::time::timeout(PATIENCE, read).await.expect("an end").unwrap();
    buf.filled().to_vec()
}

/// An exchange that goes away without a decision, however that came about.
#[tokio::test]
async fn an_upgrade_that_nobody_decides_ends() {
    let (client, socket) = pair().await;
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    client.try_write(head.as_bytes()).unwrap();
    let link = link();
    let mut tap = Tap::strict(
        Socket::Tcp(socket),
        Arc::clone(&link),
        BytesMut::new(),
        HeadLimits::default(),
        deadlines(),
    );
    assert_eq!(read(&mut tap).await, head.as_bytes());
    assert_eq!(link.upgrade(), Upgrade::Undecided);
    let began = Instant::now();
    assert_eq!(read(&mut tap).await, b"", "the end");
    assert!(began.elapsed() >= SHORT / 2);
}

/// As long as the exchange is under way, its own deadlines hold.
#[tokio::test]
async fn an_upgrade_under_way_is_waited_for() {
    let (client, socket) = pair().await;
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    client.try_write(head.as_bytes()).unwrap();
    let link = link();
    let mut tap = Tap::strict(
        Socket::Tcp(socket),
        Arc::clone(&link),
        BytesMut::new(),
        HeadLimits::default(),
        deadlines(),
    );
    read(&mut tap).await;
    link.begin();
    let deciding = Arc::clone(&link);
    tokio::spawn(async move {
        tokio::time::sleep(SHORT * 3).await;
        deciding.set_upgrade(Upgrade::Accepted);
    });
    client.try_write(b"frames").unwrap();
    assert_eq!(read(&mut tap).await, b"frames");
}

/// A client that reads nothing cannot keep a connection that TLS wants to close.
#[tokio::test]
async fn closing_tls_has_an_end() {
    let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let chain: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(chain).unwrap();
    let client = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (connecting, socket) = pair().await;
    let name = ServerName::try_from("a.example").unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let (client, server) = tokio::join!(
        connector.connect(name, connecting),
        TlsAcceptor::from(Arc::new(server)).accept(socket)
    );
    let (_client, socket) = (client.unwrap(), Socket::Server(Box::new(server.unwrap())));
    let mut tap = Tap::http2(socket, link(), BytesMut::new(), deadlines());
    // Until nothing more is taken for a while: neither by the socket nor by TLS.
    let bytes = [0; 16 * 1024];
    let mut write = |cx: &mut Context<'_>| Pin::new(&mut tap).poll_write(cx, &bytes);
    while tokio::time::timeout(SHORT, poll_fn(&mut write)).await.is_ok() {}
    let began = Instant::now();
    let close = poll_fn(|cx| Pin::new(&mut tap).poll_shutdown(cx));
    tokio::time::timeout(PATIENCE, close).await.expect("closed").unwrap();
    assert!(began.elapsed() >= LINGER_TIME / 2, "it was given time");
}
