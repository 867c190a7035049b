//! What policies decided about a call: counted, kept with the call, turned into an answer.

use std::sync::Arc;

use bartizan_model::{Action, Mode, Verdict};
use http::{HeaderName, HeaderValue, StatusCode};
use prometheus_client::metrics::{counter::Counter, family::Family};

use super::{identity::Identity, scope::Scope};
use crate::phases::Reply;

/// A decision that was more than to let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Name of the policy.
    pub policy: Arc<str>,
    /// Its kind, for example `rate`.
    pub kind: &'static str,
    /// What enforcement would do.
    pub action: Action,
    /// What happened: `allow` in monitor mode.
    pub applied: Action,
    /// Why: a short name, without anything that the client sent.
    pub reason: &'static str,
    /// Status that enforcement answers with.
    pub status: u16,
    /// Id under which the call is found.
    pub incident: String,
}

/// Everything that policies decided and found out about a call; in its extensions.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// In order of deciding; at most one per policy and phase.
    pub applied: Vec<Applied>,
    /// Who is calling, as far as it was verified; in order of verifying.
    pub identities: Vec<Identity>,
}

impl Decisions {
    /// The strictest of what would be done and of what was done.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let strictest = self.applied.iter().max_by_key(|one| one.action);
        Verdict {
            action: strictest.map_or(Action::Allow, |one| one.action),
            applied: self.applied.iter().map(|one| one.applied).max().unwrap_or_default(),
            status: strictest.map(|one| one.status),
            score: 0,
        }
    }
}

/// Why a policy does not let a call pass, and how that is answered.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) action: Action,
    pub(crate) status: StatusCode,
    /// What the client is told.
    pub(crate) code: &'static str,
    /// What the operator is told.
    pub(crate) reason: &'static str,
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) const fn deny(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { action: Action::Deny, status, code, reason: code, title, fields: Vec::new() }
    }

    /// Says more to the operator than to the client.
    pub(crate) const fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    pub(crate) fn into_reply(self) -> Reply {
        let reply = Reply::problem(self.status, self.code, self.title);
        self.fields.into_iter().fold(reply, |reply, (name, value)| reply.with(name, value))
    }
}

/// What came of asking a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It has nothing against the call.
    Passed,
    /// It refused the call.
    Refused,
    /// It would have refused the call.
    WouldRefuse,
    /// It changed the answer, or answered by itself.
    Acted,
    /// It would have done so.
    WouldAct,
    /// It lacked what it needs to decide.
    NotEvaluated,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Passed,
        Self::Refused,
        Self::WouldRefuse,
        Self::Acted,
        Self::WouldAct,
        Self::NotEvaluated,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
            Self::Acted => "acted",
            Self::WouldAct => "would_act",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// Counters of all policies by policy, kind, mode and outcome.
pub(crate) type Tallies = Family<Vec<(&'static str, String)>, Counter>;

/// A compiled policy: its outside, and the rule.
#[derive(Debug)]
pub(crate) struct Policy<R> {
    pub(crate) name: Arc<str>,
    pub(crate) mode: Mode,
    pub(crate) scope: Scope,
    pub(crate) rule: R,
    kind: &'static str,
    tallies: [Counter; 6],
}

impl<R> Policy<R> {
    pub(crate) fn new(
        name: &str,
        kind: &'static str,
        mode: Mode,
        scope: Scope,
        rule: R,
        all: &Tallies,
    ) -> Self {
        let word = match mode {
            Mode::Off => "off",
            Mode::Monitor => "monitor",
            Mode::Enforce => "enforce",
        };
        let tallies = Outcome::ALL.map(|outcome| {
            all.get_or_create_owned(&vec![
                ("policy", name.to_owned()),
                ("kind", kind.to_owned()),
                ("mode", word.to_owned()),
                ("outcome", outcome.code().to_owned()),
            ])
        });
        Self { name: name.into(), mode, scope, rule, kind, tallies }
    }

    pub(crate) fn is_enforced(&self) -> bool {
        self.mode == Mode::Enforce
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        self.tallies[outcome as usize].inc();
    }

    /// Counts something done to the answer, and says whether to do it.
    pub(crate) fn acts(&self) -> bool {
        self.count(if self.is_enforced() { Outcome::Acted } else { Outcome::WouldAct });
        self.is_enforced()
    }

    /// Counts a refusal and keeps it with the call; gives it back when it is to be enforced.
    pub(crate) fn refuse(
        &self,
        refusal: Refusal,
        decisions: &mut Decisions,
        incident: &str,
    ) -> Option<Refusal> {
        let is_enforced = self.is_enforced();
        self.count(if is_enforced { Outcome::Refused } else { Outcome::WouldRefuse });
        decisions.applied.push(Applied {
            policy: Arc::clone(&self.name),
            kind: self.kind,
            action: refusal.action,
            applied: if is_enforced { refusal.action } else { Action::Allow },
            reason: refusal.reason,
            status: refusal.status.as_u16(),
            incident: incident.to_owned(),
        });
        is_enforced.then_some(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(mode: Mode, tallies: &Tallies) -> Policy<()> {
        Policy::new("a", "size", mode, Scope::default(), (), tallies)
    }

    #[test]
    fn monitored_refusals_are_kept_but_not_applied() {
        let (tallies, mut decisions) = (Tallies::default(), Decisions::default());
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "x", "y");
        let monitored = policy(Mode::Monitor, &tallies);
        assert!(monitored.refuse(refusal.clone(), &mut decisions, "i").is_none());
        let verdict = decisions.verdict();
        assert_eq!((verdict.action, verdict.applied), (Action::Deny, Action::Allow));
        assert_eq!((verdict.status, &*decisions.applied[0].incident), (Some(403), "i"));
        let enforced = policy(Mode::Enforce, &tallies);
        assert!(enforced.refuse(refusal, &mut decisions, "i").is_some());
        assert_eq!(decisions.verdict().applied, Action::Deny);
        assert_eq!(enforced.tallies[Outcome::Refused as usize].get(), 1);
        assert_eq!(monitored.tallies[Outcome::WouldRefuse as usize].get(), 1);
    }
}
