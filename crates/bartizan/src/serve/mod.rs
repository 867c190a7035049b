//! `serve`: the gateway in front of an API, the judgement behind it, and a store, in one process.

mod admin;
mod capture;
mod contracts;
mod denied;
pub(crate) mod descriptors;
mod error;
mod exceptions;
mod figures;
mod fixed;
mod in_force;
mod judging;
mod lane;
mod lasting;
pub(crate) mod limits;
mod receivers;
pub(crate) mod relations;
mod retaining;
mod runtimes;
mod settings;
pub(crate) mod sinks;
mod system;
mod watch;
mod webhooks;

use std::{
    path::PathBuf,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bartizan_analysis::{Snapshot, State};
use bartizan_gateway::{
    Gateway, Running, handover,
    policy::{Enforcement, KeyTable, LookUps, PolicyConfig, Surroundings, keep_up},
};
use bartizan_model::{ApiKeyStore as _, HashKey, Scope, analysis::Analysis};
use bartizan_pipeline::{
    keep::KeepError,
    live::{Counters, Orders},
    sinks::Couriers,
    sources::receivers::{self as listening, Receivers},
    tokenise::Tokeniser,
};
use bartizan_store::{DataDirectory, StoredApiKeys};
use tokio::{runtime::Runtime, sync::Mutex};

pub(crate) use admin::Closed;
pub use error::ServeError;
pub(crate) use exceptions::Exception;
pub(crate) use figures::Figures;
pub use in_force::ModesError;
pub(crate) use in_force::{InForce, Switch, SwitchError, Switched};
pub(crate) use judging::Judging;
pub(crate) use lane::now;
use lasting::Lasting;
pub use relations::DecidedError;
pub use runtimes::{Behind, Runtimes};
pub use settings::{Overrides, SettingsError};
pub(crate) use watch::{LiveExchange, Watch};

use self::{
    admin::Admin,
    capture::Capture,
    exceptions::Exceptions,
    in_force::{Modes, applied, with_decided},
    lane::Lane,
    relations::Decided,
    settings::compile,
};
use crate::{
    api::{self, Api},
    catalog,
    config::Config,
};

/// How long the last events may take to be sent. What is left is sent by the next start.
const LAST_EVENTS: Duration = Duration::from_secs(5);

/// Compiles everything as serving would, files that are named among it, and serves nothing. Gives what
/// the gateway is told.
///
/// # Errors
/// What serving would refuse.
pub fn check(
    config: &Config,
    overrides: &Overrides,
) -> Result<bartizan_gateway::Config, ServeError> {
    let gateway = compile(config, overrides)?;
    Gateway::check(&gateway).map_err(ServeError::from)?;
    settings::check_admin(&config.admin)?;
    let policies = PolicyConfig::with_defaults(config.policies.clone());
    // The key only tells counted things apart, and nothing is counted here.
    let surroundings = Surroundings {
        has_client_certificates: settings::asks_for_certificates(&gateway),
        ..Surroundings::embedded(HashKey::new([0; 32]))
    };
    let services: Vec<&str> = gateway.services.iter().map(|one| one.name.as_str()).collect();
    Enforcement::new(&policies, surroundings)?.check_services(&services)?;
    sinks::compile(&config.sinks)?;
    catalog::compile(&config.catalog, &[])?;
    listening::compile(&config.receivers)?;
    Ok(gateway)
}

/// What serving begins with.
pub struct Start {
    /// What the gateway is told.
    pub gateway: bartizan_gateway::Config,
    /// What is configured.
    pub config: Config,
    /// The administration listener.
    pub admin: crate::config::gateway::AdminConfig,
    /// Whether the password of the first user has to be changed, where that user is made.
    pub first_password: api::FirstPassword,
    /// Limits, keys, specifications.
    pub snapshot: Arc<Snapshot>,
    /// What was learned before.
    pub state: State,
    /// Where results are kept.
    pub directory: Arc<DataDirectory>,
    /// What everything runs on.
    pub runtimes: Runtimes,
    /// Exchanges and bytes of bodies that may wait for the judgement.
    pub waiting: (usize, usize),
    /// Days for which exchange facts are kept; 0: no such limit.
    pub exchange_days: u32,
    /// How long the baseline of the change log lasts.
    pub settling: bartizan_model::Duration,
    /// Write exchanges to this file, in the clear or tokenised.
    pub capture: Option<(PathBuf, Clear)>,
    /// Forget the modes to which policies were switched by hand.
    pub forget_switches: bool,
}

/// Whether captured values are in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// As they are.
    Yes,
    /// Replaced by others of the same shape.
    No,
}

/// A server that runs.
pub struct Serving {
    begun: Config,
    gateway: Arc<Running>,
    in_force: Arc<Mutex<InForce>>,
    judging: Arc<Judging>,
    admin: Admin,
    lane: std::thread::JoinHandle<Result<Analysis, KeepError>>,
    couriers: Arc<Couriers>,
    receivers: Arc<Receivers>,
    traffic: Arc<Runtime>,
    behind: Arc<Behind>,
    counters: Arc<Counters>,
    lasting: Lasting,
    first_password: Option<PathBuf>,
}

impl Serving {
    /// Opens everything and begins to serve.
    ///
    /// # Errors
    /// Nothing is left running then.
    pub fn start(start: Start) -> Result<Self, ServeError> {
        let Start {
            gateway, admin, snapshot, state, directory, runtimes, waiting, capture, ..
        } = start;
        let Runtimes { traffic, behind } = &runtimes;
        let (traffic, behind) = (Arc::clone(traffic), Arc::clone(behind));
        let config = start.config;
        let configuration = config.to_yaml().map_err(ServeError::Unwritable)?;
        let configured = PolicyConfig::with_defaults(config.policies.clone());
        let kept = (directory.store(), &snapshot.scope);
        if start.forget_switches {
            behind.block_on(Modes::forget(kept, now())).map_err(ModesError::Store)?;
        }
        let modes = behind.block_on(Modes::load(kept))?;
        let decided = behind.block_on(Decided::load(kept))?;
        let configured = with_decided(configured, &decided);
        let exceptions = behind.block_on(Exceptions::load(kept)).map_err(ModesError::Store)?;
        let look_ups = LookUps::new(|text| anstream::eprintln!("warning: {text}"));
        let lasting = Lasting::load(&behind, &directory, &snapshot)?;
        let surroundings = Surroundings {
            has_client_certificates: settings::asks_for_certificates(&gateway),
            ..lasting.surroundings(&snapshot, &look_ups)
        };
        let (keys, learned) = (Arc::clone(&surroundings.keys), Arc::clone(&surroundings.learned));
        contracts::load(&behind, kept, &configured, &learned)?;
        let policies = applied(&configured, &modes, &exceptions);
        let enforcement = Arc::new(Enforcement::new(&policies, surroundings)?);
        let counters = Arc::new(Counters::default());
        let capture = capture
            .map(|(path, clear)| {
                let tokeniser = (clear == Clear::No).then(|| Tokeniser::new(&snapshot.key));
                Capture::open(&path, tokeniser, Arc::clone(&counters))
                    .map_err(|source| ServeError::Capture { path: path.clone(), source })
            })
            .transpose()?;
        let compiled = sinks::compile(&config.sinks)?;
        let received = listening::compile(&config.receivers)?;
        let (sender, receiver) = handover::channel(waiting.0, waiting.1);
        behind.block_on(load_keys(&keys, &directory, &snapshot.scope, look_ups))?;
        let (judging, orders) = judge_by(&behind, &directory, &snapshot)?;
        let couriers = sinks::start(&behind, &directory, &snapshot.scope, compiled)?;
        let first = api::ensure_first_user(
            directory.store(),
            &snapshot.scope,
            directory.path(),
            start.first_password,
        );
        let first_password = behind.block_on(first)?;
        traffic.block_on(enforcement.warm());
        let inline = Arc::clone(&enforcement) as Arc<_>;
        let (queue, is_inline) = (sender.clone(), !gateway.services.is_empty());
        let running = Arc::new(traffic.block_on(Gateway::start(&gateway, inline, sender))?);
        let gaps = receivers::Gaps::default();
        let receivers = receivers::start(&runtimes, (queue, &gaps), received)?;
        let in_force = InForce {
            configuration,
            after_restart: Vec::new(),
            gateway,
            configured,
            modes,
            decided,
            exceptions,
            enforcement: Arc::clone(&enforcement),
        };
        let in_force = Arc::new(Mutex::new(in_force));
        let (watch, closed) = (Watch::default(), Arc::new(Closed::default()));
        let server = api::Server {
            started: now(),
            gateway: Arc::downgrade(&running),
            counters: Arc::clone(&counters),
            in_force: Arc::clone(&in_force),
            judging: Arc::clone(&judging),
            watch: watch.clone(),
            couriers: Arc::clone(&couriers),
            receivers: Arc::clone(&receivers),
            closed: Arc::clone(&closed),
            traffic: traffic.handle().clone(),
            replays: lasting.webhooks().asked(),
        };
        behind.spawn(lasting.webhooks().clone().replay(Arc::downgrade(&running)));
        let api = Api::new(&directory, snapshot.scope.clone(), behind.handle().clone(), server);
        let admin = traffic.block_on(Admin::start(
            &admin,
            Arc::clone(&running),
            &enforcement,
            Arc::clone(&counters),
            &api,
            (Arc::clone(&couriers), Arc::clone(&receivers), closed),
        ))?;
        behind.spawn(retaining::retain(
            Arc::downgrade(&directory),
            snapshot.scope.clone(),
            start.exchange_days,
        ));
        let (counted, runtime) = (Arc::clone(&counters), Arc::clone(&behind));
        let gates = (&running, traffic.handle());
        contracts::keep_up(&behind, (&directory, &snapshot.scope), learned, &in_force, gates);
        let lane = Lane {
            receiver,
            orders,
            state,
            counters: counted,
            directory,
            behind: runtime,
            capture,
            watch,
            settling: start.settling,
            receivers: Arc::clone(&receivers),
            gaps,
            is_inline,
        };
        let lane = lane.start().map_err(ServeError::Thread)?;
        let gateway = running;
        Ok(Self {
            begun: config,
            gateway,
            in_force,
            judging,
            admin,
            lane,
            couriers,
            receivers,
            traffic,
            behind,
            counters,
            lasting,
            first_password,
        })
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Running {
        &self.gateway
    }

    /// Where what others saw is taken.
    pub(crate) fn receivers(&self) -> &Receivers {
        &self.receivers
    }

    /// Figures of the judgement.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Address of the administration listener.
    #[must_use]
    pub const fn admin_address(&self) -> std::net::SocketAddr {
        self.admin.address()
    }

    /// The file with the password of the first user, as long as it counts.
    #[must_use]
    pub fn first_password(&self) -> Option<&std::path::Path> {
        self.first_password.as_deref()
    }

    /// By what exchanges are judged.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.judging.snapshot()
    }

    /// Takes over a new configuration, and by what exchanges are judged. What was learned stays.
    ///
    /// # Errors
    /// It cannot be used; the old one stays in force.
    pub fn reload(
        &self,
        config: &Config,
        overrides: &Overrides,
        snapshot: Snapshot,
    ) -> Result<Reloaded, ServeError> {
        let taken_over = self.take_over(config, overrides);
        if taken_over.is_ok() {
            self.judging.configure(snapshot);
        }
        // The gateway counts what it refuses itself.
        if taken_over.as_ref().is_err_and(|error| !matches!(error, ServeError::Gateway(_))) {
            self.gateway.count_refused_reload();
        }
        taken_over
    }

    fn take_over(&self, config: &Config, overrides: &Overrides) -> Result<Reloaded, ServeError> {
        let after_restart = fixed::fixed(&self.begun, config);
        let compiled = compile(config, overrides)?;
        let policies = PolicyConfig::with_defaults(config.policies.clone());
        let sinks = sinks::compile(&config.sinks)?;
        let received = self.receivers.prepare(listening::compile(&config.receivers)?)?;
        let configuration = config.to_yaml().map_err(ServeError::Unwritable)?;
        let mut in_force = self.in_force.blocking_lock();
        let taken_over = {
            let _context = self.traffic.enter();
            in_force.take_over(&self.gateway, compiled.clone(), policies, configuration)
        };
        // Also when others were refused: they may have been counted already.
        in_force.enforcement.forget_others();
        taken_over?;
        in_force.after_restart.clone_from(&after_restart);
        self.couriers.replace(sinks);
        let _context = self.traffic.enter();
        self.receivers.apply(received);
        Ok(Reloaded { gateway: compiled, after_restart })
    }

    /// Says that it is going to stop, to who asks whether it is ready, and goes on.
    pub fn announce_stop(&self) {
        self.gateway.announce_end();
    }

    /// Lets what is under way end (at most so long, and not longer than `hurry` takes), judges what
    /// waits, keeps the results, and sends the last events (for a few seconds).
    ///
    /// # Errors
    /// When the last results cannot be kept.
    pub fn stop(
        self,
        longest: Duration,
        hurry: impl Future<Output = ()>,
    ) -> Result<Stopped, ServeError> {
        let Self {
            gateway,
            admin,
            lane,
            couriers,
            receivers,
            traffic,
            behind,
            counters,
            lasting,
            ..
        } = self;
        let mut hurry = pin!(hurry);
        let mut is_hurried = false;
        // First, for the queue ends with the gateway.
        traffic.block_on(receivers.stop());
        let drained = traffic.block_on(async {
            tokio::select! {
                drained = gateway.drain(longest) => drained,
                () = &mut hurry => {
                    is_hurried = true;
                    gateway.drain(Duration::ZERO).await
                }
            }
        });
        admin.stop();
        lasting.stop(&behind);
        let not_judged = gateway.handover_dropped();
        // The queue ends with the last sender.
        drop(gateway);
        let analysis = lane
            .join()
            .map_err(|_| ServeError::Thread(std::io::Error::other("the judgement panicked")))??;
        behind.block_on(async {
            let last = if is_hurried { Duration::ZERO } else { LAST_EVENTS };
            tokio::select! {
                () = couriers.stop(last) => {}
                () = hurry, if !is_hurried => {}
            }
        });
        let (refused, would_refuse) =
            (counters.refused.load(Relaxed), counters.would_refuse.load(Relaxed));
        Ok(Stopped { analysis, drained, not_judged, refused, would_refuse })
    }
}

/// What a reload did.
pub struct Reloaded {
    /// What the gateway was told.
    pub gateway: bartizan_gateway::Config,
    /// Keys that differ from those that serving began with, and count after a restart only.
    pub after_restart: Vec<&'static str>,
}

/// How serving ended.
pub struct Stopped {
    /// The last results.
    pub analysis: Analysis,
    /// Whether every exchange under way came to its end.
    pub drained: bool,
    /// Exchanges of this run that were dropped because too many waited to be judged.
    pub not_judged: u64,
    /// Exchanges of this run that policies refused or slowed down.
    pub refused: u64,
    /// Exchanges of this run that policies in monitor mode would have refused or slowed down.
    pub would_refuse: u64,
}

/// Begins with what is configured and the paths that are kept apart, and keeps up with these from then on.
fn judge_by(
    behind: &Arc<Behind>,
    directory: &DataDirectory,
    snapshot: &Arc<Snapshot>,
) -> Result<(Arc<Judging>, Orders), ServeError> {
    let (store, scope) = (directory.shared_store(), snapshot.scope.clone());
    let apart = behind.block_on(store.paths_apart(&scope)).map_err(ServeError::Apart)?;
    let (judging, orders) = Judging::new(Arc::clone(snapshot), apart);
    let judging = Arc::new(judging);
    behind.spawn(judging::keep_up(Arc::downgrade(&judging), Arc::downgrade(&store), scope));
    Ok((judging, orders))
}

/// Reads the API keys before the first request, and keeps them up to date from then on.
async fn load_keys(
    table: &Arc<KeyTable>,
    directory: &DataDirectory,
    scope: &Scope,
    look_ups: LookUps,
) -> Result<(), ServeError> {
    let store = StoredApiKeys::new(directory.shared_store(), scope.clone());
    if let Some(keys) = store.newer(None).await.map_err(ServeError::Keys)? {
        table.replace(keys);
    }
    tokio::spawn(keep_up(Arc::downgrade(table), Arc::new(store), look_ups));
    Ok(())
}
