//! What a policy for WS-Security is told.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{trust::SignerName, username::UsernameConfig};
use crate::policy::detectors::OnGap;

/// Settings of a policy for WS-Security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WsSecurityConfig {
    /// Users with passwords (`UsernameToken`).
    pub username: Option<UsernameConfig>,
    /// Whose signatures are taken, and what they have to cover.
    pub signature: Option<SignatureConfig>,
    /// Whether messages without a security header are refused, and those in which nothing is verified.
    pub required: bool,
    /// Whether there has to be a `Timestamp`.
    pub timestamp: bool,
    /// How old a message may be, 1 to 3600 seconds, beside the leeway.
    pub max_age_seconds: u32,
    /// How far clocks may differ, in seconds; at most 300.
    pub leeway_seconds: u32,
    /// Whom the security header is for (`actor`, `role`); by default nobody by name. There may be no other security header.
    pub actor: Option<String>,
    /// What becomes of messages with something that is not evaluated.
    pub on_unsupported: OnGap,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read as a SOAP message.
    pub on_unreadable: OnGap,
}

impl Default for WsSecurityConfig {
    fn default() -> Self {
        Self {
            username: None,
            signature: None,
            required: true,
            timestamp: true,
            max_age_seconds: 300,
            leeway_seconds: 60,
            actor: None,
            on_unsupported: OnGap::Refuse,
            body_bytes: 256 * 1024,
            budget_micros: 10_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// Signatures of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureConfig {
    /// Whether each message must be signed. Whoever signs one has to sign it right in any case.
    #[serde(default = "yes")]
    pub required: bool,
    /// PEM file with the authorities that are believed, intermediate ones among them; read again at each reload.
    pub authorities: PathBuf,
    /// Files with revocation lists, PEM or DER. When any is named, there has to be one of every authority, and one whose
    /// next update is overdue refuses.
    #[serde(default)]
    pub revocation_lists: Vec<PathBuf>,
    /// PEM file with certificates that messages only refer to, up to 10,000. They have to be good as others have.
    #[serde(default)]
    pub certificates: Option<PathBuf>,
    /// Kinds of names by which a certificate says who signed; the first of which it has any counts.
    #[serde(default = "names")]
    pub names: Vec<SignerName>,
    /// What has to be signed: `Body`, `Timestamp`, `UsernameToken`, and header blocks as `{namespace}name`, of which there
    /// has to be one each. Up to 32.
    #[serde(default = "signed_parts")]
    pub parts: Vec<String>,
    /// Whether every header block but the security header has to be signed.
    #[serde(default)]
    pub all_headers: bool,
    /// Whether a signed message is taken once, until it is too old. `parts` has to have `Timestamp`.
    #[serde(default = "yes")]
    pub once: bool,
    /// Whether SHA-1 is taken, in signatures and digests.
    #[serde(default)]
    pub sha1: bool,
    /// What becomes of messages in which a prefix in an `xsi:type` is not signed, so that its meaning can be changed.
    #[serde(default = "refuse")]
    pub uncovered_types: OnGap,
}

const fn yes() -> bool {
    true
}

const fn refuse() -> OnGap {
    OnGap::Refuse
}

fn names() -> Vec<SignerName> {
    vec![SignerName::Spiffe, SignerName::Dns, SignerName::CommonName]
}

fn signed_parts() -> Vec<String> {
    vec!["Body".to_owned(), "Timestamp".to_owned()]
}
