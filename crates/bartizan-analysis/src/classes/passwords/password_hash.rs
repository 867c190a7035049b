//! Hashes of passwords.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("password_hash"),
    title: "Password hash",
    what: "A hash by its own form (bcrypt, Argon2, scrypt, PBKDF2, SHA-crypt), or what stands \
           under a field name that says so.",
    names: &[
        "password hash",
        "passwordhash",
        "hashed password",
        "encrypted password",
        "password digest",
    ],
    examples: &[
        ("password_hash", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("x", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"),
    ],
    counterexamples: &[
        ("x", "$19.99 for a year"),
        ("hash", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("x", "$2b$12$R9h"),
    ],
    references: &["RFC 9106 (Argon2)", "crypt(5)"],
    ..MEMBER
};
