//! From detections of one exchange to a score and a verdict.

use bartizan_model::{Action, Confidence, Severity, Verdict};

use super::Raised;

/// Score from which enforcement would refuse.
pub const DENY_SCORE: u8 = 80;
/// Score from which an exchange is recorded as suspicious.
pub(super) const LOG_SCORE: u8 = 20;

/// Probability that one detection means an attack, in percent: severity weighs little, confidence
/// much, because severity says how bad it would be and not whether it is.
const fn weight(severity: Severity, confidence: Confidence) -> u32 {
    let base = match confidence {
        Confidence::Low => 25,
        Confidence::Medium => 55,
        Confidence::High => 85,
        Confidence::Confirmed => 97,
    };
    match severity {
        Severity::Info => base / 4,
        Severity::Low => base / 2,
        _ => base,
    }
}

/// Combines detections as independent evidence: 1 − ∏(1 − p), from 0 to 100.
#[must_use]
pub fn score<'a>(raised: impl IntoIterator<Item = &'a Raised>) -> u8 {
    let mut benign = 1.0f64;
    for detection in raised {
        benign *= 1.0 - f64::from(weight(detection.severity, detection.confidence)) / 100.0;
    }
    ((1.0 - benign) * 100.0).round() as u8
}

/// The verdict on an exchange with these detections. Detections are in *monitor* until a policy
/// enforces them, so that `applied` is *allow* here.
pub(super) fn verdict(raised: &[Raised]) -> Verdict {
    let score = score(raised);
    let action = match score {
        s if s >= DENY_SCORE => Action::Deny,
        s if s >= LOG_SCORE => Action::Log,
        _ => Action::Allow,
    };
    Verdict {
        action,
        applied: Action::Allow,
        status: (action == Action::Deny).then_some(403),
        score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(severity: Severity, confidence: Confidence) -> Raised {
        Raised { code: "BZ-D000", class: "x", severity, confidence, evidence: Vec::new() }
    }

    #[test]
    fn confidence_decides_and_evidence_adds_up() {
        assert_eq!(verdict(&[]).action, Action::Allow);
        let low = raised(Severity::High, Confidence::Low);
        let high = raised(Severity::High, Confidence::High);
        assert_eq!(verdict(std::slice::from_ref(&low)).action, Action::Log);
        assert_eq!(verdict(&[high]).action, Action::Deny);
        assert!(score(&[low.clone(), low.clone()]) > score(&[low]));
        assert_eq!(verdict(&[raised(Severity::High, Confidence::High)]).applied, Action::Allow);
    }
}
