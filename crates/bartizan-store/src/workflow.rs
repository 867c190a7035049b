//! The rules of a finding's life: what may be decided, and when a fixed one is open again.

use bartizan_model::{Finding, FindingId, FindingState, Timestamp};

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

/// What is stored about a finding that another one stands for from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) id: FindingId,
    pub(crate) state: FindingState,
    pub(crate) expiry: Option<Timestamp>,
    pub(crate) evidence: KnownEvidence,
}

/// The one whose state a finding of a whole host (`seen`) inherits from those of single endpoints
/// that it stands for; `None` when it begins open. One that is confirmed counts first. Otherwise all
/// must be decided, the fixed ones without newer evidence, and the decision that lapses first counts.
pub(crate) fn inherited<'a>(formers: &'a [Former], seen: &Finding) -> Option<&'a Former> {
    let confirmed = formers.iter().find(|former| former.state == FindingState::Confirmed);
    if let Some(confirmed) = confirmed {
        return Some(confirmed);
    }
    let known = KnownEvidence {
        last_seen: formers.iter().filter_map(|former| former.evidence.last_seen).max(),
        failed: formers.iter().map(|former| former.evidence.failed).sum(),
    };
    let fixed = formers.iter().any(|former| former.state == FindingState::Fixed);
    let open = formers.iter().any(|former| former.state == FindingState::Open);
    if open || fixed && is_newer(known, seen) {
        return None;
    }
    let lapses = |f: &&Former| (f.state == FindingState::Fixed, f.expiry.is_none(), f.expiry);
    formers.iter().min_by_key(lapses)
}

const fn is_dismissal(state: FindingState) -> bool {
    matches!(state, FindingState::Accepted | FindingState::FalsePositive)
}

/// Refuses decisions that the workflow does not know.
pub(crate) fn check(change: &StateChange) -> Result<()> {
    let refuse = |reason| {
        Err(StoreError::InvalidChange { subject: format!("finding {}", change.finding), reason })
    };
    let dismissed = is_dismissal(change.to);
    if change.to == FindingState::Replaced {
        return refuse("only the product says that another finding stands for it");
    }
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
        use FindingState::{Accepted, Confirmed, FalsePositive, Fixed, Open, Replaced};
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
            (Replaced, "another one", None, false),
        ] {
            let result = check(&change(to, reason, expiry));
            assert_eq!(result.is_ok(), allowed, "{to} {reason:?} {expiry:?}");
        }
        assert!(check(&StateChange { who: String::new(), ..change(Open, "", None) }).is_err());
    }

    #[test]
    fn a_decision_is_inherited_when_nothing_is_left_open() {
        use FindingState::{Accepted, Confirmed, FalsePositive, Fixed, Open};
        let former = |name: &str, state, expiry: Option<i64>| Former {
            id: FindingId::from_text(name),
            state,
            expiry: expiry.map(Timestamp::from_seconds),
            evidence: KnownEvidence { last_seen: Some(Timestamp::from_seconds(50)), failed: 2 },
        };
        let seen = |at: i64| Finding {
            failed: 6,
            last_seen: Some(Timestamp::from_seconds(at)),
            ..finding()
        };
        let wrong = former("a", FalsePositive, None);
        let late = former("b", Accepted, Some(300));
        let soon = former("c", Accepted, Some(200));
        let fixed = former("d", Fixed, None);
        assert_eq!(inherited(&[], &seen(50)), None);
        assert_eq!(inherited(std::slice::from_ref(&wrong), &seen(60)), Some(&wrong));
        let decided = [fixed.clone(), wrong, late, soon.clone()];
        assert_eq!(inherited(&decided[1..], &seen(60)), Some(&soon));
        assert_eq!(inherited(&decided, &seen(50)), Some(&soon));
        assert_eq!(inherited(&decided, &seen(60)), None, "seen again after it was fixed");
        assert_eq!(inherited(std::slice::from_ref(&fixed), &seen(50)), Some(&fixed));
        let some_open = [soon.clone(), former("e", Open, None)];
        assert_eq!(inherited(&some_open, &seen(50)), None);
        let confirmed = former("f", Confirmed, None);
        let agreed = [some_open[1].clone(), confirmed.clone()];
        assert_eq!(inherited(&agreed, &seen(50)), Some(&confirmed));
    }

    fn finding() -> Finding {
        serde_json::from_value(serde_json::json!({
            "id": "fnd_1", "code": "BZ-C001", "title": "", "severity": "low", "confidence": "high",
            "owasp": [], "cwe": [], "endpoint_id": null, "host": "", "evidence": [], "failed": 1,
            "passed": 0, "remediation": "", "state": "open", "first_seen": null, "last_seen": null,
        }))
        .expect("the shape of an earlier version")
    }
}
