//! Entry functions for network captures.

use bartizan_model::{Exchange, Timestamp};
use bartizan_protocols::capture::{
    CaptureLimits, Container, Event, Flows, Packet, Piece, Stamp, Step, Stream,
};

use super::check;

/// Small enough that short inputs reach them.
fn tight() -> CaptureLimits {
    CaptureLimits {
        flows: 4,
        total_bytes: 16 * 1024,
        waiting_bytes: 500,
        waiting_pieces: 8,
        head_bytes: 300,
        head_fields: 10,
        body_bytes: 200,
        connection_bytes: 1000,
        open_requests: 3,
        messages: 3,
    }
}

/// A capture file, whatever it holds: every step takes bytes or ends, and what comes out can be judged.
pub fn capture(data: &[u8]) {
    for limits in [CaptureLimits::default(), tight()] {
        let (mut container, mut flows) = (Container::default(), Flows::new(limits));
        let mut rest = data;
        // One step may change the form without taking anything.
        for _ in 0..data.len() + 2 {
            let taken = match container.next(rest) {
                Step::More(wanted) => {
                    assert!(wanted > rest.len(), "it is there");
                    break;
                }
                Step::Pass(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
                Step::Packet(packet, bytes) => {
                    flows.packet(&packet);
                    bytes
                }
                Step::Secrets(log, bytes) => {
                    flows.secrets(log);
                    bytes
                }
                Step::Lost(loss, bytes) => {
                    flows.lost(loss);
                    usize::try_from(bytes).unwrap_or(usize::MAX)
                }
            };
            drain(&mut flows);
            rest = rest.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
        }
        end(flows);
    }
}

/// Both sides of a connection: a byte says who speaks and how much, and whether that gets lost.
pub fn capture_conversation(data: &[u8]) {
    for limits in [CaptureLimits::default(), tight()] {
        let mut flows = Flows::new(limits);
        let (mut next, mut rest) = ([1u32, 1], data);
        while let [first, behind @ ..] = rest {
            let from = usize::from(first & 1);
            let size = usize::from(first >> 2) * 4;
            let (bytes, behind) = behind.split_at(size.min(behind.len()));
            if first & 2 == 0 {
                segment(&mut flows, from, next, bytes);
            }
            next[from] = next[from].wrapping_add(bytes.len() as u32);
            rest = behind;
        }
        end(flows);
    }
}

/// HTTP/2 of a client, then of a server, as a byte in front cuts the rest.
pub fn capture_http2(data: &[u8]) {
    let Some((cut, rest)) = data.split_first() else { return };
    for limits in [CaptureLimits::default(), tight()] {
        let mut flows = Flows::new(limits);
        let (client, server) = rest.split_at((usize::from(*cut) * 8).min(rest.len()));
        let mut next = [1, 1];
        for (from, bytes) in
            [(0, &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..]), (0, client), (1, server)]
        {
            segment(&mut flows, from, next, bytes);
            next[from] += bytes.len() as u32;
        }
        end(flows);
    }
}

/// A stream in segments that come in any order, some of them again, gives the stream.
pub fn tcp_stream(data: &[u8]) {
    let mut state = data.iter().fold(data.len() as u64 | 1, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let base = random(usize::MAX) as u32;
    let mut segments = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let size = 1 + random(40);
        // Some reach back into what was sent before.
        let start = at.saturating_sub(random(3) * random(20));
        segments.push((start, data.get(start..data.len().min(at + size)).unwrap_or_default()));
        at += size;
    }
    for i in (1..segments.len()).rev() {
        segments.swap(i, random(i + 1));
    }
    let mut stream =
        Stream::new(&CaptureLimits { waiting_pieces: usize::MAX, ..CaptureLimits::default() });
    stream.begin(base);
    let mut out = Vec::new();
    for (start, bytes) in &segments {
        let mut give = |piece: Piece<'_>| match piece {
            Piece::Data(bytes, _) => out.extend_from_slice(bytes),
            Piece::Gap(bytes) => panic!("a gap of {bytes} bytes"),
        };
        let sequence = base.wrapping_add(*start as u32);
        assert!(!stream.push(sequence, bytes, Stamp::default(), &mut give), "no byte differs");
        if random(4) == 0 {
            assert!(!stream.push(sequence, bytes, Stamp::default(), &mut give), "nor again");
        }
    }
    assert_eq!(out, data);
    assert!(!stream.is_waiting());
}

/// A segment in an IP packet, with what the other side acknowledged.
fn segment(flows: &mut Flows, from: usize, next: [u32; 2], bytes: &[u8]) {
    let mut packet = vec![0x45, 0];
    packet.extend((bytes.len() as u16).saturating_add(40).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    let (own, other) = ([10, 0, 0, from as u8], [10, 0, 0, 1 - from as u8]);
    packet.extend([own, other].concat());
    let port = |end: usize| if end == 0 { 5000u16 } else { 80 };
    packet.extend(port(from).to_be_bytes());
    packet.extend(port(1 - from).to_be_bytes());
    packet.extend(next[from].to_be_bytes());
    packet.extend(next[1 - from].to_be_bytes());
    packet.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(bytes);
    let time = Some(Timestamp::from_seconds(1));
    flows.packet(&Packet { link: 101, time, data: &packet });
    drain(flows);
}

fn end(mut flows: Flows) {
    flows.close();
    drain(&mut flows);
    assert_eq!(flows.held(), 0, "all is given back");
}

fn drain(flows: &mut Flows) {
    while let Some(event) = flows.next_event() {
        if let Event::Exchange(exchange) = event {
            check_exchange(&exchange);
        }
    }
}

fn check_exchange(exchange: &Exchange) {
    assert!(!exchange.request.method.is_empty());
    let target = &exchange.request.target;
    assert!(target.starts_with('/') || target == "*", "{target}");
    check(exchange);
}
