//! Texts that are no URLs and that lenient libraries fetch all the same: without a scheme (curl guesses `http`), or
//! wrapped (`urllib` of Python takes `<…>` and `URL:` away, `java.net.URL` the latter).
//!
//! Nearly every text could be a host with a path. What is taken for one is what leads inside and looks like nothing
//! else: an address or an inner name with a port or a path behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::destination::{Host, is_scheme, is_url, trimmed};

/// Most wrappers around each other.
const WRAPPERS: usize = 8;
/// Longest user, host and port that are looked at, in bytes.
const AUTHORITY_BYTES: usize = 512;
/// What names and addresses are split at, and what normalisation makes of it.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
/// The prefix that libraries take away, also with spaces behind it.
const PREFIX: &str = "url";

/// What is inside of `<…>`, `url:…` and other words with a colon in front of a URL; `None` when there is no end to it.
pub(super) fn unwrapped(text: &str) -> Option<&str> {
    let mut text = trimmed(text);
    for _ in 0..WRAPPERS {
        let bare = trimmed(text.trim_matches(['<', '>']));
        let inner = if is_url(bare) { None } else { behind_a_word(bare) };
        match inner {
            Some(inner) => text = trimmed(inner),
            None => return Some(bare),
        }
    }
    None
}

/// What stands behind a word and a colon, where that is a URL or the word says that it is.
fn behind_a_word(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(':')?;
    let word = plain(word);
    let is_close = !rest.starts_with(char::is_whitespace);
    let is_wrapper =
        word.eq_ignore_ascii_case(PREFIX) || (is_close && is_scheme(&word) && is_url(rest));
    is_wrapper.then_some(rest)
}

/// Without tabs and line ends, which are read as if they were not there.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect()
}

/// Where a text without a scheme leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guessed {
    /// Inside, or nobody knows where: why.
    Inside(&'static str),
    /// Elsewhere.
    Outside,
}

/// Where lenient libraries would go for a text that is no URL; `None` for nearly all texts. A host with nothing behind
/// it is none, nor is what counts, dates or measures (`10.0.0.0/8`, `12:30`, `1/2`).
pub(super) fn guess(text: &str) -> Option<Guessed> {
    let end = text.find(['/', '?', '#', '\\']).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    if authority.is_empty() || authority.len() > AUTHORITY_BYTES {
        return None;
    }
    let authority = plain(authority);
    let (_, host_and_port) = authority.rsplit_once('@').unwrap_or(("", &authority));
    let (host, has_port) = split(host_and_port)?;
    if !has_port && rest.is_empty() {
        return None;
    }
    let guess = Guess { host: host.strip_suffix('.').unwrap_or(host), has_port, rest };
    guess.address().or_else(|| guess.number()).or_else(|| guess.name())
}

/// The host, and whether there is a port; `None` where that is neither.
fn split(text: &str) -> Option<(&str, bool)> {
    let begin = if text.starts_with('[') { text.find(']')? } else { 0 };
    match text[begin..].find(':') {
        None => Some((text, false)),
        Some(at) => {
            let (host, port) = text.split_at(begin + at);
            match &port[1..] {
                "" => Some((host, false)),
                port => port.bytes().all(|byte| byte.is_ascii_digit()).then_some((host, true)),
            }
        }
    }
}

fn leads_to(host: &Host) -> Guessed {
    match host.inside() {
        Some(reason) => Guessed::Inside(reason),
        None => Guessed::Outside,
    }
}

struct Guess<'t> {
    host: &'t str,
    has_port: bool,
    rest: &'t str,
}

impl Guess<'_> {
    /// Whether what is behind it is digits and what stands between numbers, if anything.
    fn only_counts(&self) -> bool {
        self.rest.bytes().all(|byte| byte.is_ascii_digit() || b"/.:-".contains(&byte))
    }

    /// An address in its usual form.
    fn address(&self) -> Option<Guessed> {
        if let Some(inner) = self.host.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            let (address, zone) = inner.split_once('%').unwrap_or((inner, ""));
            let address: Ipv6Addr = address.parse().ok()?;
            return Some(match zone {
                "" => leads_to(&Host::Address(address.to_canonical())),
                _ => Guessed::Inside("address-spelling"),
            });
        }
        let address: Ipv4Addr = self.host.parse().ok()?;
        let is_network = !self.has_port && self.only_counts();
        (!is_network).then(|| leads_to(&Host::Address(address.into())))
    }

    /// An address as `inet_aton` takes it, where it is inside.
    fn number(&self) -> Option<Guessed> {
        let address = loose(self.host).filter(|_| !self.only_counts())?;
        // Nothing is at `0.0.0.12`; `0` alone counts.
        let is_one = if address == 0 { self.has_port } else { address >> 24 != 0 };
        let is_inside = !bartizan_model::address::is_public(IpAddr::V4(address.into()));
        (is_one && is_inside).then_some(Guessed::Inside("address-spelling"))
    }

    fn name(&self) -> Option<Guessed> {
        let has_both = self.has_port && !self.rest.is_empty();
        if is_disguised(self.host) && (has_both || self.host.contains(DOTS)) {
            return Some(Guessed::Inside("host-not-ascii"));
        }
        if self.host.contains('%') && has_both {
            return Some(Guessed::Inside("odd-host"));
        }
        let Ok(Host::Name(name)) = Host::parse(self.host) else { return None };
        let is_named = name.contains('.') || name == "localhost";
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
        match Host::Name(name) {
            host if is_named && (self.has_port || host.inside().is_some()) => Some(leads_to(&host)),
            // `redis:6379/0`, but not `item:5`.
            host if !is_named && has_both && begins_well => Some(leads_to(&host)),
            _ => None,
        }
    }
}

/// An IPv4 address as `inet_aton` reads it: one to four numbers, decimal, octal or hexadecimal, the last of which fills
/// what is left.
fn loose(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, bytes) = parts.split_last().filter(|(_, before)| before.len() < 4)?;
    let mut address = 0_u64;
    for part in bytes {
        address = address << 8 | number(part).filter(|number| *number < 256)?;
    }
    let bits = 8 * (4 - bytes.len());
    let last = number(last).filter(|number| number >> bits == 0)?;
    u32::try_from(address << bits | last).ok()
}

fn number(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hex, text.strip_prefix('0')) {
        (None, None) => (text, 10),
        (Some(digits), _) => (digits, 16),
        (None, Some("")) => ("0", 10),
        (None, Some(digits)) => (digits, 8),
    };
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !are_digits { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// Whether a host is of characters that normalisation makes plain ones (UTS #46), some at least.
fn is_disguised(host: &str) -> bool {
    let becomes_plain = |c: char| {
        matches!(c, '\u{ff0d}'..='\u{ff0e}' | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}'
            | '\u{ff41}'..='\u{ff5a}' | '\u{3002}' | '\u{ff61}' | '\u{2070}'..='\u{209c}'
            | '\u{2460}'..='\u{24ff}' | '\u{1d400}'..='\u{1d7ff}' | '\u{b2}' | '\u{b3}' | '\u{b9}')
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    host.chars().any(becomes_plain) && host.chars().all(|c| is_plain(c) || becomes_plain(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(text: &str) -> Option<&'static str> {
        match guess(text)? {
            Guessed::Inside(reason) => Some(reason),
            Guessed::Outside => None,
        }
    }

    #[test]
    fn what_leads_inside_without_a_scheme_is_known() {
        for (text, reason) in [
            ("127.0.0.1:8080/x", "private-address"),
            ("127.0.0.1:8080", "private-address"),
            ("127.0.0.1/admin", "private-address"),
            ("127.0.0.1./admin", "private-address"),
            ("127.0.0.1?x", "private-address"),
            ("127.0.\t0.1:80\n80/x", "private-address"),
            ("user:word@127.0.0.1:8080/x", "private-address"),
            ("good.example@10.0.0.1/x", "private-address"),
            ("169.254.169.254/latest/meta-data", "metadata-address"),
            ("[::1]:8080/x", "private-address"),
            ("[::1]/x", "private-address"),
            ("[fe80::1%25eth0]/x", "address-spelling"),
            ("[::ffff:169.254.169.254]/x", "metadata-address"),
            ("2130706433/x", "address-spelling"),
            ("0x7f000001:80/x", "address-spelling"),
            ("0177.0.0.1/x", "address-spelling"),
            ("127.1/x", "address-spelling"),
            ("0:8080/x", "address-spelling"),
            ("localhost:8080/x", "inner-name"),
            ("LOCALHOST:8080", "inner-name"),
            ("localhost./x", "inner-name"),
            ("localhost\\x", "inner-name"),
            ("metadata.google.internal/computeMetadata/v1", "inner-name"),
            ("vault.internal:8200", "inner-name"),
            ("redis:6379/0", "inner-name"),
            ("①②⑦.0.0.1/x", "host-not-ascii"),
            ("１２７.0.0.1:80/x", "host-not-ascii"),
            ("loc%61lhost:80/x", "odd-host"),
        ] {
            assert_eq!(inside(text), Some(reason), "{text:?}");
        }
    }

    #[test]
    fn what_counts_or_tells_something_else_leads_nowhere() {
        for text in [
            "",
            "a",
            "127.0.0.1",
            "localhost",
            "10.0.0.0/8",
            "192.168.0.0/16",
            "12:30",
            "10:30/11:00",
            "1/2",
            "2026/11/29",
            "2026-11-29T10:30/PT1H",
            "text/html",
            "a/b/c",
            "/a/b",
            ":80/x",
            "user:42",
            "urn:a:b/c",
            "ann@localhost",
            "a.b/c",
            "index.html?x",
            "3.11/library",
            "42/items",
            "0/name",
            "C:/Users",
            "C:\\Users",
            "時間:12/25",
            "m²/s",
            "①/②",
            "你好。见/x",
            "::1/x",
            "[a]:80/x",
            "[127.0.0.1/x",
            "99999999999/x",
            "1.2.3.4.5/x",
        ] {
            assert_eq!(guess(text), None, "{text:?}");
        }
        for text in ["Good.example:8443/x", "good.example:8443", "8.8.8.8/x", "a@8.8.8.8:80"] {
            assert_eq!(guess(text), Some(Guessed::Outside), "{text}");
        }
    }

    #[test]
    fn wrappers_are_taken_away_and_have_an_end() {
        for (text, inner) in [
            ("<http://a>", "http://a"),
            (" < URL: http://a > ", "http://a"),
            ("url:http://a", "http://a"),
            ("uRl:127.0.0.1:80/x", "127.0.0.1:80/x"),
            ("u\trl:http://a", "http://a"),
            ("<url:<http://a>>", "http://a"),
            ("view-source:http://a", "http://a"),
            ("feed:url://a", "url://a"),
            ("http://a", "http://a"),
            ("jar:http://a!/", "jar:http://a!/"),
            ("note: http://a", "note: http://a"),
            ("see <http://a>", "see <http://a"),
            ("a b:http://a", "a b:http://a"),
            ("<>", ""),
        ] {
            assert_eq!(unwrapped(text), Some(inner), "{text:?}");
        }
        assert_eq!(unwrapped(&format!("{}http://a", "url:".repeat(WRAPPERS))), None);
    }

    #[test]
    fn numbers_are_read_as_addresses() {
        for (text, address) in [
            ("127.1", Some(0x7f00_0001)),
            ("0x7f.1", Some(0x7f00_0001)),
            ("0177.0.0.1", Some(0x7f00_0001)),
            ("10.1.258", Some(0x0a01_0102)),
            ("4294967295", Some(u32::MAX)),
            ("0", Some(0)),
            ("4294967296", None),
            ("1.2.3.256", None),
            ("256.1", None),
            ("08.1", None),
            ("0x", None),
            ("", None),
            ("1..2", None),
            ("+1", None),
            ("1.2.3.4.5", None),
        ] {
            assert_eq!(loose(text), address, "{text}");
        }
    }
}
