//! Bank account and routing numbers in national forms.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("bank_account"),
    family: Family::Head(|_, _| None),
    group: DataGroup::Financial,
    title: "Bank account number",
    what: "With a field name that says so: account numbers of 6 to 18 digits, routing numbers with the \
           check digit of the ABA, sort codes of six digits. The international form is class `iban`.",
    sensitive: true,
    support: Support::One,
    priority: 50,
    names: &[
        "bank account",
        "bank account number",
        "account number",
        "acct number",
        "bankaccount",
        "accountnumber",
        "routing number",
        "routing",
        "aba",
        "aba routing",
        "sort code",
        "kontonummer",
        "numero cuenta",
        "numero compte",
        "numero conta",
        "bsb",
        "clabe",
        "beneficiary account",
        "iban",
    ],
    anywhere: false,
    in_text: true,
    form: Form::NONE,
    recognise,
    examples: &[("bank_account_number", "945456787654"), ("kontonummer", "532013000")],
    counterexamples: &[
        ("x", "945456787654"),
        ("routing_number", "111000026"),
        ("routing_number", "166000025"),
        ("account_number_masked", "XXXX1234"),
        ("account_number", "0000000000"),
    ],
    references: &["ABA routing number policy", "Pay.UK sort codes"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    if !candidate.in_context || !shape.is_digits_and_separators() || !(6..=24).contains(&shape.len)
    {
        return None;
    }
    let plain: Vec<u8> =
        candidate.text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    if !(6..=18).contains(&plain.len()) || checksum::is_uniform(&plain) {
        return None;
    }
    if candidate.is_named(&["routing", "aba"]) {
        let sum = checksum::weighted(&plain, &[3, 7, 1, 3, 7, 1, 3, 7, 1]);
        // Federal government, districts of the Federal Reserve, the same for thrift institutions and
        // for electronic transactions, traveller's cheques.
        let issued = matches!(checksum::number(&plain, 0, 2), 0..=12 | 21..=32 | 61..=72 | 80);
        return (plain.len() == 9 && issued && sum.is_multiple_of(10))
            .then_some(Certainty::Checked);
    }
    if candidate.is_named(&["clabe"]) {
        return has_clabe_digit(&plain).then_some(Certainty::Checked);
    }
    Some(Certainty::Context)
}

/// Eighteen digits with weights 3, 7, 1 on each digit's last place (Asociación de Bancos de México).
fn has_clabe_digit(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last().filter(|(_, body)| body.len() == 17) else {
        return false;
    };
    let sum: u32 = body
        .iter()
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(*digit) * weight % 10)
        .sum();
    (10 - sum % 10) % 10 == u32::from(*check)
}
