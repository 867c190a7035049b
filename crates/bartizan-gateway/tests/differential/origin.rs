//! An origin that takes what comes, remembers it, and answers `ok`.

use std::{
    io::{self, Read, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// A request, perhaps not all of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_whole: bool,
}

/// Fields that proxies add about the client and the connection; they are no part of a comparison.
const ADDED: [&str; 9] = [
    "connection",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-request-id",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "traceparent",
    "via",
];

/// A request as one text: the first line, fields with small names in order of the alphabet without
/// those that proxies add, an empty line, the body without chunked coding (the field stays).
pub(crate) fn canonical(seen: &Seen) -> String {
    let head: String = seen.head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let mut fields: Vec<String> = lines
        .filter_map(|line| {
            let Some((name, value)) = line.split_once(':') else { return Some(line.to_owned()) };
            let name = name.to_ascii_lowercase();
            (!ADDED.contains(&name.as_str())).then(|| format!("{name}: {}", value.trim()))
        })
        .collect();
    fields.sort();
    let body: String = seen.body.iter().map(|byte| char::from(*byte)).collect();
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{first}\r\n{fields}\r\n{body}")
}

/// What naive readers make of bytes as they are: the requests in canonical form.
pub(crate) fn as_sent(bytes: &[u8]) -> Vec<String> {
    let (mut stream, mut read) = (bytes, Vec::new());
    let mut out = Vec::new();
    while let Ok(head) = head(&mut stream, &mut read) {
        let body = body(&mut stream, &mut read, &head).unwrap_or_default();
        out.push(canonical(&Seen { head, body, is_whole: true }));
    }
    out
}

/// The origin; it lives as long as the process.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

/// Longest time that the end of a request is waited for whose client has gone.
const LINGER: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    /// In the order in which heads came, with a number for each.
    seen: Mutex<(usize, Vec<(usize, Seen)>)>,
}

impl Shared {
    fn push(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.0 += 1;
        let number = all.0;
        all.1.push((number, seen));
        number
    }

    /// The rest of a request; of one that was taken already nothing is kept.
    fn complete(&self, wanted: usize, body: Vec<u8>) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, seen)) = all.1.iter_mut().find(|(number, _)| *number == wanted) {
            (seen.body, seen.is_whole) = (body, true);
        }
    }
}

impl Origin {
    /// Listens.
    pub(crate) fn start(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let origin = Self { address: listener.local_addr()?, shared: Arc::default() };
        let shared = Arc::clone(&origin.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Relaxed);
                let shared = Arc::clone(&shared);
                // How a connection ends is the business of who opened it.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Ok(origin)
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Relaxed)
    }

    /// What came since the last call, its ends too if they come soon.
    pub(crate) fn take(&self) -> Vec<Seen> {
        let began = Instant::now();
        loop {
            let mut all = self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if all.1.iter().all(|(_, seen)| seen.is_whole) || began.elapsed() > LINGER {
                return std::mem::take(&mut all.1).into_iter().map(|(_, seen)| seen).collect();
            }
            drop(all);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reads one request after the other. What was begun is remembered too: a head that has gone on
/// cannot be called back.
fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let head = match head(&mut stream, &mut read) {
            Ok(head) => head,
            Err(error) => {
                if !read.is_empty() {
                    shared.push(Seen { head: read, ..Seen::default() });
                }
                return Err(error);
            }
        };
        let number = shared.push(Seen { head: head.clone(), ..Seen::default() });
        shared.complete(number, body(&mut stream, &mut read, &head)?);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")?;
    }
}

/// The bytes before the empty line.
fn head(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let end = find(stream, read, b"\r\n\r\n")?;
    let head = read.drain(..end).collect();
    read.drain(..4);
    Ok(head)
}

/// The body, without chunks; believes chunks before a length, and the first of several lengths.
fn body(stream: &mut impl Read, read: &mut Vec<u8>, head: &[u8]) -> io::Result<Vec<u8>> {
    let head = head.to_ascii_lowercase();
    let field = |name: &[u8]| {
        let at = head.windows(name.len()).position(|w| w == name)? + name.len();
        let value = head[at..].split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(value).ok().map(str::trim)
    };
    if field(b"\r\ntransfer-encoding:").is_some() {
        return chunks(stream, read);
    }
    let length = field(b"\r\ncontent-length:").map_or(Ok(0), str::parse);
    let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
    fill(stream, read, length)?;
    Ok(read.drain(..length).collect())
}

fn chunks(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(stream, read, b"\r\n")?;
        let line: Vec<u8> = read.drain(..end + 2).collect();
        let digits = line.split(|byte| b"; \r".contains(byte)).next().unwrap_or_default();
        let size = std::str::from_utf8(digits).ok();
        let size = size.and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.ok_or(io::ErrorKind::InvalidData)?;
        if size == 0 {
            break;
        }
        fill(stream, read, size.saturating_add(2))?;
        body.extend(read.drain(..size));
        read.drain(..2);
    }
    loop {
        let end = find(stream, read, b"\r\n")?;
        read.drain(..end + 2);
        if end == 0 {
            return Ok(body);
        }
    }
}

fn find(stream: &mut impl Read, read: &mut Vec<u8>, wanted: &[u8]) -> io::Result<usize> {
    loop {
        if let Some(at) = read.windows(wanted.len()).position(|w| w == wanted) {
            return Ok(at);
        }
        more(stream, read)?;
    }
}

fn fill(stream: &mut impl Read, read: &mut Vec<u8>, count: usize) -> io::Result<()> {
    while read.len() < count {
        more(stream, read)?;
    }
    Ok(())
}

fn more(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 4096];
    match stream.read(&mut piece)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => {
            read.extend_from_slice(&piece[..count]);
            Ok(())
        }
    }
}
