//! Relations between values of an operation and whoever calls it, as traffic shows them: proposals for rules of
//! ownership.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EndpointId, RelationId, Side};

/// A value of an operation that is the subject of whoever calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relation {
    /// Permanent: of endpoint, side and place.
    pub id: RelationId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// Its host; empty when the source does not say.
    pub host: String,
    /// Its method.
    pub method: String,
    /// Its path, with `{name}` for parameters.
    pub path: String,
    /// On which side the value is.
    pub side: Side,
    /// Where the value is: `path.user`, `query.owner`, `body:/items/*/owner`.
    pub place: String,
    /// The claim that says the same.
    pub claim: String,
    /// Different callers for whom it held, of roles for which it always did; counted up to 16 for each role.
    pub callers: u32,
    /// Exchanges of these callers in which it held.
    pub support: u64,
    /// Roles whose callers also have to do with what is not theirs, the most frequent first.
    pub exempt: Vec<ExemptRole>,
}

/// A role whose callers have to do with what is not theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExemptRole {
    /// As tokens name it, in lower case.
    pub role: String,
    /// Exchanges in which the relation did not hold: counterexamples.
    pub counterexamples: u64,
    /// Exchanges in which it did.
    pub support: u64,
}
