//! Expressions of Spring Security, as a caller without credentials meets them.

/// Expressions in each other that are followed.
const MAX_DEPTH: usize = 16;

/// Whether an expression lets in a caller without credentials: `permitAll()`, `isAnonymous()`,
/// `hasRole('ADMIN') or permitAll`.
pub(super) fn lets_anyone_in(expression: &str) -> bool {
    allows(expression, 0)
}

fn allows(expression: &str, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let text = unwrapped(expression.trim());
    if let Some(parts) = split(text, &["or", "||"]) {
        return parts.iter().any(|part| allows(part, depth + 1));
    }
    if let Some(parts) = split(text, &["and", "&&"]) {
        return parts.iter().all(|part| allows(part, depth + 1));
    }
    let negated = text.strip_prefix('!').or_else(|| text.strip_prefix("not "));
    if let Some(inner) = negated {
        return !allows(inner, depth + 1);
    }
    let call: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(call.as_str(), "permitAll" | "permitAll()" | "true" | "isAnonymous()" | "anonymous")
        || call.contains("ROLE_ANONYMOUS")
        || call == "hasRole('ANONYMOUS')"
        || call == "permitAll=true"
}

/// Without brackets around the whole.
fn unwrapped(text: &str) -> &str {
    let mut text = text;
    while let Some(inner) = text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        let mut depth = 0_i32;
        let closes_early = inner.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        });
        if closes_early {
            break;
        }
        text = inner.trim();
    }
    text
}

/// The parts between words that stand outside of brackets and quotes; `None` for one part.
fn split<'t>(text: &'t str, words: &[&str]) -> Option<Vec<&'t str>> {
    let (mut depth, mut is_quoted) = (0_i32, false);
    let (mut parts, mut start, mut skip) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        if at < skip {
            continue;
        }
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' | '{' | '[' if !is_quoted => depth += 1,
            ')' | '}' | ']' if !is_quoted => depth -= 1,
            _ if depth == 0 && !is_quoted => {
                let rest = text.get(at..).unwrap_or_default();
                let before = text.get(..at).unwrap_or_default();
                let found = words.iter().find(|word| {
                    let is_sign = word.starts_with(['|', '&']);
                    let head = rest.get(..word.len()).unwrap_or_default();
                    let tail = rest.get(word.len()..).unwrap_or_default();
                    let is_free = |c: char| !c.is_alphanumeric() && c != '_' && c != '.';
                    head.eq_ignore_ascii_case(word)
                        && (is_sign
                            || before.chars().next_back().is_some_and(is_free)
                                && tail.chars().next().is_some_and(is_free))
                });
                if let Some(word) = found {
                    parts.push(text.get(start..at).unwrap_or_default());
                    start = at + word.len();
                    skip = start;
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(text.get(start..).unwrap_or_default());
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::lets_anyone_in;

    #[test]
    fn expressions_are_understood() {
        for open in [
            "permitAll()",
            "permitAll",
            "isAnonymous() or hasRole('USER')",
            "(permitAll)",
            "hasRole('A') || permitAll()",
            "!isAuthenticated()",
            "not isAuthenticated()",
        ] {
            assert!(lets_anyone_in(open), "{open}");
        }
        for closed in [
            "isAuthenticated()",
            "hasRole('ORDER or permitAll')",
            "hasRole('A') and permitAll()",
            "@guard.check(#id)",
            "#id == authentication.name",
            "!isAnonymous()",
            "denyAll",
            "(hasRole('A')) or (hasRole('B'))",
            "",
        ] {
            assert!(!lets_anyone_in(closed), "{closed}");
        }
    }
}
