//! What enforcement would do, and what happened.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done with an exchange, mildest first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passed on.
    #[default]
    Allow,
    /// Passed on and recorded as suspicious.
    Log,
    /// Passed on with values masked.
    Mask,
    /// Answered with a challenge.
    Challenge,
    /// Answered with "too many requests".
    Throttle,
    /// Refused.
    Deny,
}

impl Action {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Mask => "mask",
            Self::Challenge => "challenge",
            Self::Throttle => "throttle",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verdict on one exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// What enforcement would do.
    pub action: Action,
    /// What happened: `allow` out of band and in monitor mode.
    pub applied: Action,
    /// Status that enforcement would answer with; `None` when the exchange would pass.
    pub status: Option<u16>,
    /// 0 to 100: how hostile the exchange alone looks.
    pub score: u8,
}

/// What became of what a policy decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOutcome {
    /// It was done.
    Enforced,
    /// It was only noted: the policy is in monitor mode.
    Monitored,
    /// The policy could not decide: a look-up failed, or what it needs was not there.
    NotEvaluated,
}

impl PolicyOutcome {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Monitored => "monitored",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// What an inline policy decided about an exchange, when that was more than to let it pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyDecision {
    /// Name of the policy.
    pub policy: String,
    /// Its kind, for example `rate`.
    pub kind: String,
    /// What became of it.
    pub outcome: PolicyOutcome,
    /// What enforcement would do; *allow* when it was not evaluated.
    pub action: Action,
    /// Status that enforcement answers with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why: a short name, without anything that the client sent.
    pub reason: String,
}

impl PolicyDecision {
    /// What happened.
    #[must_use]
    pub fn applied(&self) -> Action {
        if self.outcome == PolicyOutcome::Enforced { self.action } else { Action::Allow }
    }
}

impl Verdict {
    /// Adds what policies decided inline: the strictest counts, for what enforcement would do and for
    /// what happened.
    pub fn take_in(&mut self, decisions: &[PolicyDecision]) {
        for decision in decisions {
            if decision.action > self.action {
                (self.action, self.status) = (decision.action, decision.status);
            }
            self.applied = self.applied.max(decision.applied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_decision_counts() {
        let decision = |outcome, action, status| PolicyDecision {
            policy: "a".to_owned(),
            kind: "rate".to_owned(),
            outcome,
            action,
            status,
            reason: "r".to_owned(),
        };
        let mut verdict = Verdict { action: Action::Log, score: 30, ..Verdict::default() };
        verdict.take_in(&[]);
        assert_eq!((verdict.action, verdict.status), (Action::Log, None));
        let monitored = decision(PolicyOutcome::Monitored, Action::Deny, Some(403));
        let enforced = decision(PolicyOutcome::Enforced, Action::Throttle, Some(429));
        let unknown = decision(PolicyOutcome::NotEvaluated, Action::Allow, None);
        verdict.take_in(&[enforced, monitored, unknown]);
        let expected = Verdict {
            action: Action::Deny,
            applied: Action::Throttle,
            status: Some(403),
            score: 30,
        };
        assert_eq!(verdict, expected);
    }
}
