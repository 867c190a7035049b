//! Which words are names, and what stands in the place of those that are none.

use bartizan_model::HashKey;
use bartizan_protocols::is_identifier;

use super::Tokeniser;

/// Longest name of a member, parameter, field or element, in bytes.
const NAME_BYTES: usize = 64;
/// Most digits of a name: `address_line_1` and `sha256` are names, a number of a card is none.
const NAME_DIGITS: usize = 4;
/// Most digits of a length or a time.
const NUMBER_DIGITS: usize = 10;
/// Most digits of numbers in groups; a time of day behind a year has fewer.
const GROUPED_DIGITS: usize = 8;
/// Longest segment of a path that is taken for the name of a route, in bytes.
const ROUTE_BYTES: usize = 32;
/// Longest name of a service of gRPC with its package, in bytes.
const SERVICE_BYTES: usize = 128;
/// Most digits at the end of a part of such a name that is no version: `Greeter2`.
const PART_DIGITS: usize = 2;
/// Longest word of letters, and of letters and digits, that stays in a field that says nothing.
const WORD_LETTERS: usize = 24;
const WORD_MIXED: usize = 8;
/// Endings of files that routes are named with.
const ENDINGS: [&str; 14] = [
    "asp", "aspx", "css", "csv", "do", "html", "ico", "js", "json", "jsp", "php", "svc", "txt",
    "xml",
];

/// Whether the key of a member, a parameter, a field or an element is a name rather than a value: no
/// identifier as the decoder knows them, and of letters, a few digits and the signs that names have.
pub(super) fn is_name(key: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:$@[]/".contains(&b);
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    let has_at_inside = key.bytes().skip(1).any(|b| b == b'@');
    !key.is_empty()
        && key.len() <= NAME_BYTES
        && key.bytes().all(is_plain)
        && digits <= NAME_DIGITS
        && !has_at_inside
        && !key.split(|ch: char| !ch.is_ascii_alphanumeric()).any(is_token)
        && !is_identifier(key)
}

/// Whether a word looks made up by a machine: letters and digits in turn, more than once.
fn is_token(word: &str) -> bool {
    let bytes = word.as_bytes();
    let turns =
        bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic());
    word.len() > WORD_MIXED && turns.count() > 1
}

/// Whether a segment of a path looks like the name of a route: letters, hyphens and underscores, also
/// with a usual ending, or a version.
pub(super) fn is_route(segment: &str) -> bool {
    if segment.is_empty() || segment == ".well-known" || is_version(segment) {
        return true;
    }
    let name = match segment.rsplit_once('.') {
        Some((name, ending)) if ENDINGS.contains(&ending) => name,
        _ => segment,
    };
    !name.is_empty()
        && name.len() <= ROUTE_BYTES
        && name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
}

/// `v1`, `v12`, `v1.1`.
fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix(['v', 'V']) else { return false };
    (1..=4).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && number.bytes().filter(u8::is_ascii_digit).count() <= 3
}

/// Whether a media type is one of gRPC or gRPC-Web: `application/grpc`, also `+proto`, `-web`,
/// `-web-text+json` and so on.
pub(super) fn is_grpc(media: &str) -> bool {
    let rest = media.strip_prefix("application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-']))
}

/// Whether the segment at a place (from 1) of a path of two, which is `/{package.Service}/{Method}` in
/// every call of gRPC, is spelt like a name of a .proto file: letters and underscores, perhaps a digit
/// or two at the end of a part, and versions of packages. The language allows digits anywhere; so do
/// tokens.
pub(super) fn is_call_name(place: usize, segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    segment.len() <= SERVICE_BYTES
        && digits <= NAME_DIGITS
        && (place == 1 || !segment.contains('.'))
        && segment.split('.').all(|part| is_package_version(part) || is_call_part(part))
}

fn is_call_part(part: &str) -> bool {
    let word = part.trim_end_matches(|ch: char| ch.is_ascii_digit());
    let is_word = word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    word.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && is_word
        && part.len() <= NAME_BYTES
        && part.len() - word.len() <= PART_DIGITS
}

/// `v1`, `v1alpha`, `v2beta1`, `v1p1beta1`.
fn is_package_version(part: &str) -> bool {
    let Some(number) = part.strip_prefix('v') else { return false };
    let mut rest = number.trim_start_matches(|ch: char| ch.is_ascii_digit());
    if rest.len() == number.len() {
        return false;
    }
    for word in ["p", "alpha", "beta", "test"] {
        if let Some(behind) = rest.strip_prefix(word) {
            rest = behind.trim_start_matches(|ch: char| ch.is_ascii_digit());
        }
    }
    rest.is_empty()
}

impl Tokeniser {
    /// A name as it is, anything else replaced.
    pub(super) fn push_name(&self, out: &mut String, name: &str) {
        if is_name(name) { out.push_str(name) } else { self.push(out, name) }
    }

    /// A text of which short plain words stay: letters, up to four digits, or a few of both. With an
    /// `@`, or anything percent-encoded that may be one, nothing does.
    pub(super) fn words(&self, text: &str) -> String {
        self.words_within(text, NAME_DIGITS)
    }

    /// The same, with numbers of up to ten digits.
    pub(super) fn words_and_numbers(&self, text: &str) -> String {
        self.words_within(text, NUMBER_DIGITS)
    }

    fn words_within(&self, text: &str, most_digits: usize) -> String {
        if text.contains('@') || has_long_number(text) {
            return self.text(text);
        }
        if text.contains('%') {
            let mut out = String::with_capacity(text.len());
            self.encoded(&mut out, text);
            return out;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|ch: char| !ch.is_alphanumeric()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            if is_harmless(word, most_digits) {
                out.push_str(word)
            } else {
                self.push(&mut out, word)
            }
            let gap = behind.find(char::is_alphanumeric).unwrap_or(behind.len());
            let (signs, behind) = behind.split_at(gap);
            self.push(&mut out, signs);
            rest = behind;
        }
        out
    }
}

/// Whether digits in groups, as cards and telephones are written, make one number.
fn has_long_number(text: &str) -> bool {
    let (mut digits, mut groups) = (0, 0);
    let mut before = ' ';
    for ch in text.chars() {
        match ch {
            '0'..='9' => {
                groups += usize::from(!before.is_ascii_digit());
                digits += 1;
                if groups > 1 && digits > GROUPED_DIGITS {
                    return true;
                }
            }
            ' ' | '-' if before.is_ascii_digit() => {}
            _ => (digits, groups) = (0, 0),
        }
        before = ch;
    }
    false
}

fn is_harmless(word: &str, most_digits: usize) -> bool {
    if !word.is_ascii() {
        return word.is_empty();
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    match digits {
        0 => word.len() <= WORD_LETTERS,
        _ if digits == word.len() => digits <= most_digits,
        _ => word.len() <= WORD_MIXED && digits <= NAME_DIGITS,
    }
}

/// Characters in place of others, decided by key and value.
pub(super) struct Stream {
    state: u64,
    /// Letters are those of hexadecimal digits: identifiers stay identifiers.
    is_hex: bool,
}

impl Stream {
    pub(super) fn of(key: &HashKey, value: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = key.hash("value", value.as_bytes()).0;
        let is_hex = value.len() >= 16
            && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            && value.bytes().any(|b| b.is_ascii_digit());
        Self { state: u64::from_le_bytes([a, b, c, d, e, f, g, h]), is_hex }
    }

    pub(super) fn next(&mut self, below: u32) -> u32 {
        // SplitMix64 (Steele, Lea, Flood 2014) over a keyed seed.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(below)) as u32
    }

    /// A digit for a digit, a letter for a letter of the same case; signs of ASCII stay, everything
    /// else becomes `x`.
    pub(super) fn replace(&mut self, ch: char) -> char {
        let letter = |first: u8, n: u32| char::from(first + n as u8);
        let letters = if self.is_hex { 6 } else { 26 };
        match ch {
            '0'..='9' => letter(b'0', self.next(10)),
            'a'..='z' => letter(b'a', self.next(letters)),
            'A'..='Z' => letter(b'A', self.next(letters)),
            c if c.is_ascii() => c,
            _ => 'x',
        }
    }
}
