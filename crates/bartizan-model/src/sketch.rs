//! What calls of an endpoint are made of where the protocol has fields of its own: fields and arguments of
//! GraphQL, numbered fields of protocol buffers. A schema can be sketched from it. Bounded: every table has a
//! named capacity, and what it did not take is counted.

mod graphql;
mod grpc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use graphql::{GraphqlArgument, GraphqlField, GraphqlSketch, ValueKind};
pub use grpc::{GrpcSide, GrpcSketch, WireField, WireKind};

/// Most fields of one endpoint, of each side for gRPC.
pub const MAX_FIELDS: usize = 512;
/// Most arguments of one field, members of their values included.
pub const MAX_ARGUMENTS: usize = 64;
/// Most names of types that are remembered of one field or argument.
pub const MAX_TYPES: usize = 8;
/// Longest name of a field, argument or type, in bytes; a longer one is not taken.
pub const MAX_NAME: usize = 128;
/// Most fields within fields.
pub const MAX_DEPTH: usize = 12;

/// What calls of one endpoint are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sketch {
    /// Fields and arguments.
    Graphql(GraphqlSketch),
    /// Numbered fields of messages.
    Grpc(GrpcSketch),
}

impl Sketch {
    /// Calls it was learned from.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        match self {
            Self::Graphql(sketch) => sketch.calls,
            Self::Grpc(sketch) => sketch.calls,
        }
    }

    /// Takes in what was learned of the same endpoint elsewhere. Of another protocol nothing is taken.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Graphql(mine), Self::Graphql(theirs)) => mine.merge(theirs),
            (Self::Grpc(mine), Self::Grpc(theirs)) => mine.merge(theirs),
            (Self::Graphql(_), Self::Grpc(_)) | (Self::Grpc(_), Self::Graphql(_)) => {}
        }
    }
}

/// Joins tables up to `most` entries; how many entries there was no room for.
fn join<V: Clone>(
    mine: &mut std::collections::BTreeMap<String, V>,
    theirs: &std::collections::BTreeMap<String, V>,
    most: usize,
    merge: impl Fn(&mut V, &V),
) -> u64 {
    let mut left_out = 0;
    for (name, value) in theirs {
        let has_room = mine.len() < most;
        match mine.get_mut(name) {
            Some(known) => merge(known, value),
            None if has_room => {
                mine.insert(name.clone(), value.clone());
            }
            None => left_out += 1,
        }
    }
    left_out
}
