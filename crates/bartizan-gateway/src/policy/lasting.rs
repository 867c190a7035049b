//! What counts until a moment: used proofs and denied credentials, in this process.

mod replays;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bartizan_model::{
    KeyedHash, Timestamp,
    deny::{Denied, DenyList},
};

pub use self::replays::ReplayTable;

/// Denied keys that are held when nothing else is said: about 10 MB when full, nothing while empty.
const DENIED: usize = 1 << 17;
/// How what lasts is written down: keys with their ends, and the same with an account behind each.
const FORM: u8 = 1;
const WITH_ACCOUNTS: u8 = 2;
/// Bytes of one key that is written down, and of an account.
const ENTRY: usize = 18;
const ACCOUNT: usize = 10;
/// The last second of the year 9999, beyond which a time cannot be written.
const LAST_SECOND: i64 = 253_402_300_799;
/// Parts of a table, each with a lock of its own.
const SHARDS: usize = 16;

/// Keys, each until a moment, with something beside it. Every operation takes the logarithm of their number.
#[derive(Debug)]
struct Lasting<B> {
    until: HashMap<KeyedHash, (i64, B)>,
    /// The same, those that end first in front.
    ends: BTreeSet<(i64, [u8; 10])>,
}

impl<B> Default for Lasting<B> {
    fn default() -> Self {
        Self { until: HashMap::new(), ends: BTreeSet::new() }
    }
}

impl<B: Copy> Lasting<B> {
    fn len(&self) -> usize {
        self.until.len()
    }

    fn holds(&self, key: KeyedHash, now: i64) -> bool {
        self.until.get(&key).is_some_and(|(until, _)| now < *until)
    }

    /// Puts a key in, or lets it last longer; what is beside it stays. Whether it is new.
    fn put(&mut self, key: KeyedHash, until: i64, beside: B) -> bool {
        let before = self.until.get(&key).copied();
        if before.is_some_and(|(before, _)| before >= until) {
            return false;
        }
        if let Some((before, _)) = before {
            self.ends.remove(&(before, key.0));
        }
        let beside = before.map_or(beside, |(_, beside)| beside);
        self.until.insert(key, (until, beside));
        self.ends.insert((until, key.0));
        before.is_none()
    }

    /// Takes out what ends first; gives what was beside it.
    fn take_first(&mut self) -> Option<B> {
        let (_, key) = self.ends.pop_first()?;
        self.until.remove(&KeyedHash(key)).map(|(_, beside)| beside)
    }

    /// Takes out one that is over, if there is one.
    fn take_over(&mut self, now: i64) -> Option<B> {
        let is_over = self.ends.first().is_some_and(|(until, _)| *until <= now);
        if is_over { self.take_first() } else { None }
    }

    /// Adds each that counts at `now` to what is written down, for [`read`].
    fn write(&self, now: i64, out: &mut Vec<u8>, behind: impl Fn(B, &mut Vec<u8>)) {
        for (until, key) in self.ends.iter().filter(|(until, _)| now < *until) {
            let Some((_, beside)) = self.until.get(&KeyedHash(*key)) else { continue };
            out.extend_from_slice(key);
            out.extend_from_slice(&until.to_le_bytes());
            behind(*beside, out);
        }
    }
}

/// Parts of a table, by key.
#[derive(Debug)]
struct Shards<T> {
    shards: [Mutex<T>; SHARDS],
    /// Most keys of one shard.
    most: usize,
}

impl<T: Default> Shards<T> {
    fn new(keys: usize) -> Self {
        Self { shards: Default::default(), most: keys.div_ceil(SHARDS).max(1) }
    }

    /// Keys are keyed hashes: nobody chooses the shard.
    fn of(&self, key: KeyedHash) -> MutexGuard<'_, T> {
        let shard = &self.shards[usize::from(key.0[9]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each of them, one after the other.
    fn each(&self, mut look: impl FnMut(&T)) {
        for shard in &self.shards {
            look(&shard.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Each key of what was written down, with the time until which it counts and the account behind it, if there is one.
fn read(
    content: &[u8],
    mut each: impl FnMut(KeyedHash, Timestamp, Option<KeyedHash>),
) -> Result<(), String> {
    let (size, entries) = match content.split_first() {
        Some((&FORM, entries)) => (ENTRY, entries),
        Some((&WITH_ACCOUNTS, entries)) => (ENTRY + ACCOUNT, entries),
        _ => {
            let problem = "what is kept of denied credentials and of uses is of another form";
            return Err(problem.to_owned());
        }
    };
    let mut entries = entries.chunks_exact(size);
    for entry in entries.by_ref() {
        let Some((key, rest)) = entry.split_first_chunk::<10>() else { continue };
        let Some((until, account)) = rest.split_first_chunk::<8>() else { continue };
        let until = Timestamp::from_seconds(i64::from_le_bytes(*until).min(LAST_SECOND));
        each(KeyedHash(*key), until, account.first_chunk().copied().map(KeyedHash));
    }
    if entries.remainder().is_empty() {
        Ok(())
    } else {
        Err("what is kept of denied credentials and of uses is cut off".to_owned())
    }
}

/// Credentials that this process denies.
///
/// A table that is full lets go of the one that expires first, and counts that ([`DenyTable::forgotten`]). To fill it
/// takes as many logouts with credentials that are good.
#[derive(Debug)]
pub struct DenyTable {
    shards: Shards<Lasting<()>>,
    /// So that nothing is looked up where nothing is denied.
    count: AtomicUsize,
    /// Times that something was denied.
    changes: AtomicU64,
    forgotten: AtomicU64,
}

impl DenyTable {
    /// For at most about `keys` keys.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self {
            shards: Shards::new(keys),
            count: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Grows with everything that is denied: where it did not, nothing has to be written down.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// Everything that is denied at `now`, for [`DenyTable::restore`]: of each key its 10 bytes, and 8 with the second
    /// until which it counts, in the order of bytes of little endian.
    #[must_use]
    pub fn content(&self, now: Timestamp) -> Vec<u8> {
        let mut out = vec![FORM];
        self.shards.each(|shard| shard.write(now.seconds(), &mut out, |(), _| ()));
        out
    }

    /// Denies what [`DenyTable::content`] has written, as far as it still counts at `now`.
    ///
    /// # Errors
    /// It is of another form. What was read of it before that counts.
    pub fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String> {
        read(content, |key, until, _| self.deny(key, now, until))
    }

    /// Keys that were let go of while they still counted.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Relaxed)
    }
}

impl Default for DenyTable {
    fn default() -> Self {
        Self::new(DENIED)
    }
}

impl DenyList for DenyTable {
    fn deny(&self, key: KeyedHash, now: Timestamp, until: Timestamp) {
        if until <= now {
            return;
        }
        let mut shard = self.shards.of(key);
        let before = shard.len();
        while shard.take_over(now.seconds()).is_some() {}
        if shard.len() >= self.shards.most && !shard.until.contains_key(&key) {
            shard.take_first();
            self.forgotten.fetch_add(1, Relaxed);
        }
        shard.put(key, until.seconds(), ());
        // One shard at a time is counted, so that the sum is right whoever else counts.
        let after = shard.len();
        self.count.fetch_add(after, Relaxed);
        self.count.fetch_sub(before, Relaxed);
        self.changes.fetch_add(1, Relaxed);
    }

    fn denies(&self, keys: &[KeyedHash], now: Timestamp) -> Denied<'_> {
        if self.count.load(Relaxed) == 0 {
            return Denied::Now(false);
        }
        let is_denied = |key: &KeyedHash| self.shards.of(*key).holds(*key, now.seconds());
        Denied::Now(keys.iter().any(is_denied))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// Keys of one shard.
    fn key(n: u8) -> KeyedHash {
        KeyedHash([n, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    #[test]
    fn what_was_denied_is_denied_after_a_restart() {
        let (table, next) = (DenyTable::default(), DenyTable::default());
        for n in 0..100 {
            table.deny(KeyedHash([n; 10]), at(0), at(100 + i64::from(n)));
        }
        assert_eq!(table.changes(), 100);
        let content = table.content(at(150));
        next.restore(&content, at(160)).expect("restored");
        for n in 0..100 {
            let denied = next.denies(&[KeyedHash([n; 10])], at(160));
            assert_eq!(matches!(denied, Denied::Now(true)), n > 60, "{n}");
        }
        for wrong in [&[][..], &[2, 1], &[3], &content[..content.len() - 1]] {
            assert!(next.restore(wrong, at(160)).is_err());
        }
        // Nobody but us writes it, and still nothing overflows.
        let far = [&[FORM][..], &[7; 10], &i64::MAX.to_le_bytes()].concat();
        next.restore(&far, at(160)).expect("restored");
        assert!(matches!(next.denies(&[KeyedHash([7; 10])], at(160)), Denied::Now(true)));
    }

    #[test]
    fn what_is_denied_stays_so_until_it_expires() {
        let table = DenyTable::new(2 * SHARDS);
        let denies = |n: u8, now| matches!(table.denies(&[key(n)], at(now)), Denied::Now(true));
        assert!(!denies(1, 0));
        table.deny(key(1), at(100), at(200));
        table.deny(key(1), at(100), at(150));
        assert!(denies(1, 199) && !denies(1, 200) && !denies(2, 100));
        table.deny(key(2), at(100), at(300));
        table.deny(key(3), at(100), at(300));
        assert!(!denies(1, 150) && denies(2, 150) && denies(3, 150), "what expires first goes");
        assert_eq!(table.forgotten(), 1);
        table.deny(key(4), at(400), at(400));
        assert!(!denies(4, 400), "what is over is not kept");
        assert!(matches!(table.denies(&[key(7), key(3)], at(150)), Denied::Now(true)));
    }
}
