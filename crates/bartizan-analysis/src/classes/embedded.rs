//! Values inside free text: e-mail addresses, cards, social security numbers, IBANs, secrets,
//! telephone numbers and addresses of hosts. One pass per kind over what its cheap test let through;
//! every kind is reported once per text.

use bartizan_model::DataClass;

use super::{
    Candidate, Certainty, email, iban, ip_address, jwt, payment_card, phone, secret, secret_forms,
    us_ssn,
};

/// Most telephone numbers that are tried per text: the parser is slow, and one hit is enough.
const MAX_PHONE_TRIES: usize = 8;

/// Searches the text of `candidate`.
pub(super) fn search(candidate: &Candidate<'_>, mut found: impl FnMut(DataClass, Certainty)) {
    let (text, shape) = (candidate.text, &candidate.shape);
    if has_secret(text) {
        found(secret::CLASS.class, Certainty::Pattern);
    }
    if tokens(text).any(jwt::is_jwt) {
        found(jwt::CLASS.class, Certainty::Checked);
    }
    if shape.at > 0 && emails(text).next().is_some() {
        found(email::CLASS.class, Certainty::Pattern);
    }
    if shape.digit_run >= 9 {
        search_numbers(text, &mut found);
    }
    if shape.digits >= 15 && words(text).any(|w| iban_starts(w) && is_iban_at(text, w)) {
        found(iban::CLASS.class, Certainty::Checked);
    }
    let mut tries = 0;
    let addresses = (shape.dots >= 3 || shape.colons >= 2) && shape.is_single();
    if addresses && let Some(class) = words(text).find_map(ip_address::class_of) {
        found(class, Certainty::Pattern);
    }
    if shape.is_single() && shape.digits >= 8 {
        let any = number_runs(text).any(|run| {
            tries += 1;
            tries <= MAX_PHONE_TRIES && phone::is_written_as_phone(run)
        });
        if any {
            found(phone::CLASS.class, Certainty::Pattern);
        }
    }
}

fn search_numbers(text: &str, found: &mut impl FnMut(DataClass, Certainty)) {
    let (mut card, mut ssn) = (false, false);
    for run in number_runs(text) {
        if !card && payment_card::in_text(run) {
            card = true;
            found(payment_card::CLASS.class, Certainty::Checked);
        }
        if !ssn && us_ssn::is_dashed(run.trim()) {
            ssn = true;
            found(us_ssn::CLASS.class, Certainty::Pattern);
        }
    }
}

/// Whether a secret of a known form, a private key or a URL with a password stands in the text.
pub(super) fn has_secret(text: &str) -> bool {
    secret_forms::find(text).is_some()
        || (text.contains("-----BEGIN ") && secret_forms::is_private_key(text))
        || (text.contains("://") && secret_forms::has_url_password(text))
        || (text.contains("Q~") && secret_forms::has_azure_secret(text))
}

/// Runs of text that could be one token.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.=".contains(c)))
        .filter(|t| t.len() >= 36 && t.starts_with("ey"))
}

/// Words, without the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'<>()[]{},;|".contains(c))
        .map(|w| w.trim_matches(['.', ',', ':', '=', '?', '!']))
        .filter(|w| w.len() >= 2)
}

/// Candidates for e-mail addresses: an `@` with the allowed characters on both sides.
fn emails(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let left = text.get(at.saturating_sub(64)..at).or_else(|| text.get(..at))?;
        let local = left.len() - left.bytes().rev().take_while(|b| email::is_local(*b)).count();
        let right = text.get(at + 1..)?;
        let domain: usize = right
            .bytes()
            .take(254)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'.')
            .count();
        // `git@host:path` names a repository.
        let behind = right.as_bytes().get(domain..domain + 2);
        if behind.is_some_and(|b| matches!(b, [b':', c] if !c.is_ascii_whitespace())) {
            return None;
        }
        let candidate = text.get(at - (left.len() - local)..at + 1 + domain)?;
        let candidate = candidate.trim_matches(['.', '-', '\'']);
        email::is_email(candidate).then_some(candidate)
    })
}

/// Maximal runs of digits, single separators between them, and a plus or parenthesis before.
fn number_runs(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            while bytes.get(at).is_some_and(|b| !b.is_ascii_digit() && *b != b'+' && *b != b'(') {
                at += 1;
            }
            let start = at;
            let mut end = at;
            let mut digits = 0;
            let mut gap = 0;
            while let Some(b) = bytes.get(at) {
                match b {
                    b'0'..=b'9' => {
                        digits += 1;
                        gap = 0;
                        end = at + 1;
                    }
                    b' ' | b'-' | b'.' | b'(' | b')' | b'/' if gap < 2 => gap += 1,
                    b'+' if at == start => {}
                    _ => break,
                }
                at += 1;
            }
            if start == bytes.len() {
                return None;
            }
            at = at.max(start + 1);
            // Part of a word (`a123…`, `…123x`) is no number.
            let joined =
                |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let before = start.checked_sub(1).and_then(|i| bytes.get(i));
            if digits >= 8 && !joined(before) && !joined(bytes.get(end)) {
                return text.get(start..end);
            }
        }
    })
}

fn iban_starts(word: &str) -> bool {
    matches!(word.as_bytes(), [a, b, c, d, ..]
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Whether an IBAN begins with the word at hand, written with or without spaces.
fn is_iban_at(text: &str, word: &str) -> bool {
    let Some(at) = (word.as_ptr() as usize).checked_sub(text.as_ptr() as usize) else {
        return false;
    };
    let rest = text.get(at..).unwrap_or("");
    let longest: String = rest
        .chars()
        .take(48)
        .take_while(|c| c.is_ascii_alphanumeric() || *c == ' ' || *c == '-')
        .filter(char::is_ascii_alphanumeric)
        .take(34)
        .collect();
    (15..=longest.len()).rev().any(|len| longest.get(..len).is_some_and(iban::is_iban))
}

/// Whether a text is worth searching at all; see `Shape::may_embed`.
#[cfg(test)]
pub(super) fn is_searched(text: &str) -> bool {
    super::Shape::of(text).may_embed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_digits_end_at_words() {
        let text = "ring +1 (415) 555-0132 or a12345678 or 12345678x, id 4111 1111 1111 1111.";
        let runs: Vec<_> = number_runs(text).collect();
        assert_eq!(runs, ["+1 (415) 555-0132", "4111 1111 1111 1111"]);
        assert_eq!(number_runs("").count() + number_runs("+++(((").count(), 0);
    }

    #[test]
    fn emails_inside_text() {
        let found: Vec<_> =
            emails("to Jane <jane.doe@example.com>; cc: x@y, é@b.org, a@@b.com").collect();
        assert_eq!(found, ["jane.doe@example.com", "é@b.org"]);
    }

    #[test]
    fn short_words_are_not_searched() {
        assert!(!is_searched("active") && !is_searched("550e8400-e29b-41d4-a716-446655440000"));
        assert!(is_searched("call 415 555 0132 now"));
    }
}
