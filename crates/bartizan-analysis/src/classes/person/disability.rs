//! Disabilities.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("disability"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Disability",
    what: "A field name that says so and wording of at most ten words that is no mere yes or no, \
           or a degree in percent.",
    sensitive: true,
    support: Support::Several,
    priority: 100,
    names: &[
        "disability",
        "disability status",
        "disability type",
        "disability degree",
        "impairment",
        "special need",
        "behinderung",
        "grad der behinderung",
        "discapacidad",
        "deficiencia",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("disability", "Low vision"),
        ("disabilityType", "hearing impaired"),
        ("disability_degree", "60 %"),
    ],
    counterexamples: &[
        ("disability", "none"),
        ("disability_access", "Low vision"),
        ("impairment", "true"),
        ("disabled", "Low vision"),
        ("disability_insurance", "basic cover"),
    ],
    references: &["GDPR article 9", "UN Convention on the Rights of Persons with Disabilities"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let percent = candidate.text.strip_suffix('%').map(str::trim_end);
    let degree = percent.and_then(vocabulary::whole_number).is_some_and(|n| (1..=100).contains(&n));
    (candidate.in_context && (degree || vocabulary::is_wording(candidate, 10)))
        .then_some(Certainty::Context)
}
