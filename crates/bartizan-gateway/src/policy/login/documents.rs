//! Documents of GraphQL, as far as logins are called in them: each alias is an attempt of its own.

/// What stands behind a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said<'t> {
    /// A text.
    Text(String),
    /// A number as it is written.
    Number(&'t str),
    /// A variable, by its name.
    Variable(&'t str),
}

/// Tells of every name that has a text, a number or a variable behind a colon: arguments, and members of input
/// objects. Takes time in proportion to the length of the text, whatever it is.
pub(super) fn scan<'t>(text: &'t str, mut tell: impl FnMut(&'t str, Said<'t>)) {
    let mut rest = text;
    let mut named: Option<&str> = None;
    let (mut has_colon, mut is_list) = (false, false);
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() || c == ',' || c == '\u{feff}' {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        if c == '#' {
            rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
            continue;
        }
        let (said, behind) = token(rest, c);
        rest = behind;
        match said {
            Token::Colon => has_colon = named.is_some(),
            Token::Name(name) => (named, has_colon, is_list) = (Some(name), false, false),
            Token::List if has_colon => is_list = true,
            Token::Value(said) => {
                if let Some(name) = named.filter(|_| has_colon) {
                    tell(name, said);
                }
                if !is_list {
                    (named, has_colon) = (None, false);
                }
            }
            Token::List | Token::Other => (named, has_colon, is_list) = (None, false, false),
        }
    }
}

enum Token<'t> {
    Colon,
    Name(&'t str),
    Value(Said<'t>),
    /// The beginning of a list, of which every element is told.
    List,
    Other,
}

fn token(rest: &str, first: char) -> (Token<'_>, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = |from: &str| from.find(|c| !is_name(c)).unwrap_or(from.len());
    match first {
        ':' => (Token::Colon, &rest[1..]),
        '[' => (Token::List, &rest[1..]),
        '$' => {
            let name = &rest[1..];
            let (name, behind) = name.split_at(word(name));
            (Token::Value(Said::Variable(name)), behind)
        }
        '"' => {
            let (text, behind) = string(rest);
            (Token::Value(Said::Text(text)), behind)
        }
        '-' | '0'..='9' => {
            let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
            let end = rest.find(|c| !number(c)).unwrap_or(rest.len());
            (Token::Value(Said::Number(&rest[..end])), &rest[end..])
        }
        c if is_name(c) => {
            let (name, behind) = rest.split_at(word(rest));
            (Token::Name(name), behind)
        }
        c => (Token::Other, &rest[c.len_utf8()..]),
    }
}

/// The text at the beginning, and what is behind it. One that does not end goes to the end.
fn string(rest: &str) -> (String, &str) {
    if let Some(block) = rest.strip_prefix("\"\"\"") {
        let mut from = 0;
        while let Some(at) = block[from..].find("\"\"\"").map(|at| from + at) {
            if !block[..at].ends_with('\\') {
                let text = block[..at].replace("\\\"\"\"", "\"\"\"");
                return (text.trim().to_owned(), &block[at + 3..]);
            }
            from = at + 3;
        }
        return (block.trim().to_owned(), "");
    }
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    let end = end.map_or(rest.len(), |(at, _)| at + 1);
    let quoted = &rest[..end];
    // Escapes are those of JSON.
    let text = serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_owned());
    (text, &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, Said<'_>)> {
        let mut out = Vec::new();
        scan(text, |name, said| out.push((name.to_owned(), said)));
        out
    }

    #[test]
    fn every_argument_is_told() {
        let text = |text: &str| Said::Text(text.to_owned());
        let found = told(
            "mutation M($e: String) { # email: \"no\"\n a: login(email: \"x\", password: $p) {t}\
             b:login(input:{email,:\"\\u0061\\\"b\" pin: 12}) c: f(l: [\"1\", \"2\"], s: \"\"\"q\"\"\") }",
        );
        let expected = [
            ("email", text("x")),
            ("password", Said::Variable("p")),
            ("email", text("a\"b")),
            ("pin", Said::Number("12")),
            ("l", text("1")),
            ("l", text("2")),
            ("s", text("q")),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(name, said)| (name.to_owned(), said)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn nonsense_ends() {
        for nonsense in ["", "\"", "a:\"", "a:\"\"\"x\\\"\"\"", "$", "é:ü\"ä", "#", "a::::", "-"]
        {
            told(nonsense);
        }
        assert_eq!(told("a:\"x").len(), 1);
        assert_eq!(told(&"{a:".repeat(50_000)).len(), 0);
    }
}
