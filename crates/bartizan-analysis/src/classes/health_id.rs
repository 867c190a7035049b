//! Numbers of patients and the insured.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    ClassItem, Family, Form, Marks, Support,
    national_id::{by_scheme, scheme_of},
    schemes::Numbers,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("health_id"),
    family: Family::Head(|candidate, _| scheme_of(candidate, Numbers::Patients, CLASS.names)),
    group: DataGroup::Health,
    title: "Health insurance number",
    what: "Medicare beneficiary identifier (US), Krankenversichertennummer (DE), Medicare card (AU), \
           each by form and check digit.",
    sensitive: true,
    support: Support::One,
    priority: 44,
    names: &[
        "insurance id",
        "insurance number",
        "member id",
        "policy number",
        "health insurance",
        "patient id",
        "medical id",
    ],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (10, 14),
        digits: (5, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| shape.letters() > 0,
    },
    recognise: |candidate| by_scheme(candidate, Numbers::Patients, CLASS.names),
    examples: &[("kvnr", "A123456780")],
    counterexamples: &[
        ("mbi", "1SG4TE5MK73"),
        ("x", "1EG4TE5MK73"),
        ("kvnr", "A123456781"),
        ("x", "A123456780"),
    ],
    references: &["CMS: understanding the MBI format", "SGB V section 290"],
};
