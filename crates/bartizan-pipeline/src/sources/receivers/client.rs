//! Who the client was, as a sender that may send says.

use std::net::IpAddr;

use bartizan_model::{Headers, address::Network};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{super::logs::address::address, config::networks};

/// Most addresses of a list that are looked at, from its end.
const LIST_ITEMS: usize = 64;

/// The field in which a sender names the client. The sender has to write it itself: what it only passes
/// on is what the client wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedIn {
    /// `X-Forwarded-For`, read from its end.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), read from its end.
    Forwarded,
    /// `X-Real-IP`.
    XRealIp,
    /// No field.
    None,
}

/// How the client is found.
pub(super) struct Naming {
    pub(super) field: NamedIn,
    pub(super) trusted: Vec<Network>,
}

impl Naming {
    /// A field, and the networks of those who append to it.
    ///
    /// # Errors
    /// Says which network is none.
    pub(super) fn new(
        field: NamedIn,
        peers: &[String],
        proxies: &[String],
    ) -> Result<Self, String> {
        let mut trusted = networks(peers)?;
        trusted.extend(networks(proxies)?);
        Ok(Self { field, trusted })
    }

    /// The client that the field names: the last address that is of none of the proxies. What stands
    /// before it may be forged. `None` when nothing readable is there.
    pub(super) fn client(&self, headers: &Headers) -> Option<IpAddr> {
        let name = match self.field {
            NamedIn::XForwardedFor => "x-forwarded-for",
            NamedIn::Forwarded => "forwarded",
            NamedIn::XRealIp => "x-real-ip",
            NamedIn::None => return None,
        };
        let mut client = None;
        let lines: Vec<&str> = headers.get_all(name).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops.take(LIST_ITEMS) {
            let hop = if self.field == NamedIn::Forwarded { forwarded_for(hop) } else { Some(hop) };
            let Some((ip, _)) = hop.and_then(|hop| address(hop.trim())) else { break };
            client = Some(ip);
            if !self.trusted.iter().any(|network| network.contains(ip)) {
                break;
            }
        }
        client
    }
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    named.next_back().map(|(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_believed_as_far_as_their_writers() {
        let client = |field: NamedIn, name: &str, value: &str| {
            let peers = ["127.0.0.1".to_owned()];
            let naming = Naming::new(field, &peers, &["10.0.0.0/8".to_owned()]).expect("right");
            let headers: Headers = [("x-other", "6.6.6.6"), (name, value)].into_iter().collect();
            naming.client(&headers).map(|ip| ip.to_string()).unwrap_or_default()
        };
        for (field, name, value, expected) in [
            (NamedIn::XForwardedFor, "X-Forwarded-For", "192.0.2.1", "192.0.2.1"),
            (
                NamedIn::XForwardedFor,
                "x-forwarded-for",
                "6.6.6.6, 192.0.2.1, 10.0.0.2",
                "192.0.2.1",
            ),
            (NamedIn::XForwardedFor, "x-forwarded-for", "6.6.6.6, x, 10.0.0.2", "10.0.0.2"),
            (NamedIn::XForwardedFor, "x-forwarded-for", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            (NamedIn::XForwardedFor, "x-forwarded-for", "[2001:db8::1]:80", "2001:db8::1"),
            (NamedIn::XForwardedFor, "x-forwarded-for", "nobody", ""),
            (NamedIn::XForwardedFor, "x-real-ip", "192.0.2.1", ""),
            (NamedIn::XRealIp, "x-real-ip", "192.0.2.1", "192.0.2.1"),
            (
                NamedIn::Forwarded,
                "forwarded",
                "for=6.6.6.6, For=\"[2001:db8::1]\";proto=https",
                "2001:db8::1",
            ),
            (NamedIn::Forwarded, "forwarded", "for=_hidden", ""),
            (NamedIn::None, "x-forwarded-for", "192.0.2.1", ""),
        ] {
            assert_eq!(client(field, name, value), expected, "{value}");
        }
        assert!(Naming::new(NamedIn::None, &["a".to_owned()], &[]).is_err());
    }
}
