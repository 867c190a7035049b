//! Quotas: how much somebody may use of a day or month.

use std::{sync::Arc, time::Duration};

use bartizan_model::{HashKey, KeyedHash, Mode, QuotaPeriod, Timestamp};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    rate::{Anonymous, Caller, Callers, Each, OnFailure, RateBy, Standing, TIERS, Who, throttled},
    record::Refusal,
    scope::ScopeConfig,
};

mod ledger;

pub use ledger::QuotaLedger;
pub(crate) use ledger::{Taken, Want};

/// Longest wait for the store.
pub(crate) const WAIT: Duration = Duration::from_millis(250);

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "quota",
    title: "Quotas",
    mode: Mode::Monitor,
    documentation: "\
Lets so many requests of a day or month (UTC) pass, and answers the rest with 429 and the time until the next one. \
Counted for whom a `rate` policy counts, with tiers, and in the same fields of answers; `w` is the length of the period.

A restart does not forget: what is used is written to the store in blocks of a hundredth of the quota (at least 1, at \
most 1000 requests) before any of it is let pass. So a crash never gives more than the quota; it may cost each caller \
what is left of a block. A stop that is not a crash gives that back. Gateways that share a store share the quota. The \
name of the policy is what the count belongs to: numbers can be changed while it runs.

The first request of a block waits for the store, 250 milliseconds at most; `on_failure` says what happens when it \
does not answer. In monitor mode nothing waits: what is not known in time counts as not evaluated. At most 65536 \
callers are held at a time; of one that is forgotten the rest of a block is given back. A request that its client breaks \
off counts once it was let pass, and not before.",
    examples: &[
        "\
name: daily
mode: enforce
quota: {requests: 10000, period: day, by: principal, anonymous: pass}
",
        "\
name: plans
quota:
  requests: 50000
  period: month
  by: api_key
  on_failure: closed
  tiers:
    - {with: {owners: [acme]}, requests: 5000000}
",
    ],
};

/// Settings of a quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaConfig {
    /// Requests in a period.
    pub requests: u64,
    /// The period.
    pub period: Calendar,
    /// For whom they are counted.
    #[serde(default)]
    pub by: RateBy,
    /// Whether what is asked for counts apart.
    #[serde(default)]
    pub each: Each,
    /// What becomes of requests without an identity to count for.
    #[serde(default)]
    pub anonymous: Anonymous,
    /// Other numbers for some callers, up to 32 tiers, with `by: principal` and `by: api_key`.
    #[serde(default)]
    pub tiers: Vec<QuotaTier>,
    /// What happens when the store does not answer in time: `open` lets pass, `closed` refuses with 503.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// The quota of some callers, in the place of that of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaTier {
    /// Who they are: whoever has all of this.
    pub with: Callers,
    /// Requests in a period.
    pub requests: u64,
}

/// A period of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// From midnight to midnight.
    Day,
    /// From the first to the last of a month.
    Month,
}

/// A compiled quota.
#[derive(Debug)]
pub(crate) struct Quota {
    pub(crate) on_failure: OnFailure,
    who: Who,
    period: Calendar,
    requests: u64,
    tiers: Vec<QuotaTier>,
    key: HashKey,
    name: Arc<str>,
}

impl Quota {
    pub(crate) fn compile(
        name: &str,
        config: &QuotaConfig,
        scope: &ScopeConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        let QuotaConfig { by, each, anonymous, requests, period, on_failure, .. } = *config;
        let who = Who { by, each, anonymous }.check(scope)?;
        if each == Each::Resource {
            let problem =
                "a quota is not counted by path: whoever asks for new ones would fill the store";
            return Err(Problem::new("each", problem));
        }
        let is_fine = |requests: u64| (1..=i64::MAX as u64).contains(&requests);
        if !is_fine(requests) {
            return Err(Problem::new("requests", "expected 1 to 9223372036854775807"));
        }
        if !config.tiers.is_empty() && who.is_early() {
            return Err(Problem::new("tiers", "need `by: principal` or `by: api_key`"));
        }
        if config.tiers.len() > TIERS {
            return Err(Problem::new("tiers", format!("more than {TIERS}")));
        }
        for (at, tier) in config.tiers.iter().enumerate() {
            tier.with.check(&format!("tiers.{at}.with"))?;
            if !is_fine(tier.requests) {
                let key = format!("tiers.{at}.requests");
                return Err(Problem::new(key, "expected 1 to 9223372036854775807"));
            }
        }
        // Under the name alone: what was used stays used when numbers change.
        let key = key.derive(&format!("quota {name}"));
        let tiers = config.tiers.clone();
        Ok(Self { on_failure, who, period, requests, tiers, key, name: name.into() })
    }

    /// What a request takes; `None` when it does not count.
    pub(crate) fn want(&self, caller: &Caller<'_>, now: Timestamp) -> Option<Want> {
        let key: KeyedHash = self.who.key(&self.key, caller)?;
        let identity = self.who.identity(caller.identities);
        let tier = identity.and_then(|one| self.tiers.iter().find(|tier| tier.with.hold(one)));
        let period = match self.period {
            Calendar::Day => QuotaPeriod::day(now),
            Calendar::Month => QuotaPeriod::month(now),
        };
        Some(Want { key, period, limit: tier.map_or(self.requests, |tier| tier.requests) })
    }

    pub(crate) fn standing(&self, want: &Want, remaining: u64, now: Timestamp) -> Standing {
        let seconds = |from: Timestamp| {
            let micros = want.period.ends.since(from).as_micros();
            u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000)
        };
        Standing {
            name: Arc::clone(&self.name),
            limit: want.limit,
            window: seconds(want.period.begins),
            remaining,
            reset: seconds(now),
        }
    }

    /// The refusal of a request for which nothing is left.
    pub(crate) fn refusal(standing: &Standing) -> Refusal {
        let title = "the quota of this period is used up";
        let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "quota-exhausted", title);
        throttled(refusal, standing.reset)
    }

    /// The refusal when the store does not answer.
    pub(crate) fn unavailable() -> Refusal {
        let title = "the quota cannot be counted; try again soon";
        Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, "quota-unavailable", title)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Quota, Problem> {
        let config: QuotaConfig = serde_json::from_str(text).expect(text);
        Quota::compile("a", &config, &ScopeConfig::default(), &HashKey::new([1; 32]))
    }

    #[test]
    fn what_would_let_nothing_pass_is_refused() {
        for (text, key) in [
            (r#"{"requests": 0, "period": "day"}"#, "requests"),
            (r#"{"requests": 18446744073709551615, "period": "day"}"#, "requests"),
            (r#"{"requests": 1, "period": "day", "each": "endpoint"}"#, "each"),
            (r#"{"requests": 1, "period": "day", "anonymous": "pass"}"#, "anonymous"),
            (
                r#"{"requests": 1, "period": "day", "tiers": [{"with": {"keys": ["a"]}, "requests": 1}]}"#,
                "tiers",
            ),
            (
                r#"{"requests": 1, "period": "day", "by": "api_key",
                    "tiers": [{"with": {"keys": ["a"]}, "requests": 0}]}"#,
                "tiers.0.requests",
            ),
        ] {
            assert_eq!(compile(text).err().map(|p| p.key), Some(key.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_client_is_told_when_the_period_ends() {
        let quota = compile(r#"{"requests": 5, "period": "day"}"#).expect("compiles");
        let now = Timestamp::parse("2026-11-22T23:59:00.5Z").expect("a time");
        let want = Want { key: KeyedHash([1; 10]), period: QuotaPeriod::day(now), limit: 5 };
        let standing = quota.standing(&want, 0, now);
        assert_eq!((standing.limit, standing.window, standing.reset), (5, 86_400, 60));
        let refusal = Quota::refusal(&standing);
        assert_eq!((refusal.status.as_u16(), &refusal.fields[0].1), (429, &HeaderValue::from(60)));
    }
}
