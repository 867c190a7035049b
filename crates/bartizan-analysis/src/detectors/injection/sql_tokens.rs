//! Tokens of SQL, as lenient servers of several dialects read them.

use super::{
    look::{byte, is_blank, skip},
    word_set::WordSet,
};

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

/// Keywords that the grammar knows.
static KEYWORDS: WordSet = WordSet::new(&[
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
]);

/// The keyword as [`KEYWORDS`] has it.
pub(crate) fn keyword(word: &[u8]) -> Option<&'static str> {
    KEYWORDS.get(word)
}

/// Whether a name or keyword begins with that byte.
pub(crate) const fn starts_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..)
}

/// Whether a name or keyword goes on with that byte.
pub(crate) const fn is_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | 0x80..)
}

/// Where the next token begins: behind white space, closed comments and the frames of versioned
/// ones, which are code for MySQL. Stops in comments and white space that go beyond `end`.
pub(crate) fn skip_blank(text: &[u8], mut at: usize, end: usize) -> usize {
    let text = text.get(..end).unwrap_or(text);
    loop {
        at = skip(text, at, is_blank);
        match (byte(text, at), byte(text, at + 1)) {
            (b'/', b'*') if byte(text, at + 2) == b'!' => {
                at = skip(text, at + 3, |b| b.is_ascii_digit());
            }
            (b'*', b'/') => at += 2,
            (b'/', b'*') => {
                let tail = text.get(at + 2..).unwrap_or_default();
                match memchr::memmem::find(tail, b"*/") {
                    Some(end) => at += end + 4,
                    None => return at,
                }
            }
            _ => return at,
        }
    }
}

/// Cuts `text[from..]` into at most `most` tokens; comments within are white space.
pub(crate) fn tokens(text: &str, from: usize, most: usize) -> Vec<Token> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: from };
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
        self.at = skip_blank(self.bytes, self.at, self.bytes.len());
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let kind = match first {
            b'-' if self.peek(1) == b'-' => return Some(self.rest(start)),
            b'/' if self.peek(1) == b'*' => return Some(self.rest(start)),
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
            _ if starts_word(first) => self.word(),
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
        self.run(is_word);
        match self.bytes.get(start..self.at).and_then(keyword) {
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
