use super::*;

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
