//! JSON (RFC 8259) with positions, without recursion. Comments and trailing commas are passed over
//! with a warning; at the first thing that is no JSON reading ends, and what was read stays.

use super::{Builder, MAX_NAME, Position, Tree};
use crate::spec::{SpecLimit, budget::Limits, problem::Problems};

/// Reads a document. Whether it is JSON as far as it was read: up to its end, or a limit.
pub(super) fn read(text: &str, limits: Limits, problems: &mut Problems) -> (Tree, bool) {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        line_start: Mark::default(),
        builder: Builder::new(limits),
        problems,
        noted: false,
    };
    let mut is_json = true;
    if let Err(stop) = reader.run() {
        let at = reader.position();
        match stop {
            Stop::Expected(what) => {
                is_json = false;
                let what = format_args!("not JSON: expected {what}; nothing behind this is read");
                reader.problems.error_in(&reader.builder, at, what);
            }
            Stop::Limit(limit) => reader.problems.limit_in(&reader.builder, at, limit),
        }
    }
    (reader.builder.finish(), is_json)
}

enum Stop {
    Expected(&'static str),
    Limit(SpecLimit),
}

impl From<SpecLimit> for Stop {
    fn from(limit: SpecLimit) -> Self {
        Self::Limit(limit)
    }
}

/// A byte and how many letters of its line are before it, so that columns of one long line are
/// counted once.
#[derive(Clone, Copy, Default)]
struct Mark {
    byte: usize,
    column: u32,
}

struct Reader<'t, 'p> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: u32,
    line_start: Mark,
    builder: Builder,
    problems: &'p mut Problems,
    /// That it is not strictly JSON was said.
    noted: bool,
}

impl Reader<'_, '_> {
    fn run(&mut self) -> Result<(), Stop> {
        self.space();
        self.value()?;
        while self.builder.depth() > 0 {
            self.space();
            let object = self.builder.in_object();
            let close = if object { b'}' } else { b']' };
            match self.peek() {
                Some(byte) if byte == close => {
                    self.at += 1;
                    self.builder.close();
                    self.space();
                    self.separator()?;
                    continue;
                }
                None => {
                    return Err(Stop::Expected(if object { "a name or `}`" } else { "`]`" }));
                }
                Some(_) => {}
            }
            if object {
                self.name()?;
            }
            self.value()?;
            self.separator_after_scalar()?;
        }
        self.space();
        if self.at < self.bytes.len() {
            return Err(Stop::Expected("the end of the document"));
        }
        Ok(())
    }

    /// Scalars are followed by a comma or the end; what was just opened is not.
    fn separator_after_scalar(&mut self) -> Result<(), Stop> {
        let before = self.bytes.get(self.at.wrapping_sub(1)).copied();
        if self.builder.depth() > 0 && !matches!(before, Some(b'{' | b'[')) {
            self.space();
            self.separator()?;
        }
        Ok(())
    }

    fn separator(&mut self) -> Result<(), Stop> {
        if self.builder.depth() == 0 {
            return Ok(());
        }
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                if matches!(self.peek(), Some(b'}' | b']')) {
                    self.note();
                }
                Ok(())
            }
            Some(b'}') if self.builder.in_object() => Ok(()),
            Some(b']') if !self.builder.in_object() => Ok(()),
            _ => Err(Stop::Expected("`,` or the end of the list")),
        }
    }

    fn name(&mut self) -> Result<(), Stop> {
        let at = self.position();
        if self.peek() != Some(b'"') {
            return Err(Stop::Expected("a name in quotes"));
        }
        let name = self.string()?;
        if name.len() > MAX_NAME {
            return Err(SpecLimit::NameBytes.into());
        }
        let again = self.builder.has(&name);
        self.builder.key(&name, at)?;
        if again {
            let what = "this name came before: the last one counts";
            self.problems.warning_in(&self.builder, at, what);
        }
        self.space();
        if self.peek() != Some(b':') {
            return Err(Stop::Expected("`:`"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn value(&mut self) -> Result<(), Stop> {
        let at = self.position();
        match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                self.builder.open(open == b'{', at)?;
                self.at += 1;
            }
            Some(b'"') => {
                let text = self.string()?;
                self.builder.text(&text, at)?;
            }
            Some(b'-' | b'0'..=b'9') => {
                let from = self.at;
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    self.at += 1;
                }
                let text = self.text.get(from..self.at).unwrap_or_default();
                self.builder.number(text, at)?;
            }
            _ => self.word(at)?,
        }
        Ok(())
    }

    fn word(&mut self, at: Position) -> Result<(), Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(b"true") {
            self.builder.bool(true, at)?;
            self.at += 4;
        } else if rest.starts_with(b"false") {
            self.builder.bool(false, at)?;
            self.at += 5;
        } else if rest.starts_with(b"null") {
            self.builder.null(at)?;
            self.at += 4;
        } else {
            return Err(Stop::Expected("a value"));
        }
        Ok(())
    }

    /// A string, from its quote on.
    fn string(&mut self) -> Result<String, Stop> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let from = self.at;
            let rest = self.bytes.get(from..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(Stop::Expected("the end of a text"));
            };
            self.at += length;
            let plain = self.text.get(from..self.at).unwrap_or_default();
            // Not allowed in JSON, and common.
            for (i, _) in plain.match_indices('\n') {
                self.line = self.line.saturating_add(1);
                self.line_start = Mark { byte: from + i + 1, column: 0 };
            }
            out.push_str(plain);
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(out);
            }
            self.escaped(&mut out)?;
        }
    }

    fn escaped(&mut self, out: &mut String) -> Result<(), Stop> {
        let letter = self.bytes.get(self.at + 1).copied();
        self.at = (self.at + 2).min(self.bytes.len());
        out.push(match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode()?,
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(Stop::Expected("an escape of JSON"));
            }
        });
        Ok(())
    }

    fn unicode(&mut self) -> Result<char, Stop> {
        let high = self.unit().ok_or(Stop::Expected("four hexadecimal digits"))?;
        if (0xd800..0xdc00).contains(&high) && self.bytes.get(self.at..self.at + 2) == Some(b"\\u")
        {
            let before = self.at;
            self.at += 2;
            match self.unit() {
                Some(low) if (0xdc00..0xe000).contains(&low) => {
                    let both = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => self.at = before,
            }
        }
        // Half of a pair stands for nothing.
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let value = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits)?;
        self.at += 4;
        u32::from_str_radix(value, 16).ok()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// White space, and comments.
    fn space(&mut self) {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match rest {
                [b'\n', ..] => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = Mark { byte: self.at, column: 0 };
                }
                [b' ' | b'\r' | b'\t', ..] => self.at += 1,
                [b'/', b'/', ..] => {
                    self.note();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                [b'/', b'*', ..] => {
                    self.note();
                    let end = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |e| e + 2);
                    let lines = rest.get(..end).unwrap_or_default();
                    for at in memchr::memchr_iter(b'\n', lines) {
                        self.line = self.line.saturating_add(1);
                        self.line_start = Mark { byte: self.at + at + 1, column: 0 };
                    }
                    self.at += end;
                }
                _ => return,
            }
        }
    }

    fn note(&mut self) {
        if !std::mem::replace(&mut self.noted, true) {
            let at = self.position();
            self.problems.warning("", at, "comments and trailing commas are no JSON: passed over");
        }
    }

    fn position(&mut self) -> Position {
        let Mark { byte, column } = self.line_start;
        let between = self.bytes.get(byte..self.at).unwrap_or_default();
        let letters = between.iter().filter(|b| (**b & 0xc0) != 0x80).count();
        let column = column.saturating_add(super::short(letters));
        self.line_start = Mark { byte: self.at, column };
        Position { line: self.line, column: column.saturating_add(1) }
    }
}
