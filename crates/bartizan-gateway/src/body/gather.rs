//! Holding a whole body: up to a limit, within a time, under the budget.

use std::{future::poll_fn, pin::Pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use tokio::time::{Instant, timeout_at};

use crate::{
    budget::{Bound, Lease},
    phases::Streamed,
};

/// What came of it.
#[derive(Debug)]
pub(crate) enum Gathered {
    /// All of it.
    Whole { bytes: Bytes, trailers: Option<HeaderMap> },
    /// More follows than is held; this is the beginning.
    Partial { bytes: Bytes, why: Streamed },
    /// There is no room for more; this is the beginning. The last piece of it came too much and is
    /// not in the lease.
    NoRoom { bytes: Bytes, bound: Bound },
}

/// Reading a body failed.
#[derive(Debug)]
pub(crate) struct BrokenOff;

/// How a body is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Most bytes.
    pub(crate) limit: usize,
    /// Longest time.
    pub(crate) time: Duration,
    /// What it means when the time is over.
    pub(crate) late: Streamed,
}

/// Bytes that are reserved at most because a length was stated.
const BELIEVED: u64 = 64 * 1024;
/// A stated length is believed up to so many times what has come.
const TRUST: usize = 4;
/// A piece that is smaller is copied: it is a part of the buffer that it was read into, and would keep
/// all of that, which nobody counts. Libraries read into buffers of 8 to 64 KiB.
const COPIED: usize = 16 * 1024;

/// Holds a body. One whose stated length is above the limit is not read at all.
pub(crate) async fn gather<B>(
    body: &mut B,
    rules: Rules,
    lease: &mut Lease,
) -> Result<Gathered, BrokenOff>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Gathered::Whole { bytes: Bytes::new(), trailers: None });
    }
    let stated = body.size_hint().exact();
    if stated.is_some_and(|stated| stated > rules.limit as u64) {
        return Ok(Gathered::Partial { bytes: Bytes::new(), why: Streamed::TooLarge });
    }
    let mut held = Held::default();
    // Only a body that does not come at once needs a timer.
    let deadline = Instant::now() + rules.time;
    let read = timeout_at(deadline, read_all(body, rules.limit, stated, lease, &mut held)).await;
    match read {
        Ok(Ok(End::Whole(trailers))) => Ok(Gathered::Whole { bytes: held.join(), trailers }),
        Ok(Ok(End::TooLarge)) => {
            Ok(Gathered::Partial { bytes: held.join(), why: Streamed::TooLarge })
        }
        Ok(Ok(End::NoRoom(bound))) => Ok(Gathered::NoRoom { bytes: held.join(), bound }),
        Ok(Err(error)) => Err(error),
        Err(_) => Ok(Gathered::Partial { bytes: held.join(), why: rules.late }),
    }
}

enum End {
    Whole(Option<HeaderMap>),
    TooLarge,
    NoRoom(Bound),
}

/// What came of a body, in little more memory than it has bytes. Most bodies come in one piece; a large
/// one is kept as it is.
#[derive(Default)]
struct Held {
    first: Bytes,
    rest: BytesMut,
}

impl Held {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, data: Bytes, stated: Option<u64>) {
        if self.len() == 0 && data.len() >= COPIED {
            self.first = data;
            return;
        }
        let held = self.len() + data.len();
        if self.rest.is_empty() {
            let wanted = stated.map_or(0, |stated| stated.min(BELIEVED) as usize);
            self.rest.reserve(wanted.min(TRUST * held).max(held));
            self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&data);
    }

    fn join(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

async fn read_all<B>(
    body: &mut B,
    limit: usize,
    stated: Option<u64>,
    lease: &mut Lease,
    held: &mut Held,
) -> Result<End, BrokenOff>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let frame = match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(End::Whole(None)),
            Some(Err(_)) => return Err(BrokenOff),
            Some(Ok(frame)) => frame,
        };
        match frame.into_data() {
            Ok(data) => {
                let grown = lease.grow(data.len());
                held.push(data, stated);
                if let Err(bound) = grown {
                    return Ok(End::NoRoom(bound));
                }
                if held.len() > limit {
                    return Ok(End::TooLarge);
                }
                // Saves asking once more for the end.
                if body.is_end_stream() {
                    return Ok(End::Whole(None));
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    return Ok(End::Whole(Some(trailers)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_are_joined() {
        for (pieces, stated) in [
            (vec![1, 2, 3], None),
            (vec![10, 70_000], Some(70_010)),
            (vec![60_000, 60_000, 60_000], Some(180_000)),
            (vec![70_000, 1], Some(u64::MAX)),
            (vec![70_000, 70_000], None),
        ] {
            let mut held = Held::default();
            for (at, size) in pieces.iter().enumerate() {
                held.push(vec![at as u8; *size].into(), stated);
            }
            let expected: Vec<u8> =
                pieces.iter().enumerate().flat_map(|(at, size)| vec![at as u8; *size]).collect();
            assert_eq!(held.join(), expected, "{pieces:?}");
        }
    }

    #[test]
    fn small_pieces_keep_no_read_buffer() {
        const BUFFER: usize = 64 * 1024;
        for (size, count, stated) in [
            (1, 1, Some(1)),
            (1, 1, Some(1_000_000)),
            (1, 3, Some(1_000_000)),
            (1, 5_000, None),
            (1, 5_000, Some(u64::MAX)),
            (COPIED - 1, 1, None),
            (COPIED, 1, Some(COPIED as u64)),
            (COPIED, 2, Some(100_000)),
        ] {
            let mut held = Held::default();
            for _ in 0..count {
                let buffer = Bytes::from(vec![7; BUFFER]);
                held.push(buffer.slice(1..=size), stated);
                // A large piece alone stays where it is.
                let stays = !held.first.is_empty();
                assert_eq!(buffer.is_unique(), !stays, "{size} × {count}");
                let kept = held.rest.capacity() + if stays { BUFFER } else { 0 };
                let counted = held.len();
                let case = || format!("{kept} for {counted} in {size} × {count}");
                assert!(kept <= TRUST * counted.max(16), "{}", case());
            }
            assert_eq!(held.join(), vec![7; size * count]);
        }
    }
}
