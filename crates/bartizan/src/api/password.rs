//! Passwords: what may be one, and slow hashes of them.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use axum::http::StatusCode;
use bartizan_store::NewPassword;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::problem::Problem;

/// Fewest characters (NIST SP 800-63B-4 §3.1.1.2 asks for 15 where it is the only factor).
const LEAST_CHARACTERS: usize = 15;
/// Longest password, in bytes: a hash takes as long as it is.
const MOST_BYTES: usize = 256;
/// How many hashes are made at one time; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// How many may wait; more are told to come again.
const MAY_WAIT: usize = 32;

/// Makes and compares hashes, a few at a time.
#[derive(Debug)]
pub(super) struct Hasher {
    running: Semaphore,
    waiting: Semaphore,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { running: Semaphore::new(AT_ONCE), waiting: Semaphore::new(MAY_WAIT) }
    }
}

impl Hasher {
    /// A hash of a new password.
    pub(super) async fn hash(
        &self,
        password: Zeroizing<String>,
        must_change: bool,
    ) -> Result<NewPassword, Problem> {
        check(&password).map_err(Problem::invalid)?;
        let hash = self.run(move || hash(&password)).await?;
        let hash = hash.map_err(|error| Problem::internal(&error))?;
        Ok(NewPassword { hash, must_change })
    }

    /// Whether it is the password of this hash. Without one it takes as long, and is wrong.
    pub(super) async fn is_right(
        &self,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        if password.len() > MOST_BYTES {
            return Ok(false);
        }
        self.run(move || {
            let (hash, is_real) = match &hash {
                Some(hash) => (hash.as_str(), true),
                None => (NOBODY, false),
            };
            let parsed = PasswordHash::new(hash);
            let is_same = parsed.is_ok_and(|parsed| {
                Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
            });
            is_same && is_real
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many log in").after(5);
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let _running = self.running.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
    }
}

/// What a password is compared with when there is no such user: a hash made with the parameters of all
/// others, of something that nobody knows.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YmFydGl6YW4tbm9ib2R5$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A hash with Argon2id (RFC 9106), 19 MiB, two passes.
pub(super) fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// Why something cannot be a password.
fn check(password: &str) -> Result<(), &'static str> {
    let characters = password.chars().count();
    let first = password.chars().next();
    if characters < LEAST_CHARACTERS {
        Err("a password needs at least 15 characters; a sentence is a good one")
    } else if password.len() > MOST_BYTES {
        Err("a password has at most 256 bytes")
    } else if password.chars().all(|c| Some(c) == first) {
        Err("a password of one character only is none")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hasher = Hasher::default();
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let right = "correct horse battery staple";
        let made = hasher.hash(text(right), false).await.expect("hashed");
        assert!(made.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", made.hash);
        assert!(hasher.is_right(text(right), Some(made.hash.clone())).await.expect("compared"));
        for wrong in
            ["", "correct horse battery stapl", "correct horse battery staple ", &"x".repeat(9_000)]
        {
            let compared = hasher.is_right(text(wrong), Some(made.hash.clone())).await;
            assert!(!compared.expect("compared"), "{wrong}");
        }
        assert!(!hasher.is_right(text(right), None).await.expect("compared"));
        assert!(
            !hasher.is_right(text(right), Some("$argon2id$".to_owned())).await.expect("compared")
        );
        assert!(PasswordHash::new(NOBODY).is_ok(), "comparing with nobody takes as long");
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["", "short", "fourteen chars", &"a".repeat(40), &"é".repeat(129)] {
            assert!(check(weak).is_err(), "{weak}");
        }
        assert!(check("a sentence of mine").is_ok());
    }
}
