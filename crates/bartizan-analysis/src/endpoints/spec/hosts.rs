//! Hosts that specifications name, by name and by pattern.

use std::{collections::BTreeMap, sync::Arc};

use bartizan_model::{
    HostPattern,
    host::{is_pattern, shape},
};
use bartizan_protocols::spec::SpecServer;

use super::trie::Trie;
use crate::endpoints::HostTold;

/// Most patterns: each host of the traffic may be compared with each. Servers beyond are matched by path.
const MAX_PATTERNS: usize = 256;

/// There is no room for more paths.
pub(super) struct Full;

/// Where paths of a host begin, by its name, or by the shape of a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    roots: BTreeMap<String, u32>,
    /// In the order of the documents, each with its shape.
    patterns: Vec<(Arc<HostPattern>, String)>,
}

impl Hosts {
    /// Where paths of a server begin; `None` when its host can be none of the traffic's, or when there are too
    /// many patterns.
    ///
    /// # Errors
    /// There is no room for more paths.
    pub(super) fn root(
        &mut self,
        server: &SpecServer,
        trie: &mut Trie,
    ) -> Result<Option<u32>, Full> {
        let Some(name) = self.name(server) else { return Ok(None) };
        if let Some(root) = self.roots.get(&name) {
            return Ok(Some(*root));
        }
        let root = trie.root().ok_or(Full)?;
        self.roots.insert(name, root);
        Ok(Some(root))
    }

    /// The name of the host of a server, or the shape of its pattern, which is kept.
    fn name(&mut self, server: &SpecServer) -> Option<String> {
        match &server.pattern {
            Some(pattern) => {
                let name = is_name(pattern.text()).then(|| pattern.shape())?;
                let is_known = |(known, _): &(Arc<HostPattern>, String)| known == pattern;
                if !self.patterns.iter().any(is_known) {
                    if self.patterns.len() >= MAX_PATTERNS {
                        return None;
                    }
                    self.patterns.push((Arc::clone(pattern), name.clone()));
                }
                Some(name)
            }
            None => is_real(&server.host).then(|| server.host.clone()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Where paths of a host begin, which is one of the traffic, or that of a learned endpoint and then maybe a
    /// pattern.
    pub(super) fn find(&self, host: &str) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        let name = shape(host);
        if let Some(root) = self.roots.get(&name) {
            return Some(*root);
        }
        if is_pattern(host) {
            // The host of an endpoint; a specification may name one of its hosts only.
            let pattern = HostPattern::new(host).ok()?;
            return self.roots.iter().find(|(name, _)| pattern.fits(name)).map(|(_, root)| *root);
        }
        let (_, shape) = self.patterns.iter().find(|(pattern, _)| pattern.fits(&name))?;
        self.roots.get(shape).copied()
    }

    /// What specifications say a host counts for: one that is named by itself stays apart.
    pub(super) fn told(&self, host: &str) -> HostTold<'_> {
        let is_it = |(pattern, of): &&(Arc<HostPattern>, String)| {
            if is_pattern(host) { *of == shape(host) } else { pattern.fits(host) }
        };
        if !is_pattern(host) && self.roots.contains_key(host) {
            return HostTold::Apart;
        }
        let Some((_, shape)) = self.patterns.iter().find(is_it) else { return HostTold::Nothing };
        // Of patterns that differ in the names of variables alone, the first names them.
        let first = self.patterns.iter().find(|(_, of)| of == shape);
        first.map_or(HostTold::Nothing, |(pattern, _)| HostTold::Pattern(pattern.text()))
    }
}

/// Whether a host of a document can be one of the traffic's.
fn is_real(host: &str) -> bool {
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !host.is_empty() && !is_pattern(host) && !loopback && is_name(host)
}

/// Whether a host is not in a reserved domain (RFC 2606 §2, RFC 6762 §3).
fn is_name(host: &str) -> bool {
    let reserved = ["localhost", ".localhost", ".test", ".invalid", ".local"];
    !reserved.iter().any(|r| host == *r || (r.starts_with('.') && host.ends_with(r)))
}
