//! Rate limits: how often an address, a principal, a key or everybody together may ask.

use std::{net::IpAddr, sync::Arc};

use bartizan_model::{
    Action, HashKey, KeyedHash, Mode, PrincipalKind,
    counters::{Rate, RateDecision},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    identity::{Identity, of_address},
    record::Refusal,
};

const SECOND: u64 = 1_000_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "rate",
    title: "Rate limits",
    mode: Mode::Monitor,
    documentation: "\
Lets so many requests pass in a period on average, and so many at once; more are answered with 429 \
(GCRA, the algorithm of ITU-T I.371). Counted for each address (IPv6 by /64), for each principal, for \
each own API key, or for everything in the scope together. Only a verified identity counts as a \
principal; whoever has none is counted by address. A refused request costs nothing.

Answers carry `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-09: `q` is the \
burst, `w` the seconds in which it comes back, `r` what is left, `t` the seconds until all of it is \
back), and `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) of the limit that is closest to its \
end; refusals also `Retry-After`, rounded up. In monitor mode nothing of this is sent.

Counters are in memory, for at most 262144 keys of all policies; when that is full the longest unused \
key is forgotten, which is counted where it matters. A restart forgets all.",
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
    ],
};

/// Settings of a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// Requests in a period, on average.
    pub requests: u64,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Requests at once. Default: as many as in a period.
    #[serde(default)]
    pub burst: Option<u64>,
    /// For whom they are counted.
    #[serde(default)]
    pub by: RateBy,
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

/// For whom requests are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateBy {
    /// For each address, IPv6 by /64.
    #[default]
    Address,
    /// For each verified principal; else for each address.
    Principal,
    /// For each own API key; else for each address.
    ApiKey,
    /// For everything in the scope together.
    Scope,
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
    pub(crate) rate: Rate,
    pub(crate) cost: u64,
    pub(crate) on_failure: OnFailure,
    by: RateBy,
    key: HashKey,
    /// `"name";q=…;w=…`.
    policy: String,
    name: Arc<str>,
}

impl Limit {
    pub(crate) fn compile(name: &str, config: &RateConfig, key: &HashKey) -> Result<Self, Problem> {
        let burst = config.burst.unwrap_or(config.requests);
        for (key, value) in [
            ("requests", config.requests),
            ("period_seconds", config.period_seconds),
            ("burst", burst),
            ("cost", config.cost),
        ] {
            if value == 0 {
                return Err(Problem::new(key, "0 would let nothing pass"));
            }
        }
        if config.cost > burst {
            return Err(Problem::new("cost", "more than the burst would let nothing pass"));
        }
        let period = config.period_seconds.checked_mul(SECOND);
        let rate = period.and_then(|period| Rate::new(config.requests, period, burst));
        let Some(rate) = rate else {
            return Err(Problem::new("", "numbers this large cannot be counted with"));
        };
        let window = rate.window_nanos().div_ceil(SECOND);
        Ok(Self {
            rate,
            cost: config.cost,
            on_failure: config.on_failure,
            by: config.by,
            // Changed numbers begin anew: a key is only ever used with one rate.
            key: key.derive(&format!("rate {name} {rate:?}")),
            policy: format!("\"{name}\";q={burst};w={window}"),
            name: name.into(),
        })
    }

    /// Whether it can be decided before anybody is identified.
    pub(crate) fn is_early(&self) -> bool {
        matches!(self.by, RateBy::Address | RateBy::Scope)
    }

    pub(crate) fn key(&self, address: IpAddr, identities: &[Identity]) -> KeyedHash {
        let identity = match self.by {
            RateBy::Scope => return self.key.hash("scope", b""),
            RateBy::Address => None,
            RateBy::Principal => identities.first(),
            RateBy::ApiKey => identities.iter().find(|one| one.kind == PrincipalKind::ApiKey),
        };
        match identity {
            Some(identity) => self.key.hash("identity", &identity.name()),
            None => self.key.hash("address", &of_address(address)),
        }
    }

    /// The refusal of a request that does not conform.
    pub(crate) fn refusal(&self, decision: RateDecision) -> Refusal {
        let seconds = decision.retry_nanos.div_ceil(SECOND).max(1);
        let title = "too many requests; try again later";
        let mut refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "rate-limited", title);
        refusal.action = Action::Throttle;
        refusal.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The refusal when the counter does not answer.
    pub(crate) fn unavailable() -> Refusal {
        let title = "the rate cannot be counted; try again soon";
        Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, "counter-unavailable", title)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// The fields that tell a client where it stands with these limits.
pub(crate) fn fields(limits: &[(&Limit, RateDecision)]) -> Vec<(HeaderName, HeaderValue)> {
    let tightest = limits.iter().min_by_key(|(limit, decision)| {
        // Compared as fractions of a million, so that a small limit does not always win.
        (decision.remaining.saturating_mul(1_000_000) / limit.rate.burst(), decision.remaining)
    });
    let Some((limit, decision)) = tightest else { return Vec::new() };
    let mut policies = String::new();
    let mut states = String::new();
    for (limit, decision) in limits {
        if !policies.is_empty() {
            policies.push_str(", ");
            states.push_str(", ");
        }
        policies.push_str(&limit.policy);
        let reset = decision.reset_nanos.div_ceil(SECOND);
        states.push_str(&format!("\"{}\";r={};t={reset}", limit.name, decision.remaining));
    }
    let reset = decision.reset_nanos.div_ceil(SECOND);
    let mut out = vec![
        (HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(limit.rate.burst())),
        (HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(decision.remaining)),
        (HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(reset)),
    ];
    for (name, value) in [("ratelimit-policy", policies), ("ratelimit", states)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            out.push((HeaderName::from_static(name), value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RateConfig {
        RateConfig {
            requests: 100,
            period_seconds: 60,
            burst: Some(20),
            by: RateBy::Address,
            cost: 1,
            on_failure: OnFailure::Open,
        }
    }

    fn limit(config: &RateConfig) -> Limit {
        Limit::compile("a-limit", config, &HashKey::new([1; 32])).expect("compiles")
    }

    fn identity(kind: PrincipalKind) -> Identity {
        let empty: Arc<str> = "".into();
        let scopes = Arc::from([]);
        Identity {
            kind,
            issuer: empty.clone(),
            subject: "x".into(),
            owner: empty,
            scopes,
            claims: Arc::default(),
        }
    }

    #[test]
    fn fields_say_what_is_left() {
        let limit = limit(&config());
        let (_, theoretical) = limit.rate.arrive(0, 5, 1);
        let (decision, _) = limit.rate.arrive(theoretical, 5, 1);
        let fields = fields(&[(&limit, decision)]);
        let text: Vec<_> =
            fields.iter().map(|(n, v)| format!("{n}: {}", v.to_str().expect("text"))).collect();
        assert_eq!(
            text,
            [
                "x-ratelimit-limit: 20",
                "x-ratelimit-remaining: 18",
                "x-ratelimit-reset: 2",
                "ratelimit-policy: \"a-limit\";q=20;w=12",
                "ratelimit: \"a-limit\";r=18;t=2",
            ]
        );
        assert!(super::fields(&[]).is_empty());
    }

    #[test]
    fn the_tightest_limit_is_the_one_shown() {
        let (small, large) =
            (limit(&config()), limit(&RateConfig { burst: Some(1_000), ..config() }));
        let left =
            |limit: &Limit, remaining| RateDecision { remaining, ..limit.rate.arrive(0, 5, 1).0 };
        let shown = fields(&[(&small, left(&small, 10)), (&large, left(&large, 100))]);
        assert_eq!(shown[0].1, "1000");
        let shown = fields(&[(&small, left(&small, 1)), (&large, left(&large, 100))]);
        assert_eq!(shown[0].1, "20");
        assert_eq!(shown[4].1, "\"a-limit\";r=1;t=1, \"a-limit\";r=100;t=1");
    }

    #[test]
    fn retry_after_is_rounded_up() {
        let limit = limit(&config());
        let decision = RateDecision { retry_nanos: SECOND + 1, ..limit.rate.arrive(0, 5, 1).0 };
        let refusal = limit.refusal(decision);
        assert_eq!((refusal.status.as_u16(), refusal.action), (429, Action::Throttle));
        assert_eq!(refusal.fields, [(header::RETRY_AFTER, HeaderValue::from_static("2"))]);
        let soon = RateDecision { retry_nanos: 1, ..decision };
        assert_eq!(limit.refusal(soon).fields[0].1, "1");
    }

    #[test]
    fn only_verified_identities_are_counted_by_name() {
        let (a, b) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let subject = [identity(PrincipalKind::Subject)];
        let api_key = [identity(PrincipalKind::ApiKey)];
        for (by, who, same) in [
            (RateBy::Address, &subject[..], false),
            (RateBy::Scope, &[], true),
            (RateBy::Principal, &subject, true),
            (RateBy::Principal, &api_key, true),
            (RateBy::Principal, &[], false),
            (RateBy::ApiKey, &api_key, true),
            (RateBy::ApiKey, &subject, false),
        ] {
            let limit = limit(&RateConfig { by, ..config() });
            assert_eq!(limit.key(a, who) == limit.key(b, who), same, "{by:?} {who:?}");
        }
        let other = Limit::compile("b", &config(), &HashKey::new([1; 32])).expect("compiles");
        assert_ne!(limit(&config()).key(a, &[]), other.key(a, &[]), "limits do not share keys");
    }

    #[test]
    fn what_would_let_nothing_pass_is_refused() {
        for (config, key) in [
            (RateConfig { requests: 0, burst: Some(1), ..config() }, "requests"),
            (RateConfig { period_seconds: 0, ..config() }, "period_seconds"),
            (RateConfig { burst: Some(0), ..config() }, "burst"),
            (RateConfig { cost: 0, ..config() }, "cost"),
            (RateConfig { cost: 21, ..config() }, "cost"),
            (RateConfig { period_seconds: u64::MAX, ..config() }, ""),
            (RateConfig { burst: Some(u64::MAX), ..config() }, ""),
        ] {
            let problem = Limit::compile("a", &config, &HashKey::new([1; 32])).err();
            assert_eq!(problem.map(|p| p.key), Some(key.to_owned()), "{config:?}");
        }
    }
}
