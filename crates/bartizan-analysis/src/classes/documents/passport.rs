//! Passports.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("passport"),
    title: "Passport number",
    what: "A field name that says passport and 6 to 20 letters and digits with at least four \
           digits.",
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
    ],
    examples: &[("passportNumber", "C01X00T47"), ("reisepass", "L01X00T44")],
    counterexamples: &[
        ("passport", "required"),
        ("passport_country", "C01X00T47"),
        ("x", "C01X00T47"),
    ],
    references: &["ICAO Doc 9303 part 3"],
    ..MEMBER
};
