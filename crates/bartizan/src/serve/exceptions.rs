//! Exceptions that somebody made of a refusal while the server runs: for one endpoint, one reason of one policy, and where
//! it is said one caller, until a time. They outlive restarts and reloads; the configuration's own are beside them.

use bartizan_gateway::policy::{
    MOST_SET_ASIDE, PolicyConfig, ScopeConfig, SetAside, can_be_set_aside,
};
use bartizan_model::{Duration, ExchangeId, Scope, Timestamp};
use bartizan_store::{AuditEntry, Batch, LearnedState, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Under what they are kept.
const NAME: &str = "policy-exceptions";
/// Most of them, of all policies together.
const MOST: usize = 500;
/// Longest time for which one is made.
const LONGEST: Duration = Duration::days(30);
/// Longest reason, in bytes.
const REASON_BYTES: usize = 500;
/// Longest name of a caller, in bytes.
const SUBJECT_BYTES: usize = 256;

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Exception {
    /// Its id.
    pub(crate) id: String,
    /// Name of the policy whose refusals are set aside.
    pub(crate) policy: String,
    /// Host, path and method of the endpoint.
    pub(crate) scope: ScopeConfig,
    /// The reason for which the policy refused: no other refusal is set aside.
    pub(crate) refusal: String,
    /// The caller, by the name that was verified; `null` for whoever calls.
    pub(crate) subject: Option<String>,
    /// The refused exchange that it was made of.
    pub(crate) exchange: ExchangeId,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Why it was made.
    pub(crate) reason: String,
    /// Who made it.
    pub(crate) who: String,
    /// When.
    pub(crate) made: Timestamp,
}

impl Exception {
    /// What is wrong with one that is to be made, of a policy of a kind.
    pub(super) fn check(&self, kind: &str) -> Result<(), &'static str> {
        let is_text = |text: &str, most: usize| {
            !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control)
        };
        if !can_be_set_aside(kind) {
            return Err(
                "policies of this kind have no exceptions: they find out who calls, guard accounts, or \
                        stop everybody",
            );
        }
        if !is_text(&self.reason, REASON_BYTES) {
            return Err("a reason is needed, of 1 to 500 bytes on one line");
        }
        if self.subject.as_ref().is_some_and(|subject| !is_text(subject, SUBJECT_BYTES)) {
            return Err("the name of a caller has 1 to 256 bytes on one line");
        }
        if self.until <= self.made {
            return Err("`until` is over");
        }
        if self.until > self.made.plus(LONGEST) {
            return Err("`until` is more than 30 days ahead");
        }
        Ok(())
    }

    fn set_aside(&self) -> SetAside {
        SetAside {
            scope: self.scope.clone(),
            refusal: self.refusal.clone(),
            subject: self.subject.clone(),
            until: self.until,
        }
    }

    /// What the audit log says, of somebody who makes it or ends it.
    pub(super) fn audit(&self, action: &str, who: &str, time: Timestamp) -> AuditEntry {
        AuditEntry {
            time,
            who: who.to_owned(),
            action: action.to_owned(),
            subject: self.policy.clone(),
            details: serde_json::json!({
                "id": self.id, "scope": self.scope, "refusal": self.refusal, "subject": self.subject,
                "exchange": self.exchange, "until": self.until, "reason": self.reason,
            }),
        }
    }
}

/// All exceptions, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exceptions(Vec<Exception>);

impl Exceptions {
    /// Those that were kept. What cannot be understood is no exception: policies refuse then what they would, and a
    /// warning says so.
    pub(super) async fn load((store, scope): (&dyn Store, &Scope)) -> Result<Self, StoreError> {
        let Some((kept, _)) = store.learned(scope, NAME).await? else { return Ok(Self::default()) };
        Ok(serde_json::from_slice(&kept.content).unwrap_or_else(|problem| {
            anstream::eprintln!(
                "warning: what is kept of exceptions cannot be understood, and none of them counts: {problem}"
            );
            Self::default()
        }))
    }

    /// Those that count at a time.
    pub(crate) fn in_force(&self, now: Timestamp) -> impl Iterator<Item = &Exception> {
        self.0.iter().filter(move |one| now < one.until)
    }

    /// The one with this id that counts at a time.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<&Exception> {
        self.in_force(now).find(|one| one.id == id)
    }

    /// These and one more, without those that have ended; `None` when there is no room.
    pub(super) fn with(&self, one: Exception) -> Option<Self> {
        let mut all: Vec<_> = self.in_force(one.made).cloned().collect();
        let of_policy = all.iter().filter(|other| other.policy == one.policy).count();
        if all.len() >= MOST || of_policy >= MOST_SET_ASIDE {
            return None;
        }
        all.push(one);
        Some(Self(all))
    }

    /// These but one, without those that have ended.
    pub(super) fn without(&self, id: &str, now: Timestamp) -> Self {
        Self(self.in_force(now).filter(|one| one.id != id).cloned().collect())
    }

    /// These policies, with what is set aside of theirs. A policy that is of another kind now, whose refusals cannot be,
    /// has none.
    pub(super) fn apply(&self, policies: Vec<PolicyConfig>) -> Vec<PolicyConfig> {
        let with_own = |policy: PolicyConfig| {
            let can = policy.kind_and_mode().is_some_and(|(item, _)| can_be_set_aside(item.kind));
            let own = self.0.iter().filter(|one| can && one.policy == policy.name);
            let own: Vec<_> = own.map(Exception::set_aside).collect();
            policy.setting_aside(own)
        };
        policies.into_iter().map(with_own).collect()
    }

    /// Writes them down, with an entry of the audit log.
    pub(super) async fn save(
        &self,
        (store, scope): (&dyn Store, &Scope),
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let content = serde_json::to_vec(self)
            .map_err(|source| StoreError::Encoding { what: "exceptions", source })?;
        let batch = Batch {
            now: audit.time,
            learned: vec![LearnedState { name: NAME.to_owned(), content }],
            audit: vec![audit],
            ..Batch::default()
        };
        store.save_batch(scope, &batch).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(policy: &str, until: i64) -> Exception {
        Exception {
            id: format!("{policy}-{until}"),
            policy: policy.to_owned(),
            scope: ScopeConfig { paths: vec!["/orders/*".to_owned()], ..ScopeConfig::default() },
            refusal: "rate-exceeded".to_owned(),
            subject: None,
            exchange: ExchangeId::from_text("exc_1"),
            until: Timestamp::from_seconds(until),
            reason: "a migration".to_owned(),
            who: "ann".to_owned(),
            made: Timestamp::from_seconds(100),
        }
    }

    #[test]
    fn an_exception_needs_an_end_a_reason_and_a_kind_that_may_have_one() {
        let day = 86_400;
        assert_eq!(exception("a", 101).check("rate"), Ok(()));
        assert_eq!(exception("a", 100 + 30 * day).check("rate"), Ok(()));
        for until in [100, 99, 101 + 30 * day] {
            assert!(exception("a", until).check("rate").is_err(), "{until}");
        }
        for kind in ["jwt", "api_key", "webhook", "login", "kill_switch", "nothing"] {
            assert!(exception("a", 101).check(kind).is_err(), "{kind}");
        }
        for reason in ["", " ", "a\nb", &"x".repeat(501)] {
            let one = Exception { reason: reason.to_owned(), ..exception("a", 101) };
            assert!(one.check("rate").is_err(), "{reason:?}");
        }
        let nobody = Exception { subject: Some(" ".to_owned()), ..exception("a", 101) };
        assert!(nobody.check("rate").is_err());
    }

    #[test]
    fn there_is_room_for_so_many_and_ended_ones_take_none() {
        let mut all = Exceptions::default();
        for number in 0..MOST_SET_ASIDE {
            let until = 200 + i64::try_from(number).expect("few");
            all = all.with(exception("a", until)).expect("room");
        }
        assert!(all.with(exception("a", 999)).is_none(), "of one policy");
        assert!(all.with(exception("b", 999)).is_some());
        let later = Exception { made: Timestamp::from_seconds(200), ..exception("a", 999) };
        assert_eq!(all.with(later).expect("one has ended").0.len(), MOST_SET_ASIDE);
        let now = Timestamp::from_seconds(100);
        assert!(all.find("a-200", now).is_some());
        assert!(all.without("a-200", now).find("a-200", now).is_none());
        assert!(all.find("a-200", Timestamp::from_seconds(200)).is_none());
    }

    #[test]
    fn only_policies_that_may_have_exceptions_are_given_theirs() {
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(
            "[{name: a, rate: {requests: 1, period_seconds: 1}}, {name: b, api_key: {}}, {name: c, size: {fields: 1}}]",
        )
        .expect("policies");
        let all =
            Exceptions(vec![exception("a", 200), exception("b", 200), exception("gone", 200)]);
        let applied = all.apply(policies.clone());
        let changed: Vec<_> =
            applied.iter().zip(&policies).map(|(after, before)| after != before).collect();
        assert_eq!(changed, [true, false, false]);
    }
}
