//! Whether a fragment is *used* as an attack or only *mentioned* in text for people.

/// Words on both sides of a fragment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Around {
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// Pieces between white space before and after it, words or not: log lines have few words.
    pub(crate) pieces: (usize, usize),
    /// What comes before reads like the beginning of a log line.
    pub(crate) log: bool,
    /// The fragment stands between quotation marks, backticks or parentheses of the text.
    pub(crate) quoted: bool,
}

impl Around {
    /// Looks at the text around `start..end`. Counts at most 64 words on each side.
    pub(crate) fn of(text: &str, start: usize, end: usize) -> Self {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        let opening = before.trim_end().chars().next_back();
        let closing = after.trim_start().chars().next();
        let quoted = matches!(
            (opening, closing),
            (Some('`'), Some('`'))
                | (Some('"'), Some('"'))
                | (Some('('), Some(')'))
                | (Some('“' | '„' | '”'), Some('”' | '“'))
                | (Some('«'), Some('»'))
                | (Some('‘' | '‚'), Some('’' | '‘'))
        );
        let pieces = |text: &str| text.split_ascii_whitespace().take(64).count();
        let pieces = (pieces(before), pieces(after));
        Self { before: words(before), after: words(after), pieces, log: is_log(before), quoted }
    }

    /// Whether people write so about an attack: the fragment is followed by prose, or is quoted
    /// within prose. An attack on a value ends the value.
    pub(crate) const fn is_mention(self) -> bool {
        self.log
            || (self.after >= 3 && self.before + self.after >= 4)
            || (self.quoted && self.before >= 2)
            || (self.before >= 3 && self.after >= 2)
            || (self.pieces.0 >= 3 && self.pieces.1 >= 2)
    }
}

/// Whether a text begins like a log line: a time, a level, or several `key=value`.
fn is_log(before: &str) -> bool {
    let mut pairs = 0;
    let mut marks = 0;
    for piece in before.split_ascii_whitespace().take(24) {
        let piece = piece.trim_matches(['[', ']', '"', ':', '(', ')', ',']);
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        let time =
            digits >= 4 && piece.bytes().filter(|b| matches!(b, b':' | b'-' | b'/')).count() >= 2;
        let level = matches!(
            piece.to_ascii_lowercase().as_str(),
            "info" | "warn" | "warning" | "error" | "debug" | "notice" | "crit" | "fatal"
        );
        marks += usize::from(time || level || matches!(piece, "GET" | "POST" | "PUT" | "DELETE"));
        pairs += usize::from(piece.split_once('=').is_some_and(|(key, value)| {
            !value.is_empty()
                && key.len() >= 2
                && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'.')
        }));
    }
    marks >= 2 || marks + pairs >= 3
}

/// Words of natural language: two letters or more (one: `a`, `I`) between spaces or punctuation.
pub(crate) fn words(text: &str) -> usize {
    text.split([' ', '\n', '\t', ',']).filter(|word| is_word(word)).take(64).count()
}

fn is_word(word: &str) -> bool {
    let word = word.trim_matches(['"', '(', ')', '\'', '’', '“', '”', ';', '.', '!', '?', ':']);
    let mut letters = 0;
    for ch in word.chars() {
        if !(ch.is_alphabetic() || matches!(ch, '\'' | '’' | '-')) {
            return false;
        }
        letters += usize::from(ch.is_alphabetic());
    }
    letters >= 2 || matches!(word, "a" | "I")
}

/// A text of many lines is a document or a program, not a value that is put into a statement.
pub(crate) fn is_document(text: &str) -> bool {
    let text = text.trim_ascii();
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    // Line ends also stand in for spaces in disguised attacks.
    lines >= 2 && text.len() / (lines + 1) >= 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_told_from_use() {
        let around = |text: &str, fragment: &str| {
            let at = text.find(fragment).expect("fragment");
            Around::of(text, at, at + fragment.len())
        };
        assert!(around("why does `x` work in my lab?", "x").is_mention());
        assert!(around("somebody typed (x) there", "x").is_mention());
        assert!(!around("a very good product x", "x").is_mention());
        assert!(!around("x", "x").is_mention());
    }
}
