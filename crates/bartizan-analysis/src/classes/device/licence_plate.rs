//! Plates of vehicles.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("licence_plate"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Licence plate",
    what: "A field name that says so and 4 to 12 capital letters, digits and separators with at \
           least one digit and one letter.",
    sensitive: false,
    support: Support::Several,
    priority: 111,
    names: &[
        "license plate",
        "licence plate",
        "licenseplate",
        "licenceplate",
        "license plate number",
        "licence plate number",
        "plate number",
        "number plate",
        "vehicle registration",
        "vehicle registration number",
        "registration plate",
        "car plate",
        "kennzeichen",
        "kfz kennzeichen",
        "matricula",
        "plaque immatriculation",
        "immatriculation",
        "targa",
        "kenteken",
        "placa",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("licensePlate", "B-MW 1234"),
        ("plate_number", "7ABC123"),
        ("kennzeichen", "M-XY 987"),
    ],
    counterexamples: &[
        ("plate", "7ABC123"),
        ("license_plate", "required"),
        ("license_plate", "1234"),
        ("license", "7ABC123"),
        ("plate_number", "550e8400-e29b-41d4-a716-446655440000"),
    ],
    references: &["Vienna Convention on Road Traffic, annex 2"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (4..=12).contains(&shape.len)
        && shape.digits >= 1
        && shape.upper >= 1
        && shape.upper + shape.digits + shape.spaces + shape.dashes + shape.dots
            == shape.len as u32)
        .then_some(Certainty::Context)
}
