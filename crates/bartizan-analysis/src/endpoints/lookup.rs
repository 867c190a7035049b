//! What results need to know of the resolver: names of path parameters, aliases.

use std::sync::Arc;

use bartizan_model::{EndpointId, Location};

use super::{Alias, AliasReason, LeafId, Resolver, Template};

/// A location whose path segment is named by the template: `path.2` → `path.order_id`. Everything
/// else stays as it is.
#[must_use]
pub fn named_location(template: &Template, location: &Location) -> Location {
    let Some(rest) = location.as_str().strip_prefix("path.") else { return location.clone() };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let index = rest[..end].parse::<u32>().ok();
    match index.and_then(|index| template.parameter(index)) {
        Some(name) => Location::from_text(format!("path.{name}{}", &rest[end..])),
        None => location.clone(),
    }
}

impl Resolver {
    /// The endpoint of a leaf as known now, noise included.
    #[must_use]
    pub fn current_endpoint(&self, leaf: LeafId) -> Option<&Arc<Template>> {
        self.leaf(self.shown(leaf)).map(|found| &found.template)
    }

    /// Ids that lead to an endpoint, directly or through others.
    #[must_use]
    pub fn aliases_of(&self, id: &EndpointId) -> Vec<EndpointId> {
        let mut out: Vec<EndpointId> = Vec::new();
        // Later merges lead to earlier results, so one pass backwards finds chains.
        let leading = |alias: &&Alias| !alias.undone && alias.reason != AliasReason::Split;
        for alias in self.aliases.iter().rev().filter(leading) {
            if alias.to == *id || out.contains(&alias.to) {
                out.push(alias.from.clone());
            }
        }
        out.sort();
        out.dedup();
        out
    }
}
