//! Wrappings that are undone while reading: gzip, zlib and zstd by their first bytes, UTF-16.

use std::{
    fmt,
    io::{self, Read},
};

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// Largest window of a zstd frame (2^27 = 128 MiB, what `zstd -d` accepts too).
const ZSTD_WINDOW_LOG: u32 = 27;
const UTF16_BLOCK: usize = 8 * 1024;

/// A compression that is undone transparently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    Gzip,
    Zlib,
    Zstd,
}

impl fmt::Display for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
        })
    }
}

/// Recognises a compression by its magic bytes (RFC 1952 §2.3.1, RFC 1950 §2.2, RFC 8878 §3.1.1).
pub(super) fn wrapping(head: &[u8]) -> Option<Wrapping> {
    match head {
        [0x1f, 0x8b, 8, ..] => Some(Wrapping::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Wrapping::Zstd),
        // CM 8, CINFO 7, no preset dictionary, check bits right. `x^` could be text, so what
        // follows must be a valid first block of which text begins are not: a type other than 3.
        [cmf @ 0x78, flg @ (0x01 | 0x5e | 0x9c | 0xda), block, ..]
            if (u16::from(*cmf) * 256 + u16::from(*flg)).is_multiple_of(31)
                && (block >> 1) & 3 != 3 =>
        {
            Some(Wrapping::Zlib)
        }
        _ => None,
    }
}

/// Wraps `reader` so that it gives the decompressed bytes. Members or frames one after the other
/// (`cat a.gz b.gz`) are read through.
pub(super) fn unwrap(
    wrapping: Wrapping,
    reader: Box<dyn Read + Send>,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match wrapping {
        Wrapping::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Wrapping::Zlib => Box::new(ZlibDecoder::new(reader)),
        Wrapping::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(reader)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// Byte order of a UTF-16 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Utf16 {
    Little,
    Big,
}

/// Recognises UTF-16 by its byte order mark, or by an ASCII beginning without one.
pub(super) fn utf16(head: &[u8]) -> Option<Utf16> {
    match head {
        // UTF-32 begins like UTF-16 and is not read.
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(Utf16::Little),
        [0xfe, 0xff, ..] => Some(Utf16::Big),
        [a, 0, b, 0, ..] if is_text(*a) && is_text(*b) => Some(Utf16::Little),
        [0, a, 0, b, ..] if is_text(*a) && is_text(*b) => Some(Utf16::Big),
        _ => None,
    }
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}

/// Gives UTF-16 as UTF-8; unpaired surrogates become U+FFFD, the byte order mark is left out.
pub(super) struct Utf16Reader<R> {
    inner: R,
    order: Utf16,
    input: Vec<u8>,
    output: Vec<u8>,
    given: usize,
    high: Option<u16>,
    started: bool,
    ended: bool,
}

impl<R: Read> Utf16Reader<R> {
    pub(super) fn new(inner: R, order: Utf16) -> Self {
        Self {
            inner,
            order,
            input: Vec::new(),
            output: Vec::new(),
            given: 0,
            high: None,
            started: false,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.output.clear();
        self.given = 0;
        while self.output.is_empty() && !self.ended {
            let kept = self.input.len();
            self.input.resize(UTF16_BLOCK, 0);
            let read = self.inner.read(self.input.get_mut(kept..).unwrap_or_default());
            self.input.truncate(kept + read.as_ref().map_or(0, |n| *n));
            if read? == 0 {
                self.ended = true;
                if self.high.take().is_some() || kept > 0 {
                    self.emit(char::REPLACEMENT_CHARACTER);
                }
                return Ok(());
            }
            let input = std::mem::take(&mut self.input);
            let units = input.chunks_exact(2);
            self.input = units.remainder().to_vec();
            for unit in units {
                let pair = [unit[0], unit[1]];
                self.unit(match self.order {
                    Utf16::Little => u16::from_le_bytes(pair),
                    Utf16::Big => u16::from_be_bytes(pair),
                });
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        let first = !std::mem::replace(&mut self.started, true);
        if first && unit == 0xfeff {
            return;
        }
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                let code =
                    0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                self.emit(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return;
            }
            self.emit(char::REPLACEMENT_CHARACTER);
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => self.emit(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn emit(&mut self, c: char) {
        self.output.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.output.len() {
            self.refill()?;
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_bytes_are_told_apart() {
        assert_eq!(wrapping(&[0x1f, 0x8b, 8, 0]), Some(Wrapping::Gzip));
        assert_eq!(wrapping(&[0x78, 0x9c, 0xed, 0]), Some(Wrapping::Zlib));
        assert_eq!(wrapping(&[0x28, 0xb5, 0x2f, 0xfd]), Some(Wrapping::Zstd));
        assert_eq!(wrapping(b"{\"log\":"), None);
        assert_eq!(wrapping(b"x"), None);
    }

    #[test]
    fn utf16_is_given_as_utf8() {
        let text = "{\"ä\": \"😀\"}";
        for (order, mark) in [(Utf16::Little, true), (Utf16::Big, true), (Utf16::Little, false)] {
            let mut bytes = Vec::new();
            for unit in mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()) {
                bytes.extend(match order {
                    Utf16::Little => unit.to_le_bytes(),
                    Utf16::Big => unit.to_be_bytes(),
                });
            }
            if mark {
                assert_eq!(utf16(&bytes), Some(order));
            }
            let mut out = String::new();
            Utf16Reader::new(&bytes[..], order).read_to_string(&mut out).expect("valid");
            assert_eq!(out, text);
        }
    }

    #[test]
    fn broken_utf16_is_replaced() {
        // A lone high surrogate, `a`, and an odd last byte.
        let bytes = [0x00, 0xd8, b'a', 0, b'b'];
        let mut out = String::new();
        Utf16Reader::new(&bytes[..], Utf16::Little).read_to_string(&mut out).expect("valid");
        assert_eq!(out, "\u{fffd}a\u{fffd}");
    }
}
