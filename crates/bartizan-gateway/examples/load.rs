//! A load with a fixed rate over kept connections: what the benchmarks of the gateway send.
//!
//! `load ADDRESS CONNECTIONS SECONDS RATE [BODY_FILE]`, for example `load 127.0.0.1:8080 32 4 5000`:
//! 5,000 requests per second in all, GET, or POST with a body. One line on standard output:
//! `requests p50_us p99_us p999_us max_us`; anything but a 200 ends the run with an error.
//!
//! Latency is measured from the moment a request was due: a connection that is still waiting for an
//! answer then does not hide the delay (no coordinated omission). When the connection was free and
//! only this program woke up late, it counts from when the request was sent, as that delay is not
//! the server's. One thread for each connection, blocking, because timers of an event loop have a
//! resolution of a millisecond.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

type Failure = Box<dyn Error + Send + Sync>;

/// Paths go over so many orders, and each connection has a token of its own.
const ORDERS: u64 = 50;

#[derive(Clone)]
struct Plan {
    address: SocketAddr,
    connections: u32,
    span: Duration,
    rate: f64,
    body: Option<Vec<u8>>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, connections, seconds, rate, body @ ..] = arguments.as_slice() else {
        return Err("usage: load ADDRESS CONNECTIONS SECONDS RATE [BODY_FILE]".into());
    };
    let plan = Plan {
        address: address.parse()?,
        connections: connections.parse::<u32>()?.clamp(1, 1024),
        span: Duration::try_from_secs_f64(seconds.parse()?)?,
        rate: rate.parse::<f64>()?.max(1.0),
        body: body.first().map(fs::read).transpose()?,
    };
    let begin = Instant::now() + Duration::from_millis(50);
    let threads: Vec<_> = (0..plan.connections)
        .map(|number| {
            let plan = plan.clone();
            thread::spawn(move || connection(&plan, number, begin))
        })
        .collect();
    let mut latencies = Vec::new();
    for thread in threads {
        latencies.extend(thread.join().map_err(|_| "a connection panicked")??);
    }
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = (latencies.len() as f64 * share) as usize;
        let latency = latencies.get(place.min(latencies.len().saturating_sub(1)));
        latency.map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    };
    let (p50, p99, p999, max) = (at(0.5), at(0.99), at(0.999), at(1.0));
    let count = latencies.len();
    writeln!(io::stdout(), "{count} {p50:.1} {p99:.1} {p999:.1} {max:.1}")?;
    Ok(())
}

/// Sends the share of one connection, evenly spaced, and gives the latencies.
fn connection(plan: &Plan, number: u32, begin: Instant) -> Result<Vec<Duration>, Failure> {
    let mut stream = TcpStream::connect(plan.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let pause = f64::from(plan.connections) / plan.rate;
    let offset = f64::from(number) / plan.rate;
    let mut latencies = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    let mut free_at = begin;
    for turn in 0u32.. {
        let due = begin + Duration::from_secs_f64(offset + pause * f64::from(turn));
        if due >= begin + plan.span {
            break;
        }
        let order = (u64::from(turn) * 7 + u64::from(number)) % ORDERS;
        let request = request(plan, number, order);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        let since = if free_at > due { due } else { sent };
        stream.write_all(&request)?;
        answer(&mut stream, &mut buffer)?;
        free_at = Instant::now();
        latencies.push(free_at - since);
    }
    Ok(latencies)
}

fn request(plan: &Plan, number: u32, order: u64) -> Vec<u8> {
    let method = if plan.body.is_some() { "POST" } else { "GET" };
    let mut request = format!(
        "{method} /v1/orders/{order} HTTP/1.1\r\nHost: shop.example.com\r\nAccept: */*\r\n\
         User-Agent: load/1\r\nAuthorization: Bearer token-of-connection-{number}\r\n"
    )
    .into_bytes();
    if let Some(body) = &plan.body {
        let length = body.len();
        let fields = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        request.extend_from_slice(fields.as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(plan.body.as_deref().unwrap_or_default());
    request
}

/// Reads one answer: a head, and a body with a stated length.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(), Failure> {
    let mut filled = 0;
    let mut whole = None;
    while whole.is_none_or(|whole| filled < whole) {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Err("the server closed the connection or the answer is too long".into());
        }
        filled += read;
        if whole.is_none() {
            whole = length(&buffer[..filled])?;
        }
    }
    if whole != Some(filled) {
        return Err("more than one answer to one request".into());
    }
    Ok(())
}

/// Bytes of head and body, once the head is there.
fn length(read: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = str::from_utf8(&read[..end])?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("not 200: {}", head.lines().next().unwrap_or_default()).into());
    }
    let field = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    let body: usize = field.ok_or("an answer without Content-Length")?.parse()?;
    Ok(Some(end + 4 + body))
}
