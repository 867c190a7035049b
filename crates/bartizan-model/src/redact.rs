//! Redaction: values leave the judgement as class, shape and keyed hash, never in the clear.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Longest shape that is written; the rest becomes `…`.
pub const MAX_SHAPE_CHARS: usize = 40;

/// A value that prints as `‹redacted›` whatever formats it. Reading it is an explicit call.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a secret or personal value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value in the clear. Every call is a decision to be reviewed.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

/// The shape of a text: digits become `9`, lower-case letters `a`, upper-case `A`, other letters
/// `x`; ASCII punctuation and spaces stay; anything else becomes `?`. Cut at
/// [`MAX_SHAPE_CHARS`] with `…`.
///
/// `jane.doe@example.com` → `aaaa.aaa@aaaaaaa.aaa`.
#[must_use]
pub fn shape(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHAPE_CHARS + 4));
    for (i, ch) in text.chars().enumerate() {
        if i == MAX_SHAPE_CHARS {
            out.push('…');
            break;
        }
        out.push(shape_of(ch));
    }
    out
}

/// Whether [`shape`] of `text` is `form`, without making it.
#[must_use]
pub fn has_shape(text: &str, form: &str) -> bool {
    let mut form = form.chars();
    text.chars().take(MAX_SHAPE_CHARS).all(|ch| form.next() == Some(shape_of(ch)))
        && match form.next() {
            None => text.chars().nth(MAX_SHAPE_CHARS).is_none(),
            Some(next) => next == '…' && text.chars().nth(MAX_SHAPE_CHARS).is_some(),
        }
}

fn shape_of(ch: char) -> char {
    match ch {
        c if c.is_ascii_digit() => '9',
        c if c.is_ascii_lowercase() => 'a',
        c if c.is_ascii_uppercase() => 'A',
        c if c.is_ascii_punctuation() || c == ' ' => c,
        c if c.is_alphanumeric() => 'x',
        _ => '?',
    }
}

/// An address as its network: IPv4 by /24, IPv6 by /48. `203.0.113.7` → `203.0.113.0/24`.
#[must_use]
pub fn network(ip: IpAddr) -> String {
    match network_of(ip) {
        IpAddr::V4(v4) => format!("{v4}/24"),
        IpAddr::V6(v6) => format!("{v6}/48"),
    }
}

/// The first address of the network of an address, see [`network`].
#[must_use]
pub fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[3..].fill(0);
            Ipv6Addr::from(segments).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_keep_form_and_lose_content() {
        assert_eq!(shape("Jane.doe42@Example.com"), "Aaaa.aaa99@Aaaaaaa.aaa");
        assert_eq!(shape("日本\u{1b}[31m"), "xx?[99a");
        assert_eq!(shape(&"a".repeat(100)).chars().count(), MAX_SHAPE_CHARS + 1);
        assert_eq!(
            format!("{:?} {}", Redacted::new("s"), Redacted::new(1)),
            "‹redacted› ‹redacted›"
        );
    }

    #[test]
    fn addresses_become_networks() {
        assert_eq!(network("203.0.113.7".parse().expect("address")), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.7".parse().expect("address")), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3".parse().expect("address")), "2001:db8:1::/48");
    }
}
