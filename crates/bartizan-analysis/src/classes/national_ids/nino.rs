//! National Insurance number (GB).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("nino"),
    title: "National Insurance number (GB)",
    what: "Two letters that are issued, six digits and a letter from A to D, under a field name \
           that says so.",
    examples: &[("nino", "AB123456C")],
    counterexamples: &[("nino", "QQ123456C"), ("x", "AB123456C"), ("nino", "AB12345C")],
    references: &["HMRC NIM39110"],
    ..MEMBER
};
