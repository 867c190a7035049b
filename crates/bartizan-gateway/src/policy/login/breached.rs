//! Passwords that are known to have leaked, by the beginnings of their SHA-1.

use std::path::Path;

use sha1::{Digest as _, Sha1};

use super::super::{config::Problem, files};

/// Most bytes of a file.
const BYTES: u64 = 64 * 1024 * 1024;
/// Hexadecimal digits of a line: fewer would hit passwords that never leaked.
const DIGITS: std::ops::RangeInclusive<usize> = 10..=40;
/// Digits that are compared.
const COMPARED: usize = 16;

/// Beginnings of the SHA-1 of passwords.
#[derive(Debug)]
pub(super) struct Breached {
    /// Sorted.
    prefixes: Vec<u64>,
    /// Digits of each.
    digits: usize,
}

impl Breached {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let text = files::text(path, BYTES).map_err(|problem| Problem::new("breached", problem))?;
        Self::parse(&text).map_err(|problem| Problem::new("breached", problem))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut prefixes, mut digits) = (Vec::new(), None);
        for (at, line) in text.lines().enumerate() {
            let hash = line.split(':').next().unwrap_or(line).trim();
            if hash.is_empty() {
                continue;
            }
            let is_hash =
                DIGITS.contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_hash || *digits.get_or_insert(hash.len()) != hash.len() {
                let at = at + 1;
                return Err(format!(
                    "line {at}: expected 10 to 40 hexadecimal digits, as many everywhere"
                ));
            }
            let compared = &hash[..hash.len().min(COMPARED)];
            let prefix = u64::from_str_radix(compared, 16);
            prefixes.push(prefix.map_err(|error| format!("line {}: {error}", at + 1))?);
        }
        let Some(digits) = digits else { return Err("there is no hash in it".to_owned()) };
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes.shrink_to_fit();
        Ok(Self { prefixes, digits: digits.min(COMPARED) })
    }

    /// Whether a password is among them.
    pub(super) fn holds(&self, password: &str) -> bool {
        let digest = Sha1::digest(password.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let prefix = u64::from_be_bytes(first) >> (4 * (COMPARED - self.digits));
        self.prefixes.binary_search(&prefix).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_by_the_beginning_of_their_hash() {
        // SHA-1 of `password` and of `123456`, as published lists write them.
        let whole = "7C4A8D09CA3762AF61E59520943DC26494F8941B:37359195\n\
                     5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\n";
        for text in [whole, "7c4a8d09ca\n\n5baa61e4c9\n", "5BAA61E4C9B93F3F\n7C4A8D09CA3762AF"] {
            let breached = Breached::parse(text).expect("read");
            assert!(breached.holds("password") && breached.holds("123456"), "{text}");
            assert!(!breached.holds("Password") && !breached.holds(""), "{text}");
        }
        for text in ["", "5baa6", "5baa61e4c9\n5baa61e4c9b9", "xbaa61e4c9", "5baa61e4cé"] {
            assert!(Breached::parse(text).is_err(), "{text}");
        }
    }
}
