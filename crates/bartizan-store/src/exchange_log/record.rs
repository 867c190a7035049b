//! What is kept of one exchange at level *facts*: locations, types, lengths, classes, keyed hashes,
//! and what policies decided. No values.

use bartizan_model::{
    Action, ActorId, EndpointId, ExchangeId, KeyedHash, Location, PolicyDecision, PolicyOutcome,
    Severity, Side, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most fields kept of one exchange; more are counted in [`ExchangeFacts::fields_left_out`].
pub const MAX_FIELDS: usize = 2_000;
/// Longest location kept; a field with a longer one is counted as left out.
pub const MAX_LOCATION_BYTES: usize = 1_024;
/// Longest id, method, class or anomaly name kept; a longer one is cut.
pub const MAX_NAME_BYTES: usize = 256;
/// Most names in one list (anomalies, classes of one field) kept.
const MAX_NAMES: usize = 64;
/// Most decisions of policies kept; more are counted in [`ExchangeFacts::decisions_left_out`].
pub const MAX_DECISIONS: usize = 64;

/// The type of a value.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// JSON `null`.
    #[default]
    Null,
    /// A truth value.
    Boolean,
    /// An integer.
    Integer,
    /// Any other number.
    Number,
    /// Text.
    String,
    /// An object.
    Object,
    /// An array.
    Array,
    /// Bytes that are no text.
    Binary,
}

impl FieldType {
    /// All types.
    pub const ALL: &'static [Self] = &[
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Object,
        Self::Array,
        Self::Binary,
    ];

    /// The word used in every output, the same as in parameters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Object => "object",
            Self::Array => "array",
            Self::Binary => "binary",
        }
    }

    /// The type of a word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|t| t.as_str() == text)
    }
}

/// What is kept of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFact {
    /// General form.
    pub location: Location,
    /// Sent or answered.
    pub side: Side,
    /// Its type.
    pub value_type: FieldType,
    /// Length of its text in bytes.
    pub length: u32,
    /// Names of its data classes.
    pub classes: Vec<String>,
    /// Keyed hash of the value: equal hashes are equal values.
    pub hash: KeyedHash,
}

/// What an inline policy decided, when that was more than to let pass. All words are the operator's or
/// ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionFact {
    /// Name of the policy.
    pub policy: String,
    /// Its kind, for example `rate`.
    pub kind: String,
    /// Enforced, only noted, or not evaluated.
    pub outcome: PolicyOutcome,
    /// What enforcement would do; *allow* when it was not evaluated.
    pub action: Action,
    /// Status that enforcement answers with.
    pub status: Option<u16>,
    /// Why: a short name.
    pub reason: String,
}

impl From<&PolicyDecision> for DecisionFact {
    fn from(decision: &PolicyDecision) -> Self {
        Self {
            policy: decision.policy.clone(),
            kind: decision.kind.clone(),
            outcome: decision.outcome,
            action: decision.action,
            status: decision.status,
            reason: decision.reason.clone(),
        }
    }
}

/// What the judgement said of an exchange, when it was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedFact {
    /// Codes of the detections that it raised or added to.
    pub codes: Vec<String>,
    /// The worst severity among these.
    pub severity: Option<Severity>,
    /// What enforcement would do.
    pub action: Action,
    /// What was done.
    pub applied: Action,
}

/// What is kept of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeFacts {
    /// As its source named it.
    pub id: ExchangeId,
    /// Number in the order of judging.
    pub sequence: u64,
    /// When the request arrived.
    pub time: Option<Timestamp>,
    /// The endpoint; `None` for noise.
    pub endpoint: Option<EndpointId>,
    /// Who called.
    pub actor: Option<ActorId>,
    /// Method.
    pub method: String,
    /// Status of the response; `None` when none was seen.
    pub status: Option<u16>,
    /// Bytes of the request body.
    pub request_bytes: u64,
    /// Bytes of the response body; `None` when no response was seen.
    pub response_bytes: Option<u64>,
    /// Time from first to last byte, in microseconds.
    pub duration_micros: Option<u64>,
    /// Names of the anomalies of decoding.
    pub anomalies: Vec<String>,
    /// Names of what was not inspected, so that a back-test can tell *not evaluable*.
    pub not_inspected: Vec<String>,
    /// The values.
    pub fields: Vec<FieldFact>,
    /// Values that are not in `fields` because of a limit.
    pub fields_left_out: u32,
    /// What inline policies decided, in order. Written behind the rest, see [`super::segment`]: the first
    /// version had none.
    #[serde(skip)]
    pub decisions: Vec<DecisionFact>,
    /// Decisions that are not in `decisions` because of a limit.
    #[serde(skip)]
    pub decisions_left_out: u32,
    /// What the judgement said; `None` where the first two versions wrote, which did not keep it.
    #[serde(skip)]
    pub judged: Option<JudgedFact>,
}

/// What stands behind the facts in the second version.
pub(super) type Decisions = (Vec<DecisionFact>, u32);
/// What stands behind the decisions since the third version.
pub(super) type Judged = Option<JudgedFact>;

impl ExchangeFacts {
    /// Keeps the record within the limits of this module, counting what is left out.
    pub(crate) fn bound(&mut self) {
        let before = self.fields.len();
        self.fields.retain(|f| f.location.as_str().len() <= MAX_LOCATION_BYTES);
        self.fields.truncate(MAX_FIELDS);
        let left_out = u32::try_from(before - self.fields.len()).unwrap_or(u32::MAX);
        self.fields_left_out = self.fields_left_out.saturating_add(left_out);
        for field in &mut self.fields {
            bound_names(&mut field.classes);
        }
        bound_names(&mut self.anomalies);
        bound_names(&mut self.not_inspected);
        let left_out = self.decisions.len().saturating_sub(MAX_DECISIONS);
        self.decisions.truncate(MAX_DECISIONS);
        self.decisions_left_out =
            self.decisions_left_out.saturating_add(u32::try_from(left_out).unwrap_or(u32::MAX));
        for decision in &mut self.decisions {
            for text in [&mut decision.policy, &mut decision.kind, &mut decision.reason] {
                cut(text);
            }
        }
        if let Some(judged) = &mut self.judged {
            bound_names(&mut judged.codes);
        }
        cut(&mut self.method);
        if self.id.as_str().len() > MAX_NAME_BYTES {
            let mut text = self.id.as_str().to_owned();
            cut(&mut text);
            self.id = ExchangeId::from_text(text);
        }
    }
}

fn bound_names(names: &mut Vec<String>) {
    names.truncate(MAX_NAMES);
    names.iter_mut().for_each(cut);
}

fn cut(text: &mut String) {
    if text.len() > MAX_NAME_BYTES {
        text.truncate(text.floor_char_boundary(MAX_NAME_BYTES));
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::HashKey;

    use super::*;

    #[test]
    fn records_stay_within_limits_and_say_so() {
        let field = FieldFact {
            location: Location::from_text("query.q"),
            side: Side::Request,
            value_type: FieldType::String,
            length: 3,
            classes: Vec::new(),
            hash: HashKey::new([0; 32]).hash("value", b"abc"),
        };
        let long = FieldFact { location: Location::from_text("x".repeat(5_000)), ..field.clone() };
        let mut facts = ExchangeFacts {
            id: ExchangeId::from_text("é".repeat(1_000)),
            method: "X".repeat(1_000),
            fields: std::iter::once(long).chain(vec![field; MAX_FIELDS + 9]).collect(),
            fields_left_out: 1,
            ..ExchangeFacts::default()
        };
        let decision = DecisionFact {
            policy: "p".repeat(1_000),
            kind: "rate".to_owned(),
            outcome: PolicyOutcome::Monitored,
            action: Action::Throttle,
            status: Some(429),
            reason: "rate-limited".to_owned(),
        };
        facts.decisions = vec![decision; MAX_DECISIONS + 3];
        facts.bound();
        assert_eq!((facts.decisions.len(), facts.decisions_left_out), (MAX_DECISIONS, 3));
        assert_eq!(facts.decisions[0].policy.len(), MAX_NAME_BYTES);
        assert_eq!(facts.fields.len(), MAX_FIELDS);
        assert_eq!(facts.fields_left_out, 11);
        assert_eq!(facts.id.as_str().len(), MAX_NAME_BYTES);
        assert_eq!(facts.method.len(), MAX_NAME_BYTES);
        assert!(postcard::to_stdvec(&facts).expect("encodes").len() < 200_000);
    }

    #[test]
    fn types_have_words() {
        for value_type in FieldType::ALL {
            assert_eq!(FieldType::parse(value_type.as_str()), Some(*value_type));
        }
    }
}
