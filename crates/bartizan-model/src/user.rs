//! Who may use the administration API: roles, users, and the secrets by which they are known.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::time::Timestamp;

/// What somebody may do. Each role may do everything that those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    #[default]
    Viewer,
    /// Decides about findings and incidents.
    Analyst,
    /// Changes what is enforced: policies, API keys, services.
    Operator,
    /// Decides who may do what, and reads the audit log.
    Admin,
}

impl Role {
    /// Every role, least first.
    pub const ALL: &[Self] = &[Self::Viewer, Self::Analyst, Self::Operator, Self::Admin];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// 1 to 64 characters of `a-z 0-9 . _ @ -`; permanent.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Disabled ones cannot log in, and their sessions and tokens end.
    pub disabled: bool,
    /// They must choose another password before anything else.
    pub must_change_password: bool,
    /// When they were added.
    pub created: Timestamp,
    /// When the password was last set.
    pub password_changed: Timestamp,
    /// When they last logged in.
    pub last_login: Option<Timestamp>,
}

/// Longest name of a user.
const NAME_BYTES: usize = 64;

/// Whether `text` can be the name of a user.
#[must_use]
pub fn is_user_name(text: &str) -> bool {
    let is_character = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._@-".contains(&b);
    !text.is_empty() && text.len() <= NAME_BYTES && text.bytes().all(is_character)
}

/// What a token begins with; secret scanners may look for `bta_[0-9a-f]{64}`.
pub const TOKEN_PREFIX: &str = "bta_";

/// 256 random bits that prove who somebody is: the cookie of a session, or a token of the
/// administration API. Zeroised on drop, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LoginSecret([u8; 32]);

impl LoginSecret {
    /// A secret of 32 bytes from a secure source.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        let secret = Self(bytes);
        bytes.zeroize();
        Some(secret)
    }

    /// Reads a token: [`TOKEN_PREFIX`] and 64 hexadecimal digits.
    #[must_use]
    pub fn parse_token(text: &str) -> Option<Self> {
        Self::parse(text.strip_prefix(TOKEN_PREFIX)?)
    }

    /// The secret as 64 hexadecimal digits.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }

    /// What is stored of it. Nothing slower than a hash is needed for 256 random bits, and no key:
    /// whose it is shows only when it is found.
    #[must_use]
    pub fn digest(&self) -> LoginDigest {
        LoginDigest(self.derive("bartizan 2026-11 login digest v1"))
    }

    /// What a page of this session has to send along with every change, so that a page of somebody
    /// else, who does not know it, cannot make one (cross-site request forgery).
    #[must_use]
    pub fn csrf_token(&self) -> LoginDigest {
        LoginDigest(self.derive("bartizan 2026-11 csrf token v1"))
    }

    fn derive(&self, context: &str) -> [u8; 32] {
        blake3::derive_key(context, &self.0)
    }
}

impl fmt::Debug for LoginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginSecret(…)")
    }
}

/// A hash of a [`LoginSecret`]. Compared in constant time.
#[derive(Clone, Copy, Debug)]
pub struct LoginDigest([u8; 32]);

impl LoginDigest {
    /// Whether `text` is this digest, without telling by time where they differ.
    #[must_use]
    pub fn is_text(&self, text: &str) -> bool {
        LoginSecret::parse(text).is_some_and(|other| {
            blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
        })
    }
}

impl fmt::Display for LoginDigest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_read_back_and_show_nothing() {
        let secret = LoginSecret::from_random([0xa5; 32]);
        let text = secret.reveal();
        assert_eq!(text.as_str(), "a5".repeat(32));
        let again = LoginSecret::parse(&text).expect("own text");
        assert!(again.digest().is_text(&secret.digest().to_string()));
        assert!(!again.csrf_token().is_text(&secret.digest().to_string()));
        assert_eq!(format!("{secret:?}"), "LoginSecret(…)");
        let token = format!("{TOKEN_PREFIX}{}", text.as_str());
        assert!(LoginSecret::parse_token(&token).is_some());
        for wrong in ["", "a5", &token, &"A5".repeat(32), &"g5".repeat(32), &"é".repeat(32)] {
            assert!(LoginSecret::parse(wrong).is_none(), "{wrong}");
            assert!(!again.digest().is_text(wrong), "{wrong}");
        }
    }

    #[test]
    fn roles_are_ordered_and_names_plain() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
        }
        for name in ["a", "ada.byron@example.com", "ci-1", &"a".repeat(64)] {
            assert!(is_user_name(name), "{name}");
        }
        for name in ["", "Ada", "a b", "a/b", "é", "a\n", &"a".repeat(65)] {
            assert!(!is_user_name(name), "{name}");
        }
    }
}
