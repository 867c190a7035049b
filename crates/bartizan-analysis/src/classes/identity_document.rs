//! Passports and driving licences.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("identity_document"),
    family: Family::Head(|_, _| None),
    group: DataGroup::NationalId,
    title: "Passport or driving licence number",
    what: "With a field name that says so: 6 to 20 letters and digits with at least four digits \
           (ICAO 9303 document numbers have nine).",
    sensitive: true,
    support: Support::One,
    priority: 52,
    names: &[
        "passport",
        "passport number",
        "passport no",
        "passport id",
        "passeport",
        "pasaporte",
        "passaporte",
        "reisepass",
        "reisepassnummer",
        "driver license",
        "driver licence",
        "driving license",
        "driving licence",
        "license number",
        "licence number",
        "driverlicense",
        "fuhrerschein",
        "fuhrerscheinnummer",
        "permis conduire",
        "dl number",
        "travel document",
        "voter id",
        "personalausweisnummer",
    ],
    anywhere: false,
    in_text: true,
    form: Form::NONE,
    recognise,
    examples: &[("travel_document", "C01X00T47"), ("license_number", "MORGA607054SM9IJ")],
    counterexamples: &[
        ("x", "C01X00T47"),
        ("passport", "required"),
        ("passport_country", "C01X00T47"),
        ("driver_license", "2026-11-22T10:00:00Z"),
    ],
    references: &["ICAO Doc 9303 part 3"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    let plain = shape.at + shape.colons + shape.dots + shape.other + shape.wide == 0;
    (candidate.in_context && plain && (6..=20).contains(&shape.len) && shape.digits >= 4)
        .then_some(Certainty::Context)
}
