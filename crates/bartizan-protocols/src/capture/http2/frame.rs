//! Frames of HTTP/2 (RFC 9113 §4 and §6).

use super::super::{Hpack, HpackLimits};

/// What a client sends first (RFC 9113 §3.4).
pub(in super::super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const PRIORITY_FRAME: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 0x01;
pub(super) const END_HEADERS: u8 = 0x04;
pub(super) const PADDED: u8 = 0x08;
pub(super) const PRIORITY: u8 = 0x20;

/// Longest frame, unless the ends agreed on more; also what is taken for a frame in the middle.
const USUAL_BYTES: usize = 16 * 1024;
/// Longest frame that is believed: what a receiver may allow is 16 MiB.
const FRAME_BYTES: usize = 1 << 24;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Frame {
    pub(super) const HEAD_BYTES: usize = 9;

    /// Reads the head of a frame; `None` when it breaks a rule.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3, ..] = *bytes else { return None };
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        let stream = u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff;
        let is_sound = match kind {
            DATA | CONTINUATION => stream != 0,
            HEADERS | PUSH_PROMISE => stream != 0 && length > 0,
            PRIORITY_FRAME => stream != 0 && length == 5,
            RST_STREAM => stream != 0 && length == 4,
            SETTINGS => stream == 0 && length.is_multiple_of(6),
            PING => stream == 0 && length == 8,
            GOAWAY => stream == 0 && length >= 8,
            WINDOW_UPDATE => length == 4,
            // Extensions; there are few.
            _ => length < USUAL_BYTES,
        };
        (is_sound && length < FRAME_BYTES).then_some(Self { length, kind, flags, stream })
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The part of a header block in a payload, and the stream that its fields are of.
    pub(super) fn fragment<'a>(&self, payload: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (mut rest, mut of) = (payload, self.stream);
        let mut padding = 0;
        if self.kind != CONTINUATION && self.has(PADDED) {
            let (first, behind) = rest.split_first()?;
            (padding, rest) = (usize::from(*first), behind);
        }
        if self.kind == HEADERS && self.has(PRIORITY) {
            rest = rest.get(5..)?;
        }
        if self.kind == PUSH_PROMISE {
            let (promised, behind) = rest.split_first_chunk::<4>()?;
            (of, rest) = (u32::from_be_bytes(*promised) & 0x7fff_ffff, behind);
        }
        Some((of, rest.get(..rest.len().checked_sub(padding)?)?))
    }

    /// Whether it is one that is not easily met in other protocols.
    fn is_typical(&self) -> bool {
        let flags = match self.kind {
            DATA => END_STREAM | PADDED,
            HEADERS => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            SETTINGS | PING => 1,
            PUSH_PROMISE => END_HEADERS | PADDED,
            CONTINUATION => END_HEADERS,
            _ => 0,
        };
        self.kind <= CONTINUATION
            && self.length <= USUAL_BYTES
            && self.flags & !flags == 0
            && (self.kind != DATA || self.length > 0 || self.has(END_STREAM))
    }
}

/// Whether bytes begin with a frame, and what follows it is one too.
pub(in super::super) fn looks_like_frames(bytes: &[u8]) -> bool {
    let first = frames(bytes).take(2);
    let mut found = 0;
    for frame in first {
        if !frame.is_some_and(|(frame, _)| frame.is_typical()) {
            return false;
        }
        found += 1;
    }
    found > 0
}

/// Which direction asks, when `from` sent these frames and their first fields say so.
pub(in super::super) fn client(bytes: &[u8], from: usize) -> Option<usize> {
    let limits = HpackLimits { list_bytes: 16 * 1024, fields: 100, table_bytes: 4096 };
    for (frame, payload) in frames(bytes).take(64).flatten() {
        let block = payload.and_then(|payload| frame.fragment(payload));
        let Some((_, block)) = block.filter(|_| frame.kind == HEADERS) else { continue };
        let Ok(list) = Hpack::new(limits).decode(block) else { continue };
        for (name, _) in &list.fields {
            match name.as_str() {
                ":method" | ":path" | ":scheme" | ":authority" => return Some(from),
                ":status" => return Some(1 - from),
                _ => {}
            }
        }
    }
    None
}

/// The frames in some bytes, with their payloads where these are whole; `None` for what is none.
fn frames(bytes: &[u8]) -> impl Iterator<Item = Option<(Frame, Option<&[u8]>)>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.len() < Frame::HEAD_BYTES {
            return None;
        }
        let frame = Frame::read(rest);
        let behind = rest.get(Frame::HEAD_BYTES..).unwrap_or_default();
        let length = frame.map_or(usize::MAX, |frame| frame.length);
        rest = behind.get(length..).unwrap_or_default();
        Some(frame.map(|frame| (frame, behind.get(..length))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_other_bytes() {
        let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
        let window = b"\0\0\x04\x08\0\0\0\0\0\0\0\xff\xff";
        assert!(looks_like_frames(settings));
        assert!(looks_like_frames(&[&settings[..], window].concat()));
        assert!(!looks_like_frames(&[&settings[..], b"HTTP/1.1 2"].concat()));
        for other in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\0\0\0\x1e\0\x12\0\0\0\0\0\x01",
            b"\x4a\0\0\0\x0a5.7.1-mysql",
            b"\0\0\0\x08\x04\xd2\x16\x2f",
            b"{\"a\":1}    ",
        ] {
            assert!(!looks_like_frames(other), "{other:?}");
        }
    }

    #[test]
    fn fields_say_who_asks() {
        let asks = b"\0\0\x01\x01\x05\0\0\0\x03\x82";
        let answers = b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01\0\0\x01\x01\x05\0\0\0\x03\x88";
        assert_eq!((client(asks, 0), client(asks, 1)), (Some(0), Some(1)));
        assert_eq!((client(answers, 0), client(b"", 0)), (Some(1), None));
    }

    #[test]
    fn fragments_are_without_padding_and_priority() {
        let frame = |kind, flags| Frame { length: 0, kind, flags, stream: 3 };
        let padded = frame(HEADERS, PADDED | PRIORITY).fragment(b"\x02.....abc__");
        assert_eq!(padded, Some((3, &b"abc"[..])));
        assert_eq!(frame(PUSH_PROMISE, 0).fragment(b"\x80\0\0\x04ab"), Some((4, &b"ab"[..])));
        assert_eq!(frame(HEADERS, PADDED).fragment(b"\x09abc"), None);
        assert_eq!(frame(HEADERS, PRIORITY).fragment(b"abc"), None);
    }
}
