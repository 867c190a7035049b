use std::io::Write;

use bartizan_model::{Exchange, Root, Side};

use super::*;
use crate::{
    decode::{Decoded, decode, decode_paced},
    media::Format,
    pace::tests::questions,
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
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
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

fn encoded(encoding: &str, body: Vec<u8>) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-encoding", encoding);
    exchange.request.headers.push("content-type", "application/json");
    exchange.request.body = body.into();
    exchange
}

fn decoded(encoding: &str, body: Vec<u8>, limits: &Limits) -> Decoded {
    decode(&encoded(encoding, body), limits, 1)
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
fn windows_are_no_larger_than_what_fits_into_them() {
    for bits in 18..=24_u8 {
        // As `br` does, with WBITS of four bits, so that no bit is left for padding.
        let head = u32::from((bits - 17) << 1 | 1) | (JSON.len() as u32 - 1) << 7 | 1 << 23;
        let body = [&head.to_le_bytes()[..3], JSON, b"\x03"].concat();
        let seen = decoded("br", body, &Limits::default());
        assert_eq!(value(&seen), Some("value"), "{bits}");
        assert!(seen.view.anomalies().is_empty(), "{bits}");
    }
    for (first, most, expected) in [
        (0b1010_1111, 72 << 10, 0b1010_0011),
        (0b1111, (1 << 18) - 16, 0b0011),
        (0b1111, (1 << 18) - 15, 0b0101),
        (0b1111, 1 << 24, 0b1111),
        (0b0011, 1, 0b0011),
        (0b0111, 1 << 20, 0b0111),
        // 16, 17 and 10.
        (0b1110, 1, 0b1110),
        (0b000_0001, 1, 0b000_0001),
        (0b010_0001, 1, 0b010_0001),
    ] {
        assert_eq!(narrowed(first, most), expected, "{first:b} {most}");
    }
}

#[test]
fn broken_streams_keep_what_was_decoded() {
    let long = format!(r#"{{"a":"value","b":"{}"}}"#, "0123456789abcdef".repeat(4000));
    for (encoding, body) in [("gzip", gz(long.as_bytes())), ("deflate", zlib(long.as_bytes()))] {
        let seen = decoded(encoding, body[..body.len() - 20].to_vec(), &Limits::default());
        assert_eq!(value(&seen), Some("value"), "{encoding}");
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::BrokenEncoding), "{encoding}");
        assert_eq!(request_reasons(&seen), ["broken_encoding"], "{encoding}");
    }
}

#[test]
fn a_body_that_is_not_encoded_is_read_as_it_is() {
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
        let seen = decoded(encoding, JSON.to_vec(), &Limits::default());
        assert_eq!(value(&seen), Some("value"), "{encoding}");
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::BrokenEncoding), "{encoding}");
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
    // One command that copies one byte 16 MiB far (RFC 7932 §9.3).
    let copies = vec![159, 255, 255, 255, 0, 32, 194, 226, 177, 128, 114, 239, 255, 1];
    for (encoding, body) in
        [("gzip", gz(&zeros)), ("deflate", raw(&zeros)), ("zstd", zst(&zeros)), ("br", copies)]
    {
        let seen = decoded(encoding, body.clone(), &limits);
        assert!(request_reasons(&seen)[0].starts_with("limit_decoded_"), "{encoding}");
        let seen = decoded(encoding, body, &Limits::default());
        assert_eq!(request_reasons(&seen)[0], "limit_decoded_ratio", "{encoding}");
    }
}

#[test]
fn bytes_behind_the_stream_are_noted() {
    let skippable = |inside: &[u8]| {
        [b"\x50\x2a\x4d\x18".as_slice(), &(inside.len() as u32).to_le_bytes(), inside].concat()
    };
    for (encoding, body) in [
        ("gzip", [gz(JSON), b"more".to_vec()].concat()),
        ("deflate", [zlib(JSON), b"more".to_vec()].concat()),
        ("deflate", [raw(JSON), b"more".to_vec()].concat()),
        ("br", [br(JSON), b"m".to_vec()].concat()),
        ("br", [br(JSON), vec![b'm'; 3 * CHUNK]].concat()),
        ("zstd", [zst(JSON), b"more".to_vec()].concat()),
        ("zstd", [zst(JSON), skippable(b"more")].concat()),
        ("zstd", [skippable(b"more"), zst(JSON)].concat()),
        ("gzip, zstd", [zst(&gz(JSON)), b"more".to_vec()].concat()),
        ("br, gzip", gz(&[br(JSON), b"more".to_vec()].concat())),
    ] {
        let seen = decoded(encoding, body, &Limits::default());
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::TrailingData), "{encoding}");
        assert_eq!(request_reasons(&seen), ["broken_encoding"], "{encoding}");
        assert_eq!(value(&seen), Some("value"), "{encoding}");
    }
    let two = [zst(&JSON[..5]), zst(&JSON[5..])].concat();
    assert_eq!(value(&decoded("zstd", two, &Limits::default())), Some("value"));
}

/// Each of them is a stream, and a text that somebody may read who undoes nothing.
#[test]
fn what_is_text_with_its_coding_is_read_both_ways() {
    // `P*M\x18` begins a skippable frame, here of 32 bytes.
    let skippable = format!("P*M\x18 \0\0\0{:32}", "&a=value");
    for (encoding, body) in
        [("br", "=&a=value".to_owned()), ("br", "?&a=value".to_owned()), ("zstd", skippable)]
    {
        let seen = decoded(encoding, body.into_bytes(), &Limits::default());
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::AmbiguousEncoding), "{encoding}");
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::TrailingData), "{encoding}");
        let texts: Vec<_> = seen.view.nodes().map(|node| node.raw().trim().to_owned()).collect();
        assert!(texts.iter().any(|text| text.contains("value")), "{encoding} {texts:?}");
        assert_ne!(seen.request_format, Format::Empty);
    }
    let seen = decoded("gzip", gz(JSON), &Limits::default());
    assert!(!seen.view.has_anomaly(Side::Request, AnomalyKind::AmbiguousEncoding));
}

#[test]
fn decoding_ends_with_the_time_and_what_came_of_it_is_read() {
    let long = format!(r#"{{"a":"value","b":"{}"}}"#, "0123456789abcdef".repeat(60_000));
    let long = long.as_bytes();
    for (encoding, body) in
        [("gzip", gz(long)), ("deflate", zlib(long)), ("deflate", raw(long)), ("zstd", zst(long))]
    {
        let exchange = encoded(encoding, body);
        let limits = Limits { decoded_ratio: 10_000, ..Limits::default() };
        let mut seen = Decoded::default();
        // No time to prepare; to read what came of it there is.
        let pace = Pace::new(|until| until > 0, 1).prepare_until(0);
        decode_paced(&mut seen, &exchange, &limits, 1, pace);
        assert_eq!(request_reasons(&seen), ["out_of_time"], "{encoding}");
        assert_eq!(value(&seen), Some("value"), "{encoding}");
        let read = seen.view.named(Side::Request, Root::Body, "b").map_or(0, |b| b.raw().len());
        assert!(read <= 2 * CHUNK, "{encoding}: {read}");
    }
}

#[test]
fn streams_that_decode_to_nothing_end_with_the_time_too() {
    for (encoding, body) in [
        ("gzip", gz(b"").repeat(5_000)),
        ("deflate", b"\0\0\0\xff\xff".repeat(20_000)),
        ("zstd", zst(b"").repeat(10_000)),
        // Empty blocks of metadata (RFC 7932 §9.2).
        ("br", [vec![0x0c], vec![0x06; 100_000]].concat()),
    ] {
        let exchange = encoded(encoding, body);
        let mut seen = Decoded::default();
        decode_paced(&mut seen, &exchange, &Limits::default(), 1, questions(5));
        let reasons = request_reasons(&seen);
        assert!(reasons.contains(&"out_of_time".to_owned()), "{encoding} {reasons:?}");
        let all = request_reasons(&decode(&exchange, &Limits::default(), 1));
        assert!(!all.contains(&"out_of_time".to_owned()), "{encoding} {all:?}");
    }
}

#[test]
fn messages_are_expanded_each_by_itself_within_bounds() {
    let limits = Limits { decoded_bytes: 200_000, ..Limits::default() };
    let until = |n| questions(n);
    let text = b"what is in a message".repeat(50);
    for (name, data) in [
        ("gzip", gz(&text)),
        (" GZIP", gz(&text)),
        ("deflate", zlib(&text)),
        ("zstd", zst(&text)),
        ("br", br(&text)),
        ("identity", text.clone()),
    ] {
        assert_eq!(expand(name, &data, &limits, until(1_000)).as_ref(), Ok(&text), "{name}");
    }
    let bomb = gz(&vec![0; 10_000_000]);
    let ratio = Limits { decoded_bytes: u32::MAX, ..limits.clone() };
    for (name, data, limits, expected) in [
        ("snappy", gz(&text), &limits, NotInspectedReason::UnknownEncoding),
        ("", gz(&text), &limits, NotInspectedReason::UnknownEncoding),
        ("gzip", text.clone(), &limits, NotInspectedReason::BrokenEncoding),
        (
            "gzip",
            [gz(&text), b"behind".to_vec()].concat(),
            &limits,
            NotInspectedReason::BrokenEncoding,
        ),
        ("gzip", bomb.clone(), &limits, NotInspectedReason::Limit(LimitName::DecodedBytes)),
        ("gzip", bomb.clone(), &ratio, NotInspectedReason::Limit(LimitName::DecodedRatio)),
    ] {
        assert_eq!(expand(name, &data, limits, until(1_000)), Err(expected), "{name}");
    }
    assert_eq!(expand("gzip", &bomb, &ratio, until(2)), Err(NotInspectedReason::OutOfTime));
}
