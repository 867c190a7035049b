//! The connections of the administration listener: so many, and none that only waits.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    time::{Instant, Sleep, sleep},
};

/// Connections that were closed for a limit.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// The oldest, for a new one.
    pub(crate) displaced: AtomicU64,
    /// Those on which a request took too long. One that only waited for a request is none.
    pub(crate) late: AtomicU64,
}

/// A listener that has room for whoever comes: when there are too many, the oldest goes. So nobody who
/// holds connections keeps out who asks whether the process works.
pub(super) struct Door {
    listener: TcpListener,
    most: usize,
    longest: Duration,
    /// One for each open connection, oldest first. Dropped, it closes its connection.
    open: VecDeque<oneshot::Sender<()>>,
    closed: Arc<Closed>,
}

impl Door {
    pub(super) fn new(
        listener: TcpListener,
        most: usize,
        longest: Duration,
        closed: Arc<Closed>,
    ) -> Self {
        Self { listener, most, longest, open: VecDeque::new(), closed }
    }

    /// Serves until it is told to stop; requests that have begun are answered then. Only HTTP/1.1: there a
    /// connection is busy with one request or with none, which is what [`Visit`] reckons with.
    pub(super) async fn serve(mut self, app: Router, mut stopped: watch::Receiver<bool>) {
        loop {
            let visit = tokio::select! {
                visit = self.accept() => visit,
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            // Who asks counts where log-ins are slowed down.
            let app = app.clone().layer(Extension(ConnectInfo(visit.peer)));
            let (service, mut stopped) = (TowerToHyperService::new(app), stopped.clone());
            tokio::spawn(async move {
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(visit), service);
                let mut connection = std::pin::pin!(connection);
                // One that breaks is the client's business.
                tokio::select! {
                    _ = connection.as_mut() => {}
                    () = async { drop(stopped.wait_for(|stop| *stop).await) } => {
                        connection.as_mut().graceful_shutdown();
                        let _ = connection.await;
                    }
                }
            });
        }
    }

    async fn accept(&mut self) -> Visit {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        self.open.retain(|connection| !connection.is_closed());
        while self.open.len() >= self.most.max(1) {
            self.open.pop_front();
            self.closed.displaced.fetch_add(1, Relaxed);
        }
        let (connection, ended) = oneshot::channel();
        self.open.push_back(connection);
        let closed = Arc::clone(&self.closed);
        let (longest, timer) = (self.longest, Box::pin(sleep(self.longest)));
        let (state, is_over) = (State::Idle(Instant::now()), false);
        Visit { stream, peer, longest, timer, state, is_over, ended, closed }
    }
}

/// What a connection is busy with.
#[derive(Clone, Copy)]
enum State {
    /// Nothing since then: no byte of a request came, and all of the last answer was taken.
    Idle(Instant),
    /// A request, or an answer that is not taken.
    Busy,
}

/// A connection on which a request takes so long at most, from its first byte to the first one of its
/// answer; so does taking more of the answer, and waiting for the first or the next request. A request that came before the one in front
/// of it was answered has the time that this one left, or that of waiting.
pub(super) struct Visit {
    stream: TcpStream,
    peer: SocketAddr,
    longest: Duration,
    timer: Pin<Box<Sleep>>,
    state: State,
    is_over: bool,
    ended: oneshot::Receiver<()>,
    closed: Arc<Closed>,
}

impl Visit {
    /// What there is to say while the socket has nothing.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        while !self.is_over && self.timer.as_mut().poll(cx).is_ready() {
            match self.state {
                // It ran for the request that was answered since.
                State::Idle(since) if since + self.longest > self.timer.deadline() => {
                    self.timer.as_mut().reset(since + self.longest);
                }
                State::Idle(_) => self.is_over = true,
                State::Busy => {
                    self.closed.late.fetch_add(1, Relaxed);
                    self.is_over = true;
                }
            }
        }
        self.is_over = self.is_over || Pin::new(&mut self.ended).poll(cx).is_ready();
        match self.is_over {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => Poll::Pending,
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (this, before) = (self.get_mut(), buffer.filled().len());
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_pending() {
            return this.wait(cx);
        }
        if buffer.filled().len() > before && matches!(this.state, State::Idle(_)) {
            this.state = State::Busy;
            this.timer.as_mut().reset(Instant::now() + this.longest);
        }
        read
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if written.is_pending() {
            // What was taken of a long answer gives time for the rest of it.
            if let State::Idle(since) = this.state {
                this.timer.as_mut().reset(since + this.longest);
            }
            this.state = State::Busy;
            return this.wait(cx);
        }
        this.state = State::Idle(Instant::now());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::timeout,
    };

    use super::*;

    const LONGEST: Duration = Duration::from_secs(2);
    /// Two of them are longer than a request may take.
    const PAUSE: Duration = Duration::from_millis(1_300);

    /// Opens a connection and sends pieces with a pause before each; then what came until it was closed,
    /// how many connections were late, and how long it took.
    async fn visit(pieces: &[&str], body: usize) -> (usize, u64, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let closed = Arc::new(Closed::default());
        let door = Door::new(listener, 4, LONGEST, Arc::clone(&closed));
        let app = Router::new().route("/", get(move || async move { "a".repeat(body) }));
        let (_stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(door.serve(app, stopped));
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let begin = Instant::now();
        for piece in pieces {
            sleep(PAUSE).await;
            stream.write_all(piece.as_bytes()).await.expect("sent");
        }
        if body > 1_000_000 {
            // A client that does not take its answer.
            sleep(LONGEST + PAUSE).await;
        }
        let mut came = Vec::new();
        let read = stream.read_to_end(&mut came);
        let _ = timeout(5 * LONGEST, read).await.expect("closed in time");
        let took = begin.elapsed();
        serving.abort();
        (came.len(), closed.late.load(Relaxed), took)
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_a_request_ends_and_counts_nothing() {
        let (came, late, took) = visit(&[], 2).await;
        assert_eq!((came, late), (0, 0));
        assert!(took >= LONGEST, "{took:?}");
    }

    #[tokio::test]
    async fn a_request_has_its_time_from_its_first_byte_on_and_idleness_from_the_answer_on() {
        let (came, late, took) = visit(&["GET / HTTP/1.1\r\n", "host: a\r\n\r\n"], 2).await;
        assert!(came > 2, "answered");
        assert_eq!(late, 0);
        assert!(took >= 2 * PAUSE + LONGEST, "{took:?}");
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_late() {
        let (came, late, _) = visit(&["GET / HTTP/1.1\r\n"], 2).await;
        assert_eq!((came, late), (0, 1));
    }

    /// There pings between two answers would be signs of life without end.
    #[tokio::test]
    async fn http2_is_not_spoken() {
        let (came, late, took) = visit(&["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 2).await;
        assert!(came < 200 && late == 0 && took < PAUSE + LONGEST, "{came} {late} {took:?}");
    }

    #[tokio::test]
    async fn a_long_answer_may_be_taken_slowly() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let closed = Arc::new(Closed::default());
        let door = Door::new(listener, 4, LONGEST, Arc::clone(&closed));
        let size = 32 << 20;
        let app = Router::new().route("/", get(move || async move { "a".repeat(size) }));
        let (_stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(door.serve(app, stopped));
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
        let (begin, mut came, mut piece) = (Instant::now(), 0, vec![0; 1 << 20]);
        while came < size {
            let length = timeout(LONGEST, stream.read(&mut piece)).await.expect("goes on");
            match length.expect("read") {
                0 => break,
                length => came += length,
            }
            // As fast as takes twice as long as a request may.
            let due = begin + 2 * LONGEST.mul_f64(came as f64 / size as f64);
            tokio::time::sleep_until(due).await;
        }
        assert!(came >= size && begin.elapsed() > LONGEST, "{came} in {:?}", begin.elapsed());
        assert_eq!(closed.late.load(Relaxed), 0);
        serving.abort();
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_late() {
        let size = 64 << 20;
        let (came, late, _) = visit(&["GET / HTTP/1.1\r\nhost: a\r\n\r\n"], size).await;
        assert!(came < size && late == 1, "{came} bytes, {late} late");
    }
}
