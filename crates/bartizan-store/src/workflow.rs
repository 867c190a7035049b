//! The rules of a finding's life: what may be decided, and when a fixed one is open again.

use bartizan_model::{Finding, FindingState, Timestamp};

use crate::{
    error::{Result, StoreError},
    records::StateChange,
};

/// What is stored about the evidence of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownEvidence {
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) failed: u64,
}

/// Whether `seen` brings evidence that is not in `known`: only that reopens a fixed finding.
/// Writing the same cumulative result once more does not.
pub(crate) fn is_newer(known: KnownEvidence, seen: &Finding) -> bool {
    match (known.last_seen, seen.last_seen) {
        (Some(known), Some(seen)) => seen > known,
        // Without times the count is all there is. Any other count comes from other evidence.
        _ => seen.failed != known.failed && seen.failed > 0,
    }
}

/// Refuses decisions that the workflow does not know.
pub(crate) fn check(change: &StateChange) -> Result<()> {
    let refuse = |reason| {
        Err(StoreError::InvalidChange { subject: format!("finding {}", change.finding), reason })
    };
    let dismissed = matches!(change.to, FindingState::Accepted | FindingState::FalsePositive);
    if change.who.trim().is_empty() {
        return refuse("it must be known who decides");
    }
    if dismissed && change.reason.trim().is_empty() {
        return refuse("accepting it or calling it a false positive needs a reason");
    }
    match change.expiry {
        None if change.to == FindingState::Accepted => {
            refuse("accepting it needs an expiry, after which it is open again")
        }
        Some(_) if !dismissed => refuse("only accepted findings and false positives can expire"),
        Some(expiry) if expiry <= change.now => refuse("the expiry is not in the future"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::FindingId;

    use super::*;

    fn change(to: FindingState, reason: &str, expiry: Option<i64>) -> StateChange {
        StateChange {
            finding: FindingId::from_text("fnd_1"),
            to,
            who: "ann".to_owned(),
            reason: reason.to_owned(),
            expiry: expiry.map(Timestamp::from_seconds),
            now: Timestamp::from_seconds(100),
        }
    }

    #[test]
    fn decisions_need_what_the_workflow_asks() {
        use FindingState::{Accepted, Confirmed, FalsePositive, Fixed, Open};
        for (to, reason, expiry, allowed) in [
            (Open, "", None, true),
            (Confirmed, "", None, true),
            (Fixed, "", None, true),
            (Fixed, "", Some(200), false),
            (Accepted, "budget", Some(200), true),
            (Accepted, "budget", None, false),
            (Accepted, " ", Some(200), false),
            (Accepted, "budget", Some(100), false),
            (FalsePositive, "test data", None, true),
            (FalsePositive, "", None, false),
        ] {
            let result = check(&change(to, reason, expiry));
            assert_eq!(result.is_ok(), allowed, "{to} {reason:?} {expiry:?}");
        }
        assert!(check(&StateChange { who: String::new(), ..change(Open, "", None) }).is_err());
    }
}
