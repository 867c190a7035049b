//! The primitives of AWS-LC, the library that TLS on our own listeners uses too.

use aws_lc_rs::{
    aead::{self, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use zeroize::Zeroizing;

use super::record::{TlsCipher, TlsCrypto, TlsHash, TlsOpener};

/// [`TlsCrypto`] by AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

impl TlsCrypto for AwsLc {
    fn hmac(&self, hash: TlsHash, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let algorithm = match hash {
            TlsHash::Sha256 => hmac::HMAC_SHA256,
            TlsHash::Sha384 => hmac::HMAC_SHA384,
        };
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
        parts.iter().for_each(|part| context.update(part));
        Zeroizing::new(context.sign().as_ref().to_vec())
    }

    fn opener(&self, cipher: TlsCipher, key: &[u8]) -> Option<Box<dyn TlsOpener>> {
        let algorithm = match cipher {
            TlsCipher::Aes128Gcm => &aead::AES_128_GCM,
            TlsCipher::Aes256Gcm => &aead::AES_256_GCM,
            TlsCipher::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        };
        let key = UnboundKey::new(algorithm, key).ok()?;
        Some(Box::new(Opener(LessSafeKey::new(key))))
    }
}

struct Opener(LessSafeKey);

impl TlsOpener for Opener {
    fn open(&self, nonce: [u8; 12], additional: &[u8], sealed: &mut Vec<u8>) -> bool {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened =
            self.0.open_in_place(nonce, Aad::from(additional), sealed).map(|open| open.len());
        opened.map(|size| sealed.truncate(size)).is_ok()
    }
}
