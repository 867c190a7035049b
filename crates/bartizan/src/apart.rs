//! Undoing merges of an endpoint: which of the paths in it are endpoints of their own from now on, as the API and the
//! command line decide it.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_analysis::endpoints::Part;
use bartizan_model::{EndpointId, Timestamp};
use bartizan_store::{MAX_APART_REASON, Parting, PathApart};
use schemars::JsonSchema;
use serde::Serialize;

/// Most paths of one answer, and of one decision.
pub(crate) const MOST: usize = 500;

/// What an endpoint is made of.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EndpointParts {
    /// The endpoint that the id leads to.
    pub(crate) endpoint_id: EndpointId,
    /// Its path, which stays for all that is not kept apart.
    pub(crate) path: String,
    /// Paths that were merged into it, as this server learned it; at most 500.
    pub(crate) items: Vec<MergedPath>,
    /// How many there are.
    pub(crate) count: usize,
    /// Whether the items are all of them.
    pub(crate) is_all: bool,
}

impl EndpointParts {
    pub(crate) fn new(endpoint_id: EndpointId, path: String, mut items: Vec<MergedPath>) -> Self {
        let count = items.len();
        items.truncate(MOST);
        Self { endpoint_id, path, is_all: items.len() == count, items, count }
    }
}

/// A path that was merged.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MergedPath {
    /// The path behind its host.
    pub(crate) path: String,
    /// Methods of its endpoints.
    pub(crate) methods: BTreeSet<String>,
    /// Ids that they had and get back.
    pub(crate) endpoint_ids: BTreeSet<EndpointId>,
}

impl MergedPath {
    /// Parts by their paths, in order.
    pub(crate) fn of(parts: Vec<Part>) -> Vec<Self> {
        let mut by_path: BTreeMap<String, Self> = BTreeMap::new();
        for Part { id, method, written } in parts {
            let path = written.clone();
            let new = || Self { path, methods: BTreeSet::new(), endpoint_ids: BTreeSet::new() };
            let one = by_path.entry(written).or_insert_with(new);
            one.methods.insert(method);
            one.endpoint_ids.insert(id);
        }
        by_path.into_values().collect()
    }
}

/// What is kept apart.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EndpointSplit {
    /// The endpoint that they had been merged into.
    pub(crate) endpoint_id: EndpointId,
    /// The paths behind their host. The inventory shows them within half a minute.
    pub(crate) paths: Vec<String>,
    /// How many paths there are to keep apart: those that were asked for, else all that were merged into it.
    pub(crate) count: usize,
    /// Whether `paths` are all of them. One decision has room for 500 paths, in their order; the others stay merged
    /// and are not listed. Split again for the next ones.
    pub(crate) is_all: bool,
    /// Whether anything was decided that had not been before.
    pub(crate) is_new: bool,
}

/// Whether a reason can be kept: on one line, and not too long.
pub(crate) fn is_reason(text: &str) -> bool {
    text.len() <= MAX_APART_REASON && !text.chars().any(char::is_control)
}

/// A split that can be.
pub(crate) struct Split {
    endpoint: EndpointId,
    /// Those that were kept apart before, as far as they are meant.
    before: BTreeSet<String>,
    chosen: Vec<MergedPath>,
    count: usize,
}

impl Split {
    /// Of what was merged into an endpoint, what is wanted: by its paths, or all of it. `decided`: what is kept apart
    /// already.
    ///
    /// # Errors
    /// Says why nothing can be split like that.
    pub(crate) fn new(
        endpoint: EndpointId,
        mut merged: Vec<MergedPath>,
        decided: Vec<PathApart>,
        wanted: &[String],
    ) -> Result<Self, String> {
        let mut before: BTreeSet<String> = decided
            .into_iter()
            .filter(|one| one.endpoint == endpoint)
            .map(|one| one.path)
            .collect();
        if wanted.is_empty() {
            if merged.is_empty() && before.is_empty() {
                return Err("nothing was merged into it that a path can keep apart".to_owned());
            }
        } else {
            merged.retain(|one| wanted.contains(&one.path));
            let is_known = |path: &&String| {
                before.contains(*path) || merged.iter().any(|one| one.path == **path)
            };
            if let Some(path) = wanted.iter().find(|path| !is_known(path)) {
                return Err(format!("{path} was not merged into it"));
            }
            before.retain(|path| wanted.contains(path));
        }
        // First what was not decided before: of many, each time the next ones.
        merged.sort_by_key(|one| before.contains(&one.path));
        let new = merged.iter().filter(|one| !before.contains(&one.path)).count();
        let count = before.len() + new;
        merged.truncate(MOST);
        Ok(Self { endpoint, before, chosen: merged, count })
    }

    /// What is to be written down.
    pub(crate) fn parting(&self, who: String, reason: String, now: Timestamp) -> Parting {
        Parting {
            endpoint: self.endpoint.clone(),
            paths: self.chosen.iter().map(|one| one.path.clone()).collect(),
            ids: self.chosen.iter().flat_map(|one| one.endpoint_ids.iter().cloned()).collect(),
            who,
            reason,
            now,
        }
    }

    /// What to say once it is. `is_new`: whether it had not been before.
    pub(crate) fn told(self, is_new: bool) -> EndpointSplit {
        let Self { endpoint, mut before, chosen, count } = self;
        before.extend(chosen.into_iter().map(|one| one.path));
        let is_all = before.len() == count;
        let paths = before.into_iter().collect();
        EndpointSplit { endpoint_id: endpoint, paths, count, is_all, is_new }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> EndpointId {
        EndpointId::from_text("ep_a")
    }

    fn merged(paths: usize) -> Vec<MergedPath> {
        let part = |n: usize| Part {
            id: EndpointId::from_text(format!("ep_{n}")),
            method: "GET".to_owned(),
            written: format!("h.example/{n:04}"),
        };
        MergedPath::of((0..paths).map(part).collect())
    }

    fn decided(paths: &[String]) -> Vec<PathApart> {
        let apart = |path: &String| PathApart { path: path.clone(), endpoint: endpoint() };
        paths.iter().map(apart).collect()
    }

    #[test]
    fn what_one_decision_has_no_room_for_is_told_and_comes_next() {
        let split = Split::new(endpoint(), merged(700), Vec::new(), &[]).expect("possible");
        let parting = split.parting("ann".to_owned(), String::new(), Timestamp::from_seconds(1));
        assert_eq!((parting.paths.len(), parting.ids.len()), (MOST, MOST));
        let first = split.told(true);
        assert_eq!((first.paths.len(), first.count, first.is_all), (MOST, 700, false));

        // What was merged may still be told when it is asked again at once.
        let before = decided(&first.paths);
        let again = Split::new(endpoint(), merged(700), before, &[]).expect("possible");
        let again = again.told(true);
        assert_eq!((again.paths.len(), again.count, again.is_all), (700, 700, true));
        let parts = EndpointParts::new(endpoint(), "/{id}".to_owned(), merged(700));
        assert_eq!((parts.items.len(), parts.count, parts.is_all), (MOST, 700, false));
    }

    #[test]
    fn what_is_wanted_counts_alone_and_has_to_be_there() {
        let one = ["h.example/0001".to_owned()];
        let split = Split::new(endpoint(), merged(3), decided(&one), &one).expect("possible");
        let told = split.told(false);
        assert_eq!((told.paths, told.count, told.is_all), (one.to_vec(), 1, true));
        let other = ["h.example/other".to_owned()];
        for (merged, wanted) in [(merged(3), &other[..]), (Vec::new(), &[])] {
            assert!(Split::new(endpoint(), merged, Vec::new(), wanted).is_err());
        }
        assert!(Split::new(endpoint(), Vec::new(), decided(&one), &[]).is_ok(), "done before");
    }

    #[test]
    fn reasons_are_one_line() {
        assert!(is_reason("") && is_reason("they are different things"));
        assert!(!is_reason("a\nb") && !is_reason(&"a".repeat(MAX_APART_REASON + 1)));
    }
}
