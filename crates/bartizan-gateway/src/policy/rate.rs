//! Rate limits: how often an address, a principal, a key or everybody together may ask.

use std::{sync::Arc, time::SystemTime};

use bartizan_model::{
    Action, HashKey, KeyedHash, Mode, Timestamp,
    counters::{Pace, Rate, RateDecision, Window},
};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal, scope::ScopeConfig};
use crate::handover::timestamp;

mod measured;
mod standing;
mod tier;
mod who;

pub(crate) use self::{
    measured::Measured,
    standing::{Standing, fields},
    tier::TIERS,
    who::{Caller, Who},
};
pub use self::{
    measured::{MeasuredRate, ProposedRate},
    tier::Callers,
    who::{Anonymous, Each, RateBy},
};

const SECOND: u64 = 1_000_000_000;
/// Most further rates of a policy, or of a tier.
const FURTHER: usize = 4;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "rate",
    title: "Rate limits",
    mode: Mode::Monitor,
    documentation: "\
Lets so many requests pass in a period; more are answered with 429. Counted for each address (IPv6 by \
/64), network (/24, IPv6 /48), principal or own API key, or for everything in the scope together, and in each of \
these, if asked for, apart for each path pattern of the scope (`each: endpoint`) or each path (`each: resource`). Only a \
verified identity counts as a principal; whoever has none is counted by address, or not at all (`anonymous: pass`). A \
refused request costs nothing, with none of the rates of its policy.

`algorithm: gcra` lets the period's number pass on average and `burst` at once (GCRA, the algorithm of ITU-T I.371): \
whoever asks evenly is never refused. `algorithm: sliding_window` lets exactly the number pass in every period, \
wherever it begins; it counts in parts of 1/128 of the period, so that what left the window is let in again at most \
0.8 % of the period late, and never too early. `also` adds further rates that must all have room: a burst and a \
sustained rate in one policy. `tiers` gives other numbers to whoever has a scope, a claim or an own key; \
the first tier that holds the caller counts.

Which numbers fit is measured beside, in each mode but `off`: for each caller the most that it asked in a period, in \
parts of a tenth of it. `GET /api/v1/policies` and the page of policies show what half of the callers, nine in ten and \
99 in a hundred never exceeded, and propose twice the last of these once there are 100 callers and 10 periods, with \
the number of callers that it would have refused. Nothing is changed by itself. A caller counts once however much it \
asks; whoever has many addresses counts as many callers. Of more than 4096 callers some are measured, chosen by hashes. \
A restart begins anew.

Answers carry `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-09: `q` is the \
most at once, `w` the seconds in which it comes back, `r` what is left, `t` the seconds until all of it is \
back), and `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) of the limit that is closest to its \
end; refusals also `Retry-After`, rounded up. In monitor mode nothing of this is sent.

Counters are in memory, for at most 262144 keys of all policies, and 16384 of sliding windows; when that is full the \
longest unused key is forgotten, which is counted where it matters. A restart forgets all: `quota` does not.",
    examples: &[
        "\
name: per-address
mode: enforce
rate: {requests: 600, period_seconds: 60, burst: 100}
",
        "\
name: per-partner
scope: {paths: [/v1/**]}
rate: {requests: 100000, period_seconds: 86400, burst: 1000, by: api_key}
",
        "\
name: one-order-page-per-address
scope: {paths: [/v1/orders/*]}
rate: {requests: 30, period_seconds: 60, algorithm: sliding_window, each: resource}
",
        "\
name: per-user
mode: enforce
rate:
  requests: 100
  period_seconds: 60
  also: [{requests: 10, period_seconds: 1}]
  by: principal
  tiers:
    - {with: {scopes: [premium]}, requests: 1000, period_seconds: 60}
",
    ],
};

/// Settings of a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// Requests in a period.
    pub requests: u64,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Requests at once, for `gcra`. Default: as many as in a period.
    #[serde(default)]
    pub burst: Option<u64>,
    /// Further rates, up to 4, which must have room too.
    #[serde(default)]
    pub also: Vec<FurtherRate>,
    /// How they are counted.
    #[serde(default)]
    pub algorithm: Algorithm,
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
    pub tiers: Vec<RateTier>,
    /// What one request counts for.
    #[serde(default = "one")]
    pub cost: u64,
    /// What happens when a shared counter does not answer in time: `open` lets pass, `closed`
    /// refuses with 503. The counter in memory always answers.
    #[serde(default)]
    pub on_failure: OnFailure,
}

const fn one() -> u64 {
    1
}

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherRate {
    /// Requests in a period.
    pub requests: u64,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Requests at once, for `gcra`. Default: as many as in a period.
    #[serde(default)]
    pub burst: Option<u64>,
}

/// Rates of some callers, in the place of those of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateTier {
    /// Who they are: whoever has all of this.
    pub with: Callers,
    /// Requests in a period.
    pub requests: u64,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Requests at once, for `gcra`. Default: as many as in a period.
    #[serde(default)]
    pub burst: Option<u64>,
    /// Further rates, up to 4.
    #[serde(default)]
    pub also: Vec<FurtherRate>,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Evenly on average, with a burst.
    #[default]
    Gcra,
    /// So many in every period, wherever it begins.
    SlidingWindow,
}

/// What happens when something that is needed to decide is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Requests pass.
    #[default]
    Open,
    /// Requests are refused.
    Closed,
}

/// A compiled rate limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) cost: u64,
    pub(crate) on_failure: OnFailure,
    who: Who,
    tiers: Vec<(Callers, Vec<Paced>)>,
    rates: Vec<Paced>,
}

/// One rate of a limit.
#[derive(Debug)]
pub(crate) struct Paced {
    pub(crate) pace: Pace,
    /// What callers ask, whatever the numbers are.
    pub(crate) measured: Arc<Measured>,
    key: HashKey,
    name: Arc<str>,
}

impl Paced {
    fn compile(
        (name, key): (&str, &HashKey),
        algorithm: Algorithm,
        rate: FurtherRate,
        cost: u64,
    ) -> Result<Self, Problem> {
        let burst = rate.burst.unwrap_or(rate.requests);
        for (key, value) in [
            ("requests", rate.requests),
            ("period_seconds", rate.period_seconds),
            ("burst", burst),
            ("cost", cost),
        ] {
            if value == 0 {
                return Err(Problem::new(key, "0 would let nothing pass"));
            }
        }
        if cost > burst {
            return Err(Problem::new("cost", "more than the burst would let nothing pass"));
        }
        let period = rate.period_seconds.checked_mul(SECOND);
        let pace = match algorithm {
            Algorithm::Gcra => {
                let rate = period.and_then(|period| Rate::new(rate.requests, period, burst));
                rate.map(Pace::Steady)
            }
            Algorithm::SlidingWindow if rate.burst.is_some() => {
                return Err(Problem::new("burst", "a sliding window has none"));
            }
            Algorithm::SlidingWindow => {
                let window = period.and_then(|period| Window::new(rate.requests, period));
                window.map(Pace::Window)
            }
        };
        let Some(pace) = pace else {
            return Err(Problem::new("", "numbers this large cannot be counted with"));
        };
        let measured =
            Arc::new(Measured::new(period.unwrap_or(u64::MAX), timestamp(SystemTime::now())));
        // Changed numbers begin anew: a key is only ever used with one pace.
        let key = key.derive(&format!("rate {name} {pace:?}"));
        Ok(Self { pace, measured, key, name: name.into() })
    }

    fn all(
        (name, key): (&str, &HashKey),
        algorithm: Algorithm,
        first: FurtherRate,
        also: &[FurtherRate],
        cost: u64,
    ) -> Result<Vec<Self>, Problem> {
        if also.len() > FURTHER {
            return Err(Problem::new("also", format!("more than {FURTHER} rates")));
        }
        let mut rates = vec![Self::compile((name, key), algorithm, first, cost)?];
        for (at, rate) in also.iter().enumerate() {
            let name = format!("{name}.{}", at + 2);
            let rate = Self::compile((&name, key), algorithm, *rate, cost);
            rates.push(rate.map_err(|problem| problem.below(&format!("also.{at}")))?);
        }
        Ok(rates)
    }

    pub(crate) fn standing(&self, decision: &RateDecision) -> Standing {
        Standing {
            name: Arc::clone(&self.name),
            limit: self.pace.burst(),
            window: self.pace.window_nanos().div_ceil(SECOND),
            remaining: decision.remaining,
            reset: decision.reset_nanos.div_ceil(SECOND),
        }
    }
}

impl Limit {
    pub(crate) fn compile(
        name: &str,
        config: &RateConfig,
        scope: &ScopeConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        let RateConfig { by, each, anonymous, algorithm, cost, .. } = *config;
        let who = Who { by, each, anonymous }.check(scope)?;
        if !config.tiers.is_empty() && who.is_early() {
            return Err(Problem::new("tiers", "need `by: principal` or `by: api_key`"));
        }
        if config.tiers.len() > TIERS {
            return Err(Problem::new("tiers", format!("more than {TIERS}")));
        }
        let RateConfig { requests, period_seconds, burst, .. } = *config;
        let first = FurtherRate { requests, period_seconds, burst };
        let rates = Paced::all((name, key), algorithm, first, &config.also, cost)?;
        let mut tiers = Vec::with_capacity(config.tiers.len());
        for (at, tier) in config.tiers.iter().enumerate() {
            tier.with.check(&format!("tiers.{at}.with"))?;
            let RateTier { requests, period_seconds, burst, .. } = *tier;
            let first = FurtherRate { requests, period_seconds, burst };
            let rates = Paced::all((name, key), algorithm, first, &tier.also, cost);
            let rates = rates.map_err(|problem| problem.below(&format!("tiers.{at}")))?;
            tiers.push((tier.with.clone(), rates));
        }
        Ok(Self { cost, on_failure: config.on_failure, who, tiers, rates })
    }

    /// Goes on measuring what `before`, which had its name, has begun to measure.
    pub(crate) fn after(mut self, before: Option<&Self>) -> Self {
        let Some(before) = before.filter(|before| before.who == self.who) else { return self };
        go_on(&mut self.rates, &before.rates);
        for (with, rates) in &mut self.tiers {
            if let Some((_, before)) = before.tiers.iter().find(|(before, _)| before == with) {
                go_on(rates, before);
            }
        }
        self
    }

    /// How often callers asked, rate by rate.
    pub(crate) fn measured(&self, now: Timestamp) -> Vec<MeasuredRate> {
        let tiers =
            self.tiers.iter().enumerate().map(|(at, (_, rates))| (Some(at as u64 + 1), rates));
        let all = std::iter::once((None, &self.rates)).chain(tiers);
        let shown = |(tier, rates): (Option<u64>, &Vec<Paced>)| {
            let show = |paced: &Paced| paced.measured.shown(&paced.name, tier, now);
            rates.iter().map(show).collect::<Vec<_>>()
        };
        all.flat_map(shown).collect()
    }

    /// Whether it can be decided before anybody is identified.
    pub(crate) fn is_early(&self) -> bool {
        self.who.is_early()
    }

    /// The rates for a caller, and under what they are counted; none for one that is not counted.
    pub(crate) fn rates(&self, caller: &Caller<'_>) -> Vec<(&Paced, KeyedHash)> {
        let Some(name) = self.who.name(caller) else { return Vec::new() };
        let identity = self.who.identity(caller.identities);
        let tier = identity.and_then(|one| self.tiers.iter().find(|(with, _)| with.hold(one)));
        let rates = tier.map_or(&self.rates, |(_, rates)| rates);
        rates.iter().map(|rate| (rate, rate.key.hash("who", &name))).collect()
    }

    /// The refusal of a request that does not conform.
    pub(crate) fn refusal(decision: &RateDecision) -> Refusal {
        let title = "too many requests; try again later";
        let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "rate-limited", title);
        throttled(refusal, decision.retry_nanos.div_ceil(SECOND))
    }

    /// The refusal when the counter does not answer.
    pub(crate) fn unavailable() -> Refusal {
        let title = "the rate cannot be counted; try again soon";
        Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, "counter-unavailable", title)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// What was measured of the rates before goes on for those of the same name and period.
fn go_on(rates: &mut [Paced], before: &[Paced]) {
    for paced in rates {
        let same =
            |one: &&Paced| one.name == paced.name && one.measured.goes_on_for(&paced.measured);
        if let Some(one) = before.iter().find(same) {
            paced.measured = Arc::clone(&one.measured);
        }
    }
}

/// Says when to come again.
pub(crate) fn throttled(mut refusal: Refusal, seconds: u64) -> Refusal {
    refusal.action = Action::Throttle;
    refusal.with(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
}

#[cfg(test)]
mod tests;
