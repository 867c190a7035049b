//! Links, forms and scripts of a page: a scanner that takes every byte once and believes nothing.

use super::super::address::MAX_REFERENCE;

/// Most tags of a page that are looked at.
const MAX_TAGS: usize = 100_000;
/// Most attributes of a tag.
const MAX_ATTRIBUTES: usize = 64;
/// Most scripts that stand in a page itself.
const MAX_INLINE: usize = 50;

/// What a page holds, references as written, entities replaced.
#[derive(Debug, Default)]
pub(super) struct Html<'t> {
    /// `href` of `<base>`.
    pub(super) base: Option<String>,
    /// Links to other pages.
    pub(super) pages: Vec<String>,
    /// Scripts.
    pub(super) scripts: Vec<String>,
    /// Specifications that elements of documentation pages name.
    pub(super) specifications: Vec<String>,
    /// Methods and actions of forms.
    pub(super) forms: Vec<(String, String)>,
    /// Scripts in the page.
    pub(super) inline: Vec<&'t str>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

/// Reads a page.
pub(super) fn read(text: &str) -> Html<'_> {
    let mut out = Html::default();
    let mut rest = text;
    let mut tags = 0;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if let Some(comment) = rest.strip_prefix("!--") {
            let Some((_, behind)) = comment.split_once("-->") else { break };
            rest = behind;
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        // Ends of elements, declarations, and `<` in text.
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        tags += 1;
        if tags > MAX_TAGS {
            out.is_cut = true;
            break;
        }
        let (attributes, after) = attributes(after);
        rest = after;
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "script" | "style") {
            let (content, behind) = split_end(rest, &name);
            rest = behind;
            if name == "script" && find(&attributes, "src").is_none() && !content.trim().is_empty()
            {
                match out.inline.len() < MAX_INLINE {
                    true => out.inline.push(content),
                    false => out.is_cut = true,
                }
            }
        }
        out.tag(&name, &attributes);
    }
    out
}

impl Html<'_> {
    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let of = |name: &str| find(attributes, name).map(unescaped);
        match name {
            "base" if self.base.is_none() => self.base = of("href"),
            "a" | "area" => self.pages.extend(of("href")),
            "iframe" | "frame" => self.pages.extend(of("src")),
            "script" => {
                self.scripts.extend(of("src"));
                // Scalar.
                self.specifications.extend(of("data-url"));
            }
            "link" => self.link(attributes),
            "form" => {
                let method = of("method").unwrap_or_default().to_ascii_uppercase();
                let method = if method == "POST" { "POST" } else { "GET" };
                self.forms.extend(of("action").map(|action| (method.to_owned(), action)));
            }
            // ReDoc, RapiDoc, Stoplight Elements, OpenAPI Explorer.
            _ => {
                for attribute in ["spec-url", "apidescriptionurl"] {
                    self.specifications.extend(of(attribute));
                }
            }
        }
    }

    /// Relations of links: scripts that are fetched early, and descriptions of services (RFC 8631).
    fn link(&mut self, attributes: &[(&str, &str)]) {
        let of = |name: &str| find(attributes, name).map(unescaped);
        let relations = of("rel").unwrap_or_default().to_ascii_lowercase();
        for relation in relations.split_ascii_whitespace() {
            match relation {
                "modulepreload" => self.scripts.extend(of("href")),
                "preload" if of("as").is_some_and(|what| what.eq_ignore_ascii_case("script")) => {
                    self.scripts.extend(of("href"));
                }
                "service-desc" | "describedby" | "api-catalog" => {
                    self.specifications.extend(of("href"));
                }
                "alternate" | "help" | "next" | "prev" | "service-doc" => {
                    self.pages.extend(of("href"));
                }
                _ => {}
            }
        }
    }
}

/// The value of an attribute, by its name in lower case.
fn find<'t>(attributes: &[(&'t str, &'t str)], name: &str) -> Option<&'t str> {
    let found = attributes.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
    let is_fit = |value: &&str| !value.trim().is_empty() && value.len() <= 2 * MAX_REFERENCE;
    found.map(|(_, value)| *value).filter(is_fit)
}

/// The attributes of a tag, and what stands behind it.
fn attributes(mut rest: &str) -> (Vec<(&str, &str)>, &str) {
    let mut out = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(behind) = rest.strip_prefix('>') {
            return (out, behind);
        }
        if rest.is_empty() {
            return (out, rest);
        }
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        // A `=` without a name before it is taken for one, so that each turn goes on.
        let end = rest.find(ends).unwrap_or(rest.len()).max(1);
        let Some((name, after)) = rest.split_at_checked(end) else { return (out, "") };
        let after = after.trim_start();
        let (value, behind) = match after.strip_prefix('=') {
            Some(value) => value_of(value.trim_start()),
            None => ("", after),
        };
        rest = behind;
        if out.len() < MAX_ATTRIBUTES {
            out.push((name, value));
        }
    }
}

/// A value of an attribute, without its quotes, and what stands behind it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    text.split_at(end)
}

/// What stands before the end tag of a raw element, and what begins with that tag.
fn split_end<'t>(text: &'t str, name: &str) -> (&'t str, &'t str) {
    for (at, _) in text.match_indices("</") {
        let begins = text.get(at + 2..).and_then(|rest| rest.get(..name.len()));
        if begins.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// Text with its entities replaced: those of XML and numbers; others are left as they are.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // The longest entity that is known has eight characters: nothing is looked for behind them.
        let end = after.bytes().take(9).position(|byte| byte == b';');
        let name = end.and_then(|end| Some((after.get(..end)?, after.get(end + 1..)?)));
        match name.and_then(|(name, behind)| Some((entity(name)?, behind))) {
            Some((character, behind)) => {
                out.push(character);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_forms_and_scripts_are_found() {
        let page = read(
            "<!DOCTYPE html><BASE href='/app/'><!-- <a href=no> -->\n\
             <a class=x href=\"/a?x=1&amp;y=2\">a</a><A HREF = /b >b</A><a href='&#x2f;c'>\n\
             <link rel='preload' as=script href=/early.js><link rel=stylesheet href=/style.css>\n\
             <link rel=service-desc href=/spec.json><redoc spec-url='openapi.json'></redoc>\n\
             <form method=post action=/login><form action='/search'><form>\n\
             <script src=/app.js></script><script>fetch('/x') // </a> <a href=no>\n</SCRIPT>\n\
             <style>a:before { content: '<a href=no>' }</style><a href=/last>",
        );
        assert_eq!(page.base.as_deref(), Some("/app/"));
        assert_eq!(page.pages, ["/a?x=1&y=2", "/b", "/c", "/last"]);
        assert_eq!(page.scripts, ["/early.js", "/app.js"]);
        assert_eq!(page.specifications, ["/spec.json", "openapi.json"]);
        let form = |method: &str, action: &str| (method.to_owned(), action.to_owned());
        assert_eq!(page.forms, [form("POST", "/login"), form("GET", "/search")]);
        assert_eq!(page.inline.len(), 1);
        assert!(!page.is_cut);
    }

    #[test]
    fn broken_pages_end() {
        for text in
            ["<", "<a", "<a href", "<a href=", "<a href='x", "<a =\"", "<!--", "< a>", "<a/=/>"]
        {
            let page = read(text);
            assert!(page.pages.len() <= 1, "{text}");
        }
        assert_eq!(read("<script>fetch('/x')").inline, ["fetch('/x')"]);
        assert!(
            read(&"<a ".repeat(200_000)).is_cut || read(&"<a ".repeat(200_000)).pages.is_empty()
        );
        assert!(read(&"<a>".repeat(200_000)).is_cut);
        assert_eq!(unescaped("&amp;&unknown;&#0;&#xffffffff;&"), "&&unknown;\u{0}&#xffffffff;&");
    }
}
