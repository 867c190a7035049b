//! Receivers from their start to their end, over reloads.

use std::{
    net::TcpListener as Bound,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    super::live::LiveOptions,
    CompiledReceiver, Place, ReceiverError, ReceiverFigures, ReceiverItem, Surroundings, capture,
    config::{Listening, Way},
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
    item: &'static ReceiverItem,
    name: String,
    /// Where it takes from in truth, and where it was told to.
    place: Place,
    told: Place,
    work: Arc<Work>,
    stop: watch::Sender<bool>,
    task: Task,
}

/// What a receiver does.
enum Task {
    /// It listens, as it is told now; a reload changes that.
    Listens(watch::Sender<Arc<Listening>>, JoinHandle<()>),
    /// It captures, as it was told when it began.
    Captures(LiveOptions, std::thread::JoinHandle<()>),
}

/// What is open for a receiver that is new.
enum Open {
    Socket(Arc<Listening>, Bound),
    Interface(LiveOptions, Box<capture::Opened>),
}

/// Receivers that can take the place of those that run.
pub struct Prepared(Vec<(CompiledReceiver, Option<Open>)>);

impl std::fmt::Debug for Receivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Receivers").field(&self.places()).finish()
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
    /// The first receiver that cannot listen or capture.
    pub fn prepare(&self, compiled: Vec<CompiledReceiver>) -> Result<Prepared, ReceiverError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |one: CompiledReceiver| {
            if running.iter().any(|running| running.is_of(&one)) {
                return Ok((one, None));
            }
            let open = self.open(&one)?;
            Ok((one, Some(open)))
        };
        compiled.into_iter().map(open).collect::<Result<_, _>>().map(Prepared)
    }

    fn open(&self, one: &CompiledReceiver) -> Result<Open, ReceiverError> {
        let failed = |key: &str, problem: String| ReceiverError {
            name: one.name.clone(),
            key: Some(key.to_owned()),
            problem,
        };
        match &one.way {
            Way::Listens(listening) => {
                let bound = Bound::bind(listening.address).and_then(|bound| {
                    bound.set_nonblocking(true)?;
                    Ok(bound)
                });
                let cannot = |error| format!("cannot listen on {}: {error}", listening.address);
                let bound = bound.map_err(|error| failed("listen", cannot(error)))?;
                Ok(Open::Socket(Arc::clone(listening), bound))
            }
            Way::Captures(options) => {
                let cannot = |error| format!("cannot capture on {}: {error}", options.interface);
                let tap = capture::tap(options, &self.outside);
                let tap = tap.map_err(|error| failed("capture", cannot(error)))?;
                Ok(Open::Interface(options.clone(), Box::new(tap)))
            }
        }
    }

    /// Takes over what was prepared: a receiver whose name, kind and address stay goes on with its connections
    /// and counters, others end. On the runtime that this is called on. Gives name, kind and place of each.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn apply(&self, prepared: Prepared) -> Vec<(String, &'static str, Place)> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *running);
        for (one, open) in prepared.0 {
            match before.iter().position(|running| running.is_of(&one)) {
                Some(at) => {
                    let mut stays = before.swap_remove(at);
                    stays.go_on_as(&one);
                    running.push(stays);
                }
                None => running.extend(open.and_then(|open| self.start(&one, open))),
            }
        }
        // What is left is not wanted any more; its tasks end by themselves.
        for gone in &before {
            gone.stop.send_replace(true);
        }
        self.count.store(running.len(), Relaxed);
        drop(running);
        self.places()
    }

    fn start(&self, one: &CompiledReceiver, open: Open) -> Option<Running> {
        let work = Arc::new(Work::new(&one.name, self.outside.clone()));
        let (stop, stopped) = watch::channel(false);
        let (told, mut place) = (one.place(), one.place());
        let task = match open {
            Open::Socket(listening, bound) => {
                let listener = TcpListener::from_std(bound).ok()?;
                if let (Place::Socket { address, .. }, Ok(local)) =
                    (&mut place, listener.local_addr())
                {
                    *address = local;
                }
                let (settings, current) = watch::channel(listening);
                let hall = Arc::new(Hall { work: Arc::clone(&work), settings: current });
                Task::Listens(settings, tokio::spawn(accept(listener, hall, stopped)))
            }
            Open::Interface(options, tap) => {
                let begun = capture::start(*tap, options.clone(), Arc::clone(&work), stopped);
                Task::Captures(options, begun.ok()?)
            }
        };
        let (item, name) = (one.item, one.name.clone());
        Some(Running { item, name, place, told, work, stop, task })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Name, kind and place of each.
    #[must_use]
    pub fn places(&self) -> Vec<(String, &'static str, Place)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| (one.name.clone(), one.item.kind, one.place.clone());
        running.iter().map(of).collect()
    }

    /// What each did since it began.
    #[must_use]
    pub fn figures(&self) -> Vec<ReceiverFigures> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| ReceiverFigures {
            name: one.name.clone(),
            kind: one.item.kind.to_owned(),
            address: one.place.to_string(),
            ..one.work.counts.figures()
        };
        running.iter().map(of).collect()
    }

    /// How often each limit was reached, under its key in the configuration with the name of the receiver.
    #[must_use]
    pub fn limits_reached(&self) -> Vec<(String, u64)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &Running| {
            let name = one.name.clone();
            let limits = one.work.counts.limits().into_iter();
            limits.map(move |(key, count)| (format!("receivers.{name}.{key}"), count))
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
            match one.task {
                Task::Listens(_, accepting) => drop(accepting.await),
                Task::Captures(_, reading) => {
                    drop(tokio::task::spawn_blocking(move || reading.join()).await);
                }
            }
        }
    }
}

impl Running {
    /// Whether it goes on as `other`.
    fn is_of(&self, other: &CompiledReceiver) -> bool {
        let is_same = match (&self.task, &other.way) {
            (Task::Captures(before, _), Way::Captures(after)) => before == after,
            _ => true,
        };
        is_same
            && self.name == other.name
            && self.told.is_at(&other.place())
            && self.item.kind == other.item.kind
    }

    /// Takes over the settings of `other`, which it goes on as.
    fn go_on_as(&mut self, other: &CompiledReceiver) {
        self.told = other.place();
        if let (Task::Listens(settings, _), Way::Listens(new)) = (&self.task, &other.way) {
            settings.send_replace(Arc::clone(new));
        }
        if let (Place::Socket { is_encrypted, .. }, Way::Listens(new)) =
            (&mut self.place, &other.way)
        {
            *is_encrypted = new.tls.is_some();
        }
    }
}
