//! A policy: a rule that enforces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Action;

/// Whether a policy acts.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Not looked at.
    Off,
    /// Shows what it would have done.
    #[default]
    Monitor,
    /// Does it.
    Enforce,
}

/// A rule that enforces. The inline engine gives it conditions; this is its outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Name, unique in its scope.
    pub name: String,
    /// Whether it acts.
    pub mode: Mode,
    /// What it does.
    pub action: Action,
}
