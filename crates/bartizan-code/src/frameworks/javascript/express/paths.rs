//! Paths as Express writes them, of version 4 and 5.

use crate::paths;

/// All paths that a text stands for, parameters as `{name}`.
pub(in crate::frameworks::javascript) fn spelled(path: &str) -> Vec<String> {
    groups(path).iter().flat_map(|path| paths::colons(&stars(path))).collect()
}

/// `(.*)` as `*`.
fn stars(path: &str) -> String {
    path.replace("/(.*)", "/*").replace("(.*)", "*")
}

/// Optional groups of version 5: `/users{/:id}` with and without what is in it. One that holds the
/// remainder counts as being there.
fn groups(path: &str) -> Vec<String> {
    let mut open = vec![(String::new(), path)];
    let mut out = Vec::new();
    while let Some((mut done, rest)) = open.pop() {
        let Some((front, behind)) = rest.split_once('{') else {
            done.push_str(rest);
            out.push(done);
            continue;
        };
        let Some((inner, tail)) = behind.split_once('}') else {
            done.push_str(rest);
            out.push(done);
            continue;
        };
        done.push_str(front);
        let is_group = inner.contains([':', '*', '/', '.', '-']);
        if is_group && !inner.contains('*') && out.len() + open.len() < 8 {
            open.push((done.clone(), tail));
        }
        if is_group {
            done.push_str(inner);
        } else {
            done.push_str(&format!("{{{inner}}}"));
        }
        open.push((done, tail));
    }
    for path in &mut out {
        if path.is_empty() {
            path.push('/');
        }
    }
    out
}

/// A path without the remainder at its end, which `use` takes anyway.
pub(super) fn without_rest(path: &str) -> String {
    /// Names that people give to a remainder: version 5 asks for one.
    const NAMES: &[&str] =
        &["rest", "splat", "any", "all", "path", "wildcard", "catchall", "everything", "0"];
    let name = |last: &str| {
        last.strip_prefix('{').and_then(|last| last.strip_suffix('}')).map(str::to_ascii_lowercase)
    };
    match path.rsplit_once('/') {
        Some((front, last)) if name(last).is_some_and(|name| NAMES.contains(&name.as_str())) => {
            front.to_owned()
        }
        _ => path.to_owned(),
    }
}

/// Whether a path takes everything.
pub(super) fn is_rest(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    path.starts_with('{') && path.ends_with('}') && !path.contains('/')
}

/// The paths that a regular expression of simple form stands for: groups are numbered parameters.
pub(super) fn of_pattern(source: &str) -> Vec<String> {
    let source = source.trim_start_matches('^').trim_end_matches('$').trim_end_matches("\\/?");
    let mut out = String::new();
    let mut number = 0;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if !escaped.is_alphanumeric() => out.push(escaped),
                _ => parameter(&mut out, &mut number),
            },
            '(' | '[' => {
                let mut depth = 1;
                for inner in chars.by_ref() {
                    match inner {
                        '(' | '[' => depth += 1,
                        ')' | ']' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                parameter(&mut out, &mut number);
            }
            '.' if matches!(chars.peek(), Some('*' | '+')) => parameter(&mut out, &mut number),
            '*' | '+' | '?' => {}
            other => out.push(other),
        }
    }
    vec![out]
}

fn parameter(out: &mut String, number: &mut usize) {
    if !out.ends_with('}') {
        out.push_str(&format!("{{{number}}}"));
        *number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_spelled_out() {
        assert_eq!(spelled("/users/:id"), ["/users/{id}"]);
        assert_eq!(spelled("/users{/:id}"), ["/users/{id}", "/users"]);
        assert_eq!(spelled("/{*splat}"), ["/{splat}"]);
        assert_eq!(spelled("*"), ["{rest}"]);
        assert_eq!(spelled("/api/(.*)"), ["/api/{rest}"]);
        assert_eq!(spelled("/{version}/x"), ["/{version}/x"]);
        assert_eq!(of_pattern("^\\/items\\/(\\d+)$"), ["/items/{0}"]);
    }
}
