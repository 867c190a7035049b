//! XML and HTML: names of elements and attributes stay, everything else is replaced.

use super::Tokeniser;

/// Elements of HTML whose content is no markup.
const RAW: [&str; 2] = ["script", "style"];
/// What references to characters may be called (XML 1.0 §4.6).
const REFERENCES: [&str; 5] = ["amp", "apos", "gt", "lt", "quot"];

impl Tokeniser {
    /// The text with its values replaced; `None` when it is not written as markup is.
    pub(super) fn markup(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let at = rest.find('<').unwrap_or(rest.len());
            self.content(&mut out, &rest[..at]);
            rest = &rest[at..];
            if let Some(inner) = rest.strip_prefix("<!--") {
                rest = self.between(&mut out, "<!--", inner, "-->")?;
            } else if let Some(inner) = rest.strip_prefix("<![CDATA[") {
                rest = self.between(&mut out, "<![CDATA[", inner, "]]>")?;
            } else if let Some(inner) = rest.strip_prefix("<?") {
                let (inside, behind) = inner.split_once("?>")?;
                // What it says is of its encoding, which is UTF-8 here; other instructions may say
                // anything.
                let is_declaration = inside.starts_with("xml ");
                out.push_str(if is_declaration { "<?xml version=\"1.0\"?>" } else { "<?x?>" });
                rest = behind;
            } else if let Some(inner) = rest.strip_prefix("<!") {
                let (end, is_html) = declaration(inner)?;
                out.push_str(if is_html { "<!DOCTYPE html>" } else { "<!DOCTYPE x>" });
                rest = &inner[end..];
            } else if !rest.is_empty() {
                rest = self.tag(&mut out, &rest[1..])?;
            }
        }
        Some(out)
    }

    fn between<'a>(
        &self,
        out: &mut String,
        begin: &str,
        inner: &'a str,
        end: &str,
    ) -> Option<&'a str> {
        let (inside, behind) = inner.split_once(end)?;
        out.push_str(begin);
        self.push(out, inside);
        out.push_str(end);
        Some(behind)
    }

    /// Text with references to characters.
    fn content(&self, out: &mut String, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            self.push(out, &rest[..at]);
            let behind = &rest[at + 1..];
            match behind.split_once(';').filter(|(name, _)| is_reference(name)) {
                Some((name, behind)) if REFERENCES.contains(&name) => {
                    out.extend(["&", name, ";"]);
                    rest = behind;
                }
                Some((_, behind)) => {
                    out.push('x');
                    rest = behind;
                }
                None => {
                    out.push('&');
                    rest = behind;
                }
            }
        }
        self.push(out, rest);
    }

    /// A tag behind its `<`.
    fn tag<'a>(&self, out: &mut String, text: &'a str) -> Option<&'a str> {
        out.push('<');
        let (text, is_end) = match text.strip_prefix('/') {
            Some(text) => (text, true),
            None => (text, false),
        };
        if is_end {
            out.push('/');
        }
        let is_of_name = |c: char| !c.is_whitespace() && !"<>/=\"'&".contains(c);
        let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        self.push_name(out, name);
        loop {
            let trimmed = rest.trim_start();
            if trimmed.len() < rest.len() {
                out.push(' ');
            }
            rest = trimmed;
            if let Some(behind) = rest.strip_prefix('>') {
                out.push('>');
                let raw = RAW.iter().find(|raw| !is_end && name.eq_ignore_ascii_case(raw));
                return Some(raw.map_or(behind, |raw| self.raw(out, raw, behind)));
            }
            if let Some(behind) = rest.strip_prefix("/>") {
                out.push_str("/>");
                return Some(behind);
            }
            let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            let (attribute, behind) = rest.split_at(end);
            self.push_name(out, attribute);
            rest = behind;
            if let Some(value) = behind.trim_start().strip_prefix('=') {
                out.push('=');
                rest = self.attribute(out, attribute, value.trim_start())?;
            }
        }
    }

    /// The value of an attribute. Names of namespaces are as targets are: words of them stay.
    fn attribute<'a>(&self, out: &mut String, name: &str, text: &'a str) -> Option<&'a str> {
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
            self.push(out, &text[..end]);
            return Some(&text[end..]);
        };
        let (value, behind) = text[1..].split_once(quote)?;
        out.push(quote);
        if name == "xmlns" || name.starts_with("xmlns:") {
            out.push_str(&self.target(value));
        } else {
            self.content(out, value);
        }
        out.push(quote);
        Some(behind)
    }

    /// The content of an element that is no markup, up to its end tag.
    fn raw<'a>(&self, out: &mut String, name: &str, text: &'a str) -> &'a str {
        let lower = text.to_ascii_lowercase();
        let end = lower.find(&format!("</{name}")).unwrap_or(text.len());
        self.push(out, &text[..end]);
        &text[end..]
    }
}

fn is_reference(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')
}

/// Where a declaration behind its `<!` ends, and whether it is that of HTML.
fn declaration(text: &str) -> Option<(usize, bool)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => {
                return Some((at + 1, text[..at].eq_ignore_ascii_case("doctype html")));
            }
            _ => {}
        }
    }
    None
}
