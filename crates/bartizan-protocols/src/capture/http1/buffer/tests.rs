use std::time::{Duration, Instant};

use super::{
    super::head::{Looks, looks},
    *,
};

fn stamp(packet: u64) -> Stamp {
    Stamp { time: None, packet }
}

#[test]
fn bytes_know_when_they_came() {
    let mut buffer = Buffer::default();
    buffer.push(b"abc", stamp(1));
    buffer.push(b"def", stamp(2));
    assert_eq!(buffer.stamps(3), (stamp(1), stamp(1)));
    assert_eq!(buffer.stamps(4), (stamp(1), stamp(2)));
    buffer.pass(3);
    buffer.trim();
    assert_eq!(buffer.take(2), (&b"de"[..], stamp(2)));
    buffer.push(b"ghi", stamp(5));
    let pieces = buffer.take_pieces();
    assert_eq!(pieces, [(b"f".to_vec(), stamp(2)), (b"ghi".to_vec(), stamp(5))]);
    assert!(buffer.bytes().is_empty());
}

#[test]
fn messages_are_looked_for_where_pieces_begin() {
    let mut buffer = Buffer::default();
    buffer.push(b"xGET", stamp(1));
    buffer.push(b"GET", stamp(2));
    assert_eq!(buffer.search(|bytes| bytes.starts_with(b"GET")), (true, 4));
    assert_eq!(buffer.bytes(), b"GET");
    buffer.next_piece();
    assert_eq!(buffer.search(|bytes| bytes.starts_with(b"G")), (false, 2));
    assert!(buffer.bytes().is_empty());
}

/// Eight times the bytes take about eight times as long, not thirty and more: whatever they are,
/// looking for a message where each piece begins reads no more than a line of them.
#[test]
fn looking_for_a_message_takes_linear_time() {
    let search = |bytes: &[u8], count: usize| {
        let mut best = Duration::MAX;
        for _ in 0..9 {
            let mut buffer = Buffer::default();
            (0..count).for_each(|_| buffer.push(&bytes.repeat(64), stamp(1)));
            let start = Instant::now();
            let found = buffer.search(|bytes| looks(bytes) == Looks::Request);
            best = best.min(start.elapsed());
            assert_eq!(found, (false, bytes.len() * 64 * count));
        }
        best
    };
    for bytes in [&b"a"[..], b"\n", b"F /"] {
        // Up to 256 KiB, or three times that.
        let (few, many) = (search(bytes, PIECES / 8), search(bytes, PIECES));
        assert!(many < few * 20, "{few:?} and {many:?}, of {bytes:?}");
    }
}
