//! Sexual orientation.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("sexual_orientation"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Sexual orientation",
    what: "A field name that says so and one of the words for an orientation.",
    sensitive: true,
    support: Support::Several,
    priority: 96,
    names: &[
        "sexual orientation",
        "sexual preference",
        "sexuality",
        "sexuelle orientierung",
        "orientacion sexual",
        "orientation sexuelle",
        "orientamento sessuale",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("sexualOrientation", "bisexual"),
        ("sexual_orientation", "Gay"),
        ("sexuality", "straight"),
    ],
    counterexamples: &[
        ("orientation", "straight"),
        ("screen_orientation", "portrait"),
        ("sexual_orientation", "prefer not to say"),
        ("sexual_orientation", "landscape"),
        ("sexuality", "1"),
    ],
    references: &["GDPR article 9", "HL7 sexual orientation"],
};

/// Values, as words.
const VALUES: &[&str] = &[
    "heterosexual",
    "straight",
    "homosexual",
    "gay",
    "lesbian",
    "gay or lesbian",
    "lesbian or gay",
    "lesbian gay or homosexual",
    "straight or heterosexual",
    "bisexual",
    "bi",
    "pansexual",
    "asexual",
    "queer",
    "demisexual",
    "questioning",
    "heterosexuell",
    "homosexuell",
    "bisexuell",
    "hétérosexuel",
    "homosexuel",
    "bisexuel",
    "hétérosexuelle",
    "homosexuelle",
    "bisexuelle",
    "lesbisch",
    "schwul",
    "lesbiana",
    "lesbienne",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && vocabulary::is_term(candidate.text, VALUES))
        .then_some(Certainty::Context)
}
