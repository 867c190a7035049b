//! Paths of the frameworks, written as `{name}` templates.

/// Puts a path behind a prefix: one slash between them, one in front.
///
/// With `keeps_slash`, a path of `/` alone leaves the final slash, as in frameworks that tell
/// `/users` from `/users/`; without, it is dropped.
#[must_use]
pub fn join(prefix: &str, path: &str, keeps_slash: bool) -> String {
    let front = prefix.trim_end_matches('/');
    let back = path.trim_start_matches('/');
    let mut out = String::with_capacity(front.len() + back.len() + 2);
    if !front.starts_with('/') && !front.is_empty() {
        out.push('/');
    }
    out.push_str(front);
    if !back.is_empty() {
        out.push('/');
        out.push_str(back);
    } else if keeps_slash && (path.ends_with('/') || path.is_empty() && prefix.ends_with('/')) {
        out.push('/');
    }
    if !keeps_slash {
        while out.len() > 1 && out.ends_with('/') {
            out.pop();
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

/// `:name` parameters (Express, Fastify, `NestJS`, Gin, Echo, Rails), with what may follow: a pattern
/// in brackets, `?` for optional, `*rest` and a bare `*` for the remainder.
///
/// An optional parameter at the end gives two paths.
#[must_use]
pub fn colons(path: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for (at, segment) in path.split('/').enumerate() {
        let (written, is_optional) = colon_segment(segment);
        let mut more = Vec::new();
        for done in &mut all {
            if is_optional && at > 0 {
                more.push(done.clone());
            }
            if at > 0 {
                done.push('/');
            }
            done.push_str(&written);
        }
        if all.len() < 8 {
            all.extend(more);
        }
    }
    for path in &mut all {
        if path.is_empty() {
            path.push('/');
        }
    }
    all
}

/// One segment, and whether it may be missing.
fn colon_segment(segment: &str) -> (String, bool) {
    let mut out = String::new();
    let mut rest = segment;
    let mut is_optional = false;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        let ends = tail.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tail.len());
        let (name, behind) = tail.split_at(ends);
        rest = match c {
            ':' if !name.is_empty() => {
                out.push_str(&format!("{{{name}}}"));
                let behind = skip_brackets(behind);
                is_optional |= behind.starts_with('?');
                behind.trim_start_matches(['?', '+', '*'])
            }
            '*' => {
                let name = if name.is_empty() { "rest" } else { name };
                out.push_str(&format!("{{{name}}}"));
                behind
            }
            _ => {
                out.push(c);
                tail
            }
        };
    }
    (out, is_optional)
}

/// What follows a pattern in brackets, or the whole text when there is none.
fn skip_brackets(text: &str) -> &str {
    if !text.starts_with('(') {
        return text;
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return &text[at + 1..];
                }
            }
            _ => {}
        }
    }
    ""
}

/// `{name}`, `{name:pattern}`, `{name...}`, `{*rest}`, `{name?}` and `{name=default}` parameters
/// (Spring, ASP.NET, chi, `net/http`, axum, actix, `FastAPI`, Laravel). An optional one at the end
/// gives two paths.
#[must_use]
pub fn braces(path: &str) -> Vec<String> {
    let (mut out, mut rest) = (String::new(), path);
    let mut without = None;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let Some(end) = closing(&rest[at..]) else { break };
        let inner = &rest[at + 1..at + end];
        let cut = inner.find([':', '=']).unwrap_or(inner.len());
        let name = inner[..cut].trim().trim_start_matches('*').trim_end_matches("...");
        rest = &rest[at + end + 1..];
        if let Some(name) = name.strip_suffix('?') {
            if rest.is_empty() {
                without = Some(out.trim_end_matches(['/', '.']).to_owned());
            }
            out.push_str(&format!("{{{name}}}"));
        } else if !name.is_empty() && name != "$" {
            out.push_str(&format!("{{{name}}}"));
        }
    }
    out.push_str(rest);
    let out = stars(&out);
    match without {
        Some(mut without) => {
            if without.is_empty() {
                without.push('/');
            }
            vec![without, out]
        }
        None => vec![out],
    }
}

/// Segments that are a star become `{rest}`.
fn stars(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "*" | "**" => "{rest}",
        other => other,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Where the brace that `text` begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `<name>` and `<converter:name>` parameters (Flask, Django's `path`).
#[must_use]
pub fn angles(path: &str) -> String {
    let (mut out, mut rest) = (String::new(), path);
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('>') else { break };
        let inner = &rest[at + 1..at + end];
        let name = inner.rsplit(':').next().unwrap_or(inner).trim();
        out.push_str(&format!("{{{name}}}"));
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_between() {
        assert_eq!(join("", "/", false), "/");
        assert_eq!(join("/api/", "/users", false), "/api/users");
        assert_eq!(join("api", "users/", false), "/api/users");
        assert_eq!(join("/api", "/", false), "/api");
        assert_eq!(join("/api", "/", true), "/api/");
        assert_eq!(join("/api", "", true), "/api");
        assert_eq!(join("/api/", "", true), "/api/");
        assert_eq!(join("", "", true), "/");
    }

    #[test]
    fn parameters_of_every_style() {
        assert_eq!(colons("/users/:id(\\d+)/x"), ["/users/{id}/x"]);
        assert_eq!(colons("/a/:b?"), ["/a/{b}", "/a"]);
        assert_eq!(colons("/files/*path"), ["/files/{path}"]);
        assert_eq!(colons("/:from-:to.json"), ["/{from}-{to}.json"]);
        assert_eq!(braces("/u/{id:[0-9]{2}}/{x}"), ["/u/{id}/{x}"]);
        assert_eq!(braces("/u/{id:int}/{*rest}"), ["/u/{id}/{rest}"]);
        assert_eq!(braces("/u/{id?}"), ["/u", "/u/{id}"]);
        assert_eq!(braces("/u/{id}.{end?}"), ["/u/{id}", "/u/{id}.{end}"]);
        assert_eq!(braces("/f/{p...}"), ["/f/{p}"]);
        assert_eq!(braces("/{$}"), ["/"]);
        assert_eq!(angles("/u/<int:id>/<name>"), "/u/{id}/{name}");
    }

    #[test]
    fn broken_paths_end() {
        for path in ["/{", "/{a:{", "/:a(", "<", "/<a", "{}", ":", "*", ""] {
            let _ = (colons(path), braces(path), angles(path));
        }
    }
}
