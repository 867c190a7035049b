//! Identifiers for advertising.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("advertising_id"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "Advertising identifier",
    what: "A field name that says so (IDFA, GAID, AAID) and a UUID that is not all zero, as \
           devices send when tracking is off.",
    sensitive: false,
    support: Support::One,
    priority: 109,
    names: &[
        "idfa",
        "idfv",
        "gaid",
        "aaid",
        "adid",
        "ifa",
        "rdid",
        "advertising id",
        "advertisingid",
        "advertising identifier",
        "google advertising id",
        "apple advertising id",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("idfa", "6D92078A-8246-4BA4-AE5B-76104861E7DC"),
        ("advertisingId", "cdda802e-fb9c-47ad-9866-0794d394c912"),
    ],
    counterexamples: &[
        ("idfa", "00000000-0000-0000-0000-000000000000"),
        ("id", "6D92078A-8246-4BA4-AE5B-76104861E7DC"),
        ("gaid", "off"),
        ("ad_id", "6D92078A-8246-4BA4-AE5B-76104861E7DC"),
    ],
    references: &["IAB Tech Lab OpenRTB 2.6, object Device"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && vocabulary::is_uuid(candidate.text)).then_some(Certainty::Context)
}
