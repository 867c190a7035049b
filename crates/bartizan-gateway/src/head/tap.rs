//! The tap between a client's socket and the HTTP library: it lets only valid heads through, keeps
//! the deadlines of head, idling and writing, and lingers at the end so that answers arrive.
//!
//! A refused head is replaced by a request of our own ([`REFUSED_METHOD`]), so that the answer
//! comes in its turn behind the answers to earlier requests; the refusal itself is on the
//! [`Link`]. A refusal inside a body is an error of reading.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{HeadLimits, HeadReader, Refusal, Stop, frames::FrameFollower};
use crate::listen::{Link, Socket, Upgrade};

/// The method of the request that stands for a refused head. A client that sends it itself is
/// answered as if it had been refused only when its connection was.
pub(crate) const REFUSED_METHOD: &str = "X-REFUSED";

const REPLACEMENT: &[u8] =
    b"X-REFUSED / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\n\r\n";

/// Most bytes that are read and thrown away after the last answer, and the longest time that closing
/// may take, what TLS still has to say included.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// Deadlines of a client connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientDeadlines {
    /// From the first byte of a head (or from the connection) to its last.
    pub head: Duration,
    /// Without a request on a connection.
    pub idle: Duration,
    /// Without progress while an answer is written.
    pub write_stall: Duration,
}

impl Default for ClientDeadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            write_stall: Duration::from_secs(30),
        }
    }
}

enum Mode {
    /// HTTP/1 heads are checked.
    Strict(HeadReader),
    /// A head asked for an upgrade and is not answered yet.
    Undecided(HeadReader),
    /// A head was refused; so many bytes of the replacement were given.
    Refused(usize),
    /// A body was refused.
    Broken,
    /// HTTP/2: only the time of heads is looked at.
    Http2(FrameFollower),
    /// An upgraded connection.
    Open,
    /// Closed by a deadline.
    Expired,
}

/// A socket behind the tap.
pub(crate) struct Tap {
    socket: Socket,
    link: std::sync::Arc<Link>,
    mode: Mode,
    /// Bytes read and not passed on; the first `checked` of them are valid.
    held: BytesMut,
    checked: usize,
    deadlines: ClientDeadlines,
    /// When the head that is held began to arrive, or the connection.
    head_since: Option<Instant>,
    write_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// When the timer fires; `None` while it is not needed.
    armed: Option<Instant>,
    lingered: usize,
    /// When closing has to be over, once it has begun.
    close_by: Option<Instant>,
    is_shut: bool,
}

impl Tap {
    /// A tap that checks HTTP/1 heads. `held` was read before the protocol was known.
    pub(crate) fn strict(
        socket: Socket,
        link: std::sync::Arc<Link>,
        held: BytesMut,
        limits: HeadLimits,
        deadlines: ClientDeadlines,
    ) -> Self {
        Self::new(socket, link, held, Mode::Strict(HeadReader::new(limits)), deadlines)
    }

    /// A tap that only keeps the deadlines of heads and of writing.
    pub(crate) fn http2(
        socket: Socket,
        link: std::sync::Arc<Link>,
        held: BytesMut,
        deadlines: ClientDeadlines,
    ) -> Self {
        let mut frames = FrameFollower::default();
        frames.advance(&held);
        let head_since = frames.is_in_head().then(Instant::now);
        let mut tap = Self::new(socket, link, held, Mode::Http2(frames), deadlines);
        tap.checked = tap.held.len();
        tap.head_since = head_since;
        tap
    }

    /// A tap that has refused what came first.
    pub(crate) fn refused(
        socket: Socket,
        link: std::sync::Arc<Link>,
        refusal: Refusal,
        deadlines: ClientDeadlines,
    ) -> Self {
        link.refuse(refusal);
        Self::new(socket, link, BytesMut::new(), Mode::Refused(0), deadlines)
    }

    fn new(
        socket: Socket,
        link: std::sync::Arc<Link>,
        held: BytesMut,
        mode: Mode,
        deadlines: ClientDeadlines,
    ) -> Self {
        let now = Instant::now();
        let mut tap = Self {
            socket,
            link,
            mode,
            held,
            checked: 0,
            deadlines,
            head_since: Some(now),
            write_since: None,
            timer: Box::pin(sleep_until(now)),
            armed: None,
            lingered: 0,
            close_by: None,
            is_shut: false,
        };
        tap.check_held();
        tap
    }

    /// Looks at the held bytes that are not valid yet.
    fn check_held(&mut self) {
        let Mode::Strict(reader) = &mut self.mode else { return };
        if self.held.len() == self.checked {
            return;
        }
        let progress = reader.advance(&self.held[self.checked..]);
        self.checked += progress.valid;
        if progress.valid > 0 {
            self.head_since = None;
        }
        self.stop(progress.stop);
    }

    fn stop(&mut self, stop: Option<Stop>) {
        let mode = std::mem::replace(&mut self.mode, Mode::Broken);
        self.mode = match (stop, mode) {
            (None, mode) => mode,
            (Some(Stop::Upgrade), Mode::Strict(reader)) => {
                self.link.set_upgrade(Upgrade::Undecided);
                Mode::Undecided(reader)
            }
            (Some(Stop::Upgrade), mode) => mode,
            (Some(Stop::Refused(refusal)), _) => {
                self.link.refuse(refusal);
                self.held.truncate(self.checked);
                Mode::Refused(0)
            }
            (Some(Stop::Broken(refusal)), _) => {
                self.link.refuse(refusal);
                self.held.truncate(self.checked);
                Mode::Broken
            }
        };
    }

    /// Moves on from a decided upgrade.
    fn decide(&mut self) {
        if !matches!(self.mode, Mode::Undecided(_)) {
            return;
        }
        match self.link.upgrade() {
            Upgrade::Undecided => {}
            Upgrade::Accepted => {
                self.mode = Mode::Open;
                self.checked = self.held.len();
                // Another task may read on; the timer must wake that one.
                self.armed = None;
            }
            Upgrade::Declined => {
                let mode = std::mem::replace(&mut self.mode, Mode::Broken);
                if let Mode::Undecided(mut reader) = mode {
                    reader.decline_upgrade();
                    self.head_since = None;
                    self.mode = Mode::Strict(reader);
                    self.check_held();
                }
            }
        }
    }

    /// Gives held valid bytes, or what stands for a refused head. `None` when the socket has to be
    /// read.
    fn give_held(&mut self, buf: &mut ReadBuf<'_>) -> Option<Poll<io::Result<()>>> {
        if self.checked > 0 {
            let count = self.checked.min(buf.remaining());
            buf.put_slice(&self.held[..count]);
            self.held.advance(count);
            self.checked -= count;
            return Some(Poll::Ready(Ok(())));
        }
        match &mut self.mode {
            // Not the end of the stream, which would abort the answer: the replacement asks to
            // close, so nothing is read behind it.
            Mode::Refused(given) if *given == REPLACEMENT.len() => Some(Poll::Pending),
            Mode::Refused(given) => {
                let rest = &REPLACEMENT[*given..];
                let count = rest.len().min(buf.remaining());
                buf.put_slice(&rest[..count]);
                *given += count;
                Some(Poll::Ready(Ok(())))
            }
            Mode::Broken => Some(Poll::Ready(Err(io::ErrorKind::InvalidData.into()))),
            Mode::Expired => Some(Poll::Ready(Ok(()))),
            Mode::Undecided(_) | Mode::Strict(_) | Mode::Http2(_) | Mode::Open => None,
        }
    }

    /// Reads the socket into the buffer of the HTTP library and takes back what is not valid yet.
    fn read_through(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        if read.is_empty() {
            return Poll::Ready(Ok(true));
        }
        if let Mode::Http2(frames) = &mut self.mode {
            let has_ended = frames.advance(read);
            let since = self.head_since.filter(|_| !has_ended);
            self.head_since = frames.is_in_head().then(|| since.unwrap_or_else(Instant::now));
        }
        let Mode::Strict(reader) = &mut self.mode else { return Poll::Ready(Ok(true)) };
        let progress = reader.advance(read);
        let (valid, is_whole) = (progress.valid, progress.valid == read.len());
        if valid > 0 {
            self.head_since = None;
        }
        if !is_whole && !matches!(progress.stop, Some(Stop::Refused(_))) {
            self.held.extend_from_slice(&read[valid..]);
        }
        buf.set_filled(before + valid);
        self.stop(progress.stop);
        Poll::Ready(Ok(valid > 0))
    }

    /// Reads the socket behind held bytes. `true` at its end.
    fn read_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [0; 4096];
        let mut buf = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf))?;
        self.held.extend_from_slice(buf.filled());
        let is_end = buf.filled().is_empty();
        self.check_held();
        Poll::Ready(Ok(is_end))
    }

    /// When waiting for bytes ends, if it does.
    fn read_deadline(&mut self) -> Option<Instant> {
        let Mode::Strict(reader) = &self.mode else { return None };
        if !reader.is_in_head() {
            return None;
        }
        if !self.held.is_empty() || reader.heads() == 0 {
            let since = *self.head_since.get_or_insert_with(Instant::now);
            return Some(since + self.deadlines.head);
        }
        self.head_since = None;
        Some(self.link.idle_since()? + self.deadlines.idle)
    }

    /// Reading waits: is it over, and if not, when is it to be looked at again?
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The usual case: a timer is armed and fires early enough; nothing is computed.
        let is_armed = self.armed.is_some();
        if is_armed && self.held.is_empty() && !self.timer.is_elapsed() {
            return Poll::Pending;
        }
        let Some(deadline) = self.read_deadline() else {
            // Busy: look again later, when the connection may have become idle.
            if !is_armed || self.timer.is_elapsed() {
                return self.arm(cx, Instant::now() + self.deadlines.idle);
            }
            return Poll::Pending;
        };
        self.wait_until(cx, deadline)
    }

    /// HTTP/2: a head has begun, and the rest of it does not come.
    fn wait_for_head(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.head_since {
            Some(since) => self.wait_until(cx, since + self.deadlines.head),
            None => Poll::Pending,
        }
    }

    /// An upgrade is asked for. As long as the exchange is under way its deadlines hold; if it ends
    /// without a decision, nobody else would end the connection.
    fn wait_for_decision(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let asked = *self.head_since.get_or_insert_with(Instant::now);
        let since = match self.link.idle_since() {
            Some(idle_since) => idle_since.max(asked),
            None => Instant::now(),
        };
        self.wait_until(cx, since + self.deadlines.idle)
    }

    /// Waits for a time, unless the timer is armed for an earlier one and everything is looked at
    /// again then.
    fn wait_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        let is_early =
            self.armed.is_some_and(|armed| armed <= deadline) && !self.timer.is_elapsed();
        if is_early { Poll::Pending } else { self.arm(cx, deadline) }
    }

    fn arm(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.armed = Some(at);
        self.timer.as_mut().reset(at);
        if self.timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// The deadline of reading has passed.
    fn expire(&mut self) {
        let is_strict = matches!(&self.mode, Mode::Strict(_)) && !self.held.is_empty();
        if is_strict || matches!(&self.mode, Mode::Http2(_)) {
            self.link.refuse(Refusal::HeadTimeout);
        }
        if is_strict {
            self.held.clear();
        }
        self.mode = if is_strict { Mode::Refused(0) } else { Mode::Expired };
    }

    /// Follows the progress of writing; an error when it stalls.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_since = None;
            return result;
        }
        let now = Instant::now();
        let since = *self.write_since.get_or_insert(now);
        let mut deadline = since + self.deadlines.write_stall;
        if let Some(total) = self.link.answer_by() {
            deadline = deadline.min(total);
        }
        if deadline <= now {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let _ = self.wait_until(cx, deadline);
        Poll::Pending
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            this.decide();
            if let Some(given) = this.give_held(buf) {
                return given;
            }
            if matches!(this.mode, Mode::Undecided(_)) {
                this.link.wake_on_decision(cx);
                ready!(this.wait_for_decision(cx));
                this.expire();
                continue;
            }
            let read =
                if this.held.is_empty() { this.read_through(cx, buf) } else { this.read_held(cx) };
            match read {
                Poll::Ready(Ok(true)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(false)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if matches!(this.mode, Mode::Open) => return Poll::Pending,
                Poll::Pending => {
                    ready!(match this.mode {
                        Mode::Http2(_) => this.wait_for_head(cx),
                        _ => this.wait_to_read(cx),
                    });
                    this.expire();
                }
            }
        }
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.written(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_flush(cx);
        this.written(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let close_by = *this.close_by.get_or_insert_with(|| Instant::now() + LINGER_TIME);
        if !this.is_shut {
            match Pin::new(&mut this.socket).poll_shutdown(cx) {
                Poll::Ready(shut) => shut?,
                // TLS says that it closes, and a client that reads nothing does not let it.
                Poll::Pending => return this.wait_until(cx, close_by).map(Ok),
            }
            this.is_shut = true;
        }
        if !this.link.has_unread() {
            return Poll::Ready(Ok(()));
        }
        // Closing a socket with unread bytes resets it, and a reset can destroy the answer on its
        // way. So what the client still sends is read for a while.
        let mut space = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut this.socket).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    this.lingered += buf.filled().len();
                    if this.lingered > LINGER_BYTES {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return this.wait_until(cx, close_by).map(Ok),
            }
        }
    }
}

#[cfg(test)]
mod tests;
