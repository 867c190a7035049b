//! Who asks, as far as balancing, breakers and canaries have to tell callers apart.

use std::net::IpAddr;

use http::header;

use crate::{
    call::Call,
    config::HashOn,
    policy::{Decisions, of_address, of_network},
};

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller {
    /// What the upstream is chosen by, where it is chosen by something.
    pub(crate) key: Option<u64>,
    /// Whose requests fail together: those of one address, IPv6 by /48, as one customer has it.
    pub(crate) client: u64,
}

impl Caller {
    /// Who asks, when an upstream is chosen by `on`.
    pub(crate) fn of(call: &Call, on: Option<&HashOn>) -> Self {
        let key = on.and_then(|on| key(call, on));
        Self { key, client: client(call.client) }
    }
}

fn client(address: IpAddr) -> u64 {
    let address = address.to_canonical();
    let whose = if address.is_ipv4() { of_address(address) } else { of_network(address) };
    key_of(0, &whose)
}

/// The same number for the same value, in every process; `None` where there is no value.
pub(crate) fn key(call: &Call, on: &HashOn) -> Option<u64> {
    match on {
        HashOn::Address => Some(key_of(0, &of_address(call.client))),
        HashOn::Header(name) => {
            let mut fields = call.request_fields.iter().filter(|(known, _)| known == name);
            fields.next().map(|(_, value)| key_of(1, value.as_bytes()))
        }
        HashOn::Cookie(name) => {
            let fields = call.request_fields.iter().filter(|(known, _)| known == header::COOKIE);
            let mut values = fields.filter_map(|(_, value)| cookie(value.as_bytes(), name));
            values.next().map(|value| key_of(2, value))
        }
        HashOn::Segment(at) => {
            let segment = call.uri.path().split('/').nth(*at).filter(|text| !text.is_empty());
            segment.map(|text| key_of(3, text.as_bytes()))
        }
        HashOn::Principal => {
            let identity = call.extension::<Decisions>()?.identities.first()?;
            Some(key_of(4, &identity.name()))
        }
    }
}

/// The value of the first cookie of that name in a field (RFC 6265 §4.2.1).
fn cookie<'v>(field: &'v [u8], name: &str) -> Option<&'v [u8]> {
    let mut pairs = field.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

fn key_of(kind: u8, value: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[kind]).update(value);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// The same number for the same name of an upstream, in every process.
pub(crate) fn mark_of(name: &str) -> u64 {
    key_of(5, name.as_bytes())
}

/// Mixes two numbers so that each bit of the result depends on all of both (the finaliser of SplitMix64).
pub(crate) const fn mixed(one: u64, other: u64) -> u64 {
    let mut mixed = one ^ other.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        assert_eq!(cookie(b"a=1; sid=x=y; sid=z", "sid"), Some(&b"x=y"[..]));
        assert_eq!(cookie(b"asid=1;side=2; sid", "sid"), None);
        assert_eq!(cookie(b"", "sid"), None);
    }

    #[test]
    fn a_customer_is_one_client_with_all_its_networks() {
        let of = |text: &str| client(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:1::1"), of("2001:db8:1:ff00::2"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }

    #[test]
    fn values_of_different_kinds_are_not_the_same() {
        assert_ne!(key_of(1, b"a"), key_of(2, b"a"));
        assert_eq!(key_of(1, b"a"), key_of(1, b"a"));
        assert_ne!(mixed(1, 2), mixed(2, 1));
    }
}
