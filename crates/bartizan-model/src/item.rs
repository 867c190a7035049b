//! What every item of a family says about itself. Command line, API, dashboard, SARIF and reference
//! pages are derived from this one place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    severity::{Confidence, Severity},
    taxonomy::{Attack, Cwe, Owasp},
};

/// What an item needs to see. A missing input gives *not evaluated*, never *pass*.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Method, target and request headers.
    RequestHead,
    /// The request body.
    RequestBody,
    /// Status of the response.
    Status,
    /// Response headers.
    ResponseHead,
    /// The response body.
    ResponseBody,
    /// Size of the response body.
    ResponseSize,
    /// When the exchange happened.
    Time,
    /// Who called: principal, session or at least an address.
    Identity,
    /// A specification of the API.
    Spec,
    /// Earlier exchanges of the same key.
    History,
    /// Whether the connection was encrypted.
    Transport,
    /// Source code.
    Code,
    /// Rules of the operator about which data may be where.
    Governance,
}

/// What the weakness that a check looks for belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One operation: one finding per endpoint.
    Endpoint,
    /// The host, whatever is asked of it: one finding per host, which counts and names the
    /// endpoints that show it.
    Host,
}

impl Subject {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Host => "host",
        }
    }
}

/// How settled an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On by default.
    Stable,
    /// On by default, may change.
    Preview,
    /// Kept so that its code explains itself; never fires.
    Retired,
}

/// Metadata and documentation of one item.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct ItemMeta {
    /// Published code, never reused: `BZ-C001` for checks, `BZ-D001` for detectors.
    pub code: &'static str,
    /// Kebab-case name that states the bad pattern, never the fix.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// How bad it is when it fires, unless the outcome says otherwise.
    pub severity: Severity,
    /// How sure it is when it fires, unless the outcome says otherwise.
    pub confidence: Confidence,
    /// How settled it is.
    pub status: Status,
    /// OWASP API Security Top 10 of 2023.
    pub owasp: Option<Owasp>,
    /// Weaknesses, the most fitting first.
    pub cwe: &'static [Cwe],
    /// Techniques of MITRE ATT&CK.
    pub attack: &'static [Attack],
    /// What it needs to see.
    pub inputs: &'static [Input],
    /// What it does, in a few sentences, with its thresholds.
    pub what: &'static str,
    /// Why it is bad.
    pub why: &'static str,
    /// How to fix it.
    pub fix: &'static str,
    /// RFCs, papers, advisories: names or addresses.
    pub references: &'static [&'static str],
}
