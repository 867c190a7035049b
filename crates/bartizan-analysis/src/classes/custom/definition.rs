//! How a class is written in the configuration.

use std::fmt;

use bartizan_model::data_class::DataGroup;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Unexpected};

use super::{CheckDigits, CustomClasses};
use crate::classes::Support;

/// A data class of your own, for example the numbers of your customers. It says what its values look
/// like by `names`, by `pattern`, or by both, and proves it by examples: they are run whenever the
/// configuration is read, and a class whose examples do not come out is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassDefinition {
    /// What results call it: lower-case letters, digits and `_`, a letter first, at most 64. No
    /// built-in class has this name.
    pub name: String,
    /// One line for people, at most 120 characters.
    pub title: String,
    /// Its group on the data map.
    pub group: DataGroup,
    /// Whether its exposure is serious by itself. Checks of sensitive answers and the risk of an
    /// endpoint count it then. It is with a `family` of which this is true.
    #[serde(default)]
    pub sensitive: bool,
    /// A built-in class that it is a finer kind of: `secret`, `national_id`, `health_id`. Checks that
    /// look for that class count this one too, and values that are of both are named by this one.
    #[serde(default)]
    pub family: Option<String>,
    /// Field names under which its values stand; without any, the pattern alone decides. A name is
    /// compared word by word, whatever way words are joined: `customer number` stands for
    /// `customerNumber`, `customer_number` and `number` below `customer`. With a pattern the words may
    /// stand anywhere in the name, without one they must end it. At most 32 names of 4 words.
    #[serde(default)]
    pub names: Vec<String>,
    /// A regular expression that the whole value fits, at most 512 bytes: syntax of the `regex` crate,
    /// without look-around and back references, so that its time is linear in the value. Case counts
    /// unless it begins with `(?i)`. `[0-9]` takes less memory than `\d`, which knows the digits of
    /// every script.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Check digits that the value must have.
    #[serde(default)]
    pub check: CheckDigits,
    /// Fewest characters of a value, from 1.
    #[serde(default = "one")]
    pub min_length: u16,
    /// Most characters of a value, at most 1024. Longer values are not looked at, and texts are not
    /// searched: a value is one value.
    #[serde(default = "single")]
    pub max_length: u16,
    /// How many values it takes until an endpoint is said to carry it.
    #[serde(default)]
    pub support: SupportWanted,
    /// What must be recognised, 1 to 16.
    pub examples: Vec<Example>,
    /// What must not be recognised, 1 to 16: the nearest things that are not of this class.
    pub counterexamples: Vec<Example>,
}

const fn one() -> u16 {
    1
}

const fn single() -> u16 {
    256
}

/// How many values it takes until an endpoint is said to carry a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportWanted {
    /// One.
    #[default]
    One,
    /// Two, or one in five of the values at that place: where a name and a plain word decide.
    Several,
}

impl From<SupportWanted> for Support {
    fn from(wanted: SupportWanted) -> Self {
        match wanted {
            SupportWanted::One => Self::One,
            SupportWanted::Several => Self::Several,
        }
    }
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Name of the field; those above it stand before it with slashes between: `customer/number`.
    pub field: String,
    /// Its value as text. Put it into quotes where it is a number.
    pub value: String,
}

/// What is wrong with a definition: what was given, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    given: String,
    expected: String,
}

impl Mistake {
    /// A mistake, in lower-case fragments. `given` begins with the key within the definition.
    pub(crate) fn new(given: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { given: given.into(), expected: expected.into() }
    }

    /// As the error of a format, which knows the line.
    fn into_error<E: serde::de::Error>(self) -> E {
        // Of all errors that serde knows, formats place those about values.
        E::invalid_value(Unexpected::Other(&self.given), &self.expected.as_str())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, expected {}", self.given, self.expected)
    }
}

/// A definition whose examples came out.
struct Proven(ClassDefinition);

impl<'de> Deserialize<'de> for Proven {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let definition = ClassDefinition::deserialize(deserializer)?;
        match CustomClasses::compile(std::slice::from_ref(&definition)) {
            Ok(_) => Ok(Self(definition)),
            Err((_, mistake)) => Err(mistake.into_error()),
        }
    }
}

/// Reads a list of classes and runs their examples, so that what is wrong is placed in its file.
///
/// # Errors
/// See [`CustomClasses::compile`].
pub fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ClassDefinition>, D::Error> {
    let proven = Vec::<Proven>::deserialize(deserializer)?;
    let definitions: Vec<_> = proven.into_iter().map(|Proven(definition)| definition).collect();
    match CustomClasses::compile(&definitions) {
        Ok(_) => Ok(definitions),
        Err((_, mistake)) => Err(mistake.into_error()),
    }
}
