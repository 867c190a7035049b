//! Where markup or code for a browser may begin: a look at what stands around a sign.
//!
//! Each test is necessary for a rule of [`super::xss`], never sufficient.

use super::{
    look::{byte, has, is_blank, skip, skip_back},
    normal,
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
const CALLS: [&str; 6] = ["alert", "confirm", "prompt", "eval", "function", "constructor"];

/// Whether a value is a URL that runs code, or begins with one of [`CALLS`].
pub(crate) fn beginning(text: &[u8]) -> bool {
    scheme(text)
        || call(text, |name| CALLS.iter().any(|call| name.eq_ignore_ascii_case(call.as_bytes())))
}

/// Whether a value with strings in it begins with the call of a sink.
pub(crate) fn beginning_with_strings(text: &[u8]) -> bool {
    call(text, |name| SINKS.has(name))
}

/// As browsers read it: control characters and white space do not hide a scheme, and characters
/// may be written as references or escapes.
fn scheme(text: &[u8]) -> bool {
    let significant = |byte: &&u8| **byte > b' ' && byte.is_ascii() && **byte != 0x7f;
    let mut begin = text.iter().filter(significant).copied();
    match begin.next().map(|b| b.to_ascii_lowercase()) {
        Some(b'j' | b'v' | b'l' | b'd') => {}
        Some(b'&' | b'\\') => return true,
        _ => return false,
    }
    SCHEMES.iter().any(|scheme| {
        let mut found = text.iter().filter(significant);
        scheme.bytes().all(|byte| found.next().is_some_and(|b| b.eq_ignore_ascii_case(&byte)))
    }) || text.iter().filter(significant).take(24).any(|b| matches!(b, b'&' | b'\\'))
}

fn call(text: &[u8], is_sink: impl Fn(&[u8]) -> bool) -> bool {
    let start = skip(text, 0, is_operator);
    let end = skip(text, start, is_name);
    matches!(byte(text, end), b'(' | b'`') && is_sink(text.get(start..end).unwrap_or_default())
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
            assert!(beginning(text.as_bytes()), "{text}");
        }
        assert!(tag(b"<svg", 0) && handler(b"a onload =x", 9) && quote(b"-alert(1)", 0));
        assert!(template(b"constructor.x}}", 0) && escape("&#60;", 0) && escape("\\x3c", 0));
    }

    #[test]
    fn prose_gives_no_sign() {
        for text in ["just a text", "data: all of it", "Print(A4)", "confirm it", "delivery"] {
            assert!(!beginning(text.as_bytes()), "{text}");
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
