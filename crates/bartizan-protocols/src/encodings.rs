//! Content codings (RFC 9110 §8.4): gzip, deflate, br, zstd, also several of them.

use std::io::{self, BufRead, Read};

use bartizan_model::{Headers, LimitName, Limits, limits::NotInspectedReason};
use smallvec::SmallVec;

use crate::{anomaly::AnomalyKind, decode::Decoder, pace::Pace};

/// Up to here the ratio of output to input does not matter.
const RATIO_FREE: usize = 64 * 1024;
/// RFC 9659: a zstd window on the web is at most 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes, read or given, after which it is asked whether there is time for more.
const CHUNK: usize = 8 * 1024;

/// A body without its content codings.
pub(crate) enum Content<'b> {
    /// All of it, or what could be decoded.
    Plain(&'b [u8]),
    /// As with [`Content::Plain`], but the body is text as it was sent too: who does not know content
    /// codings, or leaves those of requests alone, reads that.
    Either(&'b [u8]),
    /// Nothing can be said about it.
    Opaque,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// How a decoding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// There is more behind the end of the stream, or in it where no decoder looks.
    Trailing,
    Broken,
    Limit(LimitName),
    OutOfTime,
}

impl Decoder<'_> {
    /// Undoes the content codings that the headers name, the last one first, as long as the pace of
    /// the view lets. A stream that breaks off keeps what was decoded; a body that never was encoded
    /// is read as it is.
    pub(crate) fn content<'b>(
        &mut self,
        headers: &Headers,
        body: &'b [u8],
        buffers: &'b mut [Vec<u8>; 2],
    ) -> Content<'b> {
        let mut codings = SmallVec::<[Coding; 4]>::new();
        let names = headers.get_all("content-encoding").flat_map(|value| value.split(','));
        for name in names.map(str::trim).filter(|name| !name.is_empty()) {
            match coding(name) {
                Some(Some(coding)) => codings.push(coding),
                Some(None) => {}
                None => {
                    self.view.skip(self.side, NotInspectedReason::UnknownEncoding);
                    // Who does not know it either may read text as it is.
                    if std::str::from_utf8(body).is_err() {
                        return Content::Opaque;
                    }
                }
            }
            if codings.len() > self.limits.content_codings as usize {
                self.view.limit(self.side, LimitName::ContentCodings);
                return Content::Opaque;
            }
        }
        let [output, input] = buffers;
        let work = Work { limits: self.limits, pace: self.view.pace() };
        let mut decoded = false;
        for coding in codings.into_iter().rev() {
            std::mem::swap(output, input);
            let source = if decoded { input.as_slice() } else { body };
            output.clear();
            let end = work.run(coding, source, output);
            self.undone(output.len());
            let plain = output.is_empty() && end == End::Broken;
            self.note(end, plain && std::str::from_utf8(source).is_ok());
            if plain {
                if decoded {
                    std::mem::swap(output, input);
                }
                break;
            }
            decoded = true;
        }
        if decoded && std::str::from_utf8(body).is_ok() {
            self.view.anomaly(self.side, AnomalyKind::AmbiguousEncoding);
            return Content::Either(output);
        }
        Content::Plain(if decoded { output } else { body })
    }

    /// One message without the coding that `name` stands for, into `out`: gRPC compresses each by itself. False when
    /// nothing can be said about it.
    pub(crate) fn uncompressed(&mut self, name: &str, data: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(Some(coding)) = coding(name.trim()) else {
            self.view.skip(self.side, NotInspectedReason::UnknownEncoding);
            return false;
        };
        let work = Work { limits: self.limits, pace: self.view.pace() };
        let end = work.run(coding, data, out);
        self.undone(out.len());
        self.note(end, false);
        end == End::Whole || !out.is_empty()
    }

    fn undone(&mut self, bytes: usize) {
        let most = &mut self.scratch.undone[self.side as usize];
        *most = bytes.max(*most);
    }

    /// `readable`: the body is text as it is, so nothing is lost by the coding that is not there.
    fn note(&mut self, end: End, readable: bool) {
        match end {
            End::Whole => {}
            End::Trailing => {
                self.view.anomaly(self.side, AnomalyKind::TrailingData);
                self.view.skip(self.side, NotInspectedReason::BrokenEncoding);
            }
            End::Broken => {
                self.view.anomaly(self.side, AnomalyKind::BrokenEncoding);
                if !readable {
                    self.view.skip(self.side, NotInspectedReason::BrokenEncoding);
                }
            }
            End::Limit(name) => self.view.limit(self.side, name),
            End::OutOfTime => self.view.skip(self.side, NotInspectedReason::OutOfTime),
        }
    }
}

/// One message without the coding that `name` stands for (`gzip`, `x-gzip`, `deflate`, `br`, `zstd`, `identity`), for
/// protocols that compress each by itself. At most [`Limits::decoded_bytes`], beyond 64 KiB at most
/// [`Limits::decoded_ratio`] times as long as `data`, and as long as `pace` lets.
///
/// # Errors
/// Why it is not all there, or more than one stream.
pub fn expand(
    name: &str,
    data: &[u8],
    limits: &Limits,
    pace: Pace,
) -> Result<Vec<u8>, NotInspectedReason> {
    let Some(coding) = coding(name.trim()) else {
        return Err(NotInspectedReason::UnknownEncoding);
    };
    let Some(coding) = coding else { return Ok(data.to_vec()) };
    let mut out = Vec::new();
    match (Work { limits, pace }).run(coding, data, &mut out) {
        End::Whole => Ok(out),
        End::Trailing | End::Broken => Err(NotInspectedReason::BrokenEncoding),
        End::Limit(name) => Err(NotInspectedReason::Limit(name)),
        End::OutOfTime => Err(NotInspectedReason::OutOfTime),
    }
}

/// `Some(None)` for `identity`, `None` for an unknown name.
fn coding(name: &str) -> Option<Option<Coding>> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("identity") {
        Some(None)
    } else if is("gzip") || is("x-gzip") {
        Some(Some(Coding::Gzip))
    } else if is("deflate") {
        Some(Some(Coding::Deflate))
    } else if is("br") {
        Some(Some(Coding::Brotli))
    } else if is("zstd") {
        Some(Some(Coding::Zstd))
    } else {
        None
    }
}

/// How far decoding may go.
#[derive(Clone, Copy)]
struct Work<'l> {
    limits: &'l Limits,
    pace: Pace,
}

impl Work<'_> {
    fn run(self, coding: Coding, input: &[u8], out: &mut Vec<u8>) -> End {
        let mut source = Source::new(input, self.pace);
        match coding {
            Coding::Gzip => self.gzip(&mut source, out),
            Coding::Deflate => self.deflate(&mut source, out),
            Coding::Brotli => self.brotli(&mut source, out),
            Coding::Zstd => self.zstd(&mut source, out),
        }
    }

    fn brotli(self, source: &mut Source<'_>, out: &mut Vec<u8>) -> End {
        let input = source.rest.len();
        let first = source.rest.first().map(|first| narrowed(*first, self.most(input)));
        source.consume(1);
        let (end, is_over) = {
            let source = first.as_slice().chain(&mut *source);
            let mut reader = brotli_decompressor::Decompressor::new(source, CHUNK);
            let end = self.pump(&mut reader, input, out);
            // That it holds bytes from behind the stream it says only when it is asked again.
            (end, reader.read(&mut [0]).is_ok())
        };
        let is_whole = end != End::Whole || (is_over && source.rest.is_empty());
        if is_whole { end } else { End::Trailing }
    }

    /// Frame after frame (RFC 8878 §3). What is in skippable ones is read by nobody who decodes, so that
    /// it counts as behind the stream.
    fn zstd(self, source: &mut Source<'_>, out: &mut Vec<u8>) -> End {
        let Some(mut context) = zstd::zstd_safe::DCtx::try_create() else { return End::Broken };
        let input = source.rest.len();
        let mut skips = false;
        loop {
            let before = source.rest.len();
            match source.rest {
                [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, rest @ ..] => {
                    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                    let Some(rest) = rest.get(length..) else { return End::Broken };
                    source.rest = rest;
                    skips = true;
                }
                [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                    let mut reader =
                        zstd::stream::read::Decoder::with_context(&mut *source, &mut context)
                            .single_frame();
                    if reader.window_log_max(ZSTD_WINDOW_LOG).is_err() {
                        return End::Broken;
                    }
                    match self.pump(&mut reader, input, out) {
                        End::Whole => {}
                        end => return end,
                    }
                }
                [] if input > 0 && !skips => return End::Whole,
                _ if before < input => return End::Trailing,
                _ => return End::Broken,
            }
            // A frame may come to nothing, and to less than is asked about in the course of it.
            if source.rest.len() == before {
                return End::Broken;
            }
            if !source.rest.is_empty() && !self.pace.may_prepare() {
                return End::OutOfTime;
            }
        }
    }

    /// Member after member (RFC 1952 §2.2).
    fn gzip(self, source: &mut Source<'_>, out: &mut Vec<u8>) -> End {
        let input = source.rest.len();
        while source.rest.starts_with(&[0x1f, 0x8b]) {
            // Each takes a decoder of its own, which costs more than a few bytes of it do.
            if source.rest.len() < input && !self.pace.may_prepare() {
                return End::OutOfTime;
            }
            let mut reader = flate2::bufread::GzDecoder::new(&mut *source);
            match self.pump(&mut reader, input, out) {
                End::Whole => {}
                end => return end,
            }
        }
        match source.rest {
            [] => End::Whole,
            // Padding.
            rest if !out.is_empty() && rest.iter().all(|b| *b == 0) => End::Whole,
            rest if rest.len() < input => End::Trailing,
            _ => End::Broken,
        }
    }

    /// `deflate` means zlib (RFC 9110 §8.4.1.2), but raw streams are common.
    fn deflate(self, source: &mut Source<'_>, out: &mut Vec<u8>) -> End {
        let input = source.rest;
        let zlib = matches!(input, [a, b, ..]
            if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)).is_multiple_of(31));
        let mut end = if zlib {
            self.pump(&mut flate2::bufread::ZlibDecoder::new(&mut *source), input.len(), out)
        } else {
            End::Broken
        };
        if end == End::Broken && out.is_empty() {
            *source = Source::new(input, self.pace);
            let mut reader = flate2::bufread::DeflateDecoder::new(&mut *source);
            end = self.pump(&mut reader, input.len(), out);
        }
        if end == End::Whole && !source.rest.is_empty() { End::Trailing } else { end }
    }

    fn ratio(self, input: usize) -> usize {
        (self.limits.decoded_ratio as usize).saturating_mul(input.max(1))
    }

    /// Most bytes that are asked for of so many.
    fn most(self, input: usize) -> usize {
        let most = (self.limits.decoded_bytes as usize).min(self.ratio(input).max(RATIO_FREE));
        most.saturating_add(CHUNK)
    }

    fn pump(self, reader: &mut dyn Read, input: usize, out: &mut Vec<u8>) -> End {
        let most = self.limits.decoded_bytes as usize;
        let ratio = self.ratio(input);
        let mut chunk = [0; CHUNK];
        let mut asked = out.len();
        loop {
            if out.len() - asked >= CHUNK {
                asked = out.len();
                if !self.pace.may_prepare() {
                    return End::OutOfTime;
                }
            }
            let Ok(length) = reader.read(&mut chunk) else {
                return if self.pace.may_prepare() { End::Broken } else { End::OutOfTime };
            };
            if length == 0 {
                return End::Whole;
            }
            let room = most.saturating_sub(out.len());
            out.extend_from_slice(chunk.get(..length.min(room)).unwrap_or_default());
            if length > room {
                return End::Limit(LimitName::DecodedBytes);
            }
            if out.len() > RATIO_FREE && out.len() > ratio {
                return End::Limit(LimitName::DecodedRatio);
            }
        }
    }
}

/// The first byte of a brotli stream, with a window (RFC 7932 §9.1) that is no larger than `most` bytes
/// of output can make use of. Decoders fill their window before they give anything, with 16 MiB at the
/// command of a few bytes. The stream says the same until then; what comes behind may look broken.
fn narrowed(first: u8, most: usize) -> u8 {
    // Windows of 2^18 to 2^24 have four bits, the first of which is set; smaller ones stay.
    let (declared, is_small) = (17 + (first >> 1 & 7), first & 1 == 0);
    let fits = |bits: &u8| (1_usize << bits) - 16 >= most;
    match (18..declared).find(fits) {
        Some(bits) if !is_small => first & !0b1110 | (bits - 17) << 1,
        _ => first,
    }
}

/// An encoded body, given to its decoder in pieces as long as there is time: streams exist that are
/// long and decode to nothing.
struct Source<'b> {
    rest: &'b [u8],
    /// How many bytes may be given before it is asked again.
    granted: usize,
    pace: Pace,
}

impl<'b> Source<'b> {
    fn new(rest: &'b [u8], pace: Pace) -> Self {
        Self { rest, granted: CHUNK, pace }
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.granted == 0 {
            if !self.rest.is_empty() && !self.pace.may_prepare() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.granted = CHUNK;
        }
        Ok(self.rest.get(..self.granted).unwrap_or(self.rest))
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
        self.granted = self.granted.saturating_sub(amount);
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
