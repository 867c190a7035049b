//! The words of an expression: names, numbers, texts and marks of the Common Expression Language.

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Bytes before the place.
    pub(super) at: usize,
    pub(super) what: String,
}

impl Wrong {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    /// The place as people count it, and what is wrong there.
    pub(super) fn in_text(&self, text: &str) -> String {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}: {}", self.what)
    }
}

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(String),
    Double(f64),
    Text(String),
    Mark(&'static str),
    End,
}

/// Marks, the longer ones first.
const MARKS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",",
    "(", ")", "[", "]", "{", "}",
];

/// All words of a text, each with the number of bytes before it.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        at = behind_blanks(text, at);
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            all.push((at, Token::End));
            return Ok(all);
        };
        let (token, length) = if let Some((raw, opening)) = opening(rest) {
            let (value, length) = string(rest, raw, opening).map_err(|wrong| below(wrong, at))?;
            (Token::Text(value), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else if first.is_ascii_digit() || is_fraction(rest) {
            number(rest).map_err(|wrong| below(wrong, at))?
        } else if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
            (Token::Mark(mark), mark.len())
        } else {
            return Err(Wrong::new(at, format!("{first:?} is nothing that is known here")));
        };
        all.push((at, token));
        at += length;
    }
}

fn below(wrong: Wrong, at: usize) -> Wrong {
    Wrong { at: wrong.at + at, ..wrong }
}

/// Past blanks and comments, which go from `//` to the end of the line.
fn behind_blanks(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
        if !text[at..].starts_with("//") {
            return at;
        }
        at += text[at..].find('\n').unwrap_or(text.len() - at);
    }
}

fn is_fraction(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'.') && bytes.next().is_some_and(|b| b.is_ascii_digit())
}

fn number(text: &str) -> Result<(Token, usize), Wrong> {
    if text.starts_with("0x") || text.starts_with("0X") {
        let digits = &text[2..];
        let length = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        let value = u64::from_str_radix(&digits[..length], 16);
        let value = value.map_err(|_| Wrong::new(0, "is no number of at most 64 bits"))?;
        return Ok((Token::Int(value.to_string()), behind_suffix(text, 2 + length)));
    }
    let digits = |at: usize| {
        let rest = &text[at..];
        at + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut end = digits(0);
    let mut is_double = false;
    if is_fraction(&text[end..]) {
        (end, is_double) = (digits(end + 1), true);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = end + 1 + usize::from(text[end + 1..].starts_with(['+', '-']));
        let behind = digits(sign);
        if behind == sign {
            return Err(Wrong::new(end, "expected digits behind the `e` of a number"));
        }
        (end, is_double) = (behind, true);
    }
    if !is_double {
        return Ok((Token::Int(text[..end].to_owned()), behind_suffix(text, end)));
    }
    let value = text[..end].parse::<f64>().ok().filter(|value| value.is_finite());
    let value = value.ok_or_else(|| Wrong::new(0, "is no number that a double holds"))?;
    Ok((Token::Double(value), end))
}

/// An unsigned number is a number.
fn behind_suffix(text: &str, end: usize) -> usize {
    end + usize::from(text[end..].starts_with(['u', 'U']))
}

/// How a text begins: whether backslashes are themselves, and its quotes.
fn opening(text: &str) -> Option<(bool, &'static str)> {
    let (raw, quoted) = match text.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut quotes = ["\"\"\"", "'''", "\"", "'"].into_iter();
    quotes.find(|quote| quoted.starts_with(quote)).map(|quote| (raw, quote))
}

/// A text with its quotes: what it says, and its length.
fn string(text: &str, raw: bool, quote: &'static str) -> Result<(String, usize), Wrong> {
    let mut value = String::new();
    let mut at = usize::from(raw) + quote.len();
    loop {
        let rest = &text[at..];
        if rest.starts_with(quote) {
            return Ok((value, at + quote.len()));
        }
        let Some(next) = rest.chars().next() else {
            return Err(Wrong::new(0, "the text does not end"));
        };
        if quote.len() == 1 && matches!(next, '\n' | '\r') {
            return Err(Wrong::new(at, "the text does not end in its line"));
        }
        if next == '\\' && !raw {
            let (meant, length) = escape(&rest[1..])
                .ok_or_else(|| Wrong::new(at, "is no escape of a text: a backslash is `\\\\`"))?;
            value.push(meant);
            at += 1 + length;
        } else {
            value.push(next);
            at += next.len_utf8();
        }
    }
}

/// What is meant by what stands behind a backslash, and how long that is.
fn escape(text: &str) -> Option<(char, usize)> {
    let code = |from: usize, length: usize, radix: u32| {
        let digits = text.get(from..from + length)?;
        let are_digits = digits.chars().all(|c| c.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| are_digits)?;
        Some((char::from_u32(code)?, from + length))
    };
    let meant = match text.chars().next()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        own @ ('\\' | '?' | '"' | '\'' | '`') => own,
        'x' | 'X' => return code(1, 2, 16),
        'u' => return code(1, 4, 16),
        'U' => return code(1, 8, 16),
        '0'..='3' => return code(0, 3, 8),
        _ => return None,
    };
    Some((meant, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Token>, usize> {
        let all = tokens(text).map_err(|wrong| wrong.at)?;
        Ok(all.into_iter().map(|(_, token)| token).filter(|token| *token != Token::End).collect())
    }

    #[test]
    fn texts_are_read_with_their_escapes() {
        for (text, meant) in [
            (r#""a'b""#, "a'b"),
            (r"'a\'b\\\n'", "a'b\\\n"),
            (r"r'\d+'", r"\d+"),
            ("'''a'\nb'''", "a'\nb"),
            (r#""""a""b""""#, "a\"\"b"),
            (r"'\x41\u00e9\U0001F600\101'", "A\u{e9}\u{1f600}A"),
            ("'\u{e9}\u{202e}'", "\u{e9}\u{202e}"),
        ] {
            assert_eq!(read(text), Ok(vec![Token::Text(meant.to_owned())]), "{text}");
        }
        for (text, at) in [
            ("'a", 0),
            ("'a\nb'", 2),
            (r"'\q'", 1),
            (r"'\ud800'", 1),
            (r"'\x4'", 1),
            (r"'\400'", 1),
            ("a \u{e9}", 2),
            ("1e", 1),
            ("1e999", 0),
            ("a ` b", 2),
            ("a = b", 2),
            ("0x", 0),
        ] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }

    #[test]
    fn numbers_names_and_marks_are_told_apart() {
        let int = |text: &str| Token::Int(text.to_owned());
        assert_eq!(
            read("1 0x1F 7u 1.5 .5 2e3"),
            Ok(vec![
                int("1"),
                int("31"),
                int("7"),
                Token::Double(1.5),
                Token::Double(0.5),
                Token::Double(2000.0)
            ])
        );
        let name = |text: &str| Token::Name(text.to_owned());
        let marks = [name("a"), Token::Mark("."), name("b"), Token::Mark("<="), int("1")];
        assert_eq!(read("a.b<=1 // <= 2"), Ok(marks.to_vec()));
    }

    #[test]
    fn places_are_counted_in_characters() {
        let wrong = Wrong::new("\u{e9}\n\u{e9}\u{e9} ".len(), "x");
        assert_eq!(wrong.in_text("\u{e9}\n\u{e9}\u{e9} y"), "line 2, column 4: x");
    }
}
