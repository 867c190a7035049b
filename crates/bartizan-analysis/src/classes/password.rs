//! Passwords, passcodes and their hashes.

use bartizan_model::{DataClass, Side, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, passwords, placeholder,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("password"),
    family: Family::Head(tell),
    group: DataGroup::Credential,
    title: "Password or its hash",
    what: "Members of its family tell hashes and codes apart. The family: a text under a field \
           name that says so (`password`, `passwd`, `pin`, `passphrase`, the word in a dozen \
           languages), also within a text (`password=…`, `curl -u name:…`, logins of `.netrc`, Bundler, \
           npm and Docker), or a password hash by \
           its own form (bcrypt, Argon2, scrypt, PBKDF2, SHA-crypt). Masks, empty texts, labels \
           and policies are refused.",
    sensitive: true,
    support: Support::One,
    priority: 30,
    names: &[
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "passcode",
        "pin",
        "pin code",
        "password hash",
        "passwordhash",
        "hashed password",
        "encrypted password",
        "pass word",
        "password confirmation",
        "password digest",
        "user password",
        "login password",
        "otp",
        "one time password",
        "security code",
        "cvv",
        "cvc",
        "card verification",
        "security answer",
        "recovery code",
        "backup code",
        "contrasena",
        "clave",
        "mot de passe",
        "motdepasse",
        "mdp",
        "passwort",
        "kennwort",
        "senha",
        "wachtwoord",
        "haslo",
        "losenord",
        "passord",
        "adgangskode",
        "salasana",
        "parola",
        "sifre",
        "密码",
        "パスワード",
    ],
    anywhere: false,
    in_text: false,
    form: Form {
        len: (20, usize::MAX),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::DOLLAR,
        also: |_| true,
    },
    recognise,
    examples: &[
        ("password", "correct horse"),
        ("newPassword", "hunter2!"),
        ("passwd", "12345678"),
        ("mot_de_passe", "secret-42"),
        ("x", "Server=db.internal;User=APP;Password=kU7rw92;"),
        ("x", "machine api.example.com login APP7 password kU7rw92-qX1"),
        ("x", "<add key=\"ClearTextPassword\" value=\"kU7rw92qX\" />"),
    ],
    counterexamples: &[
        ("password", "********"),
        ("password", "password"),
        ("password_reset_url", "https://example.com/reset"),
        ("passwordPolicy", "At least 8 characters"),
        ("password_changed_at", "2026-11-22"),
        ("compass", "north by west"),
        ("pin", "true"),
        ("x", "Password: at least 8 characters, A to Z"),
        ("x", "curl -u NAME:password https://api.example.com/v1/ABC"),
        ("x", "$19.99 for a year"),
    ],
    references: &["RFC 9106 (Argon2)", "crypt(5)"],
};

/// Names of codes of digits.
const CODES: &[&str] = &[
    "pin",
    "cvv",
    "cvc",
    "security code",
    "otp",
    "one time code",
    "mfa code",
    "totp code",
    "sms code",
];

/// Which kind a recognised value shows itself to be.
fn tell(candidate: &Candidate<'_>, certainty: Certainty) -> Option<DataClass> {
    if certainty == Certainty::Pattern {
        return Some(passwords::password_hash::CLASS.class);
    }
    // The code on a card has three or four digits; what is longer was sent for once.
    (candidate.is_named(&["security code"]) && candidate.shape.len > 4)
        .then_some(passwords::one_time_code::CLASS.class)
}

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let (text, shape) = (candidate.text, &candidate.shape);
    if is_hash(text) {
        return Some(Certainty::Pattern);
    }
    if !candidate.in_context || !(3..=256).contains(&shape.len) || text.contains("://") {
        return None;
    }
    // Only a number will do where a card's code or a PIN is meant.
    let code = candidate.is_named(CODES);
    if code && !(shape.digits >= 3 && shape.len <= 10) {
        return None;
    }
    // In a response, words with spaces are labels and messages ("Forgot your password?").
    let label = candidate.node.side() == Side::Response && shape.spaces > 0 && shape.digits == 0;
    let mask = text.bytes().all(|b| matches!(b, b'*' | b'.' | b'x' | b'X' | b'#' | b'-'))
        || placeholder::is_placeholder(text);
    (!label && !mask).then_some(Certainty::Context)
}

/// A password hash in the modular crypt form.
fn is_hash(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let Some((scheme, body)) = rest.split_once('$') else { return false };
    let known = [
        "2a",
        "2b",
        "2x",
        "2y",
        "argon2id",
        "argon2i",
        "argon2d",
        "scrypt",
        "7",
        "1",
        "5",
        "6",
        "y",
        "pbkdf2-sha256",
        "pbkdf2-sha512",
        "pbkdf2",
        "apr1",
        "P",
    ];
    known.contains(&scheme)
        && body.len() >= 20
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"./$=,+-_".contains(&b))
}
