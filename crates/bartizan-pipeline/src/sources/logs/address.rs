//! Addresses and ports as logs write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Most addresses of one list that are looked at, from its end.
const LIST_ITEMS: usize = 64;

/// An address, with brackets, port, zone or a comma behind it.
pub(in super::super) fn address(word: &str) -> Option<(IpAddr, Option<u16>)> {
    let word = word.trim_end_matches(',');
    let first = word.bytes().next()?;
    if !(first.is_ascii_hexdigit() || matches!(first, b':' | b'[')) {
        return None;
    }
    if let Ok(ip) = word.parse::<IpAddr>() {
        return Some((ip.to_canonical(), None));
    }
    if let Ok(socket) = word.parse::<SocketAddr>() {
        return Some((socket.ip().to_canonical(), Some(socket.port())));
    }
    let bare = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
    let bare = bare.split('%').next()?;
    bare.parse::<IpAddr>().ok().map(|ip| (ip.to_canonical(), None))
}

/// An address behind which a format always writes a port, so that `2001:db8::1:443`, without
/// brackets, has one too.
pub(in super::super) fn with_port(word: &str) -> Option<(IpAddr, Option<u16>)> {
    let word = word.trim();
    if word.starts_with('[') {
        return address(word);
    }
    let split = word.rsplit_once(':').and_then(|(ip, port)| {
        let ip = ip.parse::<IpAddr>().ok()?;
        Some((ip.to_canonical(), Some(port.parse::<u16>().ok()?)))
    });
    split.or_else(|| address(word))
}

/// The address and port of an upstream: `10.0.0.1:80`, `http://10.0.0.1:80/`, `[::1]:80`, and of a
/// list (retries) the last, which answered. A name is none.
pub(in super::super) fn upstream(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let last =
        text.rsplit([',', ' ']).map(str::trim).find(|part| !matches!(*part, "" | "-" | ":"))?;
    let bare = last.split_once("://").map_or(last, |(_, rest)| rest);
    with_port(bare.split('/').next().unwrap_or(""))
}

/// Whether every part of a list is an address.
pub(in super::super) fn is_list(text: &str) -> bool {
    text.split(',').all(|part| address(part.trim()).is_some())
}

/// The client of an `X-Forwarded-For` list: the last address that is not of a private network, for
/// each proxy appends who came to it, and what stands before may be forged; of private addresses
/// only, the first.
pub(in super::super) fn forwarded_client(list: &str) -> Option<(IpAddr, Option<u16>)> {
    let parts = || list.rsplit(',').take(LIST_ITEMS).filter_map(|part| address(part.trim()));
    parts().find(|(ip, _)| !is_private(*ip)).or_else(|| parts().last())
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            // 100.64.0.0/10 is shared by carriers (RFC 6598).
            let is_shared = ip.octets().starts_with(&[100]) && ip.octets()[1] & 0xc0 == 64;
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || is_shared
                || ip == Ipv4Addr::UNSPECIFIED
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip == Ipv6Addr::UNSPECIFIED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(found: Option<(IpAddr, Option<u16>)>) -> String {
        found.map_or("-".to_owned(), |(ip, port)| match port {
            Some(port) => format!("{ip} {port}"),
            None => ip.to_string(),
        })
    }

    #[test]
    fn ports_are_found_behind_every_address() {
        for (text, expected) in [
            ("1.2.3.4:80", "1.2.3.4 80"),
            ("[2001:db8::1]:443", "2001:db8::1 443"),
            ("2001:db8::1:443", "2001:db8::1 443"),
            ("::1:53370", "::1 53370"),
            ("::ffff:1.2.3.4:99", "1.2.3.4 99"),
            ("1.2.3.4", "1.2.3.4"),
            ("2001:db8::1:99999", "-"),
            ("unix:1", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(with_port(text)), expected, "{text}");
        }
    }

    #[test]
    fn upstreams_are_addresses() {
        for (text, expected) in [
            ("http://172.18.0.4:8080", "172.18.0.4 8080"),
            ("https://[fd00::1]:8443/x", "fd00::1 8443"),
            ("10.0.0.1:80, 10.0.0.2:81", "10.0.0.2 81"),
            ("10.0.0.1:80 : 10.0.0.3:80", "10.0.0.3 80"),
            ("backend", "-"),
            ("-", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(upstream(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_forged_beginning_of_a_list_is_not_believed() {
        for (text, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7, 10.0.0.7", "203.0.113.7"),
            ("6.6.6.6, 203.0.113.7, 10.0.0.7, 100.64.0.1", "203.0.113.7"),
            ("2001:db8::1, fd00::7", "2001:db8::1"),
            ("10.1.1.1, 192.168.0.1", "10.1.1.1"),
            ("unknown, 203.0.113.7:4711", "203.0.113.7 4711"),
            ("", "-"),
        ] {
            assert_eq!(shown(forwarded_client(text)), expected, "{text}");
        }
    }
}
