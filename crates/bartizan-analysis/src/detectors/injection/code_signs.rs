//! Where markup or code for a browser may begin: a look at what stands around a sign.
//!
//! Each test is necessary for a rule of [`super::xss`], never sufficient.

use super::{
    look::{byte, has, is_blank, skip, skip_back},
    normal,
    word_set::WordSet,
    xss::SINKS,
};

/// Schemes of URLs that run code or hold a document.
const SCHEMES: [&str; 6] = [
    "javascript:",
    "vbscript:",
    "livescript:",
    "data:text/html",
    "data:image/svg+xml",
    "data:application/xhtml",
];

/// Sinks whose call at the beginning of a value is always worth a look. The others begin prose as
/// well, as in `Print(A4)`.
static CALLS: WordSet =
    WordSet::new(&["alert", "confirm", "prompt", "eval", "function", "constructor"]);

/// Whether a value is a URL that runs code, or begins with the call of a sink. `has_strings`: any
/// sink, else one of [`CALLS`].
pub(crate) fn beginning(text: &[u8], has_strings: bool) -> bool {
    scheme(text) || call(text, if has_strings { &SINKS } else { &CALLS })
}

/// As browsers read it: control characters and white space do not hide a scheme, and characters
/// may be written as references or escapes.
fn scheme(text: &[u8]) -> bool {
    let is_escape = |byte| matches!(byte, b'&' | b'\\');
    let significant = |byte: &&u8| **byte > b' ' && byte.is_ascii() && **byte != 0x7f;
    let mut letters = text.iter().filter(significant).map(u8::to_ascii_lowercase);
    match (letters.next().unwrap_or(0), letters.next().unwrap_or(0)) {
        (b'j' | b'd', b'a') | (b'v', b'b') | (b'l', b'i') => {}
        (first, second) => {
            return is_escape(first)
                || (is_escape(second) && matches!(first, b'j' | b'd' | b'v' | b'l'));
        }
    }
    SCHEMES.iter().any(|scheme| {
        let mut letters = text.iter().filter(significant).map(u8::to_ascii_lowercase);
        let other = scheme.bytes().find_map(|byte| {
            let found = letters.next().unwrap_or(0);
            (found != byte).then_some(found)
        });
        other.is_none_or(is_escape)
    })
}

fn call(text: &[u8], sinks: &WordSet) -> bool {
    let start = skip(text, 0, is_operator);
    if !sinks.begins(byte(text, start)) {
        return false;
    }
    let end = skip(text, start, is_name);
    matches!(byte(text, end), b'(' | b'`') && sinks.has(text.get(start..end).unwrap_or_default())
}

/// Whether a start tag begins at `at`.
pub(crate) fn tag(text: &[u8], at: usize) -> bool {
    byte(text, at + 1).is_ascii_alphabetic()
}

/// Whether the sign of equality at `at` gives an attribute a handler.
pub(crate) fn handler(text: &[u8], at: usize) -> bool {
    let end = skip_back(text, at, is_blank);
    let from = end.saturating_sub(32);
    let name = text.get(from..end).unwrap_or_default();
    let start = skip_back(name, name.len(), |b| b.is_ascii_alphabetic());
    name.len() - start >= 5 && has(name, start, "on")
}

/// Whether operators and a sink stand behind the quote that ends at `at`.
pub(crate) fn quote(text: &[u8], at: usize) -> bool {
    let start = skip(text, at, is_operator);
    start > at && SINKS.has(text.get(start..skip(text, start, is_name)).unwrap_or_default())
}

/// Whether the template that opens before `at` has a sink in it.
pub(crate) fn template(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let inside = rest.split(|b| *b == b'}').next().unwrap_or_default();
    inside.split(|b| !is_name(*b)).any(|word| SINKS.has(word) || word == b"__proto__")
}

/// Whether the `&` or `\` at `at` begins a character reference or escape.
pub(crate) fn escape(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| normal::escaped(rest).is_some())
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What may stand between a quote and the code behind it.
const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b';'
            | b')'
            | b'}'
            | b']'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b','
            | b'|'
            | b'&'
            | b'^'
            | b'?'
            | b':'
            | b'('
            | b'\n'
            | b'='
            | b'!'
            | b'>'
            | b'<'
            | b'%'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_gives_signs() {
        for text in [
            "java\tscript:x",
            " DATA:text/html,x",
            "&#106;avascript:",
            "jav&#97;script:",
            "alert(1)",
            ";;eval`x`",
        ] {
            assert!(beginning(text.as_bytes(), false), "{text}");
        }
        assert!(tag(b"<svg", 0) && handler(b"a onload =x", 9) && quote(b"-alert(1)", 0));
        assert!(template(b"constructor.x}}", 0) && escape("&#60;", 0) && escape("\\x3c", 0));
    }

    #[test]
    fn prose_gives_no_sign() {
        assert!(beginning(b"print('x')", true));
        for text in ["just a text", "data: all of it", "Print(A4)", "confirm it", "delivery"] {
            assert!(!beginning(text.as_bytes(), false), "{text}");
        }
        assert!(
            !tag(b"< 3", 0)
                && !handler(b"one=1", 3)
                && !quote(b"alert", 0)
                && !quote(b" or not", 0)
        );
        assert!(
            !template(b"customer.name}}, print it", 0) && !escape("& Sons", 0) && !escape("\\d", 0)
        );
    }
}
