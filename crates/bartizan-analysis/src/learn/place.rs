//! One place of values in the messages of an endpoint: types, formats, how often.

use bartizan_model::{HashKey, Location, data_class::Direction};
use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{Witnesses, format::format_of, values::Values};

/// Most redacted examples per place.
const MAX_EXAMPLES: usize = 3;

/// One place of values. There are as many of them as all endpoints have parameters and fields: what is here costs memory
/// that often, so texts are short ones, and lists grow by what they need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// General form.
    pub location: Location,
    /// Side.
    pub direction: Option<Direction>,
    /// The nearest key that is part of the location, or [`Place::ANY_KEY`] below a key that is not.
    pub name: SmolStr,
    /// General hash of the place above; 0 for none.
    pub parent: u64,
    /// How many values were seen here.
    pub seen: u64,
    /// Bits by type: null, boolean, integer, number, string, object, array, binary.
    pub types: u8,
    /// How often each format was seen.
    pub formats: Vec<(SmolStr, u64)>,
    /// Texts seen (formats are a share of these).
    pub texts: u64,
    /// Redacted examples.
    pub examples: Vec<SmolStr>,
    /// Whether it is an element of an array or a value of a map (then never "required").
    pub element: bool,
    /// What its values have in common.
    pub values: Values,
    /// How many of them were objects, which may have members.
    pub objects: u64,
    /// The same by body.
    pub bodies: Vec<InBody>,
    /// Who sent one or was answered with one.
    pub witnesses: Witnesses,
}

/// How many values were in one kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBody {
    /// Its number in [`Profile::bodies`](super::Profile::bodies).
    pub number: u8,
    /// Values.
    pub seen: u64,
    /// How many of them were objects.
    pub objects: u64,
}

/// Of which message a value is.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'k> {
    /// Key of hashes of the organisation.
    pub key: &'k HashKey,
    /// Number of its body in [`Profile::bodies`](super::Profile::bodies).
    pub body: Option<u8>,
    /// Key of who sent it or was answered with it, if that may count.
    pub caller: Option<u64>,
    /// Whether the request was granted.
    pub granted: bool,
}

/// Names of the type bits.
const TYPES: [&str; 8] =
    ["null", "boolean", "integer", "number", "string", "object", "array", "binary"];

/// The type bits of objects and arrays.
pub const CONTAINERS: u8 = 0b0110_0000;

impl Place {
    /// The name of values that hang on any key of a map.
    pub const ANY_KEY: &'static str = "{key}";

    pub(super) fn at(node: NodeRef<'_>) -> Self {
        let name = node.name();
        let is_own = name.is_empty() || node.is_name_general();
        Self {
            location: node.general().shrunk(),
            direction: Some(node.side().into()),
            name: if is_own { name } else { Self::ANY_KEY }.into(),
            parent: node.parent().map_or(0, |p| p.general_hash()),
            element: node.is_map_value() || (node.index().is_some() && node.key().is_empty()),
            ..Self::default()
        }
    }

    pub(super) fn learn(&mut self, node: NodeRef<'_>, value: Value<'_>, seen: Seen<'_>) {
        self.seen += 1;
        if let Some(caller) = seen.caller {
            self.witnesses.add(caller);
        }
        self.types |= 1 << type_bit(&value);
        let objects = u64::from(matches!(value, Value::Object));
        self.objects += objects;
        if let Some(number) = seen.body {
            self.count(InBody { number, seen: 1, objects });
        }
        match value {
            Value::Text(text) => self.learn_text(text, seen),
            Value::Integer(number) => self.values.number(number as f64),
            Value::Number(number) => self.values.number(number),
            Value::Array => self.values.array(node.children().count() as u64),
            Value::Null | Value::Bool(_) | Value::Object | Value::Opaque(_) => {}
        }
        if self.examples.len() < MAX_EXAMPLES && self.seen <= 16 && value.is_scalar() {
            let example = match value {
                Value::Bool(_) | Value::Null | Value::Opaque(_) => return,
                _ => bartizan_model::redact::shape(node.raw()),
            };
            if !example.is_empty() {
                self.example(&example.into());
            }
        }
    }

    fn example(&mut self, example: &SmolStr) {
        if self.examples.len() < MAX_EXAMPLES && !self.examples.contains(example) {
            self.examples.reserve_exact(1);
            self.examples.push(example.clone());
        }
    }

    fn learn_text(&mut self, text: &str, seen: Seen<'_>) {
        self.texts += 1;
        let format = format_of(text);
        if format.is_empty() {
            self.values.text(text, seen.caller, seen.key);
            return;
        }
        self.count_format(format, 1);
        // A format says more than a form or words would.
        self.values.formatted(text);
        if matches!(format, "integer" | "decimal")
            && let Ok(number) = text.parse()
        {
            self.values.number(number);
        }
    }

    fn count_format(&mut self, format: &str, more: u64) {
        match self.formats.iter_mut().find(|(known, _)| known == format) {
            Some((_, count)) => *count += more,
            None => {
                self.formats.reserve_exact(1);
                self.formats.push((format.into(), more));
            }
        }
    }

    fn count(&mut self, more: InBody) {
        match self.bodies.iter_mut().find(|body| body.number == more.number) {
            Some(body) => {
                body.seen += more.seen;
                body.objects += more.objects;
            }
            None => {
                self.bodies.reserve_exact(1);
                self.bodies.push(more);
            }
        }
    }

    /// How many objects were in a body.
    #[must_use]
    pub fn objects_in(&self, number: u8) -> u64 {
        self.bodies.iter().find(|body| body.number == number).map_or(0, |body| body.objects)
    }

    /// Types seen, joined by `|`. `null` is named last.
    #[must_use]
    pub fn type_names(&self) -> String {
        let named = |range: std::ops::Range<usize>| {
            range.filter(|i| self.types & (1 << i) != 0).map(|i| TYPES[i])
        };
        named(1..8).chain(named(0..1)).collect::<Vec<_>>().join("|")
    }

    /// The format that every text has; empty when there is none.
    #[must_use]
    pub fn format(&self) -> &str {
        let all = self.formats.iter().find(|(_, count)| *count == self.texts);
        all.map_or("", |(format, _)| format.as_str())
    }

    /// Joins; `renumber` tells the number here of a body that has another there.
    pub(super) fn merge(&mut self, other: &Self, renumber: impl Fn(u8) -> Option<u8>) {
        self.seen += other.seen;
        self.witnesses.merge(other.witnesses);
        self.values.merge(&other.values);
        self.objects += other.objects;
        for body in &other.bodies {
            if let Some(number) = renumber(body.number) {
                self.count(InBody { number, ..*body });
            }
        }
        self.types |= other.types;
        self.texts += other.texts;
        other.formats.iter().for_each(|(format, count)| self.count_format(format, *count));
        other.examples.iter().for_each(|example| self.example(example));
    }
}

fn type_bit(value: &Value<'_>) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Integer(_) => 2,
        Value::Number(_) => 3,
        Value::Text(_) => 4,
        Value::Object => 5,
        Value::Array => 6,
        Value::Opaque(_) => 7,
    }
}
