//! One message after the other out of bytes that come in any pieces. A message that comes whole is not copied; one that
//! comes in pieces is held under the budget of its client, as far as somebody wants to see it.

use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};

use super::{COMPRESSED, PREFIX, Piece, TRAILERS};
use crate::budget::{Budget, ClientPlace, Lease};

/// What was taken out of a body.
#[derive(Debug)]
pub(super) struct Taken {
    /// As it goes on, with the prefix.
    pub(super) bytes: Bytes,
    /// What its bytes take of the budget, where they are held.
    pub(super) lease: Option<Lease>,
    /// What there is to look at before.
    pub(super) piece: Option<Piece>,
}

/// Takes messages out of a body.
pub(super) struct Framer {
    /// Most bytes of a message that are held, without its prefix.
    most: usize,
    is_web: bool,
    /// What came and is not taken apart yet.
    input: Bytes,
    /// The beginning of a message, with its prefix.
    held: BytesMut,
    lease: Lease,
    budget: Arc<Budget>,
    place: ClientPlace,
    /// Bytes that go on as they come: the rest of a message that is not held.
    passing: usize,
    /// Whether it is not known any more where messages begin.
    is_lost: bool,
}

impl Framer {
    pub(super) fn new(most: usize, is_web: bool, budget: Arc<Budget>, place: ClientPlace) -> Self {
        Self {
            most,
            is_web,
            input: Bytes::new(),
            held: BytesMut::new(),
            lease: Lease::new(&budget, place),
            budget,
            place,
            passing: 0,
            is_lost: false,
        }
    }

    /// Gives it what came, when there is [nothing more](Self::next) in what came before.
    pub(super) fn push(&mut self, data: Bytes) {
        debug_assert!(self.input.is_empty(), "what came before is taken apart first");
        self.input = data;
    }

    /// Whether a message has begun that is not whole.
    pub(super) fn is_within(&self) -> bool {
        !self.held.is_empty()
    }

    /// From here on everything goes on as it comes. What is held of a message.
    pub(super) fn give_up(&mut self) -> Taken {
        self.is_lost = true;
        let (bytes, lease) = self.take_held();
        Taken { bytes, lease: Some(lease), piece: Some(Piece::Broken) }
    }

    /// What is next in what came; `None` when more has to come.
    pub(super) fn next(&mut self) -> Option<Taken> {
        if self.input.is_empty() {
            return None;
        }
        if self.is_lost {
            return Some(passed(std::mem::take(&mut self.input)));
        }
        if self.passing > 0 {
            let count = self.passing.min(self.input.len());
            self.passing -= count;
            return Some(passed(self.input.split_to(count)));
        }
        if self.held.is_empty()
            && let Some(taken) = self.whole_in_place()
        {
            return Some(taken);
        }
        self.fill()
    }

    /// The body is over: what is left of a message.
    pub(super) fn end(&mut self) -> Option<Taken> {
        let is_cut = self.is_within() || (self.passing > 0 && !self.is_lost);
        self.passing = 0;
        is_cut.then(|| self.give_up())
    }

    /// A message that is whole in what came.
    fn whole_in_place(&mut self) -> Option<Taken> {
        let (flags, length) = prefix(&self.input)?;
        if !self.is_known(flags) || length > self.most || self.input.len() - PREFIX < length {
            return None;
        }
        let bytes = self.input.split_to(PREFIX + length);
        let piece = Some(piece(flags, bytes.slice(PREFIX..), length));
        Some(Taken { bytes, lease: None, piece })
    }

    /// Adds what came to what is held, up to the end of the message or of what is held of one.
    fn fill(&mut self) -> Option<Taken> {
        loop {
            let wanted = match prefix(&self.held) {
                None => PREFIX,
                Some((flags, _)) if !self.is_known(flags) => return Some(self.give_up()),
                Some((_, length)) => PREFIX + length.min(self.most),
            };
            let missing = wanted - self.held.len();
            if missing == 0 && self.held.len() >= PREFIX {
                return Some(self.message());
            }
            let count = missing.min(self.input.len());
            if count == 0 {
                return None;
            }
            let has_room = self.lease.grow(count).is_ok();
            // The few bytes of a prefix are held in any case: it tells how to go on.
            if !has_room && self.held.len() >= PREFIX {
                return Some(self.message());
            }
            self.held.extend_from_slice(&self.input.split_to(count));
        }
    }

    /// What is held of a message, whose rest goes on as it comes.
    fn message(&mut self) -> Taken {
        let (flags, length) = prefix(&self.held).unwrap_or((0, 0));
        self.passing = PREFIX + length - self.held.len();
        let (bytes, lease) = self.take_held();
        let piece = piece(flags, bytes.slice(PREFIX.min(bytes.len())..), length);
        Taken { bytes, lease: Some(lease), piece: Some(piece) }
    }

    /// What is held, and what it takes of the budget.
    fn take_held(&mut self) -> (Bytes, Lease) {
        let lease = std::mem::replace(&mut self.lease, Lease::new(&self.budget, self.place));
        (std::mem::take(&mut self.held).freeze(), lease)
    }

    fn is_known(&self, flags: u8) -> bool {
        let may_be = if self.is_web { COMPRESSED | TRAILERS } else { COMPRESSED };
        flags & !may_be == 0
    }
}

fn passed(bytes: Bytes) -> Taken {
    Taken { bytes, lease: None, piece: None }
}

fn piece(flags: u8, data: Bytes, length: usize) -> Piece {
    if flags & TRAILERS != 0 {
        return Piece::Trailers;
    }
    Piece::Message { is_compressed: flags & COMPRESSED != 0, data, length }
}

/// The flags of a message, and its length.
fn prefix(mut bytes: &[u8]) -> Option<(u8, usize)> {
    if bytes.len() < PREFIX {
        return None;
    }
    let (flags, length) = (bytes.get_u8(), bytes.get_u32());
    Some((flags, usize::try_from(length).unwrap_or(usize::MAX / 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Bound;

    fn budget(limit: usize) -> Arc<Budget> {
        Budget::new(limit, limit, [Bound::Bytes, Bound::BytesOfClient])
    }

    fn framer(most: usize, budget: &Arc<Budget>) -> Framer {
        let place = ClientPlace::of(std::net::Ipv4Addr::LOCALHOST.into());
        Framer::new(most, true, Arc::clone(budget), place)
    }

    fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).expect("a length");
        [&[flags][..], &length.to_be_bytes(), message].concat()
    }

    /// All that is taken out of a body that comes in pieces of so many bytes, and what went on.
    fn taken(framer: &mut Framer, body: &[u8], size: usize) -> (Vec<Piece>, Vec<u8>) {
        let (mut pieces, mut out) = (Vec::new(), Vec::new());
        for part in body.chunks(size) {
            framer.push(Bytes::copy_from_slice(part));
            while let Some(taken) = framer.next() {
                out.extend_from_slice(&taken.bytes);
                pieces.extend(taken.piece);
            }
        }
        if let Some(taken) = framer.end() {
            out.extend_from_slice(&taken.bytes);
            pieces.extend(taken.piece);
        }
        (pieces, out)
    }

    fn message(data: &[u8], is_compressed: bool, length: usize) -> Piece {
        Piece::Message { is_compressed, data: Bytes::copy_from_slice(data), length }
    }

    #[test]
    fn messages_are_the_same_in_whatever_pieces_they_come() {
        let body = [frame(0, b"one"), frame(1, b"zwei"), frame(0, b""), frame(0x80, b"a:1")];
        let body = body.concat();
        let expected = [
            message(b"one", false, 3),
            message(b"zwei", true, 4),
            message(b"", false, 0),
            Piece::Trailers,
        ];
        for size in 1..=body.len() {
            let budget = budget(1_000);
            let mut framer = framer(100, &budget);
            let (pieces, out) = taken(&mut framer, &body, size);
            assert_eq!((pieces.as_slice(), &out), (&expected[..], &body), "{size}");
            drop(framer);
            assert_eq!(budget.used(), 0, "{size}");
        }
    }

    #[test]
    fn of_what_is_longer_the_beginning_is_seen_and_all_goes_on() {
        let body = [frame(0, b"0123456789"), frame(0, b"ab")].concat();
        for size in [1, 4, 7, 100] {
            let budget = budget(1_000);
            let (pieces, out) = taken(&mut framer(4, &budget), &body, size);
            let expected = [message(b"0123", false, 10), message(b"ab", false, 2)];
            assert_eq!((pieces.as_slice(), &out), (&expected[..], &body), "{size}");
        }
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        let body = [frame(0, &[7; 100]), frame(0, b"ab")].concat();
        let budget = budget(50);
        let (pieces, out) = taken(&mut framer(1_000, &budget), &body, 10);
        assert_eq!(out, body, "it goes on");
        assert_eq!(pieces.len(), 2);
        let Piece::Message { data, length: 100, .. } = &pieces[0] else { panic!("{pieces:?}") };
        assert!(data.len() <= 50 && pieces[1] == message(b"ab", false, 2), "{pieces:?}");
    }

    #[test]
    fn what_is_no_message_is_told_once() {
        let budget = budget(1_000);
        for (body, before) in [
            ([frame(0, b"a"), vec![0, 0, 0]].concat(), 1),
            ([frame(0, b"a"), frame(0, b"abc")[..7].to_vec()].concat(), 1),
            (b"{\"a\": 1, \"b\": 2}".to_vec(), 0),
            (frame(4, b"a"), 0),
            (frame(0, &[1; 300])[..200].to_vec(), 1),
        ] {
            for size in [1, 3, 100] {
                let (pieces, out) = taken(&mut framer(150, &budget), &body, size);
                assert_eq!(out, body, "{body:?}");
                assert_eq!(pieces.len(), before + 1, "{pieces:?}");
                assert_eq!(pieces.last(), Some(&Piece::Broken), "{pieces:?}");
            }
        }
        let (pieces, _) = taken(&mut framer(10, &budget), b"", 1);
        assert!(pieces.is_empty(), "nothing is no broken message");
    }

    #[test]
    fn lengths_beyond_all_memory_hold_nothing_of_it() {
        let budget = budget(1_000);
        let mut framer = framer(1 << 30, &budget);
        framer.push(Bytes::from_static(b"\0\xff\xff\xff\xffabc"));
        assert!(framer.next().is_none() && framer.is_within());
        assert!(framer.held.capacity() < 1_000, "{}", framer.held.capacity());
    }
}
