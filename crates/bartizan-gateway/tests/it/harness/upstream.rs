//! An upstream that remembers every byte and answers what it is told to.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::client::fields;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    /// The body without chunked coding.
    pub(crate) body: Vec<u8>,
    /// The raw trailer section.
    pub(crate) trailers: String,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        fields(&self.head, name)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

/// What an upstream does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers and goes on.
    Bytes(Vec<u8>),
    /// Answers and closes.
    Last(Vec<u8>),
    /// Answers in pieces with a pause before each, and goes on.
    Slow(Vec<(Duration, Vec<u8>)>),
    /// Closes without an answer.
    Close,
    /// Never answers.
    Silence,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        bytes.push_str("");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }

    pub(crate) fn bytes(text: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(text.into())
    }
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The upstream.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Upstream {
    /// Answers `ok` to everything.
    pub(crate) async fn ok() -> Self {
        Self::new(|_| Reply::ok("ok")).await
    }

    pub(crate) async fn new(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Self {
            address,
            seen: Arc::default(),
            connections: Arc::default(),
            open: Arc::default(),
        };
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen, connections, open) =
            (upstream.seen.clone(), upstream.connections.clone(), upstream.open.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = connections.fetch_add(1, SeqCst);
                let (handler, seen, open) = (handler.clone(), seen.clone(), open.clone());
                tokio::spawn(async move {
                    open.fetch_add(1, SeqCst);
                    let _ = serve(stream, connection, &seen, &*handler).await;
                    open.fetch_sub(1, SeqCst);
                });
            }
        });
        upstream
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    seen: &Mutex<Vec<Seen>>,
    handler: &Handler,
) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let request = request(&mut stream, &mut read, connection).await?;
        seen.lock().unwrap().push(request.clone());
        match handler(&request) {
            Reply::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Reply::Last(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                return None;
            }
            Reply::Slow(pieces) => {
                for (pause, piece) in pieces {
                    tokio::time::sleep(pause).await;
                    stream.write_all(&piece).await.ok()?;
                }
            }
            Reply::Close => return None,
            Reply::Silence => {
                let mut rest = [0; 1024];
                while stream.read(&mut rest).await.ok()? > 0 {}
                return None;
            }
        }
    }
}

async fn request(stream: &mut TcpStream, read: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    let end = find(stream, read, b"\r\n\r\n").await?;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    read.drain(..end + 4);
    let mut seen = Seen { head, body: Vec::new(), trailers: String::new(), connection };
    if seen.field("transfer-encoding").is_some() {
        loop {
            let end = find(stream, read, b"\r\n").await?;
            let size = usize::from_str_radix(std::str::from_utf8(&read[..end]).ok()?, 16).ok()?;
            read.drain(..end + 2);
            if size == 0 {
                break;
            }
            fill(stream, read, size + 2).await?;
            seen.body.extend(read.drain(..size));
            read.drain(..2);
        }
        loop {
            let end = find(stream, read, b"\r\n").await?;
            let line = String::from_utf8_lossy(&read[..end]).into_owned();
            read.drain(..end + 2);
            if line.is_empty() {
                return Some(seen);
            }
            seen.trailers.push_str(&line);
        }
    }
    if let Some(length) = seen.field("content-length") {
        let length = length.parse().unwrap();
        fill(stream, read, length).await?;
        seen.body = read.drain(..length).collect();
    }
    Some(seen)
}

async fn find(stream: &mut TcpStream, read: &mut Vec<u8>, wanted: &[u8]) -> Option<usize> {
    loop {
        if let Some(at) = read.windows(wanted.len()).position(|w| w == wanted) {
            return Some(at);
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

async fn fill(stream: &mut TcpStream, read: &mut Vec<u8>, count: usize) -> Option<()> {
    while read.len() < count {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    Some(())
}
