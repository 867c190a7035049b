//! Undo of merges: endpoints come back whose paths somebody keeps apart.

use std::collections::BTreeMap;

use bartizan_model::EndpointId;

use super::{
    Segment, Template,
    catalogue::decode,
    leaf::{Alias, AliasReason},
    resolver::Resolver,
    tree::{HostTree, NodeId, ROOT, Step},
};
use crate::catalog::KnownPath;

/// Longest path that is offered, host included, in bytes.
const MAX_WRITTEN: usize = 1_024;

/// An endpoint that a merge took in, and that comes back when its path is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its id before the merge.
    pub id: EndpointId,
    /// Its method.
    pub method: String,
    /// Its path behind its host, as [`KnownPath::new`] reads it.
    pub written: String,
}

impl Resolver {
    /// Undoes every merge of a path that is written down: its endpoint gets its id back, and its fixed text is
    /// never merged again. Returns how many endpoints came back.
    ///
    /// Requests observed before keep the leaf they were given, so they follow their own endpoint; those that
    /// only ever carried the id of the merged one stay with that.
    pub fn keep_apart(&mut self, written: &[KnownPath]) -> usize {
        if written.is_empty() {
            return 0;
        }
        let mut by_path: BTreeMap<Vec<Option<&str>>, Vec<&KnownPath>> = BTreeMap::new();
        for known in written {
            by_path.entry(known.segments()).or_default().push(known);
        }
        let is_apart = |host: &str, path: &[Option<&str>]| {
            by_path.get(path).is_some_and(|those| those.iter().any(|known| known.is_of(host)))
        };
        let mut back = 0;
        for at in 0..self.aliases.len() {
            let Some(alias) = self.aliases.get(at).filter(|alias| self.can_be_undone(alias)) else {
                continue;
            };
            let is_chosen = self.leaf(alias.leaf).is_some_and(|leaf| {
                texts(&alias.steps).is_some_and(|steps| is_apart(&leaf.host, &steps))
            });
            if !is_chosen {
                continue;
            }
            let alias = alias.clone();
            let merged = self.leaf(self.root_of(alias.leaf)).map(|leaf| leaf.id.clone());
            if !self.restore(&alias) {
                continue;
            }
            back += 1;
            self.parted.push(alias.from.clone());
            if let Some(entry) = self.aliases.get_mut(at) {
                entry.undone = true;
            }
            // What had been merged into it before it was merged itself stays with the rest.
            if let Some(merged) = &merged {
                let led = |other: &&mut Alias| other.leads() && other.to == alias.from;
                self.aliases.iter_mut().filter(led).for_each(|other| other.to.clone_from(merged));
            }
            self.record(Alias {
                from: merged.unwrap_or_default(),
                to: alias.from,
                reason: AliasReason::Split,
                evidence: "the merge was undone; never merged again".to_owned(),
                undone: false,
                leaf: alias.leaf,
                steps: Vec::new(),
            });
        }
        self.pin(&by_path);
        back
    }

    /// Keeps fixed text that was not merged yet from being merged. Looks at what is written down, whatever else there
    /// is of a host.
    fn pin(&mut self, written: &BTreeMap<Vec<Option<&str>>, Vec<&KnownPath>>) {
        let Self { hosts, leaves, parted, .. } = self;
        for (host, tree) in hosts {
            for (path, those) in written {
                if let Some(end) = tree.text_at(path)
                    && those.iter().any(|known| known.is_of(host))
                    && let Some(node) = tree.node_mut(end)
                    && !node.pinned
                {
                    node.pinned = true;
                    let found = node.leaves.values().filter_map(|leaf| leaves.get(leaf.0 as usize));
                    let ids = found.map(|leaf| &leaf.id).filter(|id| !id.as_str().is_empty());
                    parted.extend(ids.cloned());
                }
            }
        }
    }

    /// Ids of endpoints that came back, and of those that are kept from being merged, since this was asked last:
    /// a copy may have merged them before, and told somebody.
    pub fn take_parted(&mut self) -> Vec<EndpointId> {
        std::mem::take(&mut self.parted)
    }

    /// What merges took into endpoint `id` and can be kept apart, by path. Left out is what no path says
    /// that could be written down: a part of a segment that varies, a host or text with braces or `*`.
    #[must_use]
    pub fn parts(&self, id: &EndpointId) -> Vec<Part> {
        let part = |alias: &Alias| {
            let root = self.leaf(self.root_of(alias.leaf)).filter(|root| root.id == *id)?;
            let leaf = self.leaf(alias.leaf)?;
            let written = written(&leaf.host, &alias.steps, &root.template)?;
            Some(Part { id: alias.from.clone(), method: leaf.method.clone(), written })
        };
        let undoable = self.aliases.iter().filter(|alias| self.can_be_undone(alias));
        let mut parts: Vec<Part> = undoable.filter_map(part).collect();
        parts.sort_by(|a, b| (&a.written, &a.method, &a.id).cmp(&(&b.written, &b.method, &b.id)));
        parts
    }

    /// Whether an alias is of a merge that still holds.
    fn can_be_undone(&self, alias: &Alias) -> bool {
        let is_merge = matches!(alias.reason, AliasReason::Merged | AliasReason::Format);
        let is_merged = || self.leaf(alias.leaf).is_some_and(|leaf| leaf.merged_into.is_some());
        is_merge && !alias.undone && !alias.steps.is_empty() && is_merged()
    }

    /// Puts the leaf of an alias back where it was; `false` when there is no room, or another endpoint by now.
    fn restore(&mut self, alias: &Alias) -> bool {
        let limits = self.limits.clone();
        let Some(leaf) = self.leaf(alias.leaf) else { return false };
        let (host, key) = (leaf.host.clone(), leaf.key());
        let Some(tree) = self.hosts.get_mut(&host) else { return false };
        let mut at: NodeId = ROOT;
        for step in &alias.steps {
            let Some(next) = tree.add(at, step.clone(), &limits) else { return false };
            if let Some(node) = tree.node_mut(next) {
                node.pinned = true;
            }
            at = next;
        }
        let Some(node) = tree.node_mut(at).filter(|node| !node.leaves.contains_key(&key)) else {
            return false;
        };
        node.leaves.insert(key, alias.leaf);
        if let Some(leaf) = self.leaves.get_mut(alias.leaf.0 as usize) {
            leaf.merged_into = None;
            leaf.place = super::leaf::Place::Node(at);
            leaf.stale = true;
        }
        self.refresh(alias.leaf, &[]);
        true
    }
}

impl HostTree {
    /// The node of fixed text at the end of a path (`None` for a parameter) at which endpoints end.
    fn text_at(&self, path: &[Option<&str>]) -> Option<NodeId> {
        let plain = (String::new(), String::new());
        let end = path.iter().try_fold(ROOT, |at, text| {
            let node = self.node(at)?;
            match text {
                Some(text) => node.literals.get(*text).copied(),
                None => node.parameters.get(&plain).copied(),
            }
        })?;
        let has_endpoints = self.node(end).is_some_and(|node| !node.leaves.is_empty());
        (matches!(path.last(), Some(Some(_))) && has_endpoints).then_some(end)
    }
}

impl Alias {
    /// Whether its id leads to another one.
    pub(crate) fn leads(&self) -> bool {
        !self.undone && self.reason != AliasReason::Split
    }
}

/// The fixed text of steps, `None` for a parameter; nothing when a parameter is a part of a segment only.
fn texts(steps: &[Step]) -> Option<Vec<Option<&str>>> {
    steps.iter().map(text_of).collect()
}

fn text_of(step: &Step) -> Option<Option<&str>> {
    match step {
        Step::Literal(text) => Some(Some(text.as_str())),
        Step::Parameter { prefix, suffix } if prefix.is_empty() && suffix.is_empty() => Some(None),
        Step::Parameter { .. } => None,
    }
}

/// A path behind its host, when it means itself as it is read again. Parameters are named as `merged` names
/// them.
fn written(host: &str, steps: &[Step], merged: &Template) -> Option<String> {
    let texts = texts(steps)?;
    let mut out = host.to_owned();
    for (at, text) in texts.iter().enumerate() {
        out.push('/');
        match (text, merged.segments.get(at)) {
            (Some(text), _) if decode(text) == *text && !text.chars().any(char::is_control) => {
                out.push_str(text);
            }
            (Some(_), _) => return None,
            (None, Some(Segment::Parameter { name, .. })) => out.push_str(&format!("{{{name}}}")),
            (None, _) => out.push_str("{id}"),
        }
    }
    let is_plain = out.len() <= MAX_WRITTEN && !host.contains('*');
    let known = KnownPath::new(&out).ok().filter(|_| is_plain)?;
    known.is_written(host, &texts).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::tests::{SLUGS, answer, get, last, listed, resolver, see, teach_slugs};

    #[test]
    fn what_is_kept_apart_comes_back_and_stays() {
        let mut r = resolver();
        let leaves = teach_slugs(&mut r);
        let before = r.endpoints();
        r.consolidate();
        let id = r.final_endpoint(leaves[0]).expect("listed").id.clone();
        let parts = r.parts(&id);
        assert_eq!(parts.len(), SLUGS.len() - 1, "the oldest gave its id: {parts:?}");
        let hare = parts.iter().find(|part| part.written.ends_with("/snow-hare")).expect("a part");
        assert_eq!(hare.written, "api.example.com/v1/habitats/snow-hare");

        let known = [KnownPath::new(&hare.written).expect("a path")];
        assert_eq!(r.keep_apart(&known), 2, "GET and DELETE");
        assert_eq!(r.keep_apart(&known), 0, "once");
        assert_eq!((r.take_parted().len(), r.take_parted().len()), (2, 0));
        let (path, merged) = (Some("/v1/habitats/snow-hare"), "/v1/habitats/{habitat_id}");
        assert_eq!(last(&r, leaves[3]).as_deref(), path);
        assert_eq!(last(&r, leaves[4]).as_deref(), Some(merged), "the others stay merged");
        let own = before.iter().find(|one| one.leaf == leaves[3]).expect("listed before");
        assert_eq!(r.final_endpoint(leaves[3]).map(|t| &t.id), Some(&own.template.id));
        assert_eq!(r.current_id(&own.template.id), own.template.id);
        assert!(!r.aliases_of(&own.template.id).contains(&id), "nothing leads the other way");
        assert_eq!(r.parts(&id).len(), SLUGS.len() - 2);
        r.consolidate();
        assert_eq!(last(&r, leaves[3]).as_deref(), path);
        assert_eq!(get(&mut r, "/v1/habitats/snow-hare").1, "/v1/habitats/snow-hare");
        assert_eq!(get(&mut r, "/v1/habitats/sun-bear").1, merged);
        let mut ids: Vec<_> = r.endpoints().into_iter().map(|l| l.template.id.clone()).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "no id twice");
    }

    #[test]
    fn what_was_not_merged_yet_is_told_too() {
        let mut r = resolver();
        let leaves = teach_slugs(&mut r);
        let own = r.endpoints().into_iter().find(|one| one.leaf == leaves[3]).expect("listed");
        let own = own.template.id.clone();
        let known = [KnownPath::new("*/v1/habitats/snow-hare").expect("a path")];
        assert_eq!(r.keep_apart(&known), 0, "nothing merged");
        assert!(r.take_parted().contains(&own), "results may have merged it in a copy");
        assert_eq!(r.keep_apart(&known), 0);
        assert!(r.take_parted().is_empty(), "once");
    }

    #[test]
    fn what_was_declared_meanwhile_is_not_taken_over() {
        let mut r = resolver();
        let leaves = teach_slugs(&mut r);
        r.consolidate();
        assert!(r.declare("api.example.com", "GET", "/v1/habitats/snow-hare", None));
        let known = [KnownPath::new("*/v1/habitats/snow-hare").expect("a path")];
        assert_eq!(r.keep_apart(&known), 1, "DELETE only");
        assert_eq!(last(&r, leaves[3]).as_deref(), Some("/v1/habitats/{habitat_id}"));
        let hares = listed(&r).iter().filter(|path| path.ends_with("/snow-hare")).count();
        assert!(hares <= 2, "{:?}", listed(&r));
    }

    #[test]
    fn fixed_text_that_is_written_down_is_kept_before_it_is_merged() {
        let mut r = resolver();
        teach_slugs(&mut r);
        (0..12).for_each(|n| drop(get(&mut r, &format!("/v1/owners/{n}/habitats/hare"))));
        let known = ["api.*/v1/habitats/red-panda", "*/v1/owners/{id}/habitats/hare", "*/v1/{any}"];
        let known = known.map(|path| KnownPath::new(path).expect(path));
        let other = KnownPath::new("other.example.com/v1/habitats/barn-cat").expect("a path");
        assert_eq!(r.keep_apart(&[&known[..], &[other]].concat()), 0, "nothing was merged");
        let tree = &r.hosts["api.example.com"];
        let is_text = |step: &Step| matches!(step, Step::Literal(_));
        let pinned = tree.nodes.iter().filter(|node| node.pinned);
        let pinned: Vec<_> = pinned.map(|node| (&node.step, is_text(&node.step))).collect();
        assert_eq!(pinned.len(), 2, "{pinned:?}");
        r.consolidate();
        let paths = listed(&r);
        assert!(paths.contains(&"GET /v1/habitats/red-panda".to_owned()), "{paths:?}");
        assert!(!paths.iter().any(|path| path.ends_with("/barn-cat")), "{paths:?}");
    }

    #[test]
    fn formats_can_be_kept_apart() {
        let mut r = resolver();
        for ext in ["json", "kml", "csv"] {
            see(&mut r, "GET", &format!("/sites/near.{ext}"), answer(200));
        }
        r.consolidate();
        assert_eq!(listed(&r), ["GET /sites/near.{format}"]);
        let id = r.endpoints()[0].template.id.clone();
        let parts: Vec<_> = r.parts(&id).into_iter().map(|part| part.written).collect();
        assert_eq!(parts.len(), 2, "{parts:?}");
        assert!(parts.iter().all(|path| path.starts_with("api.example.com/sites/near.")));
    }

    #[test]
    fn what_cannot_be_written_is_not_offered() {
        let written = |host: &str, text: &str| {
            let steps = [Step::Literal(text.to_owned()), Step::plain()];
            written(host, &steps, &Template::default())
        };
        assert_eq!(written("h.example", "users").as_deref(), Some("h.example/users/{id}"));
        for text in ["a%2f", "a{b}", "{id}", "a*", "a/b", "a\u{1b}", &"a".repeat(MAX_WRITTEN)] {
            assert_eq!(written("h.example", text), None, "{text:?}");
        }
        assert_eq!(written("*", "users"), None, "it would be of every host");
        let part = Step::Parameter { prefix: "near.".to_owned(), suffix: String::new() };
        assert_eq!(super::written("h.example", &[part], &Template::default()), None);
    }
}
