//! One HTTP/1 connection to an upstream, driven by the task of the exchange that uses it.
//!
//! The HTTP library usually has a connection in a task of its own, and every exchange pays for two
//! wake-ups of it. Here the task that waits for the answer polls the connection itself. While a
//! connection is idle nobody polls it; it is looked at when it is taken out of the pool.
//!
//! The library counts on a connection that has ended being dropped, as the end of a task would do:
//! only that gives back a request which it had not begun to send. So it is dropped at its end.

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
use tokio::{task::unconstrained, time::Instant};

use super::{
    heard::{Heard, HeardBytes},
    lines::Stream,
    pool::{Busy, Open, Upstream},
};
use crate::body::{BodyError, outgoing::Outgoing};

/// A connection with its sending end.
pub(crate) struct Connection {
    sender: http1::SendRequest<Outgoing>,
    /// Nothing once the connection has ended.
    driver: Option<http1::Connection<TokioIo<Heard>, Outgoing>>,
    heard: HeardBytes,
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
        Self { sender, driver: Some(driver), heard, _open: open, is_used: false, idle_since }
    }

    /// Lets the connection work.
    fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.driver, cx);
    }

    /// Whether it can take a request: looks for what happened while nobody drove it.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
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
        // Without the runtime's limit of work at a time, behind which an answer that is there would say
        // that it is not, and wake a task that is nobody's.
        let mut answer = pin!(unconstrained(self.sender.try_send_request(request)));
        self.is_used = true;
        let driver = &mut self.driver;
        let sent = poll_fn(|cx| {
            drive(driver, cx);
            // Only driving the connection brings an answer, so nobody else has to wake us.
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await;
        sent.map_err(|error| (error, self.heard.load(Relaxed) != before))
    }
}

/// Lets a connection work, and drops it at its end.
fn drive(driver: &mut Option<http1::Connection<TokioIo<Heard>, Outgoing>>, cx: &mut Context<'_>) {
    if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
        *driver = None;
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        time::Duration,
    };

    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::{
        config::{Limits, UpstreamProtocol},
        upstream::pool::{Route, Settings},
    };

    /// A connection whose other end has just been closed, behind that many answers.
    async fn closed(answers: usize) -> Box<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (leave, told) = std::sync::mpsc::channel::<()>();
        let peer = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().expect("connected");
            for _ in 0..answers {
                assert_ne!(peer.read(&mut [0; 512]).expect("asked"), 0);
                peer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("answered");
            }
            assert!(told.recv().is_err());
        });
        let time = Duration::from_secs(1);
        let limits = Limits::default();
        let settings = Settings { connect: time, idle: time, ejection: time, limits };
        let route = Route { address, protocol: UpstreamProtocol::Http1, tls: None };
        let connection = Upstream::new(route, None, settings).connect_http1().await;
        let mut connection = connection.map_err(|error| format!("{error:?}")).expect("connected");
        for _ in 0..answers {
            let answer = connection.send(Request::new(Outgoing::empty())).await;
            assert!(answer.is_ok_and(|answer| answer.status() == 204));
            assert!(connection.is_ready(), "as what is kept for later");
        }
        drop(leave);
        assert!(peer.join().is_ok());
        // The runtime hears of it a little later.
        sleep(Duration::from_millis(20)).await;
        connection
    }

    /// What comes of a request, at once. A sleeping task is woken by the time limit, and then answers.
    async fn sent(
        connection: &mut Connection,
        request: Request<Outgoing>,
    ) -> (TrySendError<Request<Outgoing>>, bool) {
        let limit = Duration::from_secs(5);
        let begin = Instant::now();
        let sent = timeout(limit, connection.send(request)).await;
        assert!(begin.elapsed() < limit, "asleep");
        sent.expect("at once").expect_err("closed")
    }

    #[tokio::test]
    async fn a_request_to_an_upstream_that_has_just_left_comes_back_whole() {
        for answers in [0, 1, 2] {
            let mut connection = closed(answers).await;
            let request = Request::new(Outgoing::whole(Bytes::from_static(b"abc"), None));
            let (mut error, has_come) = sent(&mut connection, request).await;
            assert!(error.take_message().is_some(), "nothing of it was sent");
            assert!(!has_come);
            assert!(!connection.is_ready());
        }
    }

    /// What the runtime lets a task do at a time, in its own units.
    const BUDGET: usize = 128;

    #[tokio::test]
    async fn an_answer_that_is_there_is_taken_however_little_the_task_may_still_do() {
        for left in 0..8 {
            for answers in [0, 1] {
                let mut connection = closed(answers).await;
                tokio::task::yield_now().await;
                for _ in left..BUDGET {
                    tokio::task::coop::consume_budget().await;
                }
                sent(&mut connection, Request::new(Outgoing::empty())).await;
            }
        }
    }
}
