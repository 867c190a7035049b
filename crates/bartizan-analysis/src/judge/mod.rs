//! The one judgement: the gateway, `inspect`, `analyze` and `replay` call [`judge`].
//!
//! Pure and causal: no clock, no IO; nothing that came later than an exchange influences its
//! verdict or detections. What an exchange tells by itself ([`prepare`]) needs no state and may run
//! on any thread; the rest runs in order, so the number of threads never changes a result.

mod alone;
mod answer;
mod apart;
mod asked;
mod envelope;
#[cfg(test)]
mod facts_tests;
mod lessons;
mod members;
#[cfg(test)]
mod messages_tests;
mod results;
#[cfg(test)]
mod scan_tests;
mod state;
mod steps;
mod verdict;

use bartizan_model::{
    ActorRef, Exchange, NotInspected, Outcome, Principal, SessionId, Side, Timestamp, Verdict,
};
use bartizan_protocols::decode::{Decoded, decode};

use crate::{
    checks,
    classes::{self, ClassHit},
    detectors::Hit,
    facts::Facts,
    identity::{self, Credential},
    snapshot::Snapshot,
};

pub use alone::{RequestJudgement, judge_request};
pub use results::{last_results, results};
pub use state::State;
pub use verdict::{DENY_SCORE, score};

/// What one exchange tells by itself.
#[derive(Debug, Default)]
pub struct Prepared {
    /// The parsed view.
    pub decoded: Decoded,
    /// Sensitive values.
    pub classes: Vec<ClassHit>,
    /// Credentials of the request.
    pub credentials: Vec<Credential>,
    /// Hits of detectors without state: position in the list of detectors, hit.
    pub hits: Vec<(usize, Hit)>,
    /// Outcomes of checks on exchanges: position in the list of checks, outcome.
    pub outcomes: Vec<(usize, Outcome)>,
}

impl Prepared {
    /// All of it as the facts of `exchange`.
    pub(crate) fn facts<'a>(&'a self, exchange: &'a Exchange, snapshot: &'a Snapshot) -> Facts<'a> {
        Facts {
            exchange,
            decoded: &self.decoded,
            classes: &self.classes,
            credentials: &self.credentials,
            snapshot,
        }
    }
}

/// The judgement of one exchange.
#[derive(Debug)]
pub struct Judgement {
    /// What enforcement would do.
    pub verdict: Verdict,
    /// Detections that this exchange raised or extended.
    pub detections: Vec<Raised>,
    /// Leaf of the endpoint, see [`crate::endpoints`].
    pub leaf: u32,
    /// Who called.
    pub actor: ActorRef,
    /// The principal.
    pub principal: Option<Principal>,
    /// The session.
    pub session: Option<SessionId>,
    /// Sensitive values: class and whether it was in the response.
    pub data_classes: Vec<(bartizan_model::DataClass, Side)>,
    /// What was not inspected and why.
    pub not_inspected: Vec<NotInspected>,
    /// Number of the exchange in this state.
    pub sequence: u64,
}

/// A detection as one exchange raised it.
#[derive(Clone, Debug)]
pub struct Raised {
    /// Code of the detector.
    pub code: &'static str,
    /// Attack class.
    pub class: &'static str,
    /// How bad.
    pub severity: bartizan_model::Severity,
    /// How sure.
    pub confidence: bartizan_model::Confidence,
    /// Why.
    pub evidence: Vec<bartizan_model::Evidence>,
}

/// Judges one exchange that happened at `event_time`.
///
/// `event_time` is `None` when the source has no times, or when the exchange came later than the
/// ordering of its source allows: detectors with history then answer *not evaluated*.
pub fn judge(
    exchange: &Exchange,
    snapshot: &Snapshot,
    state: &mut State,
    event_time: Option<Timestamp>,
) -> Judgement {
    let mut prepared = prepare(exchange, snapshot);
    state.judge(exchange, &mut prepared, snapshot, event_time)
}

/// The part of the judgement that needs no state.
#[must_use]
pub fn prepare(exchange: &Exchange, snapshot: &Snapshot) -> Prepared {
    let mut decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    if let Some(specs) = &snapshot.specs {
        specs.name_fields(&mut decoded);
    }
    let classes = classes::classify(&decoded, snapshot);
    let credentials = identity::extract(exchange, &decoded, snapshot);
    let facts = Facts {
        exchange,
        decoded: &decoded,
        classes: &classes,
        credentials: &credentials,
        snapshot,
    };
    let hits = alone::detect(&facts);
    let outcomes = checks::outcomes(&facts);
    alone::note(&hits, &mut decoded);
    Prepared { decoded, classes, credentials, hits: hits.hits, outcomes }
}
