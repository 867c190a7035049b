//! Messages behind their lengths, as gRPC, gRPC-Web and Connect put them into a body (`PROTOCOL-HTTP2.md` and
//! `PROTOCOL-WEB.md` of gRPC; the Connect protocol, "Streaming-Request").

use bartizan_model::Headers;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Bit of a message that is compressed.
const COMPRESSED: u8 = 1;
/// Bits of what is no message: the end of a stream in Connect, and trailers in gRPC-Web.
const END: u8 = 0b1000_0010;

/// Most frames of a body that are passed over to find its trailers.
const MAX_FRAMES: usize = 100_000;
/// Longest trailers that are read, in bytes.
const MAX_TRAILERS: usize = 8 * 1024;

/// As browsers send it in gRPC-Web: each flush is padded by itself.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One message, or what is in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'b> {
    flags: u8,
    /// Its bytes, compressed where it [is](Self::is_compressed); of a frame that is cut, those that are there.
    pub(crate) data: &'b [u8],
    /// There is less than was announced.
    pub(crate) is_cut: bool,
}

impl<'b> Frame<'b> {
    /// A message that stands in no frame.
    pub(crate) const fn plain(data: &'b [u8]) -> Self {
        Self { flags: 0, data, is_cut: false }
    }

    /// Whether it is compressed, by the coding that the head names.
    pub(crate) const fn is_compressed(&self) -> bool {
        self.flags & COMPRESSED != 0
    }

    /// Whether it carries no message.
    pub(crate) const fn is_end(&self) -> bool {
        self.flags & END != 0
    }

    /// Whether it is trailers of gRPC-Web, and these are not compressed.
    const fn is_plain_trailers(&self) -> bool {
        self.flags == 0b1000_0000
    }

    /// Whether its flags have a meaning.
    pub(crate) const fn is_known(&self) -> bool {
        self.flags & !(COMPRESSED | END) == 0
    }
}

/// The frames of a body, in order; a cut one is the last.
pub(crate) fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let (frame, rest) = match bytes {
            [] => return None,
            [flags, a, b, c, d, rest @ ..] => {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                match rest.split_at_checked(length) {
                    Some((data, rest)) => (Frame { flags: *flags, data, is_cut: false }, rest),
                    None => (Frame { flags: *flags, data: rest, is_cut: true }, &[][..]),
                }
            }
            [flags, ..] => (Frame { flags: *flags, data: &[], is_cut: true }, &[][..]),
        };
        bytes = rest;
        Some(frame)
    })
}

/// The trailers of a body of gRPC-Web, which browsers cannot read as such: its last frame. `None` when there are
/// none, and of compressed ones.
pub(crate) fn trailers(bytes: &[u8]) -> Option<Headers> {
    let frame = frames(bytes).take(MAX_FRAMES).find(Frame::is_plain_trailers)?;
    let data = frame.data.get(..frame.data.len().min(MAX_TRAILERS)).filter(|_| !frame.is_cut)?;
    let text = std::str::from_utf8(data).ok()?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Some(fields.map(|(name, value)| (name.trim(), value.trim())).collect())
}

/// The bytes of gRPC-Web that is sent as text: one piece of base64 after the other, each padded. Of a text that
/// breaks off, or goes on as something else, those before; `None` when it does not begin as base64.
pub(crate) fn flushes(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut from = 0;
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        // Padding ends a group of four; what comes behind it begins anew.
        let padding = rest.chunks_exact(4).position(|four| four.ends_with(b"="));
        let end = padding.map_or(rest.len(), |at| (at + 1) * 4);
        let part = rest.get(..end).unwrap_or_default();
        let before = out.len();
        if BASE64.decode_vec(part, &mut out).is_err() {
            out.truncate(before);
            // Whole groups up to the one that is none.
            for four in part.chunks_exact(4) {
                let before = out.len();
                if BASE64.decode_vec(four, &mut out).is_err() {
                    out.truncate(before);
                    break;
                }
            }
            break;
        }
        from += end;
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as TEXT;

    use super::*;

    #[test]
    fn frames_are_taken_apart() {
        let body = b"\0\0\0\0\x02ab\x01\0\0\0\x01c\x80\0\0\0\x01d\0\0\0\0\x09e";
        let found: Vec<_> = frames(body).map(|f| (f.flags, f.data, f.is_cut)).collect();
        let expected = [
            (0, &b"ab"[..], false),
            (1, &b"c"[..], false),
            (0x80, &b"d"[..], false),
            (0, &b"e"[..], true),
        ];
        assert_eq!(found, expected);
        let kinds: Vec<_> = frames(body).map(|f| (f.is_compressed(), f.is_end())).collect();
        assert_eq!(kinds, [(false, false), (true, false), (false, true), (false, false)]);
        assert_eq!(frames(b"").count(), 0);
        assert!(frames(b"\0\0\0").all(|f| f.is_cut && f.data.is_empty()));
        assert!(frames(b"{\"a\":1}").all(|f| !f.is_known()));
    }

    #[test]
    fn pieces_of_base64_are_one_body() {
        let text = format!("{}{}", TEXT.encode("a"), TEXT.encode("bcde"));
        assert_eq!(flushes(text.as_bytes()).as_deref(), Some(&b"abcde"[..]));
        assert_eq!(flushes(b"YWJjZGVm").as_deref(), Some(&b"abcdef"[..]));
        assert_eq!(flushes(b"YWJjZ").as_deref(), Some(&b"abc"[..]), "it breaks off");
        assert_eq!(flushes(b"YWJj<script>").as_deref(), Some(&b"abc"[..]));
        assert_eq!(flushes(b"{\"a\":1}"), None);
        assert_eq!(flushes(b""), None);
    }
}
