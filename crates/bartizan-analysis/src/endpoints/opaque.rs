//! Telling random identifiers from words.

use super::{
    values::{Classified, ValueKind, class, classify, digits},
    words::{is_common_word, words_of},
};

/// Letters and digits without meaning, and such with a prefix that names the type.
pub(crate) fn opaque(s: &str, b: &[u8]) -> Option<Classified> {
    use ValueKind as K;
    if !b.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c)) {
        return None;
    }
    if let Some(found) = prefixed(s) {
        return Some(found);
    }
    let n = b.len();
    let runs = runs(b);
    let has = |f: fn(&u8) -> bool| b.iter().any(f);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let d = digits(b);
    let groups = b.windows(2).filter(|w| !w[0].is_ascii_digit() && w[1].is_ascii_digit()).count()
        + usize::from(b.first().is_some_and(u8::is_ascii_digit));
    if mixed && n >= 8 && !reads_as_words(s) {
        // Random base 62 changes class every 2 characters, camel case words every 4 or more.
        let mean = n as f64 / runs.max(1) as f64;
        if mean <= 3.0 {
            return Some(class(K::Opaque, 96));
        }
        if mean <= 3.7 && (d >= 2 || unpronounceable(s)) {
            return Some(class(K::Opaque, 88));
        }
    }
    if d >= 1 && groups >= 2 && n >= 6 && d * 4 >= n && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 93));
    }
    if n >= 24 && d >= 3 && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 95));
    }
    if d >= 3 && d < n && n >= 6 && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 80));
    }
    None
}

/// Whether most letters belong to words that APIs use: `isUpToDateFlag`.
fn reads_as_words(s: &str) -> bool {
    let words = words_of(s);
    let known: usize = words.iter().filter(|w| is_common_word(w)).map(String::len).sum();
    known * 2 >= s.len()
}

/// Whether a word of two letters or more has no vowel, as random letters soon have.
fn unpronounceable(s: &str) -> bool {
    words_of(s).iter().any(|w| {
        let letters = w.bytes().all(|b| b.is_ascii_alphabetic());
        letters && w.len() >= 2 && !w.bytes().any(|b| b"aeiouy".contains(&b)) && !is_common_word(w)
    })
}

/// Number of runs: a capital and the lower-case letters behind it are one run, and so are capitals
/// in a row, digits in a row, and each separator.
fn runs(b: &[u8]) -> usize {
    #[derive(PartialEq, Clone, Copy)]
    enum C {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let of = |c: u8| match c {
        b'a'..=b'z' => C::Lower,
        b'A'..=b'Z' => C::Upper,
        b'0'..=b'9' => C::Digit,
        _ => C::Other,
    };
    let mut count = 0;
    let mut before: Option<C> = None;
    let mut upper_run = 0;
    for c in b.iter().copied() {
        let now = of(c);
        let joins = before == Some(now) && now != C::Other
            || before == Some(C::Upper) && now == C::Lower && upper_run == 1;
        if !joins {
            count += 1;
        }
        upper_run = if now == C::Upper { upper_run + 1 } else { 0 };
        before = Some(now);
    }
    count
}

/// `cus_9f2…`, `CA49ec…`, `KEX-85164`, `WINTER10`.
fn prefixed(s: &str) -> Option<Classified> {
    use ValueKind as K;
    if let Some(at) = s.rfind(['_', '-']) {
        let (head, rest) = (s.get(..at)?, s.get(at + 1..)?);
        let head_ok = (1..=16).contains(&head.len())
            && head.bytes().all(|c| c.is_ascii_alphabetic() || c == b'_');
        if head_ok && rest.len() >= 6 && rest.bytes().all(|c| c.is_ascii_alphanumeric()) {
            let inner = classify(rest);
            let meaningless = matches!(
                inner.kind,
                K::Hex | K::Opaque | K::Uuid | K::Ulid | K::ObjectId | K::Prefixed
            );
            if meaningless && inner.certainty >= 80 {
                return Some(class(K::Prefixed, 97));
            }
        }
        let upper = head.bytes().all(|c| c.is_ascii_uppercase());
        if upper && head_ok && rest.len() >= 2 && rest.bytes().all(|c| c.is_ascii_digit()) {
            return Some(class(K::Prefixed, 92));
        }
    }
    let letters = s.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = s.get(letters.min(4)..)?;
    for cut in 1..=letters.min(4) {
        let rest = s.get(cut..).unwrap_or(rest);
        let hex = rest.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        if hex && rest.len() >= 12 && digits(rest.as_bytes()) >= 3 {
            return Some(class(K::Prefixed, 98));
        }
    }
    let (word, tail) = (s.get(..letters)?, s.get(letters..)?);
    let upper = word.bytes().all(|c| c.is_ascii_uppercase());
    if !upper || letters == 0 || !tail.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    match (letters, tail.len()) {
        (..=4, 4..) => Some(class(K::Prefixed, 92)),
        // Codes that are told to people: `WINTER10`.
        (4..=16, 2..=3) | (5..=16, 4..) if !is_common_word(&word.to_ascii_lowercase()) => {
            Some(class(K::Prefixed, 86))
        }
        _ => None,
    }
}
