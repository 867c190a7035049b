//! All couriers of a process, and what is to be seen of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bartizan_model::{Scope, Timestamp};
use bartizan_store::{SinkState, Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use super::{
    CompiledSink,
    courier::{Courier, Glimpse, HOLDER},
};

/// How often figures are read.
const LOOK: Duration = Duration::from_secs(2);
/// How long a courier has to end what it is sending when its sink is replaced.
const HAND_OVER: Duration = Duration::from_secs(2);
/// What a courier needs beyond its deadline to write down what it sent.
const WRITE_DOWN: Duration = Duration::from_secs(2);

/// What is to be seen of a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SinkFigures {
    /// What the store counts.
    #[serde(flatten)]
    pub state: SinkState,
    /// Why the last batch was not taken as a whole; empty when it was. May hold text of the sink.
    pub last_error: String,
    /// When the sink last took something, since the start.
    pub last_sent: Option<Timestamp>,
    /// Failures in a row.
    pub failing: u32,
}

/// The couriers of all sinks of one scope.
pub struct Couriers {
    store: Arc<dyn Store>,
    scope: Scope,
    now: fn() -> Timestamp,
    runtime: Handle,
    running: Mutex<Vec<Running>>,
    /// By name; a sink that is replaced by one of its name keeps its own.
    glimpses: Mutex<BTreeMap<String, Arc<Mutex<Glimpse>>>>,
    figures: Mutex<Vec<SinkFigures>>,
    /// One replacement after the other.
    replacing: tokio::sync::Mutex<()>,
}

struct Running {
    close: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Couriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Couriers").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Couriers {
    /// Says in the store what the sinks want and begins to send, on `runtime`. What an earlier process
    /// left claimed is sent again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(
        store: Arc<dyn Store>,
        scope: Scope,
        sinks: Vec<CompiledSink>,
        now: fn() -> Timestamp,
        runtime: Handle,
    ) -> Result<Arc<Self>, StoreError> {
        store.release_deliveries(&scope, HOLDER).await?;
        let this = Arc::new(Self {
            store,
            scope,
            now,
            runtime,
            running: Mutex::default(),
            glimpses: Mutex::default(),
            figures: Mutex::default(),
            replacing: tokio::sync::Mutex::default(),
        });
        this.subscribe(&sinks).await?;
        this.run(sinks);
        let weak = Arc::downgrade(&this);
        this.runtime.spawn(async move {
            while let Some(this) = weak.upgrade() {
                this.look().await;
                drop(this);
                sleep(LOOK).await;
            }
        });
        Ok(this)
    }

    /// Puts these sinks in the place of those that were there, and comes back at once. What is being
    /// sent has two seconds to end, and is sent again otherwise.
    pub fn replace(self: &Arc<Self>, sinks: Vec<CompiledSink>) {
        let this = Arc::clone(self);
        self.runtime.spawn(async move {
            let _one = this.replacing.lock().await;
            let mut failures = 0;
            while let Err(error) = this.subscribe(&sinks).await {
                // A store that cannot be written has been told of elsewhere; this goes on until it can.
                failures += 1;
                this.tell(&format!("the store: {error}"), failures);
                sleep(LOOK).await;
            }
            this.end(HAND_OVER).await;
            this.run(sinks);
        });
    }

    /// Sends what is due, for so long at most, and ends. What is left is sent by the next process.
    pub async fn stop(&self, grace: Duration) {
        // A replacement that waits for a store that cannot be written is not waited for.
        let _one = timeout_at(Instant::now() + grace, self.replacing.lock()).await;
        self.end(grace).await;
        self.look().await;
    }

    /// What is to be seen, by name; a few seconds old.
    #[must_use]
    pub fn figures(&self) -> Vec<SinkFigures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn subscribe(&self, sinks: &[CompiledSink]) -> Result<(), StoreError> {
        let wanted: Vec<_> = sinks.iter().map(|one| one.subscription.clone()).collect();
        self.store.set_subscriptions(&self.scope, &wanted, (self.now)()).await
    }

    fn run(&self, sinks: Vec<CompiledSink>) {
        let mut glimpses = self.glimpses.lock().unwrap_or_else(PoisonError::into_inner);
        glimpses.retain(|name, _| sinks.iter().any(|one| one.subscription.sink == *name));
        let start = |sink: CompiledSink| {
            let glimpse = glimpses.entry(sink.subscription.sink.clone()).or_default();
            let glimpse = Arc::clone(glimpse);
            let (close, closing) = watch::channel(None);
            let (store, scope) = (Arc::clone(&self.store), self.scope.clone());
            let courier = Courier::new(sink, store, scope, self.now, glimpse, closing);
            Running { close, task: self.runtime.spawn(courier.run()) }
        };
        let running = sinks.into_iter().map(start).collect();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// Ends all couriers and gives up their claims.
    async fn end(&self, grace: Duration) {
        let all = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = Instant::now() + grace;
        for one in &all {
            one.close.send_replace(Some(deadline));
        }
        for mut one in all {
            if timeout_at(deadline + WRITE_DOWN, &mut one.task).await.is_err() {
                one.task.abort();
            }
        }
        // What cannot be released lapses.
        let _ = self.store.release_deliveries(&self.scope, HOLDER).await;
    }

    fn tell(&self, error: &str, failures: u32) {
        for one in &mut *self.figures.lock().unwrap_or_else(PoisonError::into_inner) {
            (one.last_error, one.failing) = (error.to_owned(), failures);
        }
    }

    /// Reads the figures.
    async fn look(&self) {
        let Ok(states) = self.store.sink_states(&self.scope).await else { return };
        let glimpses = self.glimpses.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = states.into_iter().map(|state| {
            let glimpse = glimpses.get(&state.sink);
            let glimpse =
                glimpse.map(|one| one.lock().unwrap_or_else(PoisonError::into_inner).clone());
            let Glimpse { last_error, last_sent, failing } = glimpse.unwrap_or_default();
            SinkFigures { state, last_error, last_sent, failing }
        });
        let figures = figures.collect();
        drop(glimpses);
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = figures;
    }
}
