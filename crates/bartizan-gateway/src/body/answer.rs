//! Response bodies on their way to a client. When an answer is dropped, its exchange is over.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Version};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::{
    BodyError,
    prefix::{PIECE, Prefix},
};
use crate::{
    budget::Lease,
    call::{Call, Outcome, Recording},
    forward::fields,
    messages::{Ending, Halt, Next, Side, Spoken, Watched},
    phases::{Reply, Streamed},
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
    prefix: Prefix,
    /// When the prefix has to be taken.
    prefix_by: Instant,
    rest: UpstreamBody,
    recording: Recording,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    guard: Guard,
    is_ended: bool,
}

/// What may end an answer that has begun, of a call of gRPC.
#[derive(Default)]
pub(crate) struct Guard {
    /// Who looks at its messages, one by one.
    pub(crate) watched: Option<Box<Watched>>,
    /// Whether the call is ended.
    pub(crate) halt: Option<Arc<Halt>>,
    /// How its client reads how it ends; `None` where the answer is nothing of gRPC.
    pub(crate) spoken: Option<Spoken>,
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
        prefix: Prefix,
        rest: UpstreamBody,
        why: Streamed,
        guard: Guard,
        mut record: Record,
    ) -> Self {
        let recorded = Lease::new(&record.shared().budget, record.call().place);
        let call = record.call_mut();
        let captured = call.snapshot.limits.captured_bytes;
        let deadlines = call.snapshot.deadlines;
        let idle = deadlines.body_idle;
        // Until the end is seen, what ends the exchange is that somebody broke off.
        call.outcome = Outcome::Aborted;
        let streaming = Streaming {
            prefix,
            prefix_by: Instant::now() + deadlines.answer,
            rest,
            recording: Recording::new(captured, recorded, why),
            idle,
            timer: Box::pin(sleep(idle)),
            guard,
            is_ended: false,
        };
        streaming.await_client(call);
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
            Kind::Stream(stream) if stream.guard.halt.is_some() => SizeHint::default(),
            Kind::Stream(stream) => {
                let prefix = stream.prefix.len() as u64;
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
        // Asked again: what was given before is taken.
        record.call_mut().client_took();
        let next = ready!(self.next(cx));
        let frame = match next {
            Ok(Next::Data(data)) => Some(Ok(Frame::data(data))),
            Ok(Next::Trailers(mut trailers)) => {
                if fields::trailers_to_client(&mut trailers) {
                    record.shared().metrics.trailers_removed.inc();
                }
                self.is_ended = true;
                Some(Ok(Frame::trailers(trailers)))
            }
            Ok(Next::End) => {
                self.is_ended = true;
                None
            }
            Ok(Next::Stopped(reply)) => return Poll::Ready(Some(self.stop(&reply, record))),
            Err(error) => {
                record.call_mut().outcome = Outcome::BrokenOff;
                Some(Err(error))
            }
        };
        if self.is_ended {
            self.recording.end();
            record.call_mut().outcome = Outcome::Answered;
        }
        self.await_client(record.call_mut());
        Poll::Ready(frame)
    }

    /// What goes to the client next.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Next, BodyError>> {
        loop {
            if let Some(watched) = &mut self.guard.watched {
                if watched.gives_way(cx) {
                    return Poll::Pending;
                }
                if let Some(next) = watched.next() {
                    self.is_ended |= watched.is_done();
                    return Poll::Ready(Ok(next));
                }
            }
            let halted = self.guard.halt.as_ref().and_then(|halt| halt.poll(Side::Response, cx));
            if let Some(reply) = halted {
                return Poll::Ready(Ok(Next::Stopped(reply)));
            }
            let frame = ready!(self.read(cx));
            // What is taken back at the upstream ends there as if it had come to its end.
            let halted = self.guard.halt.as_ref().and_then(|halt| halt.reply());
            if let Some(reply) = halted {
                return Poll::Ready(Ok(Next::Stopped(reply)));
            }
            let frame = match frame {
                Some(Err(error)) => return Poll::Ready(Err(error)),
                Some(Ok(frame)) => Some(frame),
                None => None,
            };
            if let Some(trailers) = frame.as_ref().and_then(Frame::trailers_ref) {
                self.recording.push_trailers(trailers);
            }
            let is_last = self.prefix.len() == 0 && self.rest.is_end_stream();
            if let Some(watched) = &mut self.guard.watched {
                watched.take(frame, is_last);
                continue;
            }
            self.is_ended |= is_last;
            return Poll::Ready(Ok(next_of(frame)));
        }
    }

    /// What the upstream sends next.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match self.prefix.next() {
            Some(data) => Some(Ok(Frame::data(data))),
            None => match Pin::new(&mut self.rest).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.timer.as_mut().poll(cx));
                    return Poll::Ready(Some(Err("the upstream paused for too long".into())));
                }
            },
        };
        self.timer.as_mut().reset(Instant::now() + self.idle);
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.recording.push(data);
        }
        Poll::Ready(frame)
    }

    /// Ends the answer to a call that is not let through any further.
    fn stop(&mut self, reply: &Reply, record: &mut Record) -> Result<Frame<Bytes>, BodyError> {
        let call = record.call_mut();
        call.outcome = Outcome::Replied(reply.code);
        self.is_ended = true;
        self.await_client(call);
        let ending = self.guard.spoken.map(|spoken| Ending::of(spoken, reply, call.id()));
        match ending {
            Some(Ending::Data(data)) => Ok(Frame::data(data)),
            Some(Ending::Trailers(trailers)) if call.version == Version::HTTP_2 => {
                Ok(Frame::trailers(trailers))
            }
            // HTTP/1 has no place for it that clients read.
            _ => Err("the call is not let through any further".into()),
        }
    }

    /// Sets when the client must have taken what it was given. HTTP/2 does not ask for more while
    /// the client opens no window, so this task would sleep for ever; on HTTP/1 the socket is
    /// watched, and only what is held needs a total.
    fn await_client(&self, call: &mut Call) {
        let stall = (call.version == Version::HTTP_2).then(|| Instant::now() + self.idle);
        let total = self.prefix.is_held().then_some(self.prefix_by);
        if let Some(at) = stall.into_iter().chain(total).min() {
            call.await_client(at);
        }
    }
}

fn next_of(frame: Option<Frame<Bytes>>) -> Next {
    let Some(frame) = frame else { return Next::End };
    match frame.into_data() {
        Ok(data) => Next::Data(data),
        // There are no others.
        Err(frame) => frame.into_trailers().map_or(Next::End, Next::Trailers),
    }
}
