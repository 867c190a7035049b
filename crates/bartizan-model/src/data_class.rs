//! Kinds of sensitive values.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a data class, for example `email`. The recogniser with its documentation is one file
/// in `bartizan-analysis/src/classes`; this is only its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct DataClass(pub &'static str);

impl DataClass {
    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Groups of data classes, as the data map shows them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DataGroup {
    /// Names, e-mail, phone, postal address.
    Contact,
    /// Cards, bank accounts.
    Financial,
    /// Identifiers issued by a state.
    NationalId,
    /// Health.
    Health,
    /// Passwords, tokens, keys.
    Credential,
    /// Where somebody is.
    Location,
    /// Dates of birth, gender and other attributes of a person.
    Personal,
    /// Internal addresses, device numbers.
    Technical,
}

impl DataGroup {
    /// The word shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::Financial => "Card and bank",
            Self::NationalId => "National id",
            Self::Health => "Health",
            Self::Credential => "Credential, token",
            Self::Location => "Location",
            Self::Personal => "Personal",
            Self::Technical => "Technical",
        }
    }
}

/// Which way a value travels.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Sent to the API.
    Request,
    /// Returned by the API.
    Response,
}

impl From<crate::location::Side> for Direction {
    fn from(side: crate::location::Side) -> Self {
        match side {
            crate::location::Side::Request => Self::Request,
            crate::location::Side::Response => Self::Response,
        }
    }
}
