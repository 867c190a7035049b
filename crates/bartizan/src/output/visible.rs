//! Hostile text made harmless to look at: control, direction-changing and invisible characters are
//! written as `‹U+202E›`, and length is bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Most combining marks in a row that are left alone; more would pile up over other lines.
const MAX_COMBINING: usize = 2;

/// `text` with every control, bidirectional, invisible and private character written as
/// `‹U+XXXX›`, cut after `max_chars` characters with a note of how many are missing.
///
/// The result holds no ESC, no line break and no character that changes the direction of text. An
/// opening `‹` that would imitate the notation is itself written in it.
#[must_use]
pub fn visible(text: &str, max_chars: usize) -> Cow<'_, str> {
    // `len` is an upper bound of the number of characters.
    if text.len() <= max_chars && !needs_change(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    let mut combining = 0;
    for (at, (byte, ch)) in text.char_indices().enumerate() {
        if at == max_chars {
            let rest = text.get(byte..).map_or(0, |tail| tail.chars().count());
            let _ = write!(out, "… ‹{rest} more characters›");
            break;
        }
        combining = if is_combining(ch) { combining + 1 } else { 0 };
        let imitates = ch == '‹' && text.get(byte..).is_some_and(|tail| tail.starts_with("‹U+"));
        if is_unseen(ch) || combining > MAX_COMBINING || imitates {
            let _ = write!(out, "‹U+{:04X}›", u32::from(ch));
        } else {
            out.push(ch);
        }
    }
    Cow::Owned(out)
}

fn needs_change(text: &str) -> bool {
    text.chars().any(|c| is_unseen(c) || is_combining(c) || c == '‹')
}

/// Characters that are not seen, or that change how others are seen (Unicode 16: Cc, Cf, Zl, Zp,
/// Co, fillers and blanks other than the space).
fn is_unseen(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

fn is_combining(ch: char) -> bool {
    matches!(ch,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{e31}' | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(visible("GET /v1/orders/{id}?q=é", 100), Cow::Borrowed(_)));
        assert_eq!(visible("", 0), "");
    }

    #[test]
    fn unseen_characters_show() {
        assert_eq!(visible("a\u{1b}[31mb", 99), "a‹U+001B›[31mb");
        assert_eq!(visible("x\u{202e}y\u{2066}\u{200b}\r\n", 99), {
            "x‹U+202E›y‹U+2066›‹U+200B›‹U+000D›‹U+000A›"
        });
        assert_eq!(visible("\u{9b}31m\u{e0041}", 99), "‹U+009B›31m‹U+E0041›");
    }

    #[test]
    fn notation_cannot_be_imitated() {
        assert_eq!(visible("‹U+001B›", 99), "‹U+2039›U+001B›");
        assert_eq!(visible("‹quote›", 99), "‹quote›");
    }

    #[test]
    fn piled_marks_are_broken_up() {
        let piled = format!("a{}", "\u{301}".repeat(5));
        assert_eq!(visible(&piled, 99).matches("‹U+0301›").count(), 3);
    }

    #[test]
    fn length_is_bounded_and_said() {
        let long = "é".repeat(5_000);
        let shown = visible(&long, 10);
        assert!(shown.starts_with("éééééééééé… ‹4990 more"), "{shown}");
        assert!(shown.chars().count() < 40);
    }
}
