//! Check digits that a class of the operator may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::classes::checksum;

/// Most digits or letters of a value with check digits.
const MAX_DIGITS: usize = 64;

/// Which check digits a value must have. They are computed over its digits alone, for `mod97_10` over
/// digits and letters; a value whose digits are all the same has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigits {
    /// None.
    #[default]
    None,
    /// The algorithm of Luhn, check digit last (ISO/IEC 7812-1 annex B).
    Luhn,
    /// Two check digits at the end (ISO/IEC 7064 MOD 97-10). Letters count 10 to 35.
    #[serde(rename = "mod97_10")]
    Mod97,
    /// One check digit at the end (ISO/IEC 7064 MOD 11,10).
    #[serde(rename = "mod11_10")]
    Mod11,
    /// The algorithm of Verhoeff, check digit last.
    Verhoeff,
}

impl CheckDigits {
    /// The word of the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Luhn => "luhn",
            Self::Mod97 => "mod97_10",
            Self::Mod11 => "mod11_10",
            Self::Verhoeff => "verhoeff",
        }
    }

    /// Whether `text` has them.
    pub(super) fn hold(self, text: &str) -> bool {
        if self == Self::None {
            return true;
        }
        if text.bytes().filter(u8::is_ascii_alphanumeric).count() > MAX_DIGITS {
            return false;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0');
        let digits: SmallVec<[u8; MAX_DIGITS]> = digits.collect();
        if digits.len() < 2 || checksum::is_uniform(&digits) {
            return false;
        }
        match self {
            Self::None => true,
            Self::Luhn => checksum::luhn(&digits),
            Self::Mod11 => checksum::mod11_10(&digits),
            Self::Verhoeff => checksum::verhoeff(&digits),
            Self::Mod97 => {
                let marks = text.bytes().filter(u8::is_ascii_alphanumeric);
                checksum::mod97(marks.map(|b| b.to_ascii_uppercase())) == Some(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_do_not_count_and_errors_are_seen() {
        for (check, right, wrong) in [
            (CheckDigits::Luhn, "7992-7398-713", "7992-7398-710"),
            (CheckDigits::Mod97, "ab 7949 44 ", "ab 7949 45"),
            (CheckDigits::Mod97, "79444", "79445"),
            (CheckDigits::Mod11, "K-07945", "K-07946"),
            (CheckDigits::Verhoeff, "23 63", "23 64"),
        ] {
            let right =
                if check == CheckDigits::Mod97 { complete(right) } else { right.to_owned() };
            assert!(check.hold(&right), "{check:?} {right}");
            assert!(!check.hold(wrong), "{check:?} {wrong}");
            assert!(!check.hold("0000") && !check.hold("") && !check.hold(&"1".repeat(500)));
        }
        assert!(CheckDigits::None.hold(""));
    }

    /// `text` without its last two digits, with the right ones behind (98 − remainder · 100).
    fn complete(text: &str) -> String {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let body = plain[..plain.len() - 2].to_uppercase();
        let rest = checksum::mod97(body.bytes().chain(*b"00")).expect("letters and digits");
        format!("{body}{:02}", 98 - rest)
    }
}
