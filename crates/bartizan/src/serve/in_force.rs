//! What is in force: configuration, policies, and the modes to which policies were switched by hand.
//!
//! A switch counts until it is taken back by switching to the configured mode; it outlives restarts and
//! reloads, and is audited. A policy that is not configured any more takes its switch along when it
//! comes back.

mod excepting;

use std::{collections::BTreeMap, sync::Arc};

use bartizan_gateway::{
    ConfigError, Running,
    policy::{Enforcement, PolicyConfig, PolicyError},
};
use bartizan_model::{Duration, Mode, Scope, Timestamp};
use bartizan_store::{AuditEntry, Batch, LearnedState, PRODUCT, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

pub(super) use self::excepting::applied;
use super::{
    exceptions::Exceptions,
    relations::{Decided, Deciding},
};

/// Under what the switches are kept.
const NAME: &str = "policy-modes";

/// Longest time for which policies may be left out in an emergency.
const LONGEST_EMERGENCY: Duration = Duration::hours(24);

/// A mode to which a policy was switched by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub(crate) struct Switched {
    /// The mode.
    pub(crate) mode: Mode,
    /// When that ends by itself.
    pub(crate) until: Option<Timestamp>,
}

impl Switched {
    /// Whether it counts at a time.
    pub(crate) fn counts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// As it is kept: a mode alone is what was kept when switches had no end.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Mode(Mode),
    Until { mode: Mode, until: Timestamp },
}

impl From<Kept> for Switched {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Mode(mode) => Self { mode, until: None },
            Kept::Until { mode, until } => Self { mode, until: Some(until) },
        }
    }
}

impl From<Switched> for Kept {
    fn from(switched: Switched) -> Self {
        match switched {
            Switched { mode, until: None } => Self::Mode(mode),
            Switched { mode, until: Some(until) } => Self::Until { mode, until },
        }
    }
}

/// Modes of policies that were switched by hand, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes(BTreeMap<String, Switched>);

/// Why it is not known to which modes policies were switched.
#[derive(Debug, thiserror::Error)]
pub enum ModesError {
    /// The store says why.
    #[error("cannot read the modes to which policies were switched: {0}")]
    Store(StoreError),
    /// What was kept is no list of modes. To go on without could leave off what was enforced.
    #[error("what is kept of the modes to which policies were switched cannot be understood: {0}")]
    Unreadable(serde_json::Error),
}

impl Modes {
    /// Those that were kept.
    pub(super) async fn load((store, scope): (&dyn Store, &Scope)) -> Result<Self, ModesError> {
        let kept = store.learned(scope, NAME).await.map_err(ModesError::Store)?;
        let modes = kept.map(|(state, _)| serde_json::from_slice(&state.content)).transpose();
        Ok(Self(modes.map_err(ModesError::Unreadable)?.unwrap_or_default()))
    }

    /// Forgets all of them, whether they can be read or not. Audited.
    pub(super) async fn forget(
        (store, scope): (&dyn Store, &Scope),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            time: now,
            who: PRODUCT.to_owned(),
            action: "policy.modes.forget".to_owned(),
            subject: "policies".to_owned(),
            details: serde_json::json!({"asked_by": "--forget-switches"}),
        };
        Self::default().save(store, scope, entry).await
    }

    async fn save(
        &self,
        store: &dyn Store,
        scope: &Scope,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let content = serde_json::to_vec(&self.0)
            .map_err(|source| StoreError::Encoding { what: "modes of policies", source })?;
        let batch = Batch {
            now: audit.time,
            learned: vec![LearnedState { name: NAME.to_owned(), content }],
            audit: vec![audit],
            ..Batch::default()
        };
        store.save_batch(scope, &batch).await?;
        Ok(())
    }

    /// These policies, in the modes to which they were switched. Those whose switch ends know when, and end by
    /// themselves.
    pub(super) fn apply(&self, configured: &[PolicyConfig]) -> Vec<PolicyConfig> {
        let switched = |policy: &PolicyConfig| match self.0.get(&policy.name) {
            None => policy.clone(),
            Some(switched) => policy.clone().switched(switched.mode, switched.until),
        };
        configured.iter().map(switched).collect()
    }
}

/// What is in force. Held while it changes: two changes come one after the other.
#[derive(Debug)]
pub(crate) struct InForce {
    /// What the server was told, as `config show` writes it.
    pub(crate) configuration: String,
    /// Keys of it that count after a restart only.
    pub(crate) after_restart: Vec<&'static str>,
    /// What the gateway was told.
    pub(super) gateway: bartizan_gateway::Config,
    /// Policies as configured, the default ones among them.
    pub(super) configured: Vec<PolicyConfig>,
    pub(super) modes: Modes,
    /// What was decided about relations; the policies of those that were approved are among the configured ones.
    pub(crate) decided: Decided,
    /// Refusals of theirs that were set aside.
    pub(super) exceptions: Exceptions,
    /// Compiled, in the modes to which they were switched.
    pub(crate) enforcement: Arc<Enforcement>,
}

/// Why a policy was not switched.
#[derive(Debug)]
pub(crate) enum SwitchError {
    /// There is none of this name.
    Unknown,
    /// It cannot end then, or has to; why.
    End(&'static str),
    /// It cannot be compiled in this mode.
    Policy(PolicyError),
    /// The switch cannot be kept.
    Store(StoreError),
    /// The gateway refuses it.
    Gateway(ConfigError),
}

/// Who switches which policy to what.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    /// Name of the policy.
    pub(crate) policy: String,
    /// Its new mode.
    pub(crate) mode: Mode,
    /// When that ends by itself.
    pub(crate) until: Option<Timestamp>,
    /// Who.
    pub(crate) who: String,
    /// When.
    pub(crate) now: Timestamp,
}

impl Switch {
    /// Whether it may end when it does, or not at all: kill switches may, and what leaves out policies in an
    /// emergency has to, soon. What ends is off from then on: where the configuration enforces it, that would not be
    /// what it was before.
    fn check_end(&self, kind: &str, configured: Mode) -> Result<(), &'static str> {
        let is_emergency = kind == "break_glass";
        if self.until.is_some() && !is_emergency && kind != "kill_switch" {
            return Err(
                "only switches of `kill_switch` and `break_glass` policies end by themselves",
            );
        }
        match self.until {
            Some(_) if self.mode == Mode::Off => Err("what is switched off has no end"),
            Some(_) if configured == Mode::Enforce => {
                Err("the configuration enforces it: switch it back by hand, without `until`")
            }
            Some(until) if until <= self.now => Err("`until` is over"),
            Some(until) if is_emergency && until > self.now.plus(LONGEST_EMERGENCY) => {
                Err("`until` is more than 24 hours ahead")
            }
            None if is_emergency && self.mode == Mode::Enforce => {
                Err("`until` is needed: at most 24 hours ahead")
            }
            _ => Ok(()),
        }
    }

    fn audit(&self, from: Switched, to: Switched) -> AuditEntry {
        let mut details = serde_json::json!({"from": from.mode, "to": to.mode});
        if let Some(until) = to.until {
            details["until"] = serde_json::json!(until);
        }
        AuditEntry {
            time: self.now,
            who: self.who.clone(),
            action: "policy.mode".to_owned(),
            subject: self.policy.clone(),
            details,
        }
    }
}

impl InForce {
    #[cfg(test)]
    pub(crate) fn new(
        gateway: bartizan_gateway::Config,
        configured: Vec<PolicyConfig>,
        enforcement: Arc<Enforcement>,
    ) -> Self {
        let (configuration, modes) = (String::new(), Modes::default());
        let after_restart = Vec::new();
        let (decided, exceptions) = (Decided::default(), Exceptions::default());
        Self {
            configuration,
            after_restart,
            gateway,
            configured,
            modes,
            decided,
            exceptions,
            enforcement,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_exception(mut self, one: super::Exception) -> Self {
        self.exceptions = self.exceptions.with(one).unwrap_or_default();
        self
    }

    /// Policies, each as configured and in the mode it is in.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (&PolicyConfig, Option<Switched>)> {
        self.configured.iter().map(|policy| (policy, self.modes.0.get(&policy.name).copied()))
    }

    /// Takes over another configuration. The gateway changes in one moment, or nothing does. Must run
    /// where the gateway does.
    pub(super) fn take_over(
        &mut self,
        running: &Running,
        gateway: bartizan_gateway::Config,
        configured: Vec<PolicyConfig>,
        configuration: String,
    ) -> Result<(), super::ServeError> {
        let configured = with_decided(configured, &self.decided);
        let policies = applied(&configured, &self.modes, &self.exceptions);
        let next = self.enforcement.successor(&policies)?;
        let next = Arc::new(next);
        running.reload(&gateway, Arc::clone(&next) as Arc<_>)?;
        let modes = std::mem::take(&mut self.modes);
        let (after_restart, decided) = (Vec::new(), std::mem::take(&mut self.decided));
        let exceptions = std::mem::take(&mut self.exceptions);
        *self = Self {
            configuration,
            after_restart,
            gateway,
            configured,
            modes,
            decided,
            exceptions,
            enforcement: next,
        };
        Ok(())
    }

    /// Compiles the policies anew, when what they compare with is another.
    pub(super) fn renew(
        &mut self,
        running: &Running,
        traffic: &Handle,
    ) -> Result<(), super::ServeError> {
        let policies = applied(&self.configured, &self.modes, &self.exceptions);
        let next = Arc::new(self.enforcement.successor(&policies)?);
        let _context = traffic.enter();
        running.reload(&self.gateway, Arc::clone(&next) as Arc<_>)?;
        self.enforcement = next;
        Ok(())
    }

    /// Decides about a relation, and takes its policy into force or out of it. First it is written down, as a
    /// switch is.
    pub(crate) async fn decide(
        &mut self,
        (running, traffic): (&Running, &Handle),
        (store, scope): (&dyn Store, &Scope),
        deciding: Deciding,
    ) -> Result<(), SwitchError> {
        let mut decided = self.decided.clone();
        if !decided.decide(deciding.relation.id.clone(), deciding.decision()) {
            return Err(SwitchError::Unknown);
        }
        let configured = with_decided(self.configured.clone(), &decided);
        let policies = applied(&configured, &self.modes, &self.exceptions);
        let next = self.enforcement.successor(&policies);
        let next = Arc::new(next.map_err(SwitchError::Policy)?);
        let audit = deciding.audit(deciding.action());
        decided.save((store, scope), audit).await.map_err(SwitchError::Store)?;
        let taken_over = {
            let _context = traffic.enter();
            running.reload(&self.gateway, Arc::clone(&next) as Arc<_>)
        };
        if let Err(error) = taken_over {
            let back = self.decided.save((store, scope), deciding.audit("relation.undo")).await;
            back.map_err(SwitchError::Store)?;
            return Err(SwitchError::Gateway(error));
        }
        (self.decided, self.configured, self.enforcement) = (decided, configured, next);
        self.enforcement.forget_others();
        Ok(())
    }

    /// Switches a policy. First it is written down, so that what is in force after a crash is what was
    /// said to be.
    pub(crate) async fn switch(
        &mut self,
        (running, traffic): (&Running, &Handle),
        (store, scope): (&dyn Store, &Scope),
        switch: Switch,
    ) -> Result<(), SwitchError> {
        let named = self.configured.iter().find(|policy| policy.name == switch.policy);
        let kind = named.and_then(PolicyConfig::kind_and_mode);
        let (item, configured) = kind.ok_or(SwitchError::Unknown)?;
        switch.check_end(item.kind, configured).map_err(SwitchError::End)?;
        let mut modes = self.modes.clone();
        // What has ended by itself is not told as what was before.
        modes.0.retain(|_, switched| switched.counts(switch.now));
        let to = Switched { mode: switch.mode, until: switch.until };
        let before = if to == (Switched { mode: configured, until: None }) {
            modes.0.remove(&switch.policy)
        } else {
            modes.0.insert(switch.policy.clone(), to)
        };
        if modes == self.modes {
            return Ok(());
        }
        let policies = applied(&self.configured, &modes, &self.exceptions);
        let next = self.enforcement.successor(&policies);
        let next = Arc::new(next.map_err(SwitchError::Policy)?);
        let before = before.unwrap_or(Switched { mode: configured, until: None });
        let saved = modes.save(store, scope, switch.audit(before, to)).await;
        saved.map_err(SwitchError::Store)?;
        let taken_over = {
            let _context = traffic.enter();
            running.reload(&self.gateway, Arc::clone(&next) as Arc<_>)
        };
        if let Err(error) = taken_over {
            let back = self.modes.save(store, scope, switch.audit(to, before)).await;
            back.map_err(SwitchError::Store)?;
            return Err(SwitchError::Gateway(error));
        }
        (self.modes, self.enforcement) = (modes, next);
        self.enforcement.forget_others();
        Ok(())
    }
}

/// Configured policies, with those of approved relations in the place of those there were before.
pub(super) fn with_decided(
    mut configured: Vec<PolicyConfig>,
    decided: &Decided,
) -> Vec<PolicyConfig> {
    configured.retain(|policy| !Decided::is_one(&policy.name));
    configured.extend(decided.policies());
    configured
}

#[cfg(test)]
mod tests;
