//! What syslog or a container runtime writes before a line.

use std::net::IpAddr;

/// How far into a line something shipped may begin.
const PREFIX_BYTES: usize = 512;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Whether a line begins like one that syslog or a container runtime has shipped: `<priority>`, a
/// month's name, a date, or `name |`.
pub(in super::super) fn is_shipped(text: &str) -> bool {
    text.starts_with('<')
        || MONTHS.iter().any(|m| text.starts_with(m) && text.as_bytes().get(3) == Some(&b' '))
        || is_date(text)
        || text.split(' ').filter(|w| !w.is_empty()).nth(1) == Some("|")
}

fn is_date(text: &str) -> bool {
    text.len() >= 10
        && text.bytes().take(10).enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
}

/// How many words the shipper wrote: up to a tag (`nginx:`, `nginx[7]:`), a bar, or, in RFC 5424
/// form, the structured data.
pub(in super::super) fn shipping_words(words: &[(usize, &str)]) -> usize {
    let is_tag =
        |word: &str| word.ends_with(':') && word.len() > 1 && word.parse::<IpAddr>().is_err();
    let by_tag = words.iter().take(8).position(|(_, word)| is_tag(word) || *word == "|");
    if let Some(at) = by_tag {
        return at + 1;
    }
    // `<165>1 time host app process message-id structured-data …`, RFC 5424 §6.
    let is_5424 = words.first().is_some_and(|(_, w)| w.starts_with('<') && w.ends_with(">1"));
    if is_5424 {
        return words.len().min(7);
    }
    // A container runtime: `time stdout F …`.
    match words.get(1) {
        Some((_, "stdout" | "stderr")) => 3,
        _ => usize::from(words.first().is_some_and(|(_, w)| is_date(w))),
    }
}

/// The JSON object of a line: the line itself, or what follows a shipper's words. RFC 5424 writes
/// no brace before the message but in structured data, which is in brackets.
pub(in super::super) fn object(line: &[u8]) -> Option<&[u8]> {
    if line.starts_with(b"{") {
        return Some(line);
    }
    let at = memchr::memchr(b'{', line.get(..line.len().min(PREFIX_BYTES))?)?;
    let before = std::str::from_utf8(line.get(..at)?).ok()?;
    if is_shipped(before) { line.get(at..) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_behind_shippers_only() {
        for (line, found) in [
            ("{\"a\":1}", Some("{\"a\":1}")),
            ("<190>May  1 00:00:00 lb nginx: {\"a\":1}", Some("{\"a\":1}")),
            ("2026-05-01T00:00:00.1Z stdout F {}", Some("{}")),
            ("web_1  | {}", Some("{}")),
            ("1.2.3.4 - - {}", None),
            ("", None),
        ] {
            assert_eq!(object(line.as_bytes()), found.map(str::as_bytes), "{line}");
        }
        let far = format!("2026-05-01T00:00:00Z {}{{}}", "x".repeat(PREFIX_BYTES));
        assert_eq!(object(far.as_bytes()), None);
    }
}
