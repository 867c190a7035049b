//! Codes of banks.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, countries, schemes};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("bic"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Bank identifier code",
    what: "A field name that says so, four letters of the party, two of a country (ISO 3166-1), two letters \
           or digits of the place, and three of the branch that may be missing, \
           with or without spaces.",
    sensitive: false,
    support: Support::Several,
    priority: 58,
    names: &[
        "bic",
        "bic code",
        "swift",
        "swift code",
        "swift bic",
        "bic swift",
        "bank identifier code",
        "bankcode bic",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("bic", "DEUTDEFF"), ("swiftCode", "BOFAUS3NXXX"), ("bic", "DEUT DE FF 500")],
    counterexamples: &[
        ("bic", "DEUT"),
        ("x", "DEUTDEFF"),
        ("swift", "deployment"),
        ("swift_version", "DEUTDEFF"),
        ("bic", "12345678"),
        ("bic", "DEUTXXFF"),
    ],
    references: &["ISO 9362"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    let forms = ["AAAAAA**", "AAAAAA*****", "AAAA AA **", "AAAA AA ** ***"];
    let fits = forms.iter().any(|form| schemes::has_form(text, form));
    let mut country = [0; 2];
    let letters = text.bytes().filter(|b| *b != b' ').skip(4);
    country.iter_mut().zip(letters).for_each(|(to, from)| *to = from);
    let is_country = || std::str::from_utf8(&country).is_ok_and(countries::is_assigned);
    (candidate.in_context && fits && is_country()).then_some(Certainty::Context)
}
