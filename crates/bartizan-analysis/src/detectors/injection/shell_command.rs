//! The command word behind a separator, as a shell would read it.

use super::{
    look::{byte, has, skip},
    shell_words::{SURE, WORDS},
};

/// Most bytes of a command word.
const MOST: usize = 64;

/// A command that attacks run.
pub(crate) struct Command {
    /// The name as the lists have it.
    pub(crate) known: Option<&'static str>,
    /// Whether the word is none of prose.
    pub(crate) sure: bool,
    /// Bytes of the name, without folders and `.exe`.
    pub(crate) length: usize,
    /// Whether it is written with the folders from the root.
    pub(crate) has_path: bool,
    /// Where the text goes on behind it.
    pub(crate) end: usize,
    /// Whether it is written so as to be missed.
    pub(crate) disguised: bool,
}

impl Command {
    /// Reads the command that begins at `at` or behind white space; `None` for any other word.
    pub(crate) fn read(text: &[u8], at: usize) -> Option<Self> {
        let start = skip(text, at, is_space);
        let end = skip(text, start, is_plain);
        let hides = matches!(byte(text, end), b'\'' | b'"' | b'\\' | b'^' | b'$' | b'{');
        if hides || end - start > MOST {
            let word = Word::read(text, start);
            return Self::of(word.as_bytes(), word.end, word.disguised);
        }
        Self::of(text.get(start..end)?, end, false)
    }

    fn of(word: &[u8], end: usize, disguised: bool) -> Option<Self> {
        let start = word.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
        let name = word.get(start..)?;
        let bare = match name.len().checked_sub(4) {
            Some(at) if byte(name, at) == b'.' && has(name, at, ".exe") => name.get(..at)?,
            _ => name,
        };
        let rooted = word.first() == Some(&b'/');
        let certain = SURE.get(bare);
        let known = certain.or_else(|| WORDS.get(bare));
        let sure = certain.is_some() || (rooted && word.contains(&b'?'));
        let in_bin = rooted && word.windows(4).any(|part| part == b"bin/");
        let length = bare.len();
        let has_path = rooted && length < word.len();
        (sure || in_bin || known.is_some()).then_some(Self {
            known,
            sure,
            length,
            has_path,
            end,
            disguised,
        })
    }

    /// Whether its name is one of `names` (lower case).
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        self.known.is_some_and(|known| names.contains(&known))
    }
}

/// White space and what stands for it in queries.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'+' | b'\n' | b'\r')
}

/// `${IFS}`, `$IFS$9` or `{cat,` as white space: its length.
pub(crate) fn expansion(rest: &[u8]) -> Option<usize> {
    let first = *rest.first()?;
    if first == b'{' {
        return Some(1);
    }
    if first != b'$' {
        return None;
    }
    ["${IFS}$9", "${IFS}", "$IFS$9", "$IFS$1", "$IFS"]
        .into_iter()
        .find(|e| rest.starts_with(e.as_bytes()))
        .map(str::len)
}

/// A word with the quotes, backslashes and empty expansions of shells undone.
struct Word {
    bytes: [u8; MOST],
    length: usize,
    end: usize,
    disguised: bool,
}

impl Word {
    fn read(text: &[u8], at: usize) -> Self {
        let mut word = Self { bytes: [0; MOST], length: 0, end: at, disguised: false };
        while word.length < MOST
            && let Some(rest) = text.get(word.end..)
            && let Some(&first) = rest.first()
        {
            if is_plain(first) {
                if let Some(place) = word.bytes.get_mut(word.length) {
                    *place = first;
                }
                word.length += 1;
                word.end += 1;
                continue;
            }
            let Some(used) = word.hidden(rest, first) else { break };
            word.disguised = true;
            word.end += used;
        }
        word
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Bytes that a shell drops from the word here; `None` when the word ends.
    fn hidden(&self, rest: &[u8], first: u8) -> Option<usize> {
        let begins = self.length == 0;
        if let Some(used) = expansion(rest) {
            return begins.then_some(used);
        }
        let next = byte(rest, 1);
        let goes_on = match first {
            b'\'' | b'"' if self.length + 1 >= rest.len() => false,
            // An opening quote that something else closes.
            b'\'' | b'"' if begins => {
                let tail = rest.get(1..).unwrap_or_default();
                !matches!(next, b' ' | b';')
                    && next.is_ascii()
                    && memchr::memchr(first, tail).is_some()
            }
            b'\'' | b'"' => next.is_ascii_alphanumeric() || matches!(next, b'\'' | b'"'),
            b'\\' => begins || next.is_ascii_alphabetic(),
            b'^' => !begins && next.is_ascii_alphabetic(),
            b'$' => return matches!(next, b'@' | b'1').then_some(2),
            _ => false,
        };
        goes_on.then_some(1)
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'?' | b'*' | b'%' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_shells_do() {
        for (text, word, disguised) in [
            ("cat /etc", "cat", false),
            ("c'a't x", "cat", true),
            ("\"cat\" x", "cat", true),
            ("\\cat", "cat", true),
            ("${IFS}cat", "cat", true),
            ("{cat,x}", "cat", true),
            ("who^ami", "whoami", true),
            ("wh$@oami", "whoami", true),
            ("don't go", "dont", true),
            ("' x'", "", false),
        ] {
            let read = Word::read(text.as_bytes(), 0);
            assert_eq!((read.as_bytes(), read.disguised), (word.as_bytes(), disguised), "{text}");
        }
    }

    #[test]
    fn commands_are_told_from_words() {
        for text in ["cat x", "/bin/x", "/???/c?t", "CMD.exe", "/usr/bin/id", " +\tls"] {
            assert!(Command::read(text.as_bytes(), 0).is_some(), "{text}");
        }
        for text in ["please", "", "'x", "idea", "don't", "/home/x"] {
            assert!(Command::read(text.as_bytes(), 0).is_none(), "{text}");
        }
    }
}
