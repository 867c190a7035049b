//! What the host of a request counts for: itself, or a pattern of hosts that serve one API.
//!
//! Three things tell, the first that says something counts: the configuration, specifications (both are
//! [`HostTold`]), and what was learned (`tenants`).

use super::{resolver::Resolver, tree::HostTree};

/// Name of the tree of hosts beyond the limit.
pub(crate) const OTHER_HOSTS: &str = "*";

/// What somebody wrote down about a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostTold<'a> {
    /// Nothing: what was learned counts.
    #[default]
    Nothing,
    /// It is a host of its own, whatever traffic suggests.
    Apart,
    /// It is one of the hosts of this pattern, see [`bartizan_model::HostPattern::text`].
    Pattern(&'a str),
}

/// The host of a request.
#[derive(Clone, Copy, Debug)]
pub struct AtHost<'a> {
    /// As the request names it, without port; empty when the source does not say.
    pub host: &'a str,
    /// What is written about it.
    pub told: HostTold<'a>,
}

impl<'a> From<&'a str> for AtHost<'a> {
    fn from(host: &'a str) -> Self {
        Self { host, told: HostTold::Nothing }
    }
}

impl<'a> From<&'a String> for AtHost<'a> {
    fn from(host: &'a String) -> Self {
        host.as_str().into()
    }
}

/// What is looked for at a host.
pub(crate) enum Seeks<'a> {
    /// What a request asks for, and whether it was granted.
    Request { segments: &'a [&'a str], granted: bool },
    /// A template that is declared, as a request that was granted fits it.
    Template(&'a str),
}

impl Seeks<'_> {
    pub(crate) const fn is_granted(&self) -> bool {
        match self {
            Self::Request { granted, .. } => *granted,
            Self::Template(_) => true,
        }
    }
}

/// A host in lower case, with nothing that could be taken for a pattern or for the name of what is beyond a limit.
pub(crate) fn plain_name(host: &str) -> String {
    let mut out = String::with_capacity(host.len());
    for ch in host.chars() {
        match ch {
            '{' => out.push_str("%7b"),
            '}' => out.push_str("%7d"),
            '*' => out.push_str("%2a"),
            ch => out.push(ch.to_ascii_lowercase()),
        }
    }
    out
}

impl Resolver {
    /// The name of the tree that requests to a host belong to, which is there from then on.
    pub(crate) fn tree_of(&mut self, at: &AtHost<'_>, seeks: &Seeks<'_>) -> String {
        if let HostTold::Pattern(pattern) = at.told {
            // As many as are written down.
            if !self.hosts.contains_key(pattern) {
                self.hosts.insert(pattern.to_owned(), HostTree::new());
            }
            return pattern.to_owned();
        }
        let (name, apart) = (plain_name(at.host), at.told == HostTold::Apart);
        if let Some(tree) = self.hosts.get_mut(&name) {
            tree.apart = apart;
            return name;
        }
        if !apart && let Some(pattern) = self.learned_tree(&name, seeks) {
            return pattern;
        }
        let name = self.tree_named(name);
        if let Some(tree) = self.hosts.get_mut(&name) {
            tree.apart = apart;
        }
        name
    }

    /// The tree of this name, or that of hosts beyond the limit.
    pub(crate) fn tree_named(&mut self, name: String) -> String {
        if self.hosts.contains_key(&name) {
            return name;
        }
        let name = if self.hosts.len() >= self.limits.hosts as usize {
            self.counts.over_hosts += 1;
            OTHER_HOSTS.to_owned()
        } else {
            name
        };
        self.hosts.entry(name.clone()).or_insert_with(HostTree::new);
        name
    }
}
