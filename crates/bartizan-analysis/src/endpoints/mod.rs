//! From concrete requests to endpoints: path templates, permanent ids, aliases, specifications.
//!
//! [`Resolver`] learns templates from traffic: a segment whose form alone tells that it is a value
//! ([`values`]) is a parameter at first sight; every other segment is fixed text until evidence says
//! otherwise ([`Resolver::consolidate`]). [`SpecIndex`] knows what specifications document.
//!
//! A host is a name or a pattern of hosts that serve one API: written down ([`HostTold`]), or learned (`tenants`).
//!
//! What is listed:
//!
//! - Everything that was answered with success or a redirect. An answer with data is listed at once;
//!   a page on a host that otherwise speaks data, and a page at a path that scanners ask for, at the
//!   next consolidation.
//! - What is answered alike to any path, by a page or by an envelope without data, is listed once per
//!   host and method, as `/{any_path}` ([`Outcome::look`] tells by what answers are compared,
//!   `catch_all` by what rule).
//! - Errors at a path (or another method of it) that was answered or declared, and errors that tell
//!   that something handles the path (409, 412, 415, 422, 428), unless scanners ask for it.
//! - Server errors (500 and above) given to a caller whose credential the API accepted before, or by
//!   an operation that a specification documents, unless the same error answers any path.
//! - All else is noise, and counted ([`Resolver::noise`]): never answered with success, and nothing
//!   shows that there is something. What was refused beyond the limits is noise, too; what was
//!   answered there is counted apart.

use std::fmt;

use bartizan_model::EndpointId;
use bartizan_protocols::Call;
use serde::{Deserialize, Serialize};

mod affixes;
mod alike;
mod apart;
mod catalogue;
mod catch_all;
mod consolidate;
mod constants;
mod distinct;
mod evidence;
mod fate;
#[cfg(test)]
mod fate_tests;
mod front;
#[cfg(test)]
mod front_tests;
mod hosts;
mod join;
mod leaf;
mod lookup;
mod naming;
mod opaque;
mod pass;
mod probe;
mod render;
mod resolver;
pub(crate) mod routes;
mod shape;
#[cfg(test)]
mod shape_tests;
mod spec;
mod tenants;
#[cfg(test)]
mod tenants_tests;
#[cfg(test)]
mod tests;
mod told;
mod tree;
pub mod values;
mod words;

pub use apart::Part;
pub use catch_all::Asker;
pub use evidence::{Decision, FEATURES};
pub use hosts::{AtHost, HostTold};
pub use leaf::{
    Alias, AliasReason, Asked, EndpointLimits, LeafId, Listed, MediaKind, Noise, Observation,
    Outcome, ResolverCounts, Telling,
};
pub use lookup::named_location;
pub use resolver::Resolver;
pub use shape::Shape;
pub use spec::{MatchedBy, Operation, SpecIndex, SpecMatch, channel_protocol, http_method};
pub(crate) use values::is_version;
pub use values::{CERTAIN, Classified, ValueKind, classify};

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
        /// Fixed text behind the value. `.{format}` when the extension varies too: the only case
        /// of a second parameter in one segment.
        suffix: String,
    },
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => naming::write_literal(f, text),
            Self::Parameter { name, prefix, suffix } => {
                naming::write_literal(f, prefix)?;
                write!(f, "{{{name}}}")?;
                match suffix.as_str() {
                    naming::ANY_FORMAT => f.write_str(naming::ANY_FORMAT),
                    fixed => naming::write_literal(f, fixed),
                }
            }
        }
    }
}

/// An endpoint as resolution sees it: method, host and path template, and what is called there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Permanent id of the endpoint.
    pub id: EndpointId,
    /// Host without port, lower case, or a pattern of hosts (`{tenant}.api.example.com`, see
    /// [`bartizan_model::HostPattern`]); empty when the source does not say.
    pub host: String,
    /// Method.
    pub method: String,
    /// What is called at the path, where the protocol says so in the message.
    pub call: Option<Call>,
    /// Segments of the path.
    pub segments: Vec<Segment>,
    /// The path as text, with `{name}` for parameters. Braces, `/`, `%`, `?`, `#` and control
    /// characters of fixed text are percent-encoded.
    pub path: String,
    /// Kinds of values seen at each segment, the most frequent first; empty for fixed text. As many
    /// entries as segments.
    #[serde(default)]
    pub kinds: Vec<Vec<ValueKind>>,
    /// Why the path is a template where it is: one line per parameter.
    #[serde(default)]
    pub evidence: Vec<String>,
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
