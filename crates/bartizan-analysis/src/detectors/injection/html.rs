//! A lenient tokeniser of HTML tags.

use super::normal;

/// Most tags that are read from one text.
const MAX_TAGS: usize = 256;
/// Most attributes that are read from one tag.
const MAX_ATTRIBUTES: usize = 32;

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    pub(crate) name: &'t str,
    pub(crate) attributes: Vec<(&'t str, &'t str)>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Start tags, also unfinished ones and ones with `/` between attributes (WHATWG HTML §13.2.5).
pub(crate) fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'<', bytes) {
        if out.len() == MAX_TAGS {
            break;
        }
        if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
            out.push(tag(text, at));
        }
    }
    out
}

fn run(bytes: &[u8], mut at: usize, test: impl Fn(u8) -> bool) -> usize {
    while bytes.get(at).is_some_and(|b| test(*b)) {
        at += 1;
    }
    at
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'/' || byte == 0x0b || byte == 0
}

fn tag(text: &str, start: usize) -> Tag<'_> {
    let bytes = text.as_bytes();
    let name_end = run(bytes, start + 1, |b| !is_space(b) && b != b'>' && b != b'<');
    let name = text.get(start + 1..name_end).unwrap_or_default();
    let mut attributes = Vec::new();
    let mut at = name_end;
    while attributes.len() < MAX_ATTRIBUTES {
        at = run(bytes, at, is_space);
        match bytes.get(at) {
            None | Some(b'>' | b'<') => break,
            _ => {}
        }
        let key_end = run(bytes, at + 1, |b| !is_space(b) && !matches!(b, b'=' | b'>' | b'<'));
        let key = text.get(at..key_end).unwrap_or_default();
        let equals = run(bytes, key_end, |b| b.is_ascii_whitespace());
        if bytes.get(equals) != Some(&b'=') {
            attributes.push((key, ""));
            at = key_end;
            continue;
        }
        let begin = run(bytes, equals + 1, |b| b.is_ascii_whitespace());
        let (value, next) = match bytes.get(begin) {
            Some(quote @ (b'"' | b'\'')) => {
                let end = run(bytes, begin + 1, |b| b != *quote);
                (text.get(begin + 1..end), end + 1)
            }
            _ => {
                let end = run(bytes, begin, |b| !b.is_ascii_whitespace() && b != b'>');
                (text.get(begin..end), end)
            }
        };
        attributes.push((key, value.unwrap_or_default()));
        at = next;
    }
    let end = (at + 1).min(text.len());
    Tag { name, attributes, start, end }
}

/// The scheme of a URL as browsers read it, when it runs code: control characters, white space and
/// character references do not hide it.
pub(crate) fn active_scheme(url: &str) -> Option<&'static str> {
    let head = url.get(..url.floor_char_boundary(512)).unwrap_or_default();
    let unescaped = normal::unescape(head);
    let head = unescaped.as_deref().unwrap_or(head);
    let squeezed: String =
        head.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(24).collect();
    let squeezed = squeezed.to_ascii_lowercase();
    [
        "javascript:",
        "vbscript:",
        "data:text/html",
        "livescript:",
        "data:image/svg+xml",
        "data:application/xhtml",
    ]
    .into_iter()
    .find(|scheme| squeezed.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sloppy_tags() {
        let all = tags("a<img/src=x/onerror=alert(1)><b>ok</b><svg onload='x' y");
        let names: Vec<_> = all.iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["img", "b", "svg"]);
        assert_eq!(all[0].attributes[0].0, "src");
        assert_eq!(all[2].attributes, [("onload", "x"), ("y", "")]);
        assert!(tags("1 < 2 <3 <").is_empty());
    }

    #[test]
    fn schemes_are_seen_through() {
        assert_eq!(active_scheme(" java\tscript&colon;alert(1)"), Some("javascript:"));
        assert_eq!(active_scheme("https://example.com/javascript:"), None);
    }
}
