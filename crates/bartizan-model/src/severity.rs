//! Severity (how bad) and confidence (how sure): two things, never mixed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! scale {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All values, least first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in every output.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of a word, in any case; `None` for an unknown one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str().eq_ignore_ascii_case(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

scale!(
    /// How bad it is if true.
    Severity {
        /// Worth knowing, nothing to fix.
        Info = "info",
        /// Hygiene.
        Low = "low",
        /// Fix in the normal course of work.
        Medium = "medium",
        /// Fix soon: an attacker gains something.
        High = "high",
        /// Act now: data or control is lost, or is being lost.
        Critical = "critical",
    }
);

scale!(
    /// How sure we are that it is true.
    Confidence {
        /// A hint that needs a look.
        Low = "low",
        /// More likely than not; known benign explanations were considered.
        Medium = "medium",
        /// Seen directly; a benign explanation would be surprising.
        High = "high",
        /// Proven, for example by an active test or a checksum with context.
        Confirmed = "confirmed",
    }
);
