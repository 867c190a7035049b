//! Specifications that traffic is compared with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::{
    Endpoint, EndpointId, Exchange, InventoryState, Method, Protocol, Scope, Timestamp, Written,
    analysis::{NamedCount, SpecSummary},
};
use bartizan_protocols::{
    Call, Decoded,
    spec::{OperationKind, SpecDocument, SpecOperation},
};

use crate::{
    drift,
    endpoints::{HostTold, Operation, SpecIndex, Template},
    learn::Profile,
};

mod channels;
mod headers;
mod messages;
mod payload;
mod scopes;

use headers::Headers;
use messages::Messages;

pub use channels::ChannelsListed;
pub use scopes::{Scopes, Secured};

/// Most documented operations that are listed without having been granted once; the rest is counted.
pub const MAX_NEVER_GRANTED: usize = 10_000;
/// Most problems of one document that are shown.
const MAX_PROBLEMS: usize = 20;

/// Specifications, read and indexed.
#[derive(Clone, Debug, Default)]
pub struct Specs {
    index: SpecIndex,
    documents: Vec<(String, SpecDocument)>,
    messages: Messages,
    headers: Headers,
}

impl Specs {
    /// Indexes documents, each with its name. A sloppy one was read as far as possible; its
    /// problems are in [`Specs::summaries`].
    #[must_use]
    pub fn new(documents: Vec<(String, SpecDocument)>) -> Self {
        let all = || documents.iter().map(|(_, document)| document);
        let (index, messages) = (SpecIndex::from_documents(all()), Messages::of(all()));
        let headers = Headers::of(&index, &documents);
        Self { index, documents, messages, headers }
    }

    /// Whether answers of any operation have to have header fields.
    #[must_use]
    pub fn asks_for_headers(&self) -> bool {
        !self.headers.is_empty()
    }

    /// Which header fields the answer of an exchange has to have, and its status. Nothing where the source did not
    /// tell all of them.
    pub fn asked_headers<'a>(
        &'a self,
        exchange: &Exchange,
        segments: &[&str],
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let answer = exchange.response.as_ref().filter(|answer| answer.headers_captured);
        let of_operation = answer.and_then(|answer| {
            let request = &exchange.request;
            let found = self.index.lookup(request.host(), &request.method, segments)?;
            Some(self.headers.asked(found.index, answer.status))
        });
        of_operation.into_iter().flatten()
    }

    /// Names the fields of the messages of a gRPC call, where its method is described.
    pub fn name_fields(&self, decoded: &mut Decoded) {
        self.messages.name(decoded);
    }

    /// Whether an endpoint is documented, by itself: whether others are says [`Specs::compare`].
    #[must_use]
    pub fn is_documented(&self, template: &Template) -> bool {
        matches!(self.index.state(template), InventoryState::Documented | InventoryState::Zombie)
    }

    /// The template, base path included, of the operation that a request fits by host, method and path.
    #[must_use]
    pub fn path_of(&self, host: &str, method: &str, segments: &[&str]) -> Option<&str> {
        let found = self.index.lookup(host, method, segments);
        let socket = || (method == "GET").then(|| self.index.socket_path(host, segments)).flatten();
        found.map(|found| found.operation.path.as_str()).or_else(socket)
    }

    /// What specifications say a host counts for. `host`: in lower case.
    #[must_use]
    pub fn told(&self, host: &str) -> HostTold<'_> {
        self.index.told(host)
    }

    /// Compares endpoints that belong together with the specifications.
    #[must_use]
    pub fn compare<'a>(&'a self, templates: impl Iterator<Item = &'a Template>) -> Compared<'a> {
        let mut compared = Compared {
            specs: self,
            seen: BTreeSet::new(),
            refused: BTreeMap::new(),
            places: BTreeSet::new(),
        };
        for template in templates {
            compared.seen.extend(self.index.documenting(template));
            if let Some(call) = &template.call
                && self.index.call_is_deprecated(call).is_some()
            {
                compared.places.insert(Place::of(template, call));
            }
        }
        compared
    }
}

/// An operation as a specification describes it.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Name of the specification, as it was given.
    pub name: &'a str,
    /// The specification.
    pub document: &'a SpecDocument,
    /// The operation.
    pub operation: &'a SpecOperation,
}

/// Where things are called by name: host, method, path, protocol.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(String, String, String, Protocol);

impl Place {
    fn of(template: &Template, call: &Call) -> Self {
        let Template { host, method, path, .. } = template;
        Self(host.clone(), method.clone(), path.clone(), call.protocol)
    }
}

/// What tells an operation from others: its document, its file in it, its pointer in that.
type Key<'a> = (usize, u32, &'a str);

fn key(operation: &Operation) -> Key<'_> {
    let documented = &operation.documented;
    (operation.document, documented.place.file, documented.pointer.as_str())
}

/// Requests for an operation that was never granted.
#[derive(Debug, Default)]
struct Refused {
    requests: u64,
    statuses: BTreeMap<u16, u64>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

impl Refused {
    fn add(&mut self, profile: &Profile) {
        self.requests += profile.requests;
        for (status, count) in &profile.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        // Without a time an exchange says nothing about when.
        self.first_seen = [self.first_seen, profile.first_seen].into_iter().flatten().min();
        self.last_seen = [self.last_seen, profile.last_seen].into_iter().flatten().max();
    }

    /// Says so of the endpoint that was asked for.
    fn say_of(&self, endpoint: &mut Endpoint) {
        endpoint.requests = self.requests;
        endpoint.statuses = self.statuses.iter().map(|(status, count)| (*status, *count)).collect();
        (endpoint.first_seen, endpoint.last_seen) = (self.first_seen, self.last_seen);
    }
}

/// Endpoints compared with specifications.
#[derive(Debug)]
pub struct Compared<'a> {
    specs: &'a Specs,
    /// Indices of documented operations that were seen.
    seen: BTreeSet<usize>,
    /// Those that were asked for and never granted, by document and pointer.
    refused: BTreeMap<Key<'a>, Refused>,
    /// Where what is called is documented, so that the rest should be.
    places: BTreeSet<Place>,
}

impl<'a> Compared<'a> {
    /// How an endpoint relates to the specifications.
    #[must_use]
    pub fn state_of(&self, template: &Template) -> InventoryState {
        let index = &self.specs.index;
        let beside_others = template.call.as_ref().is_some_and(|call| {
            !call.operation.is_empty()
                && !call.is_batch()
                && index.call_is_deprecated(call).is_none()
                && self.places.contains(&Place::of(template, call))
        });
        if beside_others { InventoryState::Shadow } else { index.state(template) }
    }

    /// Whether an endpoint is documented: `None` when no specification has anything to say about
    /// it, `Some(None)` when it should be and is not, `Some(Some(deprecated))` when it is.
    #[must_use]
    pub fn documented(&self, template: &Template) -> Option<Option<bool>> {
        match self.state_of(template) {
            InventoryState::Documented => Some(Some(false)),
            InventoryState::Zombie => Some(Some(true)),
            InventoryState::Shadow => Some(None),
            InventoryState::Unspecified | InventoryState::Deprecated | InventoryState::Orphan => {
                None
            }
        }
    }

    /// What is written about an endpoint, with the differences; `None` when nothing is.
    #[must_use]
    pub fn written(
        &self,
        template: &Template,
        endpoint: &Endpoint,
        profile: &Profile,
    ) -> Option<Written> {
        let Described { name, document, operation } = self.describing(template)?;
        let (anonymous, answers) = (profile.anonymous, &profile.answers);
        let index = &self.specs.index;
        let all = index.documenting(template).filter_map(|at| index.operations().get(at));
        let all = all.filter_map(|one| self.described(one)).filter(|one| one.name == name);
        let all: Vec<&SpecOperation> = all.map(|one| one.operation).collect();
        let known = drift::Known { name, document, operation, all: &all, anonymous, answers };
        Some(drift::compare(endpoint, known))
    }

    /// The operation that an endpoint is; `None` when nothing is written about it.
    #[must_use]
    pub fn describing(&self, template: &Template) -> Option<Described<'a>> {
        let index = &self.specs.index;
        let found = index.documenting(template).next()?;
        self.described(index.operations().get(found)?)
    }

    fn described(&self, operation: &'a Operation) -> Option<Described<'a>> {
        let (name, document) = self.specs.documents.get(operation.document)?;
        Some(Described { name, document, operation: &operation.documented })
    }

    /// Operations that were seen.
    fn operations(&self) -> impl Iterator<Item = &'a Operation> {
        self.seen.iter().filter_map(|index| self.specs.index.operations().get(*index))
    }

    /// Documents of which something was called by its name. Of the others nothing is said: it may be
    /// that no body was seen.
    fn documents_called(&self) -> BTreeSet<usize> {
        let called = self.operations().filter(|one| one.documented.kind.is_called_by_name());
        called.map(|one| one.document).collect()
    }

    /// Takes in what was asked for and is no endpoint, as nothing was granted there. Where an operation is
    /// written down, it is known to be used all the same: by somebody who may not, or who gets it wrong.
    pub fn refuse(&mut self, template: &Template, profile: &Profile) {
        let index = &self.specs.index;
        let found = index.documenting(template).chain(index.sockets_at(template).iter().copied());
        for operation in found.filter_map(|at| index.operations().get(at)) {
            self.refused.entry(key(operation)).or_default().add(profile);
        }
    }

    /// Documented operations that are not among the endpoints, as endpoints of their own (at most
    /// [`MAX_NEVER_GRANTED`]): orphans, which nobody asked for, and those that were asked for and never
    /// granted. Also how many orphans there are.
    #[must_use]
    pub fn never_granted(&self, scope: &Scope) -> (Vec<Endpoint>, u64) {
        let (listed, count) = self.described_never_granted(scope);
        (listed.into_iter().map(|(endpoint, _)| endpoint).collect(), count)
    }

    /// As [`Self::never_granted`], each with what is written about it.
    #[must_use]
    pub fn described_never_granted(
        &self,
        scope: &Scope,
    ) -> (Vec<(Endpoint, Option<Described<'a>>)>, u64) {
        let called = self.documents_called();
        let mut rest = self.specs.index.unseen(&self.seen);
        rest.retain(|one| {
            one.documented.kind.is_matched_by_path() || called.contains(&one.document)
        });
        let is_orphan = |one: &&&Operation| !self.refused.contains_key(&key(one));
        let orphans = rest.iter().filter(is_orphan).count() as u64;
        let listed = rest.into_iter().take(MAX_NEVER_GRANTED);
        let listed = listed.map(|one| (self.without_grant(one, scope), self.described(one)));
        (listed.collect(), orphans)
    }

    fn without_grant(&self, operation: &Operation, scope: &Scope) -> Endpoint {
        let documented = &operation.documented;
        let document = self.specs.documents.get(operation.document).map(|(_, document)| document);
        let servers = documented.servers.first();
        let server = servers.or_else(|| document.and_then(|d| d.servers.first()));
        let host = server.map_or_else(String::new, |server| match &server.pattern {
            Some(pattern) => pattern.text().to_owned(),
            None => server.host.clone(),
        });
        let refused = self.refused.get(&key(operation));
        let inventory_state = match refused {
            None => InventoryState::Orphan,
            Some(_) if documented.deprecated => InventoryState::Deprecated,
            Some(_) => InventoryState::Documented,
        };
        let mut endpoint = Endpoint {
            id: EndpointId::derive(scope, &[&host, &operation.method, &operation.path]),
            host,
            method: Method(operation.method.clone()),
            path: operation.path.clone(),
            protocol: documented.kind.protocol().unwrap_or(Protocol::Rest),
            operation: documented.operation_id.clone(),
            inventory_state,
            confirmed: true,
            ..Endpoint::default()
        };
        if let Some(refused) = refused {
            refused.say_of(&mut endpoint);
        }
        endpoint
    }

    /// One summary per document.
    #[must_use]
    pub fn summaries(&self) -> Vec<SpecSummary> {
        let called = self.documents_called();
        let summary = |(at, (name, document)): (usize, &(String, SpecDocument))| {
            let refused = self.refused.keys().filter(|(document, ..)| *document == at);
            let pointers: BTreeSet<(u32, &str)> = self
                .operations()
                .filter(|operation| operation.document == at)
                .map(|one| (one.documented.place.file, one.documented.pointer.as_str()))
                .chain(refused.map(|(_, file, pointer)| (*file, *pointer)))
                .collect();
            let mut not_compared: BTreeMap<&str, u64> = BTreeMap::new();
            let is_compared = |kind: OperationKind| {
                kind.is_matched_by_path() || (kind.is_called_by_name() && called.contains(&at))
            };
            let is_left = |one: &&Arc<SpecOperation>| {
                !is_compared(one.kind) && !channels::is_seen_by_traffic(document, one)
            };
            for operation in document.operations.iter().filter(is_left) {
                *not_compared.entry(operation.kind.name()).or_default() += 1;
            }
            let more = document.problems.len().saturating_sub(MAX_PROBLEMS) as u64
                + document.more_problems;
            let left_out = self.specs.index.left_out(at);
            let left_out = (left_out > 0).then(|| {
                format!(
                    "{left_out} operations are not compared: beyond what an index of paths holds"
                )
            });
            let problems = document.problems.iter().take(MAX_PROBLEMS).map(ToString::to_string);
            let more = (more > 0).then(|| format!("and {more} more problems"));
            SpecSummary {
                name: name.clone(),
                title: document.title.clone(),
                format: format!("{} {}", document.format, document.version).trim_end().to_owned(),
                operations: document.operations.len() as u64,
                seen: pointers.len() as u64,
                not_compared: not_compared
                    .into_iter()
                    .map(|(name, count)| NamedCount { name: name.to_owned(), count })
                    .collect(),
                problems: problems.chain(more).chain(left_out).collect(),
            }
        };
        self.specs.documents.iter().enumerate().map(summary).collect()
    }
}

#[cfg(test)]
mod tests;
