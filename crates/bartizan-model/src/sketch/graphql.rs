//! Fields and arguments of GraphQL, as they were asked for and answered.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_ARGUMENTS, MAX_FIELDS, MAX_TYPES, join};

/// What GraphQL calls of one endpoint are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphqlSketch {
    /// Calls it was learned from.
    pub calls: u64,
    /// By path from the kind of operation on (`query.user.friends`); a condition on the type is a step of its
    /// own (`query.node.<User>.email`). At most [`MAX_FIELDS`].
    pub fields: BTreeMap<String, GraphqlField>,
    /// How often a field was not taken for want of room.
    pub left_out: u64,
}

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphqlField {
    /// How often it was asked for.
    pub asked: u64,
    /// Arguments by name, and members of their values by path (`input`, `input.name`); at most
    /// [`MAX_ARGUMENTS`].
    pub arguments: BTreeMap<String, GraphqlArgument>,
    /// Whether fields were asked for below it.
    pub has_fields: bool,
    /// How often it was in an answer.
    pub values: u64,
    /// How often it was `null` there.
    pub nulls: u64,
    /// Most lists around a value.
    pub lists: u8,
    /// Elements of its innermost lists.
    pub elements: u64,
    /// How many of them were `null`.
    pub null_elements: u64,
    /// What its values were, lists opened.
    pub kinds: BTreeSet<ValueKind>,
    /// What `__typename` was answered below it; at most [`MAX_TYPES`].
    pub typenames: BTreeSet<String>,
}

/// One argument, or a member of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphqlArgument {
    /// How often it was given.
    pub given: u64,
    /// How often it could have been: its field was asked for, or the value that it is a member of was given.
    pub of: u64,
    /// How often it was `null`.
    pub nulls: u64,
    /// Most lists around a value.
    pub lists: u8,
    /// What its values were, lists opened.
    pub kinds: BTreeSet<ValueKind>,
    /// Types of the variables that stood for it, as clients wrote them (`[ID!]!`); at most [`MAX_TYPES`].
    pub types: BTreeSet<String>,
}

/// What a value is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// `true` or `false`.
    Boolean,
    /// An integer of 32 bits, as `Int` is.
    Integer,
    /// A larger integer.
    LongInteger,
    /// Any other number.
    Number,
    /// A text.
    String,
    /// A word of the document that is no text: a value of an enumeration.
    Word,
    /// An object.
    Object,
}

impl GraphqlSketch {
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.left_out +=
            other.left_out + join(&mut self.fields, &other.fields, MAX_FIELDS, GraphqlField::merge);
    }
}

impl GraphqlField {
    /// Takes in what was seen of the same field elsewhere.
    pub fn merge(&mut self, other: &Self) {
        // What one of both never gave could have been there as often as its field was asked for.
        let new: Vec<(String, GraphqlArgument)> = other
            .arguments
            .iter()
            .filter(|(name, _)| !self.arguments.contains_key(*name))
            .map(|(name, argument)| {
                let of = argument.of + possible(&self.arguments, name, self.asked);
                (name.clone(), GraphqlArgument { of, ..argument.clone() })
            })
            .collect();
        for (name, mine) in &mut self.arguments {
            match other.arguments.get(name) {
                Some(theirs) => mine.merge(theirs),
                None => mine.of += possible(&other.arguments, name, other.asked),
            }
        }
        let room = MAX_ARGUMENTS.saturating_sub(self.arguments.len());
        self.arguments.extend(new.into_iter().take(room));
        self.asked += other.asked;
        self.has_fields |= other.has_fields;
        self.values += other.values;
        self.nulls += other.nulls;
        self.lists = self.lists.max(other.lists);
        self.elements += other.elements;
        self.null_elements += other.null_elements;
        self.kinds.extend(&other.kinds);
        extend(&mut self.typenames, &other.typenames);
    }
}

/// How often an argument could have been given that never was.
fn possible(arguments: &BTreeMap<String, GraphqlArgument>, name: &str, asked: u64) -> u64 {
    match name.rsplit_once('.') {
        Some((above, _)) => {
            arguments.get(above).map_or(0, |above| above.given - above.nulls.min(above.given))
        }
        None => asked,
    }
}

impl GraphqlArgument {
    /// Takes in what was seen of the same argument elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.given += other.given;
        self.of += other.of;
        self.nulls += other.nulls;
        self.lists = self.lists.max(other.lists);
        self.kinds.extend(&other.kinds);
        extend(&mut self.types, &other.types);
    }
}

fn extend(mine: &mut BTreeSet<String>, theirs: &BTreeSet<String>) {
    for name in theirs {
        if mine.len() < MAX_TYPES {
            mine.insert(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(asked: u64, arguments: &[(&str, u64, u64)]) -> GraphqlField {
        let argument = |given, of| GraphqlArgument { given, of, ..GraphqlArgument::default() };
        let arguments =
            arguments.iter().map(|(name, given, of)| ((*name).to_owned(), argument(*given, *of)));
        GraphqlField { asked, arguments: arguments.collect(), ..GraphqlField::default() }
    }

    #[test]
    fn an_argument_that_a_part_never_gave_was_not_always_there() {
        let one = field(3, &[("id", 3, 3), ("input", 3, 3), ("input.name", 3, 3)]);
        let two = field(4, &[("input", 4, 4), ("first", 4, 4)]);
        for (first, second) in [(&one, &two), (&two, &one)] {
            let mut all = first.clone();
            all.merge(second);
            let of = |name: &str| (all.arguments[name].given, all.arguments[name].of);
            assert_eq!(all.asked, 7);
            assert_eq!(of("id"), (3, 7));
            assert_eq!(of("input"), (7, 7));
            assert_eq!(of("input.name"), (3, 7));
            assert_eq!(of("first"), (4, 7));
        }
    }

    #[test]
    fn tables_are_bounded_and_tell_what_they_lack() {
        let many = |from: usize| GraphqlSketch {
            calls: 1,
            fields: (from..from + MAX_FIELDS)
                .map(|n| (format!("query.f{n:05}"), field(1, &[])))
                .collect(),
            left_out: 0,
        };
        let mut one = many(0);
        one.merge(&many(MAX_FIELDS / 2));
        assert_eq!((one.calls, one.fields.len()), (2, MAX_FIELDS));
        assert_eq!(one.left_out as usize, MAX_FIELDS / 2);
    }
}
