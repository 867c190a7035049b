//! String literals of a GraphQL document: each is a value of its own.

/// Whether a text looks like a GraphQL document (GraphQL spec §2.2).
pub(crate) fn is_document(text: &str) -> bool {
    let text = text.trim_ascii();
    let operation = ["query", "mutation", "subscription", "fragment"];
    text.ends_with('}')
        && (text.starts_with('{') && !text.starts_with("{{") && text.contains([' ', '\n'])
            || operation.iter().any(|word| {
                text.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with([' ', '{', '(', '\n', '\t']))
            }))
}

/// Up to 64 string literals longer than two bytes; block strings as ordinary ones.
pub(crate) fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = memchr::memchr(b'"', rest.as_bytes())?;
            let tail = rest.get(at + 1..)?;
            let mut end = 0;
            let bytes = tail.as_bytes();
            while let Some(byte) = bytes.get(end) {
                match byte {
                    b'\\' => end += 2,
                    b'"' => break,
                    _ => end += 1,
                }
            }
            let value = tail.get(..end)?;
            rest = tail.get(end + 1..).unwrap_or_default();
            if value.len() > 2 {
                return Some(value);
            }
        }
    })
    .take(64)
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
}
