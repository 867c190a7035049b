//! Runs of bytes of one alphabet in a text.

/// A set of ASCII bytes.
pub(super) struct Alphabet([bool; 256]);

impl Alphabet {
    /// Letters and digits, and the bytes of `others`.
    pub(super) const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut b = 0;
        while b < table.len() {
            table[b] = (b as u8).is_ascii_alphanumeric();
            b += 1;
        }
        let mut i = 0;
        while i < others.len() {
            table[others[i] as usize] = true;
            i += 1;
        }
        Self(table)
    }

    /// Whether `b` is in the set.
    pub(super) const fn has(&self, b: u8) -> bool {
        self.0[b as usize]
    }

    /// The maximal runs of at least `least` bytes of the set, as ranges, in order. Of shorter runs
    /// only a few bytes are looked at: a long run cannot avoid every `least`-th byte.
    pub(super) fn runs<'a>(
        &'a self,
        bytes: &'a [u8],
        least: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let reach = least.max(1);
        // The run at hand starts at `start`; up to `known` its bytes were looked at.
        let (mut start, mut known) = (0, 0);
        std::iter::from_fn(move || {
            loop {
                let candidate = bytes.get(start..start + reach)?;
                let unknown = candidate.get(known - start..).unwrap_or_default();
                if let Some(gap) = unknown.iter().rposition(|b| !self.has(*b)) {
                    let next = known + gap + 1;
                    (start, known) = (next, start + reach);
                    continue;
                }
                let rest = bytes.get(start + reach..).unwrap_or_default();
                let more = rest.iter().take_while(|b| self.has(**b)).count();
                let run = (start, start + reach + more);
                start = run.1 + 1;
                known = start;
                return Some(run);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_those_of_a_split() {
        let set = Alphabet::alphanumeric_and(b"-");
        let texts = [
            "",
            "abc",
            "abcd",
            " abcd",
            "abcd efgh-1 x yz abc abcde",
            "é abcd éabcdé--------",
            "a b c d e f g h abcdefghijk",
        ];
        for text in texts {
            for least in 1..8 {
                let expected: Vec<_> = text
                    .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                    .filter(|run| run.len() >= least)
                    .collect();
                let runs = set.runs(text.as_bytes(), least);
                let found: Vec<_> = runs.map(|(start, end)| &text[start..end]).collect();
                assert_eq!(found, expected, "{text}, {least}");
            }
        }
    }
}
