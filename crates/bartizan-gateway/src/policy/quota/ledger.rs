//! Quotas as this process counts them: out of blocks that a store has written down before.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bartizan_model::{KeyedHash, QuotaPeriod, QuotaStore, Reserved, Unused, api_key::Later};
use tokio::{runtime::Handle, sync::Mutex as Turn};

use super::super::{nanos_now, recent::Recent};

/// Callers held at a time.
const ACCOUNTS: usize = 65_536;
/// Parts of the table, each with a lock of its own; a part asks the store for one block at a time.
const SHARDS: usize = 64;
/// Most requests in a block.
const MOST_IN_BLOCK: u64 = 1_000;
/// Most monitored requests that wait to be counted.
const MOST_WAITING: usize = 1_000;
/// How long a store that failed is left alone, in nanoseconds.
const PAUSE: u64 = 1_000_000_000;
/// How long a reservation is waited for that nobody waits for any more.
const LATE: Duration = Duration::from_secs(30);
/// How many are given back at once.
const GIVEN_BACK_AT_ONCE: usize = 500;

/// What one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) key: KeyedHash,
    pub(crate) period: QuotaPeriod,
    pub(crate) limit: u64,
}

/// What it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It may pass; so much is left.
    Passed(u64),
    /// Nothing is left.
    Exhausted,
}

/// What is known of a caller.
#[derive(Clone, Copy, Debug)]
struct Account {
    period: QuotaPeriod,
    limit: u64,
    /// Reserved and not used.
    block: u64,
    /// What nobody had reserved when the store was last asked.
    beyond: u64,
}

#[derive(Debug)]
struct Shard {
    accounts: Mutex<Recent<KeyedHash, Account>>,
    turn: Arc<Turn<()>>,
}

/// Quotas of this process, over a [`QuotaStore`].
#[derive(Debug)]
pub struct QuotaLedger {
    store: Arc<dyn QuotaStore>,
    shards: Vec<Shard>,
    waiting: AtomicUsize,
    /// Until when the store is left alone.
    paused_until: AtomicU64,
}

impl QuotaLedger {
    /// Over a store, which other processes may share.
    #[must_use]
    pub fn new(store: Arc<dyn QuotaStore>) -> Arc<Self> {
        let shard = |_| Shard {
            accounts: Mutex::new(Recent::new(ACCOUNTS / SHARDS)),
            turn: Arc::default(),
        };
        let (waiting, paused_until) = (AtomicUsize::new(0), AtomicU64::new(0));
        let shards = (0..SHARDS).map(shard).collect();
        Arc::new(Self { store, shards, waiting, paused_until })
    }

    /// In memory: forgotten with the process.
    #[must_use]
    pub fn in_memory() -> Arc<Self> {
        Self::new(Arc::new(InMemory(Mutex::new(Recent::new(ACCOUNTS)))))
    }

    fn shard(&self, key: KeyedHash) -> &Shard {
        // A keyed hash: nobody can choose its bits.
        &self.shards[usize::from(key.0[0]) % SHARDS]
    }

    /// Takes one out of what is reserved; `None` when the store has to be asked.
    fn take_reserved(&self, want: Want) -> Option<Taken> {
        let mut accounts = lock(&self.shard(want.key).accounts);
        let account = accounts.get_mut(&want.key)?;
        if account.period != want.period {
            return None;
        }
        let beyond = if account.limit == want.limit { account.beyond } else { 1 };
        if account.block == 0 {
            return (beyond == 0).then_some(Taken::Exhausted);
        }
        account.block -= 1;
        Some(Taken::Passed(account.block.saturating_add(account.beyond)))
    }

    /// Takes one, of a new block when need be. `Err` when the store cannot say. Who breaks off while the store is
    /// asked takes nothing: what is reserved is there for the next one.
    pub(crate) async fn take(self: &Arc<Self>, want: Want) -> Result<Taken, String> {
        if let Some(taken) = self.take_reserved(want) {
            return Ok(taken);
        }
        self.check_pause()?;
        let turn = Arc::clone(&self.shard(want.key).turn).lock_owned().await;
        if let Some(taken) = self.take_reserved(want) {
            return Ok(taken);
        }
        self.check_pause()?;
        let reserved = Reservation::begin(self, want).await.inspect_err(|_| self.pause())?;
        let (taken, replaced) = self.hold(want, reserved, 1);
        drop(turn);
        if let Some(unused) = replaced {
            self.give_back_soon(unused);
        }
        Ok(taken)
    }

    fn check_pause(&self) -> Result<(), String> {
        if nanos_now() < self.paused_until.load(Relaxed) {
            return Err("the store has just failed".to_owned());
        }
        Ok(())
    }

    /// Adds what was reserved to what is known of a caller, less what is taken at once. Gives what had to go for it.
    fn hold(&self, want: Want, reserved: Reserved, taken: u64) -> (Taken, Option<Unused>) {
        let Reserved { granted, left } = reserved;
        let block = granted.saturating_sub(taken);
        let mut accounts = lock(&self.shard(want.key).accounts);
        let known = accounts.get_mut(&want.key).filter(|known| known.period == want.period);
        let fresh = Account { period: want.period, limit: want.limit, block, beyond: left };
        let (block, replaced) = match known {
            Some(known) => {
                known.block = known.block.saturating_add(block);
                (known.limit, known.beyond) = (want.limit, left);
                (known.block, None)
            }
            None => (block, accounts.put(want.key, fresh)),
        };
        let unused = |(key, gone): (KeyedHash, Account)| {
            let is_lost = gone.block > 0;
            is_lost.then_some(Unused { key, period: gone.period, amount: gone.block })
        };
        let taken = match granted {
            0 => Taken::Exhausted,
            _ => Taken::Passed(block.saturating_add(left)),
        };
        (taken, replaced.and_then(unused))
    }

    /// Gives back what a caller has left who is forgotten, or whose request is of another period than the one before.
    fn give_back_soon(self: &Arc<Self>, unused: Unused) {
        let this = Arc::clone(self);
        self.later(async move {
            // It is lost then, as in a crash.
            let _ = this.store.give_back(vec![unused]).await;
        });
    }

    /// Does something that nobody waits for, if there is not too much of that.
    fn later(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(handle) = Handle::try_current() else { return };
        if self.waiting.fetch_add(1, Relaxed) >= MOST_WAITING {
            self.waiting.fetch_sub(1, Relaxed);
            return;
        }
        let this = Arc::clone(self);
        handle.spawn(async move {
            let _ = tokio::time::timeout(LATE, work).await;
            this.waiting.fetch_sub(1, Relaxed);
        });
    }

    /// Leaves the store alone for a while: it has failed, or did not answer in time.
    pub(crate) fn pause(&self) {
        self.paused_until.store(nanos_now().saturating_add(PAUSE), Relaxed);
    }

    /// Takes one without waiting: `None` when it is not known yet whether there is one; it is taken all the same.
    pub(crate) fn take_soon(self: &Arc<Self>, want: Want) -> Option<Taken> {
        if let Some(taken) = self.take_reserved(want) {
            return Some(taken);
        }
        if self.waiting.fetch_add(1, Relaxed) >= MOST_WAITING {
            self.waiting.fetch_sub(1, Relaxed);
            return None;
        }
        let this = Arc::clone(self);
        let mut taking = Box::pin(async move {
            let taken = this.take(want).await;
            this.waiting.fetch_sub(1, Relaxed);
            taken
        });
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => taken.ok(),
            Poll::Pending => {
                match Handle::try_current() {
                    Ok(handle) => drop(handle.spawn(taking)),
                    Err(_) => drop(self.waiting.fetch_sub(1, Relaxed)),
                }
                None
            }
        }
    }

    /// Gives back what is reserved and not used: before the process ends.
    ///
    /// # Errors
    /// Says why the store did not take it. It is lost then.
    pub async fn settle(&self) -> Result<(), String> {
        let mut unused = Vec::new();
        for shard in &self.shards {
            let mut accounts = lock(&shard.accounts);
            accounts.for_each(|key, account| {
                let amount = std::mem::take(&mut account.block);
                if amount > 0 {
                    unused.push(Unused { key: *key, period: account.period, amount });
                }
            });
        }
        for part in unused.chunks(GIVEN_BACK_AT_ONCE) {
            self.store.give_back(part.to_vec()).await?;
        }
        Ok(())
    }
}

/// A reservation under way. Whoever waits for it may go away: it ends nevertheless, and is not lost.
struct Reservation {
    ledger: Arc<QuotaLedger>,
    want: Want,
    /// `None` when it has ended.
    asking: Option<Later<'static, Result<Reserved, String>>>,
}

impl Reservation {
    fn begin(ledger: &Arc<QuotaLedger>, want: Want) -> Self {
        let store = Arc::clone(&ledger.store);
        let amount = (want.limit / 100).clamp(1, MOST_IN_BLOCK);
        let asking =
            Box::pin(async move { store.reserve(want.key, want.period, want.limit, amount).await });
        Self { ledger: Arc::clone(ledger), want, asking: Some(asking) }
    }
}

impl Future for Reservation {
    type Output = Result<Reserved, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(asking) = &mut self.asking else {
            return Poll::Ready(Err("it has ended".to_owned()));
        };
        let polled = asking.as_mut().poll(context);
        if polled.is_ready() {
            self.asking = None;
        }
        polled
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some(asking) = self.asking.take() else { return };
        let (ledger, want) = (Arc::clone(&self.ledger), self.want);
        self.ledger.later(async move {
            let Ok(reserved) = asking.await else { return };
            let (_, replaced) = ledger.hold(want, reserved, 0);
            if let Some(unused) = replaced {
                ledger.give_back_soon(unused);
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store that is forgotten with the process; of what is not asked for, the longest unused first.
#[derive(Debug)]
struct InMemory(Mutex<Recent<(KeyedHash, QuotaPeriod), u64>>);

impl QuotaStore for InMemory {
    fn reserve(
        &self,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Later<'_, Result<Reserved, String>> {
        let mut reserved = lock(&self.0);
        let known = reserved.get_mut(&(key, period)).copied().unwrap_or(0);
        let left = limit.saturating_sub(known);
        let granted = amount.min(left);
        reserved.put((key, period), known.saturating_add(granted));
        Box::pin(std::future::ready(Ok(Reserved { granted, left: left - granted })))
    }

    fn give_back(&self, unused: Vec<Unused>) -> Later<'_, Result<(), String>> {
        let mut reserved = lock(&self.0);
        for one in unused {
            if let Some(known) = reserved.get_mut(&(one.key, one.period)) {
                *known = known.saturating_sub(one.amount);
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::Timestamp;

    use super::*;

    fn want(key: u8, limit: u64) -> Want {
        let period = QuotaPeriod::day(Timestamp::from_seconds(1_000_000));
        Want { key: KeyedHash([key; 10]), period, limit }
    }

    async fn passed(ledger: &Arc<QuotaLedger>, want: Want, asked: usize) -> usize {
        let mut passed = 0;
        for _ in 0..asked {
            passed += usize::from(ledger.take(want).await != Ok(Taken::Exhausted));
        }
        passed
    }

    fn over(store: &Arc<InMemory>) -> Arc<QuotaLedger> {
        QuotaLedger::new(Arc::clone(store) as Arc<_>)
    }

    #[tokio::test]
    async fn crashes_never_give_more_than_the_quota_and_stops_lose_nothing() {
        let store = Arc::new(InMemory(Mutex::new(Recent::new(10))));
        let limit = 1_000;
        let mut all = 0;
        // Each process crashes in the middle of a block.
        for _ in 0..5 {
            all += passed(&over(&store), want(1, limit), 95).await;
        }
        assert_eq!(all, 475);
        let last = over(&store);
        all += passed(&last, want(1, limit), 2_000).await;
        assert!((950..=1_000).contains(&all), "{all}: at most a block is lost at each crash");

        let mut all = 0;
        for _ in 0..5 {
            let ledger = over(&store);
            all += passed(&ledger, want(2, limit), 95).await;
            ledger.settle().await.expect("given back");
        }
        all += passed(&over(&store), want(2, limit), 2_000).await;
        assert_eq!(all, 1_000);
    }

    #[tokio::test]
    async fn what_is_left_is_told_and_a_higher_limit_counts_at_once() {
        let ledger = QuotaLedger::in_memory();
        assert_eq!(ledger.take(want(1, 2)).await, Ok(Taken::Passed(1)));
        assert_eq!(ledger.take_soon(want(1, 2)), Some(Taken::Passed(0)));
        assert_eq!(ledger.take_soon(want(1, 2)), Some(Taken::Exhausted));
        assert_eq!(ledger.take(want(1, 4)).await, Ok(Taken::Passed(1)));
        let next = QuotaPeriod::day(want(1, 2).period.ends);
        let tomorrow = Want { period: next, ..want(1, 2) };
        assert_eq!(ledger.take(tomorrow).await, Ok(Taken::Passed(1)));
    }

    /// Writes down at once, and answers when it is let.
    #[derive(Debug)]
    struct Slow(Arc<InMemory>, Arc<tokio::sync::Semaphore>);

    impl QuotaStore for Slow {
        fn reserve(
            &self,
            key: KeyedHash,
            period: QuotaPeriod,
            limit: u64,
            amount: u64,
        ) -> Later<'_, Result<Reserved, String>> {
            let reserved = self.0.reserve(key, period, limit, amount);
            Box::pin(async move {
                let reserved = reserved.await;
                let _place = self.1.acquire().await;
                reserved
            })
        }

        fn give_back(&self, unused: Vec<Unused>) -> Later<'_, Result<(), String>> {
            self.0.give_back(unused)
        }
    }

    async fn settled(ledger: &QuotaLedger) {
        for _ in 0..1_000 {
            if ledger.waiting.load(Relaxed) == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("something still waits");
    }

    #[tokio::test]
    async fn who_breaks_off_loses_nothing_of_the_quota() {
        let store = Arc::new(InMemory(Mutex::new(Recent::new(10))));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let ledger = QuotaLedger::new(Arc::new(Slow(store, Arc::clone(&gate))));
        let limit = 1_000;
        // Ten callers break off while a block of ten was written down for each.
        for _ in 0..10 {
            let mut taking = Box::pin(ledger.take(want(1, limit)));
            let polled = taking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        gate.add_permits(1_000);
        settled(&ledger).await;
        assert_eq!(passed(&ledger, want(1, limit), 2_000).await, 1_000);
    }

    #[tokio::test]
    async fn what_a_caller_has_left_is_given_back_when_it_is_forgotten() {
        let store = Arc::new(InMemory(Mutex::new(Recent::new(10))));
        let (today, limit) = (want(1, 1_000), 1_000);
        let tomorrow = Want { period: QuotaPeriod::day(today.period.ends), ..today };
        let ledger = over(&store);
        // Around midnight, requests of both days come in turn.
        let (mut before, mut after) = (0, 0);
        for _ in 0..20 {
            before += passed(&ledger, today, 1).await;
            after += passed(&ledger, tomorrow, 1).await;
            settled(&ledger).await;
        }
        before += passed(&ledger, today, 2_000).await;
        settled(&ledger).await;
        after += passed(&ledger, tomorrow, 2_000).await;
        assert_eq!((before, after), (limit, limit));
    }

    #[derive(Debug)]
    struct Broken(AtomicUsize);

    impl QuotaStore for Broken {
        fn reserve(
            &self,
            _: KeyedHash,
            _: QuotaPeriod,
            _: u64,
            _: u64,
        ) -> Later<'_, Result<Reserved, String>> {
            self.0.fetch_add(1, Relaxed);
            Box::pin(async {
                tokio::task::yield_now().await;
                Err("it is gone".to_owned())
            })
        }

        fn give_back(&self, _: Vec<Unused>) -> Later<'_, Result<(), String>> {
            Box::pin(std::future::ready(Err("it is gone".to_owned())))
        }
    }

    #[tokio::test]
    async fn a_store_that_fails_is_left_alone_for_a_while() {
        let store = Arc::new(Broken(AtomicUsize::new(0)));
        let ledger = QuotaLedger::new(Arc::clone(&store) as Arc<_>);
        for _ in 0..100 {
            assert!(ledger.take(want(1, 10)).await.is_err());
            assert_eq!(ledger.take_soon(want(1, 10)), None);
        }
        assert_eq!(store.0.load(Relaxed), 1);
    }
}
