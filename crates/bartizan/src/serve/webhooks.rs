//! Deliveries of webhooks that no upstream took: written down as they fail, and replayed when somebody asks for it, by the
//! server or beside it.

use std::{
    sync::{Arc, Weak},
    time::Duration as Span,
};

use bartizan_gateway::{
    Redelivery, Running,
    policy::{FailedDeliveries, FailedReceiver, Told},
};
use bartizan_model::{Duration, KeyedHash, Scope, webhook::FailedDelivery};
use bartizan_store::{Store, StoreError};
use tokio::sync::Notify;

use super::lane::now;

/// Most deliveries that are written at once.
const AT_ONCE: usize = 64;
/// How often it is looked whether somebody asks for a replay beside this server.
const LOOK: Span = Span::from_secs(1);
/// How long a delivery that cannot be written is kept waiting before that is tried again.
const PAUSE: Span = Span::from_secs(2);
/// How long a replay may take before nobody waits for it any more: longer than any takes.
const LONGEST: Duration = Duration::minutes(10);
/// How often what is kept no longer is forgotten, in looks.
const TIDY: u32 = 600;
/// How long the last ones may take to be written.
const LAST: Span = Span::from_secs(5);

/// Failed deliveries of a server.
#[derive(Clone)]
pub(super) struct Webhooks {
    queue: FailedDeliveries,
    store: Weak<dyn Store>,
    scope: Scope,
    /// Told when somebody asks for a replay by this server.
    asked: Arc<Notify>,
}

/// What is written at once.
#[derive(Default)]
struct Pile {
    failed: Vec<FailedDelivery>,
    came: Vec<KeyedHash>,
}

impl Pile {
    /// `false`: it is of the other kind than what is there, whose order counts.
    fn fits(&self, told: &Told) -> bool {
        match told {
            Told::Failed(_) => self.came.is_empty(),
            Told::Came(_) => self.failed.is_empty(),
        }
    }

    fn put(&mut self, told: Told) {
        match told {
            Told::Failed(failed) => self.failed.push(*failed),
            Told::Came(key) => self.came.push(key),
        }
    }

    fn is_full(&self) -> bool {
        self.failed.len() + self.came.len() >= AT_ONCE
    }
}

impl Webhooks {
    async fn write(&self, pile: &Pile) -> Result<(), StoreError> {
        let Some(store) = self.store.upgrade() else { return Ok(()) };
        if !pile.failed.is_empty() {
            let room = store.keep_failed_deliveries(&self.scope, &pile.failed, now()).await?;
            if room.dropped + room.emptied > 0 {
                anstream::eprintln!(
                    "warning: there is no room for more failed deliveries of webhooks: {} older ones are gone, {} cannot be replayed any more",
                    room.dropped,
                    room.emptied
                );
            }
        }
        if !pile.came.is_empty() {
            store.failed_deliveries_came(&self.scope, &pile.came, now()).await?;
        }
        Ok(())
    }

    /// Writes what comes, as long as something can. What fails is told once, and tried again: meanwhile the queue fills.
    async fn keep(self, mut receiver: FailedReceiver) {
        let (mut has_failed, mut lost) = (false, 0);
        let mut next = receiver.recv().await;
        while let Some(first) = next.take() {
            let mut pile = Pile::default();
            pile.put(first);
            while !pile.is_full()
                && let Some(told) = receiver.try_recv()
            {
                if !pile.fits(&told) {
                    next = Some(told);
                    break;
                }
                pile.put(told);
            }
            while let Err(problem) = self.write(&pile).await {
                if !std::mem::replace(&mut has_failed, true) {
                    anstream::eprintln!(
                        "warning: failed deliveries of webhooks cannot be kept yet: {problem}"
                    );
                }
                tokio::time::sleep(PAUSE).await;
            }
            has_failed = false;
            receiver.written(pile.failed.len() + pile.came.len());
            let all = receiver.lost();
            if all > lost {
                anstream::eprintln!(
                    "warning: {} failed deliveries of webhooks were not kept, because too many came at once",
                    all - lost
                );
                lost = all;
            }
            if next.is_none() {
                next = receiver.recv().await;
            }
        }
    }

    /// Begins to write down what fails.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn begin(store: &Arc<dyn Store>, scope: &Scope) -> Result<Self, StoreError> {
        let known = store.failed_delivery_keys(scope).await?;
        let (queue, receiver) = FailedDeliveries::queue(known);
        let (store, scope) = (Arc::downgrade(store), scope.clone());
        let this = Self { queue, store, scope, asked: Arc::default() };
        tokio::spawn(this.clone().keep(receiver));
        Ok(this)
    }

    /// Where failed deliveries go.
    pub(super) fn queue(&self) -> FailedDeliveries {
        self.queue.clone()
    }

    /// Told when somebody asks for a replay by this server.
    pub(super) fn asked(&self) -> Arc<Notify> {
        Arc::clone(&self.asked)
    }

    /// Waits until what has failed is written; `false` when it is not in time.
    pub(super) async fn settle(&self) -> bool {
        let written = async {
            while self.queue.waiting() > 0 {
                tokio::time::sleep(Span::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LAST, written).await.is_ok()
    }

    /// Replays what is asked for, one after the other, as long as there is a gateway and a store.
    pub(super) async fn replay(self, gateway: Weak<Running>) {
        let Self { store, scope, .. } = &self;
        let (mut has_failed, mut looks) = (false, 0);
        loop {
            let (Some(running), Some(store)) = (gateway.upgrade(), store.upgrade()) else { return };
            if running.is_ending() {
                return;
            }
            if looks % TIDY == 0 {
                let before = now().minus(LONGEST);
                // What cannot be forgotten now is the next time.
                let _ = store.tidy_failed_deliveries(scope, before, now()).await;
            }
            looks += 1;
            let replayed = replay_next(store.as_ref(), scope, &running).await;
            drop((running, store));
            match replayed {
                Ok(true) => has_failed = false,
                Ok(false) => {
                    has_failed = false;
                    let _ = tokio::time::timeout(LOOK, self.asked.notified()).await;
                }
                Err(problem) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        anstream::eprintln!(
                            "warning: failed deliveries of webhooks cannot be replayed: {problem}"
                        );
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Replays what was asked for first; `false` when nothing was.
async fn replay_next(
    store: &dyn Store,
    scope: &Scope,
    running: &Running,
) -> Result<bool, StoreError> {
    let Some((kept, delivered)) = store.take_failed_delivery(scope, now()).await? else {
        return Ok(false);
    };
    let redelivery = Redelivery { id: kept.id.clone(), service: kept.service, delivered };
    let replayed = running.redeliver(redelivery).await;
    store.settle_replay(scope, &kept.id, &replayed, now()).await?;
    Ok(true)
}
