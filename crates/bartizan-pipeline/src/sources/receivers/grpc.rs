//! gRPC streams over HTTP/2, as far as receivers need them: whole messages in, answers out, in one task and
//! without a queue. Source: "gRPC over HTTP2" (`PROTOCOL-HTTP2.md` of gRPC).

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Body, Frame, Incoming};

use super::{
    Answer,
    counts::Refusal,
    work::{Lease, Visit},
};

/// A status of gRPC.
pub(super) type Status = u8;
pub(super) const OK: Status = 0;
pub(super) const INVALID_ARGUMENT: Status = 3;
pub(super) const RESOURCE_EXHAUSTED: Status = 8;
pub(super) const UNIMPLEMENTED: Status = 12;
pub(super) const UNAVAILABLE: Status = 14;

/// Bytes before each message: whether it is compressed, and its length.
pub(super) const PREFIX: usize = 5;

/// What is done with the messages of a stream.
pub(super) trait Conversation: Send + Unpin + 'static {
    /// The status of a stream that we end because of what was sent.
    const TROUBLE: Status;

    /// Takes a message.
    fn hear(&mut self, message: &[u8]) -> Heard;

    /// The last answer, when the sender has said all.
    fn farewell(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// What there is to do about a message.
pub(super) enum Heard {
    /// Nothing.
    Noted,
    /// This is answered.
    Answer(Vec<u8>),
    /// The stream ends here, for this reason.
    Enough(Refusal),
}

/// Answers a call with a stream.
pub(super) fn open<C: Conversation>(
    request: http::Request<Incoming>,
    visit: Visit,
    conversation: C,
) -> Answer {
    let mut stopped = visit.stop.clone();
    let stop = Box::pin(async move {
        // Who could say so is gone: that is the end too.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let stream = Stream {
        incoming: request.into_body(),
        conversation,
        lease: visit.lease(),
        most: visit.limits.message_bytes as usize,
        buffer: BytesMut::new(),
        answers: BytesMut::new(),
        state: State::Open,
        stop,
        visit,
    };
    let mut answer = Answer::new(stream.boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_TYPE, KIND);
    answer
}

/// Answers a call without a stream.
pub(super) fn closed(status: Status) -> Answer {
    let mut answer = Answer::new(Empty::<Bytes>::new().boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_TYPE, KIND);
    answer.headers_mut().extend(trailers(status));
    answer
}

/// Answers a call with one message.
pub(super) fn said(message: &[u8]) -> Answer {
    let mut out = BytesMut::with_capacity(PREFIX + message.len());
    say(&mut out, message);
    let body = Full::new(out.freeze()).with_trailers(async { Some(Ok(trailers(OK))) });
    let mut answer = Answer::new(body.boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_TYPE, KIND);
    answer
}

const KIND: HeaderValue = HeaderValue::from_static("application/grpc");

fn trailers(status: Status) -> HeaderMap {
    let mut out = HeaderMap::new();
    out.insert("grpc-status", HeaderValue::from(u16::from(status)));
    out
}

enum State {
    /// The sender may say more.
    Open,
    /// The status is to be sent.
    Ended(Status),
    /// Everything is sent.
    Done,
}

/// The body of an answer, which reads the body of the request as it is asked for more. When the sender does
/// not take answers, nothing more is read of it.
struct Stream<C> {
    incoming: Incoming,
    conversation: C,
    /// Bytes that are no whole message yet, and their share of what may be held.
    buffer: BytesMut,
    lease: Lease,
    most: usize,
    answers: BytesMut,
    state: State,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    visit: Visit,
}

impl<C: Conversation> Stream<C> {
    fn trouble(&mut self, why: Refusal) {
        self.visit.refuse(why);
        self.state = State::Ended(C::TROUBLE);
    }

    /// Takes a piece; all whole messages are heard.
    fn take(&mut self, piece: &[u8]) {
        if !self.lease.grow(piece.len()) {
            return self.trouble(Refusal::HeldBytes);
        }
        self.buffer.extend_from_slice(piece);
        while let (State::Open, Some((prefix, rest))) =
            (&self.state, self.buffer.split_first_chunk::<PREFIX>())
        {
            let [flag, length @ ..] = *prefix;
            let length = u32::from_be_bytes(length) as usize;
            if length > self.most {
                return self.trouble(Refusal::MessageBytes);
            }
            if flag != 0 {
                return self.trouble(Refusal::MediaType);
            }
            let Some(message) = rest.get(..length) else { return };
            match self.conversation.hear(message) {
                Heard::Noted => {}
                Heard::Answer(answer) => say(&mut self.answers, &answer),
                Heard::Enough(why) => self.trouble(why),
            }
            self.buffer.advance(PREFIX + length);
            self.lease.shrink(PREFIX + length);
        }
    }

    fn end(&mut self) {
        if !self.buffer.is_empty() {
            self.visit.refuse(Refusal::Unreadable);
        }
        if let Some(last) = self.conversation.farewell() {
            say(&mut self.answers, &last);
        }
        self.state = State::Ended(OK);
    }
}

fn say(out: &mut BytesMut, message: &[u8]) {
    out.extend_from_slice(&[0]);
    out.extend_from_slice(&(message.len() as u32).to_be_bytes());
    out.extend_from_slice(message);
}

impl<C: Conversation> Body for Stream<C> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        loop {
            if !this.answers.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(this.answers.split().freeze()))));
            }
            match this.state {
                State::Open => {}
                State::Ended(status) => {
                    this.state = State::Done;
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers(status)))));
                }
                State::Done => return Poll::Ready(None),
            }
            if this.stop.as_mut().poll(cx).is_ready() {
                this.end();
                continue;
            }
            match Pin::new(&mut this.incoming).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(piece) = frame.into_data() {
                        this.take(&piece);
                    }
                }
                // Reset: nobody is there who would take more.
                Poll::Ready(Some(Err(_))) => this.state = State::Done,
                Poll::Ready(None) => this.end(),
            }
        }
    }
}
