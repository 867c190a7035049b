//! Own API keys: what they look like, what is stored of them, and where a gateway gets them from.
//!
//! A key is `btz_` and 64 characters of Crockford base 32: 256 random bits and a 64-bit checksum.
//! The fixed prefix lets secret scanners find it in places where it must not be
//! (`btz_[0-9a-hjkmnp-tv-z]{64}`), the checksum tells a typo from a wrong key without any look-up.
//! Only a keyed digest is stored: with 256 random bits nothing slower than a hash is needed.

use std::{fmt, future::Future, pin::Pin};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    hash::{HashKey, decode32, encode32},
    ids::ApiKeyId,
    key_terms::ApiKeyTerms,
    time::Timestamp,
};

/// What every key begins with.
pub const PREFIX: &str = "btz_";
/// Random bytes of a key.
const RANDOM_BYTES: usize = 32;
/// Random bytes and checksum.
const BYTES: usize = 40;
/// Characters behind the prefix.
const CHARACTERS: usize = 64;

/// A key, whole. Zeroised on drop, never printed; [`ApiKeySecret::reveal`] shows it once.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ApiKeySecret([u8; RANDOM_BYTES]);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyProblem {
    /// It does not begin as our keys do: somebody else's credential.
    Foreign,
    /// It begins as our keys do but is too short, too long, or has other characters.
    Malformed,
    /// Its checksum is wrong: mistyped, cut or made up.
    Checksum,
}

impl ApiKeySecret {
    /// A key of 32 bytes from a secure source.
    #[must_use]
    pub const fn from_random(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// See [`ApiKeyProblem`].
    pub fn parse(text: &str) -> Result<Self, ApiKeyProblem> {
        if !is_ours(text) {
            return Err(ApiKeyProblem::Foreign);
        }
        let rest = text.strip_prefix(PREFIX).ok_or(ApiKeyProblem::Malformed)?;
        if rest.len() != CHARACTERS || !rest.is_ascii() {
            return Err(ApiKeyProblem::Malformed);
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        for (at, out) in bytes.chunks_exact_mut(10).enumerate() {
            let part = decode32(&rest[at * 16..at * 16 + 16]).ok_or(ApiKeyProblem::Malformed)?;
            out.copy_from_slice(&part);
        }
        let mut random = [0; RANDOM_BYTES];
        random.copy_from_slice(&bytes[..RANDOM_BYTES]);
        let secret = Self(random);
        random.zeroize();
        if secret.checksum() != bytes[RANDOM_BYTES..] {
            return Err(ApiKeyProblem::Checksum);
        }
        Ok(secret)
    }

    /// The key as its owner presents it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..RANDOM_BYTES].copy_from_slice(&self.0);
        bytes[RANDOM_BYTES..].copy_from_slice(&self.checksum());
        let mut out = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARACTERS));
        out.push_str(PREFIX);
        for chunk in bytes.chunks_exact(10) {
            let mut part = [0; 10];
            part.copy_from_slice(chunk);
            out.push_str(&encode32(&part));
        }
        out
    }

    /// What is stored of it, under the key of the organisation.
    #[must_use]
    pub fn digest(&self, key: &HashKey) -> ApiKeyDigest {
        ApiKeyDigest(*blake3::keyed_hash(key.derive("api-key").expose(), &self.0).as_bytes())
    }

    /// Not secret and not keyed: whoever has the random part can make it.
    fn checksum(&self) -> [u8; BYTES - RANDOM_BYTES] {
        let mut hasher = blake3::Hasher::new_derive_key("bartizan 2026-11 api key checksum v1");
        hasher.update(&self.0);
        let mut out = [0; BYTES - RANDOM_BYTES];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..BYTES - RANDOM_BYTES]);
        out
    }
}

/// Whether a text begins as our keys do, in any case of letters: worth looking at, not yet a key.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    text.as_bytes()
        .get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// Keys of ours in any bytes: a log, a report of a secret scanner, a repository's file. Also such that stand within a
/// word, in other case, or in UTF-16 (whose zeros are passed over). They come in pieces of any length, so that a file
/// need not be held; what is encoded otherwise (base64, percent signs within the key) is not found.
#[derive(Default)]
pub struct KeySearch {
    /// Of what came before, that with which a key may begin.
    rest: Zeroizing<Vec<u8>>,
    broken: u64,
}

impl fmt::Debug for KeySearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySearch").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl KeySearch {
    /// Looks at the next bytes, and gives the keys that are whole by now to `found`.
    pub fn push(&mut self, bytes: &[u8], found: &mut dyn FnMut(ApiKeySecret)) {
        let solid = bytes.iter().filter(|byte| **byte != 0).map(u8::to_ascii_lowercase);
        self.rest.extend(solid);
        self.search(false, found);
    }

    /// There are no more bytes. Gives how many beginnings of keys there were that no whole key with a right checksum
    /// followed: cut, masked or mistyped ones.
    pub fn finish(mut self, found: &mut dyn FnMut(ApiKeySecret)) -> u64 {
        self.search(true, found);
        self.broken
    }

    fn search(&mut self, is_end: bool, found: &mut dyn FnMut(ApiKeySecret)) {
        let whole = PREFIX.len() + CHARACTERS;
        let mut at = 0;
        while let Some(start) = self.rest.get(at..).and_then(|rest| {
            rest.windows(PREFIX.len()).position(|window| window == PREFIX.as_bytes())
        }) {
            at += start;
            let Some(text) = self.rest.get(at..at + whole) else {
                if is_end {
                    self.broken += 1;
                    at += PREFIX.len();
                    continue;
                }
                // What is missing may be in the next piece.
                self.rest.drain(..at);
                return;
            };
            let key =
                std::str::from_utf8(text).ok().and_then(|text| ApiKeySecret::parse(text).ok());
            at += if key.is_some() { whole } else { PREFIX.len() };
            match key {
                Some(key) => found(key),
                None => self.broken += 1,
            }
        }
        let kept = (self.rest.len().saturating_sub(PREFIX.len() - 1)).max(at).min(self.rest.len());
        self.rest.drain(..kept);
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(…)")
    }
}

/// The keyed digest of a key: 256 bits, 64 hexadecimal digits as text. Useless without the key of
/// the organisation.
#[derive(Clone)]
pub struct ApiKeyDigest([u8; 32]);

impl ApiKeyDigest {
    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |b: u8| char::from(b).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self(out))
    }

    /// The first 64 bits, for tables: who cannot compute digests learns nothing from how long a
    /// look-up by them takes.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.0[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// Whether both are the same, in a time that does not depend on where they differ (equality of
    /// [`blake3::Hash`]).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
    }
}

impl fmt::Display for ApiKeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ApiKeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyDigest(…)")
    }
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyState {
    /// It may.
    Active,
    /// Not for now.
    Disabled,
    /// Never again.
    Revoked,
}

impl ApiKeyState {
    /// All states.
    pub const ALL: &'static [Self] = &[Self::Active, Self::Disabled, Self::Revoked];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for ApiKeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is kept of a key. An owner may have several.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApiKey {
    /// Its id; not secret.
    pub id: ApiKeyId,
    /// What it is for, for people.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// What it may be used for; empty for nothing in particular.
    pub scopes: Vec<String>,
    /// Whether it may be used.
    pub state: ApiKeyState,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it may no longer be used; `None` for never.
    pub expires: Option<Timestamp>,
    /// When it was last used, as written down now and then; `None` for never.
    pub last_used: Option<Timestamp>,
    /// Under which conditions it may be used; left out where there are none.
    #[serde(skip_serializing_if = "ApiKeyTerms::is_empty")]
    pub terms: ApiKeyTerms,
    /// What is stored of the key itself.
    #[serde(skip)]
    pub digest: ApiKeyDigest,
}

impl ApiKey {
    /// Why it may not be used at `now`; `None` when it may.
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<&'static str> {
        match self.state {
            ApiKeyState::Revoked => Some("revoked"),
            ApiKeyState::Disabled => Some("disabled"),
            ApiKeyState::Active => {
                self.expires.is_some_and(|expires| expires <= now).then_some("expired")
            }
        }
    }
}

/// All keys of a scope, as of one version.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys {
    /// Rises with every change of a key.
    pub version: u64,
    /// The keys, also those that may not be used.
    pub keys: Vec<ApiKey>,
}

/// An answer that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where keys are kept, as a gateway sees it: it holds them all in memory and asks now and then.
pub trait ApiKeyStore: Send + Sync + fmt::Debug {
    /// All keys, unless they are still those of the version `known`.
    ///
    /// # Errors
    /// Says why they cannot be read. The gateway goes on with those it has.
    fn newer(&self, known: Option<u64>) -> Later<'_, Result<Option<ApiKeys>, String>>;

    /// Writes down when keys were last used.
    ///
    /// # Errors
    /// Says why that is not possible. The gateway tries again with the next batch.
    fn used(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> Later<'_, Result<(), String>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(fill: u8) -> ApiKeySecret {
        ApiKeySecret::from_random([fill; 32])
    }

    #[test]
    fn keys_are_read_back_and_recognised() {
        let text = secret(7).reveal();
        assert_eq!(text.len(), 68);
        assert!(text.starts_with("btz_"));
        assert!(text[4..].bytes().all(|b| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&b)));
        let key = HashKey::new([1; 32]);
        let again = ApiKeySecret::parse(&text).expect("ours");
        assert!(again.digest(&key).is_same(&secret(7).digest(&key)));
        assert!(!again.digest(&key).is_same(&secret(8).digest(&key)));
        assert!(!again.digest(&key).is_same(&secret(7).digest(&HashKey::new([2; 32]))));
        assert_eq!(
            format!("{again:?} {:?}", again.digest(&key)),
            "ApiKeySecret(…) ApiKeyDigest(…)"
        );
    }

    #[test]
    fn every_typo_is_found_without_a_look_up() {
        let text = secret(42).reveal();
        for at in 4..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[at] = if typo[at] == b'0' { b'1' } else { b'0' };
            let typo = String::from_utf8(typo).expect("ASCII");
            let problem = ApiKeySecret::parse(&typo).err();
            assert_eq!(problem, Some(ApiKeyProblem::Checksum), "{at}");
        }
        for (text, problem) in [
            ("", ApiKeyProblem::Foreign),
            ("sk_live_1", ApiKeyProblem::Foreign),
            ("btz", ApiKeyProblem::Foreign),
            ("btz_", ApiKeyProblem::Malformed),
            (&text[..67], ApiKeyProblem::Malformed),
            (&text.to_uppercase(), ApiKeyProblem::Malformed),
            (&text.replacen("btz_", "BTZ_", 1), ApiKeyProblem::Malformed),
            (&format!("{}é", &text[..66]), ApiKeyProblem::Malformed),
            (&format!("{}u", &text[..67]), ApiKeyProblem::Malformed),
        ] {
            assert_eq!(ApiKeySecret::parse(text).err(), Some(problem), "{text}");
        }
    }

    fn found(pieces: &[&[u8]]) -> (Vec<String>, u64) {
        let (mut keys, mut search) = (Vec::new(), KeySearch::default());
        let mut note = |key: ApiKeySecret| keys.push(key.reveal().to_string());
        for piece in pieces {
            search.push(piece, &mut note);
        }
        let broken = search.finish(&mut note);
        (keys, broken)
    }

    #[test]
    fn leaked_keys_are_found_in_any_text() {
        let (one, two) = (secret(1).reveal().to_string(), secret(2).reveal().to_string());
        let shout = one.to_uppercase();
        let wide: Vec<u8> = one.bytes().flat_map(|byte| [byte, 0]).collect();
        let text = format!("{{\"match\":\"{one}\"}}\nexport KEY=x{two}y\n{shout}");
        let expected = vec![one.clone(), two.clone(), one.clone()];
        assert_eq!(found(&[text.as_bytes()]), (expected.clone(), 0));
        for size in [1, 3, 67, 68, 69] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(found(&pieces), (expected.clone(), 0), "{size}");
        }
        assert_eq!(found(&[&wide]), (vec![one.clone()], 0));
        let masked = format!("btz_****{} btz_ {}", &one[..40], &two);
        assert_eq!(found(&[masked.as_bytes()]), (vec![two.clone()], 3));
        assert_eq!(found(&[&one.as_bytes()[..67]]), (Vec::new(), 1));
        assert_eq!(found(&[b"", b"\xff\xfe no keys, bt"]), (Vec::new(), 0));
        let joined = format!("{one}{two}");
        assert_eq!(found(&[joined.as_bytes()]), (vec![one, two], 0));
    }

    #[test]
    fn digests_are_read_back() {
        let digest = secret(3).digest(&HashKey::new([1; 32]));
        let text = digest.to_string();
        assert!(ApiKeyDigest::parse(&text).expect("hexadecimal").is_same(&digest));
        assert_eq!(format!("{:016x}", digest.index()), text[..16]);
        for text in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            assert!(ApiKeyDigest::parse(text).is_none(), "{text}");
        }
    }
}
