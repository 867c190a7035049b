//! What every source states about itself.

use serde::{Deserialize, Serialize};

use crate::time::Duration;

/// How the exchanges of a source are ordered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordering {
    /// How much earlier than the latest one seen an exchange may come and still be judged with
    /// history. A later one is judged alone, and the history detectors answer *not evaluated*.
    pub lateness: Duration,
}

/// Where a source stands, so that reading can go on there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Identity of the input: its name, and a hash of its beginning.
    pub input: String,
    /// Byte offset behind the last exchange that was handed over.
    pub offset: u64,
    /// Exchanges handed over so far (also numbers those without an id).
    pub exchanges: u64,
    /// State of the reader that the offset alone does not tell, opaque.
    pub reader: Vec<u8>,
}
