//! Documented operations by host and path, and by the names that requests call them by.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::{InventoryState, Protocol};
use bartizan_protocols::{
    Call,
    spec::{OperationKind, SpecDocument, SpecOperation, SpecServer},
};

use super::{HostTold, Segment, Template};

mod calls;
mod channels;
mod hosts;
mod matrix;
mod trie;
mod versions;

pub use channels::{channel_protocol, http_method};

use calls::{Calls, name_of};
use channels::Channels;
use hosts::Hosts;
use trie::{MAX_SEGMENTS, Sought, Trie};
use versions::Versions;

/// Most bytes of operations that are indexed, each for each of its base paths: of paths,
/// methods and hosts with what holds them.
const MAX_INDEX_BYTES: usize = 64 * 1024 * 1024;
/// Most segments of paths that are gone over to build the index.
const MAX_INDEXED_SEGMENTS: usize = 5_000_000;

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

/// Documented operations from specifications, by host and path, and of GraphQL and SOAP by name.
/// Messages through brokers, webhooks and callbacks are not in it. Fixed text wins over parameters. What is beyond a limit is left out and counted ([`SpecIndex::left_out`]).
#[derive(Clone, Debug, Default)]
pub struct SpecIndex {
    operations: Vec<Operation>,
    trie: Trie,
    calls: Calls,
    channels: Channels,
    versions: Versions,
    /// Where paths of a host begin.
    hosts: Hosts,
    /// Where base paths of all servers begin; of gRPC the services.
    bases: u32,
    /// A specification describes requests in general, not only the methods of gRPC services.
    general: bool,
    /// By document, how many operations are left out at one of their base paths or more.
    left_out: BTreeMap<usize, u64>,
    /// There was no room for some that requests can fit.
    incomplete: bool,
}

/// A segment of a documented template: fixed text between values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Text(String),
    Value,
}

/// What building an index may cost; smaller in tests.
struct Room {
    bytes: usize,
    segments: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: MAX_INDEX_BYTES, segments: MAX_INDEXED_SEGMENTS }
    }
}

impl Room {
    /// False when so much is not left; it is used up from then on.
    fn take(&mut self, bytes: usize, segments: usize) -> bool {
        let left = (self.bytes.checked_sub(bytes), self.segments.checked_sub(segments));
        let (Some(bytes), Some(segments)) = left else {
            *self = Self { bytes: 0, segments: 0 };
            return false;
        };
        *self = Self { bytes, segments };
        true
    }
}

impl SpecIndex {
    /// Builds the index. Hosts in documents are often not those of the traffic: loopback and
    /// reserved names (RFC 2606), and hosts that are nothing but variables, are ignored.
    #[must_use]
    pub fn from_documents<'a>(documents: impl IntoIterator<Item = &'a SpecDocument>) -> Self {
        Self::within(Room::default(), documents)
    }

    fn within<'a>(mut room: Room, documents: impl IntoIterator<Item = &'a SpecDocument>) -> Self {
        let mut out = Self::default();
        out.bases = out.trie.root().unwrap_or_default();
        for (document, spec) in documents.into_iter().enumerate() {
            for documented in &spec.operations {
                if let Some(name) = name_of(documented) {
                    if !out.call(document, documented, name, &mut room) {
                        *out.left_out.entry(document).or_default() += 1;
                    }
                    continue;
                }
                if documented.kind.is_channel() {
                    if !out.channel(document, spec, documented, &mut room) {
                        *out.left_out.entry(document).or_default() += 1;
                    }
                    continue;
                }
                if !documented.kind.is_matched_by_path() {
                    continue;
                }
                if let OperationKind::Grpc { .. } = documented.kind {
                    // `/package.Service/Method`: what else is called of the service is not in it.
                    let service = documented.path.rsplit_once('/').map_or("", |(base, _)| base);
                    out.base(service, &mut room);
                } else {
                    out.general = true;
                }
                let own = !documented.servers.is_empty();
                let servers = if own { &documented.servers } else { &spec.servers };
                if !out.operation(document, documented, servers, &mut room) {
                    *out.left_out.entry(document).or_default() += 1;
                }
            }
        }
        out.trie.finish();
        out.channels.finish();
        out
    }

    /// An operation that is called by its name; false when there is no room.
    fn call(
        &mut self,
        document: usize,
        documented: &Arc<SpecOperation>,
        name: (Protocol, String),
        room: &mut Room,
    ) -> bool {
        let element = documented.element.as_ref().map_or(0, String::len);
        let held = size_of::<Operation>() + 2 * documented.path.len() + documented.method.len();
        let held = held + element;
        if !room.take(held, 1) {
            self.incomplete = true;
            return false;
        }
        if let Some(element) = &documented.element {
            self.calls.insert((name.0, element.clone()), self.operations.len());
        }
        self.calls.insert(name, self.operations.len());
        self.operations.push(Operation {
            document,
            method: documented.method.clone(),
            path: documented.path.clone(),
            documented: Arc::clone(documented),
        });
        true
    }

    /// An operation at each of its base paths and hosts; false when it was left out somewhere.
    fn operation(
        &mut self,
        document: usize,
        documented: &Arc<SpecOperation>,
        servers: &[SpecServer],
        room: &mut Room,
    ) -> bool {
        let mut by_base: BTreeMap<&str, usize> = BTreeMap::new();
        let mut complete = true;
        for server in servers {
            let base = server.base_path.as_str();
            let new = !by_base.contains_key(base);
            let path = join(base, &matrix::in_requests(documented));
            let segments = path.bytes().filter(|b| *b == b'/').count();
            if segments > MAX_SEGMENTS {
                complete = false;
                continue;
            }
            let held = size_of::<Operation>() + path.len() + documented.method.len();
            let named = server.pattern.as_ref().map_or(server.host.len(), |one| one.held());
            let held = if new { held } else { 0 } + named;
            if !room.take(held, 1 + segments) {
                (complete, self.incomplete) = (false, true);
                continue;
            }
            let patterns = patterns(&path);
            self.versions.take(&patterns);
            let index = *by_base.entry(base).or_insert_with(|| {
                self.operations.push(Operation {
                    document,
                    method: documented.method.clone(),
                    path,
                    documented: Arc::clone(documented),
                });
                self.operations.len() - 1
            });
            let method = documented.method.as_str();
            let mut held = true;
            if new {
                held &= self.trie.insert(Trie::ANY, &patterns, method, index);
                self.base(base, room);
            }
            held &= match self.hosts.root(server, &mut self.trie) {
                Ok(Some(root)) => self.trie.insert(root, &patterns, method, index),
                Ok(None) => true,
                Err(_) => false,
            };
            if !held {
                (complete, self.incomplete) = (false, true);
            }
        }
        complete
    }

    /// A path below which everything should be documented.
    fn base(&mut self, path: &str, room: &mut Room) {
        let segments = path.bytes().filter(|b| *b == b'/').count();
        if segments <= MAX_SEGMENTS && room.take(0, segments) {
            self.trie.insert(self.bases, &patterns(path), "", 0);
        }
    }

    /// All operations, in the order of the documents; one per base path.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Operations of a document, in the order given, that are left out at one of their base paths or
    /// more: more than 256 segments, or beyond what an index holds.
    #[must_use]
    pub fn left_out(&self, document: usize) -> u64 {
        self.left_out.get(&document).copied().unwrap_or_default()
    }

    /// Whether a specification names this host.
    #[must_use]
    pub fn covers_host(&self, host: &str) -> bool {
        self.hosts.find(host).is_some()
    }

    /// What specifications say a host counts for, those of channels included. `host`: in lower case.
    #[must_use]
    pub fn told(&self, host: &str) -> HostTold<'_> {
        match (self.hosts.told(host), self.channels.told(host)) {
            (HostTold::Apart, _) | (_, HostTold::Apart) => HostTold::Apart,
            (HostTold::Nothing, told) | (told, _) => told,
        }
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
        let sought = sought_of(template);
        self.find(&template.host, &template.method, &sought)
    }

    /// All operations that document a learned endpoint, by its path or by what is called there.
    pub fn documenting<'a>(&'a self, template: &'a Template) -> impl Iterator<Item = usize> + 'a {
        let by_path = self.lookup_template(template).map(|found| found.index);
        let by_name = template.call.iter().flat_map(|call| self.calls.find(call)).flatten();
        let channels = self.channels.documenting(template).iter().copied();
        by_path.into_iter().chain(by_name).chain(channels)
    }

    /// Whether what is called is documented by name: `None` when a part of it is not, or when it has
    /// no name; else whether a part is deprecated.
    #[must_use]
    pub fn call_is_deprecated(&self, call: &Call) -> Option<bool> {
        let found: Option<Vec<usize>> = self.calls.find(call).collect();
        let found = found.filter(|found| !found.is_empty())?;
        let mut found = found.iter().filter_map(|index| self.operations.get(*index));
        Some(found.any(|operation| operation.documented.deprecated))
    }

    fn find(&self, host: &str, method: &str, sought: &[Sought<'_>]) -> Option<SpecMatch<'_>> {
        let (root, by) = match self.hosts.find(host) {
            Some(root) => (root, MatchedBy::Host),
            None => (Trie::ANY, MatchedBy::Path),
        };
        let mut found = self.trie.find(root, method, sought);
        if found.is_none() && method == "HEAD" {
            found = self.trie.find(root, "GET", sought);
        }
        let index = found?;
        Some(SpecMatch { operation: self.operations.get(index)?, index, by })
    }

    /// How a learned endpoint relates to the specifications. One that is documented in a newer version only is
    /// a zombie as a deprecated one is. On a host that no specification names,
    /// only endpoints below a documented base path other than `/` are called shadow; nothing can be
    /// said about the rest.
    #[must_use]
    pub fn state(&self, template: &Template) -> InventoryState {
        match template.call.as_ref().and_then(|call| self.call_is_deprecated(call)) {
            Some(true) => return InventoryState::Zombie,
            Some(false) => return InventoryState::Documented,
            None => {}
        }
        match self.lookup_template(template) {
            Some(found) if found.operation.documented.deprecated => InventoryState::Zombie,
            Some(_) => InventoryState::Documented,
            None if let Some(state) = self.state_of_channel(template) => state,
            // It may be one of those that are left out.
            None if self.incomplete => InventoryState::Unspecified,
            None if self.is_older_version(template) => InventoryState::Zombie,
            None if self.covers_host(&template.host) || self.channels.covers(template) => {
                InventoryState::Shadow
            }
            None => {
                let below = self.trie.is_below(self.bases, &sought_of(template));
                // Services of gRPC are beside the requests that a specification is about in general.
                let is_grpc =
                    template.call.as_ref().is_some_and(|call| call.protocol == Protocol::Grpc);
                let unnamed = self.general && self.hosts.is_empty() && !is_grpc;
                if below || unnamed { InventoryState::Shadow } else { InventoryState::Unspecified }
            }
        }
    }

    /// Whether the same operation is documented in a newer version only.
    fn is_older_version(&self, template: &Template) -> bool {
        let sought = sought_of(template);
        self.versions.newer(&sought).any(|(at, version)| {
            let mut newer = sought.clone();
            if let Some(segment) = newer.get_mut(at) {
                *segment = Sought::Text(&version);
            }
            self.find(&template.host, &template.method, &newer).is_some()
        })
    }

    /// Operations that none of the `seen` indices names. An operation with
    /// several base paths counts as seen when one of them was.
    #[must_use]
    pub fn unseen<'a>(&'a self, seen: &BTreeSet<usize>) -> Vec<&'a Operation> {
        let key =
            |o: &'a Operation| (o.document, o.documented.place.file, o.documented.pointer.as_str());
        let used: BTreeSet<_> =
            seen.iter().filter_map(|i| self.operations.get(*i)).map(key).collect();
        let mut listed = BTreeSet::new();
        self.operations
            .iter()
            .filter(|o| !used.contains(&key(o)) && listed.insert(key(o)))
            .collect()
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

    /// The text of a segment without values.
    fn as_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
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

fn sought_of(template: &Template) -> Vec<Sought<'_>> {
    template
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => Sought::Text(text),
            Segment::Parameter { prefix, suffix, .. } => Sought::Parameter { prefix, suffix },
        })
        .collect()
}

fn patterns(path: &str) -> Vec<Pattern> {
    // A query or fragment in a template is documentation of something else than a path.
    let path = path.split(['?', '#']).next().unwrap_or("");
    path.split('/').filter(|s| !s.is_empty()).map(Pattern::of).collect()
}

fn join(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests;
