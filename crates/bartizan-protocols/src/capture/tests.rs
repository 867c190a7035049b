//! Whole conversations, from packets to exchanges.

mod hostile;
mod http1;
mod http2;
mod tls;
mod websocket;

use super::packets::{ACK, RST, SYN, Talk, read, tcp};
use super::*;

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h.test\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn an_exchange_knows_who_when_and_how_long() {
    let mut talk = Talk::open(5000);
    let outcome = talk.client(GET).server(OK).close().read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 hi"]);
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    let exchange = &outcome.exchanges[0];
    let client = (exchange.client.ip.map(|ip| ip.to_string()), exchange.client.port);
    assert_eq!(client, (Some("10.0.0.1".to_owned()), Some(5000)));
    let server = exchange.server.map(|(ip, port)| (ip.to_string(), port));
    assert_eq!(server, Some(("10.0.0.2".to_owned(), Some(80))));
    assert_eq!(exchange.time, Some(Timestamp::from_micros(1_003_000)));
    assert_eq!(exchange.duration_ms, Some(1.0));
    assert_eq!(exchange.connection_id.as_deref(), Some("1"));
    assert_eq!(
        (&*exchange.request.scheme, exchange.request.http_version.as_deref()),
        ("http", Some("1.1"))
    );
}

#[test]
fn the_order_of_packets_does_not_matter() {
    let mut talk = Talk::open(5000);
    let body = "x".repeat(4000);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{body}");
    talk.client(GET).server(answer.as_bytes()).client(GET).server(OK).close();
    let wanted = talk.read();
    assert_eq!(wanted.exchanges.len(), 2);
    let count = talk.packets.len();
    for i in 3..count - 1 {
        for j in i + 1..count {
            let mut packets = talk.packets.clone();
            packets.swap(i, j);
            let outcome = read(&packets, CaptureLimits::default());
            assert_eq!(outcome.lines(), wanted.lines(), "{i} and {j} swapped");
        }
        // A repetition changes nothing either.
        let mut packets = talk.packets.clone();
        packets.insert(i + 1, packets[i].clone());
        let outcome = read(&packets, CaptureLimits::default());
        assert_eq!((outcome.lines(), outcome.lost), (wanted.lines(), wanted.lost.clone()));
    }
}

#[test]
fn fragments_of_packets_are_put_together() {
    let mut talk = Talk::open(5000);
    talk.client(GET).server(OK).close();
    let whole = talk.packets[4][20..].to_vec();
    let ends = [(2, 80), (1, 5000)];
    let (first, second) = whole.split_at(40);
    talk.packets[4] = packets::ipv4(ends, 6, 5, second);
    talk.packets.insert(5, packets::ipv4(ends, 6, 0x2000, first));
    let outcome = talk.read();
    assert_eq!(
        (outcome.lines(), outcome.lost),
        (vec!["GET h.test/a  > 200 hi".to_owned()], vec![])
    );
}

#[test]
fn ports_are_used_again() {
    let mut talk = Talk::open(5000);
    talk.client(GET).server(OK).close();
    let mut again = Talk::open(5000);
    again.lose(77_777, 33_333);
    let (client, server) = (1000 + 77_777, 0xffff_fff0u32.wrapping_add(33_333));
    again.packets.clear();
    again.packet(0, client - 1, 0, SYN, b"");
    again.packet(1, server.wrapping_sub(1), client, SYN | ACK, b"");
    again.client(GET).server(b"HTTP/1.1 204 No\r\n\r\n").close();
    talk.packets.extend(again.packets);
    // The last acknowledgement of the first connection once more, and late bytes of it.
    talk.packets.push(talk.packets[3].clone());
    let outcome = talk.read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 hi", "GET h.test/a  > 204 "]);
}

#[test]
fn an_end_without_an_answer_is_told_from_an_unknown_one() {
    let status = |talk: &Talk| {
        let exchanges = talk.read().exchanges;
        exchanges.first().map(|e| e.response.as_ref().map(|r| (r.status, r.body_state)))
    };
    let never = Some(Some((0, bartizan_model::BodyState::NotCaptured)));
    assert_eq!(status(Talk::open(1).client(GET).close()), never);
    assert_eq!(status(Talk::open(1).client(GET).reset()), never);
    assert_eq!(status(Talk::open(1).client(GET)), Some(None));
}

#[test]
fn a_reset_from_elsewhere_ends_nothing() {
    let mut talk = Talk::open(5000);
    talk.client(GET);
    talk.packet(1, 0x1234_5678, 0, RST, b"");
    let outcome = talk.server(OK).close().read();
    assert_eq!(outcome.lines(), ["GET h.test/a  > 200 hi"]);
    assert_eq!(outcome.lost, ["segment_out_of_window"]);
}

#[test]
fn what_is_no_http_is_counted_once() {
    for (client, server, loss) in [
        (&b"\x16\x03\x01\x02\0\x01\0"[..], &b"\x16\x03\x03\0\x7a"[..], "stream_encrypted"),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n", "stream_not_http"),
        (b"\0\0\0\x1e\0\x12\0\0\0\0\0\x01", b"\0\0\0\x08", "stream_not_http"),
    ] {
        let mut talk = Talk::open(5000);
        let outcome = talk.client(client).server(server).client(client).close().read();
        assert_eq!((outcome.exchanges.len(), outcome.lost), (0, vec![loss]));
    }
}

#[test]
fn repeated_bytes_that_differ_are_told() {
    let mut talk = Talk::open(5000);
    talk.packet(0, 1000 + 5, 0, ACK, b"evil HTTP/1.1\r\n");
    talk.client(GET).server(OK).close();
    let outcome = talk.read();
    assert!(outcome.lost.contains(&"segment_conflict"), "{:?}", outcome.lost);
    assert!(outcome.lines()[0].starts_with("GET /evil"), "{:?}", outcome.lines());
}

#[test]
fn silent_connections_are_over() {
    let mut flows = Flows::new(CaptureLimits::default());
    let mut talk = Talk::open(5000);
    talk.client(GET);
    let mut other = Talk::open(6000);
    other.client(GET);
    let packets = talk.packets.iter().map(|p| (1, p)).chain(other.packets.iter().map(|p| (700, p)));
    for (second, packet) in packets {
        let time = Some(Timestamp::from_seconds(second));
        flows.packet(&Packet { link: packets::RAW, time, data: packet });
    }
    let first = std::iter::from_fn(|| flows.next_event()).count();
    flows.close();
    assert_eq!((first, std::iter::from_fn(|| flows.next_event()).count()), (1, 1));
}

/// A capture in the middle of a connection: what tcp() builds is used by hand.
#[test]
fn a_packet_that_is_cut_is_told() {
    let ends = [(1, 5000), (2, 80)];
    let mut packet = packets::ipv4(ends, 6, 0, &tcp(ends, 1, 0, ACK, GET));
    packet.truncate(60);
    let outcome = read(&[packet], CaptureLimits::default());
    assert_eq!(outcome.lost, ["packet_cut", "head_cut"]);
}
