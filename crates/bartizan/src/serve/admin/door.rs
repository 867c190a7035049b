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

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, Sleep, sleep},
};

/// Connections that were closed for a limit.
#[derive(Debug, Default)]
pub(super) struct Closed {
    /// The oldest, for a new one.
    pub(super) displaced: AtomicU64,
    /// Those that took too long.
    pub(super) late: AtomicU64,
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
}

impl Listener for Door {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        self.open.retain(|connection| !connection.is_closed());
        while self.open.len() >= self.most.max(1) {
            self.open.pop_front();
            self.closed.displaced.fetch_add(1, Relaxed);
        }
        let (connection, ended) = oneshot::channel();
        self.open.push_back(connection);
        let closed = Arc::clone(&self.closed);
        let (longest, timer) = (self.longest, Box::pin(sleep(self.longest)));
        let (has_answered, is_over) = (false, false);
        (Visit { stream, longest, timer, has_answered, is_over, ended, closed }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection on which a request takes so long at most, from its first byte to the last one of its
/// answer, and so does waiting for the first or the next one.
pub(super) struct Visit {
    stream: TcpStream,
    longest: Duration,
    timer: Pin<Box<Sleep>>,
    has_answered: bool,
    is_over: bool,
    ended: oneshot::Receiver<()>,
    closed: Arc<Closed>,
}

impl Visit {
    /// What there is to say while the socket has nothing.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.is_over && self.timer.as_mut().poll(cx).is_ready() {
            self.closed.late.fetch_add(1, Relaxed);
            self.is_over = true;
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
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_pending() {
            return this.wait(cx);
        }
        if std::mem::take(&mut this.has_answered) {
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
        this.has_answered = true;
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Pending => this.wait(cx),
            written => written,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
