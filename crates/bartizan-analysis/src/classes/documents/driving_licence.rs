//! Driving licences.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("driving_licence"),
    title: "Driving licence number",
    what: "A field name that says so and 6 to 20 letters and digits with at least four digits.",
    names: &[
        "driver license",
        "driver licence",
        "driving license",
        "driving licence",
        "driverlicense",
        "fuhrerschein",
        "fuhrerscheinnummer",
        "permis conduire",
        "dl number",
    ],
    examples: &[("driver_license", "MORGA607054SM9IJ"), ("drivingLicence", "D1234562")],
    counterexamples: &[
        ("driver_license", "2026-11-22T10:00:00Z"),
        ("driver_license_class", "MORGA607054SM9IJ"),
        ("driver", "MORGA607054SM9IJ"),
    ],
    references: &["ISO/IEC 18013-1"],
    ..MEMBER
};
