//! Hosts that turned out to serve one API: `{tenant}.api.example.com`, learned from what siblings were granted.
//!
//! Siblings are hosts that differ in their first label only. They become one host when enough of them were granted
//! the same: [`BELOW_NAME`] says what is enough below a name of three labels or more, [`BELOW_DOMAIN`] below one of
//! two, where hosts of one owner usually are services of their own (`www`, `admin`, `shop`). Below a single label, and
//! below what looks like a public suffix (`co.uk`), hosts are never taken together. Only answers with data count, and
//! only paths that say something about a host: `/health` is everywhere, and so is what a catch-all answers. A host
//! that serves what its siblings do not stays apart, whatever its name is.
//!
//! What was learned at the single hosts goes into the one ([`super::join`]). From then on a further host belongs to
//! it with its first request to a path that is known there, so that a flood of hosts takes no room; one that is
//! granted something else gets a tree of its own first, and is looked at again with the next consolidation.
//!
//! Key: the name that the hosts have in common. Bounded by [`MAX_PATTERNS`] and [`MAX_MEMBERS`], and by
//! [`super::EndpointLimits::hosts`] for what is apart.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::host::{is_address, is_pattern};
use serde::{Deserialize, Serialize};

use super::{
    Segment, Template,
    fate::Sum,
    front::is_prefix_word,
    hosts::{HostTold, Seeks},
    join::Why,
    leaf::{AliasReason, key_of},
    probe,
    resolver::Resolver,
    tree::{HostTree, hash},
};

/// Name of the variable of a learned pattern.
const VARIABLE: &str = "tenant";
/// Most learned patterns.
const MAX_PATTERNS: usize = 256;
/// Most hosts of a pattern that are remembered, by hash.
const MAX_MEMBERS: usize = 4_096;
/// Remembered hosts from which on a name of two labels is taken for one of tenants: further hosts need no proof of
/// their own.
const SURE_MEMBERS: usize = 1_024;
/// Most templates of one host that are compared.
const MAX_COMPARED: usize = 1_024;

/// What makes siblings one host.
struct Bar {
    /// Fewest hosts that are one, and that a template has to be granted at to be one of the core.
    siblings: usize,
    /// Fewest templates of the core that each of them was granted.
    core: usize,
    /// Least share of the core that each of them was granted, in per cent.
    whole: usize,
    /// Fewest of the hosts with the core that a template has to be granted at to be common.
    few: usize,
    /// Least share of its templates that are common, in per cent.
    share: usize,
}

/// Eight hosts: with fewer a person sees what they are. Four fifths leave room for a path that only some have called,
/// and keep services apart that share a few paths and have some of their own.
const BELOW_NAME: Bar = Bar { siblings: 8, core: 1, whole: 0, few: 3, share: 80 };
/// Sixteen hosts that serve the same three things or more, half of the core, and next to nothing else.
const BELOW_DOMAIN: Bar = Bar { siblings: 16, core: 3, whole: 50, few: 8, share: 90 };

/// First words of paths that hosts have whatever they serve. Sorted.
#[rustfmt::skip]
static EVERYWHERE: &[&str] = &[
    "alive", "assets", "css", "docs", "favicon", "fonts", "health", "healthcheck", "healthz",
    "home", "images", "img", "index", "info", "js", "live", "livez", "login", "logout", "manifest",
    "metrics", "openapi", "ping", "ready", "readyz", "robots", "signin", "signout", "sitemap",
    "static", "status", "swagger", "version", "well-known",
];

/// The patterns that were learned, by the name that their hosts have in common.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tenants(BTreeMap<String, Learned>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Learned {
    /// Hashes of the labels of hosts that belong to it, up to [`MAX_MEMBERS`].
    members: BTreeSet<u64>,
}

impl Learned {
    fn admit(&mut self, label: &str) {
        if self.members.len() < MAX_MEMBERS {
            self.members.insert(hash(label));
        }
    }
}

impl Tenants {
    /// Takes in what another shard learned.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (suffix, theirs) in &other.0 {
            if self.0.len() < MAX_PATTERNS || self.0.contains_key(suffix) {
                let ours = self.0.entry(suffix.clone()).or_default();
                let room = MAX_MEMBERS.saturating_sub(ours.members.len());
                ours.members.extend(theirs.members.iter().copied().take(room));
            }
        }
    }
}

/// The first label of a host and the name behind it, where hosts below that name may be one.
fn siblings_of(host: &str) -> Option<(&str, &str)> {
    if is_pattern(host) || host.contains('%') || is_address(host) {
        return None;
    }
    let (label, suffix) = host.split_once('.')?;
    let (mut labels, mut last) = (0, "");
    for part in suffix.split('.') {
        if part.is_empty() {
            return None;
        }
        (labels, last) = (labels + 1, part);
    }
    let is_name = !label.is_empty() && !last.bytes().all(|b| b.is_ascii_digit());
    (is_name && labels >= 2 && !is_public(suffix)).then_some((label, suffix))
}

/// Whether a name looks like one below which anybody may have a domain, as `co.uk` and `com.au` do: two short labels,
/// of which the last is a country's.
fn is_public(suffix: &str) -> bool {
    suffix.split_once('.').is_some_and(|(second, top)| second.len() <= 3 && top.len() == 2)
}

fn is_domain(suffix: &str) -> bool {
    suffix.matches('.').count() == 1
}

fn bar_of(suffix: &str) -> &'static Bar {
    if is_domain(suffix) { &BELOW_DOMAIN } else { &BELOW_NAME }
}

fn pattern_of(suffix: &str) -> String {
    format!("{{{VARIABLE}}}.{suffix}")
}

/// Whether a path says something about the host that serves it: a word that is not everywhere.
fn is_telling<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let mut texts = texts.filter(|text| !is_prefix_word(text));
    texts.next().is_some_and(|text| {
        let word = text.trim_start_matches('.').split('.').next().unwrap_or_default();
        let word = word.to_ascii_lowercase();
        EVERYWHERE.binary_search(&word.as_str()).is_err() && !probe::is_probe(&[text])
    })
}

/// What a template is among those of other hosts; `None` when it says nothing about its host.
fn compared(template: &Template) -> Option<u64> {
    let texts = template.segments.iter().filter_map(|segment| match segment {
        Segment::Literal(text) => Some(text.as_str()),
        Segment::Parameter { .. } => None,
    });
    if !is_telling(texts) {
        return None;
    }
    let mut key = key_of(&template.method, template.call.as_ref()).into_owned();
    for segment in &template.segments {
        key.push('/');
        match segment {
            Segment::Literal(text) => key.push_str(text),
            Segment::Parameter { prefix, suffix, .. } => {
                [prefix.as_str(), "{}", suffix.as_str()].iter().for_each(|part| key.push_str(part));
            }
        }
    }
    Some(hash(&key))
}

/// The templates that at least so many hosts were granted.
fn granted_at<'a>(hosts: usize, served: impl Iterator<Item = &'a BTreeSet<u64>>) -> BTreeSet<u64> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for template in served.flatten() {
        *counts.entry(*template).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= hosts).map(|(template, _)| template).collect()
}

impl Resolver {
    /// The tree of a learned pattern that a request to a host without a tree belongs to.
    pub(crate) fn learned_tree(&mut self, host: &str, seeks: &Seeks<'_>) -> Option<String> {
        let (label, suffix) = siblings_of(host)?;
        let learned = self.tenants.0.get(suffix)?;
        let pattern = pattern_of(suffix);
        let tree = self.hosts.get(&pattern)?;
        let is_member = learned.members.contains(&hash(label));
        let is_known = match seeks {
            Seeks::Request { segments, .. } => {
                let node = tree.find(segments);
                node.is_some_and(|node| Self::is_answered(&self.leaves, tree, node))
            }
            Seeks::Template(path) => tree.holds(path),
        };
        // What was not granted teaches nothing, and takes no room.
        if !seeks.is_granted() || is_member {
            return Some(pattern);
        }
        let is_sure = !is_domain(suffix) || learned.members.len() >= SURE_MEMBERS;
        if !is_known || !is_sure {
            return None;
        }
        if seeks.is_telling()
            && let Some(learned) = self.tenants.0.get_mut(suffix)
        {
            learned.admit(label);
        }
        Some(pattern)
    }

    /// Takes hosts together that turned out to serve one API. Returns the trees that took others in. Templates have
    /// to be rendered.
    pub(crate) fn fold_alike(&mut self) -> BTreeSet<String> {
        let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, tree) in &self.hosts {
            if let Some((_, suffix)) = siblings_of(name).filter(|_| !tree.apart) {
                families.entry(suffix).or_default().push(name);
            }
        }
        families.retain(|suffix, hosts| {
            hosts.len() >= bar_of(suffix).siblings || self.tenants.0.contains_key(*suffix)
        });
        if families.is_empty() {
            return BTreeSet::new();
        }
        let sums = self.sums();
        let found: Vec<(String, Vec<String>)> = families
            .iter()
            .map(|(suffix, hosts)| ((*suffix).to_owned(), self.alike(suffix, hosts, &sums)))
            .filter(|(_, alike)| !alike.is_empty())
            .collect();
        let (mut went, mut grown) = (BTreeMap::new(), BTreeSet::new());
        for (suffix, alike) in found {
            if self.tenants.0.len() >= MAX_PATTERNS && !self.tenants.0.contains_key(&suffix) {
                continue;
            }
            let pattern = pattern_of(&suffix);
            let evidence = format!("{} hosts below {suffix} were granted the same", alike.len());
            let why = Why { reason: AliasReason::Host, evidence: &evidence };
            for host in alike {
                if !self.fold(&host, &pattern, &why) {
                    continue;
                }
                if let Some((label, _)) = siblings_of(&host) {
                    self.tenants.0.entry(suffix.clone()).or_default().admit(label);
                }
                went.insert(host, pattern.clone());
            }
            grown.insert(pattern);
        }
        self.rehost(&went);
        grown.retain(|pattern| went.values().any(|one| one == pattern));
        grown
    }

    /// Those of these siblings that are one host.
    fn alike(&self, suffix: &str, hosts: &[&str], sums: &[Sum]) -> Vec<String> {
        let bar = bar_of(suffix);
        let served: Vec<(&str, BTreeSet<u64>)> = hosts
            .iter()
            .filter_map(|host| Some((*host, self.served(self.hosts.get(*host)?, sums))))
            .filter(|(_, own)| !own.is_empty())
            .collect();
        let mut core = granted_at(bar.siblings, served.iter().map(|(_, own)| own));
        let known = self.tenants.0.get(suffix).and(self.hosts.get(&pattern_of(suffix)));
        if let Some(tree) = known {
            core.extend(self.served(tree, sums));
        }
        // What tells a domain of tenants from one of services is told once.
        let whole = if known.is_some() { 0 } else { bar.whole };
        let kin: Vec<(&str, BTreeSet<u64>)> = served
            .into_iter()
            .filter(|(_, own)| {
                let shared = own.intersection(&core).count();
                shared >= bar.core && shared * 100 >= core.len() * whole
            })
            .collect();
        let mut common = granted_at(bar.few, kin.iter().map(|(_, own)| own));
        common.extend(&core);
        let is_one = |(_, own): &&(&str, BTreeSet<u64>)| {
            own.intersection(&common).count() * 100 >= own.len() * bar.share
        };
        let alike: Vec<String> =
            kin.iter().filter(is_one).map(|(host, _)| (*host).to_owned()).collect();
        if known.is_none() && alike.len() < bar.siblings { Vec::new() } else { alike }
    }

    /// What a host was granted with data that says something about it.
    fn served(&self, tree: &HostTree, sums: &[Sum]) -> BTreeSet<u64> {
        let leaves = tree.nodes.iter().flat_map(|node| node.leaves.values());
        leaves
            .filter(|leaf| sums.get(leaf.0 as usize).is_some_and(Sum::is_granted_data))
            .filter_map(|leaf| self.leaf(*leaf))
            .filter(|leaf| !leaf.caught)
            .filter_map(|leaf| compared(&leaf.template))
            .take(MAX_COMPARED)
            .collect()
    }

    /// Takes hosts together that somebody wrote down as one, which were learned of before; and notes which stay
    /// apart. `told`: what is written about a host, or about a pattern that hosts were taken for so far.
    pub fn fold_told<'a>(&mut self, told: impl Fn(&str) -> HostTold<'a>) {
        let mut wanted: Vec<(String, String)> = Vec::new();
        for (name, tree) in &mut self.hosts {
            let told = told(name);
            tree.apart = told == HostTold::Apart;
            if let HostTold::Pattern(pattern) = told
                && pattern != name
            {
                wanted.push((name.clone(), pattern.to_owned()));
            }
        }
        let evidence = "its host is written down as one of several that are one";
        let why = Why { reason: AliasReason::Host, evidence };
        let mut went = BTreeMap::new();
        for (name, pattern) in wanted {
            if self.fold(&name, &pattern, &why) {
                went.insert(name, pattern);
            }
        }
        self.rehost(&went);
    }
}

impl Seeks<'_> {
    /// Whether the path says something about its host.
    fn is_telling(&self) -> bool {
        match self {
            Self::Request { segments, .. } => is_telling(segments.iter().copied()),
            Self::Template(path) => {
                is_telling(path.split('/').filter(|text| !text.is_empty() && !is_pattern(text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_are_below_names_that_somebody_owns() {
        for (host, expected) in [
            ("acme.api.example.com", Some(("acme", "api.example.com"))),
            ("www.example.com", Some(("www", "example.com"))),
            ("example.com", None),
            ("shop.co.uk", None),
            ("acme.shop.co.uk", Some(("acme", "shop.co.uk"))),
            ("10.0.0.1", None),
            ("2001:db8::1", None),
            ("a.b.1.2", None),
            ("localhost", None),
            ("", None),
            ("a..example.com", None),
            ("%7btenant%7d.api.example.com", None),
            ("{tenant}.api.example.com", None),
        ] {
            assert_eq!(siblings_of(host), expected, "{host}");
        }
    }

    #[test]
    fn what_is_everywhere_says_nothing_about_a_host() {
        assert!(EVERYWHERE.windows(2).all(|w| w[0] < w[1]));
        let telling = |path: &str| is_telling(path.split('/').filter(|text| !text.is_empty()));
        for path in ["/orders", "/v1/orders", "/api/v2/health-plans", "/v1/orders/health"] {
            assert!(telling(path), "{path}");
        }
        for path in ["/", "/v1", "/health", "/api/health", "/robots.txt", "/.env", "/status/db"] {
            assert!(!telling(path), "{path}");
        }
    }
}
