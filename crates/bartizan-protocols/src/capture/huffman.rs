//! The Huffman code of HPACK (RFC 7541 §5.2 and appendix B).
//!
//! The code is canonical: codes of one length are consecutive and in the order of their symbols, so
//! that the lengths say all.

use std::sync::LazyLock;

/// Length in bits of the code of each byte, and of the end of the string.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
const LONGEST: usize = 30;
const END: u16 = 256;

/// The codes of one length: the first of them, how many, and where their symbols begin.
#[derive(Clone, Copy, Default)]
struct Row {
    first: u32,
    count: u32,
    offset: u32,
}

struct Code {
    rows: [Row; LONGEST + 1],
    symbols: Vec<u16>,
}

static CODE: LazyLock<Code> = LazyLock::new(|| {
    let mut rows = [Row::default(); LONGEST + 1];
    let mut symbols = Vec::with_capacity(LENGTHS.len());
    let mut first = 0u32;
    for (length, row) in rows.iter_mut().enumerate().skip(1) {
        first <<= 1;
        let offset = symbols.len() as u32;
        let of_length = LENGTHS.iter().zip(0u16..).filter(|(l, _)| usize::from(**l) == length);
        symbols.extend(of_length.map(|(_, symbol)| symbol));
        let count = symbols.len() as u32 - offset;
        *row = Row { first, count, offset };
        first += count;
    }
    Code { rows, symbols }
});

/// The text of a Huffman-coded string; `None` when it is none: a code that stands for the end, or
/// padding that is longer than seven bits or not of ones. At most 8/5 of the length of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let code = &*CODE;
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    let (mut value, mut length) = (0u32, 0usize);
    for byte in bytes {
        for shift in (0..8).rev() {
            value = value << 1 | u32::from(byte >> shift & 1);
            length += 1;
            let row = code.rows.get(length)?;
            let Some(index) = value.checked_sub(row.first).filter(|i| *i < row.count) else {
                continue;
            };
            match *code.symbols.get((row.offset + index) as usize)? {
                END => return None,
                symbol => out.push(symbol as u8),
            }
            (value, length) = (0, 0);
        }
    }
    (length < 8 && value == (1 << length) - 1).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_complete() {
        let sum: u64 = LENGTHS.iter().map(|length| 1u64 << (LONGEST - usize::from(*length))).sum();
        assert_eq!(sum, 1 << LONGEST);
    }

    #[test]
    fn examples_of_the_rfc_are_read() {
        // RFC 7541 appendix C.4 and C.6.
        for (coded, text) in [
            (&b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..], "www.example.com"),
            (b"\xa8\xeb\x10\x64\x9c\xbf", "no-cache"),
            (b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f", "custom-key"),
            (b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf", "custom-value"),
            (b"\x64\x02", "302"),
            (b"\xae\xc3\x77\x1a\x4b", "private"),
            (
                b"\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8\xe9\xae\x82\xae\x43\xd3",
                "https://www.example.com",
            ),
            (b"", ""),
        ] {
            assert_eq!(decode(coded).as_deref(), Some(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_is_no_string_is_refused() {
        // Padding of zeros, of eight bits, and the end of the string spelled out.
        for coded in [&b"\x18"[..], b"\x1f\xff", b"\xff\xff\xff\xff"] {
            assert_eq!(decode(coded), None, "{coded:?}");
        }
    }
}
