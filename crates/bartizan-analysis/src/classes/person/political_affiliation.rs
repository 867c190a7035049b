//! Political opinions.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("political_affiliation"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Political affiliation",
    what: "A field name that says so (a political party, affiliation, opinion or view; `party` \
           alone may be anybody's) and wording of at most six words.",
    sensitive: true,
    support: Support::Several,
    priority: 94,
    names: &[
        "political party",
        "political affiliation",
        "party affiliation",
        "political opinion",
        "political view",
        "political leaning",
        "party membership",
        "registered party",
        "political orientation",
        "parteizugehorigkeit",
        "partido politico",
        "parti politique",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("politicalParty", "Green Party"),
        ("party_affiliation", "Republican"),
        ("political_views", "left of centre"),
    ],
    counterexamples: &[
        ("party", "Republican"),
        ("third_party", "Green Party"),
        ("political_party", "unknown"),
        ("political_party_id", "17"),
        ("party_affiliation", "https://example.com/p"),
        ("politicalParty", "true"),
    ],
    references: &["GDPR article 9"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && vocabulary::is_wording(candidate, 6)).then_some(Certainty::Context)
}
