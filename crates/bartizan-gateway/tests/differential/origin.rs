//! An origin that takes what comes, remembers it, and answers `ok`.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// A request, perhaps not all of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    head: Vec<u8>,
    body: Vec<u8>,
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

/// The origin; it lives as long as the process.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Origin {
    /// Listens.
    pub(crate) fn start(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let origin = Self { address: listener.local_addr()?, seen: Arc::default() };
        let shared = Arc::clone(&origin.seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                // How a connection ends is the business of who opened it.
                thread::spawn(move || drop(serve(stream, &seen)));
            }
        });
        Ok(origin)
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads one request after the other. What was begun is remembered too: a head that has gone on
/// cannot be called back.
fn serve(mut stream: TcpStream, all: &Mutex<Vec<Seen>>) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let mut seen = Seen::default();
        let result = request(&mut stream, &mut read, &mut seen);
        if !seen.head.is_empty() || !read.is_empty() {
            if seen.head.is_empty() {
                seen.head = std::mem::take(&mut read);
            }
            all.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        }
        result?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")?;
    }
}

fn request(stream: &mut TcpStream, read: &mut Vec<u8>, seen: &mut Seen) -> io::Result<()> {
    let end = find(stream, read, b"\r\n\r\n")?;
    seen.head = read.drain(..end).collect();
    read.drain(..4);
    let head = seen.head.to_ascii_lowercase();
    let field = |name: &[u8]| {
        let at = head.windows(name.len()).position(|w| w == name)? + name.len();
        let value = head[at..].split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(value).ok().map(str::trim)
    };
    if field(b"\r\ntransfer-encoding:").is_some() {
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
            seen.body.extend(read.drain(..size));
            read.drain(..2);
        }
        while find(stream, read, b"\r\n")? > 0 {
            let end = find(stream, read, b"\r\n")?;
            read.drain(..end + 2);
        }
        read.drain(..2);
    } else if let Some(length) = field(b"\r\ncontent-length:") {
        let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        fill(stream, read, length)?;
        seen.body = read.drain(..length).collect();
    }
    seen.is_whole = true;
    Ok(())
}

fn find(stream: &mut TcpStream, read: &mut Vec<u8>, wanted: &[u8]) -> io::Result<usize> {
    loop {
        if let Some(at) = read.windows(wanted.len()).position(|w| w == wanted) {
            return Ok(at);
        }
        more(stream, read)?;
    }
}

fn fill(stream: &mut TcpStream, read: &mut Vec<u8>, count: usize) -> io::Result<()> {
    while read.len() < count {
        more(stream, read)?;
    }
    Ok(())
}

fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 4096];
    match stream.read(&mut piece)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => {
            read.extend_from_slice(&piece[..count]);
            Ok(())
        }
    }
}
