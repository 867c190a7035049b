//! Joins signals of detectors into detections.

use std::collections::BTreeMap;

use bartizan_model::{
    ActorRef, Confidence, Detection, DetectionId, Evidence, ExchangeId, Scope, Severity, Stage,
    Timestamp, detection::MAX_EXCHANGE_IDS,
};
use serde::{Deserialize, Serialize};

use crate::{
    detectors::{DetectorItem, Signal},
    facts::{ExchangeMark, Fate},
    learn::Timeline,
};

/// Most detections kept; later ones are counted only.
pub const MAX_DETECTIONS: usize = 50_000;
/// Most sequence numbers kept for joining detections back to exchanges, over all detections.
pub const MAX_MARKS: usize = 4_000_000;
/// Most pieces of evidence in one detection.
const MAX_EVIDENCE: usize = 8;

/// One detection in the making.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Code of the detector.
    pub code: String,
    /// Attack class.
    pub class: String,
    /// Who.
    pub actor: ActorRef,
    /// Leaf of the endpoint; its final endpoint is looked up when results are asked for.
    pub leaf: Option<u32>,
    severity: Severity,
    confidence: Confidence,
    stage: Stage,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    ids: Vec<ExchangeId>,
    sequences: Vec<u64>,
    exchanges: u64,
    succeeded: u64,
    refused: u64,
    would_refuse: u64,
    evidence: Vec<Evidence>,
}

/// All detections so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DetectionLedger {
    records: Vec<Record>,
    open: BTreeMap<(String, u64), usize>,
    hostile: Timeline,
    marks: usize,
    dropped: u64,
}

impl DetectionLedger {
    /// Takes a signal that was raised at `time` by the exchange of `leaf`.
    pub fn take(
        &mut self,
        item: &DetectorItem,
        mut signal: Signal,
        time: Option<Timestamp>,
        leaf: u32,
    ) {
        one_each(&mut signal.exchanges);
        let key = (item.meta.code.to_owned(), signal.group);
        let current = self.open.get(&key).copied().filter(|index| {
            let last = self.records.get(*index).and_then(|r| r.last);
            !matches!((last, time), (Some(last), Some(now)) if now.since(last) > signal.gap)
        });
        // The calls of one exchange are told one after another.
        let last = current.and_then(|index| self.records.get(index)?.sequences.last().copied());
        signal.exchanges.retain(|mark| Some(mark.sequence) != last);
        if let Some(time) = time {
            signal.exchanges.iter().for_each(|_| self.hostile.add_hostile(time));
        }
        let index = match current {
            Some(index) => index,
            None if self.records.len() >= MAX_DETECTIONS => {
                self.dropped += 1;
                return;
            }
            None => {
                self.records.push(Record {
                    code: item.meta.code.to_owned(),
                    class: item.class.to_owned(),
                    actor: signal.actor.clone(),
                    leaf: signal.one_endpoint.then_some(leaf),
                    severity: signal.severity,
                    confidence: signal.confidence,
                    stage: signal.stage,
                    first: time,
                    last: time,
                    ids: Vec::new(),
                    sequences: Vec::new(),
                    exchanges: 0,
                    succeeded: 0,
                    refused: 0,
                    would_refuse: 0,
                    evidence: Vec::new(),
                });
                self.open.insert(key, self.records.len() - 1);
                self.records.len() - 1
            }
        };
        let room = MAX_MARKS.saturating_sub(self.marks);
        if let Some(record) = self.records.get_mut(index) {
            self.marks += record.extend(signal, time, room);
        }
    }

    /// All records, in order of their first signal.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Hostile exchanges over time, by when they were recognised.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.hostile
    }

    /// Detections beyond [`MAX_DETECTIONS`], counted only.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sequence number of every hostile exchange with the code of the detector, sorted.
    #[must_use]
    pub fn hostile(&self) -> Vec<(u64, &str)> {
        let mut out: Vec<(u64, &str)> = self
            .records
            .iter()
            .flat_map(|r| r.sequences.iter().map(move |s| (*s, r.code.as_str())))
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// Joins marks of one exchange, of which several calls are hostile.
fn one_each(marks: &mut Vec<ExchangeMark>) {
    marks.dedup_by(|later, first| {
        let is_same = later.sequence == first.sequence;
        first.success |= is_same && later.success;
        is_same
    });
}

impl Record {
    fn extend(&mut self, signal: Signal, time: Option<Timestamp>, room: usize) -> usize {
        self.severity = self.severity.max(signal.severity);
        self.confidence = self.confidence.max(signal.confidence);
        self.stage = self.stage.max(signal.stage);
        self.last = self.last.max(time);
        if !signal.evidence.is_empty() {
            self.evidence = signal.evidence;
            self.evidence.truncate(MAX_EVIDENCE);
        }
        let before = self.sequences.len();
        for ExchangeMark { sequence, id, success, fate } in signal.exchanges {
            self.exchanges += 1;
            self.succeeded += u64::from(success);
            self.refused += u64::from(fate == Fate::Refused);
            self.would_refuse += u64::from(fate == Fate::WouldBeRefused);
            if self.ids.len() < MAX_EXCHANGE_IDS {
                self.ids.push(id);
            }
            if self.sequences.len() - before < room {
                self.sequences.push(sequence);
            }
        }
        self.sequences.len() - before
    }

    /// Time of the first signal.
    #[must_use]
    pub const fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// The detection as results show it.
    #[must_use]
    pub fn detection(
        &self,
        index: usize,
        scope: &Scope,
        item: &DetectorItem,
        endpoint_id: Option<bartizan_model::EndpointId>,
    ) -> Detection {
        let first_exchange = self.ids.first().map_or("", ExchangeId::as_str);
        let ordinal = index.to_string();
        let parts = [self.code.as_str(), self.actor.id.as_str(), first_exchange, &ordinal];
        Detection {
            id: DetectionId::derive(scope, &parts),
            code: self.code.clone(),
            title: item.meta.title.to_owned(),
            class: self.class.clone(),
            severity: self.severity,
            confidence: self.confidence,
            time: self.first,
            last_time: self.last,
            actor: self.actor.clone(),
            endpoint_id,
            exchange_ids: self.ids.clone(),
            exchanges: self.exchanges,
            succeeded: self.succeeded,
            refused: self.refused,
            would_refuse: self.would_refuse,
            evidence: self.evidence.clone(),
            owasp: item.meta.owasp.map(bartizan_model::Owasp::ids).unwrap_or_default(),
            attack: item.meta.attack.iter().map(|a| a.0.to_owned()).collect(),
            stage: self.stage,
        }
    }
}
