//! The filter that the kernel runs on each packet of a live capture, in classic BPF: TCP, alone or in a
//! tunnel that is read, and nothing twice. Source: "The BSD Packet Filter" (McCanne and Jacobson, 1993),
//! and `Documentation/networking/filter.rst` of Linux for what it adds.
//!
//! The packet begins with its network header: what was in front of that, the kernel tells beside it.

use super::Ports;

/// One instruction, as `struct sock_filter` of Linux has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) yes: u8,
    pub(super) no: u8,
    pub(super) value: u32,
}

const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
/// Half a word, so far behind the header whose length is in the index.
const LOAD_HALF_BEHIND: u16 = 0x48;
/// The length of the IPv4 header, into the index.
const INDEX_IPV4: u16 = 0xb1;
const IF_EQUAL: u16 = 0x15;
const IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

/// What Linux tells beside the packet (`SKF_AD_OFF` and what is added to it).
const BESIDE: u32 = 0xffff_f000;
const ETHER_TYPE: u32 = BESIDE;
const DIRECTION: u32 = BESIDE + 4;
const HARDWARE: u32 = BESIDE + 28;

/// `ARPHRD_LOOPBACK`, and `PACKET_OUTGOING`.
const LOOPBACK: u32 = 772;
const OUTGOING: u32 = 4;

const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
/// VLAN tags behind the first, PPPoE and MPLS.
const WRAPPED: [u32; 7] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x8864, 0x8847, 0x8848];
const TCP: u32 = 6;
const UDP: u32 = 17;
/// IP in IP, GRE.
const TUNNELS: [u32; 3] = [4, 41, 47];
/// VXLAN on both its ports, and GENEVE.
const TUNNEL_PORTS: [u32; 3] = [4789, 8472, 6081];
/// Headers between that of IPv6 and the segment: hop by hop, routing, fragment, destination.
const EXTENSIONS: [u32; 4] = [0, 43, 44, 60];
const FRAGMENT: u32 = 44;
/// Of the field with flags, the place of a fragment within its packet.
const FRAGMENT_PLACE: u32 = 0x1fff;

/// Places that tests jump to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Seen,
    Ipv4,
    Ipv6,
    Ipv4Udp,
    Ipv6Udp,
    Accept,
    Reject,
}

/// A line of the program before its jumps are numbers.
enum Line {
    Do(u16, u32),
    /// A test, and where to go; `None` is the next line.
    Test(u16, u32, Option<Mark>, Option<Mark>),
    Here(Mark),
}

/// The program. It keeps at most so many `bytes` of a packet. With `ports`, only TCP of one of these at
/// either end, in no tunnel; without, all TCP, also in tunnels. `None` when a jump would have to pass over
/// more than 255 instructions, for which [`Ports`] are too few.
pub(super) fn program(ports: &Ports, bytes: u32) -> Option<Vec<Instruction>> {
    use Line::{Do, Here, Test};
    let is = |value, to| Test(IF_EQUAL, value, Some(to), None);
    let only = |value| Test(IF_EQUAL, value, None, Some(Mark::Reject));
    let any = |values: &[u32], to| values.iter().map(|value| is(*value, to)).collect::<Vec<_>>();
    let accept = |values: &[u32]| any(values, Mark::Accept);
    let ports: Vec<u32> = ports.as_slice().iter().map(|port| u32::from(*port)).collect();
    // On loopback, each packet is shown as it goes and as it comes.
    let mut lines = vec![
        Do(LOAD_WORD, HARDWARE),
        Test(IF_EQUAL, LOOPBACK, None, Some(Mark::Seen)),
        Do(LOAD_WORD, DIRECTION),
        is(OUTGOING, Mark::Reject),
        Here(Mark::Seen),
        Do(LOAD_WORD, ETHER_TYPE),
        is(IPV4, Mark::Ipv4),
        is(IPV6, Mark::Ipv6),
    ];
    if ports.is_empty() {
        lines.extend(accept(&WRAPPED));
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv4), Do(LOAD_BYTE, 9)]);
        lines.extend([is(TCP, Mark::Accept), is(UDP, Mark::Ipv4Udp)]);
        lines.extend(accept(&TUNNELS));
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv6), Do(LOAD_BYTE, 6)]);
        lines.extend([is(TCP, Mark::Accept), is(UDP, Mark::Ipv6Udp)]);
        lines.extend(accept(&TUNNELS));
        lines.extend(accept(&EXTENSIONS));
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv4Udp), Do(INDEX_IPV4, 0)]);
        lines.push(Do(LOAD_HALF_BEHIND, 2));
        lines.extend(accept(&TUNNEL_PORTS));
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv6Udp), Do(LOAD_HALF, 42)]);
        lines.extend(accept(&TUNNEL_PORTS));
    } else {
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv4), Do(LOAD_BYTE, 9), only(TCP)]);
        // Only the first fragment has the ports; the others are needed to put it together.
        lines.push(Do(LOAD_HALF, 6));
        lines.push(Test(IF_ANY_BIT, FRAGMENT_PLACE, Some(Mark::Accept), None));
        lines.push(Do(INDEX_IPV4, 0));
        for end in [0, 2] {
            lines.push(Do(LOAD_HALF_BEHIND, end));
            lines.extend(accept(&ports));
        }
        lines.extend([Do(RETURN, 0), Here(Mark::Ipv6), Do(LOAD_BYTE, 6)]);
        lines.extend([is(FRAGMENT, Mark::Accept), only(TCP)]);
        for end in [40, 42] {
            lines.push(Do(LOAD_HALF, end));
            lines.extend(accept(&ports));
        }
    }
    lines.extend([Here(Mark::Reject), Do(RETURN, 0), Here(Mark::Accept), Do(RETURN, bytes)]);
    resolve(&lines)
}

/// Turns marks, which all lie ahead, into distances; `None` when one is further than 255 instructions.
fn resolve(lines: &[Line]) -> Option<Vec<Instruction>> {
    let is_code = |line: &&Line| !matches!(line, Line::Here(_));
    let distance = |from: usize, to: Option<Mark>| {
        let Some(to) = to else { return Some(0) };
        let ahead = lines.iter().skip(from + 1);
        let until = ahead.take_while(|line| !matches!(line, Line::Here(mark) if *mark == to));
        u8::try_from(until.filter(is_code).count()).ok()
    };
    let mut program = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let (code, value, yes, no) = match line {
            Line::Do(code, value) => (*code, *value, 0, 0),
            Line::Test(code, value, yes, no) => {
                (*code, *value, distance(at, *yes)?, distance(at, *no)?)
            }
            Line::Here(_) => continue,
        };
        program.push(Instruction { code, yes, no, value });
    }
    Some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel tells beside a packet.
    #[derive(Clone, Copy)]
    struct Told {
        hardware: u32,
        direction: u32,
        ether_type: u32,
    }

    const WIRE: Told = Told { hardware: 1, direction: 0, ether_type: IPV4 };

    /// Runs a program as the kernel does: how many bytes are kept; a load behind the end keeps none.
    fn run(program: &[Instruction], packet: &[u8], told: Told) -> u32 {
        let (mut at, mut a, mut index) = (0, 0_u32, 0_u32);
        loop {
            let one = program.get(at).expect("it ends with a return");
            at += 1;
            let load = |from: u32, size: usize| {
                let bytes = packet.get(from as usize..from as usize + size)?;
                Some(bytes.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)))
            };
            let loaded = match one.code {
                LOAD_WORD => Some(match one.value {
                    ETHER_TYPE => told.ether_type,
                    DIRECTION => told.direction,
                    HARDWARE => told.hardware,
                    other => panic!("{other:x}"),
                }),
                LOAD_HALF => load(one.value, 2),
                LOAD_BYTE => load(one.value, 1),
                LOAD_HALF_BEHIND => load(index + one.value, 2),
                INDEX_IPV4 => {
                    let Some(first) = load(one.value, 1) else { return 0 };
                    index = (first & 15) * 4;
                    continue;
                }
                IF_EQUAL | IF_ANY_BIT => {
                    let is = if one.code == IF_EQUAL { a == one.value } else { a & one.value != 0 };
                    at += usize::from(if is { one.yes } else { one.no });
                    continue;
                }
                RETURN => return one.value,
                other => panic!("{other:x}"),
            };
            match loaded {
                Some(value) => a = value,
                None => return 0,
            }
        }
    }

    /// An IPv4 packet with this protocol, and these ports behind a header of so many bytes.
    fn ipv4(protocol: u8, ports: [u16; 2], header: u8, place: u16) -> Vec<u8> {
        let mut out = vec![0; usize::from(header)];
        out[0] = 0x40 | (header / 4);
        out[6..8].copy_from_slice(&place.to_be_bytes());
        out[9] = protocol;
        out.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
        out
    }

    fn ipv6(next: u8, ports: [u16; 2]) -> Vec<u8> {
        let mut out = vec![0; 40];
        (out[0], out[6]) = (0x60, next);
        out.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
        out
    }

    #[test]
    fn without_ports_all_tcp_is_kept_in_tunnels_too() {
        let program = program(&Ports::ALL, 1000).expect("short");
        let six = Told { ether_type: IPV6, ..WIRE };
        for (packet, told, kept) in [
            (ipv4(6, [1, 2], 20, 0), WIRE, true),
            (ipv4(17, [1, 53], 20, 0), WIRE, false),
            (ipv4(17, [1, 4789], 20, 0), WIRE, true),
            (ipv4(17, [1, 6081], 60, 0), WIRE, true),
            (ipv4(47, [1, 2], 20, 0), WIRE, true),
            (ipv4(1, [1, 2], 20, 0), WIRE, false),
            (ipv6(6, [1, 2]), six, true),
            (ipv6(44, [1, 2]), six, true),
            (ipv6(17, [1, 8472]), six, true),
            (ipv6(17, [8472, 1]), six, false),
            (ipv6(58, [1, 2]), six, false),
            (vec![0; 60], Told { ether_type: 0x8864, ..WIRE }, true),
            (vec![0; 60], Told { ether_type: 0x0806, ..WIRE }, false),
            (vec![0x45; 5], WIRE, false),
        ] {
            assert_eq!(run(&program, &packet, told) > 0, kept, "{packet:?}");
        }
    }

    #[test]
    fn with_ports_only_these_are_kept_at_either_end() {
        let ports: Vec<u16> = (8000..8032).collect();
        let ports = Ports::new(&ports).expect("as many as there may be");
        let program = program(&ports, 1000).expect("short enough for its jumps");
        let six = Told { ether_type: IPV6, ..WIRE };
        for (packet, told, kept) in [
            (ipv4(6, [8000, 2], 20, 0), WIRE, true),
            (ipv4(6, [1, 8031], 24, 0), WIRE, true),
            (ipv4(6, [1, 80], 20, 0), WIRE, false),
            (ipv4(6, [1, 80], 20, 0x2003), WIRE, true),
            (ipv4(17, [1, 8000], 20, 0), WIRE, false),
            (ipv6(6, [8031, 1]), six, true),
            (ipv6(6, [1, 8000]), six, true),
            (ipv6(6, [1, 2]), six, false),
            (ipv6(44, [1, 2]), six, true),
            (ipv4(6, [8000, 2], 20, 0), Told { ether_type: 0x8100, ..WIRE }, false),
        ] {
            assert_eq!(run(&program, &packet, told) > 0, kept, "{packet:?}");
        }
    }

    #[test]
    fn a_jump_that_is_too_long_is_no_other_jump() {
        for (between, distance) in [(0, Some(0)), (255, Some(255)), (256, None)] {
            let mut lines = vec![Line::Test(IF_EQUAL, 1, Some(Mark::Accept), None)];
            lines.extend((0..between).map(|_| Line::Do(RETURN, 0)));
            lines.extend([Line::Here(Mark::Accept), Line::Do(RETURN, 1)]);
            let first = resolve(&lines).map(|program| program[0].yes);
            assert_eq!(first, distance, "{between}");
        }
    }

    #[test]
    fn on_loopback_each_packet_is_kept_once() {
        let program = program(&Ports::ALL, 77).expect("short");
        let packet = ipv4(6, [1, 2], 20, 0);
        for (hardware, direction, kept) in
            [(LOOPBACK, OUTGOING, 0), (LOOPBACK, 0, 77), (1, OUTGOING, 77), (1, 0, 77)]
        {
            let told = Told { hardware, direction, ether_type: IPV4 };
            assert_eq!(run(&program, &packet, told), kept);
        }
    }
}
