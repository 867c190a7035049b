//! Protection of records (RFC 8446 §5.2 and §7.3, RFC 5246 §6.2.3.3 and §6.3, RFC 5288, RFC 7905). The
//! primitives come from outside.

use zeroize::Zeroizing;

use super::key_log::Secret;

/// Bytes that all ciphers which are read add to what they protect.
const TAG: usize = 16;
/// Bytes of a nonce that AES-GCM in TLS 1.2 sends along.
const EXPLICIT: usize = 8;

/// A hash function that keys are derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl TlsHash {
    const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A cipher with authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsCipher {
    /// AES-GCM with a key of 128 bits.
    Aes128Gcm,
    /// AES-GCM with a key of 256 bits.
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
}

impl TlsCipher {
    /// Bytes of a key.
    #[must_use]
    pub const fn key_size(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }
}

/// The primitives that reading TLS needs, from a library of cryptography.
pub trait TlsCrypto: Send + Sync {
    /// HMAC (RFC 2104) of parts that follow each other; 32 or 48 bytes.
    fn hmac(&self, hash: TlsHash, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>>;
    /// Makes ready to open; `None` when the key is none of this cipher.
    fn opener(&self, cipher: TlsCipher, key: &[u8]) -> Option<Box<dyn TlsOpener>>;
}

/// A cipher with its key.
pub trait TlsOpener: Send {
    /// Opens what is sealed, tag of 16 bytes at its end, in place and takes the tag off; false when
    /// it was not sealed with this key, nonce and additional data.
    fn open(&self, nonce: [u8; 12], additional: &[u8], sealed: &mut Vec<u8>) -> bool;
}

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) is_1_3: bool,
    pub(super) cipher: TlsCipher,
    pub(super) hash: TlsHash,
}

/// A suite by its number (RFC 8446 §B.4, RFC 5288, RFC 5289, RFC 7905).
pub(super) const fn suite(number: u16) -> Option<Suite> {
    use TlsCipher::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305};
    use TlsHash::{Sha256, Sha384};
    let (name, cipher, hash) = match number {
        0x1301 => ("TLS_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
        0x1302 => ("TLS_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
        0x1303 => ("TLS_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
        0x009c => ("TLS_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
        0x009d => ("TLS_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
        0x009e => ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
        0x009f => ("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
        0xc02b => ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
        0xc02c => ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
        0xc02f => ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
        0xc030 => ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
        0xcca8 => ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
        0xcca9 => ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
        0xccaa => ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
        _ => return None,
    };
    Some(Suite { name, is_1_3: number >> 8 == 0x13, cipher, hash })
}

/// How the records of one direction are protected.
pub(super) struct Protection {
    opener: Box<dyn TlsOpener>,
    suite: Suite,
    nonce: [u8; 12],
    number: u64,
}

impl Protection {
    fn new(crypto: &dyn TlsCrypto, suite: Suite, key: &[u8], iv: &[u8]) -> Option<Self> {
        let mut nonce = [0; 12];
        nonce.get_mut(..iv.len())?.copy_from_slice(iv);
        let opener = crypto.opener(suite.cipher, key)?;
        Some(Self { opener, suite, nonce, number: 0 })
    }

    /// Opens a record: what it holds and of which kind that is.
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<(u8, Vec<u8>)> {
        let [kind, major, minor, ..] = header;
        let mut nonce = self.nonce;
        let mut sealed = body;
        if self.has_explicit() {
            let (explicit, rest) = body.split_at_checked(EXPLICIT)?;
            nonce.get_mut(4..)?.copy_from_slice(explicit);
            sealed = rest;
        } else {
            let number = self.number.to_be_bytes();
            nonce.iter_mut().skip(4).zip(number).for_each(|(byte, number)| *byte ^= number);
        }
        let size = u16::try_from(sealed.len().checked_sub(TAG)?).ok()?.to_be_bytes();
        let mut out = sealed.to_vec();
        let is_open = if self.suite.is_1_3 {
            self.opener.open(nonce, &header, &mut out)
        } else {
            let [high, low] = size;
            let mut additional = self.number.to_be_bytes().to_vec();
            additional.extend([kind, major, minor, high, low]);
            self.opener.open(nonce, &additional, &mut out)
        };
        if !is_open {
            return None;
        }
        self.pass();
        if !self.suite.is_1_3 {
            return Some((kind, out));
        }
        // The kind is the last byte that is not zero (RFC 8446 §5.4).
        let end = out.iter().rposition(|byte| *byte != 0)?;
        let kind = *out.get(end)?;
        out.truncate(end);
        Some((kind, out))
    }

    /// A record that the capture lost.
    pub(super) const fn pass(&mut self) {
        self.number = self.number.wrapping_add(1);
    }

    /// Bytes that a record of so many holds at most.
    pub(super) const fn inside(&self, size: usize) -> usize {
        let more = if self.suite.is_1_3 { 1 } else { 0 };
        let explicit = if self.has_explicit() { EXPLICIT } else { 0 };
        size.saturating_sub(TAG + more + explicit)
    }

    const fn has_explicit(&self) -> bool {
        !self.suite.is_1_3 && !matches!(self.suite.cipher, TlsCipher::ChaCha20Poly1305)
    }
}

/// Protection by a traffic secret of TLS 1.3 (RFC 8446 §7.3).
pub(super) fn from_traffic(
    crypto: &dyn TlsCrypto,
    suite: Suite,
    secret: &[u8],
) -> Option<Protection> {
    let key = expand(crypto, suite.hash, secret, b"tls13 key", suite.cipher.key_size());
    let iv = expand(crypto, suite.hash, secret, b"tls13 iv", 12);
    Protection::new(crypto, suite, &key, &iv)
}

/// The traffic secret that follows another (RFC 8446 §7.2).
pub(super) fn updated(crypto: &dyn TlsCrypto, suite: Suite, secret: &[u8]) -> Secret {
    expand(crypto, suite.hash, secret, b"tls13 traffic upd", suite.hash.size())
}

/// HKDF-Expand-Label without a context, of at most one block (RFC 8446 §7.1, RFC 5869 §2.3).
fn expand(
    crypto: &dyn TlsCrypto,
    hash: TlsHash,
    secret: &[u8],
    label: &[u8],
    size: usize,
) -> Secret {
    debug_assert!(size <= hash.size() && label.len() < 256, "one block");
    let head = [0, size as u8, label.len() as u8];
    let mut out = crypto.hmac(hash, secret, &[&head, label, &[0, 1]]);
    out.truncate(size);
    out
}

/// Protection of client and server by a master secret of TLS 1.2 (RFC 5246 §6.3).
pub(super) fn from_master(
    crypto: &dyn TlsCrypto,
    suite: Suite,
    master: &[u8],
    [client, server]: [&[u8; 32]; 2],
) -> Option<[Protection; 2]> {
    let key = suite.cipher.key_size();
    let iv = if matches!(suite.cipher, TlsCipher::ChaCha20Poly1305) { 12 } else { 4 };
    let seed = [&b"key expansion"[..], server, client].concat();
    let mut block = Zeroizing::new(Vec::with_capacity(2 * (key + iv) + suite.hash.size()));
    let mut chain = crypto.hmac(suite.hash, master, &[&seed]);
    while block.len() < 2 * (key + iv) {
        block.extend_from_slice(&crypto.hmac(suite.hash, master, &[&chain, &seed]));
        chain = crypto.hmac(suite.hash, master, &[&chain]);
    }
    let part = |at: usize, size: usize| block.get(at..at + size);
    let (ivs, both) = (2 * key, 2 * key + iv);
    Some([
        Protection::new(crypto, suite, part(0, key)?, part(ivs, iv)?)?,
        Protection::new(crypto, suite, part(key, key)?, part(both, iv)?)?,
    ])
}
