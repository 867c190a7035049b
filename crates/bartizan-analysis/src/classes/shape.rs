//! What one pass over a value tells: enough to rule out most classes without looking twice.

/// Longest value that can be one identifier, address or token; longer ones are free text.
const MAX_SINGLE_BYTES: usize = 256;

/// One-pass summary of a value. Counts are of bytes and saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Length in bytes.
    pub len: usize,
    /// First byte; 0 for an empty text.
    pub first: u8,
    /// ASCII digits.
    pub digits: u32,
    /// ASCII letters, lower case.
    pub lower: u32,
    /// ASCII letters, upper case.
    pub upper: u32,
    /// Bytes of non-ASCII characters.
    pub wide: u32,
    /// `@`.
    pub at: u32,
    /// `.`.
    pub dots: u32,
    /// `-`.
    pub dashes: u32,
    /// `:`.
    pub colons: u32,
    /// Spaces, tabs, line ends.
    pub spaces: u32,
    /// Any other ASCII byte.
    pub other: u32,
    /// Longest run of digits, where single spaces, dots, slashes and dashes do not break a run.
    pub digit_run: u32,
}

impl Shape {
    /// Summarises `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut shape = Self {
            len: bytes.len(),
            first: bytes.first().copied().unwrap_or(0),
            ..Self::default()
        };
        let (mut run, mut gap) = (0u32, 0u32);
        for &b in bytes {
            match b {
                b'0'..=b'9' => {
                    shape.digits += 1;
                    run += 1;
                    gap = 0;
                    shape.digit_run = shape.digit_run.max(run);
                    continue;
                }
                b'a'..=b'z' => shape.lower += 1,
                b'A'..=b'Z' => shape.upper += 1,
                b' ' | b'-' | b'.' | b'/' if run > 0 && gap == 0 => {
                    gap = 1;
                    shape.count_punctuation(b);
                    continue;
                }
                _ => shape.count_punctuation(b),
            }
            run = 0;
            gap = 0;
        }
        shape
    }

    fn count_punctuation(&mut self, b: u8) {
        match b {
            b'@' => self.at += 1,
            b'.' => self.dots += 1,
            b'-' => self.dashes += 1,
            b':' => self.colons += 1,
            b' ' | b'\t' | b'\n' | b'\r' => self.spaces += 1,
            0x80.. => self.wide += 1,
            _ => self.other += 1,
        }
    }

    /// ASCII letters.
    #[must_use]
    pub const fn letters(&self) -> u32 {
        self.lower + self.upper
    }

    /// Whether it is short enough to be one value rather than free text.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.len <= MAX_SINGLE_BYTES
    }

    /// Whether it holds only digits.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        self.digits as usize == self.len
    }

    /// Whether it holds only digits, spaces, dashes, dots (and slashes and the like).
    #[must_use]
    pub const fn is_digits_and_separators(&self) -> bool {
        self.letters() == 0 && self.wide == 0 && self.at == 0 && self.colons == 0
    }

    /// Whether other values can sit inside: free text, addresses with a query, lists.
    #[must_use]
    pub const fn may_embed(&self) -> bool {
        let separators = self.spaces + self.other;
        (self.len > MAX_SINGLE_BYTES || (self.len >= 12 && separators > 0))
            && (self.at > 0 || self.digit_run >= 9 || self.digits + self.upper >= 6)
    }
}

/// Room for the decimal text of an integer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberText {
    bytes: [u8; 20],
}

impl NumberText {
    /// Writes `value` and returns its text.
    pub(super) fn write(&mut self, value: i64) -> &str {
        let mut at = self.bytes.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            self.bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 || at == 1 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            self.bytes[at] = b'-';
        }
        std::str::from_utf8(&self.bytes[at..]).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_one_pass() {
        let shape = Shape::of("Jane 4111-1111 1111.1111 x@y.é");
        assert_eq!((shape.digits, shape.digit_run, shape.at, shape.upper), (16, 16, 1, 1));
        assert_eq!((shape.dashes, shape.spaces, shape.dots, shape.wide), (1, 3, 2, 2));
        assert_eq!(Shape::of("").first, 0);
        assert_eq!(Shape::of("12  34").digit_run, 2);
    }

    #[test]
    fn integers_are_written_as_decimal() {
        for value in [0, 7, -7, 1_234_567, i64::MAX, i64::MIN] {
            assert_eq!(NumberText::default().write(value), value.to_string());
        }
    }
}
