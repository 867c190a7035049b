//! Postal addresses.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::postal::postal_code;
use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("postal_address"),
    family: Family::Head(|_, _| None),
    group: DataGroup::Contact,
    title: "Postal address",
    what: "A field name that says so: a street or whole address (letters with a house number, or at \
           least two words), or a postal code (3 to 10 letters and digits with at least three digits).",
    sensitive: false,
    support: Support::One,
    priority: 81,
    names: &[
        "address",
        "street",
        "street address",
        "street name",
        "streetaddress",
        "address line",
        "addressline",
        "postal address",
        "home address",
        "mailing address",
        "shipping address",
        "billing address",
        "delivery address",
        "residential address",
        "residence",
        "addr",
        "zip",
        "zip code",
        "zipcode",
        "postal code",
        "postalcode",
        "postcode",
        "post code",
        "plz",
        "strasse",
        "anschrift",
        "adresse",
        "hausanschrift",
        "direccion",
        "calle",
        "domicilio",
        "codigo postal",
        "rue",
        "code postal",
        "indirizzo",
        "via",
        "cap",
        "endereco",
        "logradouro",
        "cep",
        "adre",
        "straat",
        "postnummer",
        "gateadresse",
        "gatuadress",
        "adress",
        "osoite",
        "postinumero",
        "ulica",
        "kod pocztowy",
        "住所",
        "地址",
        "邮编",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("street", "Hauptstraße 5"),
        ("billing_address", "350 Fifth Avenue, New York"),
        ("address", "12 rue de l'Église"),
    ],
    counterexamples: &[
        ("address", "0x249d2682ff3dc76d81bb0d7c3db137e794a26d61"),
        ("address", "203.0.113.7"),
        ("email_address", "x"),
        ("zip", "archive.zip"),
        ("address", "https://example.com/a b"),
        ("address_type", "Home address"),
        ("street", "true"),
    ],
    references: &["UPU S42"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    let text = candidate.text;
    if !candidate.in_context || !shape.is_single() || shape.at > 0 || text.contains("://") {
        return None;
    }
    if candidate.is_named(&postal_code::NAMES) {
        let plain = shape.colons + shape.dots + shape.other + shape.wide == 0;
        return (plain
            && shape.digits >= 2
            && shape.letters() <= 6
            && (3..=10).contains(&shape.len))
        .then_some(Certainty::Context);
    }
    // Other kinds of address: hosts, devices, wallets, memory.
    if candidate.is_named(&[
        "ip", "mac", "email", "e mail", "wallet", "contract", "memory", "hardware", "bitcoin",
        "ethereum", "token", "server", "host", "remote", "client", "web",
    ]) {
        return None;
    }
    let letters = shape.letters() + shape.wide;
    let house = shape.digits > 0 && shape.spaces > 0;
    let written = text.chars().all(|c| {
        c.is_alphanumeric() || c.is_whitespace() || ".,-/#'’()&:;°º".contains(c) || !c.is_ascii()
    });
    (letters >= 3
        && written
        && (house
            || shape.spaces >= 1 && !is_label(text, candidate.name.text())
            || shape.wide >= 9))
        .then_some(Certainty::Context)
}

/// `{"address": "Home address"}`: a label, not an address.
fn is_label(text: &str, name: &str) -> bool {
    let lower = text.to_lowercase();
    name.split(' ').any(|word| word.len() > 2 && lower.split(' ').any(|w| w == word))
}
