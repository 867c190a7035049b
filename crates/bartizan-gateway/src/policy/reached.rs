//! What policies made of one call, each of them: for whoever wants to know why.

use bartizan_model::{Mode, PolicyOutcome};
use serde::Serialize;

use super::{Decisions, Enforcement, PolicyTally, pass::Stage, scope::Reach};
use crate::call::Call;

/// What a policy made of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Its name.
    pub policy: String,
    /// Its kind, for example `rate`.
    pub kind: &'static str,
    /// Whether it decides, or only says what it would decide.
    pub mode: Mode,
    /// Whether its scope holds the call.
    pub scope: Reach,
    /// What came of asking it.
    pub outcome: Came,
    /// Status that it answers with, or would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why, in order of deciding: short names.
    pub reasons: Vec<&'static str>,
}

/// What came of asking a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// The call is not in its scope.
    OutOfScope,
    /// It was not asked: another one stopped the call before, it had nothing to say to such a call, or it is about
    /// answers.
    NotAsked,
    /// It has nothing against the call.
    Passed,
    /// It changed something, or answered by itself.
    Acted,
    /// It would have done so.
    WouldAct,
    /// It could not decide.
    NotEvaluated,
    /// It would have refused the call.
    WouldRefuse,
    /// It refused the call.
    Refused,
}

impl Came {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfScope => "out of scope",
            Self::NotAsked => "not asked",
            Self::Passed => "passed",
            Self::Acted => "acted",
            Self::WouldAct => "would act",
            Self::NotEvaluated => "not evaluated",
            Self::WouldRefuse => "would refuse",
            Self::Refused => "refused",
        }
    }

    /// What is counted of a policy that was asked about one call only.
    const fn of(tally: PolicyTally, scope: Reach) -> Self {
        match (tally, scope) {
            (PolicyTally { refused: 1.., .. }, _) => Self::Refused,
            (PolicyTally { would_refuse: 1.., .. }, _) => Self::WouldRefuse,
            (PolicyTally { not_evaluated: 1.., .. }, _) => Self::NotEvaluated,
            (PolicyTally { acted: 1.., .. }, _) => Self::Acted,
            (PolicyTally { would_act: 1.., .. }, _) => Self::WouldAct,
            (PolicyTally { passed: 1.., .. }, _) => Self::Passed,
            (_, Reach::Out) => Self::OutOfScope,
            _ => Self::NotAsked,
        }
    }
}

impl Enforcement {
    /// What each policy made of a call, the only one that these were asked about; kind by kind, in the order in which
    /// they are asked.
    pub(crate) fn reached(&self, call: &Call) -> Vec<Reached> {
        let stage = call.extension::<Stage>();
        let none = Decisions::default();
        let decided = call.extension::<Decisions>().unwrap_or(&none);
        let of = |policy: &dyn super::record::Outside| {
            let own = decided.applied.iter().filter(|one| *one.policy == *policy.name());
            let refused = own.clone().filter(|one| one.outcome != PolicyOutcome::NotEvaluated);
            let scope = stage.map_or(Reach::Out, |stage| stage.reach(policy.scope()));
            Reached {
                policy: policy.name().to_owned(),
                kind: policy.kind(),
                mode: policy.mode(),
                scope,
                outcome: Came::of(self.tally(policy.name()), scope),
                status: refused.filter_map(|one| one.status).next(),
                reasons: own.map(|one| one.reason).collect(),
            }
        };
        self.set.outsides().into_iter().map(of).collect()
    }
}
