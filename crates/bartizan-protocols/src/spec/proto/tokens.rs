//! Tokens of protocol buffers: words, texts and signs, without comments.

/// A token with where it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name with dots, or a number.
    Word(&'t str),
    /// A text, with its quotes.
    Text(&'t str),
    /// Anything else, by itself.
    Sign(u8),
}

#[derive(Clone, Copy)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes of the whole text.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// The next token and its first byte.
    pub(super) fn next(&mut self) -> Option<(Token<'t>, usize)> {
        self.space();
        let bytes = self.text.as_bytes();
        let from = self.at;
        let first = *bytes.get(from)?;
        if is_word(first) {
            while bytes.get(self.at).is_some_and(|b| is_word(*b)) {
                self.at += 1;
            }
            return Some((Token::Word(self.text.get(from..self.at)?), from));
        }
        self.at += 1;
        if first == b'"' || first == b'\'' {
            while let Some(byte) = bytes.get(self.at) {
                self.at += 1;
                match byte {
                    b'\\' => self.at += 1,
                    b'\n' => break,
                    byte if *byte == first => break,
                    _ => {}
                }
            }
            self.at = self.at.min(bytes.len());
            return Some((Token::Text(self.text.get(from..self.at).unwrap_or_default()), from));
        }
        Some((Token::Sign(first), from))
    }

    fn space(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            match rest {
                [first, ..] if first.is_ascii_whitespace() => self.at += 1,
                [b'/', b'/', ..] => {
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                [b'/', b'*', ..] => {
                    self.at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
                }
                _ => return,
            }
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || byte >= 0x80
}
