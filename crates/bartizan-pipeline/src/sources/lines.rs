//! Lines of bounded length from an input.

use memchr::memchr;

use super::{error::SourceError, input::Input};

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line; [`Lines::text`] has it. `ended` is false when the input stops without a line end.
    Text { ended: bool },
    /// A line longer than the limit; streamed over.
    TooLong,
    /// Nothing more.
    End,
}

/// Reads lines, keeping at most `limit` bytes of one.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// `number` lines were read before.
    pub(super) const fn new(limit: usize, number: u64) -> Self {
        Self { limit, line: Vec::new(), number }
    }

    /// Reads on to the end of the line.
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Line, SourceError> {
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        let ended = loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                break false;
            }
            any = true;
            let (taken, end) = match memchr(b'\n', chunk) {
                Some(at) => (at, true),
                None => (chunk.len(), false),
            };
            if self.line.len() + taken > self.limit {
                too_long = true;
                self.line.clear();
            }
            if !too_long {
                self.line.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            }
            input.consume(taken + usize::from(end));
            if end {
                break true;
            }
        };
        if !any {
            return Ok(Line::End);
        }
        self.number += 1;
        Ok(if too_long { Line::TooLong } else { Line::Text { ended } })
    }

    /// The line without its end and without a byte order mark.
    pub(super) fn text(&self) -> &[u8] {
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Number of the line, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.line.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static [u8], limit: usize) -> Vec<(Line, Vec<u8>)> {
        let mut input = Input::reader("x", Box::new(text), None).expect("opens");
        let mut lines = Lines::new(limit, 0);
        let mut out = Vec::new();
        loop {
            match lines.next(&mut input).expect("reads") {
                Line::End => return out,
                line => out.push((line, lines.text().to_vec())),
            }
        }
    }

    #[test]
    fn lines_end_with_lf_crlf_or_the_input() {
        let ended = Line::Text { ended: true };
        assert_eq!(
            read(b"\xef\xbb\xbfa\r\n\nb", 10),
            [(ended, b"a".to_vec()), (ended, vec![]), (Line::Text { ended: false }, b"b".to_vec())]
        );
    }

    #[test]
    fn a_long_line_is_streamed_over() {
        assert_eq!(
            read(b"12345\n1234\n", 4),
            [(Line::TooLong, vec![]), (Line::Text { ended: true }, b"1234".to_vec())]
        );
    }
}
