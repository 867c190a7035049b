//! Frames of HTTP/2 as bytes, and what an answer of frames means.

use super::{
    Frame, latin1,
    origin::{Seen, canonical},
};

/// The bytes of a whole connection: preface, SETTINGS, frames on stream 1.
pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    push(&mut out, 4, 0, 0, &[]);
    for frame in frames {
        let end = u8::from(frame.end);
        if frame.headers.is_empty() {
            push(&mut out, 0, end, 1, &latin1(&frame.data));
        } else {
            // END_HEADERS
            push(&mut out, 1, end | 4, 1, &block(&frame.headers));
        }
    }
    out
}

fn push(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    out.extend([length[1], length[2], length[3], kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
}

/// Literals without indexing (RFC 7541 §6.2.2), texts of fewer than 127 bytes.
fn block(fields: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            let text = latin1(text);
            out.push(text.len() as u8);
            out.extend(text);
        }
    }
    out
}

/// What became of stream 1.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// A status, `reset`, `closed`, or nothing yet.
    pub(crate) what: Option<String>,
    /// The body so far.
    pub(crate) body: Vec<u8>,
    /// Whether nothing more comes.
    pub(crate) is_over: bool,
}

/// Reads what came back so far.
pub(crate) fn fate(mut read: &[u8], is_closed: bool) -> Fate {
    let mut fate = Fate { is_over: is_closed, ..Fate::default() };
    while let [a, b, c, kind, flags, stream @ ..] = read
        && let Some((stream, rest)) = stream.split_first_chunk::<4>()
        && let Some((payload, rest)) =
            rest.split_at_checked(u32::from_be_bytes([0, *a, *b, *c]) as usize)
    {
        read = rest;
        let is_ours = u32::from_be_bytes(*stream) == 1;
        let what = match kind {
            0 if is_ours => {
                fate.body.extend(payload);
                None
            }
            1 if is_ours => Some(status(payload)),
            3 if is_ours => Some("reset".to_owned()),
            // GOAWAY with an error
            7 if payload.get(4..8).is_some_and(|code| code != [0; 4]) => Some("closed".to_owned()),
            _ => continue,
        };
        // END_STREAM, or an end without it.
        fate.is_over |= *kind > 1 || flags & 1 == 1;
        fate.what = fate.what.or(what);
    }
    if is_closed {
        fate.what.get_or_insert_with(|| "closed".to_owned());
    }
    fate
}

/// What a naive translation to HTTP/1 makes of the frames, with each framing that a body may get,
/// in canonical form.
pub(crate) fn as_sent(frames: &[Frame]) -> Vec<String> {
    let fields = || frames.iter().flat_map(|frame| &frame.headers);
    let value = |wanted: &str| fields().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let pseudo = |name: &str| value(name).map_or("", String::as_str);
    let mut head = format!("{} {} HTTP/1.1\r\n", pseudo(":method"), pseudo(":path"));
    if let Some(authority) = value(":authority") {
        head.push_str(&format!("host: {authority}\r\n"));
    }
    for (name, value) in fields().filter(|(name, _)| !name.starts_with(':')) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body: String = frames.iter().map(|frame| frame.data.as_str()).collect();
    let length = format!("content-length: {}\r\n", body.len());
    let framings = ["", &length, "transfer-encoding: chunked\r\n"];
    let head = |framing: &str| latin1(format!("{head}{framing}").trim_end_matches("\r\n"));
    let seen =
        framings.map(|framing| Seen { head: head(framing), body: latin1(&body), is_whole: true });
    seen.iter().map(canonical).collect()
}

/// The status at the front of a block (RFC 7541 appendices A and B), behind size updates.
fn status(block: &[u8]) -> String {
    let at = block.iter().position(|byte| byte & 0xe0 != 0x20).unwrap_or(0);
    match block.get(at..).unwrap_or_default() {
        [indexed @ 0x88..=0x8e, ..] => {
            let known = ["200", "204", "206", "304", "400", "404", "500"];
            known[usize::from(indexed - 0x88)].to_owned()
        }
        [0x08 | 0x18 | 0x48, length, rest @ ..] if length & 0x80 == 0 => {
            let text = rest.get(..usize::from(*length)).unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        }
        // Digits in the Huffman code: 0 to 2 have five bits, 3 to 9 six.
        [0x08 | 0x18 | 0x48, _, rest @ ..] => {
            let bits: Vec<u8> =
                rest.iter().take(3).flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
            let (mut at, mut digits) = (0, String::new());
            while digits.len() < 3 {
                let take = |n: usize| {
                    let bits = bits.get(at..at + n).unwrap_or_default();
                    bits.iter().fold(0, |sum, bit| sum * 2 + bit)
                };
                let (digit, length) = match take(5) {
                    five @ 0..=2 => (five, 5),
                    _ => (take(6).wrapping_sub(22), 6),
                };
                if digit > 9 {
                    return "another status".to_owned();
                }
                digits.push(char::from(b'0' + digit));
                at += length;
            }
            digits
        }
        _ => "another status".to_owned(),
    }
}
