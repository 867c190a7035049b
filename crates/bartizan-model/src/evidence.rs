//! What was seen, redacted: class, shape and keyed hash, so that equal values can be matched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    hash::{HashKey, KeyedHash},
    ids::ExchangeId,
    location::{Location, Side},
    redact,
};

/// One value as evidence shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceValue {
    /// What kind of value, for example a data class or `token`.
    pub class: String,
    /// Its shape, see [`redact::shape`].
    pub shape: String,
    /// Its keyed hash: equal hashes are equal values.
    pub hash: KeyedHash,
}

impl EvidenceValue {
    /// Redacts `value` of kind `class`.
    #[must_use]
    pub fn of(key: &HashKey, class: &str, value: &str) -> Self {
        Self {
            class: class.to_owned(),
            shape: redact::shape(value),
            hash: key.hash("value", value.as_bytes()),
        }
    }
}

/// One piece of evidence. At least one of `note` and `value` says something.
///
/// Every field is always written: saved states are not self-describing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Evidence {
    /// The exchange it was seen in.
    pub exchange_id: Option<ExchangeId>,
    /// Where in the exchange, instance form.
    pub location: Option<Location>,
    /// On which side.
    pub side: Option<Side>,
    /// The value, redacted.
    pub value: Option<EvidenceValue>,
    /// A plain sentence with the numbers behind the judgement: rule, value, baseline, sample size,
    /// distance. Never holds values of the traffic except protocol constants.
    pub note: String,
}

impl Evidence {
    /// A sentence alone.
    #[must_use]
    pub fn note(note: impl Into<String>) -> Self {
        Self { note: note.into(), ..Self::default() }
    }

    /// A sentence about a place.
    #[must_use]
    pub fn at(side: Side, location: Location, note: impl Into<String>) -> Self {
        Self { side: Some(side), location: Some(location), note: note.into(), ..Self::default() }
    }

    /// Adds a redacted value.
    #[must_use]
    pub fn with_value(mut self, value: EvidenceValue) -> Self {
        self.value = Some(value);
        self
    }

    /// Names the exchange.
    #[must_use]
    pub fn in_exchange(mut self, id: &ExchangeId) -> Self {
        self.exchange_id = Some(id.clone());
        self
    }
}
