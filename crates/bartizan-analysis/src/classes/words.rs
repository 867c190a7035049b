//! Splits field names into words: lower case, ASCII folded, in singular.

/// Most words of a name that are looked at.
pub(super) const MAX_WORDS: usize = 8;
/// Longest name (parent, separator and own) that is looked at, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 96;
/// Room for a name, the space before a last word, and the plural ending that it may lose: a word
/// that does not fit here does not fit a name.
const ROOM: usize = MAX_NAME_BYTES + 3;

/// Words of a name, separated by single spaces. Words for which there is no room are left out.
#[derive(Clone)]
pub(super) struct Words {
    buffer: [u8; ROOM],
    /// Bytes of the text.
    len: usize,
    /// Where the word at hand ends; beyond `ROOM` for one that is too long.
    tip: usize,
    spans: [(u8, u8); MAX_WORDS],
    count: usize,
}

/// Kinds of ASCII characters in names.
const SEPARATOR: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 3;

static KIND: [u8; 256] = {
    let mut table = [SEPARATOR; 256];
    let mut b = 0;
    while b < table.len() {
        table[b] = match b as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            _ => SEPARATOR,
        };
        b += 1;
    }
    table
};

impl Words {
    /// No words.
    pub(super) const fn new() -> Self {
        Self { buffer: [0; ROOM], len: 0, tip: 0, spans: [(0, 0); MAX_WORDS], count: 0 }
    }

    /// The words of one name.
    pub(super) fn of(name: &str) -> Self {
        let mut words = Self::new();
        words.split(name);
        words
    }

    /// How many.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The words, separated by single spaces.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(self.bytes(0, self.len)).unwrap_or("")
    }

    /// The words from one up to another.
    pub(super) fn phrase(&self, from: usize, to: usize) -> &[u8] {
        match (self.spans.get(from), to.checked_sub(1).and_then(|last| self.spans.get(last))) {
            (Some((start, _)), Some((_, end))) if to <= self.count => {
                self.bytes(usize::from(*start), usize::from(*end))
            }
            _ => &[],
        }
    }

    fn bytes(&self, from: usize, to: usize) -> &[u8] {
        self.buffer.get(from..to).unwrap_or_default()
    }

    /// Adds the words of `name`: splits at separators, at `aB` and before the last capital of
    /// `ABc`, and between letters and digits.
    pub(super) fn split(&mut self, name: &str) {
        if name.is_ascii() {
            self.split_ascii(name.as_bytes());
        } else {
            self.split_wide(name);
        }
        self.end_word();
    }

    fn split_ascii(&mut self, name: &[u8]) {
        let mut previous = SEPARATOR;
        for (i, b) in name.iter().enumerate() {
            let kind = KIND[usize::from(*b)];
            let border = match (previous, kind) {
                (_, SEPARATOR) | (LOWER, UPPER) | (DIGIT, LOWER | UPPER) => true,
                (LOWER | UPPER, DIGIT) => true,
                (UPPER, UPPER) => name.get(i + 1).is_some_and(u8::is_ascii_lowercase),
                _ => false,
            };
            if border {
                self.end_word();
            }
            if kind != SEPARATOR {
                self.put(b.to_ascii_lowercase());
            }
            previous = kind;
        }
    }

    fn split_wide(&mut self, name: &str) {
        let mut previous = ' ';
        let mut chars = name.chars().peekable();
        while let Some(ch) = chars.next() {
            let next_is_lower = chars.peek().is_some_and(|c| c.is_lowercase());
            let border = (ch.is_uppercase()
                && (previous.is_lowercase() || (previous.is_uppercase() && next_is_lower)))
                || (ch.is_alphanumeric()
                    && previous.is_alphanumeric()
                    && ch.is_ascii_digit() != previous.is_ascii_digit());
            if border || !ch.is_alphanumeric() {
                self.end_word();
            }
            if ch.is_alphanumeric() {
                self.fold(ch);
            }
            previous = ch;
        }
    }

    /// Lower case, and the plain letter of common accented ones.
    fn fold(&mut self, ch: char) {
        for lower in ch.to_lowercase() {
            match lower {
                'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => self.put(b'a'),
                'ç' | 'ć' | 'č' => self.put(b'c'),
                'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => self.put(b'e'),
                'ì' | 'í' | 'î' | 'ï' | 'ı' => self.put(b'i'),
                'ñ' | 'ń' => self.put(b'n'),
                'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => self.put(b'o'),
                'ù' | 'ú' | 'û' | 'ü' | 'ů' => self.put(b'u'),
                'ý' => self.put(b'y'),
                'š' | 'ś' | 'ş' => self.put(b's'),
                'ž' | 'ź' | 'ż' => self.put(b'z'),
                'ğ' => self.put(b'g'),
                'ł' => self.put(b'l'),
                'ß' => b"ss".iter().for_each(|b| self.put(*b)),
                'æ' => b"ae".iter().for_each(|b| self.put(*b)),
                '\u{307}' => {}
                other => other.encode_utf8(&mut [0; 4]).bytes().for_each(|b| self.put(b)),
            }
        }
    }

    fn put(&mut self, b: u8) {
        if let Some(place) = self.buffer.get_mut(self.tip) {
            *place = b;
        }
        self.tip += 1;
    }

    fn end_word(&mut self) {
        let start = if self.len == 0 { 0 } else { self.len + 1 };
        if self.tip > start {
            let end = start + singular(self.buffer.get(start..self.tip).unwrap_or_default());
            // A space is counted before the first word too.
            let fits = self.tip <= ROOM && self.len + 1 + end - start <= MAX_NAME_BYTES;
            if let Some(span) = self.spans.get_mut(self.count).filter(|_| fits) {
                *span = (start as u8, end as u8);
                if let Some(space) = start.checked_sub(1).and_then(|i| self.buffer.get_mut(i)) {
                    *space = b' ';
                }
                self.count += 1;
                self.len = end;
            }
        }
        self.tip = if self.len == 0 { 0 } else { self.len + 1 };
    }
}

/// How much of a word is its singular, in bytes. English plurals as far as it is safe: `addresses`,
/// `emails`, not `address`, `sms`.
fn singular(word: &[u8]) -> usize {
    let len = word.len();
    match word {
        [.., b's', b's', b'e', b's'] => len - 2,
        [.., b's', b'e', b's'] => len,
        [.., b's' | b'u' | b'i' | b'o' | b'a', b's'] => len,
        [.., b'e', b's'] if len <= 4 => len,
        [.., b's'] if len > 3 => len - 1,
        _ => len,
    }
}
