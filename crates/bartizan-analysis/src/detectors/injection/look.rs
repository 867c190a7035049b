//! Looking around in the bytes of a text.

/// The byte at `at`; 0 behind the end.
#[inline]
pub(crate) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The first place from `at` on whose byte fails the test.
#[inline]
pub(crate) fn skip(text: &[u8], at: usize, test: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !test(*byte)).unwrap_or(rest.len())
}

/// The beginning of the bytes directly before `at` that pass the test.
#[inline]
pub(crate) fn skip_back(text: &[u8], at: usize, test: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(..at).unwrap_or_default();
    rest.iter().rposition(|byte| !test(*byte)).map_or(0, |last| last + 1)
}

/// Whether `word` (in lower case) stands at `at`, in any case.
#[inline]
pub(crate) fn has(text: &[u8], at: usize, word: &str) -> bool {
    text.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
}

/// White space, as lenient parsers take it.
#[inline]
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0)
}
