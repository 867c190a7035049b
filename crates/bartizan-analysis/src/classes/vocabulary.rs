//! Values that are told by words, and simple shapes: what a field name alone must not decide.

use super::{Candidate, Shape, checksum, placeholder};

/// Longest value that is compared with a list, in bytes.
const MAX_TERM_BYTES: usize = 64;
/// Longest wording, in bytes.
const MAX_WORDING_BYTES: usize = 120;

/// Words of states and of fields that were left empty: they say nothing about a person.
const STATES: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "nil",
    "unknown",
    "other",
    "n a",
    "na",
    "not applicable",
    "not available",
    "not specified",
    "not disclosed",
    "not provided",
    "not set",
    "unspecified",
    "undefined",
    "undisclosed",
    "prefer not to say",
    "decline to answer",
    "declined",
    "active",
    "inactive",
    "enabled",
    "disabled",
    "pending",
    "ok",
    "error",
    "failed",
    "failure",
    "success",
    "successful",
    "succeeded",
    "required",
    "optional",
    "default",
    "all",
    "any",
    "string",
    "text",
    "number",
    "integer",
    "boolean",
    "object",
    "array",
    "private",
    "public",
    "valid",
    "invalid",
    "complete",
    "completed",
    "new",
    "open",
    "closed",
    "draft",
    "empty",
    "missing",
    "allowed",
    "denied",
    "normal",
    "verified",
    "unverified",
    "confirmed",
    "approved",
    "rejected",
    "hidden",
    "visible",
    "connected",
    "disconnected",
    "share",
    "link",
    "keine",
    "keiner",
    "ninguno",
    "ninguna",
    "aucun",
    "aucune",
    "nessuno",
    "nessuna",
    "unbekannt",
];

/// Whether a value is one of `terms` (lower-case words separated by single spaces), whatever its
/// case and whatever stands between its words.
pub(super) fn is_term(text: &str, terms: &[&str]) -> bool {
    if text.len() > MAX_TERM_BYTES {
        return false;
    }
    let mut words = smallvec::SmallVec::<[u8; MAX_TERM_BYTES]>::new();
    let mut gap = false;
    for ch in text.chars() {
        if ch.is_alphanumeric() {
            if gap && !words.is_empty() {
                words.push(b' ');
            }
            gap = false;
            for lower in ch.to_lowercase() {
                words.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
        } else {
            gap = true;
        }
    }
    terms.iter().any(|term| term.as_bytes() == words.as_slice())
}

/// Whether a value is a state, a placeholder of a schema, or the word for nothing.
pub(super) fn is_state(text: &str) -> bool {
    is_term(text, STATES)
}

/// Whether a value is wording of at most `most` words: mostly letters, no address, state or mask,
/// and not just the name of its own field again.
pub(super) fn is_wording(candidate: &Candidate<'_>, most: u32) -> bool {
    let (text, shape) = (candidate.text, &candidate.shape);
    let letters = shape.letters() + shape.wide;
    shape.len <= MAX_WORDING_BYTES
        && letters >= 3
        && letters > shape.digits
        && shape.spaces < most
        && shape.at + shape.colons == 0
        && text.chars().all(|c| c.is_alphanumeric() || " .,'’-()/&+%".contains(c))
        && !is_state(text)
        && !placeholder::is_placeholder(text)
        && !candidate.is_named(&[text.to_lowercase().as_str()])
}

/// A whole number of at most six digits.
pub(super) fn whole_number(text: &str) -> Option<u32> {
    let fits = (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// Two or three capitals, as ISO 3166 codes countries.
pub(super) fn is_country_code(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()) && !is_state(text)
}

/// Letters, digits and the marks of account names, beginning and ending with no dash or dot.
pub(super) fn is_handle(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
}

/// Digits with at most four letters, dashes, spaces and slashes among them: what offices call a
/// number.
pub(super) const fn is_number_with_letters(shape: &Shape) -> bool {
    shape.letters() <= 4
        && shape.wide + shape.at + shape.colons + shape.dots + shape.other == 0
        && shape.spaces <= 3
}

/// A calendar date, year first or last, with dashes: `2026-11-22`.
pub(super) fn is_date_text(text: &str) -> bool {
    let mut parts = text.split('-').map(whole_number);
    match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten(), parts.next()) {
        (Some(a), Some(b), Some(c), None) => {
            checksum::is_date(a, b, c) || checksum::is_date(c, b, a)
        }
        _ => false,
    }
}

/// A UUID in its usual form that is not all zero (RFC 9562 section 4).
pub(super) fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if dashes.contains(&i) { b == b'-' } else { b.is_ascii_hexdigit() })
        && text.bytes().any(|b| !matches!(b, b'0' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_compared_word_by_word() {
        let terms = ["non binary", "männlich"];
        for text in ["Non-Binary", "non_binary", " NON  BINARY.", "MÄNNLICH"] {
            assert!(is_term(text, &terms), "{text}");
        }
        for text in ["nonbinary", "binary", "", "männlicher", &"x".repeat(65)] {
            assert!(!is_term(text, &terms), "{text}");
        }
        assert!(is_state("N/A") && is_state("Prefer not to say") && !is_state("Lyon"));
    }

    #[test]
    fn shapes() {
        assert_eq!(whole_number("042"), Some(42));
        assert_eq!(whole_number("").or(whole_number("-1")).or(whole_number("1234567")), None);
        assert!(is_date_text("2026-11-22") && !is_date_text("19-77-1042"));
        assert!(is_uuid("6D92078A-8246-4BA4-AE5B-76104861E7DC"));
        assert!(!is_uuid("00000000-0000-0000-0000-000000000000") && !is_uuid("6D92078A"));
        assert!(is_handle("jane.doe_8") && !is_handle("-x") && !is_handle("a b"));
        assert!(is_country_code("DE") && !is_country_code("de") && !is_country_code("NA"));
    }
}
