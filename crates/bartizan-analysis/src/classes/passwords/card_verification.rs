//! Verification codes of cards.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("card_verification"),
    group: DataGroup::Financial,
    title: "Card verification code",
    what: "A field name that says so (`cvv`, `cvc`, `security code`) and three or four digits. \
           Nobody may store it after authorisation.",
    names: &[
        "cvv",
        "cvc",
        "cvv 2",
        "cvc 2",
        "card verification",
        "card verification value",
        "card verification code",
        "security code",
    ],
    examples: &[("cvv", "737"), ("card_cvc", "1234"), ("securityCode", "737")],
    counterexamples: &[("cvv", "required"), ("cvv_result", "M"), ("cvv", "12"), ("x", "737")],
    references: &["PCI DSS 4.0 requirement 3.3.1"],
    ..MEMBER
};
