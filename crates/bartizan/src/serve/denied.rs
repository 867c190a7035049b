//! What is denied outlives a restart: tokens after a logout, values that were good once, and deliveries that were taken.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bartizan_gateway::policy::{DenyTable, ReplayTable};
use bartizan_model::{Scope, Timestamp};
use bartizan_store::{Batch, LearnedState, Store, StoreError};
use tokio::sync::Mutex;

use super::lane::now;

/// How often it is looked whether there is something to write.
const EVERY: Duration = Duration::from_secs(1);

/// Tables of what is denied, and where they are kept: as one text of at most 15 MB each, written whole when something
/// was added to it.
pub(super) struct Denied {
    /// Credentials, by the names of `logout` policies.
    pub(super) credentials: Arc<DenyTable>,
    /// Values, by those of `single_use` policies.
    pub(super) values: Arc<DenyTable>,
    /// Values of which nobody knows whether they were used.
    pub(super) doubtful: Arc<DenyTable>,
    /// Deliveries, by those of `webhook` policies, and what else is signed to be used once.
    pub(super) uses: Arc<ReplayTable>,
    kept: [Kept; 4],
    scope: Scope,
    /// So that no older text is written over a newer one.
    writing: Mutex<()>,
}

/// A table that can be written down.
trait Table: Send + Sync {
    fn changes(&self) -> u64;
    fn content(&self, now: Timestamp) -> Vec<u8>;
    fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String>;
}

macro_rules! tables {
    ($($table:ty),+) => {$(
        impl Table for $table {
            fn changes(&self) -> u64 {
                self.changes()
            }

            fn content(&self, now: Timestamp) -> Vec<u8> {
                self.content(now)
            }

            fn restore(&self, content: &[u8], now: Timestamp) -> Result<(), String> {
                self.restore(content, now)
            }
        }
    )+};
}

tables!(DenyTable, ReplayTable);

struct Kept {
    name: &'static str,
    table: Arc<dyn Table>,
    /// [`Table::changes`] of what was written last.
    written: AtomicU64,
}

impl Denied {
    /// Reads what was kept.
    ///
    /// # Errors
    /// The store cannot be read: what was ended before could be used again.
    pub(super) async fn load(store: &dyn Store, scope: &Scope) -> Result<Self, StoreError> {
        let (credentials, values) = (Arc::<DenyTable>::default(), Arc::<DenyTable>::default());
        let doubtful = Arc::<DenyTable>::default();
        let uses = Arc::<ReplayTable>::default();
        let kept: [(&'static str, Arc<dyn Table>); 4] = [
            ("denied-credentials", Arc::clone(&credentials) as _),
            ("used-values", Arc::clone(&values) as _),
            ("doubtful-values", Arc::clone(&doubtful) as _),
            ("used-deliveries", Arc::clone(&uses) as _),
        ];
        for (name, table) in &kept {
            let Some((state, _)) = store.learned(scope, name).await? else { continue };
            if let Err(problem) = table.restore(&state.content, now()) {
                anstream::eprintln!("warning: {problem}; what was ended before can be used again");
            }
        }
        let kept = kept.map(|(name, table)| Kept {
            name,
            written: AtomicU64::new(table.changes()),
            table,
        });
        let (scope, writing) = (scope.clone(), Mutex::new(()));
        Ok(Self { credentials, values, doubtful, uses, kept, scope, writing })
    }

    /// Writes down what was added since that was last done.
    pub(super) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _one = self.writing.lock().await;
        for kept in &self.kept {
            // Before the content is read: what is added meanwhile is written the next time.
            let changes = kept.table.changes();
            if changes == kept.written.load(Relaxed) {
                continue;
            }
            let content = kept.table.content(now());
            let learned = vec![LearnedState { name: kept.name.to_owned(), content }];
            let batch = Batch { now: now(), learned, ..Batch::default() };
            store.save_batch(&self.scope, &batch).await?;
            kept.written.store(changes, Relaxed);
        }
        Ok(())
    }
}

/// Keeps what is denied written down, until it is dropped. What fails is told once and tried again.
pub(super) async fn keep_written(denied: Weak<Denied>, store: Weak<dyn Store>) {
    let mut has_failed = false;
    loop {
        tokio::time::sleep(EVERY).await;
        let (Some(denied), Some(store)) = (denied.upgrade(), store.upgrade()) else { return };
        let written = denied.write(store.as_ref()).await;
        let before = std::mem::replace(&mut has_failed, written.is_err());
        if let Err(problem) = written
            && !before
        {
            anstream::eprintln!(
                "warning: what is denied cannot be written down yet, and would be forgotten at a restart: {problem}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{
        Duration as Span, KeyedHash,
        deny::DenyList as _,
        replay::{Account, ReplayStore as _, Use},
    };
    use bartizan_store::{DataDirectory, DataOptions};

    use super::*;

    #[tokio::test]
    async fn what_was_denied_is_denied_by_the_next_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = DataOptions::new(folder.path());
        let directory = DataDirectory::open(&options, now()).await.expect("opened");
        let (store, scope) = (directory.store(), Scope::default());
        let until = now().plus(Span::seconds(600));
        let (key, other) = (KeyedHash([1; 10]), KeyedHash([2; 10]));
        let account = Account::of(KeyedHash([3; 10]));
        let first = Denied::load(store, &scope).await.expect("read");
        first.write(store).await.expect("nothing to write");
        assert!(store.learned(&scope, "denied-credentials").await.expect("read").is_none());
        first.credentials.deny(key, now(), until);
        first.values.deny(other, now(), until);
        assert_eq!(first.uses.begin(account, key, now()).known().await, Use::First);
        first.uses.settle(key, Some(until));
        first.write(store).await.expect("written");
        let next = Denied::load(store, &scope).await.expect("read");
        assert!(next.credentials.denies(&[key], now()).known().await);
        assert!(!next.credentials.denies(&[other], now()).known().await, "they are kept apart");
        assert!(next.values.denies(&[other], now()).known().await);
        next.doubtful.deny(key, now(), until);
        next.write(store).await.expect("written");
        let third = Denied::load(store, &scope).await.expect("read");
        assert!(third.doubtful.denies(&[key], now()).known().await);
        assert!(!third.values.denies(&[key], now()).known().await);
        assert_eq!(next.uses.begin(account, key, now()).known().await, Use::Again);
        assert_eq!(next.uses.begin(account, other, now()).known().await, Use::First);
        // A damaged text ends nothing, and is written anew.
        let damaged = LearnedState { name: "used-values".to_owned(), content: b"x".to_vec() };
        let batch = Batch { now: now(), learned: vec![damaged], ..Batch::default() };
        store.save_batch(&scope, &batch).await.expect("written");
        let after = Denied::load(store, &scope).await.expect("read");
        assert!(!after.values.denies(&[other], now()).known().await);
        assert!(after.credentials.denies(&[key], now()).known().await);
    }
}
