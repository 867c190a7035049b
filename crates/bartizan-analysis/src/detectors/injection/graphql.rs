//! String literals of a GraphQL document: each is a value of its own.

/// Whether a text looks like a GraphQL document (GraphQL spec §2.2). Only of such a one it is enough to
/// judge the string literals, so it may hold nothing else that has a meaning elsewhere.
pub(crate) fn is_document(text: &str) -> bool {
    looks_like_one(text.trim_ascii()) && has_only_tokens(text.as_bytes())
}

fn looks_like_one(text: &str) -> bool {
    let operation = ["query", "mutation", "subscription", "fragment"];
    text.ends_with('}')
        && (text.starts_with('{') && !text.starts_with("{{") && text.contains([' ', '\n'])
            || operation.iter().any(|word| {
                text.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with([' ', '{', '(', '\n', '\t']))
            }))
}

/// Whether everything outside of string literals is a token of the language (§2.1), brackets are in pairs,
/// and numbers are arguments. Comments are no tokens: anything could be in them.
fn has_only_tokens(bytes: &[u8]) -> bool {
    let (mut open, mut arguments) = (Vec::new(), 0);
    let mut before = b' ';
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => match string_end(bytes.get(at..).unwrap_or_default()) {
                Some(length) => at += length + 1,
                None => return false,
            },
            b'(' | b'[' | b'{' => {
                arguments += usize::from(byte == b'(');
                open.push(byte);
            }
            b')' | b']' | b'}' => {
                arguments -= usize::from(byte == b')' && open.last() == Some(&b'('));
                let pair = [(b'(', b')'), (b'[', b']'), (b'{', b'}')];
                if open.pop().is_none_or(|begin| !pair.contains(&(begin, byte))) {
                    return false;
                }
            }
            b'0'..=b'9' | b'-' | b'+' => {
                let in_name = before.is_ascii_alphanumeric() || before == b'_';
                if arguments == 0 && (!in_name || !byte.is_ascii_digit()) {
                    return false;
                }
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b' ' | b'\t' | b'\r' | b'\n' | b',' | b'.' => {}
            b'!' | b'$' | b'&' | b':' | b'=' | b'@' | b'|' => {}
            _ => return false,
        }
        before = byte;
    }
    open.is_empty()
}

/// Length of a string literal without its quotes, from behind the first one.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    loop {
        match bytes.get(end)? {
            b'\\' => end += 2,
            b'"' => return Some(end),
            _ => end += 1,
        }
    }
}

/// String literals longer than two bytes; block strings as ordinary ones.
pub(crate) fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = memchr::memchr(b'"', rest.as_bytes())?;
            let tail = rest.get(at + 1..)?;
            let end = string_end(tail.as_bytes())?;
            let value = tail.get(..end)?;
            rest = tail.get(end + 1..).unwrap_or_default();
            if value.len() > 2 {
                return Some(value);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found() {
        let text = r#"query { user(name: "x' OR \"1\"=1--", id: "") { id note(q: """abc""") } }"#;
        assert!(is_document(text));
        assert_eq!(strings(text).collect::<Vec<_>>(), [r#"x' OR \"1\"=1--"#, "abc"]);
        assert!(!is_document("queryable { }") && !is_document("query me"));
    }

    #[test]
    fn what_only_begins_and_ends_like_a_document_is_none() {
        for text in [
            "{ <script>alert(1)</script> }",
            "query ' or '1'='1' -- }",
            "query ;cat /etc/passwd # }",
            "{ 1 union select password from users }",
            "{ id } # ' or 1=1 -- \n { id }",
            "{ id(n: 1)) }",
            "{ \"open }",
        ] {
            assert!(!is_document(text), "{text}");
        }
        for text in [
            "{ user(id: 4, tags: [\"a\", \"b\"], at: -1.5e+3) { id, ...parts @include(if: $yes) } }",
            "mutation m($v1: Int! = 3) { a: set(v: $v1) { line2 } }",
        ] {
            assert!(is_document(text), "{text}");
        }
    }
}
