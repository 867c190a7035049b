//! Bodies that pass through, so many bytes and so long at most.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::body::BodyError;

/// A body.
pub(super) enum Through {
    /// One of our own, or none.
    Own(Option<Bytes>),
    /// One that passes.
    Passing(Box<Passing>),
}

/// A body that passes.
pub(super) struct Passing {
    from: Incoming,
    /// Bytes that it may still have.
    left: u64,
    idle: Duration,
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Through {
    /// A body of at most so many bytes, that may pause so long, until that time.
    pub(super) fn passing(from: Incoming, most: u64, idle: Duration, until: Instant) -> Self {
        let timer = Box::pin(sleep_until(until.min(Instant::now() + idle)));
        Self::Passing(Box::new(Passing { from, left: most, idle, until, timer }))
    }
}

impl Body for Through {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let passing = match self.get_mut() {
            Self::Own(bytes) => return Poll::Ready(bytes.take().map(|data| Ok(Frame::data(data)))),
            Self::Passing(passing) => passing,
        };
        match Pin::new(&mut passing.from).poll_frame(cx) {
            Poll::Pending => match passing.timer.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err("no more came in time".into()))),
                Poll::Pending => Poll::Pending,
            },
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(left) = passing.left.checked_sub(bytes) else {
                    return Poll::Ready(Some(Err("more came than may pass".into())));
                };
                let now = Instant::now();
                if now >= passing.until {
                    return Poll::Ready(Some(Err("it took longer than it may".into())));
                }
                passing.left = left;
                passing.timer.as_mut().reset(passing.until.min(now + passing.idle));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Passing(passing) => passing.from.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Passing(passing) => passing.from.size_hint(),
        }
    }
}
