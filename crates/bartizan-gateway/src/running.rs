//! A gateway from its start to its end.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bartizan_model::webhook::Replayed;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use crate::{
    access_log::AccessLog,
    budget::{Bound, Budget},
    config::{Config, ConfigError, Listener},
    egress,
    handover::Handover,
    listen::accept::{self, Door},
    metrics::Metrics,
    phases::{AllowAll, Policies},
    redelivery::{self, Redelivery},
    shared::{Connections, Shared},
    snapshot::Snapshot,
    upstream::health,
};

/// How often idle upstream connections are looked through.
const SWEEP: Duration = Duration::from_secs(5);

/// Starts gateways.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

impl Gateway {
    /// Compiles a configuration as [`Gateway::start`] would, certificates among it, and serves nothing.
    ///
    /// # Errors
    /// It cannot be compiled.
    pub fn check(config: &Config) -> Result<(), ConfigError> {
        Snapshot::compile(config, Arc::new(AllowAll), &Metrics::new(), None).map(drop)
    }

    /// Compiles the configuration, opens the listeners and begins to serve, on the runtime that
    /// this is called on.
    ///
    /// # Errors
    /// The configuration cannot be compiled, or a listener cannot be opened. Nothing is left
    /// running then.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[expect(clippy::unused_async, reason = "must be called on a runtime")]
    pub async fn start(
        config: &Config,
        policies: Arc<dyn Policies>,
        handover: Handover,
    ) -> Result<Running, ConfigError> {
        let metrics = Metrics::new();
        let snapshot = Snapshot::compile(config, policies, &metrics, None)?;
        let mut sockets = Vec::with_capacity(config.listeners.len());
        for listener in &config.listeners {
            sockets.push(accept::open(listener)?);
        }
        let outward = config.egress.iter().map(egress::open);
        let outward = outward.collect::<Result<Vec<_>, _>>()?;
        let limits = &config.limits;
        let shared = Arc::new(Shared {
            budget: Budget::new(
                limits.buffered_bytes,
                limits.buffered_bytes_per_client,
                [Bound::Bytes, Bound::BytesOfClient],
            ),
            exchanges: Budget::new(
                limits.exchanges,
                limits.exchanges_per_client,
                [Bound::Exchanges, Bound::ExchangesOfClient],
            ),
            snapshot: Arc::new(snapshot).into(),
            metrics,
            handover,
            access_log: AccessLog::open(&config.access_log)?,
            connections: Connections::default(),
            reloaded: Notify::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let mut egress = Vec::with_capacity(outward.len());
        for (at, (socket, settings)) in outward.into_iter().zip(&config.egress).enumerate() {
            egress.push(socket.local_addr().unwrap_or(settings.address));
            tokio::spawn(egress::run(socket, at, Arc::clone(&shared), stopped.clone()));
        }
        let mut addresses = Vec::with_capacity(sockets.len());
        for (at, (socket, listener)) in sockets.into_iter().zip(&config.listeners).enumerate() {
            let address = socket.local_addr().unwrap_or(listener.address);
            addresses.push(address);
            let door = Door {
                at,
                address,
                proxy_protocol: listener.proxy_protocol,
                http2: listener.http2,
            };
            tokio::spawn(accept::run(socket, door, Arc::clone(&shared), stopped.clone()));
        }
        tokio::spawn(sweep(Arc::downgrade(&shared)));
        let runtime = Handle::current();
        look_after(&shared, &runtime);
        let named = config.egress.iter().map(|egress| egress.address).collect();
        Ok(Running {
            shared,
            addresses,
            listeners: config.listeners.clone(),
            egress: Outward { addresses: egress, named },
            stop,
            is_ending: AtomicBool::new(false),
            runtime,
        })
    }
}

/// A gateway that serves. Dropping it stops accepting; connections go on until they end.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    listeners: Vec<Listener>,
    egress: Outward,
    stop: watch::Sender<bool>,
    is_ending: AtomicBool,
    runtime: Handle,
}

/// Where proxies for what goes out listen.
#[derive(Debug)]
struct Outward {
    addresses: Vec<SocketAddr>,
    /// As the configuration names them.
    named: Vec<SocketAddr>,
}

impl Running {
    /// Addresses of the proxies for what goes out, in the order of the configuration.
    #[must_use]
    pub fn egress_addresses(&self) -> &[SocketAddr] {
        &self.egress.addresses
    }

    /// Addresses of the listeners, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes over a new configuration, with its policies, all of it at once: exchanges that have begun
    /// keep the old one to their end. Upstreams that stay keep their connections and their health.
    /// Certificates are read again. Where the access log goes is not changed, but its file is opened
    /// again. Certificates that clients have shown are judged by it from their next request on. What is
    /// settled when a connection begins stays with it: our certificate, its limits of
    /// heads, streams, frames and messages, its idle times, and the client that a PROXY header named.
    ///
    /// # Errors
    /// It cannot be compiled or changes the listeners, or the access log cannot be opened; the old one
    /// stays.
    pub fn reload(&self, config: &Config, policies: Arc<dyn Policies>) -> Result<(), ConfigError> {
        let log = self.shared.access_log.as_ref();
        let compiled = self.compile(config, policies).and_then(|snapshot| {
            let file = log.map_or(Ok(None), AccessLog::open_again)?;
            Ok((snapshot, file))
        });
        match compiled {
            Ok((snapshot, file)) => {
                let limits = &config.limits;
                let per_client = limits.buffered_bytes_per_client;
                self.shared.budget.set_limits(limits.buffered_bytes, per_client);
                self.shared.exchanges.set_limits(limits.exchanges, limits.exchanges_per_client);
                self.shared.snapshot.store(Arc::new(snapshot));
                look_after(&self.shared, &self.runtime);
                self.shared.metrics.reloads.inc();
                if let (Some(log), Some(file)) = (log, file) {
                    log.go_on_in(file);
                }
                self.shared.reloaded.notify_waiters();
                Ok(())
            }
            Err(error) => {
                self.shared.metrics.reload_failures.inc();
                Err(error)
            }
        }
    }

    fn compile(
        &self,
        config: &Config,
        policies: Arc<dyn Policies>,
    ) -> Result<Snapshot, ConfigError> {
        // Policies that ask for a certificate are compiled once it is known that there may be one.
        let asks_clients =
            |listener: &Listener| listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        let is_same = |(old, new): (&Listener, &Listener)| {
            old.address == new.address
                && old.proxy_protocol == new.proxy_protocol
                && old.http2 == new.http2
                && old.tls.is_some() == new.tls.is_some()
                && asks_clients(old) == asks_clients(new)
        };
        let are_same = self.listeners.len() == config.listeners.len()
            && self.listeners.iter().zip(&config.listeners).all(is_same);
        let outward = config.egress.iter().map(|egress| &egress.address);
        if !are_same || !self.egress.named.iter().eq(outward) {
            return Err(ConfigError::Listeners);
        }
        let previous = self.shared.snapshot.load_full();
        Snapshot::compile(config, policies, &self.shared.metrics, Some(&previous))
    }

    /// Counts a configuration that was refused before it came to [`Running::reload`].
    pub fn count_refused_reload(&self) {
        self.shared.metrics.reload_failures.inc();
    }

    /// Stops accepting, lets what is under way end, and closes what is idle. `true` when all
    /// connections have ended within the time; those that have not go on until the process ends, and
    /// are not handed over any more.
    pub async fn drain(&self, longest: Duration) -> bool {
        let _ = self.stop.send(true);
        let drained = timeout(longest, self.shared.connections.drain()).await.is_ok();
        self.shared.handover.end();
        drained
    }

    /// Sends a delivery that was kept once more, as a request of its own: through the policies to the service that it was
    /// for, with [`REPLAY_FIELD`](bartizan_model::webhook::REPLAY_FIELD). Signatures count as when it came.
    pub async fn redeliver(&self, delivery: Redelivery) -> Replayed {
        let local = self.addresses.first().copied();
        let local = local.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let (shared, runtime) = (Arc::clone(&self.shared), &self.runtime);
        let task = runtime.spawn(redelivery::redeliver(shared, local, delivery));
        task.await.unwrap_or_else(|_| redelivery::unknown())
    }

    /// Says that it is going to end, to who asks [`Running::is_ending`]; it goes on until
    /// [`Running::drain`].
    pub fn announce_end(&self) {
        self.is_ending.store(true, Relaxed);
    }

    /// Whether it ends or is going to, and should not be sent more connections.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Relaxed) || self.shared.connections.is_draining()
    }

    /// Metrics in the OpenMetrics text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.metrics.render(&self.shared)
    }

    /// How often each limit was reached, under its key in [`Config::limits`].
    #[must_use]
    pub fn limits_reached(&self) -> BTreeMap<&'static str, u64> {
        self.shared.metrics.limits()
    }

    /// Open client connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.open()
    }

    /// Exchanges that were not handed over because the queue was full.
    #[must_use]
    pub fn handover_dropped(&self) -> u64 {
        self.shared.handover.dropped()
    }
}

/// Begins what goes on beside exchanges: checks of upstreams, and copies.
fn look_after(shared: &Arc<Shared>, runtime: &Handle) {
    for service in &shared.snapshot.load().services {
        for group in service.groups() {
            health::watch(group, runtime);
        }
        if let Some(mirror) = &service.mirror {
            mirror.start(shared, runtime);
        }
    }
}

async fn sweep(shared: Weak<Shared>) {
    loop {
        sleep(SWEEP).await;
        let Some(shared) = shared.upgrade() else { return };
        for upstream in shared.snapshot.load_full().upstreams() {
            upstream.sweep();
        }
    }
}
