//! Path patterns with `*`, `**` and `{name}`, as security rules are written with.

/// Stands for a parameter of a path: any text, so that only a star takes it.
const ANY_TEXT: char = '\u{1}';

/// Segments that are looked at.
const MAX_SEGMENTS: usize = 64;

/// Whether every path that `path` (with `{name}` parameters) stands for matches `pattern`.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<String> =
        segments(pattern).map(|segment| replaced(segment, '*')).take(MAX_SEGMENTS).collect();
    let path: Vec<String> =
        segments(path).map(|segment| replaced(segment, ANY_TEXT)).take(MAX_SEGMENTS).collect();
    // `reached` holds after which segments of the path the pattern so far may end.
    let mut reached = vec![false; path.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for segment in &pattern {
        let mut next = vec![false; path.len() + 1];
        if segment == "**" {
            let from = reached.iter().position(|is_reached| *is_reached);
            next.iter_mut().skip(from.unwrap_or(usize::MAX)).for_each(|it| *it = true);
        } else {
            for (at, has) in path.iter().enumerate() {
                let is_next = reached.get(at) == Some(&true) && glob(segment, has);
                if let Some(it) = next.get_mut(at + 1) {
                    *it = is_next;
                }
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').skip(usize::from(path.is_empty()))
}

/// `segment` with `by` for each `{…}`.
fn replaced(segment: &str, by: char) -> String {
    let (mut out, mut depth) = (String::new(), 0_usize);
    for c in segment.chars() {
        match c {
            '{' => {
                if depth == 0 {
                    out.push(by);
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    // `{*rest}` is the remainder in new patterns.
    if by == '*' && segment.starts_with("{*") { "**".to_owned() } else { out }
}

/// Whether one segment matches, `*` taking any text and `?` one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().take(256).collect(), text.chars().take(256).collect());
    let (mut p, mut t, mut back) = (0, 0, None);
    while let Some(has) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if wanted == has || *wanted == '?' && *has != ANY_TEXT => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, from)) = back else { return false };
                (p, t) = (after_star, from + 1);
                back = Some((after_star, from + 1));
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_take_what_they_say() {
        for (pattern, path) in [
            ("/**", "/"),
            ("/**", "/a/b"),
            ("/a/**", "/a"),
            ("/a/**", "/a/{id}/b"),
            ("/a/*", "/a/{id}"),
            ("/a/{x}", "/a/{id}"),
            ("/a/{x:[0-9]+}", "/a/{id}"),
            ("/*/b/**", "/{a}/b"),
            ("/**/public/**", "/x/y/public/z"),
            ("/a/{*rest}", "/a/b/c"),
            ("/a*/**", "/ab/c"),
            ("/", "/"),
            ("/*.html", "/{page}.html"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/a/me", "/a/{id}"),
            ("/a/*", "/a"),
            ("/a/*", "/a/b/c"),
            ("/a", "/a/b"),
            ("/a/**", "/ab"),
            ("/", "/a"),
            ("/a", "/"),
            ("", "/a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
