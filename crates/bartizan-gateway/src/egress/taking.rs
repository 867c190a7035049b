//! The connection of a client that has to take what it asked for: without that, what waits to be written would wait
//! for ever, and so would its place among the connections.

use std::{
    error::Error as _,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// A connection on which writing fails once the other end has taken nothing for some time, or not all for long.
#[derive(Debug)]
pub(super) struct Taking<S> {
    stream: S,
    idle: Duration,
    longest: Duration,
    /// Since when there was always something that waited to be written.
    behind: Option<Instant>,
    /// Whether something waits now, until the time of the timer.
    waits: bool,
    timer: Pin<Box<Sleep>>,
}

impl<S> Taking<S> {
    /// Waits for `idle` for the other end to take something, and for `longest` for it to take all.
    pub(super) fn new(stream: S, idle: Duration, longest: Duration) -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + idle));
        Self { stream, idle, longest, behind: None, waits: false, timer }
    }

    /// What came of writing, unless that has waited for too long.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        if !self.waits {
            self.waits = true;
            let now = Instant::now();
            let last = *self.behind.get_or_insert(now) + self.longest;
            self.timer.as_mut().reset(last.min(now + self.idle));
        }
        self.timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Whether a connection ended because its client took nothing.
pub(super) fn is_stalled(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

impl<S: AsyncRead + Unpin> AsyncRead for Taking<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taking<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.judge(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Comes when nothing is left that waits.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.behind = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::timeout,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn who_takes_nothing_is_not_waited_for() {
        let (client, inner) = duplex(16);
        let mut taking = Taking::new(inner, SHORT, SHORT * 100);
        let written = timeout(SHORT * 50, taking.write_all(&[0; 64])).await.expect("it ends");
        assert_eq!(written.expect_err("nobody reads").kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn who_is_slow_and_goes_on_is() {
        let (mut client, inner) = duplex(16);
        let mut taking = Taking::new(inner, SHORT, SHORT * 100);
        let writing = tokio::spawn(async move { taking.write_all(&[7; 160]).await });
        let mut all = Vec::new();
        let mut piece = [0; 16];
        // Longer in all than one pause may be.
        while all.len() < 160 {
            tokio::time::sleep(SHORT / 8).await;
            let count = client.read(&mut piece).await.expect("read");
            assert!(count > 0, "it ended after {}", all.len());
            all.extend_from_slice(&piece[..count]);
        }
        writing.await.expect("it ends").expect("all is written");
        assert_eq!(all, [7; 160]);
    }

    /// A byte now and then holds a place for ever, too.
    #[tokio::test]
    async fn who_trickles_is_waited_for_so_long_only() {
        let (mut client, inner) = duplex(4);
        let mut taking = Taking::new(inner, SHORT, SHORT * 2);
        let reading = tokio::spawn(async move {
            let mut byte = [0];
            while client.read(&mut byte).await.is_ok_and(|count| count > 0) {
                tokio::time::sleep(SHORT / 8).await;
            }
        });
        taking.write_all(b"a").await.expect("there is room");
        taking.flush().await.expect("flushed");
        let written = timeout(SHORT * 50, taking.write_all(&[0; 10_000])).await.expect("it ends");
        assert_eq!(written.expect_err("too slow").kind(), io::ErrorKind::TimedOut);
        drop(taking);
        reading.await.expect("it ends");
    }
}
