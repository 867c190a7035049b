//! Numbers of employees.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("employee_number"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Employee number",
    what: "A field name that says so and 4 to 14 letters, digits and dashes with at least three \
           digits and at most four letters.",
    sensitive: false,
    support: Support::Several,
    priority: 121,
    names: &[
        "employee id",
        "employeeid",
        "employee number",
        "employee no",
        "staff id",
        "staff number",
        "personnel number",
        "personnel id",
        "payroll number",
        "payroll id",
        "worker id",
        "badge number",
        "badge id",
        "personalnummer",
        "mitarbeiternummer",
        "matricola",
        "numero empleado",
        "matricule",
        "employee code",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("employeeNumber", "E-104772"),
        ("staff_id", "884213"),
        ("personalnummer", "00045871"),
    ],
    counterexamples: &[
        ("employee_id", "7"),
        ("employee_count", "1200"),
        ("employee_id", "550e8400-e29b-41d4-a716-446655440000"),
        ("order_number", "E-104772"),
        ("staff_id", "true"),
        ("employee_number", "2026-11-22"),
    ],
    references: &["GDPR article 88"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (4..=14).contains(&shape.len)
        && shape.digits >= 3
        && vocabulary::is_number_with_letters(shape)
        && !vocabulary::is_date_text(candidate.text))
    .then_some(Certainty::Context)
}
