//! Texts that look like paths of an API.

use super::super::{
    address::{Origin, Resolved, split_authority},
    paths,
};

/// Longest path that is listed, in bytes.
const MAX_PATH: usize = 512;
/// Longest name of a parameter, in bytes.
const MAX_NAME: usize = 40;

/// What a text leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Text {
    /// A path of the target, with `{name}` parameters.
    Route(String),
    /// Another origin.
    Elsewhere(String),
    /// Something else.
    Other,
}

/// Judges a text, in which `{name}` stands for what is put together at run time. An unknown base in front
/// (`{base}/orders`) is left out.
pub(in super::super) fn judge(origin: &Origin, text: &str) -> Text {
    if text.len() > 4 * MAX_PATH {
        return Text::Other;
    }
    let rest = ["https://", "http://", "wss://", "ws://"].iter().find_map(|scheme| {
        let rest = text.strip_prefix(*scheme)?;
        Some((scheme.starts_with("https") || scheme.starts_with("wss"), rest))
    });
    let path = match rest {
        Some((https, rest)) => {
            let (authority, path) = split_authority(rest);
            // A host that is put together may well be the target.
            let is_unknown = authority.starts_with('{')
                && authority.ends_with('}')
                && authority.matches('{').count() == 1;
            match Origin::of(https, authority) {
                Some(other) if other == *origin => path,
                Some(other) => return Text::Elsewhere(other.to_string()),
                None if is_unknown => path,
                None => return Text::Other,
            }
        }
        None if text.starts_with("//") => {
            return match origin.resolve("/", text) {
                Resolved::Elsewhere(other) => Text::Elsewhere(other),
                _ => Text::Other,
            };
        }
        None => without_base(text),
    };
    path_of(path).map_or(Text::Other, Text::Route)
}

/// A text without the parameters in front of its first slash.
fn without_base(mut text: &str) -> &str {
    while let Some(inner) = text.strip_prefix('{') {
        match inner.split_once('}') {
            Some((_, rest)) => text = rest,
            None => break,
        }
    }
    text
}

/// The path of an API that a text is: begins with `/`, has parts of letters, digits and `_.~:{}$@%-`, of
/// which at least one is a word, and is no file. `:name` and `{name?}` become `{name}`.
pub(in super::super) fn path_of(text: &str) -> Option<String> {
    // Queries and templates of queries (RFC 6570 §3.2.8).
    let end = text.find("{?").or_else(|| text.find(['?', '#'])).unwrap_or(text.len());
    let path = text.get(..end)?;
    if !path.starts_with('/') || path.starts_with("//") || path.len() > MAX_PATH {
        return None;
    }
    let mut out = String::new();
    let mut has_word = false;
    for part in path.split('/').skip(1) {
        out.push('/');
        let is_kept = |c: char| {
            c.is_ascii_alphanumeric()
                || matches!(c, '_' | '.' | '~' | ':' | '{' | '}' | '$' | '@' | '%' | '-')
        };
        if !part.chars().all(is_kept) || !is_balanced(part) {
            return None;
        }
        match part.strip_prefix(':') {
            Some(name) if is_name(name) => out.push_str(&format!("{{{name}}}")),
            _ => out.push_str(part),
        }
        let letters = part.chars().filter(char::is_ascii_alphabetic).count();
        has_word |= letters >= 2 && !part.starts_with(['{', ':']);
    }
    // Prefixes to which something is added, and folders, end with a slash.
    let out = out.trim_end_matches('/');
    (has_word && !paths::is_asset(out)).then(|| out.to_owned())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether braces open and close, without others in them.
fn is_balanced(part: &str) -> bool {
    let mut is_open = false;
    for c in part.chars() {
        match c {
            '{' if is_open => return false,
            '}' if !is_open => return false,
            '{' => is_open = true,
            '}' => is_open = false,
            _ => {}
        }
    }
    !is_open
}

/// The name of a parameter that an expression gives: its last word.
pub(super) fn name_of(expression: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let end = expression.trim_end_matches(|c: char| !is_word(c));
    let start = end.rfind(|c: char| !is_word(c)).map_or(0, |at| {
        at + end.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = end.get(start..).unwrap_or_default().trim_start_matches('$');
    let is_fit = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if is_fit && word.len() <= MAX_NAME { word.to_owned() } else { "value".to_owned() }
}

/// A path in which the names of parameters do not count.
pub(in super::super) fn key_of(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.trim_end_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str("{}");
        rest = behind;
    }
    out.push_str(rest);
    if out.is_empty() { "/".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_routes_are_told_from_others() {
        let origin = Origin::parse("https://api.example.com").expect("a URL").0;
        for (text, path) in [
            ("/api/v1/orders", "/api/v1/orders"),
            ("/api/v1/orders/{id}/cancel", "/api/v1/orders/{id}/cancel"),
            ("/users/:userId/", "/users/{userId}"),
            ("/v1/orders:batchGet?x=1", "/v1/orders:batchGet"),
            ("/orders{?page,size}", "/orders"),
            ("{base}/orders", "/orders"),
            ("{a}{b}/orders/{id}", "/orders/{id}"),
            ("https://api.example.com/v2/me#x", "/v2/me"),
            ("wss://{host}/events", "/events"),
        ] {
            assert_eq!(judge(&origin, text), Text::Route(path.to_owned()), "{text}");
        }
        for text in [
            "/",
            "/a",
            "/{id}",
            "/app.js",
            "/static/logo.svg",
            "text/html",
            "/^a+$/",
            "/a b",
            "/x<y>",
            "/a{b",
            "https://{a}.example.com/x",
            "",
            "orders",
            "/\u{1b}[31mred",
        ] {
            assert_eq!(judge(&origin, text), Text::Other, "{text:?}");
        }
        let elsewhere = |text| judge(&origin, text) == Text::Elsewhere("https://x.example".into());
        assert!(elsewhere("https://x.example/a") && elsewhere("//x.example/a"));
        assert_eq!(judge(&origin, &format!("/{}", "ab/".repeat(4_000))), Text::Other);
    }

    #[test]
    fn parameters_are_named_by_the_last_word() {
        for (expression, name) in [
            ("id", "id"),
            ("this.order.id", "id"),
            ("encodeURIComponent(e.orderId)", "orderId"),
            ("$x", "x"),
            ("items[0]", "value"),
            ("", "value"),
            ("ä", "value"),
        ] {
            assert_eq!(name_of(expression), name, "{expression}");
        }
        assert_eq!(key_of("/a/{id}/b/{x}/"), "/a/{}/b/{}");
        assert_eq!(key_of("/"), "/");
    }
}
