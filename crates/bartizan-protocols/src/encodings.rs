//! Content codings (RFC 9110 §8.4): gzip, deflate, br, zstd, also several of them.

use std::io::Read;

use bartizan_model::{Headers, LimitName, Limits, limits::NotInspectedReason};
use smallvec::SmallVec;

use crate::{anomaly::AnomalyKind, decode::Decoder};

/// Up to here the ratio of output to input does not matter.
const RATIO_FREE: usize = 64 * 1024;
/// RFC 9659: a zstd window on the web is at most 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
const CHUNK: usize = 8 * 1024;

/// A body without its content codings.
pub(crate) enum Content<'b> {
    /// All of it, or what could be decoded.
    Plain(&'b [u8]),
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
    /// There is more behind the end of the stream.
    Trailing,
    Broken,
    Limit(LimitName),
}

impl Decoder<'_> {
    /// Undoes the content codings that the headers name, the last one first. A stream that breaks
    /// off keeps what was decoded; a body that never was encoded is read as it is.
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
        let mut decoded = false;
        for coding in codings.into_iter().rev() {
            std::mem::swap(output, input);
            let source = if decoded { input.as_slice() } else { body };
            output.clear();
            let end = run(coding, source, output, self.limits);
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
        Content::Plain(if decoded { output } else { body })
    }

    /// `readable`: the body is text as it is, so nothing is lost by the coding that is not there.
    fn note(&mut self, end: End, readable: bool) {
        match end {
            End::Whole => {}
            End::Trailing => self.view.anomaly(self.side, AnomalyKind::TrailingData),
            End::Broken => {
                self.view.anomaly(self.side, AnomalyKind::BrokenEncoding);
                if !readable {
                    self.view.skip(self.side, NotInspectedReason::BrokenEncoding);
                }
            }
            End::Limit(name) => self.view.limit(self.side, name),
        }
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

fn run(coding: Coding, input: &[u8], out: &mut Vec<u8>, limits: &Limits) -> End {
    match coding {
        Coding::Gzip => gzip(input, out, limits),
        Coding::Deflate => deflate(input, out, limits),
        Coding::Brotli => {
            let mut reader = brotli_decompressor::Decompressor::new(input, CHUNK);
            pump(&mut reader, input.len(), out, limits)
        }
        Coding::Zstd => {
            let Ok(mut reader) = zstd::stream::read::Decoder::with_buffer(input) else {
                return End::Broken;
            };
            if reader.window_log_max(ZSTD_WINDOW_LOG).is_err() {
                return End::Broken;
            }
            pump(&mut reader, input.len(), out, limits)
        }
    }
}

/// Member after member (RFC 1952 §2.2).
fn gzip(input: &[u8], out: &mut Vec<u8>, limits: &Limits) -> End {
    let mut rest = input;
    while rest.starts_with(&[0x1f, 0x8b]) {
        let mut reader = flate2::bufread::GzDecoder::new(&mut rest);
        match pump(&mut reader, input.len(), out, limits) {
            End::Whole => {}
            end => return end,
        }
    }
    match rest {
        [] => End::Whole,
        // Padding.
        _ if !out.is_empty() && rest.iter().all(|b| *b == 0) => End::Whole,
        _ if rest.len() < input.len() => End::Trailing,
        _ => End::Broken,
    }
}

/// `deflate` means zlib (RFC 9110 §8.4.1.2), but raw streams are common.
fn deflate(input: &[u8], out: &mut Vec<u8>, limits: &Limits) -> End {
    let zlib = matches!(input, [a, b, ..]
        if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)).is_multiple_of(31));
    let mut rest = input;
    let mut end = if zlib {
        pump(&mut flate2::bufread::ZlibDecoder::new(&mut rest), input.len(), out, limits)
    } else {
        End::Broken
    };
    if end == End::Broken && out.is_empty() {
        rest = input;
        end = pump(&mut flate2::bufread::DeflateDecoder::new(&mut rest), input.len(), out, limits);
    }
    if end == End::Whole && !rest.is_empty() { End::Trailing } else { end }
}

fn pump(reader: &mut dyn Read, input: usize, out: &mut Vec<u8>, limits: &Limits) -> End {
    let most = limits.decoded_bytes as usize;
    let ratio = (limits.decoded_ratio as usize).saturating_mul(input.max(1));
    let mut chunk = [0; CHUNK];
    loop {
        let Ok(length) = reader.read(&mut chunk) else { return End::Broken };
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bartizan_model::{Exchange, Root, Side};

    use super::*;
    use crate::{
        decode::{Decoded, decode},
        media::Format,
    };

    fn gz(data: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(data).expect("memory");
        out.finish().expect("memory")
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(data).expect("memory");
        out.finish().expect("memory")
    }

    fn raw(data: &[u8]) -> Vec<u8> {
        let mut out =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(data).expect("memory");
        out.finish().expect("memory")
    }

    fn zst(data: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(data, 3).expect("memory")
    }

    /// A brotli stream of one uncompressed meta-block (RFC 7932 §9.2).
    fn br(data: &[u8]) -> Vec<u8> {
        let length = data.len() as u32 - 1;
        // WBITS 16 (one bit 0), ISLAST 0, MNIBBLES 0 (four), MLEN - 1, ISUNCOMPRESSED 1.
        let head = length << 4 | 1 << 20;
        let mut out = head.to_le_bytes()[..3].to_vec();
        out.extend_from_slice(data);
        out.push(3);
        out
    }

    fn decoded(encoding: &str, body: Vec<u8>, limits: &Limits) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.headers.push("content-encoding", encoding);
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = body.into();
        decode(&exchange, limits, 1)
    }

    fn request_reasons(decoded: &Decoded) -> Vec<String> {
        let entries = decoded.view.not_inspected().iter();
        entries.filter(|e| e.side == Side::Request).map(|e| e.reason.to_string()).collect()
    }

    fn value(decoded: &Decoded) -> Option<&str> {
        decoded.view.named(Side::Request, Root::Body, "a").map(|node| node.raw())
    }

    const JSON: &[u8] = br#"{"a":"value"}"#;

    #[test]
    fn codings_are_undone() {
        let limits = Limits::default();
        let two = [gz(&JSON[..5]), gz(&JSON[5..])].concat();
        for (encoding, body) in [
            ("gzip", gz(JSON)),
            ("X-GZIP", gz(JSON)),
            ("gzip", two),
            ("deflate", zlib(JSON)),
            ("deflate", raw(JSON)),
            ("zstd", zst(JSON)),
            ("br", br(JSON)),
            ("identity", JSON.to_vec()),
            ("gzip, zstd", zst(&gz(JSON))),
            ("deflate,identity , gzip", gz(&zlib(JSON))),
        ] {
            let seen = decoded(encoding, body, &limits);
            assert_eq!(value(&seen), Some("value"), "{encoding}");
            assert!(seen.view.anomalies().is_empty(), "{encoding} {:?}", seen.view.anomalies());
            assert_eq!(request_reasons(&seen), Vec::<String>::new(), "{encoding}");
        }
    }

    #[test]
    fn broken_streams_keep_what_was_decoded() {
        let long = format!(r#"{{"a":"value","b":"{}"}}"#, "0123456789abcdef".repeat(4000));
        for (encoding, body) in [("gzip", gz(long.as_bytes())), ("deflate", zlib(long.as_bytes()))]
        {
            let seen = decoded(encoding, body[..body.len() - 20].to_vec(), &Limits::default());
            assert_eq!(value(&seen), Some("value"), "{encoding}");
            assert!(
                seen.view.has_anomaly(Side::Request, AnomalyKind::BrokenEncoding),
                "{encoding}"
            );
            assert_eq!(request_reasons(&seen), ["broken_encoding"], "{encoding}");
        }
    }

    #[test]
    fn a_body_that_is_not_encoded_is_read_as_it_is() {
        for encoding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
            let seen = decoded(encoding, JSON.to_vec(), &Limits::default());
            assert_eq!(value(&seen), Some("value"), "{encoding}");
            assert!(
                seen.view.has_anomaly(Side::Request, AnomalyKind::BrokenEncoding),
                "{encoding}"
            );
            assert_eq!(request_reasons(&seen), Vec::<String>::new(), "{encoding}");
        }
    }

    #[test]
    fn unknown_and_too_many_codings_are_recorded() {
        let seen = decoded("compress", gz(JSON), &Limits::default());
        assert_eq!(request_reasons(&seen), ["unknown_encoding"]);
        assert_eq!(seen.request_format, Format::Binary);
        // Whoever ignores the field reads text as it is.
        let seen = decoded("x", JSON.to_vec(), &Limits::default());
        assert_eq!(request_reasons(&seen), ["unknown_encoding"]);
        assert_eq!(value(&seen), Some("value"));
        let seen = decoded("gzip,gzip,gzip,gzip", gz(JSON), &Limits::default());
        assert_eq!(request_reasons(&seen), ["limit_content_codings"]);
    }

    #[test]
    fn bombs_stop_at_the_limits() {
        let zeros = vec![b' '; 4 << 20];
        let limits = Limits { decoded_bytes: 100_000, ..Limits::default() };
        for (encoding, body) in
            [("gzip", gz(&zeros)), ("deflate", raw(&zeros)), ("zstd", zst(&zeros))]
        {
            let seen = decoded(encoding, body.clone(), &limits);
            assert!(request_reasons(&seen)[0].starts_with("limit_decoded_"), "{encoding}");
            let seen = decoded(encoding, body, &Limits::default());
            assert_eq!(request_reasons(&seen)[0], "limit_decoded_ratio", "{encoding}");
        }
    }

    #[test]
    fn bytes_behind_the_stream_are_noted() {
        let mut body = gz(JSON);
        body.extend_from_slice(b"more");
        let seen = decoded("gzip", body, &Limits::default());
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::TrailingData));
        assert_eq!(value(&seen), Some("value"));
    }
}
