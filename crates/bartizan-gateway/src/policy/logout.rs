//! Logouts: a token with which somebody has logged out is refused from then on.

use std::sync::Arc;

use bartizan_model::{Mode, Timestamp, deny::DenyList};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, credential::Credential, pass::Stage};
use crate::{call::Call, handover::timestamp};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "logout",
    title: "Logouts end tokens",
    mode: Mode::Monitor,
    documentation: "\
A token is good until it expires, whoever holds it; this ends it when its owner logs out. The scope says which \
operations are logouts. When the upstream answers one with success (2xx, and 3xx with `redirects`), the tokens that \
`jwt` and `introspection` policies have verified in that request are denied at once, everywhere and until they expire: \
by what was signed, so that another spelling of the signature is no other token, and by their `jti`. With `session` \
all tokens of the same session (the claim `session_claim` of the `jwt` policy) are denied for as long as any of them \
may live, as are those that a refresh token makes later.

Requests with a denied token are refused by the policy that verifies it (401, for the operator `token-denied`), and a \
WebSocket that was opened with one ends at its next review. Up to 131072 denied names are kept in memory; beyond \
that the one that would expire first is let go of. `bartizan serve` writes them down \
within a second, so that they outlive a restart.",
    examples: &["\
name: logout-ends-tokens
mode: enforce
scope: {methods: [POST], paths: [/auth/logout]}
logout: {session: true}
"],
};

/// Settings of a logout policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogoutConfig {
    /// Whether an answer that leads elsewhere (3xx) is a success too.
    pub redirects: bool,
    /// Whether the other tokens of the same session end with it.
    pub session: bool,
}

impl Default for LogoutConfig {
    fn default() -> Self {
        Self { redirects: false, session: true }
    }
}

/// A compiled logout policy.
#[derive(Debug)]
pub(crate) struct Logouts {
    config: LogoutConfig,
}

/// The tokens that were verified in a call.
#[derive(Clone, Debug)]
pub(crate) struct Shown(pub(crate) Arc<[Credential]>);

impl Logouts {
    pub(crate) fn compile(config: &LogoutConfig) -> Result<Self, Problem> {
        Ok(Self { config: config.clone() })
    }

    fn is_success(&self, status: StatusCode) -> bool {
        status.is_success() || (self.config.redirects && status.is_redirection())
    }

    fn end(&self, shown: &[Credential], list: &dyn DenyList, now: Timestamp) {
        for credential in shown {
            let until = Timestamp::from_seconds(credential.until);
            list.deny(credential.names.content, now, until);
            if let Some(id) = credential.names.id {
                list.deny(id, now, until);
            }
            if let Some(session) = credential.names.session.filter(|_| self.config.session) {
                list.deny(session, now, Timestamp::from_seconds(credential.session_until));
            }
        }
    }
}

/// Ends the tokens of a call if it was a logout.
pub(super) fn ended(stage: &Stage, call: &Call, status: StatusCode, list: &dyn DenyList) {
    let Some(shown) = call.extension::<Shown>() else { return };
    // Counted from now, not from when the call began: nobody has to be denied for the past.
    let now = timestamp(std::time::SystemTime::now());
    for policy in stage.set.logouts.iter().filter(|policy| stage.is_in(&policy.scope)) {
        if policy.rule.is_success(status) && policy.acts() {
            policy.rule.end(&shown.0, list, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_is_a_logout() {
        for (redirects, status, expected) in [
            (false, 204, true),
            (false, 303, false),
            (true, 303, true),
            (true, 401, false),
            (true, 500, false),
        ] {
            let config = LogoutConfig { redirects, ..LogoutConfig::default() };
            let rule = Logouts::compile(&config).expect("compiles");
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(rule.is_success(status), expected, "{redirects} {status}");
        }
    }
}
