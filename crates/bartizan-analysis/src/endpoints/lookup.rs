//! What results need to know of the resolver: names of path parameters, aliases.

use std::sync::Arc;

use bartizan_model::{EndpointId, Location, host::is_pattern, location::escape_into};

use super::{LeafId, Resolver, Segment, Template};

/// A location whose path segment is named by the template: `path.2` → `path.order_id`, and `path.1;lat` →
/// `path.point;lat`. Everything else stays as it is.
#[must_use]
pub fn named_location(template: &Template, location: &Location) -> Location {
    let Some(rest) = location.as_str().strip_prefix("path.") else { return location.clone() };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let index = rest[..end].parse::<u32>().ok();
    let Some(index) = index else { return location.clone() };
    let behind = &rest[end..];
    match (template.parameter(index), template.segments.get(index as usize)) {
        (Some(name), _) => Location::from_text(format!("path.{name}{behind}")),
        // Fixed text is what parameters of a segment stand behind; `;point` has nothing in front of them.
        (None, Some(Segment::Literal(text))) if behind.starts_with(';') => {
            let text = text.split(';').next().unwrap_or("");
            let mut named = "path.".to_owned();
            escape_into(&mut named, text);
            named.push_str(behind);
            Location::from_text(named)
        }
        _ => location.clone(),
    }
}

impl Resolver {
    /// Whether the host of an endpoint is a pattern.
    #[must_use]
    pub fn is_at_pattern(&self, leaf: LeafId) -> bool {
        self.leaf(leaf).is_some_and(|found| is_pattern(&found.host))
    }

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
        for alias in self.aliases.iter().rev().filter(|alias| alias.leads()) {
            if alias.to == *id || out.contains(&alias.to) {
                out.push(alias.from.clone());
            }
        }
        out.sort();
        out.dedup();
        out
    }
}
