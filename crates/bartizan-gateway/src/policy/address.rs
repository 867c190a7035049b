//! Address lists: who may connect at all. The cheapest policy, so it comes first.

use std::{net::IpAddr, path::PathBuf};

use bartizan_model::Mode;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    files::{self, LIST_BYTES},
    record::Refusal,
};
use crate::config::Network;

/// Most entries of a policy, from all its lists.
const ENTRIES: usize = 1_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "address",
    title: "Address lists",
    mode: Mode::Monitor,
    documentation: "\
Refuses clients by their address (403). A client is refused when `deny` holds its address, or when \
`allow` is there and does not hold it; `deny` wins. The address is that of the connection, or the one \
that a trusted proxy names. Entries are addresses and networks of both families, also from files (one \
per line, `#` begins a comment), which are read again at each reload. Up to 1000000 entries; a look-up \
takes as many steps as the number of entries has bits.",
    examples: &["\
name: office-only
mode: enforce
scope: {paths: [/admin/**]}
address: {allow: [192.0.2.0/24, 2001:db8::/32], deny: [192.0.2.66]}
"],
};

/// Settings of an address policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AddressConfig {
    /// Only these may connect, when there are any: addresses and networks (`192.0.2.0/24`).
    pub allow: Vec<String>,
    /// These may not connect.
    pub deny: Vec<String>,
    /// Files with further entries of `allow`.
    pub allow_files: Vec<PathBuf>,
    /// Files with further entries of `deny`.
    pub deny_files: Vec<PathBuf>,
}

/// A compiled address policy.
#[derive(Debug)]
pub(crate) struct Addresses {
    allow: Option<Ranges>,
    deny: Ranges,
}

impl Addresses {
    pub(crate) fn compile(config: &AddressConfig) -> Result<Self, Problem> {
        let mut left = ENTRIES;
        let allow = read("allow", &config.allow, "allow_files", &config.allow_files, &mut left)?;
        let deny = read("deny", &config.deny, "deny_files", &config.deny_files, &mut left)?;
        let is_restricted = !config.allow.is_empty() || !config.allow_files.is_empty();
        if !is_restricted && config.deny.is_empty() && config.deny_files.is_empty() {
            return Err(Problem::new("", "one of `allow`, `deny` and their files is needed"));
        }
        Ok(Self { allow: is_restricted.then(|| Ranges::new(allow)), deny: Ranges::new(deny) })
    }

    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        let at = wide(address);
        let is_allowed = self.allow.as_ref().is_none_or(|allow| allow.holds(at));
        if is_allowed && !self.deny.holds(at) {
            return Ok(());
        }
        Err(Refusal::deny(StatusCode::FORBIDDEN, "address-refused", "this address is not let in"))
    }
}

fn read(
    key: &'static str,
    list: &[String],
    files_key: &'static str,
    files: &[PathBuf],
    left: &mut usize,
) -> Result<Vec<(u128, u128)>, Problem> {
    let mut out = Vec::new();
    let mut add = |key: String, text: &str| {
        let network = Network::parse(text);
        let network = network
            .ok_or_else(|| Problem::new(&key, format!("{text:?} is no address or network")))?;
        *left = left
            .checked_sub(1)
            .ok_or_else(|| Problem::new(&key, format!("there are more than {ENTRIES} entries")))?;
        out.push(network.range());
        Ok::<_, Problem>(())
    };
    for (at, text) in list.iter().enumerate() {
        add(format!("{key}.{at}"), text)?;
    }
    for (at, path) in files.iter().enumerate() {
        let key = format!("{files_key}.{at}");
        let text = files::text(path, LIST_BYTES).map_err(|problem| Problem::new(&key, problem))?;
        for line in text.lines() {
            let entry = line.split('#').next().unwrap_or(line).trim();
            if !entry.is_empty() {
                add(key.clone(), entry)?;
            }
        }
    }
    Ok(out)
}

/// An address of either family as one number.
pub(crate) fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// Ranges of addresses, sorted and without overlap.
#[derive(Debug)]
pub(crate) struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    pub(crate) fn new(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    pub(crate) fn holds(&self, at: u128) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= at);
        behind > 0 && at <= self.0[behind - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> Result<Addresses, Problem> {
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let config = AddressConfig { allow: list(allow), deny: list(deny), ..Default::default() };
        Addresses::compile(&config)
    }

    fn passes(policy: &Addresses, address: &str) -> bool {
        policy.check(address.parse().expect("an address")).is_ok()
    }

    #[test]
    fn deny_wins_and_allow_restricts() {
        let both = policy(&["10.0.0.0/8", "2001:db8::/32"], &["10.1.0.0/16", "::1"]).expect("ok");
        for (address, expected) in [
            ("10.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("10.1.0.0", false),
            ("10.1.255.255", false),
            ("10.2.0.0", true),
            ("11.0.0.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
            ("::1", false),
        ] {
            assert_eq!(passes(&both, address), expected, "{address}");
        }
        let only_deny = policy(&[], &["0.0.0.0/0"]).expect("ok");
        assert!(passes(&only_deny, "::1") && !passes(&only_deny, "255.255.255.255"));
        assert_eq!(
            only_deny.check([1, 2, 3, 4].into()).err().map(|r| r.status.as_u16()),
            Some(403)
        );
    }

    #[test]
    fn entries_that_are_none_are_named() {
        for (allow, key) in [(&["10.0.0.0/8", "x"][..], "allow.1"), (&["10.0.0.0/33"], "allow.0")] {
            assert_eq!(policy(allow, &[]).err().map(|p| p.key), Some(key.to_owned()));
        }
        assert!(policy(&[], &[]).is_err());
    }

    #[test]
    fn many_entries_agree_with_looking_at_each() {
        let networks: Vec<String> = (0..5_000_u32)
            .map(|n| format!("{}.{}.{}.0/{}", n % 200, n % 7, n % 251, 20 + n % 13))
            .collect();
        let texts: Vec<&str> = networks.iter().map(String::as_str).collect();
        let compiled = policy(&texts, &[]).expect("ok");
        let slow: Vec<Network> = texts.iter().filter_map(|text| Network::parse(text)).collect();
        let mut random = 7_u32;
        for _ in 0..5_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let address = IpAddr::from((random & 0xc707_ffff).to_be_bytes());
            let expected = slow.iter().any(|network| network.contains(address));
            assert_eq!(compiled.check(address).is_ok(), expected, "{address}");
        }
    }

    #[test]
    fn lists_come_from_files_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list");
        std::fs::write(&path, "# who\n10.0.0.0/8 # them\n\n2001:db8::1\n").expect("written");
        let config = AddressConfig { deny_files: vec![path.clone()], ..Default::default() };
        let policy = Addresses::compile(&config).expect("ok");
        assert!(!passes(&policy, "10.9.9.9") && !passes(&policy, "2001:db8::1"));
        std::fs::write(&path, "nonsense").expect("written");
        assert_eq!(
            Addresses::compile(&config).err().map(|p| p.key),
            Some("deny_files.0".to_owned())
        );
        std::fs::remove_file(&path).expect("removed");
        assert!(Addresses::compile(&config).is_err(), "a missing file is no empty list");
    }
}
