//! Limits of bytes: how much of bodies an address, a principal or everybody together may move.

use bartizan_model::{
    HashKey, KeyedHash, Mode,
    counters::{Pace, Rate, RateCounter, RateDecision},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    nanos_now,
    rate::{Anonymous, Caller, Each, OnFailure, RateBy, Who, throttled},
    record::Refusal,
    scope::ScopeConfig,
};
use crate::call::{Call, Outcome};

const SECOND: u64 = 1_000_000_000;
/// Least nanoseconds that a counted unit stands for, so that rounding costs less than 1 %.
const LEAST_NANOS: u64 = 128;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "transfer",
    title: "Limits of bytes",
    mode: Mode::Monitor,
    documentation: "\
Lets so many bytes of bodies pass in a period on average, of requests and answers together, and so many at once; who \
has used them up is answered with 429 until enough has come back. How large an answer is nobody knows before it is \
there, so an exchange is let in as long as anything is left, and what it moved is counted when it ends, also beyond the \
limit: then the caller waits until the debt is paid. Bytes are counted as transferred, without heads.

For whom it counts is said as in a `rate` policy, and counters are kept as there. At a gigabyte per second \
bytes are counted by 128, so that each body is rounded up to as many.",
    examples: &["\
name: download
mode: enforce
scope: {paths: [/v1/exports/**]}
transfer: {bytes: 100000000, period_seconds: 3600, by: principal}
"],
};

/// Settings of a limit of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// Bytes in a period, on average.
    pub bytes: u64,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Bytes at once. Default: as many as in a period.
    #[serde(default)]
    pub burst_bytes: Option<u64>,
    /// For whom they are counted.
    #[serde(default)]
    pub by: RateBy,
    /// Whether what is asked for counts apart.
    #[serde(default)]
    pub each: Each,
    /// What becomes of requests without an identity to count for.
    #[serde(default)]
    pub anonymous: Anonymous,
    /// What happens when a shared counter does not answer in time.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// A compiled limit of bytes.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) pace: Pace,
    pub(crate) on_failure: OnFailure,
    /// Bytes that are counted as one.
    unit: u64,
    who: Who,
    key: HashKey,
}

/// What an exchange is charged with when it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    pub(crate) key: KeyedHash,
    pub(crate) pace: Pace,
    unit: u64,
}

impl Charge {
    /// What so many bytes count for.
    pub(crate) const fn cost(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.unit)
    }
}

/// All charges of an exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Charges(pub(crate) Vec<Charge>);

impl Transfer {
    pub(crate) fn compile(
        name: &str,
        config: &TransferConfig,
        scope: &ScopeConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        let TransferConfig { bytes, period_seconds, by, each, anonymous, on_failure, .. } = *config;
        let burst = config.burst_bytes.unwrap_or(bytes);
        for (key, value) in
            [("bytes", bytes), ("period_seconds", period_seconds), ("burst_bytes", burst)]
        {
            if value == 0 {
                return Err(Problem::new(key, "0 would let nothing pass"));
            }
        }
        let who = Who { by, each, anonymous }.check(scope)?;
        let period = period_seconds.checked_mul(SECOND);
        let paced = period.and_then(|period| {
            let least = u128::from(LEAST_NANOS) * u128::from(bytes) / u128::from(period);
            let unit = u64::try_from(least.max(1)).ok()?.checked_next_power_of_two()?;
            let rate = Rate::new((bytes / unit).max(1), period, burst.div_ceil(unit))?;
            Some((unit, Pace::Steady(rate)))
        });
        let Some((unit, pace)) = paced else {
            return Err(Problem::new("", "numbers this large cannot be counted with"));
        };
        let key = key.derive(&format!("transfer {name} {pace:?} {unit}"));
        Ok(Self { pace, on_failure, unit, who, key })
    }

    /// Whether it can be decided before anybody is identified.
    pub(crate) fn is_early(&self) -> bool {
        self.who.is_early()
    }

    /// What the exchange is charged with; `None` when it does not count.
    pub(crate) fn charge(&self, caller: &Caller<'_>) -> Option<Charge> {
        let key = self.who.key(&self.key, caller)?;
        Some(Charge { key, pace: self.pace, unit: self.unit })
    }

    /// The refusal of a caller that has used up what it may move.
    pub(crate) fn refusal(decision: &RateDecision) -> Refusal {
        let title = "too much was transferred; try again later";
        let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "transfer-limited", title);
        throttled(refusal, decision.retry_nanos.div_ceil(SECOND))
    }
}

/// Charges for what an exchange that has ended has moved.
pub(crate) fn ended(call: &Call, counter: &dyn RateCounter) {
    // What was refused here costs nothing.
    let was_sent =
        call.may_have_acted || call.upstream.is_some() || matches!(call.outcome, Outcome::Aborted);
    let Some(Charges(charges)) = call.extension::<Charges>().filter(|_| was_sent) else { return };
    let bytes = call.request_body.total.saturating_add(call.response_body.total);
    for charge in charges {
        counter.charge(charge.key, charge.pace, charge.cost(bytes), nanos_now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(
        bytes: u64,
        period_seconds: u64,
        burst_bytes: Option<u64>,
    ) -> Result<Transfer, Problem> {
        let config = TransferConfig {
            bytes,
            period_seconds,
            burst_bytes,
            by: RateBy::Address,
            each: Each::Scope,
            anonymous: Anonymous::Address,
            on_failure: OnFailure::Open,
        };
        Transfer::compile("a", &config, &ScopeConfig::default(), &HashKey::new([1; 32]))
    }

    #[test]
    fn bytes_are_counted_to_one_in_a_hundred() {
        for bytes in [1_000, 1_000_000, 7_777_777, 300_000_000, 3_333_333_333] {
            let transfer = compile(bytes, 1, None).expect("compiles");
            let per_second =
                transfer.pace.burst() as f64 * 1e9 / transfer.pace.window_nanos() as f64;
            let per_second = per_second * transfer.unit as f64;
            let off = (per_second - bytes as f64).abs() / bytes as f64;
            assert!(off < 0.01, "{bytes}: {per_second}");
        }
        assert_eq!(compile(1_000_000, 1, None).expect("compiles").unit, 1);
    }

    #[test]
    fn what_would_let_nothing_pass_is_refused() {
        for (bytes, period, burst, key) in [
            (0, 1, None, "bytes"),
            (1, 0, None, "period_seconds"),
            (1, 1, Some(0), "burst_bytes"),
            (1, u64::MAX, None, ""),
        ] {
            let problem = compile(bytes, period, burst).err();
            assert_eq!(problem.map(|p| p.key), Some(key.to_owned()));
        }
    }
}
