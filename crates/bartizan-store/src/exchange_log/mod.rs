//! The exchange log: what was seen in every exchange, beside the SQL store, in append-only segments
//! that are compressed and authenticated-encrypted.
//!
//! The log writes and syncs blocks first; then the store writes their [`BlockEntry`] in the same
//! transaction as the checkpoint. Only blocks with an entry count: readers go through the entries,
//! and what lies behind the last of them is cut off on opening. So nothing acknowledged is lost,
//! and nothing that was written twice is read twice.

mod file;
mod number;
mod record;
mod segment;

use std::sync::Arc;

use async_trait::async_trait;
use bartizan_model::{ActorId, EndpointId, Timestamp};

use crate::error::Result;
pub use file::{FileExchangeLog, LogOptions, SegmentExtent};
pub(crate) use file::{LogSetup, segment_files};
pub use number::LogNumber;
pub use record::{
    DecisionFact, ExchangeFacts, FieldFact, FieldType, JudgedFact, MAX_DECISIONS, MAX_FIELDS,
    MAX_LOCATION_BYTES, MAX_NAME_BYTES,
};
pub use segment::Packed;

/// One block of the log, as the store indexes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockEntry {
    /// Number of the segment, from 1.
    pub segment: u64,
    /// Number of the block in it, from 0.
    pub position: u32,
    /// Where the block begins in its segment, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u32,
    /// Exchanges in it.
    pub records: u32,
    /// Earliest and latest time in it; `None` when the source has no times.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Keys of the endpoints and actors that occur, see [`subject_key`]: ascending, each once.
    pub subjects: Vec<i64>,
}

/// Under which number the index knows an endpoint or actor: 64 bits of a hash of its id. Two ids
/// may share one; readers compare the ids themselves afterwards.
#[must_use]
pub fn subject_key(id: &str) -> i64 {
    let mut hasher = blake3::Hasher::new_derive_key("bartizan 2026-11 exchange log subjects v1");
    hasher.update(id.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

/// Which exchanges. Empty fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeQuery {
    /// At or after. Exchanges without a time are left out when a bound is given.
    pub since: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
    /// Of this endpoint, its aliases included.
    pub endpoint: Option<EndpointId>,
    /// Of this actor.
    pub actor: Option<ActorId>,
}

impl ExchangeQuery {
    /// Whether an exchange is one of these. `family`: all ids of the endpoint that is asked for.
    pub(crate) fn fits(&self, facts: &ExchangeFacts, family: &[EndpointId]) -> bool {
        let in_time = match facts.time {
            Some(time) => {
                self.since.is_none_or(|since| time >= since)
                    && self.before.is_none_or(|before| time < before)
            }
            None => self.since.is_none() && self.before.is_none(),
        };
        let of_actor = self.actor.as_ref().is_none_or(|actor| facts.actor.as_ref() == Some(actor));
        let of_endpoint = self.endpoint.is_none()
            || facts.endpoint.as_ref().is_some_and(|endpoint| family.contains(endpoint));
        in_time && of_actor && of_endpoint
    }
}

/// Where reading goes on: behind this block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockPosition {
    /// Number of the segment.
    pub segment: u64,
    /// Number of the block in it.
    pub position: u32,
}

/// How much the log may hold. `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogBudget {
    /// Whose segments are looked at.
    pub log: LogNumber,
    /// Most bytes of all segments together.
    pub max_bytes: Option<u64>,
    /// Segments whose latest exchange is earlier are removed.
    pub older_than: Option<Timestamp>,
}

/// Why a segment was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalReason {
    /// The byte budget.
    Bytes,
    /// The age budget.
    Age,
    /// The disk was full.
    Space,
}

impl RemovalReason {
    /// The word stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Age => "age",
            Self::Space => "space",
        }
    }

    /// The reason of a word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bytes, Self::Age, Self::Space].into_iter().find(|r| r.as_str() == text)
    }
}

/// A segment that retention removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedSegment {
    /// Its number.
    pub segment: u64,
    /// When it was removed.
    pub removed_at: Timestamp,
    /// Why.
    pub reason: RemovalReason,
    /// Exchanges that are gone.
    pub records: u64,
    /// Bytes that were freed.
    pub bytes: u64,
    /// Earliest time in it (of writing, when the source has no times).
    pub first_time: Timestamp,
    /// Latest time in it.
    pub last_time: Timestamp,
}

/// The part of the log that holds the bytes. Networked twins pass the same tests.
#[async_trait]
pub trait ExchangeLog: Send + Sync + std::fmt::Debug {
    /// Writes packed records in order and makes them durable. Returns the entries of the blocks they are
    /// in; the records count as stored once the store has written these.
    ///
    /// # Errors
    /// [`crate::StoreError::Full`], [`crate::StoreError::ReadOnly`] and other file errors: nothing
    /// of the call is kept, and it can be tried again.
    async fn append(&self, packed: &Arc<Packed>) -> Result<Vec<BlockEntry>>;

    /// Takes the last blocks back whose entries were not written, to give their space back. Best
    /// effort: what stays is never read, because nothing points to it, and is cut off later.
    async fn discard(&self, blocks: &[BlockEntry]);

    /// Reads one block.
    ///
    /// # Errors
    /// [`crate::StoreError::DamagedBlock`] when it was changed, cut or belongs elsewhere.
    async fn read(&self, block: &BlockEntry) -> Result<Vec<ExchangeFacts>>;

    /// Removes whole segments. One that is not there is no error. The segment that is being written
    /// is closed first when it is named.
    ///
    /// # Errors
    /// When a file cannot be removed.
    async fn remove(&self, segments: &[u64]) -> Result<()>;
}
