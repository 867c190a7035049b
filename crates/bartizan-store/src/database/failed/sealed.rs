//! How a delivery is kept: `salt (16, random) | cipher text`.
//!
//! The cipher is ChaCha20-Poly1305 (RFC 8439) under a key of this text alone, derived from the organisation's and the
//! salt, so that the nonce, which is zero, is used once. The additional data binds it to scope and id: no text can be put
//! in the place of another. Plain text is the delivery in postcard form.

use bartizan_model::{FailedDeliveryId, HashKey, Scope, webhook::Delivered};
use chacha20poly1305::{
    ChaCha20Poly1305, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};

use crate::{
    error::{Result, StoreError},
    keys::authenticate,
};

const SALT_BYTES: usize = 16;

fn cipher(key: &HashKey, salt: &[u8]) -> ChaCha20Poly1305 {
    let own = authenticate(&key.derive("failed deliveries"), "delivery", salt);
    ChaCha20Poly1305::new(&own.into())
}

fn binding(scope: &Scope, id: &FailedDeliveryId) -> Vec<u8> {
    let mut out = b"bartizan failed delivery v1\0".to_vec();
    for part in [scope.organisation.as_str(), scope.environment.as_str(), id.as_str()] {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// Seals a delivery.
pub(super) fn seal(
    key: &HashKey,
    scope: &Scope,
    id: &FailedDeliveryId,
    delivered: &Delivered,
) -> Result<Vec<u8>> {
    let broken = |why: String| StoreError::corrupt_row("failed delivery", id.to_string(), why);
    let plain = postcard::to_stdvec(delivered).map_err(|error| broken(error.to_string()))?;
    let mut out = vec![0; SALT_BYTES];
    getrandom::fill(&mut out).map_err(|error| StoreError::NoRandomness(error.to_string()))?;
    let payload = Payload { msg: &plain, aad: &binding(scope, id) };
    let sealed = cipher(key, &out).encrypt(&Nonce::default(), payload);
    out.extend(sealed.map_err(|_| broken("it cannot be sealed".to_owned()))?);
    Ok(out)
}

/// The delivery that was sealed.
pub(super) fn open(
    key: &HashKey,
    scope: &Scope,
    id: &FailedDeliveryId,
    sealed: &[u8],
) -> Result<Delivered> {
    let broken = |why: &str| StoreError::corrupt_row("failed delivery", id.to_string(), why);
    let (salt, text) =
        sealed.split_at_checked(SALT_BYTES).ok_or_else(|| broken("it is too short"))?;
    let payload = Payload { msg: text, aad: &binding(scope, id) };
    let plain = cipher(key, salt).decrypt(&Nonce::default(), payload);
    let plain = plain.map_err(|_| broken("it was changed, or sealed under another key"))?;
    postcard::from_bytes(&plain).map_err(|_| broken("it is of another form"))
}

#[cfg(test)]
mod tests {
    use bartizan_model::{EnvironmentId, Timestamp};

    use super::*;

    #[test]
    fn only_the_same_key_and_place_open_what_was_sealed() {
        let (key, scope) = (HashKey::new([1; 32]), Scope::default());
        let id = FailedDeliveryId::from_text("dlv_1");
        let delivered = Delivered {
            time: Timestamp::from_seconds(7),
            peer: "2001:db8::1".parse().expect("an address"),
            is_secure: true,
            method: "POST".to_owned(),
            target: "/hook".to_owned(),
            authority: "a".to_owned(),
            fields: vec![("x-key".to_owned(), b"hunter2\xff".to_vec())],
            body: b"{\"card\":1}".to_vec(),
        };
        let sealed = seal(&key, &scope, &id, &delivered).expect("sealed");
        assert_eq!(open(&key, &scope, &id, &sealed).expect("opened"), delivered);
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_ne!(seal(&key, &scope, &id, &delivered).expect("sealed"), sealed, "never the same");
        let other = FailedDeliveryId::from_text("dlv_2");
        let elsewhere = Scope { environment: EnvironmentId::from_text("b"), ..scope.clone() };
        let mut changed = sealed.clone();
        changed[SALT_BYTES + 3] ^= 1;
        assert!(open(&HashKey::new([2; 32]), &scope, &id, &sealed).is_err());
        assert!(open(&key, &scope, &other, &sealed).is_err());
        assert!(open(&key, &elsewhere, &id, &sealed).is_err());
        assert!(open(&key, &scope, &id, &changed).is_err());
        assert!(open(&key, &scope, &id, &sealed[..9]).is_err());
    }
}
