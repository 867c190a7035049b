//! From concrete requests to endpoints: path templates, permanent ids, aliases, specifications.

use bartizan_model::EndpointId;
use serde::{Deserialize, Serialize};

/// One segment of a path template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Segment {
    /// The same in every request.
    Literal(String),
    /// A parameter, possibly between fixed text: `{id}.json`.
    Parameter {
        /// Name without braces.
        name: String,
        /// Fixed text before the value.
        prefix: String,
        /// Fixed text behind the value.
        suffix: String,
    },
}

/// An endpoint as resolution sees it: method, host and path template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Permanent id of the endpoint.
    pub id: EndpointId,
    /// Host without port; empty when the source does not say.
    pub host: String,
    /// Method.
    pub method: String,
    /// Segments of the path.
    pub segments: Vec<Segment>,
    /// The path as text, with `{name}` for parameters.
    pub path: String,
}

impl Template {
    /// Name of the parameter at segment `index`; `None` for a literal.
    #[must_use]
    pub fn parameter(&self, index: u32) -> Option<&str> {
        match self.segments.get(index as usize)? {
            Segment::Literal(_) => None,
            Segment::Parameter { name, .. } => Some(name),
        }
    }
}

/// Documented operations by host and path, from specifications.
#[derive(Clone, Debug, Default)]
pub struct SpecIndex {}
