//! Tokens of SQL, as lenient servers of several dialects read them.

/// Most tokens that are read from one text.
pub(crate) const MAX_TOKENS: usize = 4_096;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number, hexadecimal ones included.
    Number,
    /// A string; false when the text ends before it does.
    Text(bool),
    /// A name that is no keyword.
    Name,
    /// A keyword, lower case, see [`KEYWORDS`].
    Word(&'static str),
    /// `@x`, `@@x`, `:x`, `?`, `$1`.
    Variable,
    /// `=`, `<>`, `~*`, `==`, `<=>` …
    Compare,
    /// `or`, `and`, `xor`, `||`, `&&`.
    Logic,
    /// `+ - * / % ^ & |`.
    Arithmetic,
    /// `->`, `->>`, `@>`, `<@`, `#>`, `#>>`, `::`.
    Json,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// `.`.
    Dot,
    /// `!`, `~`.
    Not,
    /// A comment to the end of the text.
    Comment,
    /// Anything else.
    Other,
}

/// A token with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Keywords that the grammar knows, sorted.
pub(crate) const KEYWORDS: &[&str] = &[
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "as",
    "asc",
    "attach",
    "begin",
    "between",
    "binary",
    "by",
    "call",
    "case",
    "cast",
    "collate",
    "copy",
    "create",
    "database",
    "declare",
    "delay",
    "delete",
    "desc",
    "distinct",
    "div",
    "drop",
    "dumpfile",
    "else",
    "end",
    "except",
    "exec",
    "execute",
    "exists",
    "false",
    "for",
    "from",
    "glob",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "merge",
    "mod",
    "not",
    "null",
    "offset",
    "or",
    "order",
    "outfile",
    "procedure",
    "regexp",
    "replace",
    "revoke",
    "rlike",
    "role",
    "schema",
    "select",
    "set",
    "shutdown",
    "similar",
    "table",
    "then",
    "true",
    "truncate",
    "union",
    "update",
    "user",
    "values",
    "view",
    "waitfor",
    "when",
    "where",
    "with",
    "xor",
];

/// For each first letter, a bit for every length that a keyword with it has: most words of prose
/// are told apart without a search.
const LENGTHS: [u16; 26] = {
    let mut lengths = [0; 26];
    let mut at = 0;
    while at < KEYWORDS.len() {
        let word = KEYWORDS[at].as_bytes();
        lengths[(word[0] - b'a') as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

fn keyword(word: &str) -> Option<&'static str> {
    let first = word.as_bytes().first()?.to_ascii_lowercase().wrapping_sub(b'a');
    let lengths = LENGTHS.get(usize::from(first))?;
    if word.len() > 9 || lengths & (1 << word.len()) == 0 || !word.is_ascii() {
        return None;
    }
    let mut buffer = [0; 9];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    KEYWORDS.binary_search(&lower).ok().and_then(|at| KEYWORDS.get(at)).copied()
}

/// Cuts `text[from..]` into at most `most` tokens; comments within are white space.
pub(crate) fn tokens(text: &str, from: usize, most: usize) -> Vec<Token> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: from };
    let mut out = Vec::new();
    while out.len() < most.min(MAX_TOKENS)
        && let Some(token) = lexer.next()
    {
        out.push(token);
        if token.kind == Kind::Comment {
            break;
        }
    }
    out
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self, test: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|b| test(*b)) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            self.run(|b| b.is_ascii_whitespace() || b == 0x0b || b == 0);
            match (self.peek(0), self.peek(1)) {
                // A versioned comment is code for MySQL.
                (b'/', b'*') if self.peek(2) == b'!' => {
                    self.at += 3;
                    self.run(|b| b.is_ascii_digit());
                }
                (b'*', b'/') => self.at += 2,
                (b'/', b'*') => {
                    let start = self.at;
                    let tail = self.bytes.get(start + 2..).unwrap_or_default();
                    match memchr::memmem::find(tail, b"*/") {
                        Some(end) => self.at = start + 2 + end + 2,
                        None => return Some(self.rest(start)),
                    }
                }
                _ => break,
            }
        }
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let kind = match first {
            b'-' if self.peek(1) == b'-' => return Some(self.rest(start)),
            b'#' if self.peek(1) == b'>' => {
                self.take(2 + usize::from(self.peek(2) == b'>'), Kind::Json)
            }
            b'#' => return Some(self.rest(start)),
            b'\'' | b'"' => self.string(first),
            b'`' => {
                self.at += 1;
                self.run(|b| b != b'`');
                self.take(1, Kind::Name)
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            _ => self.symbol(first),
        };
        self.at = self.at.min(self.bytes.len());
        Some(Token { kind, start, end: self.at })
    }

    fn rest(&mut self, start: usize) -> Token {
        self.at = self.bytes.len();
        Token { kind: Kind::Comment, start, end: self.at }
    }

    fn take(&mut self, bytes: usize, kind: Kind) -> Kind {
        self.at += bytes;
        kind
    }

    fn string(&mut self, quote: u8) -> Kind {
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'\\', _) => self.at += 2,
                (a, b) if a == quote && b == quote => self.at += 2,
                (a, _) if a == quote => return self.take(1, Kind::Text(true)),
                _ if self.at >= self.bytes.len() => return Kind::Text(false),
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Kind {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.at += 2;
            self.run(|b| b.is_ascii_hexdigit());
            return Kind::Number;
        }
        self.run(|b| b.is_ascii_digit() || b == b'.');
        if matches!(self.peek(0), b'e' | b'E') && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.run(|b| b.is_ascii_digit());
        }
        Kind::Number
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | 0x80..));
        let word = self.text.get(start..self.at).unwrap_or_default();
        match keyword(word) {
            Some("or" | "and" | "xor") => Kind::Logic,
            Some("div" | "mod") => Kind::Arithmetic,
            Some(
                "like" | "ilike" | "rlike" | "regexp" | "glob" | "is" | "in" | "between"
                | "similar",
            ) => Kind::Compare,
            Some("not") => Kind::Not,
            Some(word) => Kind::Word(word),
            None => Kind::Name,
        }
    }

    fn symbol(&mut self, first: u8) -> Kind {
        let kind = match (first, self.peek(1)) {
            (b'-', b'>') => return self.take(2 + usize::from(self.peek(2) == b'>'), Kind::Json),
            (b'@', b'>') | (b'<', b'@') | (b':', b':') | (b'@', b'?') | (b'?', b'|' | b'&') => {
                return self.take(2, Kind::Json);
            }
            (b'|', b'|') | (b'&', b'&') => return self.take(2, Kind::Logic),
            (b'<' | b'>' | b'=' | b'!' | b'~', b'=' | b'>' | b'<' | b'*' | b'~')
                if first != b'~' || self.peek(1) != b'~' =>
            {
                self.at += 2;
                self.run(|b| b == b'=' || b == b'>');
                return Kind::Compare;
            }
            (b'@' | b':' | b'$', b) if b.is_ascii_alphanumeric() || matches!(b, b'@' | b'_') => {
                self.at += 2;
                self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
                return Kind::Variable;
            }
            (b'<' | b'>' | b'=', _) => Kind::Compare,
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|', _) => Kind::Arithmetic,
            (b'(', _) => Kind::Open,
            (b')', _) => Kind::Close,
            (b',', _) => Kind::Comma,
            (b';', _) => Kind::Semicolon,
            (b'.', _) => Kind::Dot,
            (b'!' | b'~', _) => Kind::Not,
            _ => Kind::Other,
        };
        self.take(1, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text, 0, 100).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn cuts_tokens() {
        use Kind as K;
        assert_eq!(
            kinds("uNiOn/**/select 0x1f,'a''b' # end"),
            [K::Word("union"), K::Word("select"), K::Number, K::Comma, K::Text(true), K::Comment]
        );
        assert_eq!(
            kinds("/*!50000select*/a->>'b'::jsonb @> '{"),
            [
                K::Word("select"),
                K::Name,
                K::Json,
                K::Text(true),
                K::Json,
                K::Name,
                K::Json,
                K::Text(false)
            ]
        );
        assert_eq!(
            kinds("@@version || 1.5e3 <=> é"),
            [K::Variable, K::Logic, K::Number, K::Compare, K::Name]
        );
        assert_eq!(kinds("'it\\'s' /* open"), [K::Text(true), K::Comment]);
    }

    #[test]
    fn hostile_text_ends() {
        for text in ["'\\", "`", "/*", "--", "@", "0x", "\u{1F600}'\u{1F600}", "\\"] {
            assert!(tokens(text, 0, 100).len() < 8);
        }
        assert_eq!(tokens(&"1,".repeat(10_000), 0, usize::MAX).len(), MAX_TOKENS);
    }
}
