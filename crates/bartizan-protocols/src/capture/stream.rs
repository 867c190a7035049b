//! One direction of a TCP connection, put in order (RFC 9293 §3.4).
//!
//! Of bytes that come twice the first copy stays, as most receivers have it; whether a later one
//! differs is told as long as the first is still there to compare with.

use std::collections::BTreeMap;

use super::{CaptureLimits, Stamp};

/// How much of what went out is kept to compare repetitions with, in bytes.
const HISTORY: usize = 1536;
/// Packets of the connection that bytes which the receiver has acknowledged may come late: captures
/// of several queues are a little out of order.
const PATIENCE: u32 = 64;

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes, and when they were captured.
    Data(&'a [u8], Stamp),
    /// So many bytes are not in the capture.
    Gap(u64),
}

#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    stamp: Stamp,
}

/// One direction of a connection. Offsets count from the first byte.
#[derive(Debug, Default)]
pub struct Stream {
    base: Option<u32>,
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    waiting_bytes: usize,
    most_bytes: usize,
    most_pieces: usize,
    patience: u32,
    end: Option<u64>,
    history: Vec<u8>,
}

impl Stream {
    /// A direction of which nothing was seen.
    #[must_use]
    pub fn new(limits: &CaptureLimits) -> Self {
        Self {
            most_bytes: limits.waiting_bytes,
            most_pieces: limits.waiting_pieces,
            patience: PATIENCE,
            ..Self::default()
        }
    }

    /// The sequence number of the first byte, when nothing was seen before.
    pub fn begin(&mut self, sequence: u32) {
        self.base.get_or_insert(sequence);
    }

    /// Whether something was seen.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.base.is_some()
    }

    /// Whether the stream began at another sequence number.
    pub(super) fn began_elsewhere(&self, sequence: u32) -> bool {
        self.base.is_some_and(|base| base != sequence)
    }

    /// Whether bytes wait for others before them.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether all up to its end came.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// Whether its end is known, though bytes before it may be missing.
    pub(super) const fn has_end(&self) -> bool {
        self.end.is_some()
    }

    /// Bytes kept.
    #[must_use]
    pub fn held(&self) -> usize {
        self.waiting_bytes + self.waiting.len() * 96 + self.history.capacity()
    }

    /// Where a sequence number is, seen from the next byte that is wanted.
    pub(super) fn ahead(&self, sequence: u32) -> i64 {
        let expected = self.base.unwrap_or(sequence).wrapping_add(self.next as u32);
        i64::from(sequence.wrapping_sub(expected) as i32)
    }

    /// Takes a segment, and gives what is in order now. True when it repeats bytes differently.
    pub fn push(
        &mut self,
        sequence: u32,
        bytes: &[u8],
        stamp: Stamp,
        give: &mut impl FnMut(Piece<'_>),
    ) -> bool {
        self.begin(sequence);
        let ahead = self.ahead(sequence);
        let old = usize::try_from(-ahead).unwrap_or(0).min(bytes.len());
        let (repeated, mut fresh) = bytes.split_at(old);
        let mut differs = self.differs(ahead, repeated);
        let mut at = self.next.saturating_add_signed(ahead.max(0));
        // What comes behind the end of the stream is none of it.
        if let Some(end) = self.end {
            let room = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            fresh = fresh.get(..room).unwrap_or(fresh);
        }
        if fresh.is_empty() {
            return differs;
        }
        if at == self.next && self.waiting.is_empty() {
            self.give(fresh, stamp, give);
            return differs;
        }
        while !fresh.is_empty() {
            let before = self.waiting.range(..=at).next_back();
            let before = before.and_then(|(start, w)| w.bytes.get((at - start) as usize..));
            if let Some(there) = before.filter(|there| !there.is_empty()) {
                let both = there.len().min(fresh.len());
                differs |= there.get(..both) != fresh.get(..both);
                fresh = fresh.get(both..).unwrap_or_default();
                at += both as u64;
                continue;
            }
            let following = self.waiting.range(at..).next().map(|(start, _)| start - at);
            let room = following.and_then(|room| usize::try_from(room).ok()).unwrap_or(usize::MAX);
            let (new, rest) = fresh.split_at(room.min(fresh.len()));
            self.waiting_bytes += new.len();
            self.waiting.insert(at, Waiting { bytes: new.to_vec(), stamp });
            at += new.len() as u64;
            fresh = rest;
        }
        self.drain(give);
        while self.waiting_bytes > self.most_bytes || self.waiting.len() > self.most_pieces {
            self.pass_gap(give);
        }
        differs
    }

    /// The receiver has everything before `sequence`. What it has and the capture has not after a
    /// while will not come any more.
    pub fn acknowledged(&mut self, sequence: u32, give: &mut impl FnMut(Piece<'_>)) {
        let Some((first, _)) = self.waiting.first_key_value() else {
            self.patience = PATIENCE;
            return;
        };
        let missing = i64::try_from(first - self.next).unwrap_or(i64::MAX);
        if self.ahead(sequence) < missing {
            return;
        }
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            self.pass_gap(give);
        }
    }

    /// The stream ends before `sequence`.
    pub fn end(&mut self, sequence: u32) {
        self.begin(sequence);
        if self.end.is_none() {
            let end = self.next.saturating_add_signed(self.ahead(sequence));
            // Bytes that wait behind it, or went out, were sent before whoever says so knew.
            let last = self.waiting.last_key_value();
            let last = last.map_or(self.next, |(start, w)| start + w.bytes.len() as u64);
            self.end = Some(end.max(last));
        }
    }

    /// Gives what waits although bytes before it are missing: nothing more will come.
    pub fn close(&mut self, give: &mut impl FnMut(Piece<'_>)) {
        while !self.waiting.is_empty() {
            self.pass_gap(give);
        }
        if let Some(end) = self.end
            && end > self.next
        {
            give(Piece::Gap(end - self.next));
            self.next = end;
        }
        self.history = Vec::new();
    }

    fn pass_gap(&mut self, give: &mut impl FnMut(Piece<'_>)) {
        self.patience = PATIENCE;
        let Some((first, _)) = self.waiting.first_key_value() else { return };
        let missing = first - self.next;
        if missing > 0 {
            give(Piece::Gap(missing));
            self.next = *first;
            self.history.clear();
        }
        self.drain(give);
    }

    fn drain(&mut self, give: &mut impl FnMut(Piece<'_>)) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() != self.next {
                return;
            }
            let Waiting { bytes, stamp } = entry.remove();
            self.waiting_bytes -= bytes.len();
            self.give(&bytes, stamp, give);
        }
    }

    fn give(&mut self, bytes: &[u8], stamp: Stamp, give: &mut impl FnMut(Piece<'_>)) {
        self.next += bytes.len() as u64;
        let kept = bytes.get(bytes.len().saturating_sub(HISTORY)..).unwrap_or_default();
        let surplus = (self.history.len() + kept.len()).saturating_sub(HISTORY);
        self.history.drain(..surplus.min(self.history.len()));
        self.history.extend_from_slice(kept);
        give(Piece::Data(bytes, stamp));
    }

    /// Whether bytes that went out are repeated differently; they begin `ahead` of the next byte.
    fn differs(&self, ahead: i64, repeated: &[u8]) -> bool {
        let back = usize::try_from(-ahead).unwrap_or(0);
        let (kept, repeated) = match self.history.len().checked_sub(back) {
            Some(skip) => (self.history.get(skip..), Some(repeated)),
            None => (Some(&*self.history), repeated.get(back - self.history.len()..)),
        };
        kept.unwrap_or_default().iter().zip(repeated.unwrap_or_default()).any(|(a, b)| a != b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(packet: u64) -> Stamp {
        Stamp { time: None, packet }
    }

    /// What came out: bytes as text, gaps as `<n>`.
    fn text(out: &mut String) -> impl FnMut(Piece<'_>) {
        |piece| match piece {
            Piece::Data(bytes, _) => out.push_str(&String::from_utf8_lossy(bytes)),
            Piece::Gap(bytes) => out.push_str(&format!("<{bytes}>")),
        }
    }

    #[test]
    fn segments_in_any_order_give_the_stream() {
        // Across the wrap of sequence numbers.
        let base = u32::MAX - 2;
        let parts = [(0, "ab"), (2, "cde"), (5, "f"), (6, "ghi")];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let mut stream = Stream::new(&CaptureLimits::default());
            stream.begin(base);
            let mut out = String::new();
            for i in order {
                let (at, bytes) = parts[i];
                let sequence = base.wrapping_add(at);
                let differs =
                    stream.push(sequence, bytes.as_bytes(), stamp(1), &mut text(&mut out));
                assert!(!differs);
            }
            assert_eq!(out, "abcdefghi", "{order:?}");
            assert!(!stream.is_waiting() && stream.waiting_bytes == 0);
        }
    }

    #[test]
    fn the_first_copy_wins_and_a_different_one_is_told() {
        let mut stream = Stream::new(&CaptureLimits::default());
        stream.begin(100);
        let mut out = String::new();
        let mut push = |sequence, bytes: &str| {
            stream.push(sequence, bytes.as_bytes(), stamp(1), &mut text(&mut out))
        };
        assert!(!push(104, "EFG"));
        // Overlaps what waits on both sides.
        assert!(push(103, "Dxxxh"));
        assert!(!push(100, "ABCDEFGhi"));
        // Behind the end of what went out, and before it.
        assert!(push(102, "CDxF"));
        assert!(!push(102, "CDEF"));
        assert!(push(107, "ZZ!"));
        assert_eq!(out, "ABCDEFGhi!");
    }

    #[test]
    fn gaps_are_told_once_nothing_more_can_come() {
        let limits =
            CaptureLimits { waiting_bytes: 8, waiting_pieces: 2, ..CaptureLimits::default() };
        let mut out = String::new();
        let mut stream = Stream::new(&limits);
        stream.begin(0);
        // Too many pieces, then too many bytes.
        for at in [2, 4, 6] {
            stream.push(at, b"x", stamp(1), &mut text(&mut out));
        }
        assert_eq!(out, "<2>x");
        stream.push(20, b"123456789", stamp(1), &mut text(&mut out));
        assert_eq!(out, "<2>x<1>x<1>x<13>123456789");
        // Acknowledged for a while.
        stream.push(30, b"y", stamp(1), &mut text(&mut out));
        for _ in 0..PATIENCE {
            stream.acknowledged(29, &mut text(&mut out));
        }
        assert!(stream.is_waiting());
        for _ in 0..PATIENCE {
            stream.acknowledged(30, &mut text(&mut out));
        }
        assert!(out.ends_with("9<1>y") && !stream.is_waiting(), "{out}");
        // At the end.
        stream.push(33, b"z", stamp(1), &mut text(&mut out));
        stream.end(36);
        assert!(!stream.is_ended());
        stream.close(&mut text(&mut out));
        assert!(out.ends_with("y<2>z<2>") && stream.is_ended(), "{out}");
    }

    #[test]
    fn nothing_comes_behind_the_end() {
        let mut out = String::new();
        let mut stream = Stream::new(&CaptureLimits::default());
        stream.push(0, b"ab", stamp(1), &mut text(&mut out));
        stream.end(3);
        stream.push(2, b"cdef", stamp(1), &mut text(&mut out));
        assert_eq!(out, "abc");
        assert!(stream.is_ended());
    }
}
