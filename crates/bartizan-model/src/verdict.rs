//! What enforcement would do, and what happened.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done with an exchange, mildest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passed on.
    #[default]
    Allow,
    /// Passed on and recorded as suspicious.
    Log,
    /// Passed on with values masked.
    Mask,
    /// Answered with a challenge.
    Challenge,
    /// Answered with "too many requests".
    Throttle,
    /// Refused.
    Deny,
}

impl Action {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Mask => "mask",
            Self::Challenge => "challenge",
            Self::Throttle => "throttle",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verdict on one exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What enforcement would do.
    pub action: Action,
    /// What happened: `allow` out of band and in monitor mode.
    pub applied: Action,
    /// Status that enforcement would answer with; `None` when the exchange would pass.
    pub status: Option<u16>,
    /// 0 to 100: how hostile the exchange alone looks.
    pub score: u8,
}
