//! A probe: one request of an active test and what came back.

use serde::{Deserialize, Serialize};

use crate::ids::ExchangeId;

/// What an active test does to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Reads only.
    ReadOnly,
    /// Changes state that it created itself.
    ChangesState,
    /// May destroy.
    Destructive,
}

/// One request of an active test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Code of the active test.
    pub code: String,
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Why the answer proves the weakness, or why it does not.
    pub proof: String,
}
