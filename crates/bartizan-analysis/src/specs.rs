//! Specifications that traffic is compared with.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Endpoint, EndpointId, InventoryState, Method, Protocol, Scope,
    analysis::{NamedCount, SpecSummary},
};
use bartizan_protocols::spec::SpecDocument;

use crate::endpoints::{SpecIndex, Template};

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

    /// How an endpoint relates to the specifications.
    #[must_use]
    pub fn state_of(&self, template: &Template) -> InventoryState {
        self.index.state(template)
    }

    /// Whether an endpoint is documented: `None` when no specification has anything to say about
    /// it, `Some(None)` when it should be and is not, `Some(Some(deprecated))` when it is.
    #[must_use]
    pub fn documented(&self, template: &Template) -> Option<Option<bool>> {
        match self.index.state(template) {
            InventoryState::Documented => Some(Some(false)),
            InventoryState::Zombie => Some(Some(true)),
            InventoryState::Shadow => Some(None),
            InventoryState::Unspecified | InventoryState::Orphan => None,
        }
    }

    fn seen<'a>(&self, templates: impl Iterator<Item = &'a Template>) -> BTreeSet<usize> {
        templates.filter_map(|t| self.index.lookup_template(t)).map(|found| found.index).collect()
    }

    /// Documented operations that are not among `templates`, as endpoints without traffic (at most
    /// [`MAX_ORPHANS`]), and how many there are.
    #[must_use]
    pub fn orphans<'a>(
        &self,
        scope: &Scope,
        templates: impl Iterator<Item = &'a Template>,
    ) -> (Vec<Endpoint>, u64) {
        let orphans = self.index.orphans(&self.seen(templates));
        let listed = orphans.iter().take(MAX_ORPHANS).map(|operation| {
            let document = self.documents.get(operation.document).map(|(_, document)| document);
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
    pub fn summaries<'a>(&self, templates: impl Iterator<Item = &'a Template>) -> Vec<SpecSummary> {
        let seen = self.seen(templates);
        let summary = |(at, (name, document)): (usize, &(String, SpecDocument))| {
            let pointers: BTreeSet<&str> = seen
                .iter()
                .filter_map(|index| self.index.operations().get(*index))
                .filter(|operation| operation.document == at)
                .map(|operation| operation.documented.pointer.as_str())
                .collect();
            let mut not_compared: BTreeMap<&str, u64> = BTreeMap::new();
            for operation in document.operations.iter().filter(|o| !o.kind.is_matched_by_path()) {
                *not_compared.entry(operation.kind.name()).or_default() += 1;
            }
            let more = document.problems.len().saturating_sub(MAX_PROBLEMS) as u64
                + document.more_problems;
            let left_out = self.index.left_out(at);
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
        self.documents.iter().enumerate().map(summary).collect()
    }
}
