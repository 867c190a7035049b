//! Sends a case to a proxy and says what became of it.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    Case, http2, latin1,
    origin::{Origin, canonical},
};

/// Pause between drops of a slow request.
const DROP: Duration = Duration::from_millis(100);

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a first byte.
    pub(crate) first: Duration,
    /// For more behind it; then nothing more comes.
    pub(crate) quiet: Duration,
    /// For a slow request to be cut.
    pub(crate) slow: Duration,
}

/// What a proxy did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What reached the origin, in canonical form.
    pub(crate) forwarded: Vec<String>,
    /// How many of them were not whole.
    pub(crate) broken_off: usize,
    /// Statuses in order; for HTTP/2 perhaps `reset` or `closed`.
    pub(crate) statuses: Vec<String>,
    /// All that came back; for HTTP/2 the body.
    pub(crate) text: String,
    /// Whether the proxy closed the connection.
    pub(crate) is_closed: bool,
    /// From the first byte sent to the last one read.
    pub(crate) took: Duration,
}

/// Sends a case. HTTP/2 goes to an address of its own, as some proxies want that.
pub(crate) fn fire(
    case: &Case,
    (http1, http2): (SocketAddr, SocketAddr),
    origin: &Origin,
    patience: Patience,
) -> io::Result<Outcome> {
    origin.take();
    let is_http2 = !case.http2.is_empty();
    let mut stream = TcpStream::connect(if is_http2 { http2 } else { http1 })?;
    stream.set_nodelay(true)?;
    let bytes = if is_http2 { http2::encode(&case.http2) } else { latin1(&case.bytes) };
    let began = Instant::now();
    stream.write_all(&bytes)?;
    let (mut read, mut is_closed) = (Vec::new(), false);
    if let Some(drip) = &case.drip {
        is_closed = drip_until(&mut stream, drip, &mut read, patience.slow)?;
    }
    let took_slow = began.elapsed();
    while !(is_closed || case.drip.is_some() && read.is_empty()) {
        let fate = is_http2.then(|| http2::fate(&read, false));
        if fate.as_ref().is_some_and(|fate| fate.is_over) {
            break;
        }
        let has_begun = fate.map_or(!read.is_empty(), |fate| fate.what.is_some());
        let wait = if has_begun { patience.quiet } else { patience.first };
        stream.set_read_timeout(Some(wait))?;
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => is_closed = true,
            Ok(count) => read.extend_from_slice(&piece[..count]),
            Err(error) if is_pause(&error) => break,
            Err(_) => is_closed = true,
        }
    }
    drop(stream);
    let seen = origin.take();
    let (text, statuses) = if is_http2 {
        let fate = http2::fate(&read, is_closed);
        (text(&fate.body), fate.what.into_iter().collect())
    } else {
        let text = text(&read);
        let answers = text.split("HTTP/1.").skip(1);
        let statuses = answers.filter_map(|answer| answer.get(2..5).map(str::to_owned));
        // A text may name the protocol too.
        let is_status = |status: &String| status.bytes().all(|byte| byte.is_ascii_digit());
        let statuses = statuses.filter(is_status).collect();
        (text, statuses)
    };
    Ok(Outcome {
        broken_off: seen.iter().filter(|seen| !seen.is_whole).count(),
        forwarded: seen.iter().map(canonical).collect(),
        statuses,
        text,
        is_closed,
        took: if case.drip.is_some() { took_slow } else { began.elapsed() },
    })
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Drips until an answer or the end comes, or time is over. Whether the connection was closed.
fn drip_until(
    stream: &mut TcpStream,
    drip: &str,
    read: &mut Vec<u8>,
    longest: Duration,
) -> io::Result<bool> {
    let began = Instant::now();
    stream.set_read_timeout(Some(DROP))?;
    while began.elapsed() < longest {
        if stream.write_all(&latin1(drip)).is_err() {
            return Ok(true);
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => return Ok(true),
            Ok(count) => {
                read.extend_from_slice(&piece[..count]);
                return Ok(false);
            }
            Err(error) if is_pause(&error) => {}
            Err(_) => return Ok(true),
        }
    }
    Ok(false)
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
