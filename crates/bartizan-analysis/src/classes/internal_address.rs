//! Addresses and names of hosts inside a network.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support, ip_address};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("internal_address"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "Internal address",
    what: "Addresses of the ranges for private use, loopback, link-local, shared and unique local \
           (RFC 1918, RFC 6598, RFC 3927, RFC 4193), and host names below `.internal`, `.local`, \
           `.lan`, `.corp`, `.intranet` or `.svc.cluster.local`.",
    sensitive: false,
    support: Support::One,
    priority: 65,
    names: &[
        "ip",
        "ip address",
        "ipaddress",
        "host",
        "hostname",
        "server",
        "node",
        "upstream",
        "backend",
    ],
    anywhere: true,
    in_text: false,
    form: Form {
        len: (3, 120),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::DOT.or(Marks::COLON),
        also: |shape| {
            (shape.dots == 3 && shape.digits >= 4)
                || (shape.dots >= 1 && shape.letters() >= 4)
                || shape.colons >= 2
        },
    },
    recognise,
    examples: &[
        ("x", "10.0.0.1"),
        ("server", "192.168.1.20:8080"),
        ("x", "fd00::1"),
        ("host", "db-1.prod.internal"),
        ("upstream", "http://billing.default.svc.cluster.local:8080/x"),
    ],
    counterexamples: &[
        ("x", "203.0.113.7"),
        ("host", "api.example.com"),
        ("version", "10.0.0.1"),
        ("key", "user.local"),
        ("x", "3.14"),
    ],
    references: &["RFC 1918", "RFC 4193", "RFC 6598", "RFC 3927", "ICANN: .internal (2024)"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if ip_address::class_in_context(candidate) == Some(CLASS.class) {
        return Some(Certainty::Pattern);
    }
    // Any other has a dot, or a scheme before an address of version 6.
    let (text, shape) = (candidate.text, &candidate.shape);
    if shape.dots == 0 && shape.other < 2 {
        return None;
    }
    let scheme = text.as_bytes().windows(3).position(|three| three == b"://");
    let (scheme, rest) = match scheme {
        Some(end) => (text.get(..end)?, text.get(end + 3..)?),
        None => ("", text),
    };
    let authority = until(rest, b"/?#");
    let host = until(authority, b":");
    if !scheme.is_empty() && ip_address::class_of(authority) == Some(CLASS.class) {
        return Some(Certainty::Pattern);
    }
    let named = host.len() >= 5
        && [".internal", ".svc.cluster.local", ".corp", ".intranet", ".lan", ".local"]
            .iter()
            .any(|end| host.len() > end.len() && host.ends_with(end))
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    // A dotted key of a configuration ends like a host name: ask for a scheme or a field name.
    (named && (!scheme.is_empty() || candidate.in_context || host.ends_with(".svc.cluster.local")))
        .then_some(Certainty::Pattern)
}

/// The text up to the first of some ASCII bytes.
fn until<'t>(text: &'t str, ends: &[u8]) -> &'t str {
    let end = text.bytes().position(|b| ends.contains(&b)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}
