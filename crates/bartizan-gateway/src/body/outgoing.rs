//! Request bodies on their way to an upstream.

use std::{
    pin::Pin,
    sync::PoisonError,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::{BodyError, prefix::Prefix};
use crate::{
    call::SharedRecording,
    head::{HeadLimits, h2},
    messages::{Next, Side, Watched},
};

/// A request body.
pub(crate) enum Outgoing {
    /// Held whole.
    Whole { data: Option<Bytes>, trailers: Option<HeaderMap> },
    /// Passed on as it comes.
    Stream(Box<Streaming>),
}

/// What follows behind what was held of a body.
pub(crate) struct Rest {
    pub(crate) body: Incoming,
    /// Bytes of the whole body, when they are stated.
    pub(crate) length: Option<u64>,
    /// Of trailers.
    pub(crate) limits: HeadLimits,
    pub(crate) recording: SharedRecording,
    /// Longest pause of the client.
    pub(crate) idle: Duration,
    /// Who looks at its messages, one by one.
    pub(crate) watched: Option<Box<Watched>>,
}

/// A body that is passed on as it comes.
pub(crate) struct Streaming {
    prefix: Prefix,
    rest: Rest,
    timer: Pin<Box<Sleep>>,
    is_ended: bool,
}

impl Outgoing {
    pub(crate) const fn empty() -> Self {
        Self::Whole { data: None, trailers: None }
    }

    pub(crate) const fn has_trailers(&self) -> bool {
        matches!(self, Self::Whole { trailers: Some(_), .. })
    }

    pub(crate) fn whole(bytes: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self::Whole { data: (!bytes.is_empty()).then_some(bytes), trailers }
    }

    pub(crate) fn stream(prefix: Prefix, rest: Rest) -> Self {
        let timer = Box::pin(sleep(rest.idle));
        Self::Stream(Box::new(Streaming { prefix, rest, timer, is_ended: false }))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole { data, trailers } => {
                let frame = match data.take() {
                    Some(data) => Some(Frame::data(data)),
                    None => trailers.take().map(Frame::trailers),
                };
                Poll::Ready(frame.map(Ok))
            }
            Self::Stream(stream) => stream.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { data, trailers } => data.is_none() && trailers.is_none(),
            Self::Stream(stream) => stream.is_ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            // With trailers, HTTP/1 needs the chunked coding.
            Self::Whole { trailers: Some(_), .. } => SizeHint::default(),
            Self::Whole { data, .. } => {
                SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64))
            }
            Self::Stream(stream) => {
                // What is looked at may be written anew, and may end early.
                let length = stream.rest.length.filter(|_| stream.rest.watched.is_none());
                length.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}

impl Streaming {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Some(watched) = &mut self.rest.watched {
                if watched.gives_way(cx) {
                    return Poll::Pending;
                }
                let next = match watched.halt().poll(Side::Request, cx) {
                    Some(reply) => Some(Next::Stopped(reply)),
                    None => watched.next(),
                };
                if let Some(next) = next {
                    self.is_ended = watched.is_done();
                    return Poll::Ready(frame_of(next));
                }
            }
            let frame = match ready!(self.read(cx)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => Some(frame),
                None => None,
            };
            let is_last = self.prefix.len() == 0 && self.rest.body.is_end_stream();
            let Some(watched) = &mut self.rest.watched else {
                self.is_ended |= is_last && frame.is_some();
                return Poll::Ready(frame.map(Ok));
            };
            watched.take(frame, is_last);
        }
    }

    /// What the client sends next; of a body whose messages are looked at a frame without data when there was
    /// nothing for too long.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match self.prefix.next() {
            Some(prefix) => Some(Ok(Frame::data(prefix))),
            None => match Pin::new(&mut self.rest.body).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let due = self.due();
                    if due < self.timer.deadline() {
                        self.timer.as_mut().reset(due);
                    }
                    ready!(self.timer.as_mut().poll(cx));
                    return Poll::Ready(Some(self.paused()));
                }
            },
        };
        self.timer.as_mut().reset(Instant::now() + self.rest.idle);
        let mut recording = self.rest.recording.lock().unwrap_or_else(PoisonError::into_inner);
        match &frame {
            None => recording.end(),
            Some(Err(_)) => {}
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    recording.push(data);
                } else if let Some(trailers) = frame.trailers_ref() {
                    if let Err(refusal) = h2::trailers(trailers, &self.rest.limits) {
                        recording.refuse(refusal);
                        return Poll::Ready(Some(Err(refusal.title().into())));
                    }
                    recording.push_trailers(trailers);
                    recording.end();
                }
                if self.prefix.len() == 0 && self.rest.body.is_end_stream() {
                    recording.end();
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    /// Until when something has to come.
    fn due(&self) -> Instant {
        let due = self.rest.watched.as_ref().and_then(|watched| watched.due());
        due.unwrap_or_else(|| self.timer.deadline())
    }

    /// What follows where nothing came: whoever looks at messages says so when one had to be whole by now.
    fn paused(&self) -> Result<Frame<Bytes>, BodyError> {
        let due = self.rest.watched.as_ref().and_then(|watched| watched.due());
        if due.is_some_and(|due| due <= Instant::now()) {
            return Ok(Frame::data(Bytes::new()));
        }
        Err("the client paused for too long".into())
    }
}

/// What goes to the upstream. A call that is not let through any further is taken back there.
fn frame_of(next: Next) -> Option<Result<Frame<Bytes>, BodyError>> {
    match next {
        Next::Data(data) => Some(Ok(Frame::data(data))),
        Next::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
        Next::End => None,
        Next::Stopped(_) => Some(Err(::h2::Error::from(::h2::Reason::CANCEL).into())),
    }
}
