//! Whether a file is active when a browser shows it as a page or a picture (HTML, SVG). It counts as such by what
//! is in it and not by what it is said to be: browsers guess too, and pass over zero bytes and broken characters.

use std::borrow::Cow;

/// Elements that run or fetch something, or hold what does.
const ELEMENTS: [&str; 13] = [
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "foreignobject",
    "base",
    "meta",
    "link",
    "form",
    "handler",
    "set",
];
/// What an address begins with that runs as a script.
const SCHEMES: [&str; 3] = ["javascript:", "vbscript:", "data:text/html"];
/// Longest name that is looked at, in bytes.
const NAME: usize = 32;

/// Whether there is an element or attribute in a text that runs something, a document type with entities, or a style sheet
/// of its own (`<?xml-stylesheet`). In time that grows with the text.
pub(super) fn is_active(file: &[u8]) -> bool {
    let bytes = &*without_zeros(file);
    let mut is_markup = false;
    for at in memchr::memchr_iter(b'<', bytes) {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let name = name(rest);
        is_markup |= !name.is_empty();
        if ELEMENTS.iter().any(|element| name.eq_ignore_ascii_case(element.as_bytes()))
            || begins(rest, "!entity")
            || begins(rest, "?xml-stylesheet")
        {
            return true;
        }
    }
    is_markup && (has_event(bytes) || has_script_address(bytes))
}

/// Markup is the same in UTF-16 but for zero bytes.
fn without_zeros(file: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(0, file) {
        None => file.into(),
        Some(_) => file.iter().copied().filter(|b| *b != 0).collect::<Vec<_>>().into(),
    }
}

/// The name of an element, without its prefix.
fn name(rest: &[u8]) -> &[u8] {
    let is_of_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b':' || **b == b'-';
    let length = rest.iter().take(NAME).take_while(is_of_name).count();
    let whole = rest.get(..length).unwrap_or_default();
    let local = memchr::memrchr(b':', whole).map_or(0, |at| at + 1);
    whole.get(local..).unwrap_or_default()
}

/// An attribute whose name begins with `on`, as `onload = …`, behind what separates attributes.
fn has_event(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'o', b'O', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let rest = bytes.get(at..).unwrap_or_default();
        let separates = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'');
        if !before.is_some_and(separates) || !begins(rest, "on") {
            return false;
        }
        let letters =
            rest.iter().skip(2).take(NAME).take_while(|b| b.is_ascii_alphabetic()).count();
        let mut behind = rest.iter().skip(2 + letters).take(NAME);
        letters >= 3 && behind.find(|b| !b.is_ascii_whitespace()) == Some(&b'=')
    })
}

/// An address that runs as a script, as the value of an attribute. Browsers leave out white space and control characters in front.
fn has_script_address(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'=', bytes).any(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let is_space =
            |b: &&u8| b.is_ascii_whitespace() || b.is_ascii_control() || matches!(b, b'"' | b'\'');
        let spaces = rest.iter().take(NAME).take_while(is_space).count();
        let value = rest.get(spaces..).unwrap_or_default();
        SCHEMES.iter().any(|scheme| begins(value, scheme))
    })
}

fn begins(rest: &[u8], word: &str) -> bool {
    rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_told_from_what_does_not() {
        for text in [
            "<script>alert(1)</script>",
            "<svg xmlns='http://www.w3.org/2000/svg'><SCRIPT href='x'/></svg>",
            "<s:script xmlns:s='http://www.w3.org/2000/svg'/>",
            "<svg onload=alert(1)>",
            "<svg\nOnLoad = 'x'/>",
            "<img src=x/onerror=alert(1)>",
            "<a title=\">\"onclick=\"x\">",
            "<a href='javascript:alert(1)'>",
            "<a href=\"\tJavaScript:x\">",
            "<svg><foreignObject/></svg>",
            "<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg/>",
            "<?xml-stylesheet href='x'?><svg/>",
            "a,b\n1,<iframe src=x>",
        ] {
            assert!(is_active(text.as_bytes()), "{text}");
            let wide = |unit: u16| unit.to_le_bytes();
            let utf16: Vec<u8> = text.encode_utf16().flat_map(wide).collect();
            assert!(is_active(&utf16), "{text}");
            assert!(is_active(&[text.as_bytes(), &[0xff, 0xfe]].concat()), "{text}");
        }
        for text in [
            "",
            "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/><g id='one'/></svg>",
            "the option one = 2 and javascript: is a word",
            "a < b and on = 1",
            "<note>once = more</note>",
            "<a href='https://example.com/?x=javascript'>x</a>",
            "name,value\nonline,=1",
        ] {
            assert!(!is_active(text.as_bytes()), "{text}");
        }
    }
}
