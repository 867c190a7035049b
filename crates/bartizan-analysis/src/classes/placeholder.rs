//! What only stands for a value, and how varied a value is.

/// Whether a token body is no placeholder: not one or two characters repeated.
pub(super) fn is_varied(body: &str) -> bool {
    let entropy = entropy(body);
    // Real provider examples repeat one letter in short bodies (`AKIAZZZZ…` in their own tests);
    // lower-case `x` is what people write to mask.
    !body.bytes().all(|b| matches!(b, b'x' | b'X' | b'.' | b'*' | b'_' | b'-' | b'0'))
        && !is_sequence(body)
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

/// Fewest letters or digits of a row that goes up or down by one.
const MIN_ROW: usize = 6;

/// Whether at least half of the letters and digits stand in rows as people type them: `abcdefgh`,
/// `1234567890`, `fedcba`. In 40 random letters and digits one such row of six is found once in a
/// million times.
pub(super) fn is_sequence(text: &str) -> bool {
    let (mut all, mut in_rows) = (0, 0);
    let (mut row, mut step, mut before) = (1, 0, 0);
    let mut end = |row: usize| in_rows += if row >= MIN_ROW { row } else { 0 };
    for b in text.bytes().filter(u8::is_ascii_alphanumeric) {
        let b = b.to_ascii_lowercase();
        all += 1;
        let next = match (before, b) {
            // 0 comes behind 9 on keyboards, and digits behind letters in alphabets.
            (b'9', b'0') | (b'z', b'0' | b'1') => 1,
            (b'0', b'9') => -1,
            _ => i16::from(b) - i16::from(before),
        };
        let goes_on = next.abs() == 1 && (row == 1 || next == step);
        if !goes_on {
            end(row);
        }
        row = if goes_on { row + 1 } else { 1 };
        (step, before) = (next, b);
    }
    end(row);
    all > 0 && in_rows * 2 >= all
}

/// Longest run of one sign of masks that a real value has.
const MAX_MASK: usize = 5;

/// Words that are a placeholder when nothing else is there.
const WORDS: &[&str] = &[
    "null",
    "none",
    "undefined",
    "true",
    "false",
    "string",
    "password",
    "passwd",
    "secret",
    "token",
    "changeme",
    "hidden",
    "masked",
    "required",
    "optional",
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

/// Parts of what people write where a value is to be put in.
const PARTS: &[&str] = &[
    "redacted",
    "your_",
    "your-",
    "yourapikey",
    "yoursecret",
    "yourtoken",
    "example",
    "placeholder",
    "sample",
    "dummy",
    "foobar",
    "goes_here",
    "goes-here",
    "put_your",
    "my_secret_",
    "fill_me",
    "todo_",
    "change_me",
    "change-me",
    "replace_",
    "replace-",
    "insert_",
    "insert-",
    "_here",
    "-here",
];

/// Whether a value stands for a secret without being one: masks, templates, names of variables.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_mask = |c: char| matches!(c, '*' | 'x' | '.' | '-' | '#' | '?' | ' ' | '•' | '●' | '…');
    WORDS.contains(&lower.as_str())
        || lower.chars().all(is_mask)
        || is_reference(text)
        || PARTS.iter().any(|part| lower.contains(part))
        || has_mask(lower.as_bytes())
}

/// Whether it is put in from elsewhere: `${NAME}`, `<name>`, `{{ name }}`, `%NAME%`, `$(command)`.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with(['$', '<', '{', '%', '`', '[']) || text.contains("${") || text.contains("{{")
}

/// Whether one sign of masks stands there many times in a row.
fn has_mask(lower: &[u8]) -> bool {
    let mut run = 0;
    let mut before = 0;
    lower.iter().any(|b| {
        run = if *b == before { run + 1 } else { 1 };
        before = *b;
        run > MAX_MASK && b"x*#".contains(b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_templates_and_words_are_placeholders() {
        for text in [
            "********",
            "XXXX-XXXX",
            "••••",
            "sk_live_xxxxxxxx4321",
            "your-api-key",
            "PUT_TOKEN_HERE",
            "${TOKEN}",
            "Bearer ${TOKEN}",
            "<token>",
            "Secret",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["hunter2!", "a7Kq2ZpL9xWm4RtY8vBn", "AAAAAAAA1", "passxxx1"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn rows_of_letters_and_digits_are_no_tokens() {
        for text in [
            "1234567890abcdefghijklmnopqrstuvwxyz",
            "abcdefgh",
            "ABCDEF-123456",
            "9876543210",
            "xyz012-34567",
        ] {
            assert!(is_sequence(text), "{text}");
            assert!(!is_varied(text), "{text}");
        }
        for text in [
            "",
            "a7Kq2ZpL9xWm4RtY8vBn",
            "abcde",
            "0123456789abcdef5eb4223e5008468ee5be67c7b8f2",
            "112233445566",
        ] {
            assert!(!is_sequence(text), "{text}");
        }
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy("aabb") - 1.0).abs() < 1e-9);
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
        assert!(entropy("").abs() < 1e-9);
    }
}
