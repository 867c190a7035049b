//! `kill -9` at any moment: every acknowledged record is there exactly once, and the store opens.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bartizan_model::{EventType, FindingId, FindingState, Severity, source::Checkpoint};
use bartizan_store::{
    AuditEntry, AuditHead, BlockPosition, DataDirectory, DataOptions, ExchangeQuery, LogOptions,
    PageRequest, StateChange, Subscription,
};

use crate::{
    log::batch,
    postgres::server,
    samples::{at, detection, exchange, finding, scope},
};

const KILLS: u32 = 200;
/// Each is slower there: a session has to be made.
const KILLS_ON_POSTGRES: u32 = 40;
const EXCHANGES_PER_BATCH: u64 = 3;
const INPUT: &str = "crash test";

fn options(directory: &Path, url: Option<&str>) -> DataOptions {
    // Small segments, so that kills also hit the moment between two of them.
    DataOptions {
        log: LogOptions { segment_bytes: 6_000, max_bytes: None },
        postgres: url.map(server::options),
        ..DataOptions::new(directory)
    }
}

fn name(number: u64, which: u64) -> String {
    format!("crash {number} {which}")
}

fn finding_id(number: u64, which: u64) -> FindingId {
    finding(&name(number, which), Severity::High, 0).id
}

fn acknowledge(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word} {number}").and_then(|()| out.flush()).expect("parent listens");
}

#[tokio::test]
#[ignore = "started and killed by the tests below"]
async fn write_until_killed() {
    let directory = std::env::var("BARTIZAN_TEST_DIRECTORY").expect("set by the test");
    let url = std::env::var("BARTIZAN_TEST_DATABASE").ok();
    let options = options(Path::new(&directory), url.as_deref());
    let data = DataDirectory::open(&options, at(0)).await.expect("opens");
    let wanted = Subscription {
        sink: "hook".to_owned(),
        least_severity: Severity::Info,
        events: EventType::ALL.to_vec(),
        most_waiting: 1_000_000,
        most_dead: 1,
    };
    data.store().set_subscriptions(&scope(), &[wanted], at(0)).await.expect("subscribed");
    let done = data.store().checkpoint(&scope(), INPUT).await.expect("checkpoint");
    let mut number = done.map_or(0, |c| c.offset);
    loop {
        number += 1;
        let mut next = batch(i64::try_from(number).expect("small"));
        next.findings =
            (0..2).map(|which| finding(&name(number, which), Severity::High, 1)).collect();
        next.detections = vec![detection(&name(number, 0), "mallory", 1)];
        next.checkpoints =
            vec![Checkpoint { input: INPUT.to_owned(), offset: number, ..Checkpoint::default() }];
        next.audit = vec![AuditEntry {
            time: at(1),
            who: "writer".to_owned(),
            action: "batch".to_owned(),
            subject: number.to_string(),
            details: serde_json::Value::Null,
        }];
        let first = number * EXCHANGES_PER_BATCH;
        let records = (first..first + EXCHANGES_PER_BATCH).map(exchange).collect();
        data.save(next, records).await.expect("saved");
        acknowledge("SAVED", number);
        let change = StateChange {
            finding: finding_id(number, 0),
            to: FindingState::Fixed,
            who: "writer".to_owned(),
            reason: String::new(),
            expiry: None,
            now: at(2),
        };
        data.store().set_finding_state(&scope(), &change).await.expect("state set");
        acknowledge("STATE", number);
    }
}

/// What the writers acknowledged, and how far it was looked at.
#[derive(Default)]
struct Ledger {
    saved: u64,
    states: BTreeSet<u64>,
    head: Option<AuditHead>,
    block: Option<BlockPosition>,
    exchanges: u64,
}

impl Ledger {
    fn take(&mut self, output: &str) {
        for line in output.lines() {
            match line.split_once(' ').map(|(word, number)| (word, number.parse::<u64>())) {
                Some(("SAVED", Ok(number))) => self.saved = self.saved.max(number),
                Some(("STATE", Ok(number))) => {
                    self.states.insert(number);
                }
                _ => {}
            }
        }
    }

    async fn verify(&mut self, options: &DataOptions, full: bool) {
        let data = DataDirectory::open(options, at(0)).await.expect("opens");
        let store = data.store();
        let checkpoint = store.checkpoint(&scope(), INPUT).await.expect("checkpoint");
        let written = checkpoint.map_or(0, |c| c.offset);
        // One more than acknowledged may have been written: its acknowledgement was cut off.
        assert!((self.saved..=self.saved + 1).contains(&written), "{} {written}", self.saved);
        self.saved = written;
        let counts = store.counts(&scope()).await.expect("counts");
        assert_eq!(counts.findings.iter().map(|(_, n)| n).sum::<u64>(), written * 2);
        assert_eq!(counts.detections, written);
        assert_eq!(counts.exchanges, written * EXCHANGES_PER_BATCH);
        // An event for each finding, detection and change of state, each with what it is about.
        let fixed =
            |(state, many): &(FindingState, u64)| (*state == FindingState::Fixed).then_some(*many);
        let changes: u64 = counts.findings.iter().filter_map(fixed).sum();
        let sinks = store.sink_states(&scope()).await.expect("sinks");
        let waiting: u64 = sinks.iter().map(|sink| sink.waiting).sum();
        assert_eq!(waiting, written * 3 + changes);
        let report = store.verify_audit(&scope(), self.head.as_ref()).await.expect("audit");
        assert_eq!(report.problem, None);
        self.head = Some(report.head);
        self.verify_log(&data, full).await;
        self.verify_findings(&data, full).await;
        if full {
            assert!(store.integrity_check().await.expect("check").is_clean());
        }
        data.close().await;
    }

    /// Exchanges: each once, in order, without gaps.
    async fn verify_log(&mut self, data: &DataDirectory, full: bool) {
        if full {
            (self.block, self.exchanges) = (None, 0);
        }
        loop {
            let page = data.exchanges(&ExchangeQuery::default(), self.block, 1).await.expect("log");
            assert!(page.damaged.is_empty(), "{:?}", page.damaged);
            for record in page.records {
                self.exchanges += 1;
                assert_eq!(record, exchange(self.exchanges + EXCHANGES_PER_BATCH - 1));
            }
            let Some(next) = page.next else { break };
            self.block = Some(next);
        }
        assert_eq!(self.exchanges, self.saved * EXCHANGES_PER_BATCH);
    }

    /// Findings and what was decided about them: once, with history and audit record.
    async fn verify_findings(&self, data: &DataDirectory, full: bool) {
        let recent = if full { 0 } else { self.saved.saturating_sub(20) };
        for number in recent + 1..=self.saved {
            let id = finding_id(number, 0);
            let got = data.store().finding(&scope(), &id).await.expect("read").expect("stored");
            let history = data.store().finding_history(&scope(), &id).await.expect("history");
            match got.state {
                FindingState::Fixed => assert_eq!(history.len(), 1),
                FindingState::Open => {
                    assert!(!self.states.contains(&number), "finding {number} lost its state");
                    assert!(history.is_empty());
                }
                other => panic!("nobody set {other}"),
            }
        }
        if full {
            self.verify_audit_pairs(data).await;
        }
    }

    async fn verify_audit_pairs(&self, data: &DataDirectory) {
        let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
        let mut after = 0;
        loop {
            let records = data
                .store()
                .audit_records(&scope(), after, &PageRequest::first(1_000))
                .await
                .expect("audit")
                .items;
            let Some(last) = records.last() else { break };
            after = last.sequence;
            for record in records {
                *seen.entry((record.action, record.subject)).or_default() += 1;
            }
        }
        assert!(seen.values().all(|count| *count == 1), "an audit record is doubled");
        for number in 1..=self.saved {
            assert!(seen.contains_key(&("batch".to_owned(), number.to_string())), "{number}");
        }
        for number in &self.states {
            let subject = finding_id(*number, 0).to_string();
            assert!(seen.contains_key(&("finding.state".to_owned(), subject)), "{number}");
        }
        let page = PageRequest::first(1);
        data.store().findings(&scope(), &Default::default(), &page).await.expect("listed");
    }
}

#[tokio::test]
async fn acknowledged_records_survive_kills() {
    survive(KILLS, None, 120_000).await;
}

#[tokio::test]
async fn acknowledged_records_survive_kills_on_postgres() {
    let Some(server) = server::shared() else { return };
    survive(KILLS_ON_POSTGRES, Some(&server.database()), 400_000).await;
}

/// Kills the writer so many times, each at a moment within `longest` microseconds, and looks at what
/// is left.
async fn survive(kills: u32, url: Option<&str>, longest: u64) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = options(directory.path(), url);
    let mut ledger = Ledger::default();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let started = Instant::now();
    for kill in 1..=kills {
        // xorshift: varying, the same in every run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--ignored", "--exact", "--nocapture", "crash::write_until_killed"])
            .env("BARTIZAN_TEST_DIRECTORY", directory.path())
            .envs(url.map(|url| ("BARTIZAN_TEST_DATABASE", url)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        // From before the store is open to some dozens of transactions.
        std::thread::sleep(Duration::from_micros(random % longest));
        child.kill().expect("killed");
        let output = child.wait_with_output().expect("ended");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "the writer failed by itself: {errors}");
        ledger.take(&String::from_utf8_lossy(&output.stdout));
        ledger.verify(&options, kill % 50 == 0 || kill == kills).await;
    }
    assert!(ledger.saved >= u64::from(kills), "the writers hardly wrote: {}", ledger.saved);
    assert!(!ledger.states.is_empty());
    eprintln!(
        "{kills} kills, {} batches, {} states acknowledged, {:.1} s",
        ledger.saved,
        ledger.states.len(),
        started.elapsed().as_secs_f64()
    );
}
