//! Who the client is, behind proxies that are trusted.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

use crate::config::Network;

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The client that trusted proxies name, and whether it used `https`.
///
/// The list is read from its end: an address is believed as long as the one that wrote it is
/// trusted. `Forwarded` goes before `X-Forwarded-For`.
pub(crate) fn believed(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[Network],
) -> (IpAddr, Option<bool>) {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    let mut client = peer;
    let (hops, is_secure) = named(headers);
    for hop in hops.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        let Some(ip) = hop else { break };
        client = *ip;
    }
    (client, is_secure)
}

/// The hops that the fields name, in order; `None` for one that is not an address.
fn named(headers: &HeaderMap) -> (Vec<Option<IpAddr>>, Option<bool>) {
    let is_https = |text: &str| text.eq_ignore_ascii_case("https");
    let texts = |name: HeaderName| {
        headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    };
    if headers.contains_key(header::FORWARDED) {
        let mut is_secure = None;
        let hops = texts(header::FORWARDED).flat_map(|text| text.split(',')).map(|element| {
            let mut hop = None;
            for (name, value) in element.split(';').filter_map(|pair| pair.split_once('=')) {
                let value = value.trim().trim_matches('"');
                match name.trim() {
                    name if name.eq_ignore_ascii_case("for") => hop = address(value),
                    name if name.eq_ignore_ascii_case("proto") => is_secure = Some(is_https(value)),
                    _ => {}
                }
            }
            hop
        });
        return (hops.collect(), is_secure);
    }
    let hops =
        texts(X_FORWARDED_FOR).flat_map(|text| text.split(',')).map(|text| address(text.trim()));
    let is_secure = texts(X_FORWARDED_PROTO)
        .next_back()
        .map(|text| is_https(text.rsplit(',').next().unwrap_or(text).trim()));
    (hops.collect(), is_secure)
}

/// An address with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let (client, is_secure) = believed("10.0.0.1".parse().unwrap(), &headers, &trusted);
        format!("{client} {is_secure:?}")
    }

    #[test]
    fn hops_are_believed_as_far_as_their_writers() {
        assert_eq!(client("x-forwarded-for", "192.0.2.1"), "192.0.2.1 None");
        assert_eq!(client("x-forwarded-for", "6.6.6.6, 192.0.2.1, 10.0.0.2"), "192.0.2.1 None");
        assert_eq!(client("x-forwarded-for", "6.6.6.6, x, 10.0.0.2"), "10.0.0.2 None");
        assert_eq!(client("x-forwarded-for", "[2001:db8::1]:80"), "2001:db8::1 None");
        assert_eq!(client("x-forwarded-proto", "http, https"), "10.0.0.1 Some(true)");
        assert_eq!(
            client("forwarded", "for=6.6.6.6, For=\"[2001:db8::1]\";proto=https;host=a"),
            "2001:db8::1 Some(true)"
        );
        assert_eq!(client("forwarded", "for=_hidden"), "10.0.0.1 None");
    }

    #[test]
    fn nobody_is_believed_without_trust() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "192.0.2.1".parse().unwrap());
        let peer = "198.51.100.1".parse().unwrap();
        assert_eq!(believed(peer, &headers, &[]).0, peer);
    }
}
