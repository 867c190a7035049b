//! Captures of real exchanges on the loopback interface, where that is permitted.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{super::Source, *};
use crate::sources::{Item, tests::split};

static NEVER: AtomicBool = AtomicBool::new(false);

/// The time of day, which the kernel stamps packets with.
pub(in super::super::super) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(now.as_micros()).expect("before the year 294247"))
}

/// Whether this process may capture; in CI it is told which test does nothing.
pub(in super::super::super) fn is_permitted(test: &str) -> bool {
    match Tap::open(&LiveOptions::of("lo"), now) {
        Ok(_) => true,
        Err(OpenError::NotPermitted | OpenError::NotLinux) => {
            eprintln!("skipped: no permission to capture: {test}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// A server that answers each request of `clients` connections with a body of so many bytes.
pub(in super::super::super) fn server(
    clients: usize,
    body: usize,
) -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let serve = move || {
        for _ in 0..clients {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut piece = [0; 1024];
                let size = stream.read(&mut piece).expect("a request");
                assert!(size > 0, "the head ends");
                head.extend(&piece[..size]);
            }
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {body}\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("answered");
            stream.write_all(&vec![b'x'; body]).expect("answered");
        }
    };
    (address, thread::spawn(serve))
}

pub(in super::super::super) fn get(from: SocketAddr, path: &str) {
    let mut stream = TcpStream::connect(from).expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

fn capture(port: u16, until: Until) -> LiveSource {
    let options =
        LiveOptions { ports: Ports::new(&[port]).expect("a port"), ..LiveOptions::of("lo") };
    LiveSource::open(&options, until, now).expect("captures")
}

fn rest(source: &mut LiveSource) -> Vec<Result<Item, SourceError>> {
    std::iter::from_fn(|| source.next()).collect()
}

#[test]
fn an_exchange_on_loopback_is_read_once_with_all_its_bytes() {
    if !is_permitted("an_exchange_on_loopback_is_read_once_with_all_its_bytes") {
        return;
    }
    let size = 3 * 1024 * 1024;
    let (address, serving) = server(2, size);
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let until = Until { stop: &NEVER, deadline, exchanges: Some(2) };
    let mut source = capture(address.port(), until);
    for path in ["/v1/orders/7", "/v1/orders/8?a=b"] {
        get(address, path);
    }
    serving.join().expect("served");
    let (exchanges, skipped) = split(rest(&mut source));
    assert_eq!(skipped, Vec::<String>::new(), "nothing comes twice, nothing is lost");
    let targets: Vec<_> = exchanges.iter().map(|e| &*e.request.target).collect();
    assert_eq!(targets, ["/v1/orders/7", "/v1/orders/8?a=b"]);
    for exchange in &exchanges {
        let response = exchange.response.as_ref().expect("an answer");
        assert_eq!((response.status, response.body.len()), (200, size));
        assert_eq!(exchange.server, Some((address.ip(), Some(address.port()))));
        let age = now().since(exchange.time.expect("a time"));
        assert!((0..60_000_000).contains(&age.as_micros()), "{age:?}");
        assert_eq!(exchange.source.as_deref(), Some("interface lo"));
    }
    assert_ne!(exchanges[0].id, exchanges[1].id);
    assert_ne!(exchanges[0].connection_id, exchanges[1].connection_id);
    assert!(source.position() > 2 * size as u64);
}

#[test]
fn a_capture_ends_by_itself_and_says_that_nothing_came() {
    if !is_permitted("a_capture_ends_by_itself_and_says_that_nothing_came") {
        return;
    }
    // Nobody else has the port as long as it is bound.
    let bound = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = bound.local_addr().expect("bound").port();
    let deadline = Some(Instant::now() + Duration::from_millis(300));
    let mut source = capture(port, Until { stop: &NEVER, deadline, exchanges: None });
    let items = rest(&mut source);
    let [Err(error)] = &items[..] else { panic!("{items:?}") };
    assert!(error.is_empty_input(), "{error}");
    assert!(error.to_string().contains("interface lo has nothing to analyze"), "{error}");
}

#[test]
fn an_interrupt_ends_a_capture_in_order() {
    static STOP: AtomicBool = AtomicBool::new(false);
    if !is_permitted("an_interrupt_ends_a_capture_in_order") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let until = Until { stop: &STOP, deadline: None, exchanges: None };
    let mut source = capture(address.port(), until);
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.write_all(b"GET /open HTTP/1.1\r\nhost: api.test\r\n\r\n").expect("sent");
    let stop = thread::spawn(|| {
        sleep(Duration::from_millis(300));
        STOP.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let (exchanges, _) = split(rest(&mut source));
    stop.join().expect("stopped");
    assert_eq!(exchanges.len(), 1, "what was open comes out");
    assert_eq!(exchanges[0].request.target, "/open");
}

#[test]
fn who_cannot_capture_is_told_what_to_do() {
    for name in ["", "a/b", "a b", "sixteen-letters-", "eth0\n"] {
        assert!(!is_interface(name), "{name:?}");
    }
    assert!(is_interface("eth0.100") && is_interface(ANY));
    let denied = OpenError::from(io::Error::from(io::ErrorKind::PermissionDenied)).of("eth0");
    let denied = denied.to_string();
    assert!(denied.starts_with("cannot capture on eth0: "), "{denied}");
    assert!(denied.contains("sudo setcap cap_net_raw+ep /"), "{denied}");
    let until = Until { stop: &NEVER, deadline: None, exchanges: None };
    let error = LiveSource::open(&LiveOptions::of("bartizan-none"), until, now).err();
    let error = error.expect("no such interface").to_string();
    let expected = if cfg!(target_os = "linux") { "no such interface" } else { "needs Linux" };
    assert!(error.contains(expected), "{error}");
    let options = LiveOptions { key_log: Some("/nowhere/keys".into()), ..LiveOptions::of("lo") };
    let error = LiveSource::open(&options, until, now).err().expect("no key log").to_string();
    assert!(error.contains("cannot read its key log"), "{error}");
}
