//! What the story is played on: the lab, a server in front of it, and a store.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    time::Duration,
};

use bartizan_lab::{
    Client, Options, Server, documents,
    player::{Plan, PlayError, Record, Tally, play},
};
use bartizan_model::{Detection, Endpoint, Finding, Incident, Scope};
use bartizan_store::{
    DataDirectory, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, MAX_PAGE, Page,
    PageRequest, StoreError,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use super::{Arguments, played::Sent};
use crate::{
    api::FirstPassword,
    commands::{
        CommandError, analyze,
        config::refused,
        data,
        serve::{self, Signals},
        watched::Watched,
    },
    config::{Config, Loaded},
    serve::{self as server, Behind, Overrides, Serving, descriptors},
};

/// What `bartizan.yaml` would say. The player names its clients in `x-forwarded-for`.
const CONFIG: &str = r#"
gateway:
  trusted_proxies: ["127.0.0.0/8", "::1/128"]
  limits: {connections: 1000, exchanges: 1000, upstream_connections: 1000}
  services:
    - {name: tracking, path_prefix: /quayside.v1.Tracking, upstreams: ["LAB"], protocol: http2}
    - {name: release, path_prefix: /quayside.v1.Release, upstreams: ["LAB"], protocol: http2}
    - {name: reflection, path_prefix: /grpc.reflection.v1, upstreams: ["LAB"], protocol: http2}
    - {name: quayside, upstreams: ["LAB"]}
policies:
  - name: attacks
    detectors: {}
  - name: logins
    scope: {paths: [/auth/login], methods: [POST]}
    rate: {requests: 30, period_seconds: 60, burst: 20}
"#;

/// Most pages of a list that are read.
const MOST_PAGES: usize = 20;
/// How long what is under way may take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Everything that runs.
pub(super) struct Stage {
    pub(super) serving: Serving,
    pub(super) store: Store,
    pub(super) traffic: Arc<Runtime>,
    /// The lab and the player, as if they were others.
    theatre: Runtime,
    pub(super) lab: String,
    pub(super) folder: Folder,
    loaded: Loaded,
    _stop_lab: oneshot::Sender<()>,
}

/// The folder of the store.
pub(super) enum Folder {
    /// Goes away with the demo.
    Temporary(TempDir),
    /// Stays.
    Named(PathBuf),
}

impl Folder {
    fn open(named: Option<&PathBuf>) -> Result<Self, CommandError> {
        let Some(path) = named else {
            let made = tempfile::Builder::new().prefix("bartizan-demo-").tempdir();
            return made
                .map(Self::Temporary)
                .map_err(|error| CommandError::output("a temporary folder", &error));
        };
        // What an earlier run found would be taken for this one's.
        if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(CommandError::usage(format!("{} is not empty", path.display()))
                .help("name a new folder with --data, or leave it out"));
        }
        Ok(Self::Named(path.clone()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Named(path) => path,
        }
    }

    pub(super) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}

impl Stage {
    /// Starts everything.
    ///
    /// # Errors
    /// When an address is in use, or the store cannot be made.
    pub(super) fn open(arguments: &Arguments) -> Result<Self, CommandError> {
        // Before the calling thread steps back: these are clients and an upstream.
        let theatre = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let theatre =
            theatre.map_err(|error| CommandError::usage(format!("cannot start: {error}")))?;
        let options = Options::vulnerable(arguments.seed);
        let lab = theatre.block_on(Server::bind("127.0.0.1:0", &options));
        let lab = lab.map_err(|error| CommandError::usage(error.to_string()))?;
        let lab_url = format!("http://{}", lab.address());
        let (stop_lab, stopped) = oneshot::channel::<()>();
        theatre.spawn(lab.run(async move { drop(stopped.await) }));

        let folder = Folder::open(arguments.data.as_ref())?;
        let loaded = Loaded { config: configuration(&lab_url)?, ..Loaded::default() };
        let overrides = Overrides { listen: Some(arguments.listen.to_string()), upstream: None };
        let gateway = server::check(&loaded.config, &overrides);
        let gateway = gateway.map_err(|error| refused(&loaded, &error))?;
        let mut admin = loaded.config.admin.clone();
        admin.listen.clone_from(&arguments.admin);
        serve::warn(descriptors::raise(&gateway, &admin, &[]));
        let specification = specification()?;
        let specs = [specification.path().join("quayside.json")];
        let runtimes = serve::runtimes()?;
        let (traffic, behind) = (Arc::clone(&runtimes.traffic), Arc::clone(&runtimes.behind));
        // Nothing is read anew here.
        let mut unwatched = Watched::default();
        let places = (folder.path(), &specs[..], &mut unwatched);
        let mut start = serve::start(&loaded, gateway, admin, places, runtimes)?;
        if folder.is_temporary() {
            start.first_password = FirstPassword::Lasts;
        }
        let directory = Arc::clone(&start.directory);
        let store = Store { behind, directory, scope: analyze::scope(&loaded.config) };
        let serving = Serving::start(start).map_err(|error| refused(&loaded, &error))?;
        Ok(Self {
            serving,
            store,
            traffic,
            theatre,
            lab: lab_url,
            folder,
            loaded,
            _stop_lab: stop_lab,
        })
    }

    /// Begins to play, through the gateway. What was sent is told.
    pub(super) fn play(
        &self,
        plan: Plan,
        say: mpsc::Sender<Sent>,
    ) -> JoinHandle<Result<Tally, PlayError>> {
        let target = self.serving.gateway().addresses().first().map(ToString::to_string);
        let target = format!("http://{}", target.unwrap_or_default());
        self.theatre.spawn(async move {
            let client = Client::to(&target).await.map_err(std::io::Error::other)?;
            // Nobody listens any more when the demo ends.
            let mut sink = |record: &Record| {
                let _ = say.send(Sent::from(record));
                Ok(())
            };
            play(&plan, &client, &mut sink).await
        })
    }

    /// How a play ended that has ended.
    pub(super) fn result(
        &self,
        play: JoinHandle<Result<Tally, PlayError>>,
    ) -> Result<(), CommandError> {
        let failed = |error: String| CommandError::usage(format!("the play failed: {error}"));
        match self.theatre.block_on(play) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Waits so long; whether an interrupt came first.
    pub(super) fn wait(&self, signals: &mut Signals, time: Duration) -> bool {
        self.traffic.block_on(async { tokio::time::timeout(time, signals.stop()).await.is_ok() })
    }

    /// How often results were written.
    pub(super) fn kept(&self) -> u64 {
        self.serving.counters().kept.load(Relaxed)
    }

    /// Ends everything but the store, which has all results then. Gives what holds its folder.
    pub(super) fn close(self, signals: &mut Signals) -> Result<Folder, CommandError> {
        self.serving.announce_stop();
        let stopped = self.serving.stop(DRAIN, signals.stop());
        self.theatre.shutdown_background();
        stopped.map_err(|error| refused(&self.loaded, &error))?;
        Ok(self.folder)
    }
}

fn configuration(lab: &str) -> Result<Config, CommandError> {
    let defect = |error: &dyn std::fmt::Display| CommandError::usage(error.to_string());
    let tree: serde_json::Value =
        serde_saphyr::from_str(&CONFIG.replace("LAB", lab)).map_err(|error| defect(&error))?;
    serde_json::from_value(tree).map_err(|error| defect(&error))
}

/// The description of the API that its makers published, in a folder for as long as it is read.
fn specification() -> Result<TempDir, CommandError> {
    let fail = |error: std::io::Error| CommandError::output("a temporary folder", &error);
    let folder = tempfile::tempdir().map_err(fail)?;
    let text = documents::honest().to_string();
    std::fs::write(folder.path().join("quayside.json"), text).map_err(fail)?;
    Ok(folder)
}

/// The store, to be read.
#[derive(Clone)]
pub(super) struct Store {
    behind: Arc<Behind>,
    directory: Arc<DataDirectory>,
    scope: Scope,
}

/// What the store holds.
pub(super) struct Seen {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) findings: Vec<Finding>,
    pub(super) incidents: Vec<Incident>,
    pub(super) detections: Vec<Detection>,
}

impl Store {
    /// Reads it.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn look(&self) -> Result<Seen, CommandError> {
        let (store, scope) = (self.directory.store(), &self.scope);
        let wait = &self.behind;
        Ok(Seen {
            endpoints: pages(|page| {
                wait.block_on(store.endpoints(scope, &EndpointFilter::default(), page))
            })?,
            findings: pages(|page| {
                wait.block_on(store.findings(scope, &FindingFilter::default(), page))
            })?,
            incidents: pages(|page| {
                wait.block_on(store.incidents(scope, &IncidentFilter::default(), page))
            })?,
            detections: pages(|page| {
                wait.block_on(store.detections(scope, &DetectionFilter::default(), page))
            })?,
        })
    }
}

fn pages<T, O: Default>(
    list: impl Fn(&PageRequest<O>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, CommandError> {
    let mut out = Vec::new();
    let mut page = PageRequest::first(MAX_PAGE);
    for _ in 0..MOST_PAGES {
        let found = list(&page).map_err(|error| data::failed(&error))?;
        out.extend(found.items);
        match found.next {
            Some(cursor) => page = PageRequest::after(MAX_PAGE, cursor),
            None => break,
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_one() {
        let config = configuration("http://127.0.0.1:1").expect("right");
        assert_eq!(config.gateway.services.len(), 4);
        let overrides = Overrides { listen: Some("127.0.0.1:0".to_owned()), upstream: None };
        assert!(server::check(&config, &overrides).is_ok());
    }

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_path_buf();
        assert!(Folder::open(Some(&path)).is_ok());
        std::fs::write(path.join("a"), "").expect("written");
        assert!(Folder::open(Some(&path)).is_err());
    }
}
