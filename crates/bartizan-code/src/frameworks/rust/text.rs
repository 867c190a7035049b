//! Texts of literals and of the arguments of macros.

use crate::syntax::Piece;

/// The text between the quotes.
pub(super) fn string(piece: &Piece<'_>) -> String {
    let text = piece.text();
    let (start, end) = (text.find('"').map_or(0, |at| at + 1), text.rfind('"').unwrap_or(0));
    text.get(start..end).unwrap_or_default().to_owned()
}

/// What is inside the brackets.
pub(super) fn inside(text: &str) -> &str {
    let text = text.trim();
    text.get(1..text.len().saturating_sub(1)).unwrap_or_default()
}

/// Parts between commas that are in no brackets or strings.
pub(super) fn split(text: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start, mut is_string) = (Vec::new(), 0_usize, 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_string = !is_string,
            _ if is_string => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(text.get(start..).unwrap_or_default().trim());
    out.retain(|part| !part.is_empty());
    out
}
