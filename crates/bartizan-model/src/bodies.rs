//! Bodies that an endpoint was seen with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data_class::Direction;

/// How often a parameter was in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InBody {
    /// Position of the body among those of the endpoint.
    pub body: u32,
    /// Values there.
    pub seen: u64,
    /// How often what contains it was there, and could have it.
    pub of: u64,
}

/// A kind of body that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BodySeen {
    /// Sent or returned.
    pub direction: Direction,
    /// Status of the answer; `null` for a request.
    pub status: Option<u16>,
    /// Media type without parameters, in lower case; empty when none was named.
    pub media_type: String,
    /// How many.
    pub count: u64,
}
