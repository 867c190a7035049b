//! Numbers of pupils and students.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("student_number"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Student number",
    what: "A field name that says so and 5 to 14 letters, digits and dashes with at least four \
           digits and at most four letters.",
    sensitive: false,
    support: Support::Several,
    priority: 122,
    names: &[
        "student id",
        "studentid",
        "student number",
        "student no",
        "matriculation number",
        "matrikelnummer",
        "enrollment number",
        "enrolment number",
        "enrollment id",
        "pupil id",
        "pupil number",
        "roll number",
        "learner id",
        "numero etudiant",
        "upn pupil",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("studentId", "S2019834"),
        ("matrikelnummer", "03647215"),
        ("roll_number", "19-CS-1042"),
    ],
    counterexamples: &[
        ("student_id", "12"),
        ("student_count", "40213"),
        ("student_id", "550e8400-e29b-41d4-a716-446655440000"),
        ("course_number", "S2019834"),
        ("student_number", "2026-11-22"),
    ],
    references: &["FERPA 34 CFR 99.3"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (5..=14).contains(&shape.len)
        && shape.digits >= 4
        && vocabulary::is_number_with_letters(shape)
        && !vocabulary::is_date_text(candidate.text))
    .then_some(Certainty::Context)
}
