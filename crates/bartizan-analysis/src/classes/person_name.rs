//! Names of people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("person_name"),
    family: Family::Alone,
    group: DataGroup::Contact,
    title: "Name of a person",
    what: "A field name that says so (`first_name`, `surname`, `name` of a customer, patient, user …) \
           and a text of letters with the marks that names have, at most 80 characters and six words.",
    sensitive: false,
    support: Support::One,
    priority: 80,
    names: &[
        "first name",
        "firstname",
        "last name",
        "lastname",
        "full name",
        "fullname",
        "given name",
        "givenname",
        "family name",
        "familyname",
        "surname",
        "middle name",
        "maiden name",
        "middlename",
        "forename",
        "customer name",
        "patient name",
        "person name",
        "employee name",
        "cardholder",
        "cardholder name",
        "card holder",
        "card holder name",
        "account holder",
        "holder name",
        "owner name",
        "contact name",
        "recipient name",
        "sender name",
        "passenger name",
        "guest name",
        "member name",
        "student name",
        "driver name",
        "doctor name",
        "user name full",
        "real name",
        "legal name person",
        "user full name",
        "beneficiary name",
        "buyer name",
        "client name",
        "payer name",
        "nominee",
        "traveller name",
        "traveler name",
        "signer name",
        "applicant name",
        "author name",
        "vorname",
        "nachname",
        "familienname",
        "nombre completo",
        "apellido",
        "primer apellido",
        "prenom",
        "nom famille",
        "nom de famille",
        "cognome",
        "sobrenome",
        "nome completo",
        "voornaam",
        "achternaam",
        "fornavn",
        "etternavn",
        "efternavn",
        "fornamn",
        "efternamn",
        "etunimi",
        "sukunimi",
        "imie",
        "nazwisko",
        "soyad",
        "姓名",
        "氏名",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("firstName", "Anne-Marie"),
        ("surname", "O'Neil"),
        ("full_name", "Krisztián Szöllösy"),
        ("vorname", "Jürgen"),
        ("姓名", "王小明"),
    ],
    counterexamples: &[
        ("filename", "Report"),
        ("name", "Blue chair"),
        ("first_name", "550e8400-e29b-41d4-a716-446655440000"),
        ("host_name", "web"),
        ("last_name", "true"),
        ("first_name", "https://example.com"),
        ("full_name", "owner/repository"),
    ],
    references: &["W3C: personal names around the world"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let (text, shape) = (candidate.text, &candidate.shape);
    let letters = shape.letters() + shape.wide;
    if !candidate.in_context
        || shape.len < 2
        || letters == 0
        || shape.digits > 0
        || shape.spaces > 5
    {
        return None;
    }
    let marks =
        text.chars().all(|c| c.is_alphabetic() || " .,'’-`·\u{300}".contains(c) || is_mark(c));
    let label = ["true", "false", "null", "none", "string", "required", "unknown", "n/a"];
    (text.chars().count() <= 80
        && marks
        && !label.iter().any(|label| label.eq_ignore_ascii_case(text))
        // A label repeats the name of its own field: `{"first_name": "First name"}`.
        && !candidate.is_named(&[text.to_lowercase().as_str()]))
    .then_some(Certainty::Context)
}

/// Combining marks of scripts that write vowels with them.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_control() && !c.is_whitespace()
}
