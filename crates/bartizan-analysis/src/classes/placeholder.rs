//! What only stands for a value, and how varied a value is.

/// Whether a token body is no placeholder: not one or two characters repeated.
pub(super) fn is_varied(body: &str) -> bool {
    let entropy = entropy(body);
    // Real provider examples repeat one letter in short bodies (`AKIAZZZZ…` in their own tests);
    // lower-case `x` is what people write to mask.
    !body.bytes().all(|b| matches!(b, b'x' | b'X' | b'.' | b'*' | b'_' | b'-' | b'0'))
        && (entropy >= 2.5 || (body.len() <= 16 && body.bytes().all(|b| b.is_ascii_uppercase())))
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for b in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(b)) {
            *count += 1;
        }
    }
    let len = text.len().max(1) as f64;
    let bits = |n: &u32| {
        let share = f64::from(*n) / len;
        -share * share.log2()
    };
    counts.iter().filter(|n| **n > 0).map(bits).sum()
}

/// Whether a value stands for a secret without being one: masks, templates, names of variables.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "null",
        "none",
        "undefined",
        "true",
        "false",
        "string",
        "password",
        "secret",
        "token",
        "changeme",
        "redacted",
        "hidden",
        "masked",
        "required",
        "optional",
        "example",
        "test",
        "n/a",
        "apikey",
        "api_key",
        "default",
        "bearer",
        "text",
        "invalid",
        "yes",
        "no",
    ];
    WORDS.contains(&lower.as_str())
        || text.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'#' | b'?' | b' '))
        || text.chars().all(|c| matches!(c, '•' | '●' | '*' | '…'))
        || text.starts_with(['$', '<', '{', '%', '`', '['])
        || lower.contains("redacted")
        || lower.contains("your_")
        || lower.contains("your-")
        || lower.contains("example")
        || lower.contains("placeholder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy("aabb") - 1.0).abs() < 1e-9);
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
        assert!(entropy("").abs() < 1e-9);
    }
}
