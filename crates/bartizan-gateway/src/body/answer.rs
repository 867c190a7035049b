//! Response bodies on their way to a client. When an answer is dropped, its exchange is over.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::{BodyError, budget::Lease, prefix::PIECE};
use crate::{
    call::{Outcome, Recording},
    phases::Streamed,
    record::Record,
    upstream::UpstreamBody,
};

/// A response body, with the record of its exchange.
pub(crate) struct Answer {
    kind: Kind,
    record: Record,
    _lease: Option<Lease>,
}

enum Kind {
    Whole { data: Option<Bytes>, trailers: Option<HeaderMap> },
    Stream(Box<Streaming>),
}

struct Streaming {
    prefix: Option<Bytes>,
    rest: UpstreamBody,
    recording: Recording,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    is_ended: bool,
}

impl Answer {
    /// A body that is held whole.
    pub(crate) fn whole(
        bytes: Bytes,
        trailers: Option<HeaderMap>,
        record: Record,
        lease: Option<Lease>,
    ) -> Self {
        let data = (!bytes.is_empty()).then_some(bytes);
        Self { kind: Kind::Whole { data, trailers }, record, _lease: lease }
    }

    /// A body that is passed on as it comes, behind what was held of it.
    pub(crate) fn stream(
        prefix: Bytes,
        rest: UpstreamBody,
        why: Streamed,
        idle: Duration,
        mut record: Record,
    ) -> Self {
        let captured = record.call().snapshot.limits.captured_bytes;
        // Until the end is seen, what ends the exchange is that somebody broke off.
        record.call_mut().outcome = Outcome::Aborted;
        let streaming = Streaming {
            prefix: (!prefix.is_empty()).then_some(prefix),
            rest,
            recording: Recording::new(captured, why),
            idle,
            timer: Box::pin(sleep(idle)),
            is_ended: false,
        };
        Self { kind: Kind::Stream(Box::new(streaming)), record, _lease: None }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Kind::Stream(streaming) = &mut self.kind {
            self.record.call_mut().response_body = streaming.recording.take();
        }
        // The record itself is dropped next and hands the exchange over.
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match &mut this.kind {
            Kind::Whole { data, trailers } => {
                let frame = match data {
                    Some(rest) if rest.len() > PIECE => Some(Frame::data(rest.split_to(PIECE))),
                    Some(_) => data.take().map(Frame::data),
                    None => trailers.take().map(Frame::trailers),
                };
                Poll::Ready(frame.map(Ok))
            }
            Kind::Stream(stream) => stream.poll_frame(cx, &mut this.record),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole { data, trailers, .. } => data.is_none() && trailers.is_none(),
            Kind::Stream(stream) => stream.is_ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole { trailers: Some(_), .. } => SizeHint::default(),
            Kind::Whole { data, .. } => {
                SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64))
            }
            Kind::Stream(stream) => {
                let prefix = stream.prefix.as_ref().map_or(0, |prefix| prefix.len() as u64);
                let rest = stream.rest.size_hint().exact();
                rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(prefix + rest))
            }
        }
    }
}

impl Streaming {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
        record: &mut Record,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match self.prefix.take() {
            Some(prefix) => Some(Ok(Frame::data(prefix))),
            None => match Pin::new(&mut self.rest).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.timer.as_mut().poll(cx));
                    record.call_mut().outcome = Outcome::BrokenOff;
                    return Poll::Ready(Some(Err("the upstream paused for too long".into())));
                }
            },
        };
        self.timer.as_mut().reset(Instant::now() + self.idle);
        let mut ended = frame.is_none();
        match &frame {
            None => {}
            Some(Err(_)) => record.call_mut().outcome = Outcome::BrokenOff,
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.recording.push(data);
                } else if let Some(trailers) = frame.trailers_ref() {
                    self.recording.push_trailers(trailers);
                    ended = true;
                }
                ended |= self.prefix.is_none() && self.rest.is_end_stream();
            }
        }
        if ended {
            self.is_ended = true;
            self.recording.end();
            record.call_mut().outcome = Outcome::Answered;
        }
        Poll::Ready(frame)
    }
}
