//! Which names may be shown as they are.
//!
//! A client id is no secret (RFC 6749 §2.2), but anybody can write anything where one is expected: what could be
//! a secret, an address or a number of a person is shown as its shape.

use bartizan_model::{HashKey, redact};
use smol_str::{SmolStr, format_smolstr};

/// Longest name that is shown.
const MOST_NAME: usize = 128;
/// From so many letters and digits without a separator on, a mixture of both is taken for a secret.
const SECRET: usize = 16;
/// From so many digits on, a name is taken for a number of somebody.
const NUMBER: usize = 7;

/// A name as it may be shown: itself when it is plain, else its shape and the beginning of its hash.
pub(super) fn shown(name: &str, key: &HashKey) -> SmolStr {
    if is_plain(name) {
        return name.into();
    }
    let hash = key.hash("client-name", name.as_bytes());
    format_smolstr!("{} #{}", redact::shape(name), hash.short())
}

/// Whether a name is that of software: words, a UUID, a host, and nothing that could be a secret.
pub(super) fn is_plain(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:/-+~ *".contains(&b);
    if name.is_empty() || name.len() > MOST_NAME || !name.bytes().all(is_allowed) {
        return false;
    }
    if is_uuid(name) {
        return true;
    }
    let runs = name.split(|c: char| !c.is_ascii_alphanumeric());
    name.bytes().any(|b| b.is_ascii_alphabetic()) && runs.into_iter().all(is_word)
}

fn is_word(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let is_mixed = digits > 0 && digits < run.len();
    // Random letters alone change between small and large ones.
    let bytes = run.as_bytes();
    let turns = bytes
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        .count();
    digits < NUMBER
        && !(run.len() >= SECRET && (is_mixed || turns * 4 > run.len()))
        && run.len() <= 40
}

/// Whether a text can be a fingerprint or a version: short, of letters, digits and few signs.
pub(super) fn is_fingerprint(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(is_allowed)
}

/// RFC 9562 §4.
fn is_uuid(name: &str) -> bool {
    let mut lengths = name.split('-').map(str::len);
    name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        && [8, 4, 4, 4, 12].iter().all(|length| lengths.next() == Some(*length))
        && lengths.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_what_could_be_a_secret_is_not() {
        let key = HashKey::new([1; 32]);
        for name in [
            "web-shop",
            "orders:read",
            "https://www.example.com/auth/orders.readonly",
            "2f1c0b5e-7f0e-4a55-9d3c-0d9a1c1f2b3e",
            "ShopApp",
            "python-requests",
            "User.Read.All",
        ] {
            assert_eq!(shown(name, &key), name);
        }
        for name in [
            "jane@example.com",
            "4915112345678",
            "sk_live_51H8xYzAbCdEfGhIjKlMn",
            "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
            "0oa1b2c3d4e5f6g7h8i9",
            "qWeRtYuIoPaSdFgHjKlZ",
            "",
            "\u{1b}[31m",
            "12",
        ] {
            let shown = shown(name, &key);
            assert!(shown != name && !shown.contains(char::is_control), "{name}: {shown}");
        }
        assert!(!is_plain(&"a-".repeat(MOST_NAME)));
    }
}
