//! Joins failures of checks into findings.

use std::collections::{BTreeMap, btree_map::Entry};

use bartizan_model::{
    Confidence, EndpointId, Evidence, ExchangeId, Finding, FindingId, FindingState, Owasp, Scope,
    Severity, Timestamp,
    finding::{Failure, MAX_AFFECTED},
};
use serde::{Deserialize, Serialize};

use crate::{checks::CheckItem, endpoints::Template};

/// Most findings in the making; later ones are counted only.
pub const MAX_FINDINGS: usize = 100_000;
/// Most pieces of evidence kept in one finding: the first ones.
const MAX_EVIDENCE: usize = 5;

/// One finding in the making.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    severity: Option<Severity>,
    confidence: Option<Confidence>,
    evidence: Vec<Evidence>,
    failed: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// One endpoint.
    Endpoint(&'a Template),
    /// A whole host.
    Host {
        /// Its name; empty when the source does not say.
        host: &'a str,
        /// The endpoints that show it, by path and method.
        endpoints: &'a [EndpointId],
        /// At how many endpoints of the host it could be judged.
        judged: usize,
    },
}

/// Identity of a finding in the making: check, leaf of the endpoint, discriminator.
pub type Key = (u16, u32, String);

/// All failures so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FindingLedger {
    records: BTreeMap<Key, Record>,
    dropped: u64,
}

impl FindingLedger {
    /// Takes a failure of check number `check` at the endpoint of `leaf`, found in `exchange`.
    pub fn take(
        &mut self,
        check: usize,
        leaf: u32,
        failure: &Failure,
        exchange: &ExchangeId,
        time: Option<Timestamp>,
    ) {
        let full = self.records.len() >= MAX_FINDINGS;
        let key = (u16::try_from(check).unwrap_or(u16::MAX), leaf, failure.discriminator.clone());
        let record = match self.records.entry(key) {
            Entry::Vacant(_) if full => {
                self.dropped += 1;
                return;
            }
            Entry::Vacant(entry) => entry.insert(Record::default()),
            Entry::Occupied(entry) => entry.into_mut(),
        };
        record.severity = record.severity.max(failure.severity);
        record.confidence = record.confidence.max(failure.confidence);
        let room = MAX_EVIDENCE.saturating_sub(record.evidence.len());
        record.evidence.reserve_exact(room.min(failure.evidence.len()));
        record.evidence.extend(failure.evidence.iter().take(room).cloned().map(|mut evidence| {
            evidence.exchange_id.get_or_insert_with(|| exchange.clone());
            evidence
        }));
        record.failed += 1;
        record.seen(time, time);
    }

    /// Failures beyond [`MAX_FINDINGS`], counted only.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// All records in the order of their keys.
    pub fn into_records(self) -> impl Iterator<Item = (Key, Record)> {
        self.records.into_iter()
    }
}

impl Record {
    /// A record of one failure.
    #[must_use]
    pub fn of(failure: Failure, time: Option<Timestamp>) -> Self {
        let mut evidence = failure.evidence;
        evidence.truncate(MAX_EVIDENCE);
        Self {
            severity: failure.severity,
            confidence: failure.confidence,
            evidence,
            failed: 1,
            first: time,
            last: time,
        }
    }

    /// Takes in another record of the same finding.
    pub fn merge(&mut self, other: Self) {
        self.severity = self.severity.max(other.severity);
        self.confidence = self.confidence.max(other.confidence);
        for evidence in other.evidence {
            if self.evidence.len() < MAX_EVIDENCE {
                self.evidence.push(evidence);
            }
        }
        self.failed += other.failed;
        self.seen(other.first, other.last);
    }

    fn seen(&mut self, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.first = match (self.first, first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last = self.last.max(last);
    }

    /// Extends the time it was seen to `last`.
    pub fn extend_to(&mut self, last: Option<Timestamp>) {
        self.last = self.last.max(last);
    }

    /// The finding as results show it.
    ///
    /// Its id is derived from the check, the endpoint (or the word `host` and the host) and the
    /// discriminator, so that it is the same in every run.
    #[must_use]
    pub fn finding(
        mut self,
        scope: &Scope,
        check: &CheckItem,
        about: About<'_>,
        discriminator: &str,
        passed: u64,
    ) -> Finding {
        let meta = &check.meta;
        let (id, endpoint_id, host, endpoint_ids, endpoints) = match about {
            About::Endpoint(template) => {
                let parts = [meta.code, template.id.as_str(), discriminator];
                let id = FindingId::derive(scope, &parts);
                (id, Some(template.id.clone()), template.host.as_str(), Vec::new(), 1)
            }
            About::Host { host, endpoints, judged } => {
                let count = endpoints.len();
                let note =
                    format!("{count} of {judged} endpoints where it could be judged show it");
                self.evidence.insert(0, Evidence::note(note));
                let id = FindingId::derive(scope, &[meta.code, "host", host, discriminator]);
                let named = endpoints.iter().take(MAX_AFFECTED).cloned().collect();
                (id, None, host, named, count as u64)
            }
        };
        Finding {
            id,
            code: meta.code.to_owned(),
            title: meta.title.to_owned(),
            severity: self.severity.unwrap_or(meta.severity),
            confidence: self.confidence.unwrap_or(meta.confidence),
            owasp: meta.owasp.map(Owasp::ids).unwrap_or_default(),
            cwe: meta.cwe.iter().map(ToString::to_string).collect(),
            endpoint_id,
            host: host.to_owned(),
            endpoints,
            endpoint_ids,
            discriminator: discriminator.to_owned(),
            evidence: self.evidence,
            failed: self.failed,
            passed,
            remediation: meta.fix.to_owned(),
            state: FindingState::Open,
            first_seen: self.first,
            last_seen: self.last,
        }
    }
}
