//! The audit log: append-only, each record authenticated together with the one before it.
//!
//! The hash of a record is BLAKE3 in keyed mode, under a key derived from the organisation's, over
//! the hash before it and all fields, each with its length. Without the key no record can be
//! changed, inserted or left out unseen, except at the end; for that, export the head and compare.

use bartizan_model::{HashKey, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{database::column_text, files, keys::authenticate, records::AuditEntry};

/// The hash before the first record.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// From 1, without gaps, per scope.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub who: String,
    /// What, for example `finding.state`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// Further facts: JSON as it was hashed.
    pub details: String,
    /// 64 hexadecimal digits.
    pub hash: String,
}

/// The end of the chain. Kept elsewhere, it proves later that nothing was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditHead {
    /// Organisation and environment.
    pub scope: Scope,
    /// Sequence of the last record; 0 when there is none.
    pub sequence: u64,
    /// Its hash.
    pub hash: String,
}

/// What went wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditProblem {
    /// A record is missing before this one.
    Missing {
        /// The first one that is not there.
        sequence: u64,
    },
    /// A record does not fit its hash: it, or one before it, was changed, or the key is another.
    Changed {
        /// Which.
        sequence: u64,
    },
    /// The chain is shorter than an exported head, or has another hash there.
    HeadDiffers {
        /// Sequence of the exported head.
        sequence: u64,
    },
}

/// What verifying a chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Records that fit.
    pub verified: u64,
    /// End of the part that fits.
    pub head: AuditHead,
    /// The first problem; what comes after it was not looked at.
    pub problem: Option<AuditProblem>,
}

/// Makes the record that follows `head`.
pub(crate) fn append(key: &HashKey, head: &AuditHead, entry: AuditEntry) -> AuditRecord {
    let mut record = AuditRecord {
        sequence: head.sequence + 1,
        time: entry.time,
        // As the columns hold them, since the hash has to fit what is read back.
        who: column_text(&entry.who),
        action: column_text(&entry.action),
        subject: column_text(&entry.subject),
        details: entry.details.to_string(),
        hash: String::new(),
    };
    record.hash = hash(key, &head.scope, &head.hash, &record);
    record
}

fn hash(key: &HashKey, scope: &Scope, previous: &str, record: &AuditRecord) -> String {
    let mut message = Vec::with_capacity(256);
    message.extend_from_slice(b"bartizan audit record v1\0");
    message.extend_from_slice(&record.sequence.to_le_bytes());
    message.extend_from_slice(&record.time.micros().to_le_bytes());
    for part in [
        scope.organisation.as_str(),
        scope.environment.as_str(),
        previous,
        &record.who,
        &record.action,
        &record.subject,
        &record.details,
    ] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    files::hex(&authenticate(key, "audit", &message))
}

/// Walks a chain record by record.
pub(crate) struct Verifier<'a> {
    key: &'a HashKey,
    expected: Option<&'a AuditHead>,
    report: AuditReport,
}

impl<'a> Verifier<'a> {
    pub(crate) fn new(key: &'a HashKey, scope: &Scope, expected: Option<&'a AuditHead>) -> Self {
        let head = AuditHead { scope: scope.clone(), sequence: 0, hash: GENESIS.to_owned() };
        Self { key, expected, report: AuditReport { verified: 0, head, problem: None } }
    }

    /// Sequence of the last record that fits.
    pub(crate) fn position(&self) -> u64 {
        self.report.head.sequence
    }

    /// Looks at the next record; `false` when there is no point in going on.
    pub(crate) fn push(&mut self, record: &AuditRecord) -> bool {
        let head = &self.report.head;
        let sequence = head.sequence + 1;
        let problem = if record.sequence != sequence {
            Some(AuditProblem::Missing { sequence })
        } else if record.hash != hash(self.key, &head.scope, &head.hash, record) {
            Some(AuditProblem::Changed { sequence })
        } else if self.expected.is_some_and(|e| e.sequence == sequence && e.hash != record.hash) {
            Some(AuditProblem::HeadDiffers { sequence })
        } else {
            None
        };
        if problem.is_some() {
            self.report.problem = problem;
            return false;
        }
        self.report.verified += 1;
        self.report.head.sequence = sequence;
        self.report.head.hash.clone_from(&record.hash);
        true
    }

    pub(crate) fn finish(mut self) -> AuditReport {
        if let Some(expected) = self.expected
            && self.report.problem.is_none()
            && expected.sequence > self.report.head.sequence
        {
            self.report.problem = Some(AuditProblem::HeadDiffers { sequence: expected.sequence });
        }
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(key: &HashKey, length: u64) -> Vec<AuditRecord> {
        let mut head = AuditHead { scope: Scope::default(), sequence: 0, hash: GENESIS.to_owned() };
        (0..length)
            .map(|i| {
                let record = append(
                    key,
                    &head,
                    AuditEntry {
                        time: Timestamp::from_seconds(i64::try_from(i).expect("small")),
                        who: "ann".to_owned(),
                        action: "finding.state".to_owned(),
                        subject: format!("fnd_{i}"),
                        details: serde_json::json!({"to": "fixed"}),
                    },
                );
                head.sequence = record.sequence;
                head.hash.clone_from(&record.hash);
                record
            })
            .collect()
    }

    fn verify(key: &HashKey, records: &[AuditRecord], expected: Option<&AuditHead>) -> AuditReport {
        let mut verifier = Verifier::new(key, &Scope::default(), expected);
        for record in records {
            if !verifier.push(record) {
                break;
            }
        }
        verifier.finish()
    }

    #[test]
    fn intact_chain_verifies_against_an_earlier_head() {
        let key = HashKey::new([1; 32]);
        let records = chain(&key, 5);
        let early = verify(&key, &records[..3], None);
        assert_eq!((early.verified, &early.problem), (3, &None));
        let report = verify(&key, &records, Some(&early.head));
        assert_eq!((report.verified, report.problem), (5, None));
    }

    #[test]
    fn every_kind_of_tampering_shows() {
        let key = HashKey::new([1; 32]);
        let good = chain(&key, 5);
        let head = verify(&key, &good, None).head;

        let mut changed = good.clone();
        changed[2].who = "eve".to_owned();
        let problem = verify(&key, &changed, None).problem;
        assert_eq!(problem, Some(AuditProblem::Changed { sequence: 3 }));

        let mut missing = good.clone();
        missing.remove(1);
        let problem = verify(&key, &missing, None).problem;
        assert_eq!(problem, Some(AuditProblem::Missing { sequence: 2 }));

        // Renumbered behind the gap: the hash before it no longer fits.
        missing[1].sequence = 2;
        let problem = verify(&key, &missing, None).problem;
        assert_eq!(problem, Some(AuditProblem::Changed { sequence: 2 }));

        // Cut off at the end: only the exported head shows it.
        assert_eq!(verify(&key, &good[..4], None).problem, None);
        let problem = verify(&key, &good[..4], Some(&head)).problem;
        assert_eq!(problem, Some(AuditProblem::HeadDiffers { sequence: 5 }));

        let problem = verify(&HashKey::new([2; 32]), &good, None).problem;
        assert_eq!(problem, Some(AuditProblem::Changed { sequence: 1 }));
    }

    #[test]
    fn text_moved_between_fields_changes_the_hash() {
        let key = HashKey::new([1; 32]);
        let mut records = chain(&key, 1);
        records[0].who = "annf".to_owned();
        records[0].action = "inding.state".to_owned();
        assert!(verify(&key, &records, None).problem.is_some());
    }
}
