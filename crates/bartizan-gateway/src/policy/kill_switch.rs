//! Endpoints that are switched off.

use bartizan_model::{Mode, Timestamp};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "kill_switch",
    title: "Kill switch",
    mode: Mode::Off,
    documentation: "\
Answers everything in its scope by 503 with `Retry-After`, before anything else is looked at, and closes WebSockets that \
were opened there: for an endpoint that leaks, or a service that has to be left alone. It is written down beforehand and \
does nothing until it is switched to `enforce`, by `setPolicyMode` of the administration API or in the dashboard, which \
counts at once, outlives restarts and is in the audit log. A switch may say when it ends; `until` says so in the file.

Without a scope it switches off everything that goes through the gateway.",
    examples: &["\
name: stop-exports
scope: {paths: [/exports/**]}
kill_switch: {retry_after_seconds: 600}
"],
};

/// Longest time that clients are told to wait, in seconds.
const LONGEST_WAIT: u32 = 86_400;

/// Settings of a kill switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KillSwitchConfig {
    /// Seconds after which clients are told to ask again, 1 to 86400.
    pub retry_after_seconds: u32,
    /// When it ends (RFC 3339), whatever its mode is. Default: when it is switched off.
    pub until: Option<Timestamp>,
}

impl Default for KillSwitchConfig {
    fn default() -> Self {
        Self { retry_after_seconds: 300, until: None }
    }
}

/// A compiled kill switch.
#[derive(Debug)]
pub(crate) struct KillSwitch {
    retry_after_seconds: u32,
    until: Option<Timestamp>,
}

impl KillSwitch {
    /// Compiles a policy that was switched by hand until a time.
    pub(crate) fn compile(
        config: &KillSwitchConfig,
        until: Option<Timestamp>,
    ) -> Result<Self, Problem> {
        if !(1..=LONGEST_WAIT).contains(&config.retry_after_seconds) {
            return Err(Problem::new("retry_after_seconds", "expected 1 to 86400"));
        }
        let until = config.until.into_iter().chain(until).min();
        Ok(Self { retry_after_seconds: config.retry_after_seconds, until })
    }

    /// Refuses, until it ends.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.until.is_some_and(|until| until <= now) {
            return Ok(());
        }
        let title = "this is switched off for the time being";
        let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, "switched-off", title);
        Err(refusal.with(header::RETRY_AFTER, HeaderValue::from(self.retry_after_seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn it_refuses_until_the_earlier_end() {
        let config = KillSwitchConfig { until: Some(at(50)), ..KillSwitchConfig::default() };
        for (by_hand, end) in [(None, 50), (Some(20), 20), (Some(90), 50)] {
            let switch = KillSwitch::compile(&config, by_hand.map(at)).expect("compiles");
            let refusal = switch.check(at(end - 1)).expect_err("switched off");
            assert_eq!(refusal.status, 503);
            assert_eq!(refusal.fields, [(header::RETRY_AFTER, HeaderValue::from_static("300"))]);
            assert!(switch.check(at(end)).is_ok(), "{by_hand:?}");
        }
        let endless = KillSwitch::compile(&KillSwitchConfig::default(), None).expect("compiles");
        assert!(endless.check(at(i64::from(u32::MAX))).is_err());
    }

    #[test]
    fn waits_out_of_range_are_refused() {
        for retry_after_seconds in [0, LONGEST_WAIT + 1] {
            let config = KillSwitchConfig { retry_after_seconds, until: None };
            assert!(KillSwitch::compile(&config, None).is_err());
        }
    }
}
