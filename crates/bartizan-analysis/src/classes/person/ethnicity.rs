//! Racial and ethnic origin.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("ethnicity"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Ethnic origin",
    what: "A field name that says so and one of the categories that censuses and health records \
           use, as words or as the code of the CDC (`2106-3`).",
    sensitive: true,
    support: Support::Several,
    priority: 92,
    names: &[
        "ethnicity",
        "ethnic group",
        "ethnic origin",
        "ethnic background",
        "race",
        "racial origin",
        "race ethnicity",
        "race code",
        "ethnicity code",
        "etnia",
        "raza",
        "ethnie",
        "ethnische herkunft",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("ethnicity", "Hispanic or Latino"),
        ("race", "2106-3"),
        ("ethnicGroup", "White British"),
        ("race", "African-American"),
    ],
    counterexamples: &[
        ("race", "10k run"),
        ("color", "white"),
        ("ethnicity", "prefer not to say"),
        ("race", "Monaco Grand Prix"),
        ("race_id", "asian"),
        ("trace", "white"),
        ("race_condition", "asian"),
    ],
    references: &[
        "GDPR article 9",
        "CDC race and ethnicity code set",
        "ONS ethnic group categories",
    ],
};

/// Values, as words.
const VALUES: &[&str] = &[
    "asian",
    "black",
    "white",
    "hispanic",
    "latino",
    "latina",
    "latinx",
    "hispanic or latino",
    "not hispanic or latino",
    "non hispanic",
    "caucasian",
    "african american",
    "black or african american",
    "black african",
    "black caribbean",
    "black british",
    "asian british",
    "asian american",
    "native american",
    "american indian",
    "american indian or alaska native",
    "alaska native",
    "pacific islander",
    "native hawaiian",
    "native hawaiian or other pacific islander",
    "native hawaiian or pacific islander",
    "middle eastern",
    "middle eastern or north african",
    "arab",
    "white british",
    "white irish",
    "other white",
    "any other white background",
    "gypsy or irish traveller",
    "roma",
    "mixed",
    "mixed race",
    "multiracial",
    "biracial",
    "two or more races",
    "white and asian",
    "white and black caribbean",
    "white and black african",
    "south asian",
    "east asian",
    "southeast asian",
    "south east asian",
    "indian",
    "pakistani",
    "bangladeshi",
    "chinese",
    "indigenous",
    "first nations",
    "aboriginal",
    "torres strait islander",
    "maori",
    "pasifika",
    "han",
    "han chinese",
    "uyghur",
    "tibetan",
    "kurdish",
    "caribbean",
    "african",
    "jewish",
    "sinti",
    "sami",
    "branca",
    "preta",
    "parda",
    "amarela",
    "indígena",
    "other ethnic group",
];

/// Values, as words.
const CODES: &[&str] =
    &["1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2131-1", "2135-2", "2186-5"];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && (vocabulary::is_term(candidate.text, VALUES) || CODES.contains(&candidate.text)))
    .then_some(Certainty::Context)
}
