//! Values inside free text. E-mail addresses, cards, social security numbers, IBANs, tokens and
//! secrets are looked for in texts of any length, one linear pass per kind over what its cheap test
//! let through. In short texts the words before a value stand for its field name, and every class
//! that takes part ([`super::ClassItem::in_text`]) is asked. Each class is reported once per text.

use bartizan_model::DataClass;

use super::{
    Candidate, Certainty, Shape, by_priority, email, iban, ip_address, jwt, names, payment_card,
    secret, secret_forms, us_ssn,
};

/// Most values of a short text that are looked at together with the words before them.
const MAX_WORDED: usize = 16;
/// How far back those words are looked for, in bytes.
const WORDS_BEFORE: usize = 40;

/// Classes that a text may give: each once.
struct Found<'f> {
    seen: u64,
    report: &'f mut dyn FnMut(DataClass, Certainty),
}

impl Found<'_> {
    fn add(&mut self, class: DataClass, certainty: Certainty) {
        let Some(at) = by_priority().iter().position(|item| item.class == class) else { return };
        if self.seen & (1 << at) == 0 {
            self.seen |= 1 << at;
            (self.report)(class, certainty);
        }
    }
}

/// Searches the text of `candidate`.
pub(super) fn search(candidate: &Candidate<'_>, mut report: impl FnMut(DataClass, Certainty)) {
    let (text, shape) = (candidate.text, &candidate.shape);
    let mut found = Found { seen: 0, report: &mut report };
    if has_secret(text) {
        found.add(secret::CLASS.class, Certainty::Pattern);
    }
    if tokens(text).any(jwt::is_jwt) {
        found.add(jwt::CLASS.class, Certainty::Checked);
    }
    if shape.at > 0 && emails(text).next().is_some() {
        found.add(email::CLASS.class, Certainty::Pattern);
    }
    if shape.digit_run >= 9 {
        search_numbers(text, &mut found);
    }
    if shape.digits >= 12 && words(text).any(|w| iban_starts(w) && is_iban_at(text, w)) {
        found.add(iban::CLASS.class, Certainty::Checked);
    }
    if shape.is_single() {
        if (shape.dots >= 3 || shape.colons >= 2)
            && let Some(class) = words(text).find_map(ip_address::class_of)
        {
            found.add(class, Certainty::Pattern);
        }
        search_worded(candidate, &mut found);
    }
}

/// Values of a short text, each with the words before it for a field name: `Phone: 30 901820`,
/// `my NHS number is 943 476 5919`.
fn search_worded(candidate: &Candidate<'_>, found: &mut Found<'_>) {
    let text = candidate.text;
    let mixed = words(text).filter(|word| {
        let shape = Shape::of(word);
        let device = shape.colons == 5 || shape.dashes == 5;
        shape.letters() > 0
            && (shape.digits >= 3 || device)
            && (7..=64).contains(&shape.len)
            && shape.at == 0
    });
    for value in number_runs(text).map(str::trim).chain(mixed).take(MAX_WORDED) {
        let Some(at) = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize) else {
            continue;
        };
        let context = names::words_before(text, at, WORDS_BEFORE);
        let mut inner = Candidate {
            text: value,
            shape: Shape::of(value),
            name: context.words(),
            is_identifier: context.is_identifier || candidate.is_identifier,
            ..*candidate
        };
        for (i, item) in by_priority().iter().enumerate().filter(|(_, item)| item.in_text) {
            inner.in_context = context.mask & (1 << i) != 0;
            if !inner.in_context && !(item.possible)(&inner.shape) {
                continue;
            }
            if let Some(certainty) = (item.recognise)(&inner) {
                found.add(item.class, certainty);
                break;
            }
        }
    }
}

fn search_numbers(text: &str, found: &mut Found<'_>) {
    for run in number_runs(text) {
        if payment_card::in_text(run) {
            found.add(payment_card::CLASS.class, Certainty::Checked);
        }
        if us_ssn::is_dashed(run.trim()) {
            found.add(us_ssn::CLASS.class, Certainty::Pattern);
        }
    }
}

/// Whether a secret of a known form, a private key or a URL with a password stands in the text.
pub(super) fn has_secret(text: &str) -> bool {
    secret_forms::find(text).is_some()
        || (text.contains("-----BEGIN ") && secret_forms::is_private_key(text))
        || (text.contains("://") && secret_forms::has_url_password(text))
        || (text.contains("Q~") && secret_forms::has_azure_secret(text))
        || secret_forms::has_authorization(text)
        || (text.contains("-us") && secret_forms::has_mailchimp_key(text))
}

/// Runs of text that could be one token.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.=".contains(c)))
        .filter(|t| t.len() >= 36 && t.starts_with("ey"))
}

/// Words, without the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'<>()[]{},;|".contains(c))
        .map(|w| w.trim_start_matches(['.', '=', '?', '!']))
        .map(|w| w.trim_end_matches(['.', '=', '?', '!']))
        .map(|w| if w.ends_with("::") { w } else { w.trim_end_matches(':') })
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
            if digits >= 7 && !joined(before) && !joined(bytes.get(end)) {
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
    Shape::of(text).may_embed()
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
