//! Detectors: hostile acts, one detector per file.

pub mod credential_stuffing;
pub mod data_volume;
pub mod field_words;
pub mod injection;
mod list;
pub mod login;
mod login_sources;
pub(crate) mod names;
pub mod object_enumeration;
mod object_history;
pub mod objects;
mod ownership;
pub mod scanner;
#[cfg(test)]
mod tests;
pub mod token_sharing;
pub(crate) mod traffic;

pub use list::DETECTORS;

use bartizan_model::{
    ActorRef, Confidence, Duration, Evidence, Exchange, Input, ItemMeta, Severity, Stage,
};
use serde::Serialize;

use self::injection::prefilter::Scan;
use crate::facts::{Enriched, ExchangeMark, Facts};

/// By what a detector keeps its state; a fleet shards by the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// No state.
    None,
    /// By actor.
    Actor,
    /// By endpoint.
    Endpoint,
    /// By the account that is attacked.
    Account,
    /// By what a campaign has in common.
    Campaign,
    /// By credential.
    Credential,
}

/// One detector.
pub struct DetectorItem {
    /// Metadata and documentation.
    pub meta: ItemMeta,
    /// Attack class, for example `sql_injection`.
    pub class: &'static str,
    /// Key of its state.
    pub key: Key,
    /// Stage of an attack, when nothing was gained.
    pub stage: Stage,
    /// How it runs.
    pub lane: Lane,
    /// Exchanges that must be detected, and benign ones that must stay silent.
    pub examples: &'static [DetectorExample],
}

impl DetectorItem {
    /// Whether it can judge a request by itself: without history, and without the answer.
    #[must_use]
    pub fn judges_requests(&self) -> bool {
        let is_request = |input: &Input| matches!(input, Input::RequestHead | Input::RequestBody);
        self.history().is_none() && self.meta.inputs.iter().all(is_request)
    }

    /// What makes its state, when it has history.
    #[must_use]
    pub const fn history(&self) -> Option<fn() -> Box<dyn DetectorState>> {
        match self.lane {
            Lane::History(make) | Lane::Calls(make) => Some(make),
            Lane::Exchange(_) | Lane::Leaves(_) => None,
        }
    }
}

/// How a detector runs.
#[derive(Clone, Copy)]
pub enum Lane {
    /// On each exchange alone, without state.
    Exchange(fn(&Facts<'_>, &mut Vec<Hit>)),
    /// On each exchange alone, over the texts that the shared prefilter left.
    Leaves(fn(&Facts<'_>, &Scan<'_>, &mut Vec<Hit>)),
    /// On each exchange in order of time, with state.
    History(fn() -> Box<dyn DetectorState>),
    /// On each call in order of time, with state: of a batch on every member, as if it had come alone, and not on
    /// the exchange that carries them.
    Calls(fn() -> Box<dyn DetectorState>),
}

/// What a detector without state found in one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where, what and why.
    pub evidence: Evidence,
}

/// What a detector with history found out now.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Signals of one detector with the same group belong to one detection, unless `gap` passed
    /// between them.
    pub group: u64,
    /// Who did it: the actor of the exchange or a campaign.
    pub actor: ActorRef,
    /// Whether the detection is about one endpoint (that of the exchange).
    pub one_endpoint: bool,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Stage reached.
    pub stage: Stage,
    /// Hostile exchanges not named by an earlier signal of the group; earlier ones first.
    pub exchanges: Vec<ExchangeMark>,
    /// The explanation as it stands now; replaces that of an earlier signal of the group.
    pub evidence: Vec<Evidence>,
    /// After this long without a signal of the group, the next one begins a new detection.
    pub gap: Duration,
}

/// Whether a detector could look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// It looked.
    Yes,
    /// It does not concern this exchange.
    NotApplicable,
    /// An input is missing or history is incomplete.
    No(Input),
}

/// State of a detector with history. Deterministic: no clock, no randomness, and no iteration over
/// a hash table that can change what comes out.
pub trait DetectorState: Send {
    /// Looks at the next exchange and appends what it found out.
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated;

    /// The state as bytes, for checkpoints.
    fn save(&self) -> Vec<u8>;

    /// Restores what `save` wrote.
    ///
    /// # Errors
    /// When the bytes are no such state; the state stays as it was.
    fn load(&mut self, bytes: &[u8]) -> Result<(), StateError>;

    /// Takes in the saved state of another shard.
    ///
    /// # Errors
    /// When the bytes are no such state; the state stays as it was.
    fn merge(&mut self, bytes: &[u8]) -> Result<(), StateError>;
}

/// Saved state that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError;

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("saved state does not fit this version")
    }
}

impl std::error::Error for StateError {}

/// An example of a detector.
pub struct DetectorExample {
    /// One line: what it shows.
    pub name: &'static str,
    /// Whether the detector must fire. At least one example of each item must stay silent.
    pub fires: bool,
    /// The exchanges, in order of time.
    pub exchanges: fn() -> Vec<Exchange>,
}
