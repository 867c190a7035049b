//! Users as lines of text.

use std::{collections::HashMap, fmt, sync::Arc};

use argon2::password_hash::phc::PasswordHash;

use super::NAME_BYTES;

/// Most users.
const USERS: usize = 10_000;
/// Longest hash, in bytes.
const HASH_BYTES: usize = 512;
/// Most memory of a hash, in KiB.
const MOST_MEMORY: u32 = 64 * 1024;
/// Least memory of a hash, in KiB, and least memory times passes: all five pairs that the OWASP Password Storage
/// Cheat Sheet gives for Argon2id reach both.
const LEAST_MEMORY: u32 = 7 * 1024;
const LEAST_WORK: u32 = 7 * 1024 * 5;
/// Most passes and lanes.
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 4;

/// A user.
#[derive(Clone)]
pub(super) struct User {
    /// Hash of the password, with its parameters and its salt.
    pub(super) hash: Arc<str>,
    pub(super) scopes: Arc<[String]>,
}

/// Users by name.
#[derive(Default)]
pub(super) struct Users(HashMap<String, User>);

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users({})", self.0.len())
    }
}

impl Users {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, without what is in it.
    pub(super) fn add(&mut self, line: &str) -> Result<(), &'static str> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if self.0.len() >= USERS {
            return Err("more than 10000 users");
        }
        let (name, rest) = line.split_once(':').ok_or("expected NAME:HASH")?;
        let (hash, scopes) = rest.split_once(':').unwrap_or((rest, ""));
        let is_fine = |b: u8| matches!(b, b'!'..=b'~');
        if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(is_fine) {
            return Err("a name has 1 to 128 visible ASCII characters");
        }
        check(hash)?;
        let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        let user = User { hash: hash.into(), scopes };
        if self.0.insert(name.to_owned(), user).is_some() {
            return Err("the user is there twice");
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&User> {
        self.0.get(name)
    }

    /// A hash that takes as long as those of most users, for who is none of them.
    pub(super) fn any_hash(&self) -> Arc<str> {
        self.0.values().next().map_or_else(|| "".into(), |user| Arc::clone(&user.hash))
    }
}

/// Whether a hash is one that is slow enough and not too slow.
fn check(hash: &str) -> Result<(), &'static str> {
    let mut parts = hash.split('$');
    let (before, algorithm, version) = (parts.next(), parts.next(), parts.next());
    if (before, algorithm, version) != (Some(""), Some("argon2id"), Some("v=19")) {
        return Err("expected a hash that begins with $argon2id$v=19$");
    }
    let parameters = parts.next().unwrap_or_default();
    let value = |name: &str| {
        let mut values = parameters.split(',').filter_map(|one| one.split_once('='));
        values.find(|(known, _)| *known == name)?.1.parse::<u32>().ok()
    };
    let (Some(memory), Some(passes), Some(lanes)) = (value("m"), value("t"), value("p")) else {
        return Err("expected the parameters m, t and p of the hash");
    };
    if memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES {
        return Err("the hash takes more than 64 MiB, 10 passes or 4 lanes");
    }
    if memory < LEAST_MEMORY || memory.saturating_mul(passes) < LEAST_WORK {
        return Err("the hash is too fast: use m=19456,t=2,p=1 or more");
    }
    if hash.len() > HASH_BYTES || PasswordHash::new(hash).is_err() {
        return Err("the hash cannot be read");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_say_too_little_or_too_much_are_refused() {
        let hash = |parameters: &str| {
            let end = "YmFydGl6YW4tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            format!("$argon2id$v=19${parameters}${end}")
        };
        let good = hash("m=19456,t=2,p=1");
        let long = format!("{}:{good}", "a".repeat(129));
        for (line, is_right) in [
            (format!("ann:{good}"), true),
            (format!("ann:{good}:a b"), true),
            ("# ann:x".to_owned(), true),
            (" ".to_owned(), true),
            (format!("ann:{}", hash("m=7168,t=5,p=1")), true),
            (format!("ann:{}", hash("m=47104,t=1,p=1")), true),
            (format!("ann:{}", hash("m=4096,t=10,p=1")), false),
            (format!("ann:{}", hash("m=19456,t=1,p=1")), false),
            (format!("ann:{}", hash("m=1048576,t=2,p=1")), false),
            (format!("ann:{}", hash("m=19456,t=100,p=1")), false),
            (format!("ann:{}", hash("m=19456,t=2,p=64")), false),
            (format!("ann:{}", hash("m=19456,t=2")), false),
            (format!("ann:{}", good.replace("argon2id", "argon2i")), false),
            ("ann:secret".to_owned(), false),
            ("ann:$2y$10$abc".to_owned(), false),
            ("ann:{SHA}abc=".to_owned(), false),
            (format!(":{good}"), false),
            (format!("a b:{good}"), false),
            (long, false),
            ("ann".to_owned(), false),
        ] {
            assert_eq!(Users::default().add(&line).is_ok(), is_right, "{line}");
        }
        let mut users = Users::default();
        let line = format!("ann:{good}:a b");
        users.add(&line).expect("right");
        assert!(users.add(&line).is_err(), "twice");
        assert_eq!(users.get("ann").map(|user| user.scopes.join(" ")), Some("a b".to_owned()));
    }
}
