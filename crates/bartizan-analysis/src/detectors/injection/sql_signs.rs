//! Where SQL may leave the place of a value: a look at the few tokens behind a word, sign or quote.
//!
//! Each test is necessary for a rule of [`super::sql_rules`], never sufficient: what fails it
//! cannot be found there, what passes it is cut into tokens. Prose fails: behind its `or` and its
//! apostrophes stand words, and no comparison, call, constant or comment.

use super::{
    look::{byte, has, is_blank, skip, skip_back},
    sql_expression::{DELAYS, METADATA},
    sql_tokens::{is_word, keyword, skip_blank, starts_word},
    word_set::WordSet,
};

/// Words with which a stacked statement begins.
static STATEMENTS: WordSet = WordSet::new(&[
    "select", "drop", "alter", "create", "insert", "merge", "delete", "update", "truncate",
    "waitfor", "exec", "execute", "call", "declare", "shutdown", "copy", "grant", "revoke",
    "attach", "begin", "set",
]);

/// What ends a condition so that it matters although all of it is names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing; behind a further logic operator another condition begins.
    Never,
    /// A comment or semicolon; behind a comma or logic operator the condition goes on.
    Cut,
}

/// Bytes of white space and comments that are looked over.
const LOOK: usize = 64;

/// Where the next token begins; `None` before a comment that is long or has no end, for the rules
/// to see.
#[inline]
fn next(text: &[u8], at: usize) -> Option<usize> {
    let begin = skip(text, at, is_blank);
    match byte(text, begin) {
        b'/' | b'*' => behind_comment(text, begin),
        _ if begin - at < LOOK => Some(begin),
        _ => None,
    }
}

fn behind_comment(text: &[u8], at: usize) -> Option<usize> {
    let next = skip_blank(text, at, at.saturating_add(LOOK));
    let open = byte(text, next) == b'/' && byte(text, next + 1) == b'*';
    (!open && next < at.saturating_add(LOOK)).then_some(next)
}

/// Whether something may follow `word` (lower case) that ends at `end`, without a quote before it.
pub(crate) fn word(text: &[u8], word: &str, end: usize) -> bool {
    match word {
        "or" | "and" | "xor" | "having" => condition(text, end, End::Never),
        "union" | "except" | "intersect" => select(text, end),
        "order" | "group" => by(text, end, |at| starts_number(text, at)),
        "procedure" => next(text, end).is_none_or(|at| has(text, at, "analyse")),
        "into" => outfile(text, end),
        "limit" => bound(text, end),
        "waitfor" => true,
        // Packages of functions.
        "dbms_lock" | "dbms_pipe" | "dbms_session" | "utl_http" | "utl_inaddr" => {
            byte(text, end) == b'.'
        }
        _ => false,
    }
}

/// Whether a condition may follow `||` or `&&` that ends at `at`.
pub(crate) fn logic(text: &[u8], at: usize) -> bool {
    condition(text, at, End::Never)
}

/// Whether a statement may follow the semicolon that ends at `at`.
pub(crate) fn statement(text: &[u8], at: usize) -> bool {
    next(text, at).is_none_or(|at| STATEMENTS.has(word_at(text, at)))
}

/// Whether the parenthesis at `at` opens a sub-query, or the arguments of a call that waits or
/// reaches out.
pub(crate) fn parenthesis(text: &[u8], at: usize) -> bool {
    if next(text, at + 1).is_none_or(|inside| has(text, inside, "select")) {
        return true;
    }
    let mut end = skip_back(text, at, is_blank);
    // The end of a comment, or the beginning of a versioned one: the name stands before it.
    let before = text.get(..skip_back(text, end, |b| b.is_ascii_digit())).unwrap_or_default();
    if before.ends_with(b"*/") || before.ends_with(b"/*!") {
        return true;
    }
    loop {
        let start = skip_back(text, end, is_word);
        let name = skip(text, start, |b| b.is_ascii_digit());
        if DELAYS.has(text.get(name..end).unwrap_or_default()) {
            return true;
        }
        if start == end || start == 0 || byte(text, start - 1) != b'.' {
            return false;
        }
        end = start - 1;
    }
}

/// Whether what follows the quote that ends at `at` may be more than the rest of a value.
pub(crate) fn quote(text: &[u8], at: usize) -> bool {
    let Some(mut at) = next(text, at) else { return true };
    while byte(text, at) == b')' {
        let Some(behind) = next(text, at + 1) else { return true };
        at = behind;
    }
    let second = byte(text, at + 1);
    match byte(text, at) {
        first if starts_word(first) => quoted_word(text, at),
        b';' => {
            while byte(text, at) == b';' {
                let Some(behind) = next(text, at + 1) else { return true };
                at = behind;
            }
            has(text, at, "--") || statement(text, at)
        }
        b',' => condition(text, at + 1, End::Cut),
        b'#' => true,
        b'-' if matches!(second, b'-' | b'>') => true,
        first @ (b'|' | b'&') if second == first => condition(text, at + 2, End::Never),
        first if is_operator(first) => operator(text, at),
        b':' => second == b':',
        b'@' => matches!(second, b'>' | b'?'),
        b'?' => matches!(second, b'|' | b'&'),
        _ => false,
    }
}

fn quoted_word(text: &[u8], start: usize) -> bool {
    let end = skip(text, start, is_word);
    match keyword(text.get(start..end).unwrap_or_default()) {
        Some("order" | "group") => by(text, end, |_| true),
        Some("div" | "mod") => operator(text, end),
        Some(word) if compares(word) => operator(text, end),
        Some(found) => word(text, found, end),
        None => false,
    }
}

/// An operator behind a quote: with an operand that is more than a name, or a name that ends it.
fn operator(text: &[u8], mut at: usize) -> bool {
    loop {
        let Some(begin) = next(text, at) else { return true };
        let word = word_at(text, begin);
        at = match byte(text, begin) {
            b'-' if byte(text, begin + 1) == b'-' => return false,
            first if is_operator(first) => begin + 1,
            b':' | b'@' | b'?' | b'#' => return true,
            _ if keyword(word)
                .is_some_and(|w| compares(w) || matches!(w, "not" | "div" | "mod")) =>
            {
                begin + word.len()
            }
            _ => return condition(text, begin, End::Cut),
        };
    }
}

const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|' | b'<' | b'>' | b'=' | b'!' | b'~'
    )
}

/// Operators that are words.
fn compares(word: &str) -> bool {
    matches!(
        word,
        "like" | "ilike" | "rlike" | "regexp" | "glob" | "is" | "in" | "between" | "similar"
    )
}

fn word_at(text: &[u8], at: usize) -> &[u8] {
    let end = match starts_word(byte(text, at)) {
        true => skip(text, at, is_word),
        false => at,
    };
    text.get(at..end).unwrap_or_default()
}

/// Whether a condition from `at` on may hold more than names.
fn condition(text: &[u8], mut at: usize, end: End) -> bool {
    // The operator between operands may lack its second one.
    let mut goes_on = false;
    loop {
        let Some(begin) = next(text, at) else { return true };
        let second = byte(text, begin + 1);
        match byte(text, begin) {
            first if starts_word(first) => {}
            b'0'..=b'9' | b'\'' | b'"' | b'`' | b'(' | b'!' | b'~' | b'+' | b'$' => return true,
            b'-' if second != b'-' => return true,
            b'-' | b'#' | b';' => return goes_on && end == End::Cut,
            b'<' | b'>' | b'=' => return goes_on,
            b'.' => return second.is_ascii_digit(),
            b'@' => return !matches!(second, b'>' | b'?'),
            b':' => return second != b':',
            _ => return false,
        }
        let word = word_at(text, begin);
        at = begin + word.len();
        match keyword(word) {
            Some("true" | "false" | "null" | "case") => return true,
            Some("binary" | "distinct" | "all" | "not") => continue,
            Some(word) if compares(word) => return goes_on,
            Some(_) => return next(text, at).is_none_or(|at| byte(text, at) == b'('),
            None => {}
        }
        match behind_name(text, word, at, end) {
            Ok(more) => at = more,
            Err(matters) => return matters,
        }
        goes_on = true;
    }
}

/// What follows a name: another operand from `Ok` on, or `Err` with the answer.
fn behind_name(text: &[u8], name: &[u8], at: usize, end: End) -> Result<usize, bool> {
    let cut = end == End::Cut;
    let (mut name, mut at) = (name, at);
    loop {
        at = next(text, at).ok_or(true)?;
        let second = byte(text, at + 1);
        match byte(text, at) {
            b'.' => {
                let part = next(text, at + 1).ok_or(true)?;
                let found = word_at(text, part);
                if found.is_empty() || METADATA.has(name) || DELAYS.has(name) {
                    return Err(!found.is_empty());
                }
                (name, at) = (found, part + found.len());
            }
            b')' => at += 1,
            b'(' | b'<' | b'>' | b'=' | b'!' | b'~' => return Err(true),
            b'-' if second == b'>' => return Err(true),
            b'-' if second == b'-' => return Err(cut),
            b'#' => return Err(cut || second == b'>'),
            b';' => return Err(cut),
            b'@' => return Err(matches!(second, b'>' | b'?')),
            b':' => return Err(second == b':'),
            b'?' => return Err(matches!(second, b'|' | b'&')),
            first @ (b'|' | b'&') if second == first => {
                return if cut { Ok(at + 2) } else { Err(false) };
            }
            b',' if cut => return Ok(at + 1),
            first if is_operator(first) => return Ok(at + 1),
            _ => {
                let word = word_at(text, at);
                return match keyword(word) {
                    Some("or" | "and" | "xor") if !cut => Err(false),
                    Some("or" | "and" | "xor" | "div" | "mod" | "collate") => Ok(at + word.len()),
                    Some(word) => Err(word == "not" || compares(word)),
                    None => Err(false),
                };
            }
        }
    }
}

/// Whether a second query may follow.
fn select(text: &[u8], mut at: usize) -> bool {
    while let Some(begin) = next(text, at) {
        let word = word_at(text, begin);
        at = match keyword(word) {
            None if byte(text, begin) == b'(' => begin + 1,
            Some("all" | "distinct") => begin + word.len(),
            found => return matches!(found, Some("select" | "values")),
        };
    }
    true
}

/// Whether `BY` may follow, and behind it what `fits`.
fn by(text: &[u8], at: usize, fits: impl Fn(usize) -> bool) -> bool {
    let Some(at) = next(text, at) else { return true };
    let word = word_at(text, at);
    keyword(word) == Some("by") && next(text, at + word.len()).is_none_or(fits)
}

fn starts_number(text: &[u8], at: usize) -> bool {
    byte(text, at).is_ascii_digit() || byte(text, at) == b'.'
}

fn outfile(text: &[u8], at: usize) -> bool {
    next(text, at).is_none_or(|at| has(text, at, "outfile") || has(text, at, "dumpfile"))
}

/// LIMIT matters before a comment only.
fn bound(text: &[u8], at: usize) -> bool {
    let comment = |at| ["--", "#"].iter().any(|comment| has(text, at, comment));
    next(text, at).is_none_or(comment) || condition(text, at, End::Cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(text: &str, end: usize) -> bool {
        word(text.as_bytes(), &text[..end], end)
    }

    #[test]
    fn prose_gives_no_sign() {
        for text in [
            "or nothing at all",
            "and then, if you like",
            "order now",
            "union rep asked",
            "and this/that or left-right",
            "group by name",
            "into the house",
            "or else. Then we",
            "and so on)",
            "having fun",
        ] {
            let end = text.find(' ').expect("a word");
            assert!(!sign(text, end), "{text}");
        }
        for text in ["t want", " or nothing at all", ", he said", " - no answer", " & sons", ""] {
            assert!(!quote(text.as_bytes(), 0), "{text}");
        }
    }

    #[test]
    fn attacks_give_signs() {
        for text in [
            "or 1=1",
            "and name like x",
            "xor true",
            "or (a)",
            "order/**/by 3",
            "union all select 1",
            "having x=x",
            "limit 1--",
            "or/*x",
            "or a.b=c",
            "and not a+b>c",
        ] {
            let end = text.find([' ', '/']).expect("a word");
            assert!(sign(text, end), "{text}");
        }
        for text in ["--", ")) or 1", "; drop table x", ",a,b--", "||x(1)", " is x;", "+a#", "::x"]
        {
            assert!(quote(text.as_bytes(), 0), "{text}");
        }
        for (text, at) in [
            ("sleep (5)", 6),
            ("dbms_pipe.x(1)", 11),
            ("a(( select b))", 2),
            ("sleep/*!50000 (5)*/", 14),
        ] {
            assert!(parenthesis(text.as_bytes(), at), "{text}");
        }
        assert!(statement(b" drop x", 0) && !statement(b" please", 0));
    }
}
