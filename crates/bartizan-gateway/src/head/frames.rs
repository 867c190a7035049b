//! Follows the frames that a client sends on HTTP/2 (RFC 9113 §4.1) just so far that it is known
//! whether a head is under way. Payloads are skipped, and nothing is refused: that is the business
//! of the HTTP library.

/// What a client begins with (RFC 9113 §3.4).
const PREFACE: usize = 24;

/// Bytes of the head of a frame.
const FRAME_HEAD: usize = 9;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Follows one direction of a connection from its first byte.
#[derive(Debug)]
pub struct FrameFollower {
    preface_left: usize,
    frame_head: [u8; FRAME_HEAD],
    /// Bytes of the frame head that came.
    came: usize,
    payload_left: usize,
    /// Whether a block of fields is under way, from the first byte of its payload.
    is_in_head: bool,
    /// Whether the frame that is read is the last one of its block.
    is_last: bool,
}

impl Default for FrameFollower {
    fn default() -> Self {
        Self {
            preface_left: PREFACE,
            frame_head: [0; FRAME_HEAD],
            came: 0,
            payload_left: 0,
            is_in_head: false,
            is_last: false,
        }
    }
}

impl FrameFollower {
    /// Whether a head (or trailers) has begun and not ended.
    #[must_use]
    pub const fn is_in_head(&self) -> bool {
        self.is_in_head
    }

    /// Follows what came next; `true` when a head ended in it.
    pub fn advance(&mut self, mut bytes: &[u8]) -> bool {
        let mut has_ended = false;
        skip(&mut self.preface_left, &mut bytes);
        loop {
            skip(&mut self.payload_left, &mut bytes);
            if self.payload_left > 0 {
                return has_ended;
            }
            if self.came == FRAME_HEAD {
                self.came = 0;
                if self.is_in_head && self.is_last {
                    (self.is_in_head, has_ended) = (false, true);
                }
            }
            if bytes.is_empty() {
                return has_ended;
            }
            let count = bytes.len().min(FRAME_HEAD - self.came);
            self.frame_head[self.came..self.came + count].copy_from_slice(&bytes[..count]);
            self.came += count;
            bytes = &bytes[count..];
            if self.came == FRAME_HEAD {
                self.begin_frame();
            }
        }
    }

    fn begin_frame(&mut self) {
        let [high, middle, low, kind, flags, ..] = self.frame_head;
        self.payload_left = u32::from_be_bytes([0, high, middle, low]) as usize;
        if matches!(kind, HEADERS | CONTINUATION) {
            self.is_in_head = true;
            self.is_last = flags & END_HEADERS != 0;
        } else {
            // Between the frames of a block no other one may come; the library says so.
            self.is_last = false;
        }
    }
}

fn skip(left: &mut usize, bytes: &mut &[u8]) {
    let count = bytes.len().min(*left);
    *left -= count;
    *bytes = &bytes[count..];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        [&[length[1], length[2], length[3], kind, flags, 0, 0, 0, 1][..], payload].concat()
    }

    /// However the bytes are cut, the same is known.
    fn follow(bytes: &[u8], piece: usize) -> (FrameFollower, usize) {
        let mut follower = FrameFollower::default();
        let mut heads = 0;
        for piece in bytes.chunks(piece) {
            heads += usize::from(follower.advance(piece));
        }
        (follower, heads)
    }

    #[test]
    fn heads_are_followed_over_their_frames() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let settings = frame(4, 0, &[0; 6]);
        let data = frame(0, 1, &[0xff; 300]);
        let whole = frame(HEADERS, END_HEADERS, b"abc");
        let begun = frame(HEADERS, 1, b"abc");
        let more = frame(CONTINUATION, 0, &[]);
        let end = frame(CONTINUATION, END_HEADERS, b"z");
        for (frames, is_in_head, heads) in [
            (vec![], false, 0),
            (vec![&settings, &data], false, 0),
            (vec![&settings, &whole, &data, &whole], false, 2),
            (vec![&settings, &begun], true, 0),
            (vec![&settings, &begun, &more, &more], true, 0),
            (vec![&settings, &whole, &begun, &more], true, 1),
            (vec![&settings, &begun, &more, &end, &data], false, 1),
        ] {
            let bytes: Vec<u8> = [&preface].into_iter().chain(frames).flatten().copied().collect();
            let (follower, seen) = follow(&bytes, 1);
            assert_eq!((follower.is_in_head(), seen), (is_in_head, heads));
            for piece in [2, 7, 9, 1000] {
                assert_eq!(follow(&bytes, piece).0.is_in_head(), is_in_head, "{piece}");
            }
        }
        // A payload that does not end is a head that does not.
        let bytes = [preface, whole].concat();
        assert!(follow(&bytes[..bytes.len() - 1], 3).0.is_in_head());
    }
}
