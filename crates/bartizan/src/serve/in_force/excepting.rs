//! Exceptions that are made and ended by hand.

use std::sync::Arc;

use bartizan_gateway::{Running, policy::PolicyConfig};
use bartizan_model::{Scope, Timestamp};
use bartizan_store::{AuditEntry, Store};
use tokio::runtime::Handle;

use super::{InForce, Modes, SwitchError};
use crate::serve::exceptions::{Exception, Exceptions};

/// Policies as they are in force: in the modes to which they were switched, with what is set aside of their refusals.
pub(crate) fn applied(
    configured: &[PolicyConfig],
    modes: &Modes,
    exceptions: &Exceptions,
) -> Vec<PolicyConfig> {
    exceptions.apply(modes.apply(configured))
}

impl InForce {
    /// Exceptions that count at a time.
    pub(crate) fn exceptions(&self, now: Timestamp) -> impl Iterator<Item = &Exception> {
        self.exceptions.in_force(now)
    }

    /// Makes an exception. First it is written down, as a switch is.
    pub(crate) async fn except(
        &mut self,
        gateway: (&Running, &Handle),
        kept: (&dyn Store, &Scope),
        one: Exception,
    ) -> Result<(), SwitchError> {
        let named = self.configured.iter().find(|policy| policy.name == one.policy);
        let (item, _) = named.and_then(PolicyConfig::kind_and_mode).ok_or(SwitchError::Unknown)?;
        one.check(item.kind).map_err(SwitchError::End)?;
        let next = self.exceptions.with(one.clone());
        let next = next.ok_or(SwitchError::End("there is no room for one more exception"))?;
        let audit = |action: &str| one.audit(action, &one.who, one.made);
        let audits = (audit("policy.except"), audit("policy.except.undo"));
        self.take_exceptions(gateway, kept, next, audits).await
    }

    /// Ends an exception before its time.
    pub(crate) async fn end_exception(
        &mut self,
        gateway: (&Running, &Handle),
        kept: (&dyn Store, &Scope),
        id: &str,
        (who, now): (&str, Timestamp),
    ) -> Result<(), SwitchError> {
        let one = self.exceptions.find(id, now).cloned().ok_or(SwitchError::Unknown)?;
        let next = self.exceptions.without(id, now);
        let audit = |action: &str| one.audit(action, who, now);
        let audits = (audit("policy.except.end"), audit("policy.except.end.undo"));
        self.take_exceptions(gateway, kept, next, audits).await
    }

    /// Takes others into force. Where the gateway refuses them, they are taken back.
    async fn take_exceptions(
        &mut self,
        (running, traffic): (&Running, &Handle),
        kept: (&dyn Store, &Scope),
        exceptions: Exceptions,
        (audit, undo): (AuditEntry, AuditEntry),
    ) -> Result<(), SwitchError> {
        let policies = applied(&self.configured, &self.modes, &exceptions);
        let next = self.enforcement.successor(&policies);
        let next = Arc::new(next.map_err(SwitchError::Policy)?);
        exceptions.save(kept, audit).await.map_err(SwitchError::Store)?;
        let taken_over = {
            let _context = traffic.enter();
            running.reload(&self.gateway, Arc::clone(&next) as Arc<_>)
        };
        if let Err(error) = taken_over {
            self.exceptions.save(kept, undo).await.map_err(SwitchError::Store)?;
            return Err(SwitchError::Gateway(error));
        }
        (self.exceptions, self.enforcement) = (exceptions, next);
        self.enforcement.forget_others();
        Ok(())
    }
}
