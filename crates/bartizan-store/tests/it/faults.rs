//! Read-only and full disks, locks, damage, lost keys: a clear message, and nothing lost.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use bartizan_model::{Severity, source::Checkpoint};
use bartizan_store::{
    Batch, DATABASE_FILE, DataDirectory, DataOptions, ExchangeQuery, LogOptions, MOST_REMOVED,
    PageRequest, RemovalReason::Space, StoreError,
};

use crate::{
    log::{batch, read_all},
    samples::{at, exchange, finding, scope},
};

async fn open(options: &DataOptions) -> DataDirectory {
    DataDirectory::open(options, at(0)).await.expect("opens")
}

fn findings(names: std::ops::Range<u32>) -> Batch {
    let findings = names.map(|n| finding(&format!("f{n}"), Severity::High, 1));
    Batch { findings: findings.collect(), ..batch(1) }
}

async fn stored(data: &DataDirectory) -> usize {
    let page = PageRequest::first(1_000);
    data.store().findings(&scope(), &Default::default(), &page).await.expect("list").items.len()
}

#[tokio::test]
async fn directory_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let file = directory.path().join("file");
    fs::write(&file, "").expect("written");
    // Nobody, not even root, can create files in /proc.
    for path in [file.clone(), file.join("below"), "/proc/bartizan".into(), "/proc".into()] {
        let error =
            DataDirectory::open(&DataOptions::new(&path), at(0)).await.expect_err("refused");
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{}: {error:?}", path.display());
        assert!(error.to_string().contains(&*path.to_string_lossy()));
        assert!(error.help().contains("--data"));
    }
}

#[tokio::test]
async fn full_database_loses_nothing_and_goes_on_when_there_is_space() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = open(&DataOptions::new(directory.path())).await;
    data.save(findings(0..10), vec![exchange(0)]).await.expect("saved");
    data.sql().limit_pages(1).await.expect("no page more than now");
    let mut big = findings(0..500);
    big.checkpoints = vec![Checkpoint { input: "x".to_owned(), ..Checkpoint::default() }];
    let error = data.save(big.clone(), vec![exchange(1)]).await.expect_err("full");
    assert!(matches!(error, StoreError::Full { free_bytes: Some(_), .. }), "{error:?}");
    assert!(error.to_string().contains("no space left") && error.to_string().contains("free"));
    assert_eq!(stored(&data).await, 10);
    assert_eq!(data.store().checkpoint(&scope(), "x").await.expect("none"), None);
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0)]);

    // The limit went with the connection that failed: as if space had been freed.
    data.save(big, vec![exchange(2)]).await.expect("goes on");
    assert_eq!(stored(&data).await, 500);
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0), exchange(2)]);
    data.close().await;
    let data = open(&DataOptions::new(directory.path())).await;
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0), exchange(2)]);
}

/// Fills a file system of four megabytes. Falls back to a limit on file sizes, which every user may
/// set, where mounting is not allowed.
#[test]
fn full_disk_loses_nothing() {
    assert!(on_small_disk("4m", "fill_the_disk").contains("FILLED"));
}

/// The same with a log of many segments: the oldest make room, and what is gone is written down.
#[test]
fn on_a_full_disk_the_oldest_exchanges_make_room() {
    let said = on_small_disk("16m", "overfill_the_disk");
    if said.contains("NO SMALL DISK") {
        eprintln!("SKIPPED: no right to mount, making room is not tested");
    } else {
        assert!(said.contains("MADE ROOM"), "{said}");
    }
}

/// Runs an ignored test of this module on a small file system, and gives what it printed.
fn on_small_disk(size: &str, test: &str) -> String {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size}"), "bartizan-test"])
        .arg(directory.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let run = |command: &mut Command| {
        command
            .args(["--ignored", "--exact", "--nocapture", &format!("faults::{test}")])
            .env("BARTIZAN_TEST_DIRECTORY", directory.path())
            .output()
            .expect("started")
    };
    let binary = std::env::current_exe().expect("this binary");
    let output = if mounted {
        run(Command::new(binary).env("BARTIZAN_TEST_MOUNTED", "yes"))
    } else {
        eprintln!("no right to mount a small file system: limiting file sizes instead");
        let script = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"";
        run(Command::new("sh").args(["-c", script]).arg(binary))
    };
    if mounted {
        let unmounted = Command::new("umount").arg(directory.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text.into_owned()
}

#[tokio::test]
#[ignore = "started by full_disk_loses_nothing"]
async fn fill_the_disk() {
    let directory = std::env::var("BARTIZAN_TEST_DIRECTORY").expect("set by the test");
    let options = DataOptions::new(Path::new(&directory).join("data"));
    let data = open(&options).await;
    let mut kept = 0;
    let error = loop {
        let records = (kept..kept + 500).map(exchange).collect();
        match data.save(batch(1), records).await {
            Ok(_) => kept += 500,
            Err(error) => break error,
        }
        assert!(kept < 200_000, "it never fills");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(kept > 0);
    // Again and again, as a retrying caller would: still refused, still nothing lost.
    for _ in 0..5 {
        let records = (kept..kept + 500).map(exchange).collect();
        data.save(batch(1), records).await.expect_err("still full");
    }
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await.len() as u64, kept);
    data.close().await;
    let data = DataDirectory::open_read_only(&options).await.expect("readable while full");
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await.len() as u64, kept);
    writeln!(std::io::stdout(), "FILLED {kept}").expect("parent listens");
}

#[tokio::test]
#[ignore = "started by on_a_full_disk_the_oldest_exchanges_make_room"]
async fn overfill_the_disk() {
    let directory = std::env::var("BARTIZAN_TEST_DIRECTORY").expect("set by the test");
    if std::env::var_os("BARTIZAN_TEST_MOUNTED").is_none() {
        writeln!(std::io::stdout(), "NO SMALL DISK").expect("said");
        return;
    }
    let data = Path::new(&directory).join("data");
    let log = LogOptions { segment_bytes: 500_000, max_bytes: None };
    let data = open(&DataOptions { log, ..DataOptions::new(data) }).await;
    let (mut kept, mut gone, mut segments) = (0, 0, 0);
    while gone < 10_000 && kept < 200_000 {
        let records = (kept..kept + 2_000).map(exchange).collect();
        data.save(batch(1), records).await.expect("room is made");
        kept += 2_000;
        let removed = data.store().removed_segments(&scope()).await.expect("read");
        assert!(removed.len() - segments <= MOST_REMOVED);
        assert!(removed.iter().all(|segment| segment.reason == Space));
        segments = removed.len();
        gone = removed.iter().map(|segment| segment.records).sum::<u64>();
    }
    let left = read_all(&data, &ExchangeQuery::default()).await;
    assert_eq!(left.len() as u64, kept - gone);
    assert_eq!(left.first().map(|first| first.sequence), Some(gone), "the newest are there");
    assert!(gone >= 10_000 && data.removed_for_space() == gone, "{gone} of {kept}");
    writeln!(std::io::stdout(), "MADE ROOM {gone} of {kept}").expect("parent listens");
}

#[tokio::test]
async fn one_process_writes_others_read() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    data.save(findings(0..3), vec![exchange(0)]).await.expect("saved");
    let error = DataDirectory::open(&options, at(0)).await.expect_err("taken");
    assert!(matches!(&error, StoreError::Locked { pid: Some(_), .. }), "{error:?}");
    assert!(error.to_string().contains(&*directory.path().to_string_lossy()));

    let reader = DataDirectory::open_read_only(&options).await.expect("beside the writer");
    assert_eq!(stored(&reader).await, 3);
    data.save(findings(3..5), vec![exchange(1)]).await.expect("saved");
    assert_eq!(stored(&reader).await, 5, "what is committed shows at once");
    assert_eq!(read_all(&reader, &ExchangeQuery::default()).await.len(), 2);
    assert_eq!(reader.key().expose(), data.key().expose());
    let error = reader.save(findings(0..1), Vec::new()).await.expect_err("reading only");
    assert!(matches!(error, StoreError::OpenedReadOnly));
    let error = reader.save(batch(1), vec![exchange(9)]).await.expect_err("reading only");
    assert!(matches!(error, StoreError::OpenedReadOnly));
    data.close().await;
    assert_eq!(stored(&reader).await, 5);
    DataDirectory::open(&options, at(0)).await.expect("free again");
}

#[tokio::test]
async fn damaged_database_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    data.save(findings(0..400), Vec::new()).await.expect("saved");
    data.close().await;
    let path = directory.path().join(DATABASE_FILE);
    let good = fs::read(&path).expect("database");

    fs::write(&path, b"this is no database, whatever its name says").expect("written");
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(directory.path().join(format!("{DATABASE_FILE}{suffix}")));
    }
    let error = DataDirectory::open(&options, at(0)).await.expect_err("garbage");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(DATABASE_FILE) && error.help().contains("back-up"));

    let mut damaged = good.clone();
    for page in (20..60).map(|page| page * 4_096) {
        damaged[page..page + 512].fill(0xa5);
    }
    fs::write(&path, &damaged).expect("written");
    let reader = DataDirectory::open_read_only(&options).await;
    let found = match reader {
        Err(error) => matches!(error, StoreError::Corrupt { .. }),
        Ok(data) => match data.store().integrity_check().await {
            Ok(report) => !report.is_clean() && !report.database.is_empty(),
            Err(error) => matches!(error, StoreError::Corrupt { .. }),
        },
    };
    assert!(found);
}

#[tokio::test]
async fn lost_keys_are_never_replaced() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions {
        key_directory: Some(directory.path().join("elsewhere")),
        ..DataOptions::new(directory.path().join("data"))
    };
    let data = open(&options).await;
    data.save(batch(1), vec![exchange(0)]).await.expect("saved");
    data.close().await;
    let key = directory.path().join("elsewhere/default.key");
    let original = fs::read(&key).expect("key file");
    assert_eq!(original.len(), 65);

    fs::remove_file(&key).expect("lost");
    for error in [
        DataDirectory::open(&options, at(1)).await.expect_err("lost"),
        DataDirectory::open_read_only(&options).await.expect_err("lost"),
    ] {
        assert!(matches!(error, StoreError::MissingKey { .. }), "{error:?}");
        assert!(error.to_string().contains("default.key") && error.help().contains("restore"));
    }
    assert!(!key.exists(), "no new key was made");

    fs::write(&key, "00".repeat(32)).expect("another key");
    let error = DataDirectory::open(&options, at(1)).await.expect_err("mode");
    assert!(matches!(error, StoreError::ExposedKey { .. }), "{error:?}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("chmod");
    let error = DataDirectory::open(&options, at(1)).await.expect_err("wrong");
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error:?}");

    fs::write(&key, &original).expect("restored");
    let data = open(&options).await;
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0)]);
    data.close().await;

    // Key and database gone, the exchange log still there.
    fs::remove_file(&key).expect("lost");
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(options.directory.join(format!("{DATABASE_FILE}{suffix}")));
    }
    let error = DataDirectory::open(&options, at(1)).await.expect_err("lost");
    assert!(matches!(error, StoreError::MissingKey { .. }), "{error:?}");
    assert!(!key.exists());
}

#[tokio::test]
async fn backup_is_complete_private_and_never_overwrites() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path().join("data"));
    let data = open(&options).await;
    data.save(findings(0..20), Vec::new()).await.expect("saved");
    let copy = directory.path().join("copy");
    fs::create_dir(&copy).expect("directory");
    let target = copy.join(DATABASE_FILE);
    fs::write(copy.join(format!("{DATABASE_FILE}.partial")), "left over").expect("written");
    data.store().backup(&target).await.expect("copied");
    data.save(findings(20..30), Vec::new()).await.expect("saved");
    let error = data.store().backup(&target).await.expect_err("there already");
    assert!(matches!(error, StoreError::AlreadyThere { .. }));
    let error = data.store().backup(Path::new("/proc/copy.db")).await.expect_err("refused");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert_eq!(fs::metadata(&target).expect("copy").permissions().mode() & 0o077, 0);
    assert_eq!(fs::read_dir(&copy).expect("listing").count(), 1);

    let restored = DataOptions {
        directory: copy,
        key_directory: Some(options.directory.join("keys")),
        ..options.clone()
    };
    let restored = open(&restored).await;
    assert_eq!(stored(&restored).await, 20);
    assert!(restored.store().integrity_check().await.expect("check").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_and_readers_in_one_process() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = std::sync::Arc::new(open(&DataOptions::new(directory.path())).await);
    let writers = (0..6u32).map(|w| {
        let data = std::sync::Arc::clone(&data);
        tokio::spawn(async move {
            for n in 0..10u32 {
                let n = w * 10 + n;
                let records = vec![exchange(u64::from(n))];
                data.save(findings(n..n + 1), records).await.expect("saved");
                let page = PageRequest::first(10);
                data.store()
                    .findings(&scope(), &Default::default(), &page)
                    .await
                    .expect("readers are not held up");
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    // One that is given up half-way neither blocks the others nor leaves anything behind.
    let given_up = tokio::time::timeout(
        std::time::Duration::from_micros(300),
        data.save(findings(900..990), Vec::new()),
    )
    .await;
    for writer in writers {
        writer.await.expect("no panic");
    }
    let expected = if matches!(given_up, Ok(Ok(_))) { 150 } else { 60 };
    let found = stored(&data).await;
    // The transaction may have been committed before the caller stopped waiting.
    assert!(found == expected || found == 150, "{found}");
    let mut sequences: Vec<_> =
        read_all(&data, &ExchangeQuery::default()).await.iter().map(|r| r.sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn read_only_file_system_can_be_read() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mount = |options: &str| {
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "bartizan-test"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !mount("size=8m") {
        eprintln!("SKIPPED: no right to mount, reading from a read-only file system is not tested");
        return;
    }
    let options = DataOptions::new(directory.path().join("data"));
    let data = open(&options).await;
    data.save(findings(0..3), vec![exchange(0)]).await.expect("saved");
    data.close().await;
    assert!(mount("remount,ro"));
    let refused = DataDirectory::open(&options, at(0)).await;
    let reader = DataDirectory::open_read_only(&options).await;
    let read = match &reader {
        Ok(data) => Some((stored(data).await, read_all(data, &ExchangeQuery::default()).await)),
        Err(_) => None,
    };
    if let Ok(data) = reader {
        data.close().await;
    }
    let unmounted = Command::new("umount").arg(directory.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    assert_eq!(read, Some((3, vec![exchange(0)])));
}

#[tokio::test]
async fn refused_batches_give_their_space_in_the_log_back() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = open(&DataOptions::new(directory.path())).await;
    data.save(batch(1), vec![exchange(0)]).await.expect("saved");
    let segment = directory.path().join("exchanges/default/default/0000000001.seg");
    let length = fs::metadata(&segment).expect("segment").len();
    for _ in 0..3 {
        data.sql().limit_pages(1).await.expect("limited");
        let records = (0..100).map(exchange).collect();
        let error = data.save(findings(0..500), records).await.expect_err("full");
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert_eq!(fs::metadata(&segment).expect("segment").len(), length);
    }
    data.save(batch(1), vec![exchange(1)]).await.expect("saved");
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0), exchange(1)]);
}
