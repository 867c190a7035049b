//! Hosts that turned out to be one: their graphs become one, and open sessions go on in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Graph, Journeys};

impl Journeys {
    /// Joins the graphs of hosts that became one. `went`: the name that each of these has now. Endpoints have to be
    /// followed before ([`Journeys::follow`]).
    pub(crate) fn join_hosts(&mut self, went: &BTreeMap<String, String>) {
        if went.is_empty() {
            return;
        }
        let keys: Vec<_> =
            self.index.keys().filter(|(host, _)| went.contains_key(host)).cloned().collect();
        for key in keys {
            let (Some(from), Some(host)) = (self.index.remove(&key), went.get(&key.0)) else {
                continue;
            };
            let into = *self.index.entry((host.clone(), key.1)).or_insert(from);
            if into != from {
                self.join_graphs(from, into);
            }
        }
    }

    fn join_graphs(&mut self, from: u16, into: u16) {
        let other = self.graphs.get_mut(usize::from(from)).map(std::mem::take);
        let ours = self.graphs.get_mut(usize::from(into));
        let (Some(other), Some(ours)) = (other, ours) else { return };
        let places = ours.merge(other);
        for session in self.open.values_mut().filter(|session| session.graph == Some(from)) {
            session.graph = Some(into);
            session.position.follow(&places);
        }
    }

    /// The place of a graph that went into another one.
    fn free_place(&self) -> Option<u16> {
        let used: BTreeSet<u16> = self.index.values().copied().collect();
        let mut all = 0..u16::try_from(self.graphs.len()).unwrap_or(u16::MAX);
        all.find(|at| !used.contains(at))
    }

    /// A graph of its own: at the end, or in a place that is free.
    pub(super) fn new_graph(&mut self, most: usize) -> Option<u16> {
        if self.graphs.len() >= most {
            return self.free_place();
        }
        self.graphs.push(Graph::default());
        u16::try_from(self.graphs.len() - 1).ok()
    }
}
