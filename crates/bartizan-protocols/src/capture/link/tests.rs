use super::{
    super::packets::{RAW, ipv4, tcp},
    *,
};

const ENDS: [(u8, u16); 2] = [(1, 5000), (2, 80)];

fn segment_of(link: u16, frame: &[u8]) -> Result<(String, String, u32, String), Loss> {
    match read(link, frame)? {
        Content::Segment(s) => Ok((
            s.source.to_string(),
            s.destination.to_string(),
            s.network,
            String::from_utf8_lossy(s.payload).into_owned(),
        )),
        Content::Fragment(_) => Err(Loss::FragmentMissing),
    }
}

fn inner() -> Vec<u8> {
    ipv4(ENDS, 6, 0, &tcp(ENDS, 1, 0, 16, b"hello"))
}

fn ethernet(kind: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[0; 12], kind, rest].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0x12, 0x34];
    datagram.extend(port.to_be_bytes());
    datagram.extend([0, 0, 0, 0]);
    datagram.extend(payload);
    ipv4([(8, 1), (9, 1)], 17, 0, &datagram)
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x60, 0, 0, 0];
    out.extend((payload.len() as u16).to_be_bytes());
    out.extend([next, 64]);
    out.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    out.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    out.extend(payload);
    out
}

#[test]
fn every_link_type_leads_to_the_segment() {
    let inner = inner();
    let frame = ethernet(&[8, 0], &inner);
    let in_vlans = ethernet(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], &inner);
    let padded = [&frame[..], &[0; 8]].concat();
    let pppoe = ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 47, 0, 0x21], &inner);
    let mpls = ethernet(&[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], &inner);
    let cooked = [&[0; 14][..], &[8, 0], &inner].concat();
    let cooked2 = [&[8, 0][..], &[0; 18], &inner].concat();
    let loopback = [&[2, 0, 0, 0][..], &inner].concat();
    for (link, frame) in [
        (1, &frame),
        (1, &in_vlans),
        (1, &padded),
        (1, &pppoe),
        (1, &mpls),
        (113, &cooked),
        (276, &cooked2),
        (0, &loopback),
        (108, &loopback),
        (RAW, &inner),
        (9, &[&[0xff, 3, 0, 0x21][..], &inner].concat()),
    ] {
        let wanted = ("10.0.0.1:5000".to_owned(), "10.0.0.2:80".to_owned(), 0, "hello".to_owned());
        assert_eq!(segment_of(link, frame), Ok(wanted), "link type {link}");
        // Cut anywhere it is told, and nothing else happens.
        for size in 0..frame.len() {
            let cut = segment_of(link, &frame[..size]);
            assert!(cut.as_ref().map_or(true, |(.., payload)| "hello".starts_with(&**payload)));
        }
    }
}

#[test]
fn tunnels_are_passed_through() {
    let inner = inner();
    let frame = ethernet(&[8, 0], &inner);
    let vxlan = udp(4789, &[&[8, 0, 0, 0, 0, 0, 42, 0][..], &frame].concat());
    let geneve = udp(6081, &[&[1, 0, 0x65, 0x58, 0, 0, 43, 0, 1, 2, 3, 4][..], &frame].concat());
    let gre = ipv4(ENDS, 47, 0, &[&[0x20, 0, 8, 0, 0, 0, 0, 44][..], &inner].concat());
    let erspan = [&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1][..], &[0; 8], &frame].concat();
    let erspan = ipv4(ENDS, 47, 0, &erspan);
    let ipip = ipv4([(8, 0), (9, 0)], 4, 0, &inner);
    for (packet, network) in [(vxlan, 42), (geneve, 43), (gre, 44), (erspan, 0), (ipip, 0)] {
        let found = segment_of(RAW, &packet).map(|(.., network, payload)| (network, payload));
        assert_eq!(found, Ok((network, "hello".to_owned())));
    }
    // A tunnel in a tunnel in a tunnel.
    let mut deep = inner;
    for _ in 0..40 {
        deep = ipv4(ENDS, 4, 0, &deep);
    }
    assert_eq!(segment_of(RAW, &deep), Err(Loss::PacketMalformed));
}

#[test]
fn ipv6_is_read_through_its_extensions() {
    let segment = tcp(ENDS, 1, 0, 16, b"hello");
    let options = [&[6, 1][..], &[0; 14]].concat();
    let atomic = [&[6, 0, 0, 0, 0, 0, 0, 9][..], &segment].concat();
    for packet in
        [ipv6(6, &segment), ipv6(0, &[&options[..], &segment].concat()), ipv6(44, &atomic)]
    {
        let found = segment_of(RAW, &packet).map(|(source, .., payload)| (source, payload));
        assert_eq!(found, Ok(("[2001:db8::1]:5000".to_owned(), "hello".to_owned())));
    }
    let fragment = [&[6, 0, 0, 1, 0, 0, 0, 9][..], &segment].concat();
    assert_eq!(segment_of(RAW, &ipv6(44, &fragment)), Err(Loss::FragmentMissing));
    let endless = [&[0, 0][..], &[0; 6]].concat().repeat(40);
    assert_eq!(segment_of(RAW, &ipv6(0, &endless)), Err(Loss::PacketMalformed));
}

#[test]
fn what_carries_no_segment_is_named() {
    let inner = inner();
    for (link, frame, loss) in [
        (1, ethernet(&[8, 6], &[0; 28]), Loss::PacketNotIp),
        (1, ethernet(&[0, 38], &[0; 38]), Loss::PacketNotIp),
        (127, inner.clone(), Loss::LinkUnknown),
        (RAW, udp(53, b"query"), Loss::PacketNotTcp),
        (RAW, ipv4(ENDS, 1, 0, b"ping"), Loss::PacketNotTcp),
        (RAW, ipv4(ENDS, 6, 0x2000, &inner), Loss::FragmentMissing),
        (RAW, ipv4(ENDS, 6, 0, b"short"), Loss::PacketCut),
        (RAW, vec![0x41; 40], Loss::PacketMalformed),
        (RAW, b"\x00nonsense".to_vec(), Loss::PacketNotIp),
        (RAW, Vec::new(), Loss::PacketCut),
    ] {
        assert_eq!(segment_of(link, &frame), Err(loss));
    }
}
