//! Every byte may be an attack: each ends in a limit with a name, and in little memory.

use super::{
    super::{
        CaptureLimits,
        packets::{ACK, Outcome, SYN, Talk, ipv4, read, tcp},
    },
    GET,
};

/// Limits that small tests reach.
fn tight() -> CaptureLimits {
    CaptureLimits {
        flows: 100,
        total_bytes: 1024 * 1024,
        waiting_bytes: 64 * 1024,
        waiting_pieces: 64,
        head_bytes: 8 * 1024,
        body_bytes: 32 * 1024,
        connection_bytes: 64 * 1024,
        open_requests: 16,
        ..CaptureLimits::default()
    }
}

/// Reads with tight limits.
fn bounded(packets: &[Vec<u8>]) -> Outcome {
    let outcome = read(packets, tight());
    assert!(outcome.most < 2 * 1024 * 1024, "{} bytes kept", outcome.most);
    outcome
}

fn count(outcome: &Outcome, loss: &str) -> usize {
    outcome.lost.iter().filter(|lost| **lost == loss).count()
}

#[test]
fn many_connections() {
    let mut packets = Vec::new();
    for i in 0..20_000u32 {
        let ends = [((i >> 8) as u8, 1000 + (i & 0xff) as u16), (2, 80)];
        packets.push(ipv4(ends, 6, 0, &tcp(ends, 1, 0, SYN, b"")));
        packets.push(ipv4(ends, 6, 0, &tcp(ends, 2, 0, ACK, GET)));
    }
    let outcome = bounded(&packets);
    assert_eq!(outcome.exchanges.len(), 20_000, "what was asked comes out all the same");
    assert_eq!(count(&outcome, "flow_evicted"), 20_000 - 100);
}

#[test]
fn endless_heads() {
    let mut talk = Talk::open(5000);
    talk.client(b"GET / HTTP/1.1\r\n");
    for _ in 0..20_000 {
        talk.client(b"x: y\r\n");
    }
    let outcome = bounded(&talk.packets);
    assert_eq!(outcome.lost, ["head_too_large"]);
}

#[test]
fn one_byte_at_a_time_backwards() {
    let mut talk = Talk::open(5000);
    for at in (1..30_000u32).rev() {
        talk.packet(0, 1000 + at, 0, ACK, b"x");
    }
    let outcome = bounded(&talk.packets);
    assert!(count(&outcome, "stream_gap") >= 1, "{:?}", outcome.lost.len());
}

#[test]
fn overlaps_over_and_over() {
    let mut talk = Talk::open(5000);
    for at in 0..60u32 {
        talk.packet(0, 1001 + at * 700, 0, ACK, b"y");
    }
    for i in 0..2_000u32 {
        talk.packet(0, 1001, 0, ACK, &vec![(i & 0xff) as u8; 40_000]);
    }
    let outcome = bounded(&talk.packets);
    assert!(count(&outcome, "segment_conflict") > 1000);
}

#[test]
fn a_body_without_end() {
    let mut talk = Talk::open(5000);
    talk.client(GET).server(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n");
    for _ in 0..1000 {
        talk.server(&[b'x'; 1400]);
    }
    let outcome = bounded(&talk.packets);
    assert_eq!(outcome.lost, ["body_cut"]);
    let response = outcome.exchanges[0].response.as_ref().expect("a response");
    assert_eq!((response.body.len(), response.body_bytes), (32 * 1024, Some(1_400_000)));
}

#[test]
fn requests_that_nobody_answers() {
    let mut talk = Talk::open(5000);
    for _ in 0..5_000 {
        talk.client(GET);
    }
    let outcome = bounded(&talk.packets);
    assert_eq!(outcome.exchanges.len(), 5_000);
    assert_eq!(count(&outcome, "pipeline_too_long"), 5_000 - 16);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

#[test]
fn header_bombs() {
    let mut talk = Talk::open(5000);
    talk.client(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    // An entry of almost 4 KiB, then many references to it in each block.
    let mut head = b"\x82\x86\x84\x40\x01n\x7f\xb9\x16".to_vec();
    head.extend([b'v'; 3000]);
    talk.client(&frame(1, 5, 1, &head));
    for stream in 1..100 {
        let block = [&b"\x82\x86\x84"[..], &[0xbe; 8000]].concat();
        talk.client(&frame(1, 5, stream * 2 + 1, &block));
    }
    let outcome = bounded(&talk.packets);
    assert_eq!(count(&outcome, "head_too_large"), 99);
    assert_eq!(count(&outcome, "http2_too_many"), 100 - 16);
}

#[test]
fn continuations_without_end() {
    let mut talk = Talk::open(5000);
    talk.client(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").client(&frame(1, 0, 1, b"\x82"));
    for _ in 0..20_000 {
        talk.client(&frame(9, 0, 1, b"\x00\x01a\x01b"));
    }
    let outcome = bounded(&talk.packets);
    assert!(count(&outcome, "head_too_large") >= 1);
    assert!(outcome.exchanges.is_empty());
}

#[test]
fn chunks_of_one_byte_and_endless_chunk_lines() {
    let mut talk = Talk::open(5000);
    talk.client(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk.client(&b"1\r\nx\r\n".repeat(20_000));
    talk.client(&[b'1'; 10_000]);
    let outcome = bounded(&talk.packets);
    assert_eq!(outcome.exchanges[0].request.body.len(), 20_000);
    assert_eq!(count(&outcome, "framing_malformed"), 1);
}

#[test]
fn a_websocket_message_that_explodes() {
    let mut talk = Talk::open(5000);
    talk.client(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    talk.server(
        b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    );
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 4 << 20]).expect("memory takes all");
    let bomb = encoder.finish().expect("memory takes all");
    let mut message = vec![0xc2, 126];
    message.extend((bomb.len() as u16).to_be_bytes());
    message.extend(bomb);
    talk.server(&message);
    let outcome = bounded(&talk.packets);
    assert_eq!(outcome.lost, ["websocket_too_much"]);
}
