//! Ages of people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("age"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Age",
    what: "A field name that says so and a whole number from 1 to 125. Ages of caches, tokens, \
           accounts and the like are left alone.",
    sensitive: false,
    support: Support::Several,
    priority: 91,
    names: &["age", "edad", "age year", "alder", "leeftijd", "年齢", "年龄"],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("age", "42"), ("patient_age", "7"), ("edad", "61")],
    counterexamples: &[
        ("age", "3600"),
        ("cache_age", "60"),
        ("max_age", "90"),
        ("page", "42"),
        ("min_age", "18"),
        ("age", "old"),
        ("usage", "42"),
        ("account_age", "30"),
    ],
    references: &["GDPR article 4(1)"],
};

/// Things whose age tells nothing about a person, and limits.
const THINGS: &[&str] = &[
    "max",
    "min",
    "maximum",
    "minimum",
    "cache",
    "token",
    "session",
    "account",
    "key",
    "file",
    "domain",
    "certificate",
    "ticket",
    "password",
    "order",
    "product",
    "item",
    "build",
    "stage",
    "message",
    "event",
    "index",
    "data",
    "cookie",
    "backup",
    "snapshot",
    "vehicle",
    "building",
    "limit",
    "rating",
    "day",
    "hour",
    "second",
    "legal",
    "required",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && !candidate.is_named(THINGS)
        && vocabulary::whole_number(candidate.text).is_some_and(|age| (1..=125).contains(&age)))
    .then_some(Certainty::Context)
}
