//! Look-alike characters that back ends fold to ASCII (best fit, NFKC).

use std::borrow::Cow;

/// Fullwidth ASCII, look-alikes of apostrophe, slash and backslash, and odd spaces become ASCII.
/// Typographic quotation marks stay: prose is full of them.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(|c| folded(c).is_some()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| folded(c).unwrap_or(c)).collect())
}

fn folded(ch: char) -> Option<char> {
    match ch {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(ch) - 0xfee0),
        '\u{02bc}' | '\u{02b9}' => Some('\''),
        '\u{2215}' | '\u{2044}' => Some('/'),
        '\u{2216}' | '\u{29f5}' => Some('\\'),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => Some(' '),
        _ => None,
    }
}

/// Undoes HTML character references and `\xHH`, `\uHHHH` escapes once. `None` when there are none.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if !text.contains(['&', '\\']) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find(['&', '\\']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let (ch, used) = match escaped(tail) {
            Some((ch, used)) => {
                changed = true;
                (ch, used)
            }
            None => (tail.chars().next().unwrap_or(' '), 1),
        };
        out.push(ch);
        rest = tail.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The character that a text begins with as a reference or escape, and the bytes of that.
pub(crate) fn escaped(text: &str) -> Option<(char, usize)> {
    reference(text).or_else(|| escape(text))
}

fn escape(text: &str) -> Option<(char, usize)> {
    let (digits, used) = match text.as_bytes().get(1)? {
        b'x' => (text.get(2..4)?, 4),
        b'u' => (text.get(2..6)?, 6),
        _ => return None,
    };
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, used))
}

/// `&lt;`, `&#60;`, `&#x3c;`: the character and the bytes used; the semicolon may be missing
/// behind numbers (HTML §13.2.5.80).
fn reference(text: &str) -> Option<(char, usize)> {
    const NAMES: [(&str, char); 12] = [
        ("lt;", '<'),
        ("gt;", '>'),
        ("quot;", '"'),
        ("apos;", '\''),
        ("amp;", '&'),
        ("colon;", ':'),
        ("Tab;", '\t'),
        ("NewLine;", '\n'),
        ("lpar;", '('),
        ("rpar;", ')'),
        ("sol;", '/'),
        ("nbsp;", ' '),
    ];
    let tail = text.strip_prefix('&')?;
    let Some(number) = tail.strip_prefix('#') else {
        let first = tail.as_bytes().first()?;
        let mut known = NAMES.iter().filter(|(name, _)| name.as_bytes().first() == Some(first));
        let (name, ch) = known.find(|(name, _)| tail.starts_with(name))?;
        return Some((*ch, 1 + name.len()));
    };
    let (digits, radix, lead) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 3),
        None => (number, 10, 2),
    };
    let length = digits.bytes().take(10).take_while(|b| char::from(*b).is_digit(radix)).count();
    let ch = char::from_u32(u32::from_str_radix(digits.get(..length)?, radix).ok()?)?;
    let semicolon = usize::from(digits.as_bytes().get(length) == Some(&b';'));
    Some((ch, lead + length + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_folded() {
        assert_eq!(fold("＇ ＯＲ １＝１"), "' OR 1=1");
        assert!(matches!(fold("Zoë’s café"), Cow::Borrowed(_)));
    }

    #[test]
    fn references_and_escapes_are_undone_once() {
        assert_eq!(unescape("&lt;b&#62;&#x3c;\\x3c\\u003e").as_deref(), Some("<b><<>"));
        assert_eq!(unescape("&amp;lt;").as_deref(), Some("&lt;"));
        assert_eq!(unescape("a & b \\ c &#; \\uzz"), None);
    }
}
