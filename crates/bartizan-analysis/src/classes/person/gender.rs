//! Genders.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("gender"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Gender",
    what: "A field name that says so and one of the words or letters for a gender, in a dozen \
           languages. Plugs, grammar and collections have genders too and are left alone.",
    sensitive: false,
    support: Support::Several,
    priority: 90,
    names: &[
        "gender",
        "sex",
        "gender identity",
        "geschlecht",
        "sexo",
        "sexe",
        "genere",
        "geslacht",
        "kon",
        "性别",
        "性別",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("gender", "female"),
        ("sex", "M"),
        ("genderIdentity", "Non-binary"),
        ("geschlecht", "weiblich"),
        ("sexo", "masculino"),
    ],
    counterexamples: &[
        ("type", "male connector"),
        ("connector_gender", "male"),
        ("gender", "unknown"),
        ("gender", "x"),
        ("grammatical_gender", "masculine"),
        ("gender_neutral", "female"),
        ("gender", "string"),
    ],
    references: &["ISO/IEC 5218", "HL7 FHIR administrative gender"],
};

/// Things that have a gender without being people.
const THINGS: &[&str] = &[
    "connector",
    "plug",
    "socket",
    "adapter",
    "port",
    "cable",
    "grammatical",
    "grammar",
    "noun",
    "word",
    "voice",
    "product",
    "collection",
    "category",
    "target",
];

/// Values, as words.
const VALUES: &[&str] = &[
    "m",
    "f",
    "d",
    "w",
    "male",
    "female",
    "man",
    "woman",
    "boy",
    "girl",
    "masculine",
    "feminine",
    "non binary",
    "nonbinary",
    "genderqueer",
    "genderfluid",
    "agender",
    "transgender",
    "trans",
    "trans man",
    "trans woman",
    "transgender male",
    "transgender female",
    "diverse",
    "intersex",
    "männlich",
    "maennlich",
    "weiblich",
    "divers",
    "masculino",
    "femenino",
    "feminino",
    "hombre",
    "mujer",
    "homem",
    "mulher",
    "homme",
    "femme",
    "masculin",
    "féminin",
    "feminin",
    "maschio",
    "femmina",
    "uomo",
    "donna",
    "man",
    "vrouw",
    "mannelijk",
    "vrouwelijk",
    "mand",
    "kvinde",
    "kvinna",
    "mężczyzna",
    "kobieta",
    "男",
    "女",
    "男性",
    "女性",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && !candidate.is_named(THINGS)
        && vocabulary::is_term(candidate.text, VALUES))
    .then_some(Certainty::Context)
}
