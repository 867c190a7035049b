//! Public addresses of hosts.

use std::net::{IpAddr, Ipv4Addr};

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, internal_address,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("ip_address"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "IP address",
    what: "IPv4 in four decimal parts or IPv6 (RFC 4291), with or without a port or prefix length, \
           outside the ranges that IANA reserves for private use; version numbers are refused by \
           their field name.",
    sensitive: false,
    support: Support::One,
    priority: 64,
    names: &[
        "ip",
        "ip address",
        "ipaddress",
        "ipv",
        "client ip",
        "remote ip",
        "source ip",
        "remote addr",
        "remoteaddr",
        "peer",
        "last ip",
        "ip addr",
        "ipaddr",
    ],
    anywhere: true,
    in_text: false,
    form: Form {
        len: (3, 50),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::DOT.or(Marks::COLON),
        also: |shape| (shape.dots == 3 && shape.digits >= 4) || shape.colons >= 2,
    },
    recognise,
    examples: &[("ip", "203.0.113.7"), ("x", "2001:db8:1:2::3"), ("peer", "8.8.8.8:53")],
    counterexamples: &[
        ("version", "1.2.3.4"),
        ("x", "10.0.0.1"),
        ("x", "1.2.3.4.5.6"),
        ("x", "256.1.1.1"),
        ("time", "10:20:30"),
        ("shipping", "5.1"),
        ("ip", "0.0.0.0"),
    ],
    references: &["RFC 4291", "RFC 6890 and the IANA special-purpose registries"],
};

/// Names of things that are written like IPv4 addresses.
const VERSIONS: &[&str] = &[
    "version",
    "ver",
    "build",
    "release",
    "firmware",
    "revision",
    "oid",
    "section",
    "chapter",
    "app version",
    "sdk",
    "driver",
    "kernel",
    "mask",
    "netmask",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (class_in_context(candidate)? == CLASS.class).then_some(Certainty::Pattern)
}

/// Which of the two address classes the value is, unless its name says that it is a version.
pub(crate) fn class_in_context(candidate: &Candidate<'_>) -> Option<DataClass> {
    let class = class_of(candidate.text)?;
    (candidate.in_context || !candidate.is_named(VERSIONS)).then_some(class)
}

/// The class of an address; `None` when the text is none, or one that says nothing (unspecified,
/// broadcast, multicast).
pub(crate) fn class_of(text: &str) -> Option<DataClass> {
    if !(3..=50).contains(&text.len()) {
        return None;
    }
    let ip = parse(text)?.to_canonical();
    if ip.is_unspecified() || ip.is_multicast() {
        return None;
    }
    let internal = match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if a == 0 || a >= 240 {
                return None;
            }
            // 100.64.0.0/10 is shared address space (RFC 6598).
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    Some(if internal { internal_address::CLASS.class } else { CLASS.class })
}

/// An address, with `[…]`, a port, a prefix length or a zone around it.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.split('/').next().unwrap_or("");
    // Most texts are told by a letter that stands in no address.
    let address = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    if !text.starts_with('[') && !text.bytes().take_while(|b| *b != b'%').all(|b| address(&b)) {
        return None;
    }
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some(IpAddr::V4(v4));
    }
    if let Some((host, port)) = text.split_once(':')
        && port.len() <= 5
        && port.bytes().all(|b| b.is_ascii_digit())
        && let Ok(v4) = host.parse::<Ipv4Addr>()
    {
        return Some(IpAddr::V4(v4));
    }
    let v6 = text.strip_prefix('[').map_or(text, |t| t.split(']').next().unwrap_or(""));
    let v6 = v6.split('%').next().unwrap_or("");
    // `a::b` could be a path in a programming language: ask for a digit.
    (v6.len() >= 3 && v6.bytes().any(|b| b.is_ascii_digit()))
        .then(|| v6.parse().ok().map(IpAddr::V6))
        .flatten()
}
