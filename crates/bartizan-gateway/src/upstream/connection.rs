//! One HTTP/1 connection to an upstream, driven by the task of the exchange that uses it.
//!
//! The HTTP library usually has a connection in a task of its own, and every exchange pays for two
//! wake-ups of it. Here the task that waits for the answer polls the connection itself. While a
//! connection is idle nobody polls it; it is looked at when it is taken out of the pool.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::{
    heard::{Heard, HeardBytes},
    lines::Stream,
    pool::{Busy, Open, Upstream},
};
use crate::body::{BodyError, outgoing::Outgoing};

/// A connection with its sending end.
pub(crate) struct Connection {
    sender: http1::SendRequest<Outgoing>,
    driver: http1::Connection<TokioIo<Heard>, Outgoing>,
    heard: HeardBytes,
    is_closed: bool,
    _open: Open,
    /// Whether an exchange was made on it before.
    pub(crate) is_used: bool,
    pub(crate) idle_since: Instant,
}

impl Connection {
    pub(crate) fn new(
        sender: http1::SendRequest<Outgoing>,
        driver: http1::Connection<TokioIo<Heard>, Outgoing>,
        heard: HeardBytes,
        open: Open,
    ) -> Self {
        let idle_since = Instant::now();
        Self { sender, driver, heard, is_closed: false, _open: open, is_used: false, idle_since }
    }

    /// Lets the connection work.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_closed && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.is_closed = true;
        }
    }

    /// Whether it can take a request: looks for what happened while nobody drove it.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_closed && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// With the request when nothing of it was sent, and whether anything came since.
    pub(crate) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, (TrySendError<Request<Outgoing>>, bool)> {
        let before = self.heard.load(Relaxed);
        let mut answer = pin!(self.sender.try_send_request(request));
        self.is_used = true;
        let (driver, is_closed) = (&mut self.driver, &mut self.is_closed);
        let sent = poll_fn(|cx| {
            if !*is_closed && Pin::new(&mut *driver).poll(cx).is_ready() {
                *is_closed = true;
            }
            // Only driving the connection brings an answer, so nobody else has to wake us.
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await;
        sent.map_err(|error| (error, self.heard.load(Relaxed) != before))
    }
}

/// What an answer comes over.
pub(crate) enum Carrier {
    /// A connection of its own, which is returned to the pool at the end.
    Http1(Box<Connection>),
    /// A place on a shared connection.
    Http2 { _stream: Stream },
    /// A connection that a task of its own drives.
    Driven { _open: Open },
}

/// The body of a response, with what it is read from.
pub(crate) struct UpstreamBody {
    incoming: Incoming,
    /// What is only held until the end of the body.
    carrier: Option<Carrier>,
    upstream: std::sync::Arc<Upstream>,
    _busy: Busy,
}

impl UpstreamBody {
    pub(crate) fn new(
        incoming: Incoming,
        carrier: Carrier,
        upstream: std::sync::Arc<Upstream>,
        busy: Busy,
    ) -> Self {
        let mut body = Self { incoming, carrier: Some(carrier), upstream, _busy: busy };
        if body.incoming.is_end_stream() {
            body.release();
        }
        body
    }

    /// Gives the connection back when it can be used again.
    fn release(&mut self) {
        if let Some(Carrier::Http1(mut connection)) = self.carrier.take()
            && connection.is_ready()
        {
            self.upstream.put(connection);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = match &mut this.carrier {
            None | Some(Carrier::Http2 { .. } | Carrier::Driven { .. }) => {
                Pin::new(&mut this.incoming).poll_frame(cx)
            }
            Some(Carrier::Http1(connection)) => {
                let mut idle = Context::from_waker(Waker::noop());
                match Pin::new(&mut this.incoming).poll_frame(&mut idle) {
                    Poll::Pending => {
                        connection.drive(cx);
                        Pin::new(&mut this.incoming).poll_frame(&mut idle)
                    }
                    ready => ready,
                }
            }
        };
        let Poll::Ready(frame) = frame else { return Poll::Pending };
        if !matches!(frame, Some(Ok(_))) || this.incoming.is_end_stream() {
            this.release();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
