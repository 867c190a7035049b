//! E-mail addresses.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Shape};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("email"),
    group: DataGroup::Contact,
    title: "E-mail address",
    what: "An address `local@domain` by RFC 5321 lengths and the usual characters of both parts, with \
           a top-level domain of letters that is no file extension (`icon@2x.png` is a file).",
    sensitive: true,
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
    possible: |shape| shape.at > 0,
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

/// A byte of the local part, as mail providers allow it; non-ASCII by RFC 6531.
pub(crate) fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&b) || b >= 0x80
}

/// Whether `text` is one address and nothing else.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dots = |part: &str| part.starts_with('.') || part.ends_with('.') || part.contains("..");
    if local.is_empty() || local.len() > 64 || domain.len() > 253 || dots(local) || dots(domain) {
        return false;
    }
    let Some((_, tld)) = domain.rsplit_once('.') else { return false };
    let labels = domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b >= 0x80)
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    let tld_fits = tld.starts_with("xn--")
        || (tld.chars().count() >= 2 && tld.chars().all(char::is_alphabetic));
    let command = local.bytes().all(|b| b.is_ascii_punctuation());
    labels
        && tld_fits
        && !command
        && !FILES.contains(&tld.to_ascii_lowercase().as_str())
        && local.bytes().all(is_local)
}
