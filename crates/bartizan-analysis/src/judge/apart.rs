//! Endpoints that are kept apart, in what was learned before that was written down.

use bartizan_model::EndpointId;

use super::State;
use crate::{catalog::Catalog, detectors::StateError, endpoints::Part, snapshot::Snapshot};

impl State {
    /// Undoes the merges that paths of the catalogue are against, so that they count for what was learned
    /// before they were written down too; how many endpoints came back. What was learned of them together
    /// stays together.
    pub fn keep_apart(&mut self, catalog: &Catalog) -> usize {
        self.core.resolver.keep_apart(&catalog.paths)
    }

    /// Ids of endpoints that stand for themselves since this was asked last, because of paths that are kept apart.
    /// Whoever was told that they lead elsewhere has to be told.
    pub fn take_parted(&mut self) -> Vec<EndpointId> {
        self.core.resolver.take_parted()
    }

    /// What [`State::save`] wrote, as the next results show it: what is learned is consolidated at fixed points, and
    /// for each result in a copy. To be asked, not to be learned on. Takes about as long as a result.
    ///
    /// # Errors
    /// When the bytes are no such state.
    pub fn in_results(saved: &[u8], snapshot: &Snapshot) -> Result<Self, StateError> {
        let mut copy = Self::load(saved)?;
        copy.core.consolidate(snapshot);
        Ok(copy)
    }

    /// What merges took into an endpoint and a path of the catalogue could keep apart.
    #[must_use]
    pub fn parts(&self, endpoint: &EndpointId) -> Vec<Part> {
        self.core.resolver.parts(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bartizan_model::{HashKey, Scope};

    use super::*;
    use crate::{
        Snapshot,
        catalog::KnownPath,
        checks::example::get,
        judge::{judge, results},
    };

    /// Judges requests of words below `/habitats`, round after round.
    fn teach(state: &mut State, snapshot: &Snapshot) {
        for a in ["snow", "red", "grey", "blue", "brown", "marsh", "river", "stone"] {
            for b in ["hare", "fox", "owl", "wolf", "heron"] {
                let url = format!("https://api.example.com/v1/habitats/{a}-{b}");
                let exchange = get(&url).answer(200, "application/json", r#"{"id":1}"#).build();
                judge(&exchange, snapshot, state, exchange.time);
            }
        }
    }

    fn paths(state: &mut State, snapshot: &Snapshot) -> Vec<String> {
        let endpoints = results(state, snapshot).endpoints;
        endpoints.into_iter().map(|endpoint| endpoint.path).collect()
    }

    #[test]
    fn a_path_that_is_written_down_later_counts_for_what_was_learned() {
        let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let mut state = State::new(&snapshot.scope);
        teach(&mut state, &snapshot);
        let merged = results(&mut state, &snapshot).endpoints;
        assert_eq!(merged.len(), 1, "{merged:?}");
        let parts = state.parts(&merged[0].id);
        let copy = State::in_results(&state.save().expect("saved"), &snapshot).expect("restored");
        assert_eq!(copy.parts(&merged[0].id), parts, "a copy shows what results do");
        assert!(State::in_results(b"nothing", &snapshot).is_err());
        let fox = parts.iter().find(|part| part.written.ends_with("/red-fox")).expect("a part");
        assert_eq!(state.keep_apart(&snapshot.catalog), 0);

        let known = KnownPath::new(&fox.written).expect("a path");
        snapshot.catalog = Arc::new(Catalog { paths: vec![known], ..Catalog::default() });
        assert_eq!(state.keep_apart(&snapshot.catalog), 1);
        assert_eq!(state.take_parted(), std::slice::from_ref(&fox.id));
        let expected = ["/v1/habitats/red-fox", "/v1/habitats/{habitat_id}"];
        assert_eq!(paths(&mut state, &snapshot), expected, "before anything more is seen");
        // Also when it is learned on, saved, restored, and learned from nothing.
        teach(&mut state, &snapshot);
        let mut state = State::load(&state.save().expect("saved")).expect("restored");
        assert_eq!(state.keep_apart(&snapshot.catalog), 0, "once");
        let endpoints = results(&mut state, &snapshot).endpoints;
        assert_eq!(endpoints.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!((&endpoints[0].id, endpoints[0].requests), (&fox.id, 2));
        assert!(
            state
                .endpoint_merges()
                .iter()
                .all(|(from, into, _)| *from != fox.id && *into != fox.id)
        );
        let mut anew = State::new(&snapshot.scope);
        teach(&mut anew, &snapshot);
        assert_eq!(paths(&mut anew, &snapshot), expected);
    }
}
