//! Names of accounts.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Support, placeholder, vocabulary,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("username"),
    family: Family::Alone,
    group: DataGroup::Contact,
    title: "User name",
    what: "A field name that says so and one word of 3 to 64 letters, digits, dots, dashes and \
           underscores with at least one letter. States of a login (`success`, `required`) and \
           times of the last one are left alone.",
    sensitive: false,
    support: Support::Several,
    priority: 120,
    names: &[
        "username",
        "user name",
        "login",
        "login name",
        "login id",
        "screen name",
        "screenname",
        "nickname",
        "account name",
        "benutzername",
        "nombre usuario",
        "nombre de usuario",
        "nom utilisateur",
        "nome utente",
        "nome usuario",
        "gebruikersnaam",
        "anvandarnamn",
        "brugernavn",
        "用户名",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("username", "jane.doe84"),
        ("login", "ada_l"),
        ("screenName", "quay-side7"),
        ("benutzername", "mmuster"),
    ],
    counterexamples: &[
        ("login", "success"),
        ("last_login", "yesterday"),
        ("username", "required"),
        ("username", "Jane Doe had 2"),
        ("login_url", "ada_l"),
        ("username", "12"),
        ("login", "true"),
        ("username", "550e8400-e29b-41d4-a716-446655440000"),
    ],
    references: &["NIST SP 800-63B"],
};

/// Times and counts of logins.
const EVENTS: &[&str] = &["last", "first", "failed", "previous", "service", "storage", "bucket"];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (3..=64).contains(&shape.len)
        && (3..=32).contains(&(shape.letters() + shape.wide))
        && !candidate.is_named(EVENTS)
        && vocabulary::is_handle(candidate.text)
        && !vocabulary::is_uuid(candidate.text)
        && !vocabulary::is_state(candidate.text)
        && !placeholder::is_placeholder(candidate.text))
    .then_some(Certainty::Context)
}
