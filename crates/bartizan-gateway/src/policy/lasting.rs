//! What counts until a moment: used proofs and denied credentials, in this process.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bartizan_model::{
    KeyedHash, Timestamp,
    deny::{Denied, DenyList},
    replay::{Noted, ReplayStore, Use},
};

/// Denied keys that are held when nothing else is said: about 10 MB when full, nothing while empty.
const DENIED: usize = 1 << 17;
/// Uses that are held when nothing else is said: about 40 MB when full. With proofs that are remembered for a minute
/// and a half that is for 5,000 a second.
const USES: usize = 1 << 19;
/// Uses that have succeeded and are held when nothing else is said: about 20 MB when full. With deliveries that are
/// remembered for a day that is for 3 a second.
const SETTLED: usize = 1 << 18;
/// How what lasts is written down.
const FORM: u8 = 1;
/// Bytes of one key that is written down.
const ENTRY: usize = 18;
/// The last second of the year 9999, beyond which a time cannot be written.
const LAST_SECOND: i64 = 253_402_300_799;
/// Parts of a table, each with a lock of its own.
const SHARDS: usize = 16;

/// Keys, each until a moment. Every operation takes the logarithm of their number; what is over is taken out when
/// something is put in.
#[derive(Debug, Default)]
struct Lasting {
    until: HashMap<KeyedHash, i64>,
    /// The same, those that end first in front.
    ends: BTreeSet<(i64, [u8; 10])>,
    /// Keys of which it is not known yet whether they will be among these.
    begun: HashSet<KeyedHash>,
}

impl Lasting {
    fn holds(&self, key: KeyedHash, now: i64) -> bool {
        self.until.get(&key).is_some_and(|until| now < *until)
    }

    /// Puts a key in, or lets it last longer.
    fn put(&mut self, key: KeyedHash, until: i64) {
        let before = self.until.get(&key).copied();
        if before.is_some_and(|before| before >= until) {
            return;
        }
        if let Some(before) = before {
            self.ends.remove(&(before, key.0));
        }
        self.until.insert(key, until);
        self.ends.insert((until, key.0));
    }

    fn take_first(&mut self) {
        if let Some((_, key)) = self.ends.pop_first() {
            self.until.remove(&KeyedHash(key));
        }
    }

    /// Takes out what is over.
    fn tidy(&mut self, now: i64) {
        while self.ends.first().is_some_and(|(until, _)| *until <= now) {
            self.take_first();
        }
    }
}

#[derive(Debug)]
struct Shards {
    shards: [Mutex<Lasting>; SHARDS],
    /// Most keys of one shard.
    most: usize,
}

impl Shards {
    fn new(keys: usize) -> Self {
        Self { shards: Default::default(), most: keys.div_ceil(SHARDS).max(1) }
    }

    /// Keys are keyed hashes: nobody chooses the shard.
    fn of(&self, key: KeyedHash) -> MutexGuard<'_, Lasting> {
        let shard = &self.shards[usize::from(key.0[9]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that counts at `now`, for [`read`].
    fn content(&self, now: Timestamp) -> Vec<u8> {
        let mut out = vec![FORM];
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (until, key) in shard.ends.iter().filter(|(until, _)| now.seconds() < *until) {
                out.extend_from_slice(key);
                out.extend_from_slice(&until.to_le_bytes());
            }
        }
        out
    }
}

/// Each key of what [`Shards::content`] has written, with the time until which it counts.
fn read(content: &[u8], mut each: impl FnMut(KeyedHash, Timestamp)) -> Result<(), String> {
    let Some((&FORM, entries)) = content.split_first() else {
        return Err("what is kept of denied credentials and of uses is of another form".to_owned());
    };
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    for entry in entries {
        let (key, until) = entry.split_at(10);
        if let (Ok(key), Ok(until)) = (key.try_into(), until.try_into()) {
            let until = Timestamp::from_seconds(i64::from_le_bytes(until).min(LAST_SECOND));
            each(KeyedHash(key), until);
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err("what is kept of denied credentials and of uses is cut off".to_owned())
    }
}

/// Uses that this process has seen: those that count as soon as they are there, and, apart from them so that neither
/// takes the room of the other, those that count once they have succeeded. `bartizan serve` writes the latter down.
///
/// A table that is full of uses that still count takes no more and says [`Use::Unknown`], so that nobody makes room for
/// a replay by using up the table.
#[derive(Debug)]
pub struct ReplayTable {
    noted: Shards,
    settled: Shards,
    /// Times that a use has succeeded.
    changes: AtomicU64,
}

impl ReplayTable {
    /// For at most about `noted` uses that count at once, and `settled` that have succeeded or are under way.
    #[must_use]
    pub fn new(noted: usize, settled: usize) -> Self {
        let (noted, settled) = (Shards::new(noted), Shards::new(settled));
        Self { noted, settled, changes: AtomicU64::new(0) }
    }

    /// Grows with every use that has succeeded: where it did not, nothing has to be written down.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// Everything that has succeeded and counts at `now`, in the form of [`DenyTable::content`].
    #[must_use]
    pub fn content(&self, now: Timestamp) -> Vec<u8> {
        self.settled.content(now)
    }

    /// Remembers what [`ReplayTable::content`] has written, as far as it still counts at `now`.
    ///
    /// # Errors
    /// It is of another form. What was read of it before that counts.
    pub fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String> {
        read(content, |key, until| {
            let mut shard = self.settled.of(key);
            if now < until && shard.until.len() < self.settled.most {
                shard.put(key, until.seconds());
            }
        })
    }
}

impl Default for ReplayTable {
    fn default() -> Self {
        Self::new(USES, SETTLED)
    }
}

impl ReplayStore for ReplayTable {
    fn note(&self, key: KeyedHash, now: Timestamp, until: Timestamp) -> Noted<'_> {
        let mut shard = self.noted.of(key);
        shard.tidy(now.seconds());
        if shard.holds(key, now.seconds()) {
            return Noted::Now(Use::Again);
        }
        if shard.until.len() >= self.noted.most {
            return Noted::Now(Use::Unknown);
        }
        shard.put(key, until.seconds());
        Noted::Now(Use::First)
    }

    fn begin(&self, key: KeyedHash, now: Timestamp) -> Noted<'_> {
        let mut shard = self.settled.of(key);
        shard.tidy(now.seconds());
        if shard.holds(key, now.seconds()) {
            return Noted::Now(Use::Again);
        }
        if shard.begun.contains(&key) {
            return Noted::Now(Use::UnderWay);
        }
        // What has begun has its place already when it succeeds.
        if shard.until.len() + shard.begun.len() >= self.settled.most {
            return Noted::Now(Use::Unknown);
        }
        shard.begun.insert(key);
        Noted::Now(Use::First)
    }

    fn settle(&self, key: KeyedHash, until: Option<Timestamp>) {
        let mut shard = self.settled.of(key);
        let Some(until) = until.filter(|_| shard.begun.contains(&key)) else {
            shard.begun.remove(&key);
            return;
        };
        shard.begun.remove(&key);
        shard.put(key, until.seconds());
        self.changes.fetch_add(1, Relaxed);
    }
}

/// Credentials that this process denies.
///
/// A table that is full lets go of the one that expires first, and counts that ([`DenyTable::forgotten`]). To fill it
/// takes as many logouts with credentials that are good.
#[derive(Debug)]
pub struct DenyTable {
    shards: Shards,
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
        self.shards.content(now)
    }

    /// Denies what [`DenyTable::content`] has written, as far as it still counts at `now`.
    ///
    /// # Errors
    /// It is of another form. What was read of it before that counts.
    pub fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String> {
        read(content, |key, until| self.deny(key, now, until))
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
        let before = shard.until.len();
        shard.tidy(now.seconds());
        if shard.until.len() >= self.shards.most && !shard.until.contains_key(&key) {
            shard.take_first();
            self.forgotten.fetch_add(1, Relaxed);
        }
        shard.put(key, until.seconds());
        // One shard at a time is counted, so that the sum is right whoever else counts.
        let after = shard.until.len();
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

    fn noted(table: &ReplayTable, n: u8, now: i64, until: i64) -> Use {
        match table.note(key(n), at(now), at(until)) {
            Noted::Now(used) => used,
            Noted::Later(_) => panic!("known at once"),
        }
    }

    #[test]
    fn what_was_used_is_known_until_it_is_over() {
        let table = ReplayTable::new(2 * SHARDS, 2 * SHARDS);
        assert_eq!(noted(&table, 1, 100, 160), Use::First);
        assert_eq!(noted(&table, 1, 159, 170), Use::Again);
        assert_eq!(noted(&table, 2, 100, 200), Use::First);
        assert_eq!(noted(&table, 3, 159, 200), Use::Unknown, "full, and nothing makes room");
        assert_eq!(noted(&table, 1, 159, 170), Use::Again, "and nothing is forgotten for it");
        assert_eq!(noted(&table, 3, 160, 200), Use::First, "the first one is over");
        assert_eq!(noted(&table, 3, 160, 200), Use::Again);
    }

    #[test]
    fn only_one_of_many_at_once_is_the_first() {
        let table = ReplayTable::default();
        let firsts = std::thread::scope(|scope| {
            let tasks: Vec<_> =
                (0..8).map(|_| scope.spawn(|| noted(&table, 9, 0, 60) == Use::First)).collect();
            tasks.into_iter().filter_map(|task| task.join().ok()).filter(|first| *first).count()
        });
        assert_eq!(firsts, 1);
    }

    fn begun(table: &ReplayTable, n: u8, now: i64) -> Use {
        match table.begin(key(n), at(now)) {
            Noted::Now(used) => used,
            Noted::Later(_) => panic!("known at once"),
        }
    }

    #[test]
    fn what_has_begun_counts_once_it_has_succeeded() {
        let table = ReplayTable::new(2 * SHARDS, 2 * SHARDS);
        assert_eq!(begun(&table, 1, 0), Use::First);
        assert_eq!(begun(&table, 1, 0), Use::UnderWay);
        table.settle(key(1), None);
        assert_eq!(begun(&table, 1, 1), Use::First, "it did not succeed");
        table.settle(key(1), Some(at(100)));
        assert_eq!((begun(&table, 1, 99), begun(&table, 1, 99)), (Use::Again, Use::Again));
        // A late end of what is over changes nothing.
        table.settle(key(1), None);
        table.settle(key(2), Some(at(100)));
        assert_eq!((begun(&table, 1, 99), table.changes()), (Use::Again, 1));
        assert_eq!(begun(&table, 2, 99), Use::First, "never begun, never used");
        assert_eq!(begun(&table, 3, 99), Use::Unknown, "what is under way takes room too");
        assert_eq!(noted(&table, 3, 99, 200), Use::First, "of its own");
        assert_eq!(begun(&table, 1, 100), Use::First, "remembered no longer than that");
    }

    #[test]
    fn what_has_succeeded_is_known_after_a_restart() {
        let (table, next) = (ReplayTable::default(), ReplayTable::default());
        for n in 0..4 {
            begun(&table, n, 0);
            noted(&table, n, 0, 1_000);
            table.settle(key(n), (n > 0).then(|| at(100 * i64::from(n))));
        }
        next.restore(&table.content(at(50)), at(150)).expect("restored");
        let known = [0, 1, 2, 3].map(|n| begun(&next, n, 150));
        assert_eq!(known, [Use::First, Use::First, Use::Again, Use::Again]);
        assert!(next.restore(&[FORM, 1], at(150)).is_err());
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
        for wrong in [&[][..], &[2], &content[..content.len() - 1]] {
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
