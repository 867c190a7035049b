//! Makes sloppy JSON parse: what exporters really write beside what RFC 8259 allows.

/// A copy of `text` that a strict parser accepts, as far as the sloppiness is one of these: bytes
/// that are not UTF-8, control characters and lone surrogate escapes in strings, unknown escapes,
/// `NaN`, `Infinity` and `undefined`, and commas before a closing bracket. At most six times as
/// long.
pub(super) fn repair(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest: &str = &text;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '"' => string(rest.get(1..).unwrap_or(""), &mut out),
            'A'..='Z' | 'a'..='z' | '+' | '-' => word(rest, &mut out),
            ',' => {
                let after = rest.get(1..).unwrap_or("");
                if !after.trim_start().starts_with(['}', ']']) {
                    out.push(',');
                }
                after
            }
            _ => {
                out.push(c);
                rest.get(c.len_utf8()..).unwrap_or("")
            }
        };
    }
    out
}

/// Copies a word: those that JSON knows, and numbers with their sign; others become `null`.
fn word<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let sign = usize::from(rest.starts_with(['+', '-']));
    let after_sign = rest.get(sign..).unwrap_or("");
    let length = after_sign.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after_sign.len());
    let (name, after) = after_sign.split_at(length);
    match name {
        // The exponent of a number comes here too.
        "" | "e" | "E" | "true" | "false" | "null" => {
            if rest.starts_with('-') || (sign == 1 && out.ends_with(['e', 'E'])) {
                out.push_str(&rest[..sign]);
            }
            out.push_str(name);
        }
        _ => out.push_str("null"),
    }
    after
}

/// Copies a string whose opening quote was read; gives what follows its closing quote.
fn string<'a>(mut rest: &'a str, out: &mut String) -> &'a str {
    out.push('"');
    loop {
        let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
        let (text, tail) = rest.split_at(plain);
        out.push_str(text);
        let Some(c) = tail.chars().next() else { return tail };
        let after = tail.get(1..).unwrap_or("");
        rest = match c {
            '"' => {
                out.push('"');
                return after;
            }
            '\\' => escape(after, out),
            control => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
                after
            }
        };
    }
}

/// Copies an escape whose backslash was read.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        return rest;
    };
    let after = rest.get(c.len_utf8()..).unwrap_or("");
    match c {
        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {
            out.push('\\');
            out.push(c);
            after
        }
        'u' => match (hex4(after), after.get(4..)) {
            (Some(high @ 0xd800..=0xdbff), Some(tail)) => {
                let low = tail.strip_prefix("\\u").and_then(hex4);
                if let Some(low @ 0xdc00..=0xdfff) = low {
                    out.push_str(&format!("\\u{high:04x}\\u{low:04x}"));
                    tail.get(6..).unwrap_or("")
                } else {
                    out.push_str("\\ufffd");
                    tail
                }
            }
            (Some(0xdc00..=0xdfff), Some(tail)) => {
                out.push_str("\\ufffd");
                tail
            }
            (Some(unit), Some(tail)) => {
                out.push_str(&format!("\\u{unit:04x}"));
                tail
            }
            _ => {
                out.push_str("\\\\u");
                after
            }
        },
        // An escape that JSON does not know: keep the backslash as text.
        _ => {
            out.push_str("\\\\");
            rest
        }
    }
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_json_becomes_strict() {
        for (sloppy, strict) in [
            (&b"{\"a\":\"x\ny\"}"[..], "{\"a\":\"x\\ny\"}"),
            (
                b"{\"a\":\"\\ud83d\\ude00 \\ud83d!\\ude00\"}",
                "{\"a\":\"\u{1f600} \u{fffd}!\u{fffd}\"}",
            ),
            (b"{\"a\":NaN,\"b\":-Infinity,\"c\":undefined,}", "{\"a\":null,\"b\":null,\"c\":null}"),
            (b"{\"a\":[1,2, ],\"b\":\"\\x41\\'\"}", "{\"a\":[1,2],\"b\":\"\\\\x41\\\\'\"}"),
            (b"{\"a\":\"\xff\xfe\"}", "{\"a\":\"\u{fffd}\u{fffd}\"}"),
            (
                b"{\"a\":-1.5E+3,\"b\":2e-1,\"c\":+7,\"d\":true}",
                "{\"a\":-1.5e3,\"b\":0.2,\"c\":7,\"d\":true}",
            ),
            (b"{\"a\":\"\\u12\"}", "{\"a\":\"\\\\u12\"}"),
        ] {
            let repaired = repair(sloppy);
            let value: serde_json::Value = serde_json::from_str(&repaired).expect("strict");
            let expected: serde_json::Value = serde_json::from_str(strict).expect("strict");
            assert_eq!(value, expected, "{repaired}");
        }
    }

    #[test]
    fn broken_ends_do_not_panic() {
        for text in ["\"", "\"\\", "\"\\u", "\"\\ud800\\u", "\"\\ud83dä", "-", "e", ",", "\"\\ä"]
        {
            repair(text.as_bytes());
        }
    }
}
