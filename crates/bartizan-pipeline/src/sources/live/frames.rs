//! Frames in a block of the ring that a live capture shares with the kernel (`TPACKET_V3`,
//! `Documentation/networking/packet_mmap.rst` of Linux). A block was copied before it is read, and no
//! number in it is believed beyond its end.

use bartizan_model::Timestamp;
use bartizan_protocols::capture::Packet;

/// `LINKTYPE_LINUX_SLL`: 16 bytes, of which the last two are the EtherType.
const COOKED: u16 = 113;
const COOKED_BYTES: usize = 16;
/// Where in a block are the number of its packets and the first of them (`struct tpacket_hdr_v1`).
const COUNT: usize = 12;
const FIRST: usize = 16;
/// Seconds, and four bytes behind them nanoseconds, of the last packet.
const LAST: usize = 40;
/// Where in a frame are the distance to the next one, seconds, nanoseconds, length and place of the packet
/// (`struct tpacket3_hdr`), and behind that its EtherType (`struct sockaddr_ll`).
const NEXT: usize = 0;
const SECONDS: usize = 4;
const NANOSECONDS: usize = 8;
const KEPT: usize = 12;
const PLACE: usize = 26;
const ADDRESS: usize = 48;
const ETHER_TYPE: usize = ADDRESS + 2;
/// What is behind the address may be written to, up to the packet.
const FREE: usize = ADDRESS + 20;

/// A block, and how far it was read.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// To be filled before [`Block::begin`].
    pub(super) bytes: Vec<u8>,
    at: usize,
    left: u32,
}

impl Block {
    /// Begins with the first of the frames in `bytes`.
    pub(super) fn begin(&mut self) {
        self.left = word(&self.bytes, COUNT).unwrap_or(0);
        self.at = word(&self.bytes, FIRST).map_or(usize::MAX, |first| first as usize);
    }

    /// When the last packet came.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        Some(time(word(&self.bytes, LAST)?, word(&self.bytes, LAST + 4)?))
    }

    /// The next frame, as one of a Linux cooked capture. `None` at the end of the block.
    pub(super) fn next(&mut self) -> Option<Packet<'_>> {
        self.left = self.left.checked_sub(1)?;
        let from = self.at;
        let frame = self.bytes.get_mut(from..)?;
        let next = word(frame, NEXT)? as usize;
        self.at = if next == 0 { usize::MAX } else { from.checked_add(next)? };
        let time = time(word(frame, SECONDS)?, word(frame, NANOSECONDS)?);
        let (kept, place) = (word(frame, KEPT)? as usize, usize::from(half(frame, PLACE)?));
        let kind = [*frame.get(ETHER_TYPE)?, *frame.get(ETHER_TYPE + 1)?];
        // The kernel leaves the room of a link header in front of the packet.
        let begin = place.checked_sub(COOKED_BYTES).filter(|begin| *begin >= FREE)?;
        let data = frame.get_mut(begin..place.checked_add(kept)?)?;
        let (head, _) = data.split_at_mut_checked(COOKED_BYTES)?;
        head.fill(0);
        head[COOKED_BYTES - 2..].copy_from_slice(&kind);
        Some(Packet { link: COOKED, time: Some(time), data })
    }
}

fn time(seconds: u32, nanoseconds: u32) -> Timestamp {
    Timestamp::from_micros(i64::from(seconds) * 1_000_000 + i64::from(nanoseconds) / 1_000)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: usize = 48;

    /// A block of these packets, laid out as the kernel does.
    fn block(packets: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0; HEAD];
        out[COUNT..COUNT + 4].copy_from_slice(&(packets.len() as u32).to_ne_bytes());
        out[FIRST..FIRST + 4].copy_from_slice(&(HEAD as u32).to_ne_bytes());
        for (i, packet) in packets.iter().enumerate() {
            let mut frame = vec![0xee; 96];
            let length = frame.len() + packet.len();
            let next = if i + 1 < packets.len() { length as u32 } else { 0 };
            for (at, value) in
                [(NEXT, next), (SECONDS, 7), (NANOSECONDS, 5_000), (KEPT, packet.len() as u32)]
            {
                frame[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            }
            frame[PLACE..PLACE + 2].copy_from_slice(&96_u16.to_ne_bytes());
            frame[ETHER_TYPE..ETHER_TYPE + 2].copy_from_slice(&[0x86, 0xdd]);
            out.extend(frame);
            out.extend(*packet);
        }
        out
    }

    fn all(bytes: Vec<u8>) -> Vec<(Option<Timestamp>, Vec<u8>)> {
        let mut block = Block { bytes, ..Block::default() };
        block.begin();
        let mut out = Vec::new();
        while let Some(packet) = block.next() {
            assert_eq!(packet.link, COOKED);
            out.push((packet.time, packet.data.to_vec()));
        }
        out
    }

    #[test]
    fn frames_come_with_their_time_and_kind() {
        let frames = all(block(&[b"first", b"second one"]));
        let time = Some(Timestamp::from_micros(7_000_005));
        let head = [&[0; 14][..], &[0x86, 0xdd]].concat();
        let one = [&head[..], b"first"].concat();
        assert_eq!(frames, [(time, one), (time, [&head[..], b"second one"].concat())]);
        assert_eq!(all(block(&[])), []);
        assert_eq!(all(Vec::new()), []);
    }

    #[test]
    fn no_number_leads_out_of_the_block() {
        let whole = block(&[b"first", b"second one"]);
        for size in 0..whole.len() {
            assert!(all(whole[..size].to_vec()).len() < 2, "{size}");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                assert!(all(broken).len() <= 2);
            }
        }
    }
}
