//! Values inside free text. E-mail addresses, cards, social security numbers, IBANs, tokens and
//! secrets are looked for in texts of any length, one linear pass per kind over what its cheap test
//! let through. In short texts the words before a value stand for its field name, and every class
//! that takes part ([`super::ClassItem::in_text`]) is asked. Each class is reported once per text.

use bartizan_model::DataClass;
use smallvec::SmallVec;

use super::{
    Candidate, Certainty, Recognised, Shape, assigned, email,
    form::{self, IN_TEXT},
    iban, ip_address, jwt, names, payment_card,
    runs::Alphabet,
    secret, secret_text, us_ssn,
};

/// Most values of a short text that are looked at together with the words before them.
const MAX_WORDED: usize = 16;
/// Fewest digits of a number that is looked for by its digits alone.
const LONG_NUMBER: u32 = 9;
/// How far back those words are looked for, in bytes.
const WORDS_BEFORE: usize = 40;

/// Classes that a text may give: each once.
struct Found<'f> {
    seen: SmallVec<[DataClass; 4]>,
    report: &'f mut dyn FnMut(Recognised),
}

impl Found<'_> {
    fn add(&mut self, found: Recognised) {
        if !self.seen.contains(&found.class) {
            self.seen.push(found.class);
            (self.report)(found);
        }
    }
}

/// Searches the text of `candidate`.
pub(super) fn search(candidate: &Candidate<'_>, mut report: impl FnMut(Recognised)) {
    let (text, shape) = (candidate.text, &candidate.shape);
    let mut found = Found { seen: SmallVec::new(), report: &mut report };
    if let Some(class) = secret_text::kind_of(text, shape) {
        let family = secret::CLASS.class;
        found.add(Recognised { class, family, certainty: Certainty::Pattern });
    }
    assigned::search(candidate, |recognised| found.add(recognised));
    if shape.dots >= 2 && tokens(text).any(jwt::is_jwt) {
        found.add(Recognised::new(jwt::CLASS.class, Certainty::Checked));
    }
    if shape.at > 0 && emails(text).next().is_some() {
        found.add(Recognised::new(email::CLASS.class, Certainty::Pattern));
    }
    if shape.digits >= LONG_NUMBER && has_long_number(text.as_bytes()) {
        search_numbers(text, &mut found);
    }
    if shape.digits >= 12 && shape.upper >= 2 && ibans(text).any(starts_with_iban) {
        found.add(Recognised::new(iban::CLASS.class, Certainty::Checked));
    }
    if shape.is_single() {
        if (shape.dots >= 3 || shape.colons >= 2)
            && let Some(class) = words(text).find_map(ip_address::class_of)
        {
            found.add(Recognised::new(class, Certainty::Pattern));
        }
        if shape.digits >= 3 || is_device(shape) {
            search_worded(candidate, &mut found);
        }
    }
}

/// Whether it may hold a hardware address, which needs no digit.
const fn is_device(shape: &Shape) -> bool {
    shape.colons >= 5 || shape.dashes >= 5
}

/// Values of a short text, each with the words before it for a field name: `Phone: 30 901820`,
/// `my NHS number is 943 476 5919`.
fn search_worded(candidate: &Candidate<'_>, found: &mut Found<'_>) {
    let text = candidate.text;
    let mixed = words(text).filter(|word| (7..=64).contains(&word.len())).filter(|word| {
        let shape = Shape::of(word);
        shape.letters() > 0
            && (shape.digits >= 3 || shape.colons == 5 || shape.dashes == 5)
            && shape.at == 0
    });
    for value in number_runs(text).map(str::trim).chain(mixed).take(MAX_WORDED) {
        let Some(at) = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize) else {
            continue;
        };
        let name = names::words_before(text, at, WORDS_BEFORE);
        let context = name.context();
        let mut inner = Candidate {
            text: value,
            shape: Shape::of(value),
            name: &name,
            is_identifier: context.is_identifier || candidate.is_identifier,
            ..*candidate
        };
        let likely = (context.mask | form::within_bounds(&inner.shape)) & IN_TEXT;
        if let Some(recognised) = super::recognise(&mut inner, context.mask, likely) {
            found.add(recognised);
        }
    }
}

/// Whether nine digits stand in a row, where single spaces, dots, slashes and dashes do not break
/// a row. Nine such digits cover at most 17 bytes, so they stand in one chunk of 32 bytes or in two
/// neighbours; other chunks are only counted.
fn has_long_number(bytes: &[u8]) -> bool {
    const CHUNK: usize = 32;
    let (mut from, mut before) = (0, 0);
    for (i, chunk) in bytes.chunks(CHUNK).enumerate() {
        let digits: u8 = chunk.iter().map(|b| u8::from(b.is_ascii_digit())).sum();
        if u32::from(before + digits) >= LONG_NUMBER
            && bytes.get(from..i * CHUNK + chunk.len()).is_some_and(is_long)
        {
            return true;
        }
        (from, before) = (i * CHUNK, digits);
    }
    false
}

/// Whether a long number stands in a few bytes.
fn is_long(bytes: &[u8]) -> bool {
    let (mut run, mut gap) = (0, false);
    for b in bytes {
        match b {
            b'0'..=b'9' => {
                run += 1;
                gap = false;
                if run == LONG_NUMBER {
                    return true;
                }
            }
            b' ' | b'-' | b'.' | b'/' if run > 0 && !gap => gap = true,
            _ => run = 0,
        }
    }
    false
}

fn search_numbers(text: &str, found: &mut Found<'_>) {
    for run in number_runs(text) {
        if payment_card::in_text(run) {
            found.add(Recognised::new(payment_card::CLASS.class, Certainty::Checked));
        }
        if us_ssn::is_dashed(run.trim()) {
            found.add(Recognised::new(us_ssn::CLASS.class, Certainty::Pattern));
        }
    }
}

/// Bytes of a JSON Web Token, padding included.
static TOKEN: Alphabet = Alphabet::alphanumeric_and(b"-_.=");

/// Runs of text that could be one token.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    TOKEN
        .runs(text.as_bytes(), 36)
        .filter_map(|(start, end)| text.get(start..end))
        .filter(|token| token.starts_with("ey"))
}

/// What ends a word: white space and this punctuation.
fn is_separator(c: char) -> bool {
    match c {
        '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '|' => true,
        _ => c.is_whitespace(),
    }
}

/// Marks at the edge of a word, which do not belong to it.
fn is_fringe(c: char) -> bool {
    matches!(c, '.' | '=' | '?' | '!')
}

/// Words, without the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator)
        .filter(|w| w.len() >= 2)
        .map(|w| w.trim_matches(is_fringe))
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

/// The text from each word on that begins as an IBAN does: two capitals, two digits.
fn ibans(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    capitals_before_digits(bytes).filter_map(move |at| {
        let at = at.checked_sub(1)?;
        let begins = matches!(bytes.get(at..at + 4)?, [a, .., d]
            if a.is_ascii_uppercase() && d.is_ascii_digit());
        let before = text.get(..at).filter(|_| begins)?.trim_end_matches(is_fringe);
        before.chars().next_back().is_none_or(is_separator).then(|| text.get(at..))?
    })
}

/// Places of capitals with a digit behind. They are rare, so chunks without one are passed over.
fn capitals_before_digits(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const CHUNK: usize = 32;
    let fits = |(a, b): (&u8, &u8)| a.is_ascii_uppercase() & b.is_ascii_digit();
    (0..bytes.len()).step_by(CHUNK).flat_map(move |from| {
        let chunk = bytes.get(from..bytes.len().min(from + CHUNK + 1)).unwrap_or_default();
        let pairs = chunk.iter().zip(chunk.iter().skip(1));
        let any = pairs.clone().fold(false, |seen, pair| seen | fits(pair));
        let places = pairs.enumerate().filter(move |(_, pair)| fits(*pair));
        places.take(if any { CHUNK } else { 0 }).map(move |(at, _)| from + at)
    })
}

/// Whether an IBAN begins `text`, written with or without spaces.
fn starts_with_iban(text: &str) -> bool {
    let longest: String = text
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
    fn numbers_of_nine_digits_are_long() {
        let pad = "x".repeat(31);
        for (text, long) in [
            ("123456789", true),
            ("12345678", false),
            ("1 2-3.4/5 6-7.8/9", true),
            ("1234  56789", false),
            ("1234 - 56789", false),
            ("1234,56789", false),
            ("12345678 x9", false),
            ("tel. 030 12345 or 555-01-23", false),
            ("tel. 030 123 456 or", true),
        ] {
            assert_eq!(has_long_number(text.as_bytes()), long, "{text}");
            for from in 0..pad.len() {
                let shifted = format!("{} {text} {pad}", &pad[from..]);
                assert_eq!(has_long_number(shifted.as_bytes()), long, "{shifted}");
            }
        }
    }

    #[test]
    fn ibans_begin_at_words() {
        let found = |text: &str| ibans(text).map(|rest| rest[..4].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found("DE44 (.GB82 xFR14 =AT61,BE71 d1 D12 DEE1"),
            ["DE44", "GB82", "AT61", "BE71"]
        );
        assert_eq!(found("1DE44 ÄDE44 \u{a0}DE44"), ["DE44"]);
        for pad in 0..70 {
            assert_eq!(found(&format!("{} DE44", "x".repeat(pad))), ["DE44"], "{pad}");
        }
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
