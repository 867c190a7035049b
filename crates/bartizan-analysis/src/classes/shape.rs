//! What one pass over a value tells: enough to rule out most classes without looking twice.

use super::blocks::blocks;

/// Longest value that can be one identifier, address or token; longer ones are free text.
const MAX_SINGLE_BYTES: usize = 256;

/// One-pass summary of a value. Counts are of bytes.
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
    /// Which marks occur.
    pub marks: Marks,
}

/// A set of marks: punctuation that tells forms apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// `@`.
    pub const AT: Self = Self(1);
    /// `.`.
    pub const DOT: Self = Self(2);
    /// `-`.
    pub const DASH: Self = Self(4);
    /// `:`.
    pub const COLON: Self = Self(8);
    /// `$` at the beginning.
    pub const DOLLAR: Self = Self(16);
    /// Spaces, tabs, line ends.
    pub const SPACE: Self = Self(32);
    /// Sets that there are.
    pub(super) const COUNT: usize = 64;

    /// This set if `there`.
    const fn only_if(self, there: bool) -> Self {
        Self(self.0 * there as u8)
    }

    /// These marks and those of another set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the marks of another set is among them.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The set with a number below [`Marks::COUNT`].
    pub(super) const fn numbered(number: usize) -> Self {
        Self(number as u8)
    }

    /// The number of the set.
    pub(super) const fn number(self) -> usize {
        self.0 as usize
    }
}

/// Kinds of bytes are counted side by side in one word, in lanes of this many bits.
const LANE_BITS: usize = 7;
/// As many bytes as a lane can count, in whole blocks.
const LANE_MOST: usize = 120;
/// Digits, lower, upper, wide, at, dots, dashes, colons, spaces; whatever is left is other.
const LANES: usize = 9;

/// What a byte adds to the word of lanes. The zeros that fill a block up add nothing.
static LANE_OF: [u64; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < table.len() {
        let lane = match b as u8 {
            b'0'..=b'9' => 0,
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            0x80.. => 3,
            b'@' => 4,
            b'.' => 5,
            b'-' => 6,
            b':' => 7,
            b' ' | b'\t' | b'\n' | b'\r' => 8,
            _ => LANES,
        };
        if lane < LANES {
            table[b] = 1 << (lane * LANE_BITS);
        }
        b += 1;
    }
    table
};

/// The lanes of at most [`LANE_MOST`] bytes.
fn count(bytes: &[u8]) -> u64 {
    let sum = |block: &[u8; 8]| block.iter().map(|b| LANE_OF[usize::from(*b)]).sum::<u64>();
    let (whole, last) = blocks(bytes);
    whole.iter().map(sum).sum::<u64>() + sum(&last.to_le_bytes())
}

impl Shape {
    /// Summarises `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut chunks = bytes.chunks(LANE_MOST);
        let mut shape = Self::of_lanes(count(chunks.next().unwrap_or_default()));
        for chunk in chunks {
            shape.add(&Self::of_lanes(count(chunk)));
        }
        shape.len = bytes.len();
        shape.first = bytes.first().copied().unwrap_or(0);
        shape.other = bytes.len() as u32 - shape.counted();
        shape.marks = Marks::AT
            .only_if(shape.at > 0)
            .or(Marks::DOT.only_if(shape.dots > 0))
            .or(Marks::DASH.only_if(shape.dashes > 0))
            .or(Marks::COLON.only_if(shape.colons > 0))
            .or(Marks::DOLLAR.only_if(shape.first == b'$'))
            .or(Marks::SPACE.only_if(shape.spaces > 0));
        shape
    }

    fn of_lanes(packed: u64) -> Self {
        let lane = |i: usize| (packed >> (i * LANE_BITS)) as u32 & ((1 << LANE_BITS) - 1);
        Self {
            len: 0,
            first: 0,
            digits: lane(0),
            lower: lane(1),
            upper: lane(2),
            wide: lane(3),
            at: lane(4),
            dots: lane(5),
            dashes: lane(6),
            colons: lane(7),
            spaces: lane(8),
            other: 0,
            marks: Marks::NONE,
        }
    }

    fn add(&mut self, more: &Self) {
        self.digits += more.digits;
        self.lower += more.lower;
        self.upper += more.upper;
        self.wide += more.wide;
        self.at += more.at;
        self.dots += more.dots;
        self.dashes += more.dashes;
        self.colons += more.colons;
        self.spaces += more.spaces;
    }

    /// Bytes that are not other.
    const fn counted(&self) -> u32 {
        let letters_and_digits = self.digits + self.lower + self.upper + self.wide;
        letters_and_digits + self.at + self.dots + self.dashes + self.colons + self.spaces
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
            && (self.at > 0 || self.digits + self.upper >= 6)
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
        assert_eq!((shape.digits, shape.at, shape.upper), (16, 1, 1));
        assert_eq!((shape.dashes, shape.spaces, shape.dots, shape.wide), (1, 3, 2, 2));
        assert_eq!(Shape::of("").first, 0);
    }

    #[test]
    fn counts_of_any_length_are_exact() {
        for times in [1, 126, 127, 128, 255, 1000] {
            let shape = Shape::of(&"aB3é@.-: _".repeat(times));
            let n = times as u32;
            let counts = [shape.lower, shape.upper, shape.digits, shape.at, shape.dots];
            assert_eq!(counts, [n; 5]);
            assert_eq!([shape.dashes, shape.colons, shape.spaces, shape.other], [n; 4]);
            assert_eq!((shape.wide, shape.len), (2 * n, 11 * times));
        }
    }

    #[test]
    fn integers_are_written_as_decimal() {
        for value in [0, 7, -7, 1_234_567, i64::MAX, i64::MIN] {
            assert_eq!(NumberText::default().write(value), value.to_string());
        }
    }
}
