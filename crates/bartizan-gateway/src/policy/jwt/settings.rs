//! Settings of JWT policies.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys::Algorithm;
use crate::policy::binding::BindingConfig;

/// Settings of a JWT policy. One of `jwks_file`, `jwks_url`, `discovery` and `secret` is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// What `iss` must be, exactly.
    pub issuer: String,
    /// What `aud` must hold one of.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Takes tokens whatever audience they are for, none included; `audiences` is left out then. Weaker: a token that
    /// the issuer made for another service is taken too (RFC 8725 §3.9).
    #[serde(default)]
    pub any_audience: bool,
    /// How tokens may be signed; all for one type of key.
    pub algorithms: Vec<Algorithm>,
    /// What tokens have to look like beyond RFC 7519.
    #[serde(default)]
    pub profile: Profile,
    /// File with the keys (RFC 7517).
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Where the keys are fetched.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Where the issuer says where its keys are.
    #[serde(default)]
    pub discovery: Option<DiscoveryBy>,
    /// The shared secret of an HMAC, as `env:NAME` or `file:PATH`: as many bytes as the hash has.
    #[serde(default)]
    pub secret: Option<String>,
    /// How `jwks_url`, or what was discovered, is fetched.
    #[serde(default)]
    pub fetch: FetchConfig,
    /// Field that holds the token; with or without `Bearer` unless it is `authorization`.
    #[serde(default = "authorization")]
    pub header: String,
    /// How far clocks may differ, in seconds; at most 300.
    #[serde(default = "half_a_minute")]
    pub leeway_seconds: u32,
    /// Longest life of a token, in seconds.
    #[serde(default = "a_day")]
    pub max_life_seconds: u32,
    /// Claims that must be there, beside those that always must.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// Claim that names the principal.
    #[serde(default = "sub")]
    pub subject_claim: String,
    /// Claim that names the session of the principal, for `logout` policies.
    #[serde(default = "sid")]
    pub session_claim: String,
    /// File with the `jti` of tokens that are refused, one a line; `#` begins a comment. Read at each reload.
    #[serde(default)]
    pub denied_file: Option<PathBuf>,
    /// Tokens that are bound to a key or a certificate.
    #[serde(default)]
    pub binding: BindingConfig,
}

/// What tokens have to look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// As RFC 7519 says, with what this kind of policy always asks for.
    #[default]
    Jwt,
    /// As RFC 9068 says, strictly: the type `at+jwt`, and the claims `client_id`, `iat` and `jti`. What is not an access
    /// token, an ID token for example, cannot pass then.
    AccessToken,
}

/// Where an issuer says where its keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiscoveryBy {
    /// `ISSUER/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
    Openid,
    /// `.well-known/oauth-authorization-server` between host and path of the issuer (RFC 8414 §3).
    Oauth,
}

/// How keys are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FetchConfig {
    /// PEM file with the authorities that are believed. Default: those of the system.
    pub authorities: Option<PathBuf>,
    /// Private networks that the host may be in.
    pub allow_networks: Vec<String>,
    /// Hosts beside that of the issuer on which discovered keys may be.
    pub hosts: Vec<String>,
    /// Longest time for a fetch, in milliseconds.
    pub timeout_ms: u32,
    /// Most bytes of a key set.
    pub max_bytes: u32,
    /// Age at which keys are fetched again, in seconds.
    pub refresh_seconds: u32,
    /// Shortest time between two fetches, in seconds.
    pub interval_seconds: u32,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            authorities: None,
            allow_networks: Vec::new(),
            hosts: Vec::new(),
            timeout_ms: 2_000,
            max_bytes: 256 * 1024,
            refresh_seconds: 600,
            interval_seconds: 30,
        }
    }
}

fn authorization() -> String {
    "authorization".to_owned()
}

fn sub() -> String {
    "sub".to_owned()
}

fn sid() -> String {
    "sid".to_owned()
}

const fn half_a_minute() -> u32 {
    30
}

const fn a_day() -> u32 {
    86_400
}
