//! Bytes of one direction that were not read yet, and when each of them was captured.

use std::collections::VecDeque;

use super::super::Stamp;

/// Most pieces whose times are kept apart.
const PIECES: usize = 4096;

/// Bytes in the order of the stream.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// Bytes at the front that were taken and not removed yet.
    taken: usize,
    /// Bytes behind those in which no end of a head was found.
    scanned: usize,
    /// Bytes that were removed.
    removed: u64,
    /// Where pieces begin in the stream.
    pieces: VecDeque<(u64, Stamp)>,
}

impl Buffer {
    pub(super) fn push(&mut self, bytes: &[u8], stamp: Stamp) {
        if self.pieces.len() < PIECES {
            self.pieces.push_back((self.removed + self.bytes.len() as u64, stamp));
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.pieces.len() * size_of::<(u64, Stamp)>()
    }

    /// What was not taken.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    pub(super) const fn scanned(&self) -> usize {
        self.scanned
    }

    /// Notes that there is no end of a head so far. The last bytes may be the first of one.
    pub(super) fn set_scanned(&mut self) {
        self.scanned = self.bytes().len().saturating_sub(3);
    }

    /// Takes up to `most` bytes; also when the last of them was captured.
    pub(super) fn take(&mut self, most: usize) -> (&[u8], Stamp) {
        let size = most.min(self.bytes().len());
        let (_, last) = self.stamps(size);
        let start = self.taken;
        self.taken += size;
        self.scanned = 0;
        (self.bytes.get(start..self.taken).unwrap_or_default(), last)
    }

    pub(super) fn pass(&mut self, size: usize) {
        let _ = self.take(size);
    }

    /// Takes a line without its end; `None` when there is none in the first bytes.
    pub(super) fn take_line(&mut self, most: usize) -> Option<(&[u8], Stamp)> {
        let bytes = self.bytes();
        let end = memchr::memchr(b'\n', bytes.get(..most).unwrap_or(bytes))?;
        let (line, last) = self.take(end + 1);
        Some((line.trim_ascii_end(), last))
    }

    /// When the first and the last of `size` bytes were captured.
    pub(super) fn stamps(&mut self, size: usize) -> (Stamp, Stamp) {
        let first = self.removed + self.taken as u64;
        let last = first + (size as u64).saturating_sub(1);
        while self.pieces.get(1).is_some_and(|(start, _)| *start <= first) {
            self.pieces.pop_front();
        }
        let start = self.pieces.front().map(|(_, stamp)| *stamp).unwrap_or_default();
        let end = self.pieces.partition_point(|(start, _)| *start <= last).saturating_sub(1);
        (start, self.pieces.get(end).map_or(start, |(_, stamp)| *stamp))
    }

    /// Passes on to the first beginning of a piece, from here on, of which `is_wanted` holds; all
    /// is passed when there is none. Whether there is one, and how many bytes were passed.
    pub(super) fn search(&mut self, is_wanted: impl Fn(&[u8]) -> bool) -> (bool, usize) {
        let here = self.removed + self.taken as u64;
        let found = self.pieces.iter().map(|(start, _)| *start).filter(|s| *s >= here).find(|s| {
            let at = usize::try_from(s - self.removed).unwrap_or(usize::MAX);
            self.bytes.get(at..).is_some_and(|bytes| !bytes.is_empty() && is_wanted(bytes))
        });
        let all = self.bytes().len();
        let passed = found.map_or(all, |start| (start - here) as usize);
        self.pass(passed);
        (found.is_some(), passed)
    }

    /// Passes on so that the piece that begins here is not found again.
    pub(super) fn next_piece(&mut self) {
        self.pass(1);
    }

    pub(super) fn clear(&mut self) {
        self.pass(usize::MAX);
        self.trim();
    }

    /// Removes what was taken.
    pub(super) fn trim(&mut self) {
        if self.taken == 0 {
            return;
        }
        self.removed += self.taken as u64;
        self.bytes.drain(..self.taken.min(self.bytes.len()));
        self.taken = 0;
        if self.bytes.is_empty() {
            self.pieces.clear();
            self.bytes = Vec::new();
        }
    }

    /// Takes all that is left, piece by piece.
    pub(super) fn take_pieces(&mut self) -> Vec<(Vec<u8>, Stamp)> {
        let _ = self.stamps(0);
        let here = self.removed + self.taken as u64;
        let ends = self.pieces.iter().skip(1).map(|(start, _)| *start);
        let ends: Vec<u64> = ends.chain([u64::MAX]).collect();
        let starts: Vec<Stamp> = self.pieces.iter().map(|(_, stamp)| *stamp).collect();
        let mut at = here;
        let mut out = Vec::new();
        for (stamp, end) in starts.into_iter().zip(ends) {
            let size = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            let (bytes, _) = self.take(size);
            at += bytes.len() as u64;
            if !bytes.is_empty() {
                out.push((bytes.to_vec(), stamp));
            }
        }
        self.trim();
        out
    }
}

#[cfg(test)]
mod tests;
