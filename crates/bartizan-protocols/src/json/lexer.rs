//! Tokens of JSON: white space and comments, strings, numbers, words.

use bartizan_model::LimitName;

use super::Stop;
use crate::{anomaly::AnomalyKind, decode::Decoder, percent::hex};

/// A position in a JSON text.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    strict: bool,
}

/// A string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'t> {
    /// As it is in the body.
    Plain(&'t str),
    /// In `Scratch::unescaped`.
    Escaped,
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    /// Finite; not `exact` when it was too large for a double, or an integer beyond 64 bits.
    Double {
        value: f64,
        exact: bool,
    },
    /// Not written as JSON numbers are.
    Odd,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str, strict: bool) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, strict }
    }

    pub(super) const fn is_strict(&self) -> bool {
        self.strict
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) const fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) const fn bump(&mut self) {
        self.at += 1;
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Skips white space; comments too, which it notes.
    #[inline]
    pub(super) fn space(&mut self, decoder: &mut Decoder<'_>) {
        // Most tokens follow each other at once.
        if self.peek().is_some_and(|b| b > b'/') || self.peek() == Some(b'"') {
            return;
        }
        self.gap(decoder);
    }

    fn gap(&mut self, decoder: &mut Decoder<'_>) {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(b'/') => {
                    let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
                    let length = match self.bytes.get(self.at + 1) {
                        Some(b'/') => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                        Some(b'*') => {
                            memchr::memmem::find(rest, b"*/").map_or(rest.len(), |at| at + 2)
                        }
                        _ => return,
                    };
                    decoder.view.anomaly(decoder.side, AnomalyKind::NonStandardJson);
                    self.at += 2 + length;
                }
                _ => return,
            }
        }
    }

    /// Skips white space and NUL behind a value and says what follows.
    pub(super) fn after_value(&mut self, decoder: &mut Decoder<'_>) -> Option<u8> {
        self.space(decoder);
        self.peek()
    }

    /// Skips what separates the values of a sequence; whether there was a line end or RS.
    pub(super) fn separator(&mut self, decoder: &mut Decoder<'_>) -> bool {
        let mut found = false;
        loop {
            let start = self.at;
            self.space(decoder);
            found |= self.bytes.get(start..self.at).is_some_and(|gap| gap.contains(&b'\n'));
            if self.peek() != Some(0x1e) {
                return found;
            }
            found = true;
            self.at += 1;
        }
    }

    /// Moves behind the next line end; false when there is none.
    pub(super) fn skip_line(&mut self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match memchr::memchr(b'\n', rest) {
            Some(at) => self.at += at + 1,
            None => self.at = self.bytes.len(),
        }
        self.at < self.bytes.len()
    }

    /// Moves behind the end of a container whose opening bracket was read; false at the end.
    pub(super) fn skip_container(&mut self) -> bool {
        let mut depth = 1usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return true;
                    }
                }
                b'"' => loop {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    match memchr::memchr2(b'"', b'\\', rest) {
                        Some(at) if rest.get(at) == Some(&b'"') => {
                            self.at += at + 1;
                            break;
                        }
                        Some(at) => self.at += at + 2,
                        None => {
                            self.at = self.bytes.len();
                            return false;
                        }
                    }
                },
                _ => {}
            }
        }
        false
    }

    /// A key: quoted, or what lenient parsers read.
    pub(super) fn key(&mut self, decoder: &mut Decoder<'_>) -> Result<Text<'t>, Stop> {
        let quote = self.peek().ok_or(Stop::End)?;
        if quote == b'"' || quote == b'\'' {
            self.at += 1;
            if quote == b'\'' {
                decoder.view.anomaly(decoder.side, AnomalyKind::NonStandardJson);
            }
            let (text, stop) = self.string(decoder, quote);
            return stop.map_or(Ok(text), Err);
        }
        let word = self.word();
        if word.is_empty() || self.strict {
            return Err(Stop::Malformed);
        }
        decoder.view.anomaly(decoder.side, AnomalyKind::NonStandardJson);
        Ok(Text::Plain(word))
    }

    /// Letters, digits, `_`, `$` and everything that is not ASCII.
    pub(super) fn word(&mut self) -> &'t str {
        let start = self.at;
        let in_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | 0x80..);
        while self.bytes.get(self.at).is_some_and(in_word) {
            self.at += 1;
        }
        self.slice(start, self.at)
    }

    /// The rest of a string whose opening quote was read. When the text ends first, what is there
    /// is returned with [`Stop::End`].
    pub(super) fn string(
        &mut self,
        decoder: &mut Decoder<'_>,
        quote: u8,
    ) -> (Text<'t>, Option<Stop>) {
        let start = self.at;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default(), quote);
            match self.peek() {
                Some(byte) if byte == quote => {
                    let text = self.slice(start, self.at);
                    self.at += 1;
                    return (Text::Plain(text), None);
                }
                Some(b'\\') => return self.escaped(decoder, quote, start),
                Some(byte) => {
                    control(decoder, byte);
                    self.at += 1;
                }
                None => return (Text::Plain(self.slice(start, self.at)), Some(Stop::End)),
            }
        }
    }

    /// Goes on at the first escape of a string.
    fn escaped(
        &mut self,
        decoder: &mut Decoder<'_>,
        quote: u8,
        start: usize,
    ) -> (Text<'t>, Option<Stop>) {
        let mut out = std::mem::take(&mut decoder.scratch.unescaped);
        out.clear();
        out.push_str(self.slice(start, self.at));
        let most = decoder.limits.text_bytes as usize;
        let stop = loop {
            let from = self.at;
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default(), quote);
            out.push_str(self.slice(from, self.at));
            match self.peek() {
                Some(byte) if byte == quote => {
                    self.at += 1;
                    break None;
                }
                Some(b'\\') => {
                    if !self.escape(decoder, &mut out) {
                        break Some(Stop::End);
                    }
                }
                Some(byte) => {
                    control(decoder, byte);
                    out.push(char::from(byte));
                    self.at += 1;
                }
                None => break Some(Stop::End),
            }
            if out.len() > most {
                decoder.view.limit(decoder.side, LimitName::TextBytes);
                break Some(Stop::Limit);
            }
        };
        decoder.scratch.unescaped = out;
        (Text::Escaped, stop)
    }

    /// One escape; false when the text ends in it.
    fn escape(&mut self, decoder: &mut Decoder<'_>, out: &mut String) -> bool {
        let Some(byte) = self.bytes.get(self.at + 1).copied() else {
            self.at = self.bytes.len();
            return false;
        };
        self.at += 2;
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(decoder, out),
            _ => {
                decoder.view.anomaly(decoder.side, AnomalyKind::NonStandardJson);
                // Goes on at the character itself, which may be more than one byte long.
                self.at -= 1;
                let rest = self.slice(self.at, self.bytes.len());
                let ch = rest.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                self.at += ch.len_utf8();
                ch
            }
        };
        out.push(plain);
        true
    }

    fn unicode(&mut self, decoder: &mut Decoder<'_>, out: &mut String) -> bool {
        let side = decoder.side;
        let Some(first) = self.four() else {
            if self.bytes.len() - self.at.min(self.bytes.len()) < 4 {
                self.at = self.bytes.len();
                return false;
            }
            decoder.view.anomaly(side, AnomalyKind::NonStandardJson);
            out.push('u');
            return true;
        };
        let ch = match first {
            0xd800..=0xdbff => {
                let before = self.at;
                let low = if self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
                    self.at += 2;
                    self.four().filter(|low| (0xdc00..=0xdfff).contains(low))
                } else {
                    None
                };
                match low {
                    Some(low) => {
                        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00))
                    }
                    None => {
                        self.at = before;
                        None
                    }
                }
            }
            _ => char::from_u32(first),
        };
        match ch {
            Some(ch) => {
                if ch < ' ' || ch == '\u{7f}' {
                    control_escape(decoder, ch);
                }
                out.push(ch);
            }
            None => {
                decoder.view.anomaly(side, AnomalyKind::LoneSurrogate);
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
        true
    }

    /// Four hex digits.
    fn four(&mut self) -> Option<u32> {
        let mut code = 0;
        for digit in self.bytes.get(self.at..self.at + 4)? {
            code = code << 4 | u32::from(hex(*digit)?);
        }
        self.at += 4;
        Some(code)
    }

    /// A number, with the text it is written as.
    pub(super) fn number(&mut self) -> Result<(&'t str, Number), Stop> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.at;
        let mut value = 0i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let length = self.at - digits;
        let more = self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b".+-_$".contains(&b));
        let zero = length > 1 && self.bytes.get(digits) == Some(&b'0');
        if !more && !zero && (1..=18).contains(&length) {
            let value = if negative { -value } else { value };
            return Ok((self.slice(start, self.at), Number::Integer(value)));
        }
        let in_number = |b: &u8| b.is_ascii_alphanumeric() || b".+-_$".contains(b);
        while self.bytes.get(self.at).is_some_and(in_number) {
            self.at += 1;
        }
        let written = self.slice(start, self.at);
        if is_standard(written.as_bytes()) {
            return Ok((written, long_number(written)));
        }
        if written == "-" && self.at_end() {
            return Err(Stop::End);
        }
        let odd = !self.strict
            && written.bytes().any(|b| b.is_ascii_digit() || b == b'I')
            && written.len() <= 64;
        if odd { Ok((written, Number::Odd)) } else { Err(Stop::Malformed) }
    }
}

/// The grammar of RFC 8259 §6.
fn is_standard(written: &[u8]) -> bool {
    let rest = written.strip_prefix(b"-").unwrap_or(written);
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let signed = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-"));
        let exponent = signed.unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

fn long_number(written: &str) -> Number {
    let integer = !written.contains(['.', 'e', 'E']);
    if integer && let Ok(value) = written.parse() {
        return Number::Integer(value);
    }
    match written.parse::<f64>() {
        Ok(value) if value.is_finite() => Number::Double { value, exact: !integer },
        Ok(value) => Number::Double { value: f64::MAX.copysign(value), exact: false },
        Err(_) => Number::Odd,
    }
}

/// Length of the run without the quote, `\` and control characters.
fn plain_run(bytes: &[u8], quote: u8) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let quotes = ONES * u64::from(quote);
    let slashes = ONES * u64::from(b'\\');
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        // Little endian on purpose: the first byte of the text is the lowest one.
        let word = u64::from_le_bytes(word);
        let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = zeros(word ^ quotes) | zeros(word ^ slashes) | below_space;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stop = |b: &u8| *b == quote || *b == b'\\' || *b < 0x20;
    at + rest.iter().position(stop).unwrap_or(rest.len())
}

/// A control character that is in a string as it is.
fn control(decoder: &mut Decoder<'_>, byte: u8) {
    let kind = if byte == 0 { AnomalyKind::NulByte } else { AnomalyKind::ControlCharacter };
    decoder.view.anomaly(decoder.side, kind);
}

/// A control character that is escaped as JSON wants it: only odd ones are noted.
fn control_escape(decoder: &mut Decoder<'_>, ch: char) {
    match ch {
        '\0' => decoder.view.anomaly(decoder.side, AnomalyKind::NulByte),
        '\t' | '\n' | '\r' => {}
        _ => decoder.view.anomaly(decoder.side, AnomalyKind::ControlCharacter),
    }
}
