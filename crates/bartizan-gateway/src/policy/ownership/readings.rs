//! What servers may take an identifier for that is written otherwise: as a number, in other letters, with something
//! around it or behind it.

use super::super::asked;

/// Most identifiers in one text (`7,8,9`).
const LISTED: usize = 64;
/// Largest exponent of a number that is written out.
const EXPONENT: i32 = 400;

/// The identifiers that a text may stand for beside itself, at most a few for each that it lists. `None` when that
/// cannot be told: it has digits of other scripts, which some servers read as numbers, or lists more than 64.
pub(super) fn readings(text: &str) -> Option<Vec<String>> {
    let decoded = asked::decoded(text);
    if decoded.chars().any(|c| !c.is_ascii() && c.is_numeric()) {
        return None;
    }
    let parts: Vec<_> = decoded.split([',', ';', '|']).take(LISTED + 1).collect();
    if parts.len() > LISTED {
        return None;
    }
    let mut out = Vec::new();
    for part in parts {
        let usual = usual(part);
        let before = |end: &[char]| usual.split(end).next().unwrap_or("").to_owned();
        let begins = beginning(&usual);
        let name = before(&['.', '?', '#']);
        out.extend([Some(usual), begins, Some(name)].into_iter().flatten());
    }
    out.retain(|one| !one.is_empty() && one != text);
    out.dedup();
    Some(out)
}

/// An identifier as it is usually written: in small letters, numbers as digits, UUIDs with their hyphens.
pub(super) fn usual(text: &str) -> String {
    let is_around = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '\'' | '{' | '}' | '[' | ']' | '(' | ')')
    };
    let plain = text.trim_matches(is_around).to_lowercase();
    number(&plain).or_else(|| uuid(&plain)).unwrap_or(plain)
}

/// A number as digits, without what is behind its point.
fn number(text: &str) -> Option<String> {
    let (sign, text) = match text.strip_prefix(['+', '-']) {
        Some(rest) if text.starts_with('-') => ("-", rest),
        Some(rest) => ("", rest),
        None => ("", text),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let digits = text.strip_prefix(prefix).map(|digits| digits.replace('_', ""));
        if let Some(number) = digits.and_then(|digits| u128::from_str_radix(&digits, radix).ok()) {
            return Some(signed(sign, &number.to_string()));
        }
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= EXPONENT)?;
    // Python and others take `1_000`.
    let mantissa = mantissa.replace('_', "");
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let point = usize::try_from(point).unwrap_or(0);
    while digits.len() < point {
        digits.push('0');
    }
    digits.truncate(point);
    Some(signed(sign, &digits))
}

fn signed(sign: &str, digits: &str) -> String {
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => format!("{sign}{digits}"),
    }
}

/// A UUID without hyphens, with them (RFC 9562 section 4).
fn uuid(text: &str) -> Option<String> {
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let digits: String = text.chars().filter(|c| *c != '-').take(33).collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let groups = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let groups: Option<Vec<_>> = groups.iter().map(|(from, to)| digits.get(*from..*to)).collect();
    Some(groups?.join("-"))
}

/// The number that a text begins with, which is all that some languages read of it (`100-shoes`, `100abc`).
fn beginning(text: &str) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    (end > 0).then(|| signed("", text.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_in_every_way_that_servers_do() {
        for text in [
            "0100",
            " 100",
            "+100",
            "100.0",
            "1e2",
            "1E2",
            "100.",
            "10.0e1",
            "0x64",
            "1_00",
            "100abc",
            "100-shoes",
            "100.json",
            "\"100\"",
            "%31%30%30",
            "7,100",
            "100\0",
            "[100]",
            "1000e-1",
        ] {
            let all = readings(text).expect("readings");
            assert!(all.iter().any(|one| one == "100"), "{text:?}: {all:?}");
        }
        let uuid = "0e5f2f64-8f3f-4b7b-9d4e-0123456789ab";
        for text in [uuid.to_uppercase(), uuid.replace('-', ""), format!("{{{uuid}}}")] {
            assert!(readings(&text).expect("readings").contains(&uuid.to_owned()), "{text}");
        }
        assert!(readings("ABC").expect("readings").contains(&"abc".to_owned()));
    }

    #[test]
    fn usual_identifiers_stand_for_themselves_alone() {
        for text in ["100", "abc", "0e5f2f64-8f3f-4b7b-9d4e-0123456789ab", "0", ""] {
            assert_eq!(usual(text), text);
            let others = readings(text).expect("readings");
            assert!(others.iter().all(|one| one == "0"), "{text}: {others:?}");
        }
        assert_ne!(usual("1e999"), "1");
        assert_eq!(usual("0.5e1"), "5");
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        assert_eq!(readings("\u{ff11}00"), None);
        assert_eq!(readings(&"1,".repeat(LISTED + 1)), None);
    }
}
