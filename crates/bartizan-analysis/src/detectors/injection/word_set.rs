//! Sets of words that are asked for many words of a text.

/// Most words of one set.
const MOST: usize = 128;

/// Words in lower case, compared without case. Most words that are not in the set are refused by
/// their length, first and last letter, without a comparison.
pub(crate) struct WordSet {
    /// Grouped by first letter.
    words: [&'static str; MOST],
    /// Where the words of each first letter begin; all other first bytes share the last group.
    starts: [u8; 28],
    /// For each group, a bit for every length that a word of it has; lengths from 31 on share one.
    lengths: [u32; 27],
    /// For each group, a bit for the group of every last letter that a word of it has.
    lasts: [u32; 27],
}

impl WordSet {
    pub(crate) const fn new(list: &[&'static str]) -> Self {
        let mut set = Self { words: [""; MOST], starts: [0; 28], lengths: [0; 27], lasts: [0; 27] };
        let mut next = 0;
        let mut group = 0;
        while group < 27 {
            set.starts[group] = next as u8;
            let mut at = 0;
            while at < list.len() {
                let word = list[at].as_bytes();
                if group_of(word[0]) == group {
                    set.words[next] = list[at];
                    set.lengths[group] |= length_bit(word.len());
                    set.lasts[group] |= 1 << group_of(word[word.len() - 1]);
                    next += 1;
                }
                at += 1;
            }
            group += 1;
        }
        set.starts[27] = next as u8;
        set
    }

    /// The word as the set has it.
    #[inline]
    pub(crate) fn get(&self, word: &[u8]) -> Option<&'static str> {
        let group = group_of(*word.first()?);
        let lengths = self.lengths.get(group).copied().unwrap_or(0);
        if lengths & length_bit(word.len()) == 0 {
            return None;
        }
        let lasts = self.lasts.get(group).copied().unwrap_or(0);
        if lasts & (1 << group_of(*word.last()?)) == 0 { None } else { self.find(group, word) }
    }

    /// Whether a word of the set begins with that byte.
    pub(crate) const fn begins(&self, first: u8) -> bool {
        self.lengths[group_of(first)] != 0
    }

    fn find(&self, group: usize, word: &[u8]) -> Option<&'static str> {
        let range =
            usize::from(*self.starts.get(group)?)..usize::from(*self.starts.get(group + 1)?);
        let known = self.words.get(range)?.iter();
        let mut known = known.copied().filter(|known| known.len() == word.len());
        known.find(|known| known.as_bytes().eq_ignore_ascii_case(word))
    }

    #[inline]
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        self.get(word).is_some()
    }
}

#[inline]
const fn group_of(first: u8) -> usize {
    let letter = (first | 0x20).wrapping_sub(b'a');
    if letter < 26 { letter as usize } else { 26 }
}

#[inline]
const fn length_bit(length: usize) -> u32 {
    1 << if length < 31 { length } else { 31 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_without_case() {
        static SET: WordSet = WordSet::new(&["union", "or", "@@version", "order"]);
        assert_eq!(SET.get(b"UnIoN"), Some("union"));
        assert!(SET.has(b"or") && SET.has(b"Order") && SET.has(b"@@Version"));
        for word in ["", "o", "of", "unions", "@@", "önion", &"u".repeat(99)] {
            assert!(!SET.has(word.as_bytes()), "{word}");
        }
    }
}
