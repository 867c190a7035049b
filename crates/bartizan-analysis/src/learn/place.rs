//! One place of values in the messages of an endpoint: types, formats, how often.

use std::sync::Arc;

use bartizan_model::HashKey;
use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    Shapes, Spot, Witnesses,
    bodies::{Bodies, CountInBody, Total},
    boxed::push,
    format::format_of,
    repeat::Repeat,
    values::Values,
};

/// Most redacted examples per place.
const MAX_EXAMPLES: usize = 3;

/// One place of values. There are as many of them as all endpoints have parameters and fields: what is here costs memory
/// that often. So where it is is kept once for all endpoints, and lists take what they need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Where it is.
    pub at: Arc<Spot>,
    /// How many values were seen here; of a name that a query or a form has several times, how many messages
    /// had it.
    pub seen: u64,
    /// Bits by type: null, boolean, integer, number, string, object, array, binary.
    pub types: u8,
    /// How often each format was seen.
    pub formats: Box<[(SmolStr, u64)]>,
    /// Texts seen (formats are a share of these).
    pub texts: u64,
    /// Shapes of the first values, up to [`MAX_EXAMPLES`].
    pub examples: Shapes,
    /// What its values have in common.
    pub values: Values,
    /// How many of them were objects, which may have members.
    pub objects: u64,
    /// In which bodies they were.
    pub bodies: Bodies,
    /// Who sent one or was answered with one.
    pub witnesses: Witnesses,
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
    /// Which of the values of its name it is.
    pub repeat: Repeat,
}

/// Names of the type bits.
const TYPES: [&str; 8] =
    ["null", "boolean", "integer", "number", "string", "object", "array", "binary"];

/// The type bits of objects and arrays.
pub const CONTAINERS: u8 = 0b0110_0000;
/// The type bit of arrays, also of names that a query or a form has several times.
pub const ARRAY: u8 = 0b0100_0000;

impl Place {
    /// The name of values that hang on any key of a map.
    pub const ANY_KEY: &'static str = "{key}";

    /// The place of a value.
    pub(super) fn spot(node: NodeRef<'_>) -> Spot {
        let name = node.name();
        let is_own = name.is_empty() || node.is_name_general();
        Spot {
            location: node.general().shrunk(),
            direction: Some(node.side().into()),
            name: if is_own { name } else { Self::ANY_KEY }.into(),
            parent: node.parent().map_or(0, |p| p.general_hash()),
            element: node.is_map_value() || (node.index().is_some() && node.key().is_empty()),
        }
    }

    /// A place where nothing was seen yet.
    pub(super) fn at(spot: Arc<Spot>) -> Self {
        Self { at: spot, ..Self::default() }
    }

    const fn total(&self) -> Total {
        Total { seen: self.seen, objects: self.objects }
    }

    pub(super) fn learn(&mut self, node: NodeRef<'_>, value: Value<'_>, seen: Seen<'_>) {
        let objects = u64::from(matches!(value, Value::Object));
        if seen.repeat != Repeat::Again {
            self.bodies.count(self.total(), seen.body, objects);
            self.seen += 1;
            self.objects += objects;
        }
        if let Repeat::First(count) = seen.repeat {
            self.learn_repeated(count);
        }
        if let Some(caller) = seen.caller {
            self.witnesses.add(caller);
        }
        self.types |= 1 << type_bit(&value);
        match value {
            Value::Text(text) => self.learn_text(text, seen),
            Value::Integer(number) => self.values.number(number as f64),
            Value::Number(number) => self.values.number(number),
            Value::Array => self.values.array(node.children().count() as u64),
            Value::Null | Value::Bool(_) | Value::Object | Value::Opaque(_) => {}
        }
        if self.seen <= 16 && value.is_scalar() && self.examples.iter().count() < MAX_EXAMPLES {
            let example = match value {
                Value::Bool(_) | Value::Null | Value::Opaque(_) => return,
                _ => bartizan_model::redact::shape(node.raw()),
            };
            self.examples.add(&example, MAX_EXAMPLES);
        }
    }

    /// A name that was there once is a list of one as soon as it is known to be one.
    fn learn_repeated(&mut self, count: u64) {
        let was_list = self.types & ARRAY != 0;
        if !was_list && count < 2 {
            return;
        }
        if !was_list && self.seen > 1 {
            self.values.array(1);
        }
        self.types |= ARRAY;
        self.values.array(count);
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
            None => push(&mut self.formats, (format.into(), more)),
        }
    }

    /// How many of its values were in which body.
    pub fn in_bodies(&self) -> impl Iterator<Item = CountInBody> {
        self.bodies.iter(self.total())
    }

    /// How many objects were in a body.
    #[must_use]
    pub fn objects_in(&self, number: u8) -> u64 {
        self.in_bodies().find(|body| body.number == number).map_or(0, |body| body.objects)
    }

    /// The same in a profile where bodies have the numbers that `renumber` tells; `None` for a body that has none there.
    pub(super) fn renumbered(&self, renumber: impl Fn(u8) -> Option<u8>) -> Self {
        let theirs = self
            .in_bodies()
            .filter_map(|body| Some(CountInBody { number: renumber(body.number)?, ..body }));
        Self { bodies: Bodies::joined(theirs, self.total()), ..self.clone() }
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
        let theirs = other
            .in_bodies()
            .filter_map(|body| Some(CountInBody { number: renumber(body.number)?, ..body }));
        let total = Total { seen: self.seen + other.seen, objects: self.objects + other.objects };
        let bodies = Bodies::joined(self.in_bodies().chain(theirs), total);
        (self.bodies, self.seen, self.objects) = (bodies, total.seen, total.objects);
        self.witnesses.merge(other.witnesses);
        self.values.merge(&other.values);
        self.types |= other.types;
        self.texts += other.texts;
        other.formats.iter().for_each(|(format, count)| self.count_format(format, *count));
        other.examples.iter().for_each(|example| self.examples.add(example, MAX_EXAMPLES));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_several_times_is_a_list() {
        let learned = |messages: &[u64]| {
            let mut place = Place::default();
            for count in messages {
                place.seen += 1;
                place.learn_repeated(*count);
            }
            (place.types & ARRAY != 0, place.values.bounds().items.map(|s| (s.least, s.most)))
        };
        assert_eq!(learned(&[1, 1]), (false, None));
        assert_eq!(learned(&[2, 3]), (true, Some((2, 3))));
        assert_eq!(learned(&[1, 4]), (true, Some((1, 4))), "the first was a list of one");
        assert_eq!(learned(&[4, 1]), (true, Some((1, 4))));
    }

    #[test]
    fn a_place_stays_small() {
        let bytes = size_of::<Place>();
        assert!(bytes <= 160, "{bytes} bytes, for each field of each endpoint");
    }
}
