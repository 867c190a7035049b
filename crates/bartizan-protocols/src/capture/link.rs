//! From a captured frame to the TCP segment in it, through VLANs and tunnels.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Loss;

/// Most headers of tunnels, VLANs and options that are passed through to a segment.
const LAYERS: usize = 16;
/// Most extension headers of one IPv6 packet.
const EXTENSIONS: usize = 16;

pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const ACK: u8 = 0x10;

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    /// Network that a tunnel names, so that equal addresses in two of them are not mixed up.
    pub(super) network: u32,
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
    pub(super) payload: &'a [u8],
    /// Whether the capture kept only a beginning of it.
    pub(super) is_cut: bool,
}

impl Segment<'_> {
    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// One fragment of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) network: u32,
    pub(super) identification: u32,
    pub(super) protocol: u8,
    pub(super) offset: usize,
    pub(super) has_more: bool,
    pub(super) payload: &'a [u8],
}

/// What is in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Segment(Segment<'a>),
    Fragment(Fragment<'a>),
}

/// What comes next in a frame.
#[derive(Clone, Copy)]
enum Layer {
    Ethernet,
    /// Told by an EtherType.
    Type(u16),
    /// Told by the version in its first byte.
    Ip,
}

/// The segment in a frame of a link type (as registered for pcap), or why there is none.
pub(super) fn read(link: u16, frame: &[u8]) -> Result<Content<'_>, Loss> {
    let (layer, rest) = match link {
        1 => (Layer::Ethernet, frame),
        // BSD loopback: the address family in either byte order; the version says the same.
        0 | 108 => (Layer::Ip, after(frame, 4)?),
        12 | 14 | 101 | 228 | 229 => (Layer::Ip, frame),
        // PPP, with or without address and control.
        9 => match frame {
            [0xff, 0x03, 0, 0x21 | 0x57, rest @ ..] | [0, 0x21 | 0x57, rest @ ..] => {
                (Layer::Ip, rest)
            }
            _ => return Err(Loss::PacketNotIp),
        },
        // Linux cooked capture, version 1 and 2.
        113 => (Layer::Type(be16(frame, 14)?), after(frame, 16)?),
        276 => (Layer::Type(be16(frame, 0)?), after(frame, 20)?),
        _ => return Err(Loss::LinkUnknown),
    };
    Reader { network: 0 }.layers(layer, rest)
}

/// The segment in the payload of a packet that was put together from fragments.
pub(super) fn reassembled<'a>(of: &Fragment<'_>, payload: &'a [u8]) -> Result<Content<'a>, Loss> {
    let ip = Ip { source: of.source, destination: of.destination, is_cut: false };
    let mut reader = Reader { network: of.network };
    match reader.transport(of.protocol, &ip, payload)? {
        Inner::Segment(segment) => Ok(Content::Segment(segment)),
        Inner::Layer(layer, rest) => reader.layers(layer, rest),
    }
}

struct Reader {
    network: u32,
}

#[derive(Clone, Copy)]
struct Ip {
    source: IpAddr,
    destination: IpAddr,
    is_cut: bool,
}

enum Inner<'a> {
    Segment(Segment<'a>),
    Layer(Layer, &'a [u8]),
}

/// What an IP header leads to.
enum Beyond<'a> {
    Transport(u8, Ip, &'a [u8]),
    Fragment(Fragment<'a>),
}

impl Reader {
    fn layers<'a>(&mut self, mut layer: Layer, mut rest: &'a [u8]) -> Result<Content<'a>, Loss> {
        for _ in 0..LAYERS {
            (layer, rest) = match layer {
                Layer::Ethernet => (Layer::Type(be16(rest, 12)?), after(rest, 14)?),
                // VLAN tags, also stacked.
                Layer::Type(0x8100 | 0x88a8 | 0x9100 | 0x9200) => {
                    (Layer::Type(be16(rest, 2)?), after(rest, 4)?)
                }
                // PPPoE session.
                Layer::Type(0x8864) => match be16(rest, 6)? {
                    0x21 | 0x57 => (Layer::Ip, after(rest, 8)?),
                    _ => return Err(Loss::PacketNotIp),
                },
                // MPLS: the label that ends the stack has a bit of its own.
                Layer::Type(0x8847 | 0x8848) => match byte(rest, 2)? & 1 {
                    0 => (layer, after(rest, 4)?),
                    _ => (Layer::Ip, after(rest, 4)?),
                },
                Layer::Type(0x6558) => (Layer::Ethernet, rest),
                Layer::Type(0x0800 | 0x86dd) | Layer::Ip => {
                    let (protocol, ip, payload) = match self.ip(rest)? {
                        Beyond::Transport(protocol, ip, payload) => (protocol, ip, payload),
                        Beyond::Fragment(fragment) => return Ok(Content::Fragment(fragment)),
                    };
                    match self.transport(protocol, &ip, payload)? {
                        Inner::Segment(segment) => return Ok(Content::Segment(segment)),
                        Inner::Layer(layer, rest) => (layer, rest),
                    }
                }
                Layer::Type(_) => return Err(Loss::PacketNotIp),
            };
        }
        Err(Loss::PacketMalformed)
    }

    fn ip<'a>(&self, packet: &'a [u8]) -> Result<Beyond<'a>, Loss> {
        match byte(packet, 0)? >> 4 {
            4 => self.ipv4(packet),
            6 => self.ipv6(packet),
            _ => Err(Loss::PacketNotIp),
        }
    }

    /// RFC 791 §3.1.
    fn ipv4<'a>(&self, packet: &'a [u8]) -> Result<Beyond<'a>, Loss> {
        let header = usize::from(byte(packet, 0)? & 15) * 4;
        let total = usize::from(be16(packet, 2)?);
        let fragment = be16(packet, 6)?;
        let address = |at| {
            let four = packet.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
            four.map(|b| IpAddr::from(Ipv4Addr::from(b))).ok_or(Loss::PacketCut)
        };
        let (source, destination) = (address(12)?, address(16)?);
        let protocol = byte(packet, 9)?;
        // Segmentation by the network card leaves the length at zero.
        let total = if total == 0 { packet.len() } else { total };
        if header < 20 || total < header {
            return Err(Loss::PacketMalformed);
        }
        let is_cut = total > packet.len();
        let payload = after(packet.get(..total).unwrap_or(packet), header)?;
        let (offset, has_more) = (usize::from(fragment & 0x1fff) * 8, fragment & 0x2000 != 0);
        if offset == 0 && !has_more {
            return Ok(Beyond::Transport(protocol, Ip { source, destination, is_cut }, payload));
        }
        if is_cut {
            return Err(Loss::PacketCut);
        }
        let identification = u32::from(be16(packet, 4)?);
        Ok(Beyond::Fragment(Fragment {
            source,
            destination,
            network: self.network,
            identification,
            protocol,
            offset,
            has_more,
            payload,
        }))
    }

    /// RFC 8200 §3 and §4.
    fn ipv6<'a>(&self, packet: &'a [u8]) -> Result<Beyond<'a>, Loss> {
        let address = |at| {
            let all = packet.get(at..at + 16).and_then(|b| <[u8; 16]>::try_from(b).ok());
            all.map(|b| IpAddr::from(Ipv6Addr::from(b))).ok_or(Loss::PacketCut)
        };
        let (source, destination) = (address(8)?, address(24)?);
        let length = usize::from(be16(packet, 4)?);
        let mut rest = after(packet, 40)?;
        // Zero stands for a jumbo payload, or for segmentation by the network card.
        let is_cut = length > rest.len();
        if length > 0 {
            rest = rest.get(..length).unwrap_or(rest);
        }
        let mut next = byte(packet, 6)?;
        for _ in 0..EXTENSIONS {
            let size = match next {
                0 | 43 | 60 | 135 | 139 | 140 => usize::from(byte(rest, 1)?) * 8 + 8,
                51 => usize::from(byte(rest, 1)?) * 4 + 8,
                44 => {
                    let (protocol, field) = (byte(rest, 0)?, be16(rest, 2)?);
                    let identification = be32(rest, 4)?;
                    let payload = after(rest, 8)?;
                    let (offset, has_more) = (usize::from(field & 0xfff8), field & 1 != 0);
                    if offset == 0 && !has_more {
                        (next, rest) = (protocol, payload);
                        continue;
                    }
                    if is_cut {
                        return Err(Loss::PacketCut);
                    }
                    return Ok(Beyond::Fragment(Fragment {
                        source,
                        destination,
                        network: self.network,
                        identification,
                        protocol,
                        offset,
                        has_more,
                        payload,
                    }));
                }
                _ => return Ok(Beyond::Transport(next, Ip { source, destination, is_cut }, rest)),
            };
            (next, rest) = (byte(rest, 0)?, after(rest, size)?);
        }
        Err(Loss::PacketMalformed)
    }

    /// What an IP packet carries: a segment, or another frame or packet.
    fn transport<'a>(
        &mut self,
        protocol: u8,
        ip: &Ip,
        payload: &'a [u8],
    ) -> Result<Inner<'a>, Loss> {
        match protocol {
            6 => segment(ip, payload, self.network).map(Inner::Segment),
            4 | 41 => Ok(Inner::Layer(Layer::Ip, payload)),
            17 => self.udp(payload),
            47 => self.gre(payload),
            _ => Err(Loss::PacketNotTcp),
        }
    }

    /// VXLAN (RFC 7348 §5, also on the port that Linux took first) and GENEVE (RFC 8926 §3.4).
    fn udp<'a>(&mut self, datagram: &'a [u8]) -> Result<Inner<'a>, Loss> {
        let port = be16(datagram, 2)?;
        let rest = after(datagram, 8)?;
        match port {
            4789 | 8472 if byte(rest, 0)? & 0x08 != 0 => {
                self.network = be32(rest, 4)? >> 8;
                Ok(Inner::Layer(Layer::Ethernet, after(rest, 8)?))
            }
            6081 if byte(rest, 0)? >> 6 == 0 => {
                let options = usize::from(byte(rest, 0)? & 0x3f) * 4;
                self.network = be32(rest, 4)? >> 8;
                Ok(Inner::Layer(Layer::Type(be16(rest, 2)?), after(rest, 8 + options)?))
            }
            _ => Err(Loss::PacketNotTcp),
        }
    }

    /// GRE (RFC 2784, RFC 2890), and what mirroring switches put into it (ERSPAN).
    fn gre<'a>(&mut self, packet: &'a [u8]) -> Result<Inner<'a>, Loss> {
        let (flags, kind) = (be16(packet, 0)?, be16(packet, 2)?);
        let mut size = 4;
        if flags & 0x8000 != 0 {
            size += 4;
        }
        if flags & 0x2000 != 0 {
            self.network = be32(packet, size)?;
            size += 4;
        }
        let is_numbered = flags & 0x1000 != 0;
        if is_numbered {
            size += 4;
        }
        if flags & 7 != 0 {
            return Err(Loss::PacketNotTcp);
        }
        let rest = after(packet, size)?;
        match kind {
            0x88be if is_numbered => Ok(Inner::Layer(Layer::Ethernet, after(rest, 8)?)),
            0x88be => Ok(Inner::Layer(Layer::Ethernet, rest)),
            0x22eb => {
                let platform = if byte(rest, 11)? & 1 != 0 { 8 } else { 0 };
                Ok(Inner::Layer(Layer::Ethernet, after(rest, 12 + platform)?))
            }
            _ => Ok(Inner::Layer(Layer::Type(kind), rest)),
        }
    }
}

/// RFC 9293 §3.1.
fn segment<'a>(ip: &Ip, segment: &'a [u8], network: u32) -> Result<Segment<'a>, Loss> {
    let header = usize::from(byte(segment, 12)? >> 4) * 4;
    if header < 20 {
        return Err(Loss::PacketMalformed);
    }
    let payload = match segment.get(header..) {
        Some(payload) => payload,
        None if ip.is_cut => return Err(Loss::PacketCut),
        None => return Err(Loss::PacketMalformed),
    };
    Ok(Segment {
        source: SocketAddr::new(ip.source, be16(segment, 0)?),
        destination: SocketAddr::new(ip.destination, be16(segment, 2)?),
        network,
        sequence: be32(segment, 4)?,
        acknowledged: be32(segment, 8)?,
        flags: byte(segment, 13)?,
        payload,
        is_cut: ip.is_cut,
    })
}

fn after(bytes: &[u8], size: usize) -> Result<&[u8], Loss> {
    bytes.get(size..).ok_or(Loss::PacketCut)
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, Loss> {
    bytes.get(at).copied().ok_or(Loss::PacketCut)
}

fn be16(bytes: &[u8], at: usize) -> Result<u16, Loss> {
    match bytes.get(at..at + 2) {
        Some([a, b]) => Ok(u16::from_be_bytes([*a, *b])),
        _ => Err(Loss::PacketCut),
    }
}

fn be32(bytes: &[u8], at: usize) -> Result<u32, Loss> {
    match bytes.get(at..at + 4) {
        Some([a, b, c, d]) => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(Loss::PacketCut),
    }
}

#[cfg(test)]
mod tests;
