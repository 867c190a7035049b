//! Capture files: pcap in all its byte orders and resolutions, and pcapng (draft-ietf-opsawg-pcapng).
//!
//! The reader is given what is there of the file and says what to do with its beginning. It keeps
//! nothing but the description of interfaces, so that memory does not grow with the file.

use std::fmt;

use bartizan_model::Timestamp;

use super::Loss;

/// Longest packet or block that is read, in bytes. The largest snapshot length of libpcap is 256 KiB.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Most interfaces of one section that are remembered.
const INTERFACES: usize = 4096;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// A key log of TLS inside a block of secrets.
const TLS_KEY_LOG: u32 = 0x544c_534b;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// One captured packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Link type, as registered for pcap.
    pub link: u16,
    /// When it was captured; `None` when the file does not say.
    pub time: Option<Timestamp>,
    /// Its bytes, from the link header on.
    pub data: &'a [u8],
}

/// A key log of TLS in a capture. It is never shown; the bytes are those of the file, whose reader
/// keeps them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secrets<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").field(&self.0.len()).finish()
    }
}

/// What the beginning of the bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// So many bytes must be there to tell.
    More(usize),
    /// So many bytes carry nothing; there may be fewer in the file.
    Pass(u64),
    /// A packet, and the bytes that it takes.
    Packet(Packet<'a>, usize),
    /// A key log of TLS, and the bytes that it takes.
    Secrets(Secrets<'a>, usize),
    /// So many bytes carry something that cannot be used.
    Lost(Loss, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Nothing was read yet.
    Unknown,
    /// Records of pcap: link type, and ticks of a second.
    Pcap { link: u16, ticks: i64 },
    /// Blocks of pcapng.
    Blocks,
    /// The rest cannot be read.
    Broken,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    snap: u32,
    /// Ticks of a second; `None` when they are not between 1 and 10^18.
    ticks: Option<u64>,
    offset: i64,
}

/// A reader of capture files.
#[derive(Debug)]
pub struct Container {
    form: Form,
    big: bool,
    interfaces: Vec<Interface>,
}

impl Default for Container {
    fn default() -> Self {
        Self { form: Form::Unknown, big: false, interfaces: Vec::new() }
    }
}

impl Container {
    /// Whether a file that begins so is a capture.
    #[must_use]
    pub fn recognises(head: &[u8]) -> bool {
        let is_section = head.starts_with(&SECTION.to_be_bytes())
            && matches!(head.get(8..12), Some([0x1a, 0x2b, 0x3c, 0x4d] | [0x4d, 0x3c, 0x2b, 0x1a]));
        is_section || head.get(..4).and_then(pcap_magic).is_some()
    }

    /// What `bytes` begin with. The caller takes that many bytes off and asks again.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        match self.form {
            Form::Unknown => self.begin(bytes),
            Form::Pcap { link, ticks } => self.record(bytes, link, ticks),
            Form::Blocks => self.block(bytes),
            Form::Broken if bytes.is_empty() => Step::More(1),
            Form::Broken => Step::Pass(u64::MAX),
        }
    }

    fn begin<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let Some(magic) = bytes.get(..4) else { return Step::More(4) };
        let Some((big, ticks)) = pcap_magic(magic) else {
            self.form = Form::Blocks;
            return self.block(bytes);
        };
        self.big = big;
        // The upper bits of the link type tell about frame check sequences.
        let Some(link) = self.u32(bytes, 20) else { return Step::More(24) };
        self.form = Form::Pcap { link: (link & 0xffff) as u16, ticks };
        Step::Pass(24)
    }

    fn record<'a>(&mut self, bytes: &'a [u8], link: u16, ticks: i64) -> Step<'a> {
        let (Some(seconds), Some(fraction), Some(length)) =
            (self.u32(bytes, 0), self.u32(bytes, 4), self.u32(bytes, 8))
        else {
            return Step::More(16);
        };
        let length = length as usize;
        if length > BLOCK_BYTES {
            return Step::Lost(Loss::BlockTooLarge, 16 + length as u64);
        }
        let Some(data) = bytes.get(16..16 + length) else { return Step::More(16 + length) };
        let micros = i64::from(seconds) * 1_000_000 + i64::from(fraction) * 1_000_000 / ticks;
        let time = Some(Timestamp::from_micros(micros));
        Step::Packet(Packet { link, time, data }, 16 + length)
    }

    fn block<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let (Some(kind), Some(order)) = (self.u32(bytes, 0), bytes.get(8..12)) else {
            return Step::More(12);
        };
        if kind == SECTION {
            // The type reads the same in both orders, the magic behind the length does not.
            match order {
                [0x1a, 0x2b, 0x3c, 0x4d] => self.big = true,
                [0x4d, 0x3c, 0x2b, 0x1a] => self.big = false,
                _ => return self.broken(),
            }
            self.interfaces.clear();
        }
        let length = self.u32(bytes, 4).unwrap_or(0) as usize;
        if length < 12 || !length.is_multiple_of(4) {
            return self.broken();
        }
        let carries =
            matches!(kind, ENHANCED_PACKET | SIMPLE_PACKET | OBSOLETE_PACKET | DECRYPTION_SECRETS);
        if !carries && kind != INTERFACE {
            return Step::Pass(length as u64);
        }
        if length > BLOCK_BYTES {
            return match carries {
                true => Step::Lost(Loss::BlockTooLarge, length as u64),
                // Numbers of interfaces would be wrong from here on.
                false => self.broken(),
            };
        }
        if bytes.len() < length {
            return Step::More(length);
        }
        let body = bytes.get(8..length - 4).unwrap_or_default();
        let packet = match kind {
            INTERFACE => return self.interface(body, length),
            DECRYPTION_SECRETS => return self.secrets(body, length),
            ENHANCED_PACKET => self.enhanced(body),
            OBSOLETE_PACKET => self.obsolete(body),
            _ => self.simple(body),
        };
        match packet {
            Some(packet) => Step::Packet(packet, length),
            None => Step::Lost(Loss::PacketMalformed, length as u64),
        }
    }

    fn broken(&mut self) -> Step<'static> {
        self.form = Form::Broken;
        Step::Lost(Loss::ContainerBroken, 0)
    }

    fn interface(&mut self, body: &[u8], length: usize) -> Step<'static> {
        let (Some(link), Some(snap)) = (self.u16(body, 0), self.u32(body, 4)) else {
            return self.broken();
        };
        if self.interfaces.len() >= INTERFACES {
            return Step::Lost(Loss::BlockTooLarge, length as u64);
        }
        let mut interface = Interface { link, snap, ticks: Some(1_000_000), offset: 0 };
        let mut rest = body.get(8..).unwrap_or_default();
        while let (Some(code), Some(size)) = (self.u16(rest, 0), self.u16(rest, 2)) {
            let size = usize::from(size);
            let Some(value) = rest.get(4..4 + size).filter(|_| code != 0) else { break };
            match (code, value) {
                (OPTION_RESOLUTION, [resolution]) => interface.ticks = ticks(*resolution),
                (OPTION_OFFSET, value) => {
                    let bytes = <[u8; 8]>::try_from(value).unwrap_or_default();
                    interface.offset = if self.big {
                        i64::from_be_bytes(bytes)
                    } else {
                        i64::from_le_bytes(bytes)
                    };
                }
                _ => {}
            }
            rest = rest.get(4 + size.next_multiple_of(4)..).unwrap_or_default();
        }
        self.interfaces.push(interface);
        Step::Pass(length as u64)
    }

    fn secrets<'a>(&self, body: &'a [u8], length: usize) -> Step<'a> {
        let size = self.u32(body, 4).unwrap_or(u32::MAX) as usize;
        let log = body.get(8..).and_then(|rest| rest.get(..size));
        match log.filter(|_| self.u32(body, 0) == Some(TLS_KEY_LOG)) {
            Some(log) => Step::Secrets(Secrets(log), length),
            None => Step::Lost(Loss::SecretsUnread, length as u64),
        }
    }

    fn enhanced<'a>(&self, body: &'a [u8]) -> Option<Packet<'a>> {
        let interface = self.interfaces.get(self.u32(body, 0)? as usize)?;
        self.stamped(interface, body)
    }

    fn obsolete<'a>(&self, body: &'a [u8]) -> Option<Packet<'a>> {
        let interface = self.interfaces.get(usize::from(self.u16(body, 0)?))?;
        self.stamped(interface, body)
    }

    /// Both forms have time and length at the same places.
    fn stamped<'a>(&self, interface: &Interface, body: &'a [u8]) -> Option<Packet<'a>> {
        let ticks = u64::from(self.u32(body, 4)?) << 32 | u64::from(self.u32(body, 8)?);
        let length = self.u32(body, 12)? as usize;
        let data = body.get(20..)?.get(..length)?;
        Some(Packet { link: interface.link, time: interface.time(ticks), data })
    }

    fn simple<'a>(&self, body: &'a [u8]) -> Option<Packet<'a>> {
        let interface = self.interfaces.first()?;
        let original = self.u32(body, 0)?;
        let kept = if interface.snap == 0 { original } else { original.min(interface.snap) };
        let data = body.get(4..)?;
        let data = data.get(..kept as usize).unwrap_or(data);
        Some(Packet { link: interface.link, time: None, data })
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = <[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?;
        Some(if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let two = <[u8; 2]>::try_from(bytes.get(at..at + 2)?).ok()?;
        Some(if self.big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Option<Timestamp> {
        let per_second = u128::from(self.ticks?);
        let micros = i64::try_from(u128::from(ticks) * 1_000_000 / per_second).ok()?;
        let offset = self.offset.checked_mul(1_000_000)?;
        Some(Timestamp::from_micros(micros.checked_add(offset)?))
    }
}

/// Byte order and ticks of a second of a pcap file.
fn pcap_magic(magic: &[u8]) -> Option<(bool, i64)> {
    const MICROS: i64 = 1_000_000;
    const NANOS: i64 = 1_000_000_000;
    match magic {
        [0xa1, 0xb2, 0xc3, 0xd4] => Some((true, MICROS)),
        [0xd4, 0xc3, 0xb2, 0xa1] => Some((false, MICROS)),
        [0xa1, 0xb2, 0x3c, 0x4d] => Some((true, NANOS)),
        [0x4d, 0x3c, 0xb2, 0xa1] => Some((false, NANOS)),
        _ => None,
    }
}

/// Ticks of a second of an `if_tsresol`: a power of ten, or of two when the highest bit is set.
fn ticks(resolution: u8) -> Option<u64> {
    let power = u32::from(resolution & 0x7f);
    match resolution & 0x80 {
        0 if power <= 18 => Some(10u64.pow(power)),
        0x80 if power <= 59 => Some(1 << power),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Packets = Vec<(Option<i64>, Vec<u8>)>;

    /// Times and bytes of all packets, and the names of what was lost.
    fn all(file: &[u8]) -> (Packets, Vec<&'static str>) {
        let (mut container, mut at) = (Container::default(), 0);
        let (mut packets, mut lost) = (Vec::new(), Vec::new());
        loop {
            let rest = &file[at.min(file.len())..];
            let took = match container.next(rest) {
                Step::More(_) => return (packets, lost),
                Step::Pass(u64::MAX) => return (packets, lost),
                Step::Pass(bytes) => bytes as usize,
                Step::Secrets(log, bytes) => {
                    assert_eq!(format!("{log:?}"), "Secrets(3)", "nobody is shown what it holds");
                    packets.push((None, log.0.to_vec()));
                    bytes
                }
                Step::Packet(packet, bytes) => {
                    packets.push((packet.time.map(Timestamp::micros), packet.data.to_vec()));
                    bytes
                }
                Step::Lost(loss, bytes) => {
                    lost.push(loss.as_str());
                    bytes as usize
                }
            };
            at = at.saturating_add(took);
        }
    }

    fn order(big: bool, value: u32) -> [u8; 4] {
        if big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = order(big, padded as u32 + 12);
        let mut out = [&order(big, kind)[..], &length, body].concat();
        out.resize(8 + padded, 0);
        out.extend(length);
        out
    }

    fn section(big: bool) -> Vec<u8> {
        block(big, SECTION, &[&order(big, 0x1a2b_3c4d)[..], &order(big, 1), &[255; 8]].concat())
    }

    #[test]
    fn pcap_is_read_in_every_order_and_resolution() {
        for (magic, big, fraction) in [
            ([0xa1, 0xb2, 0xc3, 0xd4], true, 5),
            ([0xd4, 0xc3, 0xb2, 0xa1], false, 5),
            ([0xa1, 0xb2, 0x3c, 0x4d], true, 5_999),
            ([0x4d, 0x3c, 0xb2, 0xa1], false, 5_999),
        ] {
            let mut file = magic.to_vec();
            for word in [0, 0, 0, 65_535, 1, 7, fraction, 3, 60] {
                file.extend(order(big, word));
            }
            file.extend(b"abc");
            for word in [8, 0, 2 << 20, 2 << 20] {
                file.extend(order(big, word));
            }
            assert!(Container::recognises(&file));
            let (packets, lost) = all(&file);
            assert_eq!(packets, [(Some(7_000_005), b"abc".to_vec())], "{magic:?}");
            assert_eq!(lost, ["block_too_large"]);
        }
    }

    #[test]
    fn sections_and_interfaces_of_pcapng_are_told_apart() {
        let mut file = section(false);
        // Ticks of 2^-10 seconds, ten seconds later.
        let options = [9, 0, 1, 0, 0x8a, 0, 0, 0, 14, 0, 8, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        file.extend(block(false, INTERFACE, &[&[1, 0, 0, 0, 0, 0, 0, 0], &options[..]].concat()));
        let words = |big, words: &[u32]| -> Vec<u8> {
            words.iter().flat_map(|word| order(big, *word)).collect()
        };
        let packet = |big, number| [words(big, &[number, 0, 512, 2, 2]), b"hi".to_vec()].concat();
        file.extend(block(false, ENHANCED_PACKET, &packet(false, 0)));
        file.extend(block(false, ENHANCED_PACKET, &packet(false, 1)));
        file.extend(block(false, 5, b"statistics"));
        let secrets = |kind, size| [words(false, &[kind, size]), b"log".to_vec()].concat();
        file.extend(block(false, DECRYPTION_SECRETS, &secrets(TLS_KEY_LOG, 3)));
        file.extend(block(false, DECRYPTION_SECRETS, &secrets(TLS_KEY_LOG, 5)));
        file.extend(block(false, DECRYPTION_SECRETS, &secrets(0x5353_484b, 3)));
        file.extend(section(true));
        file.extend(block(true, INTERFACE, &[0, 101, 0, 0, 0, 0, 0, 3]));
        file.extend(block(true, SIMPLE_PACKET, &[&order(true, 9)[..], b"abcd"].concat()));
        file.extend(block(true, OBSOLETE_PACKET, &packet(true, 0)));
        file.extend([0, 0, 0, 6, 0, 0, 0, 13, 0, 0, 0, 0]);
        assert!(Container::recognises(&file));
        let (packets, lost) = all(&file);
        let hi = || b"hi".to_vec();
        let text = |text: &str| (None, text.as_bytes().to_vec());
        assert_eq!(
            packets,
            [(Some(10_500_000), hi()), text("log"), text("abc"), (Some(512), hi())]
        );
        let unread = ["secrets_unread"; 2];
        assert_eq!(lost, [&["packet_malformed"][..], &unread, &["capture_broken"]].concat());
    }
}
