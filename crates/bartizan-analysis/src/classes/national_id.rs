//! Identity numbers that states give to people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem,
    schemes::{self, Numbers},
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("national_id"),
    group: DataGroup::NationalId,
    title: "National identity number",
    what: "Numbers of people in some forty states, each with its check digit and date of birth where \
           the scheme has them: among them NHS and National Insurance (GB), DNI and NIE (ES), codice \
           fiscale (IT), NIR (FR), tax id (DE), PESEL (PL), BSN (NL), personnummer (SE), \
           henkilötunnus (FI), fødselsnummer (NO), CPF (BR), CURP (MX), Aadhaar and PAN (IN), \
           resident identity card (CN), RRN (KR), NRIC (SG), TFN (AU), SIN (CA). Forms of digits \
           only need a field name; special forms with a strong check need none.",
    sensitive: true,
    priority: 43,
    names: &[
        "national id",
        "nationalid",
        "national identification",
        "national identifier",
        "identity",
        "identity number",
        "id number",
        "idnumber",
        "id card",
        "idcard",
        "personal id",
        "personal code",
        "personal number",
        "personal identification",
        "citizen id",
        "civil id",
        "government id",
        "person number",
        "national number",
        "tax id",
        "taxid",
        "tin",
        "identification number",
        "identification",
        "document number",
        "document id",
        "numero documento",
        "numero identidad",
        "ausweisnummer",
        "personalausweis",
        "numero identification",
        "id document",
        "national insurance",
        "social security",
        "ssn",
        "nationalidentitynumber",
        "insurance number",
    ],
    anywhere: true,
    in_text: true,
    possible: |shape| {
        (9..=21).contains(&shape.len)
            && shape.digits >= 5
            && (shape.letters() > 0 || shape.digits < shape.len as u32 || shape.len == 18)
    },
    recognise,
    examples: &[
        ("nhs_number", "943 476 5919"),
        ("aadhaar", "3998 7654 3211"),
        ("x", "391.544.619-01"),
        ("x", "RCCMNL62S18D961H"),
        ("x", "131052-308T"),
        ("nationalId", "44051401458"),
        ("dni", "74866516K"),
        ("x", "11010519491231002X"),
    ],
    counterexamples: &[
        ("nhs_number", "943 476 5918"),
        ("aadhaar", "3998 7654 3212"),
        ("x", "391.544.619-02"),
        ("x", "44051401458"),
        ("pesel", "44051401457"),
        ("order_id", "9434765919"),
    ],
    references: &[
        "ISO/IEC 7064",
        "GB 11643-1999",
        "issuers' published descriptions of each scheme",
    ],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    by_scheme(candidate, Numbers::People, CLASS.names)
}

/// Whether the value is a number of that kind: by a scheme whose own name the field has, by any
/// scheme under one of the general `names`, by a special form without a name.
pub(in crate::classes) fn by_scheme(
    candidate: &Candidate<'_>,
    numbers: Numbers,
    names: &[&str],
) -> Option<Certainty> {
    let shape = &candidate.shape;
    if shape.len > 24 || shape.digits < 4 || shape.at + shape.colons > 0 {
        return None;
    }
    let compact = schemes::compact(candidate.text)?;
    let upper = candidate.text.to_ascii_uppercase();
    let general = candidate.in_context && candidate.is_named(names);
    for scheme in schemes::all().filter(|scheme| scheme.numbers == numbers) {
        // A name of a scheme puts the item in context, see `names`.
        let named = candidate.in_context && candidate.is_named(scheme.names);
        let special = !candidate.is_identifier && (scheme.special)(&upper);
        if (named || special || general) && (scheme.check)(&compact) {
            return Some(Certainty::Checked);
        }
    }
    None
}
