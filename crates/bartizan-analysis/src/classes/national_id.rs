//! Identity numbers that states give to people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support,
    schemes::{self, Compact, Numbers, Scheme},
    us_ssn,
};

/// Longest number as written, in bytes.
const MAX_BYTES: usize = 24;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("national_id"),
    family: Family::Head(|candidate, _| scheme_of(candidate, Numbers::People, CLASS.names)),
    group: DataGroup::NationalId,
    title: "National identity number",
    what: "Numbers of people in some fifty states, each with its check digit and date of birth where \
           the scheme has them: among them NHS and National Insurance (GB), DNI and NIE (ES), codice \
           fiscale (IT), NIR (FR), tax id (DE), PESEL (PL), BSN (NL), personnummer (SE), \
           henkilötunnus (FI), fødselsnummer (NO), CPF (BR), CURP (MX), Aadhaar and PAN (IN), \
           resident identity card (CN), RRN (KR), NRIC (SG), TFN (AU), SIN (CA), SNILS (RU), JMBG \
           (RS and others). Forms of digits only need a field name, one that names a scheme holds \
           none of another; special forms with a strong check need no name.",
    sensitive: true,
    support: Support::One,
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
        "personal identity",
        "personal identity code",
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
        "documento",
        "documento identidad",
        "cedula",
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
    form: Form {
        len: (9, 21),
        digits: (5, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| !shape.is_number() || shape.len == 18,
    },
    recognise,
    examples: &[("x", "131052-308T"), ("nationalId", "44051401458"), ("egn", "7523169263")],
    counterexamples: &[
        ("nhs_number", "943 476 5918"),
        ("aadhaar", "3998 7654 3212"),
        ("x", "391.544.619-02"),
        ("x", "44051401458"),
        ("pesel", "44051401457"),
        ("ein", "131052-308T"),
        ("ssn", "912345688"),
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
    find(candidate, numbers, names).map(|_| Certainty::Checked)
}

/// The class of the scheme whose own name the field has or whose special form the value has. Many
/// numbers pass the checks of several states, so under one of the general `names` none is told.
pub(in crate::classes) fn scheme_of(
    candidate: &Candidate<'_>,
    numbers: Numbers,
    names: &[&str],
) -> Option<DataClass> {
    let (scheme, by_itself) = find(candidate, numbers, names)?;
    scheme.class.filter(|_| by_itself)
}

/// The scheme that fits, and whether it fits by its own name or form.
fn find(
    candidate: &Candidate<'_>,
    numbers: Numbers,
    names: &[&str],
) -> Option<(&'static Scheme, bool)> {
    let shape = &candidate.shape;
    if shape.len > MAX_BYTES || shape.digits < 4 || shape.at + shape.colons > 0 {
        return None;
    }
    let mut upper = [0; MAX_BYTES];
    let upper = upper.get_mut(..shape.len)?;
    upper.copy_from_slice(candidate.text.as_bytes());
    upper.make_ascii_uppercase();
    let upper = std::str::from_utf8(upper).ok()?;
    let special = |scheme: &Scheme| {
        !candidate.is_identifier && scheme.special.is_some_and(|special| special(upper))
    };
    if !candidate.in_context {
        let mut likely =
            schemes::special(numbers).iter().filter(|scheme| special(scheme)).peekable();
        likely.peek()?;
        let compact = Compact::of(candidate.text)?;
        let scheme = likely.find(|scheme| (scheme.check)(compact.text()))?;
        return (!schemes::is_one_named(candidate)).then_some((scheme, true));
    }
    let compact = Compact::of(candidate.text)?;
    let mut other: Option<(&Scheme, bool)> = None;
    // A name of a scheme puts the item in context too, see `phrases`.
    for scheme in schemes::of(numbers).filter(|scheme| (scheme.check)(compact.text())) {
        if scheme.is_named_by(candidate) {
            return Some((scheme, true));
        }
        let by_form = special(scheme);
        if by_form && other.is_none_or(|(_, by_form)| !by_form) {
            other = Some((scheme, true));
        }
        let is_named =
            || candidate.is_named(scheme.names) || (scheme.checked && candidate.is_named(names));
        if other.is_none() && is_named() {
            other = Some((scheme, false));
        }
    }
    other.filter(|_| !schemes::is_one_named(candidate) && !is_broken_ssn(candidate))
}

/// Whether nine digits stand under a name of American numbers that were recognised before this item is
/// asked: they break the rules of issue.
fn is_broken_ssn(candidate: &Candidate<'_>) -> bool {
    candidate.shape.digits == 9
        && candidate.shape.letters() == 0
        && candidate.is_named(us_ssn::CLASS.names)
}
