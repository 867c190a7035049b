use bartizan_gateway::{
    Gateway, handover,
    policy::{ScopeConfig, Surroundings},
};
use bartizan_model::{ExchangeId, HashKey};
use bartizan_store::{DataDirectory, DataOptions};

use super::*;
use crate::{
    config::Config,
    serve::{Overrides, exceptions::Exception},
};

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
            until: None,
            who: "ann".to_owned(),
            now: Timestamp::from_seconds(1),
        };
        let (handle, scope) = (Handle::current(), Scope::default());
        self.in_force.switch((&self.running, &handle), (store, &scope), switch).await
    }

    /// The mode to which the policy was switched.
    fn switched(&self) -> Option<Mode> {
        let mut policies = self.in_force.policies();
        policies.find(|(policy, _)| policy.name == "default-rate")?.1.map(|switched| switched.mode)
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
        ("default-rate".to_owned(), Switched { mode: Mode::Enforce, until: None }),
        ("gone".to_owned(), Switched { mode: Mode::Off, until: None }),
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

fn switch_of(mode: Mode, until: Option<i64>) -> Switch {
    Switch {
        policy: "a".to_owned(),
        mode,
        until: until.map(Timestamp::from_seconds),
        who: "ann".to_owned(),
        now: Timestamp::from_seconds(1_000),
    }
}

#[test]
fn only_what_may_end_ends_and_an_emergency_does_soon() {
    let day = 86_400;
    for (kind, mode, until, is_right) in [
        ("rate", Mode::Enforce, None, true),
        ("rate", Mode::Off, Some(2_000), false),
        ("kill_switch", Mode::Enforce, None, true),
        ("kill_switch", Mode::Enforce, Some(1_000 + 30 * day), true),
        ("kill_switch", Mode::Enforce, Some(1_000), false),
        ("kill_switch", Mode::Off, Some(2_000), false),
        ("break_glass", Mode::Enforce, None, false),
        ("break_glass", Mode::Enforce, Some(1_000 + day), true),
        ("break_glass", Mode::Enforce, Some(1_001 + day), false),
        ("break_glass", Mode::Monitor, None, true),
        ("break_glass", Mode::Off, None, true),
    ] {
        for configured in [Mode::Off, Mode::Monitor] {
            let checked = switch_of(mode, until).check_end(kind, configured);
            assert_eq!(checked.is_ok(), is_right, "{kind} {mode:?} {until:?}: {checked:?}");
        }
    }
    let timed = switch_of(Mode::Monitor, Some(2_000));
    assert!(timed.check_end("kill_switch", Mode::Monitor).is_ok());
    assert!(timed.check_end("kill_switch", Mode::Enforce).is_err(), "it would not come back");
    let by_hand = switch_of(Mode::Monitor, None);
    assert!(by_hand.check_end("kill_switch", Mode::Enforce).is_ok());
}

#[test]
fn switches_are_kept_as_before_and_with_their_end() {
    let text = r#"{"a":"enforce","b":{"mode":"enforce","until":"1970-01-01T00:00:09.000000Z"}}"#;
    let modes: BTreeMap<String, Switched> = serde_json::from_str(text).expect("readable");
    assert_eq!(modes["a"], Switched { mode: Mode::Enforce, until: None });
    assert_eq!(modes["b"].until, Some(Timestamp::from_seconds(9)));
    let counts = |seconds| modes["b"].counts(Timestamp::from_seconds(seconds));
    assert_eq!((counts(8), counts(9)), (true, false));
    assert_eq!(serde_json::to_string(&modes).expect("written"), text);
    let entry = switch_of(Mode::Enforce, Some(9)).audit(modes["a"], modes["b"]);
    assert_eq!(entry.details["until"], "1970-01-01T00:00:09.000000Z");
    let entry = switch_of(Mode::Enforce, None).audit(modes["b"], modes["a"]);
    assert_eq!(entry.details, serde_json::json!({"from": "enforce", "to": "enforce"}));
}

#[test]
fn a_policy_that_is_switched_knows_when_that_ends() {
    let configured = PolicyConfig::with_defaults(Vec::new());
    let until = Some(Timestamp::from_seconds(9));
    let switched = Switched { mode: Mode::Enforce, until };
    let applied = Modes(BTreeMap::from([("default-rate".to_owned(), switched)])).apply(&configured);
    assert_eq!(applied[0], configured[0].clone().switched(Mode::Enforce, until));
    assert_ne!(applied[0], configured[0].clone().switched(Mode::Enforce, None));
    assert_eq!(applied[1..], configured[1..]);
}

fn exception(policy: &str) -> Exception {
    Exception {
        id: format!("pex_{policy}"),
        policy: policy.to_owned(),
        scope: ScopeConfig { paths: vec!["/orders/*".to_owned()], ..ScopeConfig::default() },
        refusal: "rate-exceeded".to_owned(),
        subject: None,
        exchange: ExchangeId::from_text("exc_1"),
        until: Timestamp::from_seconds(1_000),
        reason: "a job".to_owned(),
        who: "ann".to_owned(),
        made: Timestamp::from_seconds(100),
    }
}

#[tokio::test]
async fn an_exception_survives_a_switch_and_a_reload_and_is_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let directory = open(folder.path()).await;
    let mut server = Server::start(&directory).await;
    let (handle, scope) = (Handle::current(), Scope::default());
    let store = directory.store();
    let kept = (store, &scope);
    let Server { running, in_force } = &mut server;
    in_force.except((running, &handle), kept, exception("default-rate")).await.expect("made");
    for (policy, is_known) in [("default-api-keys", true), ("default-login", true), ("gone", false)]
    {
        let refused = in_force.except((running, &handle), kept, exception(policy)).await;
        match is_known {
            true => assert!(matches!(refused, Err(SwitchError::End(_))), "{policy}: {refused:?}"),
            false => assert!(matches!(refused, Err(SwitchError::Unknown)), "{policy}: {refused:?}"),
        }
    }
    server.switch(store, Mode::Enforce).await.expect("switched");
    let Server { running, in_force } = &mut server;
    let (gateway, again) = (in_force.gateway.clone(), in_force.configured.clone());
    in_force.take_over(running, gateway, again, String::new()).expect("reloaded");
    let now = Timestamp::from_seconds(999);
    let ids: Vec<_> = in_force.exceptions(now).map(|one| one.id.clone()).collect();
    assert_eq!(ids, ["pex_default-rate"]);
    assert_eq!(in_force.exceptions(Timestamp::from_seconds(1_000)).count(), 0, "over");
    let restarted = Exceptions::load(kept).await.expect("read");
    assert_eq!(restarted, in_force.exceptions);
    let ended = in_force.end_exception((running, &handle), kept, "pex_none", ("bob", now)).await;
    assert!(matches!(ended, Err(SwitchError::Unknown)), "{ended:?}");
    let ended = in_force.end_exception((running, &handle), kept, &ids[0], ("bob", now)).await;
    ended.expect("ended");
    assert_eq!(in_force.exceptions(now).count(), 0);
    assert_eq!(Exceptions::load(kept).await.expect("read"), Exceptions::default());
    // What cannot be understood is no exception.
    let learned =
        vec![LearnedState { name: "policy-exceptions".to_owned(), content: b"x".to_vec() }];
    store.save_batch(&scope, &Batch { learned, ..Batch::default() }).await.expect("saved");
    assert_eq!(Exceptions::load(kept).await.expect("read"), Exceptions::default());
}
