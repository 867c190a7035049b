//! `serve`: starts the server, reloads on SIGHUP, a changed configuration or a changed specification (`reload`),
//! ends on an interrupt.

mod reload;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bartizan_analysis::Snapshot;
use bartizan_model::{HashKey, Scope};
use bartizan_store::DataDirectory;
use tokio::runtime::Runtime;

use self::reload::Reloads;
use super::{
    Cli, CommandError, Exit, analyze, arguments::Serve, config, config::refused, data,
    data::Learned, knowledge, specs, watched::Watched,
};
use crate::{
    api::FirstPassword,
    config::{Config, Loaded, gateway::AdminConfig},
    serve::{self, Clear, Overrides, Runtimes, Serving, Start, Stopped, descriptors},
};

pub(super) fn run(cli: &Cli, arguments: &Serve) -> Result<Exit, CommandError> {
    let loaded = current(cli, arguments)?;
    let mut watched = Watched::default();
    loaded.file.iter().for_each(|file| watched.note(file));
    let config = &loaded.config;
    let overrides =
        Overrides { listen: arguments.listen.clone(), upstream: arguments.upstream.clone() };
    let gateway = serve::check(config, &overrides).map_err(|e| refused(&loaded, &e))?;
    let runtimes = runtimes()?;
    let traffic = Arc::clone(&runtimes.traffic);
    let folder = data::folder(arguments.data.as_ref(), config);
    let mut admin = config.admin.clone();
    if let Some(address) = &arguments.admin {
        admin.listen.clone_from(address);
    }
    let descriptors = descriptors::raise(&gateway, &admin, &config.receivers);
    let clear = if arguments.clear { Clear::Yes } else { Clear::No };
    let places = (folder.as_path(), arguments.spec.as_slice(), &mut watched);
    let mut start = start(&loaded, gateway, admin, places, runtimes)?;
    start.capture = arguments.capture.clone().map(|path| (path, clear));
    start.forget_switches = arguments.forget_switches;
    // Before anything is announced: a signal that comes early must not end the process.
    let mut signals = Signals::open_on(&traffic)?;
    warn(descriptors);
    let serving = Serving::start(start).map_err(|error| refused(&loaded, &error))?;
    if !cli.quiet {
        greet(&serving, &folder, config);
    }
    let (overrides, serving_now) = (&overrides, &serving);
    let reloads =
        Reloads { cli, arguments, overrides, serving: serving_now, loaded: &loaded, watched };
    reloads.watch(&traffic, &mut signals);
    serving.announce_stop();
    let delay = Duration::from_secs(u64::from(config.gateway.drain_delay_seconds));
    if !delay.is_zero() {
        linger(cli, &traffic, &mut signals, delay);
    }
    let drain = Duration::from_secs(u64::from(config.gateway.drain_seconds));
    let open = serving.gateway().connections();
    if open > 0 && !cli.quiet {
        anstream::eprintln!(
            "stopping: {open} connections are open, what is under way has {} s to end; a second \
             interrupt cuts it off",
            drain.as_secs()
        );
    }
    let Stopped { analysis, drained, not_judged, refused: by_policies, would_refuse } =
        serving.stop(drain, signals.stop()).map_err(|error| refused(&loaded, &error))?;
    if !cli.quiet {
        let left = if drained { "" } else { "; some exchanges under way were cut off" };
        let figures = &analysis.summary;
        let dropped = match not_judged {
            0 => String::new(),
            dropped => format!(", {dropped} not judged (queue full)"),
        };
        let decided = match (by_policies, would_refuse) {
            (0, 0) => String::new(),
            (did, would) => format!(", {did} refused by policies, {would} would be"),
        };
        anstream::eprintln!(
            "stopped: {} exchanges judged{dropped}, {} endpoints, {} detections{decided}{left}",
            figures.exchanges,
            figures.endpoints,
            analysis.detections.len()
        );
    }
    Ok(Exit::Clean)
}

/// The configuration in force, with what the command line adds to it.
fn current(cli: &Cli, arguments: &Serve) -> Result<Loaded, CommandError> {
    let mut loaded = config::current(cli)?;
    arguments.knowledge.add_to(&mut loaded.config.catalog);
    Ok(loaded)
}

/// By what exchanges are judged: what is configured, and the files that are named, without source code and results of
/// `discover`.
fn snapshot(
    loaded: &Loaded,
    specs: &[PathBuf],
    scope: Scope,
    key: HashKey,
    watched: &mut Watched,
) -> Result<Snapshot, CommandError> {
    let mut snapshot = config::snapshot(&loaded.config, scope, key)?;
    snapshot.catalog = config::catalog(loaded, specs)?;
    snapshot.specs = specs::read(specs, watched)?;
    Ok(snapshot)
}

/// Starts what everything runs on. The calling thread steps back, see [`Runtimes::start`].
pub(super) fn runtimes() -> Result<Runtimes, CommandError> {
    Runtimes::start().map_err(|e| CommandError::usage(format!("cannot start: {e}")))
}

/// Opens the store in a folder, and gives what serving begins with: with specifications, whose files are noted.
///
/// # Errors
/// When the store, or a specification, cannot be read.
pub(super) fn start(
    loaded: &Loaded,
    gateway: bartizan_gateway::Config,
    admin: AdminConfig,
    (folder, specs, watched): (&Path, &[PathBuf], &mut Watched),
    runtimes: Runtimes,
) -> Result<Start, CommandError> {
    let config = &loaded.config;
    let scope = analyze::scope(config);
    let options = data::options(folder, config, &scope)?;
    let opened = runtimes.behind.block_on(DataDirectory::open(&options, serve::now()));
    let directory = Arc::new(opened.map_err(|e| data::failed(&e))?);
    let (state, is_foreign) =
        Learned::read(&runtimes.behind, directory.store(), &scope)?.state(&scope)?;
    if is_foreign {
        // Traffic cannot be read again: what another version learned is learned anew.
        anstream::eprintln!(
            "note: what another version learned cannot be continued; findings and decisions stay"
        );
    }
    let mut snapshot = snapshot(loaded, specs, scope, directory.key().clone(), watched)?;
    snapshot.discoveries = knowledge::read(&config.catalog)?;
    Ok(Start {
        gateway,
        config: config.clone(),
        admin,
        first_password: FirstPassword::Once,
        snapshot: Arc::new(snapshot),
        state,
        directory,
        runtimes,
        waiting: (
            config.gateway.waiting_exchanges as usize,
            (config.gateway.waiting_mebibytes as usize).saturating_mul(1024 * 1024),
        ),
        exchange_days: config.store.exchange_days,
        settling: bartizan_model::Duration::hours(config.store.baseline_hours.into()),
        capture: None,
        forget_switches: false,
    })
}

/// Goes on for a while, until it is told again to stop.
fn linger(cli: &Cli, runtime: &Runtime, signals: &mut Signals, delay: Duration) {
    if !cli.quiet {
        anstream::eprintln!(
            "stopping in {} s: not ready any more, connections are still taken; a second interrupt \
             ends that",
            delay.as_secs()
        );
    }
    // Either way it is over.
    let _ = runtime.block_on(async { tokio::time::timeout(delay, signals.stop()).await });
}

pub(super) fn warn(warning: Option<String>) {
    if let Some(warning) = warning {
        anstream::eprintln!("warning: {warning}");
    }
}

fn greet(serving: &Serving, folder: &Path, config: &Config) {
    for address in serving.gateway().addresses() {
        anstream::eprintln!("listening on {address}");
    }
    for address in serving.gateway().egress_addresses() {
        anstream::eprintln!("a proxy for what goes out on {address}");
    }
    for (name, kind, place) in serving.receivers().places() {
        anstream::eprintln!("receiving {name} ({kind}) on {place}");
    }
    let admin = serving.admin_address();
    anstream::eprintln!("administration, health and metrics on http://{admin}");
    if let Some(path) = serving.first_password() {
        anstream::eprintln!("log in as admin with the password in {}", path.display());
    }
    anstream::eprintln!("results in {}", folder.display());
    if serving.gateway().addresses().is_empty() {
        anstream::eprintln!(
            "nothing goes through this gateway: what receivers take is judged, nothing is enforced"
        );
        return;
    }
    anstream::eprintln!(
        "enforced: strict HTTP, sizes (request bodies up to {} bytes), deadlines, own API keys; \
         everything else is watched and judged only, unless a policy says enforce",
        config.gateway.limits.request_body_bytes
    );
}

/// What a wait ended with.
enum Wake {
    Stop,
    Reload,
    Look,
}

impl Signals {
    /// Listens for signals from now on.
    pub(super) fn open_on(runtime: &Runtime) -> Result<Self, CommandError> {
        let opened = runtime.block_on(async { Self::open() });
        opened.map_err(|e| CommandError::usage(format!("cannot wait for signals: {e}")))
    }

    /// Waits until it is told to stop.
    pub(super) async fn stop(&mut self) {
        while !matches!(self.next().await, Wake::Stop) {}
    }
}

#[cfg(unix)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn open() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wake {
        tokio::select! {
            _ = self.interrupt.recv() => Wake::Stop,
            _ = self.terminate.recv() => Wake::Stop,
            _ = self.hangup.recv() => Wake::Reload,
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn open() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Wake {
        drop(tokio::signal::ctrl_c().await);
        Wake::Stop
    }
}
