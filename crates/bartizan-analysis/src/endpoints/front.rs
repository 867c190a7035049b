//! What stands in front of the resources of an API: prefixes, versions, locales.
//!
//! Versions are kept apart. Locales are, too, while there are few: an API that serves two languages
//! has two branches, and a single one belongs to the address of the API. From the fourth on they are
//! one parameter, `{locale}`, all of them: each would be a copy of every endpoint.

use std::collections::BTreeMap;

use super::{
    leaf::AliasReason,
    pass::Pass,
    tree::{HostTree, Node, NodeId, ROOT, Step, Way},
    values::{CERTAIN, Classified, ValueKind, classify, is_version, is_year_month},
};

/// Most versions at one position before they count as values.
const MAX_FRONT_VERSIONS: usize = 12;
/// Most locales at one position before they count as values.
const MAX_FRONT_LOCALES: usize = 3;
/// Name of a parameter in front of the resources whose values are locales.
pub(crate) const LOCALE: &str = "locale";

impl HostTree {
    /// Whether a version or a prefix such as `api` may stand at the children of `id`: everything
    /// above is fixed text of that kind.
    pub(crate) fn is_prefix_position(&self, id: NodeId) -> bool {
        let mut at = id;
        for _ in 0..3 {
            if at == ROOT {
                return true;
            }
            match self.node(at) {
                Some(Node { step: Step::Literal(text), parent, .. }) if is_prefix_word(text) => {
                    at = *parent;
                }
                _ => return false,
            }
        }
        false
    }

    /// Dates and small numbers at the front of a path are versions until there are many of them.
    pub(crate) fn may_be_version(&self, id: NodeId, segment: &str, kind: ValueKind) -> bool {
        let form = match kind {
            ValueKind::Date => true,
            ValueKind::Integer => segment.len() <= 2,
            _ => is_version(segment) || is_year_month(segment),
        };
        form && self.is_version_position(id)
            && self.node(id).is_some_and(|n| {
                n.literals.keys().filter(|k| is_front_version(k)).count() < MAX_FRONT_VERSIONS
            })
    }

    /// Whether a version may stand at the children of `id`: at the front, and behind `api` wherever that
    /// stands (`/admin/api/2024-07`).
    pub(crate) fn is_version_position(&self, id: NodeId) -> bool {
        let is_api = self.node(id).is_some_and(
            |node| matches!(&node.step, Step::Literal(text) if text.eq_ignore_ascii_case("api")),
        );
        is_api || self.is_prefix_position(id)
    }

    /// Whether a node is a locale in front of the resources, as fixed text or as a parameter.
    pub(crate) fn is_front_locale(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| {
            let is_locale = match &node.step {
                Step::Literal(text) => is_locale(text),
                Step::Parameter { .. } => node.takes_locales(),
            };
            is_locale && id != ROOT && self.is_prefix_position(node.parent)
        })
    }

    /// Where a locale leads from `id`; `None` when it is treated as any other segment is.
    pub(crate) fn way_of_locale(&self, id: NodeId, class: Classified) -> Option<Way> {
        let node = self.node(id).filter(|_| class.kind == ValueKind::Locale)?;
        let plain = node.parameters.get(&(String::new(), String::new()));
        if let Some(child) = plain.filter(|child| {
            node.open || self.node(**child).is_some_and(|n| n.pinned || n.takes_locales())
        }) {
            return Some(Way::Known(*child));
        }
        let few = || node.literals.keys().filter(|k| is_locale(k)).count() < MAX_FRONT_LOCALES;
        let kept = class.certainty >= CERTAIN && self.is_prefix_position(id) && few();
        kept.then_some(Way::NewLiteral)
    }
}

impl Node {
    /// Whether most values of a parameter are locales.
    pub(crate) fn takes_locales(&self) -> bool {
        let kinds = &self.values.kinds;
        let locales = kinds.get(&ValueKind::Locale).copied().unwrap_or(0);
        locales > 0 && locales * 2 >= kinds.values().sum()
    }
}

impl Pass<'_> {
    /// Dates and numbers at the front are values when there are many or nothing follows them.
    pub(crate) fn front_versions(&mut self, id: NodeId) {
        if !self.tree.is_prefix_position(id) {
            return;
        }
        let Some(node) = self.tree.node(id) else { return };
        let tokens = self.free(node, |k| is_front_version(k) && !k.starts_with(['v', 'V']));
        let ends = tokens.iter().all(|t| {
            let child = node.literals.get(t).and_then(|c| self.tree.node(*c));
            child.is_some_and(|n| n.literals.is_empty() && n.parameters.is_empty())
        });
        let all_end = ends && !tokens.is_empty();
        if tokens.len() < 6 && !all_end {
            return;
        }
        let evidence = format!("{} numbers or dates at the front of the path", tokens.len());
        for token in tokens {
            self.merge_child(id, &token, &token, Step::plain(), AliasReason::Merged, &evidence);
        }
    }

    /// Locales of one position are all fixed text or all values: those beside a parameter that takes
    /// locales, and more than a few in front of the resources, are values.
    pub(crate) fn locales(&mut self, id: NodeId) {
        let Some(node) = self.tree.node(id) else { return };
        let tokens = self.free(node, is_locale);
        if tokens.is_empty() {
            return;
        }
        let plain = node.parameters.get(&(String::new(), String::new()));
        let taken = plain.and_then(|id| self.tree.node(*id)).is_some_and(Node::takes_locales);
        let many = tokens.len() > MAX_FRONT_LOCALES
            && self.tree.is_prefix_position(id)
            && self.are_a_family(node, &tokens);
        if !taken && !many {
            return;
        }
        let evidence = format!("one of {} locales at one position", tokens.len());
        for token in tokens {
            self.merge_child(id, &token, &token, Step::plain(), AliasReason::Merged, &evidence);
        }
    }

    /// Whether most of these are locales beyond their form: two letters may also be a word (`/it`,
    /// `/hr`). Those with a region are, and so are those with a continuation in common.
    fn are_a_family(&self, node: &Node, tokens: &[String]) -> bool {
        let child = |t: &String| node.literals.get(t).and_then(|id| self.tree.node(*id));
        let children: Vec<&Node> = tokens.iter().filter_map(child).collect();
        let mut below: BTreeMap<&str, u32> = BTreeMap::new();
        for word in children.iter().flat_map(|n| n.literals.keys()) {
            *below.entry(word).or_default() += 1;
        }
        let ends = children.iter().filter(|n| n.literals.is_empty()).count();
        let shares = |n: &&Node| {
            let word = |w: &String| below.get(w.as_str()).is_some_and(|n| *n > 1);
            if n.literals.is_empty() { ends > 1 } else { n.literals.keys().any(word) }
        };
        let region = |t: &&String| classify(t).certainty >= CERTAIN;
        let sure =
            tokens.iter().filter(region).count() + children.iter().filter(|n| shares(n)).count();
        sure * 2 > tokens.len()
    }

    /// Fixed text below a node that nobody declared.
    fn free(&self, node: &Node, is_chosen: impl Fn(&str) -> bool) -> Vec<String> {
        let free = |id: &NodeId| self.tree.node(*id).is_some_and(|n| !(n.pinned || n.apart));
        let chosen = node.literals.iter().filter(|(k, id)| is_chosen(k) && free(id));
        chosen.map(|(k, _)| k.clone()).collect()
    }
}

/// Whether a segment of a path that nothing is known of may be a locale in front of the resources.
pub(crate) fn may_be_front_locale(before: &[&str], segment: &str) -> bool {
    is_locale(segment) && before.len() < 3 && before.iter().all(|s| is_prefix_word(s))
}

/// Whether a segment is a locale by its form.
pub(crate) fn is_locale(s: &str) -> bool {
    classify(s).kind == ValueKind::Locale
}

/// Whether a segment at the front of a path is a version: `v1`, `1.1`, `2010-04-01`, `3`.
pub(crate) fn is_front_version(s: &str) -> bool {
    let class = classify(s);
    is_version(s)
        || is_year_month(s)
        || class.kind == ValueKind::Date
        || (class.kind == ValueKind::Integer && s.len() <= 2)
}

/// Words in front of the resources of an API.
pub(crate) fn is_prefix_word(s: &str) -> bool {
    let lower = s.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "api"
            | "apis"
            | "rest"
            | "ws"
            | "public"
            | "private"
            | "internal"
            | "service"
            | "services"
            | "gateway"
            | "rpc"
            | "external"
            | "open"
            | "web"
            | "mobile"
            | "app"
            | "backend"
            | "prod"
            | "staging"
            | "dev"
            | "test"
            | "sandbox"
            | "beta"
    ) || is_front_version(s)
}
