//! Ids of requests and traces: unique, not secret, made without a lock.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

/// Longest request id that is taken over from a trusted proxy, in bytes.
const LONGEST_REQUEST_ID: usize = 128;

/// Ids of one request. Both are slices of one allocation.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    request: HeaderValue,
    /// W3C Trace Context `traceparent`, made when it is asked for.
    seed: [u64; 2],
}

impl Ids {
    /// New ones.
    pub(crate) fn new() -> Self {
        let seed = [random(), random()];
        let mut text = BytesMut::with_capacity(32);
        hex(&mut text, seed[0]);
        hex(&mut text, seed[1]);
        Self { request: value(text.freeze()), seed }
    }

    pub(crate) fn request_id(&self) -> &str {
        self.request.to_str().unwrap_or_default()
    }

    pub(crate) fn request_value(&self) -> HeaderValue {
        self.request.clone()
    }

    /// Takes over the id that a trusted proxy gave, if it is one.
    pub(crate) fn adopt(&mut self, given: &HeaderValue) {
        let bytes = given.as_bytes();
        let is_id = (1..=LONGEST_REQUEST_ID).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:+/=".contains(b));
        if is_id {
            self.request = given.clone();
        }
    }

    /// `traceparent` for the upstream: the trace of the client when it sent a valid one, else a new
    /// one; always a new parent. The second value says whether the client's trace goes on.
    pub(crate) fn traceparent(&self, given: Option<&HeaderValue>) -> (HeaderValue, bool) {
        let parent = given.map(HeaderValue::as_bytes).filter(|bytes| is_traceparent(bytes));
        let mut text = BytesMut::with_capacity(55);
        match parent {
            Some(parent) => {
                text.extend_from_slice(b"00-");
                text.extend_from_slice(&parent[3..35]);
            }
            None => {
                text.extend_from_slice(b"00-");
                hex(&mut text, self.seed[1] | 1);
                hex(&mut text, self.seed[0]);
            }
        }
        text.extend_from_slice(b"-");
        hex(&mut text, random() | 1);
        text.extend_from_slice(parent.map_or(b"-00", |parent| &parent[52..55]));
        (value(text.freeze()), parent.is_some())
    }
}

/// A `traceparent` of version 00 (W3C Trace Context §3.2), or the part of a later one that we know.
fn is_traceparent(bytes: &[u8]) -> bool {
    let is_hex = |range: std::ops::Range<usize>| {
        bytes[range].iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
    };
    bytes.len() >= 55
        && (bytes.len() == 55 || (bytes[55] == b'-' && &bytes[..2] != b"00"))
        && is_hex(0..2)
        && &bytes[..2] != b"ff"
        && bytes[2] == b'-'
        && is_hex(3..35)
        && bytes[3..35].iter().any(|b| *b != b'0')
        && bytes[35] == b'-'
        && is_hex(36..52)
        && bytes[36..52].iter().any(|b| *b != b'0')
        && bytes[52] == b'-'
        && is_hex(53..55)
}

fn value(bytes: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(bytes).unwrap_or(HeaderValue::from_static("0"))
}

fn hex(out: &mut BytesMut, number: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (at, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[(number >> (60 - 4 * at)) as usize & 15];
    }
    out.extend_from_slice(&text);
}

/// SplitMix64 (Steele, Lea, Flood 2014), one stream for each thread.
pub(crate) fn random() -> u64 {
    static STREAMS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static STATE: Cell<u64> = Cell::new(seed());
    }
    fn seed() -> u64 {
        let mut bytes = [0; 8];
        let is_seeded = getrandom::fill(&mut bytes).is_ok();
        let entropy = if is_seeded { u64::from_le_bytes(bytes) } else { 0 };
        entropy ^ STREAMS.fetch_add(1, Relaxed).wrapping_mul(0xd134_2543_de82_ef95)
    }
    let mut z = STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        next
    });
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_form() {
        let ids = Ids::new();
        assert_eq!(ids.request_id().len(), 32);
        let (trace, goes_on) = ids.traceparent(None);
        assert!(is_traceparent(trace.as_bytes()), "{trace:?}");
        assert!(!goes_on);
        assert_ne!(Ids::new().request_id(), ids.request_id());
    }

    #[test]
    fn a_valid_trace_goes_on_with_a_new_parent() {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (trace, goes_on) = Ids::new().traceparent(Some(&HeaderValue::from_static(given)));
        let trace = trace.to_str().unwrap();
        assert!(goes_on && trace[..35] == given[..35] && trace[52..] == given[52..]);
        assert_ne!(trace[36..52], given[36..52]);
        for wrong in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "",
        ] {
            let (_, goes_on) = Ids::new().traceparent(Some(&HeaderValue::from_static(wrong)));
            assert!(!goes_on, "{wrong}");
        }
    }

    #[test]
    fn request_ids_of_others_are_taken_over_when_harmless() {
        let mut ids = Ids::new();
        for wrong in ["", "a b", "a\"b", "{}"] {
            ids.adopt(&HeaderValue::from_str(wrong).unwrap());
            assert_eq!(ids.request_id().len(), 32, "{wrong}");
        }
        ids.adopt(&HeaderValue::from_static("abc-123"));
        assert_eq!(ids.request_id(), "abc-123");
    }
}
