//! Users as lines of text.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

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
/// Shortest salt (RFC 9106 §3.1) and shortest output, in bytes.
const LEAST_SALT: usize = 8;
const LEAST_OUTPUT: usize = 16;
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
pub(super) struct Users {
    by_name: HashMap<String, User>,
    /// By the parameters of hashes, how many users have such a one, and one of theirs.
    by_parameters: BTreeMap<String, (u64, Arc<str>)>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users({})", self.by_name.len())
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
        if self.by_name.len() >= USERS {
            return Err("more than 10000 users");
        }
        let (name, rest) = line.split_once(':').ok_or("expected NAME:HASH")?;
        let (hash, scopes) = rest.split_once(':').unwrap_or((rest, ""));
        let is_fine = |b: u8| matches!(b, b'!'..=b'~');
        if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(is_fine) {
            return Err("a name has 1 to 128 visible ASCII characters");
        }
        let parameters = check(hash)?;
        let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        let hash: Arc<str> = hash.into();
        let alike = (0, Arc::clone(&hash));
        if self.by_name.insert(name.to_owned(), User { hash, scopes }).is_some() {
            return Err("the user is there twice");
        }
        self.by_parameters.entry(parameters.to_owned()).or_insert(alike).0 += 1;
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&User> {
        self.by_name.get(name)
    }

    /// A hash for somebody with this number who is none of them: always the same, and of all such as many take as long as
    /// of the users. Which one it is changes for few when there is one user more.
    pub(super) fn any_hash(&self, number: u64) -> Arc<str> {
        let users = self.by_name.len() as u128;
        let mut place = ((u128::from(number) * users) >> 64) as u64;
        for (count, hash) in self.by_parameters.values() {
            match place.checked_sub(*count) {
                Some(rest) => place = rest,
                None => return Arc::clone(hash),
            }
        }
        // There are no users at all, which is refused.
        "".into()
    }
}

/// Whether a hash is one that is slow enough and not too slow, and long enough not to be guessed; gives its parameters.
fn check(hash: &str) -> Result<&str, &'static str> {
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
    if parameters.split(',').count() != 3 {
        return Err("expected the parameters m, t and p of the hash, each once, and no others");
    }
    if memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES {
        return Err("the hash takes more than 64 MiB, 10 passes or 4 lanes");
    }
    if memory < LEAST_MEMORY || memory.saturating_mul(passes) < LEAST_WORK {
        return Err("the hash is too fast: use m=19456,t=2,p=1 or more");
    }
    let read = PasswordHash::new(hash).ok().filter(|_| hash.len() <= HASH_BYTES);
    let read = read.ok_or("the hash cannot be read")?;
    // Without them it is that of no password, and no work is done to find that out.
    if read.salt.is_none_or(|salt| salt.len() < LEAST_SALT)
        || read.hash.is_none_or(|output| output.len() < LEAST_OUTPUT)
    {
        return Err("the hash needs a salt of at least 8 bytes and an output of at least 16");
    }
    Ok(parameters)
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
        let good_with_salt =
            |salt: &str| format!("ann:{}", good.replace("YmFydGl6YW4tbm9ib2R5", salt));
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
            (format!("ann:{}", hash("m=19456,t=2,p=1,m=8")), false),
            (format!("ann:{}", hash("m=19456,t=2,p=1,keyid=YQ")), false),
            ("ann:$argon2id$v=19$m=19456,t=2,p=1".to_owned(), false),
            ("ann:$argon2id$v=19$m=19456,t=2,p=1$YmFydGl6YW4tbm9ib2R5".to_owned(), false),
            (good_with_salt("YmFydA"), false),
            (format!("ann:{}", &good[..good.len() - 24]), false),
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

    #[test]
    fn who_is_nobody_has_a_hash_like_those_of_somebody() {
        let hash = |parameters: &str| {
            let end = "YmFydGl6YW4tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            format!("$argon2id$v=19${parameters}${end}")
        };
        let (quick, slow) = (hash("m=19456,t=2,p=1"), hash("m=65536,t=4,p=1"));
        let mut users = Users::default();
        for n in 0..4 {
            let hash = if n == 0 { &slow } else { &quick };
            users.add(&format!("u{n}:{hash}")).expect("right");
        }
        // All numbers, evenly.
        let numbers: Vec<_> = (0..100).map(|n| u64::MAX / 200 * (2 * n + 1)).collect();
        let hashes: Vec<_> = numbers.iter().map(|number| users.any_hash(*number)).collect();
        assert_eq!(hashes.iter().filter(|hash| ***hash == *slow).count(), 25);
        assert_eq!(hashes.iter().filter(|hash| ***hash == *quick).count(), 75);
        assert_eq!(*users.any_hash(u64::MAX), *users.any_hash(u64::MAX), "always the same");
        // Whose name is what it is does not change because somebody came.
        users.add(&format!("u9:{quick}")).expect("right");
        let moved = numbers.iter().zip(&hashes).filter(|(n, hash)| users.any_hash(**n) != **hash);
        assert!(moved.count() <= 10);
    }
}
