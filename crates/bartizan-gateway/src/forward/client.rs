//! Who the client is, behind proxies that are trusted.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

use crate::config::{ClientField, Network};

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The client that trusted proxies name, and whether it used `https`.
///
/// The list is read from its end: an address is believed as long as the one that wrote it is
/// trusted. Only the field that trusted proxies write is read: they pass on what clients write into
/// the other one.
pub(crate) fn believed(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[Network],
    field: ClientField,
) -> (IpAddr, Option<bool>) {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    let mut client = peer;
    let (hops, is_secure) = match field {
        ClientField::XForwardedFor => x_forwarded(headers),
        ClientField::Forwarded => forwarded(headers),
    };
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
type Named = (Vec<Option<IpAddr>>, Option<bool>);

fn x_forwarded(headers: &HeaderMap) -> Named {
    let hops = elements(headers, &X_FORWARDED_FOR).map(|hop| address(hop?.trim())).collect();
    let last = elements(headers, &X_FORWARDED_PROTO).last().flatten();
    (hops, last.map(|proto| is_https(proto.trim())))
}

/// RFC 7239. What a client used is told by the last element alone: those before it may be forged.
fn forwarded(headers: &HeaderMap) -> Named {
    let mut is_secure = None;
    let hops = elements(headers, &header::FORWARDED).map(|element| {
        let mut hop = None;
        is_secure = None;
        for (name, value) in element?.split(';').filter_map(|pair| pair.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("for") => hop = address(value),
                name if name.eq_ignore_ascii_case("proto") => is_secure = Some(is_https(value)),
                _ => {}
            }
        }
        hop
    });
    (hops.collect(), is_secure)
}

/// Elements of a list over all lines of a field; `None` for one that is not text. A client that
/// writes something unreadable spoils its own element only.
fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<&'a str>> {
    let lines = headers.get_all(name).into_iter();
    lines
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .map(|element| std::str::from_utf8(element).ok())
}

fn is_https(text: &str) -> bool {
    text.eq_ignore_ascii_case("https")
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
    use http::HeaderValue;

    use super::*;

    fn client(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        // What the client writes into the other field counts nothing.
        headers.insert(X_FORWARDED_FOR, "6.6.6.6".parse().unwrap());
        headers.insert(header::FORWARDED, "for=6.6.6.6;proto=https".parse().unwrap());
        if name == "x-forwarded-proto" {
            headers.remove(X_FORWARDED_FOR);
        }
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let field = match name {
            "forwarded" => ClientField::Forwarded,
            _ => ClientField::XForwardedFor,
        };
        let (client, is_secure) = believed("10.0.0.1".parse().unwrap(), &headers, &trusted, field);
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
        // What stands before the element of the proxy is the client's and spoils nothing.
        assert_eq!(client("forwarded", "for=6.6.6.6;proto=https, for=192.0.2.1"), "192.0.2.1 None");
        assert_eq!(client("x-forwarded-for", "\u{ff}, 192.0.2.1"), "192.0.2.1 None");
    }

    #[test]
    fn nobody_is_believed_without_trust() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "192.0.2.1".parse().unwrap());
        let peer = "198.51.100.1".parse().unwrap();
        assert_eq!(believed(peer, &headers, &[], ClientField::XForwardedFor).0, peer);
    }
}
