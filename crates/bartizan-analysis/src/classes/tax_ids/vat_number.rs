//! VAT number of a business (EU, GB).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("vat_number"),
    title: "VAT number of a business (EU, GB)",
    what: "Numbers of Germany, the United Kingdom and the Netherlands with their check digits, with the \
           letters of the state or under a field name that says VAT; under such a name also those of \
           Italy, Poland and Spain, and with their letters those of Austria, Belgium, Denmark, Estonia, \
           Finland, France, Greece, Hungary, Luxembourg, Malta, Portugal, Slovakia and Sweden.",
    examples: &[
        ("x", "DE136695976"),
        ("vat_number", "DE136695976"),
        ("vatNumber", "FR02313545642"),
        ("ustIdNr", "136695976"),
    ],
    counterexamples: &[
        ("ustIdNr", "136695977"),
        ("vat_number", "FR03313545642"),
        ("vat_number", "111614287"),
        ("x", "DE136695977"),
        ("vat_number", "DE136695977"),
    ],
    references: &["Council Directive 2006/112/EC article 214"],
    ..MEMBER
};
