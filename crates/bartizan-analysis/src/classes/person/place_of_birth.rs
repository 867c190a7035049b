//! Places of birth.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("place_of_birth"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Place of birth",
    what: "A field name that says so and a country code or wording of at most six words. Dates of \
           birth are class `date_of_birth`.",
    sensitive: true,
    support: Support::Several,
    priority: 99,
    names: &[
        "place of birth",
        "placeofbirth",
        "birth place",
        "birthplace",
        "birth city",
        "city of birth",
        "town of birth",
        "country of birth",
        "birth country",
        "geburtsort",
        "geburtsland",
        "lugar nacimiento",
        "lugar de nacimiento",
        "lieu naissance",
        "lieu de naissance",
        "luogo nascita",
        "luogo di nascita",
        "local nascimento",
        "fodested",
        "fodeort",
        "geboorteplaat",
        "miejsce urodzenia",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("placeOfBirth", "Porto Alegre"),
        ("birthplace", "Lyon, France"),
        ("country_of_birth", "PL"),
        ("geburtsort", "Würzburg"),
    ],
    counterexamples: &[
        ("city", "Lyon"),
        ("birth_place", "1984-02-29"),
        ("birthplace", "unknown"),
        ("place", "Porto Alegre"),
        ("place_of_birth_verified", "Lyon"),
    ],
    references: &["ICAO Doc 9303 part 3"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && (vocabulary::is_country_code(candidate.text) || vocabulary::is_wording(candidate, 6)))
    .then_some(Certainty::Context)
}
