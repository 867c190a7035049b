//! Splits field names into words: lower case, ASCII folded, in singular.

/// Most words of a name that are looked at; of longer names the last ones.
const MAX_WORDS: usize = 8;
/// Longest name (parent, separator and own) that is looked at, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 96;

/// Collects words separated by single spaces.
#[derive(Default)]
pub(super) struct Words {
    /// The words.
    pub(super) text: String,
    count: usize,
}

impl Words {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Splits at separators, at `aB` and before the last capital of `ABc`, and between letters and
    /// digits.
    pub(super) fn split(&mut self, name: &str) {
        let mut previous = ' ';
        let mut word = String::new();
        let mut chars = name.chars().peekable();
        while let Some(ch) = chars.next() {
            let next_is_lower = chars.peek().is_some_and(|c| c.is_lowercase());
            let border = (ch.is_uppercase()
                && (previous.is_lowercase() || (previous.is_uppercase() && next_is_lower)))
                || (ch.is_alphanumeric()
                    && previous.is_alphanumeric()
                    && ch.is_ascii_digit() != previous.is_ascii_digit());
            if border || !ch.is_alphanumeric() {
                self.push(&mut word);
            }
            if ch.is_alphanumeric() {
                fold_into(&mut word, ch);
            }
            previous = ch;
        }
        self.push(&mut word);
    }

    fn push(&mut self, word: &mut String) {
        if word.is_empty() {
            return;
        }
        singular(word);
        if self.count < MAX_WORDS && self.text.len() + 1 + word.len() <= MAX_NAME_BYTES {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(word);
            self.count += 1;
        }
        word.clear();
    }
}

/// Lower case, and the plain letter of common accented ones.
fn fold_into(out: &mut String, ch: char) {
    for lower in ch.to_lowercase() {
        match lower {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => out.push('a'),
            'ç' | 'ć' | 'č' => out.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' | 'ı' => out.push('i'),
            'ñ' | 'ń' => out.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => out.push('o'),
            'ù' | 'ú' | 'û' | 'ü' | 'ů' => out.push('u'),
            'ý' => out.push('y'),
            'š' | 'ś' | 'ş' => out.push('s'),
            'ž' | 'ź' | 'ż' => out.push('z'),
            'ğ' => out.push('g'),
            'ł' => out.push('l'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            '\u{307}' => {}
            other => out.push(other),
        }
    }
}

/// English plural to singular, as far as it is safe: `addresses`, `emails`, not `address`, `sms`.
fn singular(word: &mut String) {
    let kept = ["ss", "us", "is", "os", "as", "ses"].iter().any(|end| word.ends_with(end));
    if word.ends_with("sses") {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s') && !kept && word.len() > if word.ends_with("es") { 4 } else { 3 }
    {
        word.pop();
    }
}
