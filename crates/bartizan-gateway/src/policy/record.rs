//! What policies decided about a call: counted, kept with the call, turned into an answer.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bartizan_model::{Action, Mode, PolicyDecision, PolicyOutcome, PrincipalKind, Verdict};
use http::{HeaderName, HeaderValue, StatusCode, header};
use prometheus_client::metrics::{counter::Counter, family::Family};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    asked::Asked, identity::Identity, pass::EXCEPTED, scope::Scope, set_aside::is_set_aside,
};
use crate::{call::Call, phases::Reply};

/// A decision that was more than to let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Name of the policy.
    pub policy: Arc<str>,
    /// Its kind, for example `rate`.
    pub kind: &'static str,
    /// What became of it.
    pub outcome: PolicyOutcome,
    /// What enforcement would do.
    pub action: Action,
    /// Status that enforcement answers with; `None` when it was not evaluated.
    pub status: Option<u16>,
    /// Why: a short name, without anything that the client sent.
    pub reason: &'static str,
}

impl From<&Applied> for PolicyDecision {
    fn from(applied: &Applied) -> Self {
        Self {
            policy: applied.policy.to_string(),
            kind: applied.kind.to_owned(),
            outcome: applied.outcome,
            action: applied.action,
            status: applied.status,
            reason: applied.reason.to_owned(),
        }
    }
}

/// Everything that policies decided and found out about a call; in its extensions.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// In order of deciding; at most one per policy and phase.
    pub applied: Vec<Applied>,
    /// Who is calling, as far as it was verified; in order of verifying.
    pub identities: Vec<Identity>,
    /// What the call asks for.
    pub(crate) asked: Option<Arc<Asked>>,
}

impl Decisions {
    /// The strictest of what would be done and of what was done.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.take_in(&self.decisions());
        verdict
    }

    /// Who asks, as far as that is known.
    pub(super) fn who(call: &Call) -> Vec<Identity> {
        call.extension::<Self>().map(|decisions| decisions.identities.clone()).unwrap_or_default()
    }

    /// Whether it is known who asks.
    pub(super) fn knows_somebody(call: &Call) -> bool {
        call.extension::<Self>().is_some_and(|decisions| !decisions.identities.is_empty())
    }

    /// Id of the own key that was verified.
    pub(crate) fn own_key(&self) -> Option<Arc<str>> {
        let mut keys = self.identities.iter().filter(|one| one.kind == PrincipalKind::ApiKey);
        keys.next().map(|one| Arc::clone(&one.subject))
    }

    /// What was decided, in the words of the model.
    #[must_use]
    pub fn decisions(&self) -> Vec<PolicyDecision> {
        self.applied.iter().map(PolicyDecision::from).collect()
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
    /// What the client is told about this very request.
    pub(crate) detail: String,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) const fn deny(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            action: Action::Deny,
            status,
            code,
            reason: code,
            title,
            detail: String::new(),
            fields: Vec::new(),
        }
    }

    /// Says more to the operator than to the client.
    pub(crate) const fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    /// As an answer. One with 401 always says what is asked for (RFC 9110 §15.5.2).
    pub(crate) fn into_reply(self) -> Reply {
        let reply = Reply::problem(self.status, self.code, self.title).with_detail(self.detail);
        let reply =
            self.fields.into_iter().fold(reply, |reply, (name, value)| reply.with(name, value));
        let asks = reply.headers.contains_key(header::WWW_AUTHENTICATE);
        if reply.status != StatusCode::UNAUTHORIZED || asks {
            return reply;
        }
        reply.with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"api\""))
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

/// How often a policy decided what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyTally {
    /// It had nothing against a call.
    pub passed: u64,
    /// It refused a call.
    pub refused: u64,
    /// It would have refused a call.
    pub would_refuse: u64,
    /// It changed an answer, or answered by itself.
    pub acted: u64,
    /// It would have done so.
    pub would_act: u64,
    /// It lacked what it needs to decide.
    pub not_evaluated: u64,
}

impl PolicyTally {
    const fn of(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Refused => &mut self.refused,
            Outcome::WouldRefuse => &mut self.would_refuse,
            Outcome::Acted => &mut self.acted,
            Outcome::WouldAct => &mut self.would_act,
            Outcome::NotEvaluated => &mut self.not_evaluated,
        }
    }
}

type Labels = Vec<(&'static str, String)>;

/// Counters of all policies, which outlive reloads. The first label is the name of the policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallies {
    /// By policy, kind, mode and outcome.
    pub(crate) decisions: Family<Labels, Counter>,
    /// Those that are kept with a call, by policy, kind, outcome and reason.
    pub(crate) reasons: Family<Labels, Counter>,
    /// The labels of all of them.
    known: Arc<Mutex<HashSet<Labels>>>,
}

impl Tallies {
    fn known(&self) -> MutexGuard<'_, HashSet<Labels>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decision(&self, labels: Labels) -> Counter {
        let counter = self.decisions.get_or_create_owned(&labels);
        self.known().insert(labels);
        counter
    }

    fn reason(&self, labels: Labels) {
        if let Some(counter) = self.reasons.get(&labels) {
            counter.inc();
            return;
        }
        self.reasons.get_or_create(&labels).inc();
        self.known().insert(labels);
    }

    /// What was counted for a policy, in whatever mode it was.
    pub(crate) fn tally(&self, policy: &str) -> PolicyTally {
        let mut tally = PolicyTally::default();
        for labels in self.known().iter() {
            let label = |name| labels.iter().find(|(of, _)| *of == name).map(|(_, v)| v.as_str());
            let (Some(of), Some(_), Some(outcome)) =
                (label("policy"), label("mode"), label("outcome"))
            else {
                continue;
            };
            if of != policy {
                continue;
            }
            let count = self.decisions.get(labels).map_or(0, |counter| counter.get());
            if let Some(outcome) = Outcome::ALL.into_iter().find(|o| o.code() == outcome) {
                *tally.of(outcome) += count;
            }
        }
        tally
    }

    /// Forgets what was counted for policies of other names than these.
    pub(crate) fn forget_others(&self, names: &HashSet<String>) {
        self.known().retain(|labels| {
            let stays = labels.first().is_some_and(|(_, name)| names.contains(name));
            if !stays {
                self.decisions.remove(labels);
                self.reasons.remove(labels);
            }
            stays
        });
    }
}

/// What there is to a policy whatever its rule is.
pub(crate) trait Outside {
    fn name(&self) -> &str;
    fn kind(&self) -> &'static str;
    fn mode(&self) -> Mode;
    fn scope(&self) -> &Scope;

    /// Counts that it was not asked, and why, and keeps that with the call.
    fn leave_out(&self, reason: &'static str, decisions: &mut Decisions);
}

impl<R> Outside for Policy<R> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn leave_out(&self, reason: &'static str, decisions: &mut Decisions) {
        self.not_evaluated(reason, decisions);
    }
}

/// A compiled policy: its outside, and the rule.
#[derive(Debug)]
pub(crate) struct Policy<R> {
    pub(crate) name: Arc<str>,
    pub(crate) mode: Mode,
    pub(crate) scope: Scope,
    pub(crate) rule: R,
    kind: &'static str,
    tallies: [Counter; 6],
    all: Tallies,
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
            all.decision(vec![
                ("policy", name.to_owned()),
                ("kind", kind.to_owned()),
                ("mode", word.to_owned()),
                ("outcome", outcome.code().to_owned()),
            ])
        });
        Self { name: name.into(), mode, scope, rule, kind, tallies, all: all.clone() }
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

    /// Counts something done that lets a call pass which others would have stopped, and keeps it with the call.
    pub(crate) fn let_pass(&self, reason: &'static str, decisions: &mut Decisions) {
        let outcome = match self.acts() {
            true => PolicyOutcome::Enforced,
            false => PolicyOutcome::Monitored,
        };
        self.keep(outcome, Action::Allow, None, reason, decisions);
    }

    /// Counts a refusal and keeps it with the call; gives it back when it is to be enforced, and was not set aside.
    pub(crate) fn refuse(&self, refusal: Refusal, decisions: &mut Decisions) -> Option<Refusal> {
        if is_set_aside(&self.scope.set_aside, refusal.reason, decisions) {
            self.not_evaluated(EXCEPTED, decisions);
            return None;
        }
        let is_enforced = self.is_enforced();
        let (count, outcome) = match is_enforced {
            true => (Outcome::Refused, PolicyOutcome::Enforced),
            false => (Outcome::WouldRefuse, PolicyOutcome::Monitored),
        };
        self.count(count);
        let status = Some(refusal.status.as_u16());
        self.keep(outcome, refusal.action, status, refusal.reason, decisions);
        is_enforced.then_some(refusal)
    }

    /// Counts what came of asking about a body, and keeps with the call what is more than that it passed; gives the
    /// refusal back when it is to be enforced.
    pub(crate) fn settle(
        &self,
        checked: Result<Option<&'static str>, Refusal>,
        call: &mut Call,
    ) -> Option<Refusal> {
        self.settle_in(checked, call.extensions().get_or_insert_default())
    }

    /// The same where the call is elsewhere.
    pub(crate) fn settle_in(
        &self,
        checked: Result<Option<&'static str>, Refusal>,
        decisions: &mut Decisions,
    ) -> Option<Refusal> {
        match checked {
            Ok(None) => self.count(Outcome::Passed),
            Ok(Some(reason)) => self.not_evaluated(reason, decisions),
            Err(refusal) => return self.refuse(refusal, decisions),
        }
        None
    }

    /// Counts that it could not decide, and keeps that with the call.
    pub(crate) fn not_evaluated(&self, reason: &'static str, decisions: &mut Decisions) {
        self.count(Outcome::NotEvaluated);
        self.keep(PolicyOutcome::NotEvaluated, Action::Allow, None, reason, decisions);
    }

    fn keep(
        &self,
        outcome: PolicyOutcome,
        action: Action,
        status: Option<u16>,
        reason: &'static str,
        decisions: &mut Decisions,
    ) {
        let labels = vec![
            ("policy", self.name.to_string()),
            ("kind", self.kind.to_owned()),
            ("outcome", outcome.as_str().to_owned()),
            ("reason", reason.to_owned()),
        ];
        self.all.reason(labels);
        let (policy, kind) = (Arc::clone(&self.name), self.kind);
        decisions.applied.push(Applied { policy, kind, outcome, action, status, reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(mode: Mode, tallies: &Tallies) -> Policy<()> {
        Policy::new("a", "size", mode, Scope::default(), (), tallies)
    }

    #[test]
    fn who_is_not_known_is_told_what_is_asked_for() {
        let asked = |refusal: Refusal| {
            let fields = refusal.into_reply().headers;
            let all = fields.get_all(header::WWW_AUTHENTICATE).iter();
            all.map(|value| value.to_str().expect("text").to_owned()).collect::<Vec<_>>()
        };
        let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "x", "y");
        assert_eq!(asked(refusal.clone()), ["Bearer realm=\"api\""]);
        let basic = HeaderValue::from_static("Basic realm=\"a\"");
        assert_eq!(asked(refusal.with(header::WWW_AUTHENTICATE, basic)), ["Basic realm=\"a\""]);
        assert!(asked(Refusal::deny(StatusCode::FORBIDDEN, "x", "y")).is_empty());
    }

    #[test]
    fn monitored_refusals_are_kept_but_not_applied() {
        let (tallies, mut decisions) = (Tallies::default(), Decisions::default());
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "x", "y");
        let monitored = policy(Mode::Monitor, &tallies);
        assert!(monitored.refuse(refusal.clone(), &mut decisions).is_none());
        let verdict = decisions.verdict();
        assert_eq!((verdict.action, verdict.applied), (Action::Deny, Action::Allow));
        assert_eq!(
            (verdict.status, decisions.applied[0].outcome),
            (Some(403), PolicyOutcome::Monitored)
        );
        let enforced = policy(Mode::Enforce, &tallies);
        assert!(enforced.refuse(refusal, &mut decisions).is_some());
        assert_eq!(decisions.verdict().applied, Action::Deny);
        assert_eq!(enforced.tallies[Outcome::Refused as usize].get(), 1);
        assert_eq!(monitored.tallies[Outcome::WouldRefuse as usize].get(), 1);
        monitored.not_evaluated("no-counter", &mut decisions);
        let last = decisions.decisions().pop().expect("kept");
        assert_eq!((last.outcome, last.action), (PolicyOutcome::NotEvaluated, Action::Allow));
    }
}
