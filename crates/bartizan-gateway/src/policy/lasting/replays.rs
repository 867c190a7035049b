//! What is good once, and was used.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use bartizan_model::{
    KeyedHash, Timestamp,
    replay::{Account, Noted, ReplayStore, Use},
};

use super::{Lasting, Shards, WITH_ACCOUNTS, read};

/// Uses that are held when nothing else is said: about 90 MB when full. Who signs for a policy alone takes a third of
/// them: with proofs that are remembered for a minute and a half that is for 3,800 a second.
const USES: usize = 1 << 20;
/// Uses that have succeeded and are held when nothing else is said: about 45 MB when full. A policy alone takes half of
/// them: with deliveries that are remembered for a day that is for 3 a second.
const SETTLED: usize = 1 << 19;
/// On whose account is what was written down before there were any.
const NOBODY: KeyedHash = KeyedHash([0; 10]);

/// Uses, and on whose account they are.
#[derive(Debug, Default)]
struct Uses {
    lasting: Lasting<KeyedHash>,
    /// Those of which it is not known yet whether they succeed.
    begun: HashMap<KeyedHash, KeyedHash>,
    /// What is on each account; those with nothing on them are not there.
    accounts: HashMap<KeyedHash, Held>,
}

#[derive(Debug)]
struct Held {
    uses: usize,
    /// The policy of a signer; a policy's own.
    policy: KeyedHash,
}

impl Uses {
    /// Takes out what is over.
    fn tidy(&mut self, now: i64) {
        while let Some(signer) = self.lasting.take_over(now) {
            self.leave(signer);
        }
    }

    /// Whether one more can be on an account: a policy holds no more than is free for others, and who signs for it no more
    /// than is left of that. So a new one always finds room, however much the others have taken, and nothing has to be
    /// forgotten for it.
    fn has_room(&self, account: Account, most: usize) -> bool {
        let uses = |of: KeyedHash| self.accounts.get(&of).map_or(0, |held| held.uses);
        let free = most.saturating_sub(self.lasting.len() + self.begun.len());
        let of_signer = if account.signer == account.policy { 0 } else { uses(account.signer) };
        uses(account.policy) + of_signer < free
    }

    fn enter(&mut self, Account { policy, signer }: Account) {
        self.accounts.entry(signer).or_insert(Held { uses: 0, policy }).uses += 1;
        if signer != policy {
            self.accounts.entry(policy).or_insert(Held { uses: 0, policy }).uses += 1;
        }
    }

    fn leave(&mut self, signer: KeyedHash) {
        let Some(policy) = self.accounts.get(&signer).map(|held| held.policy) else { return };
        self.take_from(signer);
        if policy != signer {
            self.take_from(policy);
        }
    }

    fn take_from(&mut self, of: KeyedHash) {
        let Some(held) = self.accounts.get_mut(&of) else { return };
        held.uses -= 1;
        if held.uses == 0 {
            self.accounts.remove(&of);
        }
    }
}

/// Uses that this process has seen: those that count as soon as they are there, and, apart from them so that neither
/// takes the room of the other, those that count once they have succeeded. `bartizan serve` writes the latter down.
///
/// A table that has no room for an account takes no more for it and says [`Use::Unknown`], so that nobody makes room for
/// a replay by using up the table; and nobody uses it up for others.
#[derive(Debug)]
pub struct ReplayTable {
    noted: Shards<Uses>,
    settled: Shards<Uses>,
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

    /// Everything that has succeeded and counts at `now`, for [`ReplayTable::restore`]: of each key its 10 bytes, 8 with
    /// the second until which it counts, in the order of bytes of little endian, and 10 of the account.
    #[must_use]
    pub fn content(&self, now: Timestamp) -> Vec<u8> {
        let mut out = vec![WITH_ACCOUNTS];
        self.settled.each(|shard| {
            let behind = |signer: KeyedHash, out: &mut Vec<u8>| out.extend_from_slice(&signer.0);
            shard.lasting.write(now.seconds(), &mut out, behind);
        });
        out
    }

    /// Remembers what [`ReplayTable::content`] has written, as far as it still counts at `now`.
    ///
    /// # Errors
    /// It is of another form. What was read of it before that counts.
    pub fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String> {
        read(content, |key, until, account| {
            let mut shard = self.settled.of(key);
            let account = Account::of(account.unwrap_or(NOBODY));
            if now < until
                && shard.lasting.len() < self.settled.most
                && shard.lasting.put(key, until.seconds(), account.signer)
            {
                shard.enter(account);
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
    fn note(
        &self,
        account: Account,
        key: KeyedHash,
        now: Timestamp,
        until: Timestamp,
    ) -> Noted<'_> {
        let mut shard = self.noted.of(key);
        shard.tidy(now.seconds());
        if shard.lasting.holds(key, now.seconds()) {
            return Noted::Now(Use::Again);
        }
        if !shard.has_room(account, self.noted.most) {
            return Noted::Now(Use::Unknown);
        }
        if shard.lasting.put(key, until.seconds(), account.signer) {
            shard.enter(account);
        }
        Noted::Now(Use::First)
    }

    fn begin(&self, account: Account, key: KeyedHash, now: Timestamp) -> Noted<'_> {
        let mut shard = self.settled.of(key);
        shard.tidy(now.seconds());
        if shard.lasting.holds(key, now.seconds()) {
            return Noted::Now(Use::Again);
        }
        if shard.begun.contains_key(&key) {
            return Noted::Now(Use::UnderWay);
        }
        // What has begun has its place already when it succeeds.
        if !shard.has_room(account, self.settled.most) {
            return Noted::Now(Use::Unknown);
        }
        shard.begun.insert(key, account.signer);
        shard.enter(account);
        Noted::Now(Use::First)
    }

    fn settle(&self, key: KeyedHash, until: Option<Timestamp>) {
        let mut shard = self.settled.of(key);
        let Some(signer) = shard.begun.remove(&key) else { return };
        let Some(until) = until else {
            shard.leave(signer);
            return;
        };
        if !shard.lasting.put(key, until.seconds(), signer) {
            shard.leave(signer);
        }
        self.changes.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{FORM, SHARDS},
        *,
    };

    const ONE: Account = Account::of(KeyedHash([1; 10]));
    const OTHER: Account = Account::of(KeyedHash([2; 10]));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// Keys of one shard.
    fn key(n: u8) -> KeyedHash {
        KeyedHash([n, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    fn known(noted: Noted<'_>) -> Use {
        match noted {
            Noted::Now(used) => used,
            Noted::Later(_) => panic!("known at once"),
        }
    }

    fn noted(table: &ReplayTable, account: Account, n: u8, (now, until): (i64, i64)) -> Use {
        known(table.note(account, key(n), at(now), at(until)))
    }

    fn begun(table: &ReplayTable, n: u8, now: i64) -> Use {
        known(table.begin(ONE, key(n), at(now)))
    }

    #[test]
    fn what_was_used_is_known_until_it_is_over() {
        let table = ReplayTable::new(4 * SHARDS, 4 * SHARDS);
        assert_eq!(noted(&table, ONE, 1, (100, 160)), Use::First);
        assert_eq!(noted(&table, ONE, 1, (159, 170)), Use::Again);
        assert_eq!(noted(&table, ONE, 2, (100, 200)), Use::First);
        let third = noted(&table, ONE, 3, (159, 200));
        assert_eq!(third, Use::Unknown, "full, and nothing makes room");
        assert_eq!(
            noted(&table, ONE, 1, (159, 170)),
            Use::Again,
            "and nothing is forgotten for it"
        );
        assert_eq!(noted(&table, ONE, 3, (160, 200)), Use::First, "the first one is over");
        assert_eq!(noted(&table, ONE, 3, (160, 200)), Use::Again);
    }

    /// How many of `keys` an account has room for.
    fn taken(table: &ReplayTable, account: Account, keys: std::ops::Range<u8>) -> usize {
        let uses = keys.map(|n| noted(table, account, n, (0, 60)));
        uses.filter(|used| *used == Use::First).count()
    }

    #[test]
    fn no_account_uses_up_the_table_for_others() {
        let table = ReplayTable::new(64 * SHARDS, 64 * SHARDS);
        assert_eq!(taken(&table, ONE, 0..100), 32, "as much as is free");
        assert_eq!(taken(&table, OTHER, 100..200), 16, "and there is more for who comes later");
        assert_eq!(taken(&table, Account::of(key(9)), 200..250), 8);
        let after = noted(&table, ONE, 250, (60, 90));
        assert_eq!(after, Use::First, "what is over is on no account");
        // Who signs for a policy leaves room for the others who do.
        let table = ReplayTable::new(64 * SHARDS, 64 * SHARDS);
        let of_one = |n: u8| Account { signer: key(n), ..ONE };
        assert_eq!(taken(&table, of_one(1), 0..100), 22);
        let other = taken(&table, of_one(2), 100..200);
        assert!((5..=10).contains(&other), "{other}");
        assert!(taken(&table, OTHER, 200..250) >= 16, "all of them hold half at the most");
        let shard = table.noted.of(key(0));
        let of_policy = shard.accounts[&ONE.policy].uses;
        assert_eq!(of_policy, 22 + other);
    }

    #[test]
    fn only_one_of_many_at_once_is_the_first() {
        let table = ReplayTable::default();
        let firsts = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| noted(&table, ONE, 9, (0, 60)) == Use::First))
                .collect();
            tasks.into_iter().filter_map(|task| task.join().ok()).filter(|first| *first).count()
        });
        assert_eq!(firsts, 1);
    }

    #[test]
    fn what_has_begun_counts_once_it_has_succeeded() {
        let table = ReplayTable::new(4 * SHARDS, 4 * SHARDS);
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
        assert_eq!(noted(&table, ONE, 3, (99, 200)), Use::First, "of its own");
        assert_eq!(begun(&table, 1, 100), Use::First, "remembered no longer than that");
        table.settle(key(1), None);
        table.settle(key(2), None);
        let shard = table.settled.of(key(0));
        assert!(shard.accounts.is_empty(), "{shard:?}");
    }

    #[test]
    fn what_has_succeeded_is_known_after_a_restart() {
        let (table, next) = (ReplayTable::default(), ReplayTable::default());
        for n in 0..4 {
            begun(&table, n, 0);
            noted(&table, ONE, n, (0, 1_000));
            table.settle(key(n), (n > 0).then(|| at(100 * i64::from(n))));
        }
        next.restore(&table.content(at(50)), at(150)).expect("restored");
        assert_eq!(next.settled.of(key(0)).accounts[&ONE.policy].uses, 2, "on the same account");
        let known = [0, 1, 2, 3].map(|n| begun(&next, n, 150));
        assert_eq!(known, [Use::First, Use::First, Use::Again, Use::Again]);
        assert!(next.restore(&[WITH_ACCOUNTS, 1], at(150)).is_err());
        // What was written without accounts is read too.
        let old = [&[FORM][..], &key(7).0, &200_i64.to_le_bytes()].concat();
        next.restore(&old, at(150)).expect("restored");
        assert_eq!(begun(&next, 7, 150), Use::Again);
        let next = ReplayTable::new(0, 0);
        next.restore(&table.content(at(50)), at(50)).expect("restored");
        assert_eq!(next.settled.of(key(0)).lasting.len(), 1, "no more than there is room for");
    }
}
