//! A load with a fixed rate over kept connections: what the benchmarks of the gateway send.
//!
//! `load ADDRESS CONNECTIONS SECONDS RATE [BODY_FILE]`, for example `load 127.0.0.1:8080 32 4 5000`:
//! 5,000 requests per second in all, GET, or POST with a body (a few KiB: what a socket buffer
//! takes at once). Each connection has a bearer token: the lines of the file that `LOAD_TOKENS` names, in turn,
//! else one that is made up. One line on standard output:
//! `requests p50_us p99_us p999_us max_us`; anything but a 200 ends the run with an error.
//!
//! Latency is measured from the moment a request was due: a connection that is still waiting for an
//! answer then does not hide the delay (no coordinated omission). When the connection was free and
//! only this program woke up late, it counts from when the request was sent, as that delay is not
//! the server's. One thread for all connections: it shares its core with the upstream, which must not
//! have to wait for a crowd of threads.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    env,
    error::Error,
    fs,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

type Failure = Box<dyn Error>;

/// Paths go over so many orders, and each connection has a token of its own.
const ORDERS: u64 = 50;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
const MOST_BYTES: usize = 16 * 1024;

struct Plan {
    address: SocketAddr,
    connections: u32,
    span: Duration,
    rate: f64,
    body: Option<Vec<u8>>,
    tokens: Vec<String>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, connections, seconds, rate, body @ ..] = arguments.as_slice() else {
        return Err("usage: load ADDRESS CONNECTIONS SECONDS RATE [BODY_FILE]".into());
    };
    let tokens = match env::var_os("LOAD_TOKENS") {
        Some(file) => fs::read_to_string(file)?.lines().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let plan = Plan {
        address: address.parse()?,
        connections: connections.parse::<u32>()?.clamp(1, 1024),
        span: Duration::try_from_secs_f64(seconds.parse()?)?,
        rate: rate.parse::<f64>()?.max(1.0),
        body: body.first().map(fs::read).transpose()?,
        tokens,
    };
    let mut latencies = run(&plan)?;
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

/// Sends all requests, evenly spaced over the connections in turn, and gives the latencies.
fn run(plan: &Plan) -> Result<Vec<Duration>, Failure> {
    let begin = Instant::now() + Duration::from_millis(50);
    let mut connections = (0..plan.connections)
        .map(|number| Connection::open(plan, number, begin))
        .collect::<Result<Vec<_>, _>>()?;
    let end = begin + plan.span;
    let mut free: BinaryHeap<_> = (0..)
        .zip(&connections)
        .filter(|(_, one)| one.due < end)
        .map(|(at, one)| Reverse((one.due, at)))
        .collect();
    let mut latencies = Vec::new();
    loop {
        while let Some(&Reverse((due, at))) = free.peek()
            && due <= Instant::now()
        {
            free.pop();
            connections[at].send(plan)?;
        }
        let next = free.peek().map(|Reverse((due, _))| *due);
        let waiting: Vec<usize> =
            (0..connections.len()).filter(|at| connections[*at].sent.is_some()).collect();
        if waiting.is_empty() && next.is_none() {
            return Ok(latencies);
        }
        let mut asked: Vec<_> =
            waiting.iter().map(|at| PollFd::new(&connections[*at].stream, PollFlags::IN)).collect();
        let pause = next.map_or(PATIENCE, |due| due.saturating_duration_since(Instant::now()));
        let pause = Timespec::try_from(pause.min(PATIENCE))?;
        poll(&mut asked, Some(&pause))?;
        // Answers that are there now came at the same time, in whatever order they are read.
        let came = Instant::now();
        let ready: Vec<bool> = asked.iter().map(|one| !one.revents().is_empty()).collect();
        for (at, _) in waiting.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let connection = &mut connections[at];
            if let Some(latency) = connection.read(plan, came)? {
                latencies.push(latency);
                if connection.due < end {
                    free.push(Reverse((connection.due, at)));
                }
            }
        }
        if connections.iter().any(|one| one.sent.is_some_and(|sent| sent.elapsed() > PATIENCE)) {
            return Err("no answer within 10 seconds".into());
        }
    }
}

/// A kept connection, with at most one request that waits for its answer.
struct Connection {
    stream: TcpStream,
    number: u32,
    turn: u32,
    begin: Instant,
    /// When the next request is due.
    due: Instant,
    /// When the connection was free for the request that waits.
    free_at: Instant,
    sent: Option<Instant>,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    fn open(plan: &Plan, number: u32, begin: Instant) -> Result<Self, Failure> {
        let stream = TcpStream::connect(plan.address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let begin = begin + Duration::from_secs_f64(f64::from(number) / plan.rate);
        let buffer = vec![0; MOST_BYTES];
        let due = begin;
        Ok(Self {
            stream,
            number,
            turn: 0,
            begin,
            due,
            free_at: begin,
            sent: None,
            buffer,
            filled: 0,
        })
    }

    fn send(&mut self, plan: &Plan) -> Result<(), Failure> {
        let order = (u64::from(self.turn) * 7 + u64::from(self.number)) % ORDERS;
        let request = request(plan, self.number, order);
        self.sent = Some(Instant::now());
        // Into an empty socket buffer: one that takes no 2 KiB fails the run.
        Ok(self.stream.write_all(&request)?)
    }

    /// Reads what `came` of the answer, and gives the latency once it is whole.
    fn read(&mut self, plan: &Plan, came: Instant) -> Result<Option<Duration>, Failure> {
        match self.stream.read(&mut self.buffer[self.filled..]) {
            Ok(0) => {
                return Err("the server closed the connection or the answer is too long".into());
            }
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let whole = length(&self.buffer[..self.filled])?;
        let Some(whole) = whole.filter(|whole| *whole <= self.filled) else { return Ok(None) };
        if whole != self.filled {
            return Err("more than one answer to one request".into());
        }
        let Some(sent) = self.sent.take() else { return Err("an answer to no request".into()) };
        let since = if self.free_at > self.due { self.due } else { sent };
        self.free_at = came;
        self.filled = 0;
        self.turn += 1;
        let pause = f64::from(plan.connections) / plan.rate;
        self.due = self.begin + Duration::from_secs_f64(pause * f64::from(self.turn));
        Ok(Some(self.free_at - since))
    }
}

fn request(plan: &Plan, number: u32, order: u64) -> Vec<u8> {
    let method = if plan.body.is_some() { "POST" } else { "GET" };
    let token = match plan.tokens.len() {
        0 => format!("token-of-connection-{number}"),
        all => plan.tokens[number as usize % all].clone(),
    };
    let mut request = format!(
        "{method} /v1/orders/{order} HTTP/1.1\r\nHost: shop.example.com\r\nAccept: */*\r\n\
         User-Agent: load/1\r\nAuthorization: Bearer {token}\r\n"
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
