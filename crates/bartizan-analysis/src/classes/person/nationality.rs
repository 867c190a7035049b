//! Nationalities of people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("nationality"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Nationality",
    what: "A field name that says so and a country code of two or three letters, or wording of at \
           most five words. The country of an address is none.",
    sensitive: false,
    support: Support::Several,
    priority: 98,
    names: &[
        "nationality",
        "citizenship",
        "country of citizenship",
        "country citizenship",
        "staatsangehorigkeit",
        "staatsburgerschaft",
        "nacionalidad",
        "nationalite",
        "nazionalita",
        "cittadinanza",
        "nacionalidade",
        "nationaliteit",
        "obywatelstwo",
        "国籍",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("nationality", "DE"),
        ("citizenship", "South Korean"),
        ("nacionalidad", "Argentina"),
        ("countryOfCitizenship", "FRA"),
    ],
    counterexamples: &[
        ("country", "DE"),
        ("nationality", "true"),
        ("nationality", "unknown"),
        ("nationality_id", "12"),
        ("citizenship", "7"),
    ],
    references: &["ISO 3166-1"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && (vocabulary::is_country_code(candidate.text) || vocabulary::is_wording(candidate, 5)))
    .then_some(Certainty::Context)
}
