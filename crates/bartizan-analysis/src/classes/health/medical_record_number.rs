//! Numbers of patients' records.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("medical_record_number"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Medical record number",
    what: "A field name that says so and 5 to 20 letters, digits and separators with at least \
           four digits and at most four letters.",
    sensitive: true,
    support: Support::Several,
    priority: 106,
    names: &[
        "mrn",
        "medical record number",
        "medical record",
        "medical record no",
        "medicalrecordnumber",
        "health record number",
        "patient number",
        "patient no",
        "chart number",
        "hospital number",
        "patientennummer",
        "fallnummer",
        "krankenaktennummer",
        "numero patient",
        "numero historia clinica",
        "patient identifier",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("mrn", "00784512"),
        ("medicalRecordNumber", "MR-448812"),
        ("patient_number", "P0098231"),
    ],
    counterexamples: &[
        ("mrn", "pending"),
        ("record_number", "00784512"),
        ("patient_count", "10230"),
        ("mrn", "550e8400-e29b-41d4-a716-446655440000"),
        ("medical_record", "2026-11-22"),
    ],
    references: &["45 CFR 164.514(b)(2)(i)(H)"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (5..=20).contains(&shape.len)
        && shape.digits >= 4
        && vocabulary::is_number_with_letters(shape)
        && !vocabulary::is_date_text(candidate.text))
    .then_some(Certainty::Context)
}
