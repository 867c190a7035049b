//! Differences between what is written about an endpoint and what was seen of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a difference means to those who rely on what is written.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DriftGrade {
    /// It breaks a caller that does as is written, or a promise about access.
    Breaking,
    /// There is more than is written, or less is asked for.
    Warning,
    /// Nobody used what is written, or somebody still uses what is deprecated.
    Info,
}

impl DriftGrade {
    /// All of them, the gravest first.
    pub const ALL: &'static [Self] = &[Self::Breaking, Self::Warning, Self::Info];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What differs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Authentication is written, and a request without any was granted.
    AnsweredWithoutAuthentication,
    /// A way of authentication that is not written.
    Authentication,
    /// A type that is not written.
    Type,
    /// A value that is not among those that are written.
    Value,
    /// What must be there was not.
    Missing,
    /// A parameter or field that is not written.
    Unwritten,
    /// A status of answers that is not written.
    Status,
    /// A media type that is not written.
    MediaType,
    /// A parameter or field that is written and never came.
    Unused,
    /// A field or argument that is marked as deprecated, and in use.
    Deprecated,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// How much it means.
    pub grade: DriftGrade,
    /// What differs.
    pub kind: DriftKind,
    /// Where: `request`, `request body`, the status of the answer, or `answer` where a protocol has no status.
    pub part: String,
    /// Parameter or field there (`query.limit`, `body:/items/*/price`, `graphql:user(id)`, `grpc:Order.items.sku`);
    /// empty for all of the part.
    pub location: String,
    /// What is written; empty for nothing.
    pub written: String,
    /// What was seen; empty for nothing.
    pub seen: String,
    /// Line of the file where it is written, from 1; `null` where nothing is, and for files that others refer
    /// to.
    pub line: Option<u32>,
}

/// What is written about an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Written {
    /// Name of the specification.
    pub document: String,
    /// Where the operation is in it (RFC 6901).
    pub pointer: String,
    /// Its line, from 1; 0 when unknown.
    pub line: u32,
    /// Differences, the gravest first, at most [`MAX_DRIFT`].
    pub drift: Vec<Drift>,
    /// How many more there are.
    pub more: u64,
}

impl Written {
    /// Which grades its differences have, the gravest first.
    #[must_use]
    pub fn grades(&self) -> Vec<DriftGrade> {
        let occurs = |grade: &DriftGrade| self.drift.iter().any(|one| one.grade == *grade);
        DriftGrade::ALL.iter().copied().filter(occurs).collect()
    }
}

/// Most differences that are told of one endpoint.
pub const MAX_DRIFT: usize = 200;
