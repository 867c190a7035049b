//! The list of what may be connected to: host names, addresses and networks, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bartizan_model::address::is_metadata;

/// Largest list that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// Most addresses of all lines together, a name counting as one: a /20 of IPv4. A longer list is refused whole.
pub const MAX_ADDRESSES: usize = 4_096;
/// Longest name of a host (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// Longest part of a name (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Host names in lower case, each once, in order.
    pub names: BTreeSet<String>,
    /// Addresses, listed by themselves or within a network, without those that are refused.
    pub addresses: BTreeSet<IpAddr>,
    /// What was refused of the networks, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    literal: BTreeSet<IpAddr>,
    excluded: Vec<Network>,
}

/// What a line says.
enum Entry {
    Name(String),
    Address(IpAddr),
    Network(Network),
}

impl Targets {
    /// Reads a list: one name, address or network (`192.0.2.0/28`) a line, `#` before comments, `!` before what is
    /// left out of it.
    ///
    /// # Errors
    /// Says which line is wrong and how, or that it is too much.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut out = Self::default();
        let (mut networks, mut excluded_names) = (Vec::new(), BTreeSet::new());
        let mut count: u128 = 0;
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (is_excluded, written) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let entry = entry(written).map_err(|why| format!("line {}: {why}", at + 1))?;
            if !is_excluded {
                count = count.saturating_add(entry.count());
                if count > MAX_ADDRESSES as u128 {
                    return Err(format!(
                        "line {}: with {written} there are more than {MAX_ADDRESSES} names and addresses (a \
                         /20 of IPv4): list smaller networks, or several files one after the other",
                        at + 1
                    ));
                }
            }
            match (entry, is_excluded) {
                (Entry::Name(name), false) => drop(out.names.insert(name)),
                (Entry::Name(name), true) => drop(excluded_names.insert(name)),
                (Entry::Address(address), false) => drop(out.literal.insert(address)),
                (Entry::Address(address), true) => out.excluded.push(Network::of(address)),
                (Entry::Network(network), false) => networks.push(network),
                (Entry::Network(network), true) => out.excluded.push(network),
            }
        }
        out.names.retain(|name| !excluded_names.contains(name));
        let literal = std::mem::take(&mut out.literal);
        out.literal = literal.into_iter().filter(|one| !out.is_excluded(*one)).collect();
        out.addresses.clone_from(&out.literal);
        for address in networks.iter().flat_map(Network::addresses) {
            match out.refusal(address) {
                None => drop(out.addresses.insert(address)),
                Some("excluded") => {}
                Some(reason) => *out.left_out.entry(reason).or_default() += 1,
            }
        }
        Ok(out)
    }

    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.addresses.is_empty()
    }

    /// Why an address is not connected to, whatever name or network leads there; `None` when it may be.
    #[must_use]
    pub fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        if self.is_excluded(address) {
            Some("excluded")
        } else if self.literal.contains(&address) {
            None
        } else if is_metadata(address) {
            Some("metadata_addresses")
        } else if is_no_host(address) {
            Some("no_addresses_of_hosts")
        } else {
            None
        }
    }

    fn is_excluded(&self, address: IpAddr) -> bool {
        self.excluded.iter().any(|network| network.contains(address))
    }
}

impl Entry {
    fn count(&self) -> u128 {
        match self {
            Self::Name(_) | Self::Address(_) => 1,
            Self::Network(network) => network.count(),
        }
    }
}

/// Whether no single machine has such an address: to connect to one reaches this machine, or many.
fn is_no_host(address: IpAddr) -> bool {
    let is_this_or_all = match address {
        IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    is_this_or_all || address.is_multicast()
}

fn entry(text: &str) -> Result<Entry, String> {
    if let Some((address, bits)) = text.split_once('/') {
        return Network::read(address, bits).map(Entry::Network).ok_or_else(|| {
            let kind = if text.contains("://") { "a URL" } else { "no network" };
            format!("{text:?} is {kind}: write a host, or a network as 192.0.2.0/28")
        });
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        let address = address.to_canonical();
        if is_no_host(address) {
            return Err(format!("{address} is no address of a host"));
        }
        return Ok(Entry::Address(address));
    }
    name(text).map(Entry::Name)
}

/// A host name in lower case, without the dot of the root.
fn name(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{text:?} {why}"));
    if text.contains(':') {
        return wrong("is neither a host name nor an address; --ports names ports");
    }
    if text.contains('*') {
        return wrong("stands for many names: list each of them");
    }
    if !text.is_ascii() {
        return wrong("is no ASCII: write the name as DNS has it (xn--…)");
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_label = |label: &str| {
        let is_of_names = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(is_of_names)
    };
    if name.len() > MAX_NAME || !name.split('.').all(is_label) {
        return wrong("is no host name");
    }
    // Systems read `127.1`, `0x7f.1` and `2130706433` as addresses, and nobody who reads the list does.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return wrong("is an address that is not written in full");
    }
    Ok(name)
}

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    is_v4: bool,
    first: u128,
    last: u128,
}

impl Network {
    fn read(address: &str, bits: &str) -> Option<Self> {
        let address: IpAddr = address.trim().parse().ok()?;
        // How many bits of a mapped address are meant is not clear.
        if address != address.to_canonical() || !bits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let bits: u32 = bits.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let free = u32::checked_sub(all, bits)?;
        let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        let first = number(address) & !mask;
        Some(Self { is_v4: address.is_ipv4(), first, last: first | mask })
    }

    fn of(address: IpAddr) -> Self {
        let number = number(address);
        Self { is_v4: address.is_ipv4(), first: number, last: number }
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.is_v4 == address.is_ipv4() && (self.first..=self.last).contains(&number(address))
    }

    fn count(&self) -> u128 {
        (self.last - self.first).saturating_add(1)
    }

    fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let is_v4 = self.is_v4;
        (self.first..=self.last).map(move |number| match u32::try_from(number) {
            Ok(short) if is_v4 => IpAddr::V4(Ipv4Addr::from(short)),
            _ => IpAddr::V6(Ipv6Addr::from(number)),
        })
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<String> {
        let targets = Targets::read(text).expect(text);
        targets.addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_addresses_and_networks_are_read_and_exclusions_taken_out() {
        let text = "# ours\nAPI.example.com.  # the shop\n\n192.0.2.8/30\r\n!192.0.2.9\n! 2001:db8::4/126\n\
                    2001:db8::/125\nb_1.example.com\n!old.example.com\nold.example.com\n198.51.100.7";
        let targets = Targets::read(text).expect("a list");
        assert_eq!(
            targets.names.iter().map(String::as_str).collect::<Vec<_>>(),
            ["api.example.com", "b_1.example.com"]
        );
        let expected = [
            "192.0.2.8",
            "192.0.2.10",
            "192.0.2.11",
            "198.51.100.7",
            "2001:db8::",
            "2001:db8::1",
            "2001:db8::2",
            "2001:db8::3",
        ];
        assert_eq!(addresses(text), expected);
        // Excluded is excluded, also where a name leads there.
        assert_eq!(targets.refusal("192.0.2.9".parse().expect("one")), Some("excluded"));
        assert_eq!(targets.refusal("::ffff:192.0.2.9".parse().expect("one")), Some("excluded"));
        assert_eq!(targets.refusal("10.0.0.1".parse().expect("one")), None);
        assert_eq!(addresses("192.0.2.77/31"), ["192.0.2.76", "192.0.2.77"]);
        assert_eq!(addresses("::ffff:192.0.2.7"), ["192.0.2.7"]);
        assert!(Targets::read("# nothing\n!192.0.2.1").expect("a list").is_empty());
        assert!(Targets::read("192.0.2.1\n!192.0.2.0/24").expect("a list").is_empty());
    }

    #[test]
    fn metadata_addresses_must_be_listed_by_themselves() {
        let metadata: IpAddr = "169.254.169.254".parse().expect("an address");
        let targets = Targets::read("169.254.169.252/30\napi.example.com").expect("a list");
        assert!(targets.addresses.is_empty());
        assert_eq!(targets.left_out.get("metadata_addresses"), Some(&4));
        assert_eq!(targets.refusal(metadata), Some("metadata_addresses"));
        let targets = Targets::read("169.254.169.254").expect("a list");
        assert_eq!((targets.refusal(metadata), targets.addresses.len()), (None, 1));
        let targets = Targets::read("0.0.0.0/31\n224.0.0.1/32").expect("a list");
        assert_eq!(targets.left_out.get("no_addresses_of_hosts"), Some(&3));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, said) in [
            ("\n10.0.0.0/8", "line 2"),
            ("10.0.0.0/8", "more than 4096"),
            ("2001:db8::/64", "more than 4096"),
            ("::/0", "more than 4096"),
            ("10.0.0.0/20\n10.1.0.1", "line 2"),
            ("10.0.0.0/33", "no network"),
            ("10.0.0.0/", "no network"),
            ("10.0.0.0/+8", "no network"),
            ("::ffff:10.0.0.0/120", "no network"),
            ("https://api.example.com/v1", "a URL"),
            ("api.example.com:8443", "--ports"),
            ("fe80::1%eth0", "--ports"),
            ("*.example.com", "each of them"),
            ("bücher.example", "xn--"),
            ("127.1", "in full"),
            ("2130706433", "in full"),
            ("0x7f000001", "in full"),
            ("0.0.0.0", "no address of a host"),
            ("ff02::1", "no address of a host"),
            ("a..example", "no host name"),
            ("a b", "no host name"),
            ("a\u{1b}[2J", "no host name"),
            ("!", "no host name"),
        ] {
            let problem = Targets::read(text).expect_err(text);
            assert!(problem.contains(said), "{text:?}: {problem}");
            assert!(!problem.contains('\u{1b}'), "{problem:?}");
        }
        assert_eq!(Targets::read("10.0.0.0/20").expect("fits").addresses.len(), MAX_ADDRESSES);
    }
}
