//! E-mail addresses.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Shape, Support, runs::Alphabet,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("email"),
    family: Family::Alone,
    group: DataGroup::Contact,
    title: "E-mail address",
    what: "An address `local@domain` by RFC 5321 lengths and the usual characters of both parts, with \
           a top-level domain of letters that is no file extension (`icon@2x.png` is a file).",
    sensitive: true,
    support: Support::One,
    priority: 60,
    names: &[
        "email",
        "e mail",
        "mail",
        "email address",
        "correo",
        "courriel",
        "sahkoposti",
        "epost",
    ],
    anywhere: true,
    in_text: false,
    form: Form {
        len: (6, 256),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::AT,
        also: |shape| shape.at == 1,
    },
    recognise,
    examples: &[
        ("email", "jane.doe@example.com"),
        ("x", "o'neil+tag@mail.example.co.uk"),
        ("contact", "mailto:a@xn--d1acufc.xn--p1ai"),
        ("user", "用户@example.com"),
    ],
    counterexamples: &[
        ("email", "not an address"),
        ("icon", "logo@2x.png"),
        ("package", "react@18.2.0"),
        ("handle", "@jane.doe"),
        ("remote", "git@github.com:owner/repository.git"),
        ("email", "a..b@example.com"),
        ("email_verified", "true"),
    ],
    references: &["RFC 5321 section 4.5.3.1", "RFC 5322 section 3.4.1"],
};

/// Extensions of files whose names are written with `@`.
const FILES: &[&str] =
    &["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "mjs", "ts", "json", "map", "html"];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape: &Shape = &candidate.shape;
    if shape.at != 1 || shape.spaces > 0 || !shape.is_single() {
        return None;
    }
    let text = candidate.text.strip_prefix("mailto:").unwrap_or(candidate.text);
    is_email(text).then_some(Certainty::Pattern)
}

static LOCAL: Alphabet = Alphabet::alphanumeric_and(b".!#$%&'*+-/=?^_`{|}~");

/// A byte of the local part, as mail providers allow it; non-ASCII by RFC 6531.
pub(crate) fn is_local(b: u8) -> bool {
    LOCAL.has(b) || b >= 0x80
}

/// Whether `text` is one address and nothing else.
pub(crate) fn is_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(at) = bytes.iter().position(|b| *b == b'@') else { return false };
    let (local, domain) = (bytes.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or(""));
    if local.len() > 64 || domain.len() > 253 {
        return false;
    }
    let local_fits = local
        .split(|b| *b == b'.')
        .all(|part| !part.is_empty() && part.iter().all(|b| is_local(*b)));
    let label_fits = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b >= 0x80)
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
    };
    // Operators of programming languages are written in punctuation only.
    local_fits
        && !local.iter().all(u8::is_ascii_punctuation)
        && domain.as_bytes().split(|b| *b == b'.').all(label_fits)
        && domain.rsplit_once('.').is_some_and(|(_, tld)| is_top_level(tld))
}

/// Letters, or the form of other scripts, and no extension of a file.
fn is_top_level(tld: &str) -> bool {
    tld.starts_with("xn--")
        || (tld.chars().count() >= 2
            && tld.chars().all(char::is_alphabetic)
            && !FILES.iter().any(|file| file.eq_ignore_ascii_case(tld)))
}
