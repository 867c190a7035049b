//! Signs of attacks: one pass over the bytes of a text that says which families it may belong to.
//!
//! Text of people and of programs is full of quotes, separators and words of SQL, so their presence
//! says little. What a rule needs is a sign *at its place*: behind the quote an operator with an
//! operand, behind the separator a command, before the parenthesis a function that waits. Each of
//! these looks goes a few bytes ahead or back, and the bytes between cost one table look-up each.

use super::{
    code_signs,
    look::{byte, has, is_blank, skip},
    path_signs,
    prefilter::Family,
    shell_signs, sql_signs,
    sql_tokens::is_word,
    word_set::WordSet,
};

const S: u8 = Family::Sql as u8;
const X: u8 = Family::Xss as u8;
const C: u8 = Family::Command as u8;
const T: u8 = Family::Traversal as u8;
const E: u8 = Family::XmlEntity as u8;

/// Kinds of the bytes of a text, as a set.
#[derive(Clone, Copy)]
pub(crate) struct Kinds(u16);

const QUOTE: u16 = 1;
const ANGLE: u16 = 1 << 1;
const SLASH: u16 = 1 << 2;
const SPACE: u16 = 1 << 3;
const SHELL: u16 = 1 << 4;
const MARK: u16 = 1 << 5;
const NUL: u16 = 1 << 6;
/// Dots, hyphens and colons: common everywhere, looked at beside other signs only.
const POINT: u16 = 1 << 7;
/// Part of a word.
const WORD: u16 = 1 << 8;
/// Part of a character beyond ASCII; part of a word, too.
const HIGH: u16 = 1 << 9;
/// A letter with which one of [`WATCHED`] begins, or a digit.
const BEGIN: u16 = 1 << 10;

/// Kind of each byte; 0 for what tells nothing.
static KINDS: [u16; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b'\'' | b'"' => QUOTE,
            b'<' | b'>' => ANGLE,
            b'/' | b'\\' => SLASH,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            b';' | b'|' | b'&' | b'`' | b'$' | b'\n' | b'\r' => SHELL,
            b'(' | b')' | b'=' | b'#' | b'*' | b'+' | b'{' | b'}' | b'!' | b'@' | b'%' | b'^' => {
                MARK
            }
            b'.' | b'-' | b':' => POINT,
            0 => NUL,
            0x80.. => HIGH | WORD,
            b if WATCHED.begins(b) || b.is_ascii_digit() => WORD | BEGIN,
            b if is_word(b) => WORD,
            _ => 0,
        };
        at += 1;
    }
    table
};

#[inline]
fn kind(byte: u8) -> u16 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

#[inline]
fn is_in_word(byte: u8) -> bool {
    kind(byte) & WORD != 0
}

impl Kinds {
    #[inline]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |all, byte| all | kind(byte)))
    }

    /// Whether all characters are ASCII.
    pub(crate) const fn is_ascii(self) -> bool {
        self.0 & HIGH == 0
    }

    /// Whether there are parentheses, braces or other marks.
    pub(crate) const fn has_marks(self) -> bool {
        self.0 & MARK != 0
    }

    /// Families, as bits of [`Family`], that a text with these bytes can hold.
    #[inline]
    pub(crate) const fn possible(self) -> u8 {
        let mut families = 0;
        if self.0 & (QUOTE | SPACE | MARK | SHELL) != 0 {
            families |= S;
        }
        if self.0 & (ANGLE | QUOTE | MARK) != 0 {
            families |= X;
        }
        if self.0 & ANGLE != 0 {
            families |= E;
        }
        if self.0 & (SHELL | MARK | ANGLE) != 0 || self.0 & (SPACE | SLASH) == SPACE | SLASH {
            families |= C;
        }
        if self.0 & (SLASH | NUL) != 0 {
            families |= T;
        }
        families
    }
}

/// Words at which a look is worth it.
static WATCHED: WordSet = WordSet::new(&[
    "or",
    "and",
    "xor",
    "having",
    "union",
    "except",
    "intersect",
    "order",
    "group",
    "procedure",
    "into",
    "limit",
    "waitfor",
    "case",
    "when",
    "dbms_lock",
    "dbms_pipe",
    "dbms_session",
    "utl_http",
    "utl_inaddr",
    "child_process",
]);

/// Families, as bits of [`Family`], of which the text has a sign.
pub(crate) fn families(text: &str, kinds: Kinds) -> u8 {
    let possible = kinds.possible();
    if possible == 0 {
        return 0;
    }
    let mut signs = Signs { text, bytes: text.as_bytes(), kinds: kinds.0, found: 0, seen: 0 };
    signs.read();
    signs.found & possible
}

/// What was seen: a `case`, the first `{{`, the first `${`, a call that may be prose, two hyphens.
const CASE: u8 = 1;
const BRACES: u8 = 1 << 1;
const LOOK_UP: u8 = 1 << 2;
const CALL: u8 = 1 << 3;
const HYPHENS: u8 = 1 << 4;

struct Signs<'t> {
    text: &'t str,
    bytes: &'t [u8],
    kinds: u16,
    found: u8,
    seen: u8,
}

impl Signs<'_> {
    fn read(&mut self) {
        let bytes = self.bytes;
        self.note(X, code_signs::beginning(bytes, self.kinds & QUOTE != 0));
        self.note(C, shell_signs::beginning(bytes, skip(bytes, 0, is_blank)));
        let mut at = 0;
        while let Some(&next) = bytes.get(at) {
            let kind = kind(next);
            if kind & WORD != 0 {
                let end = skip(bytes, at + 1, is_in_word);
                if kind & BEGIN != 0 {
                    self.word(at, end);
                }
                at = end;
                continue;
            }
            match kind {
                SPACE | 0 => {}
                QUOTE => self.quote(at),
                SHELL => self.shell(at, next),
                SLASH => self.slash(at),
                POINT => self.point(at, next),
                NUL => self.found |= T,
                _ => self.mark(at, next),
            }
            at += 1;
        }
        // In a text with separators it is code.
        let separated = self.kinds & SHELL != 0 || self.seen & HYPHENS != 0;
        self.note(C, self.seen & CALL != 0 && separated);
    }

    fn note(&mut self, family: u8, sign: bool) {
        if sign {
            self.found |= family;
        }
    }

    /// Whether it is the first time.
    const fn first(&mut self, flag: u8) -> bool {
        let first = self.seen & flag == 0;
        self.seen |= flag;
        first
    }

    /// Looks at the word `start..end`. A number ends where a word begins: `1or 1=1`.
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let start = match byte(self.bytes, start) {
            b'0'..=b'9' | b'e' | b'E' => number_end(self.bytes, start),
            _ => start,
        };
        if let Some(word) = self.bytes.get(start..end).and_then(|word| WATCHED.get(word)) {
            self.watched(word, end);
        }
    }

    #[inline(never)]
    fn watched(&mut self, word: &str, end: usize) {
        match word {
            "child_process" => self.found |= C,
            "case" => self.seen |= CASE,
            "when" => self.note(S, self.seen & CASE != 0),
            _ => self.note(S, sql_signs::word(self.bytes, word, end)),
        }
    }

    #[inline(never)]
    fn quote(&mut self, at: usize) {
        self.note(S, sql_signs::quote(self.bytes, at + 1));
        self.note(X, code_signs::quote(self.bytes, at + 1));
    }

    #[inline(never)]
    fn shell(&mut self, at: usize, sign: u8) {
        let bytes = self.bytes;
        let next = byte(bytes, at + 1);
        match sign {
            b'\n' | b'\r' => self.note(C, shell_signs::line(bytes, at + 1)),
            b'$' if next == b'(' => self.note(C, shell_signs::separator(bytes, at + 2)),
            b'$' if next == b'{' && self.first(LOOK_UP) => {
                self.note(C, shell_signs::look_up(bytes, at + 2));
                self.note(X, code_signs::template(bytes, at + 2));
            }
            b'$' => {}
            _ => self.note(C, shell_signs::separator(bytes, at + 1)),
        }
        match sign {
            b';' => self.note(S, sql_signs::statement(bytes, at + 1)),
            b'`' => self.note(X, code_signs::quote(bytes, at + 1)),
            b'|' | b'&' if next == sign => self.note(S, sql_signs::logic(bytes, at + 2)),
            b'&' if next == b'#' || next.is_ascii_alphabetic() => {
                self.note(X, code_signs::escape(self.text, at));
            }
            _ => {}
        }
    }

    #[inline(never)]
    fn slash(&mut self, at: usize) {
        self.note(T, path_signs::slash(self.bytes, at));
        match byte(self.bytes, at) {
            b'/' => self.note(C, shell_signs::slash(self.bytes, at)),
            _ => self.note(X, code_signs::escape(self.text, at)),
        }
    }

    fn point(&mut self, at: usize, sign: u8) {
        let bytes = self.bytes;
        match (sign, byte(bytes, at + 1)) {
            (b'.', b'.') => self.note(T, path_signs::dots(bytes, at)),
            (b'.', b'e' | b'E') => self.note(C, shell_signs::dot(bytes, at)),
            (b'-', next @ (b'-' | b'i' | b'I')) => {
                self.note(C, shell_signs::hyphen(bytes, at));
                self.seen |= if next == b'-' { HYPHENS } else { 0 };
            }
            (b':', b'/' | b't' | b'T' | b'h' | b'H' | b'f' | b'F') => {
                self.note(T, path_signs::colon(bytes, at))
            }
            _ => {}
        }
    }

    #[inline(never)]
    fn mark(&mut self, at: usize, sign: u8) {
        let bytes = self.bytes;
        let next = byte(bytes, at + 1);
        match sign {
            b'=' => self.note(X, code_signs::handler(bytes, at)),
            b'(' => {
                self.note(S, sql_signs::parenthesis(bytes, at));
                self.note(C, shell_signs::call(bytes, at));
                if shell_signs::spaced_call(bytes, at) {
                    self.seen |= CALL;
                }
            }
            b'<' | b'>' if next == b'(' => self.note(C, shell_signs::separator(bytes, at + 2)),
            b'<' => {
                self.note(X, code_signs::tag(bytes, at));
                self.note(C, next == b'!');
                self.note(E, has(bytes, at, "<!doctype") || has(bytes, at, "<!entity"));
            }
            b'{' if next == b'{' && self.first(BRACES) => {
                self.note(X, code_signs::template(bytes, at + 2));
            }
            b'@' => self.note(S, next == b'@'),
            b'%' => self.note(C, has(bytes, at, "%comspec%")),
            _ => {}
        }
    }
}

/// Where the number ends that begins at `at`, or whose exponent does behind a dot, as SQL reads it;
/// `at` when there is none.
fn number_end(text: &[u8], at: usize) -> usize {
    if byte(text, at) == b'0' && matches!(byte(text, at + 1), b'x' | b'X') {
        return skip(text, at + 2, |b| b.is_ascii_hexdigit());
    }
    let end = skip(text, at, |b| b.is_ascii_digit());
    let number = end > at || at.checked_sub(1).is_some_and(|dot| byte(text, dot) == b'.');
    let exponent = matches!(byte(text, end), b'e' | b'E') && byte(text, end + 1).is_ascii_digit();
    if number && exponent { skip(text, end + 1, |b| b.is_ascii_digit()) } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u8 {
        families(text, Kinds::of(text))
    }

    #[test]
    fn signs_count_at_their_place_only() {
        for (text, family) in [
            ("1or 1=1", S),
            ("0x1for 1=1", S),
            ("1.e5union select 2", S),
            ("name,case when a then b end", S),
            ("x or dbms_pipe.y", S),
            ("alert(1)", X),
            ("print('x')", X),
            ("a\" onfocus=\"x", X),
            ("x;cat /etc/hosts", C | T),
            ("x\n ls", C),
            ("system ('id');", C),
            ("${${lower:j}ndi:x}", C),
            (">(id)", C),
            ("a/../b", T),
            ("/x\0.png", T),
        ] {
            assert_eq!(of(text) & family, family, "{text}");
        }
    }

    #[test]
    fn prose_and_protocol_have_none() {
        for text in [
            "Don't drop the table or select new chairs; it is where the union meets.",
            "in that case, \"they\" said; we'll order again & wait (or not) - it's fine",
            "operating system ('old')",
            "Print(A4)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
            "https://www.example.com/shop?utm_source=news&utm_campaign=autumn-2026",
            "W/\"5e3-18c2f0\"",
            "2026-11-22T10:00:00+01:00",
            "classpath:/templates/",
        ] {
            assert_eq!(of(text), 0, "{text}");
        }
    }
}
