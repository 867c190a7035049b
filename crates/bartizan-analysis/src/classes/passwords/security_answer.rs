//! Answers to security questions.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("security_answer"),
    title: "Answer to a security question",
    what: "A field name that says so and a text that is no mask.",
    names: &["security answer", "secret answer"],
    examples: &[("securityAnswer", "Rosebud street")],
    counterexamples: &[
        ("security_question", "What was your first pet?"),
        ("security_answer", "********"),
    ],
    references: &["NIST SP 800-63B section 5.1.1.2"],
    ..MEMBER
};
