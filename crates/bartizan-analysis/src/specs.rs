//! Specifications that traffic is compared with.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Endpoint, EndpointId, InventoryState, Method, Protocol, Scope, Written,
    analysis::{NamedCount, SpecSummary},
};
use bartizan_protocols::{
    Call,
    spec::{OperationKind, SpecDocument},
};

use crate::{
    drift,
    endpoints::{Operation, SpecIndex, Template},
};

/// Most documented operations without traffic that are listed; the rest is counted.
pub const MAX_ORPHANS: usize = 10_000;
/// Most problems of one document that are shown.
const MAX_PROBLEMS: usize = 20;

/// Specifications, read and indexed.
#[derive(Clone, Debug, Default)]
pub struct Specs {
    index: SpecIndex,
    documents: Vec<(String, SpecDocument)>,
}

impl Specs {
    /// Indexes documents, each with its name. A sloppy one was read as far as possible; its
    /// problems are in [`Specs::summaries`].
    #[must_use]
    pub fn new(documents: Vec<(String, SpecDocument)>) -> Self {
        let index = SpecIndex::from_documents(documents.iter().map(|(_, document)| document));
        Self { index, documents }
    }

    /// Whether an endpoint is documented, by itself: whether others are says [`Specs::compare`].
    #[must_use]
    pub fn is_documented(&self, template: &Template) -> bool {
        matches!(self.index.state(template), InventoryState::Documented | InventoryState::Zombie)
    }

    /// Compares endpoints that belong together with the specifications.
    #[must_use]
    pub fn compare<'a>(&'a self, templates: impl Iterator<Item = &'a Template>) -> Compared<'a> {
        let mut compared = Compared { specs: self, seen: BTreeSet::new(), places: BTreeSet::new() };
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

/// Where things are called by name: host, method, path, protocol.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(String, String, String, Protocol);

impl Place {
    fn of(template: &Template, call: &Call) -> Self {
        let Template { host, method, path, .. } = template;
        Self(host.clone(), method.clone(), path.clone(), call.protocol)
    }
}

/// Endpoints compared with specifications.
#[derive(Debug)]
pub struct Compared<'a> {
    specs: &'a Specs,
    /// Indices of documented operations that were seen.
    seen: BTreeSet<usize>,
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
            InventoryState::Unspecified | InventoryState::Orphan => None,
        }
    }

    /// What is written about an endpoint, with the differences; `None` when nothing is.
    #[must_use]
    pub fn written(
        &self,
        template: &Template,
        endpoint: &Endpoint,
        anonymous: u64,
    ) -> Option<Written> {
        let index = &self.specs.index;
        let found = index.documenting(template).next()?;
        let operation = index.operations().get(found)?;
        let (name, document) = self.specs.documents.get(operation.document)?;
        let operation = &operation.documented;
        Some(drift::compare(endpoint, drift::Known { name, document, operation, anonymous }))
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

    /// Documented operations that are not among the endpoints, as endpoints without traffic (at most
    /// [`MAX_ORPHANS`]), and how many there are.
    #[must_use]
    pub fn orphans(&self, scope: &Scope) -> (Vec<Endpoint>, u64) {
        let called = self.documents_called();
        let mut orphans = self.specs.index.orphans(&self.seen);
        orphans.retain(|one| {
            one.documented.kind.is_matched_by_path() || called.contains(&one.document)
        });
        let listed = orphans.iter().take(MAX_ORPHANS).map(|operation| {
            let document =
                self.specs.documents.get(operation.document).map(|(_, document)| document);
            let servers = &operation.documented.servers;
            let server = servers.first().or_else(|| document.and_then(|d| d.servers.first()));
            let host = server.map_or_else(String::new, |server| server.host.clone());
            Endpoint {
                id: EndpointId::derive(scope, &[&host, &operation.method, &operation.path]),
                host,
                method: Method(operation.method.clone()),
                path: operation.path.clone(),
                protocol: operation.documented.kind.protocol().unwrap_or(Protocol::Rest),
                operation: operation.documented.operation_id.clone(),
                inventory_state: InventoryState::Orphan,
                confirmed: true,
                ..Endpoint::default()
            }
        });
        (listed.collect(), orphans.len() as u64)
    }

    /// One summary per document.
    #[must_use]
    pub fn summaries(&self) -> Vec<SpecSummary> {
        let called = self.documents_called();
        let summary = |(at, (name, document)): (usize, &(String, SpecDocument))| {
            let pointers: BTreeSet<(u32, &str)> = self
                .operations()
                .filter(|operation| operation.document == at)
                .map(|one| (one.documented.place.file, one.documented.pointer.as_str()))
                .collect();
            let mut not_compared: BTreeMap<&str, u64> = BTreeMap::new();
            let is_compared = |kind: OperationKind| {
                kind.is_matched_by_path() || (kind.is_called_by_name() && called.contains(&at))
            };
            for operation in document.operations.iter().filter(|o| !is_compared(o.kind)) {
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
