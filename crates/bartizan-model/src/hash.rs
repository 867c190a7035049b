//! Keyed hashes: equal values can be matched, values cannot be recovered or guessed without the key.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::{Zeroize, ZeroizeOnDrop};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The secret of one organisation under which values are hashed (BLAKE3 keyed mode, 32 bytes).
///
/// Kept outside the database, zeroised on drop, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// Wraps 32 secret bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A separate key for one purpose, for example `"exchange-log"`. One key never serves two uses.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"bartizan key derivation v1\0");
        hasher.update(purpose.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// Hashes `value` within `domain` (what kind of thing it is), so that equal bytes of two kinds
    /// do not match each other.
    #[must_use]
    pub fn hash(&self, domain: &str, value: &[u8]) -> KeyedHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(domain.len() as u64).to_le_bytes());
        hasher.update(domain.as_bytes());
        hasher.update(value);
        let mut out = [0; 10];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
        KeyedHash(out)
    }

    /// A 64-bit seed for in-memory tables, so that hostile keys cannot be chosen to collide.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let hash = self.derive("table-seed");
        u64::from_le_bytes([
            hash.0[0], hash.0[1], hash.0[2], hash.0[3], hash.0[4], hash.0[5], hash.0[6], hash.0[7],
        ])
    }

    /// The key bytes, for ciphers and for writing the key file. Handle with care.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// 80 bits of a keyed hash, written as 16 characters of Crockford base 32.
///
/// Equal hashes under one key mean equal values. 80 bits: two of 10⁹ values collide with a
/// probability of about 4·10⁻⁷.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyedHash(pub [u8; 10]);

impl KeyedHash {
    /// The first six characters, for tables read by people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..6].to_owned()
    }

    /// The first 64 bits, as key of tables in memory.
    #[must_use]
    pub fn first8(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Parses the 16 characters that `Display` writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode32(text).map(Self)
    }
}

/// 80 bits as 16 characters of Crockford base 32 (lower case).
#[must_use]
pub fn encode32(bytes: &[u8; 10]) -> String {
    let mut out = String::with_capacity(16);
    for chunk in bytes.chunks_exact(5) {
        let bits = chunk.iter().fold(0u64, |acc, byte| (acc << 8) | u64::from(*byte));
        for i in (0..8).rev() {
            out.push(char::from(ALPHABET[(bits >> (i * 5)) as usize & 31]));
        }
    }
    out
}

/// The reverse of [`encode32`]; `None` when the text is not 16 characters of that alphabet.
#[must_use]
pub fn decode32(text: &str) -> Option<[u8; 10]> {
    let text = text.as_bytes();
    if text.len() != 16 {
        return None;
    }
    let mut out = [0; 10];
    for (i, chunk) in text.chunks_exact(8).enumerate() {
        let mut bits = 0u64;
        for byte in chunk {
            let digit = ALPHABET.iter().position(|a| a == byte)?;
            bits = (bits << 5) | digit as u64;
        }
        out[i * 5..i * 5 + 5].copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(out)
}

impl fmt::Display for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode32(&self.0))
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{self}")
    }
}

impl JsonSchema for KeyedHash {
    fn schema_name() -> Cow<'static, str> {
        "KeyedHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "Keyed hash: equal hashes are equal values"})
    }
}

impl Serialize for KeyedHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for KeyedHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).ok_or_else(|| D::Error::custom("expected a 16-character hash"))
        } else {
            Ok(Self(<[u8; 10]>::deserialize(deserializer)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_by_key_domain_and_value() {
        let key = HashKey::new([7; 32]);
        let other = HashKey::new([8; 32]);
        assert_eq!(key.hash("email", b"a"), key.hash("email", b"a"));
        assert_ne!(key.hash("email", b"a"), key.hash("phone", b"a"));
        assert_ne!(key.hash("email", b"a"), other.hash("email", b"a"));
        // The domain is length-prefixed: moving a byte across the border changes the hash.
        assert_ne!(key.hash("ab", b"c"), key.hash("a", b"bc"));
    }

    #[test]
    fn text_form_round_trips() {
        let hash = HashKey::new([1; 32]).hash("x", b"y");
        assert_eq!(KeyedHash::parse(&hash.to_string()), Some(hash));
        assert_eq!(KeyedHash::parse("short"), None);
        assert_eq!(KeyedHash::parse("iiiiiiiiiiiiiiii"), None);
    }

    #[test]
    fn key_is_not_printed() {
        assert_eq!(format!("{:?}", HashKey::new([9; 32])), "HashKey(…)");
    }
}
