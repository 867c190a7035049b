//! The policies that are there without any configuration.

use super::{
    api_key::ApiKeyConfig,
    config::PolicyConfig,
    headers::HeadersConfig,
    login::LoginConfig,
    quota::{Calendar, QuotaConfig},
    rate::{Algorithm, Anonymous, Callers, Each, OnFailure, RateBy, RateConfig, RateTier},
};

impl PolicyConfig {
    /// The policies that are there without any configuration: own API keys enforced; monitored a rate per
    /// address (10 requests per second, 20 at once), one per user (100 per minute, 1,000 for those with
    /// the scope `premium`), a quota per user (10,000 per day), the defence of logins and the recommended fields of responses.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let default = |name| Self { is_default: true, ..Self::empty(name) };
        vec![
            Self { rate: Some(per_address()), ..default("default-rate") },
            Self { rate: Some(per_user()), ..default("default-user-rate") },
            Self { quota: Some(daily()), ..default("default-quota") },
            Self { login: Some(LoginConfig::default()), ..default("default-login") },
            Self { api_key: Some(ApiKeyConfig::default()), ..default("default-api-keys") },
            Self { headers: Some(HeadersConfig::default()), ..default("default-headers") },
        ]
    }
}

fn per_address() -> RateConfig {
    RateConfig {
        requests: 10,
        period_seconds: 1,
        burst: Some(20),
        also: Vec::new(),
        algorithm: Algorithm::Gcra,
        by: RateBy::Address,
        each: Each::Scope,
        anonymous: Anonymous::Address,
        tiers: Vec::new(),
        cost: 1,
        on_failure: OnFailure::Open,
    }
}

fn per_user() -> RateConfig {
    let premium = RateTier {
        with: Callers { scopes: vec!["premium".to_owned()], ..Callers::default() },
        requests: 1_000,
        period_seconds: 60,
        burst: None,
        also: Vec::new(),
    };
    RateConfig {
        requests: 100,
        period_seconds: 60,
        burst: None,
        by: RateBy::Principal,
        anonymous: Anonymous::Pass,
        tiers: vec![premium],
        ..per_address()
    }
}

fn daily() -> QuotaConfig {
    QuotaConfig {
        requests: 10_000,
        period: Calendar::Day,
        by: RateBy::Principal,
        each: Each::Scope,
        anonymous: Anonymous::Pass,
        tiers: Vec::new(),
        on_failure: OnFailure::Open,
    }
}
