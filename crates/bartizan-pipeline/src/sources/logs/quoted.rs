//! Words and quoted text of a line, also where the logger forgot to escape a quote.

use memchr::{memchr, memchr_iter, memchr2};

/// Text up to a quote that is not escaped (when `escapes` count) and that the right thing follows;
/// and what follows.
pub(in super::super) fn quoted(
    text: &[u8],
    escapes: bool,
    follows: impl Fn(&[u8]) -> bool,
) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let n = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(n) == Some(&b'\\') {
            at = if escapes { n + 2 } else { n + 1 };
            continue;
        }
        let after = text.get(n + 1..)?;
        if follows(after) {
            return Some((text.get(..n)?, after));
        }
        at = n + 1;
    }
}

/// The request up to its closing quote, which a status follows.
pub(in super::super) fn request(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    quoted(rest, true, status_follows).or_else(|| quoted(rest, false, status_follows))
}

fn status_follows(after: &[u8]) -> bool {
    match after.trim_ascii_start() {
        [b'-'] | [b'-', b' ', ..] | [b'0'] | [b'0', b' ', ..] => true,
        [a, b, c, end @ ..] => {
            [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && matches!(end, [] | [b' ', ..])
        }
        _ => false,
    }
}

/// A field in quotes at the beginning of `rest`, and what follows it. Of several quotes that could
/// close it (an agent with quotes that nobody escaped), the first behind which quotes pair up.
pub(in super::super) fn field(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = rest.strip_prefix(b"\"")?;
    let ends = |after: &[u8]| after.first().is_none_or(u8::is_ascii_whitespace);
    let mut open = unescaped_quotes(text);
    let mut at = 0;
    while let Some(n) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        let n = at + n;
        if text.get(n) == Some(&b'\\') {
            at = n + 2;
            continue;
        }
        open -= 1;
        let after = text.get(n + 1..)?;
        if open.is_multiple_of(2) && ends(after) {
            return Some((text.get(..n)?, after));
        }
        at = n + 1;
    }
    quoted(text, true, ends).or_else(|| quoted(text, false, ends))
}

fn unescaped_quotes(text: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while let Some(n) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        let is_quote = text.get(at + n) == Some(&b'"');
        count += usize::from(is_quote);
        at += n + if is_quote { 1 } else { 2 };
    }
    count
}

/// The next word and what follows it.
pub(in super::super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = memchr(b' ', text).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

/// The next word as text and what follows it; what is no UTF-8 is an empty word.
pub(in super::super) fn text_word(text: &[u8]) -> (&str, &[u8]) {
    let (word, rest) = word(text);
    (std::str::from_utf8(word).unwrap_or(""), rest)
}

/// Text in brackets that is a time, what stands before its bracket, and what follows the other;
/// the first of at most `tries` brackets.
pub(in super::super) fn bracketed<T>(
    line: &[u8],
    tries: usize,
    read: impl Fn(&str) -> Option<T>,
) -> Option<(&[u8], T, &[u8])> {
    for open in memchr_iter(b'[', line).take(tries) {
        let inside = line.get(open + 1..)?;
        let window = inside.get(..inside.len().min(TIME_BYTES))?;
        let found = memchr(b']', window)
            .and_then(|close| Some((close, std::str::from_utf8(window.get(..close)?).ok()?)))
            .and_then(|(close, text)| Some((read(text)?, inside.get(close + 1..)?)));
        if let Some((time, rest)) = found {
            return Some((line.get(..open)?, time, rest));
        }
    }
    None
}

/// Longest text between the brackets of a time.
const TIME_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_where_quotes_pair_up() {
        for (text, inside, after) in [
            (r#""a b" "c""#, "a b", r#" "c""#),
            (r#""a \"b\" c" 1"#, r#"a \"b\" c"#, " 1"),
            (r#""odd "quoted" agent" 1 "x""#, r#"odd "quoted" agent"#, r#" 1 "x""#),
            (r#""odd "quoted" agent""#, r#"odd "quoted" agent"#, ""),
            (r#""one " left" "x""#, r#"one " left"#, r#" "x""#),
            (r#""C:\" 1"#, r"C:\", " 1"),
        ] {
            let found = field(text.as_bytes()).expect(text);
            assert_eq!(found, (inside.as_bytes(), after.as_bytes()), "{text}");
        }
        assert_eq!(field(b"\"open"), None);
        assert_eq!(field(b"x"), None);
    }
}
