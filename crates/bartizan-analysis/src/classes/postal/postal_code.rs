//! Postal codes.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// What fields of postal codes are called.
pub(in crate::classes) const NAMES: [&str; 16] = [
    "zip",
    "plz",
    "postcode",
    "postal code",
    "post code",
    "zip code",
    "zipcode",
    "postalcode",
    "code postal",
    "codigo postal",
    "cep",
    "cap",
    "postnummer",
    "postinumero",
    "kod pocztowy",
    "邮编",
];

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("postal_code"),
    title: "Postal code",
    what: "A field name that says so and 3 to 10 letters, digits, spaces and dashes with at least \
           two digits.",
    names: &NAMES,
    examples: &[("zipCode", "10118"), ("postcode", "EC1A 1BB")],
    counterexamples: &[("zip", "archive.zip"), ("zip_file", "10118"), ("postcode", "none")],
    references: &["UPU S42"],
    ..MEMBER
};
