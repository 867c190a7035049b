//! Documented operations by host and path.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::InventoryState;
use bartizan_protocols::spec::{OperationKind, SpecDocument, SpecOperation};

use super::{Segment, Template};

/// Most positions looked at for one path; a specification with more ambiguous templates than that
/// gives the first match found.
const MAX_STEPS: u32 = 4_096;

/// An operation of a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Index of the document, in the order given.
    pub document: usize,
    /// Upper case.
    pub method: String,
    /// Path template with the base path.
    pub path: String,
    /// As documented.
    pub documented: Arc<SpecOperation>,
}

/// How an operation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// The specification names the host.
    Host,
    /// No specification names the host; base path and template fit.
    Path,
}

/// A documented operation that fits a request.
#[derive(Clone, Copy, Debug)]
pub struct SpecMatch<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Its index in [`SpecIndex::operations`].
    pub index: usize,
    /// How it was found.
    pub by: MatchedBy,
}

/// Documented operations by host and path, from specifications. Operations that are told by more
/// than that (GraphQL fields, SOAP actions, messages, callbacks) are not in it. Fixed text wins over parameters.
#[derive(Clone, Debug, Default)]
pub struct SpecIndex {
    operations: Vec<Operation>,
    hosts: BTreeMap<String, Trie>,
    any: Trie,
    /// Base paths of all servers, as segments; of gRPC the services.
    bases: BTreeSet<Vec<Pattern>>,
    /// A specification describes requests in general, not only the methods of gRPC services.
    general: bool,
}

/// A segment of a documented template: fixed text between values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Text(String),
    Value,
}

#[derive(Clone, Debug, Default)]
struct Trie {
    texts: BTreeMap<String, Trie>,
    /// The most specific first.
    patterns: Vec<(Pattern, Trie)>,
    operations: BTreeMap<String, usize>,
}

/// What is looked up: a concrete segment, or a parameter of a learned template.
#[derive(Clone, Copy)]
enum Sought<'a> {
    Text(&'a str),
    Parameter { prefix: &'a str, suffix: &'a str },
}

impl SpecIndex {
    /// Builds the index. Hosts in documents are often not those of the traffic: loopback and
    /// reserved names (RFC 2606), and hosts with variables, are ignored.
    #[must_use]
    pub fn from_documents<'a>(documents: impl IntoIterator<Item = &'a SpecDocument>) -> Self {
        let mut out = Self::default();
        for (document, spec) in documents.into_iter().enumerate() {
            for documented in &spec.operations {
                if !documented.kind.is_matched_by_path() {
                    continue;
                }
                if let OperationKind::Grpc { .. } = documented.kind {
                    // `/package.Service/Method`: what else is called of the service is not in it.
                    let service = documented.path.rsplit_once('/').map_or("", |(base, _)| base);
                    out.bases.insert(patterns(service));
                } else {
                    out.general = true;
                }
                let documented = Arc::new(documented.clone());
                let own = !documented.servers.is_empty();
                let servers = if own { &documented.servers } else { &spec.servers };
                for server in servers {
                    let path = join(&server.base_path, &documented.path);
                    let index = out.operations.len();
                    let same =
                        out.operations.iter().rev().take(servers.len()).position(|o| {
                            o.path == path && Arc::ptr_eq(&o.documented, &documented)
                        });
                    let index = match same {
                        Some(back) => index - 1 - back,
                        None => {
                            out.operations.push(Operation {
                                document,
                                method: documented.method.clone(),
                                path: path.clone(),
                                documented: Arc::clone(&documented),
                            });
                            index
                        }
                    };
                    let segments = patterns(&path);
                    out.any.insert(&segments, &documented.method, index);
                    out.bases.insert(patterns(&server.base_path));
                    if is_real_host(&server.host) {
                        let trie = out.hosts.entry(server.host.clone()).or_default();
                        trie.insert(&segments, &documented.method, index);
                    }
                }
            }
        }
        out
    }

    /// All operations, in the order of the documents; one per base path.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether a specification names this host.
    #[must_use]
    pub fn covers_host(&self, host: &str) -> bool {
        self.hosts.contains_key(&host.to_ascii_lowercase())
    }

    /// The operation that a request fits. `segments`: the canonical path, decoded, without empty
    /// segments. A host that a specification names is only looked up there; any other is matched by
    /// base path and template. `HEAD` falls back to `GET`.
    #[must_use]
    pub fn lookup(&self, host: &str, method: &str, segments: &[&str]) -> Option<SpecMatch<'_>> {
        let sought: Vec<Sought<'_>> = segments.iter().map(|s| Sought::Text(s)).collect();
        self.find(host, method, &sought)
    }

    /// The operation that documents a learned endpoint: parameters only fit parameters.
    #[must_use]
    pub fn lookup_template(&self, template: &Template) -> Option<SpecMatch<'_>> {
        let sought: Vec<Sought<'_>> = template
            .segments
            .iter()
            .map(|s| match s {
                Segment::Literal(text) => Sought::Text(text),
                Segment::Parameter { prefix, suffix, .. } => Sought::Parameter { prefix, suffix },
            })
            .collect();
        self.find(&template.host, &template.method, &sought)
    }

    fn find(&self, host: &str, method: &str, sought: &[Sought<'_>]) -> Option<SpecMatch<'_>> {
        let (trie, by) = match self.hosts.get(&host.to_ascii_lowercase()) {
            Some(trie) => (trie, MatchedBy::Host),
            None => (&self.any, MatchedBy::Path),
        };
        let mut steps = 0;
        let mut found = trie.find(method, sought, &mut steps);
        if found.is_none() && method == "HEAD" {
            found = trie.find("GET", sought, &mut steps);
        }
        let index = found?;
        Some(SpecMatch { operation: self.operations.get(index)?, index, by })
    }

    /// How a learned endpoint relates to the specifications. On a host that no specification names,
    /// only endpoints below a documented base path other than `/` are called shadow; nothing can be
    /// said about the rest.
    #[must_use]
    pub fn state(&self, template: &Template) -> InventoryState {
        match self.lookup_template(template) {
            Some(found) if found.operation.documented.deprecated => InventoryState::Zombie,
            Some(_) => InventoryState::Documented,
            None if self.covers_host(&template.host) => InventoryState::Shadow,
            None => {
                let texts: Vec<Option<&str>> = template
                    .segments
                    .iter()
                    .map(|s| match s {
                        Segment::Literal(text) => Some(text.as_str()),
                        Segment::Parameter { .. } => None,
                    })
                    .collect();
                let below = self.bases.iter().any(|base| {
                    let begins = |(p, t): (&Pattern, &Option<&str>)| t.is_some_and(|t| p.fits(t));
                    !base.is_empty()
                        && base.len() < texts.len()
                        && base.iter().zip(&texts).all(begins)
                });
                let unnamed = self.general && self.hosts.is_empty();
                if below || unnamed { InventoryState::Shadow } else { InventoryState::Unspecified }
            }
        }
    }

    /// Operations that none of the `seen` indices names: documented, never seen. An operation with
    /// several base paths counts as seen when one of them was.
    #[must_use]
    pub fn orphans(&self, seen: &BTreeSet<usize>) -> Vec<&Operation> {
        let key = |o: &Operation| (o.document, o.documented.pointer.clone());
        let used: BTreeSet<_> =
            seen.iter().filter_map(|i| self.operations.get(*i)).map(key).collect();
        let mut listed = BTreeSet::new();
        self.operations
            .iter()
            .filter(|o| !used.contains(&key(o)) && listed.insert(key(o)))
            .collect()
    }
}

impl Trie {
    fn insert(&mut self, segments: &[Pattern], method: &str, index: usize) {
        let mut at = self;
        for segment in segments {
            at = match segment.0.as_slice() {
                [Piece::Text(text)] => at.texts.entry(text.clone()).or_default(),
                _ => {
                    let place = match at.patterns.iter().position(|(p, _)| p == segment) {
                        Some(place) => place,
                        None => {
                            let place = at
                                .patterns
                                .partition_point(|(p, _)| p.weight() >= segment.weight());
                            at.patterns.insert(place, (segment.clone(), Self::default()));
                            place
                        }
                    };
                    let Some((_, child)) = at.patterns.get_mut(place) else { return };
                    child
                }
            };
        }
        at.operations.entry(method.to_owned()).or_insert(index);
    }

    /// Depth first, fixed text before patterns. Recursion ends with the path.
    fn find(&self, method: &str, sought: &[Sought<'_>], steps: &mut u32) -> Option<usize> {
        *steps += 1;
        if *steps > MAX_STEPS {
            return None;
        }
        let Some((first, rest)) = sought.split_first() else {
            return self.operations.get(method).copied();
        };
        if let Sought::Text(text) = first
            && let Some(child) = self.texts.get(*text)
            && let Some(found) = child.find(method, rest, steps)
        {
            return Some(found);
        }
        self.patterns
            .iter()
            .filter(|(pattern, _)| match first {
                Sought::Text(text) => pattern.fits(text),
                Sought::Parameter { prefix, suffix } => pattern.has_affixes(prefix, suffix),
            })
            .find_map(|(_, child)| child.find(method, rest, steps))
    }
}

impl Pattern {
    fn of(segment: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{')
            && let Some((_, behind)) = after.split_once('}')
        {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Value);
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Self(pieces)
    }

    /// Letters of fixed text.
    fn weight(&self) -> usize {
        self.0.iter().map(|p| if let Piece::Text(t) = p { t.len() } else { 0 }).sum()
    }

    /// Whether `text` is made of the fixed pieces in order with something in the place of each
    /// value. The shortest value is tried for all but the last, in linear time.
    fn fits(&self, text: &str) -> bool {
        let mut rest = text;
        let mut value = false;
        for (i, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Value => value = true,
                Piece::Text(fixed) if !value => match rest.strip_prefix(fixed.as_str()) {
                    Some(behind) => rest = behind,
                    None => return false,
                },
                Piece::Text(fixed) => {
                    let last = i + 1 == self.0.len();
                    let at = if last {
                        rest.ends_with(fixed.as_str()).then(|| rest.len() - fixed.len())
                    } else {
                        let from = rest.chars().next().map_or(0, char::len_utf8);
                        rest.get(from..).and_then(|r| r.find(fixed.as_str())).map(|a| a + from)
                    };
                    match at.filter(|a| *a > 0) {
                        Some(at) => rest = rest.get(at + fixed.len()..).unwrap_or(""),
                        None => return false,
                    }
                    value = false;
                }
            }
        }
        if value { !rest.is_empty() } else { rest.is_empty() }
    }

    /// Whether the pattern is a parameter with this fixed text around it, or takes all of it.
    fn has_affixes(&self, prefix: &str, suffix: &str) -> bool {
        let fixed = |text: &str| match text {
            "" => Vec::new(),
            super::naming::ANY_FORMAT => vec![Piece::Text(".".to_owned()), Piece::Value],
            _ => vec![Piece::Text(text.to_owned())],
        };
        let mut pieces = fixed(prefix);
        pieces.push(Piece::Value);
        pieces.extend(fixed(suffix));
        self.0 == pieces || self.0 == [Piece::Value]
    }
}

fn patterns(path: &str) -> Vec<Pattern> {
    // A query or fragment in a template is documentation of something else than a path.
    let path = path.split(['?', '#']).next().unwrap_or("");
    path.split('/').filter(|s| !s.is_empty()).map(Pattern::of).collect()
}

fn join(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

/// Whether a host of a document can be one of the traffic's.
fn is_real_host(host: &str) -> bool {
    let reserved = ["localhost", ".localhost", ".test", ".invalid", ".local"];
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !host.is_empty()
        && !host.contains('{')
        && !loopback
        && !reserved.iter().any(|r| host == *r || (r.starts_with('.') && host.ends_with(r)))
}

#[cfg(test)]
mod tests;
