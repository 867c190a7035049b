//! Patterns of `re_path` as templates.

/// How many paths one pattern may give.
const MOST: usize = 8;

/// The templates of a regular expression: groups become `{name}`; an optional group gives two.
pub(super) fn of_regex(pattern: &str) -> Vec<String> {
    let chars: Vec<char> = pattern.chars().take(2_000).collect();
    let mut at = 0;
    let mut out = sequence(&chars, &mut at, 0);
    out.truncate(MOST);
    out
}

/// Everything up to the end or a bracket that closes. Of alternatives, the first is taken.
fn sequence(chars: &[char], at: &mut usize, depth: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut is_taken = true;
    while let Some(&c) = chars.get(*at) {
        *at += 1;
        let parts: Vec<String> = match c {
            ')' if depth > 0 => {
                *at -= 1;
                break;
            }
            '|' => {
                is_taken = false;
                continue;
            }
            '^' | '$' | ')' => continue,
            '(' => group(chars, at, depth),
            '[' => {
                skip_class(chars, at);
                vec!["{param}".to_owned()]
            }
            '.' => vec![
                if matches!(chars.get(*at), Some('*' | '+')) { "{rest}" } else { "." }.to_owned(),
            ],
            '\\' => {
                let escaped = chars.get(*at).copied();
                *at += 1;
                match escaped {
                    Some('d' | 'w' | 'S' | 'D' | 'W' | 's') => vec!["{param}".to_owned()],
                    Some('Z' | 'A' | 'b' | 'B') | None => continue,
                    Some(other) => vec![other.to_string()],
                }
            }
            other => vec![other.to_string()],
        };
        let is_optional = quantifier(chars, at);
        if !is_taken {
            continue;
        }
        let is_group = parts.iter().any(|part| part.contains('{') || part.chars().count() > 1);
        let mut more = Vec::new();
        for done in &all {
            if is_optional {
                more.push(done.clone());
            }
            // What is a single optional character, a slash as a rule, is left out.
            if !is_optional || is_group {
                more.extend(parts.iter().map(|part| format!("{done}{part}")));
            }
        }
        more.truncate(MOST);
        all = more;
    }
    all
}

/// A group, behind its opening bracket.
fn group(chars: &[char], at: &mut usize, depth: usize) -> Vec<String> {
    let starts = |text: &str, at: usize| {
        text.chars().enumerate().all(|(n, c)| chars.get(at + n) == Some(&c))
    };
    if starts("?P<", *at) || starts("?<", *at) && !starts("?<=", *at) && !starts("?<!", *at) {
        let name: String = chars
            .iter()
            .skip(*at)
            .skip_while(|c| **c != '<')
            .skip(1)
            .take_while(|c| **c != '>')
            .collect();
        skip_group(chars, at);
        return vec![format!("{{{name}}}")];
    }
    if starts("?:", *at) && depth < 20 {
        *at += 2;
        let inner = sequence(chars, at, depth + 1);
        *at += 1;
        return inner;
    }
    let is_silent = chars.get(*at) == Some(&'?');
    let from = *at;
    skip_group(chars, at);
    if is_silent {
        return vec![String::new()];
    }
    let inner: Vec<char> = chars.get(from..at.saturating_sub(1)).unwrap_or_default().to_vec();
    if inner.contains(&'(') && depth < 20 {
        let mut at = 0;
        return sequence(&inner, &mut at, depth + 1);
    }
    vec!["{param}".to_owned()]
}

/// Goes behind the bracket that closes a group.
fn skip_group(chars: &[char], at: &mut usize) {
    let mut open = 1_usize;
    while let Some(&c) = chars.get(*at) {
        *at += 1;
        match c {
            '\\' => *at += 1,
            '[' => skip_class(chars, at),
            '(' => open += 1,
            ')' => {
                open -= 1;
                if open == 0 {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// Goes behind the bracket that closes a class of characters.
fn skip_class(chars: &[char], at: &mut usize) {
    if chars.get(*at) == Some(&'^') {
        *at += 1;
    }
    if chars.get(*at) == Some(&']') {
        *at += 1;
    }
    while let Some(&c) = chars.get(*at) {
        *at += 1;
        match c {
            '\\' => *at += 1,
            ']' => return,
            _ => {}
        }
    }
}

/// Goes behind how often something may be there; tells whether it may be missing.
fn quantifier(chars: &[char], at: &mut usize) -> bool {
    let mut is_optional = false;
    match chars.get(*at) {
        Some('?') => {
            is_optional = true;
            *at += 1;
        }
        Some('*' | '+') => *at += 1,
        Some('{') => {
            while let Some(&c) = chars.get(*at) {
                *at += 1;
                if c == '}' {
                    break;
                }
            }
        }
        _ => return false,
    }
    if matches!(chars.get(*at), Some('?' | '+')) {
        *at += 1;
    }
    is_optional
}

#[cfg(test)]
mod tests {
    use super::of_regex;

    #[test]
    fn groups_become_parameters() {
        assert_eq!(of_regex("^users/$"), ["users/"]);
        assert_eq!(of_regex(r"^users/(?P<pk>\d+)/$"), ["users/{pk}/"]);
        assert_eq!(of_regex(r"^a/(?P<x>[^/)]+)\.json$"), ["a/{x}.json"]);
        assert_eq!(of_regex(r"^a/(\d+)/(?P<y>(a|b){2})"), ["a/{param}/{y}"]);
        assert_eq!(of_regex("^users/?$"), ["users"]);
        assert_eq!(of_regex(r"^a(?:/(?P<p>\w+))?/$"), ["a/", "a/{p}/"]);
        assert_eq!(of_regex("^.*$"), ["{rest}"]);
        assert_eq!(of_regex("^$"), [""]);
    }

    #[test]
    fn broken_patterns_end() {
        for pattern in ["(", "[", "\\", "(?P<", "a{", ")", "(?:(?:(", "|", "?"] {
            let _ = of_regex(pattern);
        }
    }
}
