use bartizan_gateway::{Gateway, handover, policy::Surroundings};
use bartizan_model::HashKey;
use bartizan_store::{DataDirectory, DataOptions};

use super::*;
use crate::{config::Config, serve::Overrides};

/// A server that is asked nothing.
struct Server {
    running: Running,
    in_force: InForce,
}

impl Server {
    /// Begins with the switches that are kept, as serving does.
    async fn start(directory: &DataDirectory) -> Self {
        let modes = Modes::load((directory.store(), &Scope::default())).await.expect("readable");
        let configured = PolicyConfig::with_defaults(Vec::new());
        let surroundings = Surroundings::embedded(HashKey::new([1; 32]));
        let enforcement = Enforcement::new(&modes.apply(&configured), surroundings);
        let enforcement = Arc::new(enforcement.expect("compiled"));
        let overrides = Overrides {
            listen: Some("127.0.0.1:0".to_owned()),
            upstream: Some("http://127.0.0.1:9".to_owned()),
        };
        let gateway = crate::serve::check(&Config::default(), &overrides).expect("usable");
        let inline = Arc::clone(&enforcement) as Arc<_>;
        let (sender, _) = handover::channel(1, 1);
        let running = Gateway::start(&gateway, inline, sender).await.expect("started");
        let in_force = InForce { modes, ..InForce::new(gateway, configured, enforcement) };
        Self { running, in_force }
    }

    async fn switch(&mut self, store: &dyn Store, mode: Mode) -> Result<(), SwitchError> {
        let switch = Switch {
            policy: "default-rate".to_owned(),
            mode,
            who: "ann".to_owned(),
            now: Timestamp::from_seconds(1),
        };
        let (handle, scope) = (Handle::current(), Scope::default());
        self.in_force.switch((&self.running, &handle), (store, &scope), switch).await
    }

    /// The mode to which the policy was switched.
    fn switched(&self) -> Option<Mode> {
        self.in_force.policies().find(|(policy, _)| policy.name == "default-rate")?.1
    }
}

async fn open(folder: &std::path::Path) -> DataDirectory {
    let options = DataOptions::new(folder);
    DataDirectory::open(&options, Timestamp::from_seconds(0)).await.expect("opens")
}

#[test]
fn a_switch_counts_instead_of_what_is_configured() {
    let configured = PolicyConfig::with_defaults(Vec::new());
    let modes = Modes(BTreeMap::from([
        ("default-rate".to_owned(), Mode::Enforce),
        ("gone".to_owned(), Mode::Off),
    ]));
    let applied = modes.apply(&configured);
    let modes: Vec<_> = applied.iter().map(|policy| (policy.name.as_str(), policy.mode)).collect();
    let expected = [
        ("default-rate", Some(Mode::Enforce)),
        ("default-user-rate", None),
        ("default-quota", None),
        ("default-login", None),
        ("default-api-keys", None),
        ("default-headers", None),
    ];
    assert_eq!(modes, expected);
}

#[tokio::test]
async fn a_switch_survives_a_reload_and_a_restart_until_it_is_taken_back() {
    let folder = tempfile::tempdir().expect("folder");
    let directory = open(folder.path()).await;
    let mut server = Server::start(&directory).await;
    assert_eq!(server.switched(), None);
    server.switch(directory.store(), Mode::Enforce).await.expect("switched");
    assert_eq!(server.switched(), Some(Mode::Enforce));

    let Server { running, in_force } = &mut server;
    let (gateway, again) = (in_force.gateway.clone(), in_force.configured.clone());
    in_force.take_over(running, gateway, again, "another".to_owned()).expect("reloaded");
    assert_eq!(
        (server.switched(), &*server.in_force.configuration),
        (Some(Mode::Enforce), "another")
    );

    drop(server);
    directory.close().await;
    let directory = open(folder.path()).await;
    let mut server = Server::start(&directory).await;
    assert_eq!(server.switched(), Some(Mode::Enforce), "restarted");

    server.switch(directory.store(), Mode::Monitor).await.expect("switched back");
    assert_eq!(server.switched(), None, "as it is configured");
    let audit = directory
        .store()
        .audit_records(&Scope::default(), 0, &Default::default())
        .await
        .expect("audit")
        .items;
    let details: Vec<_> = audit.iter().map(|r| (r.action.as_str(), r.details.as_str())).collect();
    let expected = [
        ("policy.mode", r#"{"from":"monitor","to":"enforce"}"#),
        ("policy.mode", r#"{"from":"enforce","to":"monitor"}"#),
    ];
    assert_eq!(details, expected);
}

#[tokio::test]
async fn a_switch_that_cannot_be_kept_changes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let directory = open(folder.path()).await;
    let mut server = Server::start(&directory).await;
    let before = Arc::clone(&server.in_force.enforcement);
    directory.close().await;
    let options = DataOptions::new(folder.path());
    let read_only = DataDirectory::open_read_only(&options).await.expect("opens");
    let refused = server.switch(read_only.store(), Mode::Enforce).await;
    assert!(matches!(refused, Err(SwitchError::Store(_))), "{refused:?}");
    assert_eq!(server.switched(), None);
    assert!(Arc::ptr_eq(&before, &server.in_force.enforcement));
}

#[tokio::test]
async fn switches_that_cannot_be_understood_are_refused_until_they_are_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let directory = open(folder.path()).await;
    let (store, scope) = (directory.store(), Scope::default());
    for content in [&b""[..], b"[]", b"{\"default-api-keys\":\"sometimes\"}", b"\xff"] {
        let learned = vec![LearnedState { name: NAME.to_owned(), content: content.to_vec() }];
        let batch = Batch { learned, ..Batch::default() };
        store.save_batch(&scope, &batch).await.expect("saved");
        let error = Modes::load((store, &scope)).await.expect_err("refused");
        assert!(matches!(error, ModesError::Unreadable(_)), "{error:?}");
        let error = crate::serve::ServeError::from(error);
        assert!(error.help().contains("--forget-switches"), "{}", error.help());
        assert!(error.to_string().contains("switched"), "{error}");
    }
    Modes::forget((store, &scope), Timestamp::from_seconds(9)).await.expect("forgotten");
    assert_eq!(Modes::load((store, &scope)).await.expect("none"), Modes::default());
    let audit = store.audit_records(&scope, 0, &Default::default()).await.expect("audit").items;
    assert_eq!((audit.len(), audit[0].action.as_str()), (1, "policy.modes.forget"));
}
