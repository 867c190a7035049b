//! What every kind of sink promises, and the couriers with a real store.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use bartizan_model::{Event, EventType, Finding, Scope, Severity};
use bartizan_store::{
    Batch, DataDirectory, DataOptions, DeadLetterFilter, PageRequest, Subscription,
};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use super::*;

pub(super) const OUTSIDE: Outside = Outside { now, secret, authorities: || None };

pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.expect("after 1970").as_micros();
    Timestamp::from_micros(i64::try_from(micros).expect("before the year 294246"))
}

/// Two secrets that are known here.
fn secret(reference: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = match reference {
        "env:HOOK_SECRET" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "env:OLD_SECRET" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "env:HOOK_URL" => "http://127.0.0.1:1/a-token",
        "env:SHORT" => "whsec_AAAA",
        "env:ODD" => "whsec_??",
        _ => return Err("unknown".to_owned()),
    };
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

pub(super) fn finding(title: &str, severity: Severity) -> Finding {
    let text = serde_json::json!({
        "id": "fnd_1", "code": "BZ-C001", "title": title, "severity": severity,
        "confidence": "high", "owasp": [], "cwe": [], "endpoint_id": null,
        "host": "api.example.com", "evidence": [], "failed": 1, "passed": 0,
        "remediation": "", "state": "open", "first_seen": null, "last_seen": null,
    });
    serde_json::from_value(text).expect("a finding")
}

pub(super) fn delivery(event: Event) -> Delivery {
    let (created, due) = (event.time, event.time);
    Delivery { sink: "s".to_owned(), attempts: 0, created, due, error: String::new(), event }
}

/// A delivery of a finding whose title is this text.
pub(super) fn about(title: &str) -> Delivery {
    let time = Timestamp::from_seconds(1_700_000_000);
    let finding = finding(title, Severity::High);
    let mut event = Event::finding(&Scope::default(), EventType::FindingNew, time, finding);
    event.sequence = 7;
    delivery(event)
}

fn parsed(yaml: &str) -> SinkConfig {
    // YAML of this simple kind is read by the product; here the same shape comes as JSON.
    serde_saphyr::from_str(yaml).expect("a sink")
}

#[test]
fn every_kind_is_documented_and_its_examples_compile() {
    let mut kinds = BTreeSet::new();
    for item in SINKS {
        assert!(kinds.insert(item.kind), "{} twice", item.kind);
        assert!(item.what.len() > 200 && item.delivery.len() > 80 && !item.title.is_empty());
        assert!(!item.examples.is_empty(), "{}", item.kind);
        for example in item.examples {
            let outside = Outside { authorities: certificate_file, ..OUTSIDE };
            let compiled = compile(&[parsed(example)], &outside).expect(example);
            assert_eq!(compiled[0].item.kind, item.kind);
            assert!((1..=bartizan_store::MAX_TAKEN).contains(&compiled[0].sink.most()));
        }
    }
}

/// A file with one authority, made once and left to the system's temporary folder.
fn certificate_file() -> Option<PathBuf> {
    static FILE: std::sync::OnceLock<tempfile::NamedTempFile> = std::sync::OnceLock::new();
    let file = FILE.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("made");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), made.cert.pem()).expect("written");
        file
    });
    Some(file.path().to_owned())
}

#[test]
fn what_cannot_be_used_is_named() {
    let webhook = "webhook: {url: 'http://127.0.0.1/', secret: 'env:HOOK_SECRET'}";
    for (text, expected) in [
        ("name: a".to_owned(), "one of `json_lines`, `syslog`, `webhook` is needed"),
        (format!("name: 'a b'\n{webhook}"), "`name`"),
        (format!("name: a\nevents: []\n{webhook}"), "`events`"),
        (format!("name: a\nevents: [test]\n{webhook}"), "`events`"),
        (format!("name: a\nattempts: 0\n{webhook}"), "`attempts`"),
        (format!("name: a\n{webhook}\njson_lines: {{path: /tmp/x}}"), "a sink is one thing"),
    ] {
        let error = compile(&[parsed(&text)], &OUTSIDE).expect_err(&text).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let twice = parsed(&format!("name: a\n{webhook}"));
    let error = compile(&[twice.clone(), twice], &OUTSIDE).expect_err("twice");
    assert!(error.to_string().contains("another sink"), "{error}");
    assert!(serde_saphyr::from_str::<SinkConfig>("name: a\nurl: b").is_err(), "unknown key");
}

#[test]
fn events_have_the_published_shape() {
    let event = Event::test(&Scope::default(), Timestamp::from_seconds(1_700_000_000));
    let json = serde_json::to_value(&event).expect("json");
    let expected = serde_json::json!({
        "version": 1, "id": event.id, "sequence": 0, "type": "test",
        "time": "2023-11-14T22:13:20.000000Z", "organisation": "default",
        "environment": "default", "severity": "info",
    });
    assert_eq!(json, expected);
    let json = serde_json::to_value(about("t").event).expect("json");
    assert_eq!((&json["type"], &json["sequence"]), (&"finding.new".into(), &7.into()));
    assert_eq!(json["finding"]["title"], "t");
    for kind in EventType::ALL {
        assert_eq!(serde_json::to_value(kind).expect("a word"), kind.as_str());
    }
}

/// A sink that answers as it is told and remembers what it was given.
struct Scripted {
    answer: fn(u32, &Delivery) -> Answer,
    calls: Arc<AtomicU32>,
    seen: Arc<Mutex<Vec<u64>>>,
}

#[async_trait]
impl Sink for Scripted {
    fn most(&self) -> u32 {
        4
    }

    async fn send(&mut self, deliveries: &[Delivery]) -> Vec<Answer> {
        let call = self.calls.fetch_add(1, SeqCst);
        let answer = |one: &Delivery| {
            self.seen.lock().expect("whole").push(one.event.sequence);
            (self.answer)(call, one)
        };
        deliveries.iter().map(answer).collect()
    }
}

struct Rig {
    folder: tempfile::TempDir,
    data: DataDirectory,
    couriers: Arc<Couriers>,
    calls: Arc<AtomicU32>,
    seen: Arc<Mutex<Vec<u64>>>,
}

impl Rig {
    async fn new(attempts: u32, answer: fn(u32, &Delivery) -> Answer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDirectory::open(&DataOptions::new(folder.path()), now()).await.expect("new");
        let (calls, seen) = (Arc::default(), Arc::default());
        let sink = Scripted { answer, calls: Arc::clone(&calls), seen: Arc::clone(&seen) };
        let sinks = vec![compiled("s", attempts, Box::new(sink))];
        let (store, scope) = (data.shared_store(), Scope::default());
        let couriers = Couriers::start(store, scope, sinks, now, Handle::current()).await;
        Self { folder, data, couriers: couriers.expect("started"), calls, seen }
    }

    async fn find(&self, names: &[&str]) {
        let findings = names.iter().map(|name| {
            let id = bartizan_model::FindingId::derive(&Scope::default(), &[name]);
            Finding { id, ..finding(name, Severity::High) }
        });
        let batch = Batch { now: now(), findings: findings.collect(), ..Batch::default() };
        self.data.store().save_batch(&Scope::default(), &batch).await.expect("saved");
    }

    async fn state(&self) -> bartizan_store::SinkState {
        let states = self.data.store().sink_states(&Scope::default()).await.expect("states");
        states.into_iter().next().expect("one sink")
    }

    async fn until(&self, what: &str, done: impl Fn(&bartizan_store::SinkState) -> bool) {
        let begin = Instant::now();
        while !done(&self.state().await) {
            assert!(begin.elapsed() < Duration::from_secs(30), "{what}: {:?}", self.state().await);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

fn compiled(name: &str, attempts: u32, sink: Box<dyn Sink>) -> CompiledSink {
    CompiledSink {
        item: &webhook::SINK,
        subscription: Subscription {
            sink: name.to_owned(),
            least_severity: Severity::Info,
            events: EventType::ALL.to_vec(),
            most_waiting: 100,
            most_dead: 100,
        },
        attempts,
        give_up: Duration::from_secs(3_600),
        sink,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn couriers_send_refuse_and_give_up() {
    // The second event is refused; the third fails as often as it may.
    let rig = Rig::new(1, |_, one| match one.event.sequence {
        2 => Answer::Refused("no".to_owned()),
        3 => Answer::Failed("not now".to_owned(), None),
        _ => Answer::Taken,
    });
    let rig = rig.await;
    rig.find(&["a", "b", "c", "d", "e"]).await;
    rig.until("all are settled", |s| s.waiting == 0).await;
    let state = rig.state().await;
    assert_eq!((state.sent, state.failed, state.died, state.dead_letters), (3, 2, 2, 2));
    let all = (DeadLetterFilter::default(), PageRequest::default());
    let dead = rig.data.store().dead_letters(&Scope::default(), &all.0, &all.1).await;
    let mut why: Vec<_> = dead.expect("page").items.into_iter().map(|d| d.error).collect();
    why.sort();
    assert_eq!(why, ["no", "not now"]);
    rig.couriers.stop(Duration::from_secs(1)).await;
    let figures = rig.couriers.figures();
    assert_eq!((figures[0].state.sent, figures[0].last_sent.is_some()), (3, true));
    assert!(rig.folder.path().is_dir());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_is_away_is_left_alone_and_costs_no_attempt() {
    let rig = Rig::new(1, |_, _| Answer::Unreached("nobody there".to_owned())).await;
    rig.find(&["a", "b", "c", "d", "e", "f", "g", "h"]).await;
    rig.until("it was tried", |s| s.failed > 0).await;
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(rig.calls.load(SeqCst), 1, "it is left alone for seconds");
    let state = rig.state().await;
    assert_eq!((state.waiting, state.dead_letters), (8, 0), "{state:?}");
    // Closing tries what is due once more and ends in time.
    let begin = Instant::now();
    rig.couriers.stop(Duration::from_secs(5)).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(rig.state().await.waiting, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_claimed_by_a_process_that_is_gone_is_sent_at_once() {
    let rig = Rig::new(9, |_, _| Answer::Taken).await;
    rig.couriers.stop(Duration::ZERO).await;
    rig.find(&["a", "b"]).await;
    let later = now().plus(bartizan_model::Duration::hours(1));
    let take =
        bartizan_store::Take { sink: "s", holder: "serve", now: now(), until: later, limit: 9 };
    let store = rig.data.shared_store();
    assert_eq!(store.take_deliveries(&Scope::default(), &take).await.expect("taken").len(), 2);
    let sink = Scripted {
        answer: |_, _| Answer::Taken,
        calls: Arc::clone(&rig.calls),
        seen: Arc::clone(&rig.seen),
    };
    let sinks = vec![compiled("s", 9, Box::new(sink))];
    let again = Couriers::start(store, Scope::default(), sinks, now, Handle::current()).await;
    let again = again.expect("started");
    rig.until("they are sent", |s| s.sent == 2).await;
    assert_eq!(*rig.seen.lock().expect("whole"), [1, 2]);
    again.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sink_does_not_delay_another_and_sinks_can_be_replaced() {
    struct Hanging;
    #[async_trait]
    impl Sink for Hanging {
        fn most(&self) -> u32 {
            1
        }
        async fn send(&mut self, _: &[Delivery]) -> Vec<Answer> {
            std::future::pending().await
        }
    }
    let rig = Rig::new(9, |_, _| Answer::Taken).await;
    let scripted = || Scripted {
        answer: |_, _| Answer::Taken,
        calls: Arc::clone(&rig.calls),
        seen: Arc::clone(&rig.seen),
    };
    rig.couriers.replace(vec![
        compiled("hanging", 9, Box::new(Hanging)),
        compiled("s", 9, Box::new(scripted())),
    ]);
    let named = |name: &'static str| {
        let store = rig.data.shared_store();
        async move {
            let states = store.sink_states(&Scope::default()).await.expect("states");
            states.into_iter().find(|one| one.sink == name)
        }
    };
    let begin = Instant::now();
    while named("hanging").await.is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(20)).await;
    }
    rig.find(&["a", "b", "c"]).await;
    while named("s").await.is_none_or(|s| s.sent < 3) {
        assert!(begin.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(named("hanging").await.expect("there").waiting, 3);
    // What hangs is cut off, and its events become dead letters when it is configured no more.
    rig.couriers.replace(vec![compiled("s", 9, Box::new(scripted()))]);
    while named("hanging").await.is_some_and(|one| one.dead_letters < 3) {
        assert!(begin.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(20)).await;
    }
    rig.find(&["d"]).await;
    while named("s").await.is_none_or(|s| s.sent < 4) {
        assert!(begin.elapsed() < Duration::from_secs(40));
        sleep(Duration::from_millis(20)).await;
    }
}
