//! Receivers from their start to their end, over reloads.

use std::{
    net::{SocketAddr, TcpListener as Bound},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    CompiledReceiver, ReceiverError, ReceiverFigures, Surroundings,
    listen::{Hall, accept},
    work::Work,
};

/// Receivers that run.
pub struct Receivers {
    running: Mutex<Vec<Running>>,
    /// How many they are.
    count: AtomicUsize,
    outside: Surroundings,
}

struct Running {
    /// As they are now; a reload changes them.
    settings: watch::Sender<Arc<CompiledReceiver>>,
    /// Where it listens in truth.
    address: SocketAddr,
    work: Arc<Work>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// Receivers that can take the place of those that run.
pub struct Prepared(Vec<(CompiledReceiver, Option<Bound>)>);

impl std::fmt::Debug for Receivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Receivers").field(&self.addresses()).finish()
    }
}

impl Receivers {
    /// No receivers yet.
    #[must_use]
    pub fn new(outside: Surroundings) -> Self {
        Self { running: Mutex::default(), count: AtomicUsize::new(0), outside }
    }

    /// Opens the sockets that are needed beside those that are open. Nothing changes yet.
    ///
    /// # Errors
    /// The first receiver that cannot listen.
    pub fn prepare(&self, compiled: Vec<CompiledReceiver>) -> Result<Prepared, ReceiverError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |one: CompiledReceiver| {
            if running.iter().any(|running| running.is_of(&one)) {
                return Ok((one, None));
            }
            let bound = Bound::bind(one.address).and_then(|bound| {
                bound.set_nonblocking(true)?;
                Ok(bound)
            });
            let bound = bound.map_err(|error| ReceiverError {
                name: one.name.clone(),
                key: Some("listen".to_owned()),
                problem: format!("cannot listen on {}: {error}", one.address),
            })?;
            Ok((one, Some(bound)))
        };
        compiled.into_iter().map(open).collect::<Result<_, _>>().map(Prepared)
    }

    /// Takes over what was prepared: a receiver whose name, kind and address stay goes on with its connections
    /// and counters, others end. On the runtime that this is called on. Gives name, kind and address of each.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn apply(&self, prepared: Prepared) -> Vec<(String, &'static str, SocketAddr)> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *running);
        for (one, bound) in prepared.0 {
            match before.iter().position(|running| running.is_of(&one)) {
                Some(at) => {
                    let stays = before.swap_remove(at);
                    stays.settings.send_replace(Arc::new(one));
                    running.push(stays);
                }
                None => running.extend(bound.and_then(|bound| self.start(one, bound))),
            }
        }
        // What is left is not wanted any more; its tasks end by themselves.
        for gone in &before {
            gone.stop.send_replace(true);
        }
        self.count.store(running.len(), Relaxed);
        drop(running);
        self.addresses()
    }

    fn start(&self, one: CompiledReceiver, bound: Bound) -> Option<Running> {
        let listener = TcpListener::from_std(bound).ok()?;
        let address = listener.local_addr().unwrap_or(one.address);
        let work = Arc::new(Work::new(&one.name, self.outside.clone()));
        let (settings, current) = watch::channel(Arc::new(one));
        let hall = Arc::new(Hall { work: Arc::clone(&work), settings: current });
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, hall, stopped));
        Some(Running { settings, address, work, stop, accepting })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Name, kind and address of each.
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, &'static str, SocketAddr)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| {
            let settings = one.settings.borrow();
            (settings.name.clone(), settings.item.kind, one.address)
        };
        running.iter().map(of).collect()
    }

    /// What each did since it began.
    #[must_use]
    pub fn figures(&self) -> Vec<ReceiverFigures> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| {
            let settings = one.settings.borrow();
            ReceiverFigures {
                name: settings.name.clone(),
                kind: settings.item.kind.to_owned(),
                address: one.address.to_string(),
                ..one.work.counts.figures()
            }
        };
        running.iter().map(of).collect()
    }

    /// How often each limit was reached, under its key in the configuration with the name of the receiver.
    #[must_use]
    pub fn limits_reached(&self) -> Vec<(String, u64)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| {
            let name = one.settings.borrow().name.clone();
            let limits = one.work.counts.limits().into_iter();
            limits.map(move |(key, count)| (format!("receivers.{name}.limits.{key}"), count))
        };
        running.iter().flat_map(of).collect()
    }

    /// Stops listening, and gives what is under way a second to end.
    pub async fn stop(&self) {
        let running = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *running)
        };
        for one in &running {
            one.stop.send_replace(true);
        }
        for one in running {
            // One that panicked has ended too.
            let _ = one.accepting.await;
        }
    }
}

impl Running {
    /// Whether it goes on as `other`.
    fn is_of(&self, other: &CompiledReceiver) -> bool {
        let settings = self.settings.borrow();
        settings.name == other.name
            && settings.address == other.address
            && settings.item.kind == other.item.kind
    }
}
