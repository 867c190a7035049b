//! Numbers of tax payers and companies.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    ClassItem, Family, Form, Marks, Support,
    national_id::{by_scheme, scheme_of},
    schemes::Numbers,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("tax_id"),
    family: Family::Head(|candidate, _| scheme_of(candidate, Numbers::TaxPayers, CLASS.names)),
    group: DataGroup::Financial,
    title: "Tax or company number",
    what: "EIN and ITIN (US), UTR and VAT (GB), VAT (DE, IT, NL, PL), CIF (ES), SIREN and SIRET (FR), \
           organisationsnummer (SE), CNPJ (BR), RFC (MX), CUIT (AR), GSTIN (IN), BRN (KR), UEN (SG), \
           ABN and ACN (AU), NPWP (ID), INN (RU), NIT (CO), RUC (PE), IRD (NZ), UBN (TW), CVR (DK), \
           Y-tunnus (FI), UID (CH), organisasjonsnummer (NO), each with its check digit. Digits only \
           need a field name, and what names one scheme holds none of another.",
    sensitive: false,
    support: Support::One,
    priority: 45,
    names: &[
        "tax id",
        "taxid",
        "tax number",
        "company number",
        "registration number",
        "company id",
        "business id",
        "tax identification",
        "taxpayer id",
        "fiscal number",
        "steuernummer",
    ],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (9, 22),
        digits: (7, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| !shape.is_number(),
    },
    recognise: |candidate| by_scheme(candidate, Numbers::TaxPayers, CLASS.names),
    examples: &[("abn", "51 824 753 556"), ("siren", "552 008 443")],
    counterexamples: &[
        ("x", "DE136695977"),
        ("abn", "51 824 753 557"),
        ("x", "111614287"),
        ("x", "16727230000197"),
    ],
    references: &["issuers' published descriptions of each scheme", "ISO/IEC 7064"],
};
