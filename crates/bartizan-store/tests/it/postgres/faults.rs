//! A server that is killed, goes away, or has a full disk: clear errors, nothing acknowledged lost,
//! and the store goes on by itself.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bartizan_model::Severity;
use bartizan_store::{Batch, DataDirectory, Store, StoreError};

use super::{
    open, options,
    server::{self, Server},
};
use crate::samples::{at, exchange, finding, scope};

fn batch(name: &str, findings: u32) -> Batch {
    let findings = (0..findings).map(|n| finding(&format!("{name} {n}"), Severity::High, 1));
    Batch { now: at(1), findings: findings.collect(), ..Batch::default() }
}

async fn is_stored(store: &dyn Store, name: &str) -> bool {
    let id = finding(&format!("{name} 0"), Severity::High, 1).id;
    store.finding(&scope(), &id).await.expect("read").is_some()
}

/// Says that the test is skipped when there is no PostgreSQL.
fn own_server() -> Option<Server> {
    let Some(server) = Server::start() else {
        server::say_skipped();
        return None;
    };
    Some(server.expect("starts"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_acknowledged() {
    let Some(server) = own_server() else { return };
    let server = std::sync::Arc::new(server);
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let data = open(directory.path(), &url).await;
    let mut acknowledged = Vec::new();
    for round in 0..4_u32 {
        let killer = {
            let server = std::sync::Arc::clone(&server);
            let delay = Duration::from_millis(150 + u64::from(round) * 70);
            tokio::task::spawn_blocking(move || {
                std::thread::sleep(delay);
                server.crash();
            })
        };
        for n in 0.. {
            let name = format!("{round}/{n}");
            match data.save(batch(&name, 3), vec![exchange(n)]).await {
                Ok(_) => acknowledged.push(name),
                Err(error) => {
                    is_said_clearly(&error);
                    break;
                }
            }
            // Killed and back between two batches, nobody noticed.
            if killer.is_finished() {
                break;
            }
        }
        killer.await.expect("killed and started");
        // The same store, without being opened anew.
        let name = format!("{round}/after");
        data.save(batch(&name, 1), Vec::new()).await.expect("goes on");
        acknowledged.push(name);
    }
    // However kills and batches met, one was killed in the middle: it waits for what is locked.
    let locked = server.lock(&url, "findings");
    let save = data.save(batch("locked", 3), vec![exchange(1)]);
    let kill = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let server = std::sync::Arc::clone(&server);
        tokio::task::spawn_blocking(move || server.crash()).await.expect("killed and started");
    };
    let (saved, ()) = tokio::join!(save, kill);
    drop(locked);
    is_said_clearly(&saved.expect_err("killed while it waited"));
    assert!(!is_stored(data.store(), "locked").await);

    for name in &acknowledged {
        assert!(is_stored(data.store(), name).await, "{name} was acknowledged and is lost");
    }
    let report = data.store().verify_audit(&scope(), None).await.expect("audit");
    assert_eq!(report.problem, None);
    assert!(data.store().integrity_check().await.expect("check").is_clean());
    data.close().await;
    // Blocks whose commit was uncertain are cut off or known, never half there.
    let data = open(directory.path(), &url).await;
    let page = data.exchanges(&Default::default(), None, 1_000).await.expect("read");
    assert!(page.damaged.is_empty(), "{:?}", page.damaged);
    eprintln!("5 kills of the server, {} batches acknowledged, none lost", acknowledged.len());
}

fn is_said_clearly(error: &StoreError) {
    let clear = matches!(error, StoreError::Unreachable { .. } | StoreError::Uncertain { .. });
    assert!(clear, "{error:?}");
    assert!(!error.to_string().contains("a%20test") && !error.help().is_empty());
}

#[tokio::test]
async fn lost_connections_are_made_again() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let data = open(directory.path(), &url).await;
    data.save(batch("before", 1), Vec::new()).await.expect("saved");
    let name = url.split(['/', '?']).nth(3).expect("database").to_owned();
    for round in 0..5 {
        let text = format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        server.run(&text);
        // A connection that was idle when it broke is noticed before it is used.
        assert!(is_stored(data.store(), "before").await);
        data.save(batch(&format!("{round}"), 1), Vec::new()).await.expect("goes on");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_named_in_bounded_time() {
    let Some(server) = own_server() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database();
    let data = open(directory.path(), &url).await;
    server.stop();
    let begin = Instant::now();
    let error = data.save(batch("away", 1), vec![exchange(1)]).await.expect_err("away");
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(error.help().contains("store.url"));
    let error = DataDirectory::open_read_only(&options(directory.path(), &url)).await;
    assert!(matches!(error, Err(StoreError::Unreachable { .. })), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    server.start_again();
    assert!(!is_stored(data.store(), "away").await);
    data.save(batch("back", 1), vec![exchange(2)]).await.expect("goes on");
    let page = data.exchanges(&Default::default(), None, 10).await.expect("read");
    assert_eq!(page.records, [exchange(2)], "what was not saved is not in the log either");
}

#[tokio::test]
async fn a_wrong_password_is_said_without_showing_it() {
    let Some(server) = server::shared() else { return };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database().replace("a%20test", "sesame");
    let error = options(directory.path(), &url).open_store().await.expect_err("refused");
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("password"), "{error}");
    assert!(!format!("{error} {error:?}").contains("sesame"));
}

/// The database lies on a file system of its own, which is filled.
#[tokio::test]
async fn a_full_disk_of_the_server_loses_nothing() {
    let Some(server) = own_server() else { return };
    let Some(disk) = SmallDisk::mount(server.directory()) else {
        eprintln!("SKIPPED: no right to mount, a full disk of PostgreSQL is not tested");
        return;
    };
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = server.database_in(&disk.0);
    let data = open(directory.path(), &url).await;
    let saved = fill(&data).await;

    // Without any space the server takes no new connections, so some is made before looking.
    assert!(disk.grow());
    for name in &saved {
        assert!(is_stored(data.store(), name).await, "{name} is lost");
    }
    assert!(!is_stored(data.store(), &format!("full {}", saved.len())).await);
    // Exchanges on this machine made no room: that would not have helped.
    assert_eq!(data.removed_for_space(), 0);
    let counts = data.store().counts(&scope()).await.expect("counts");
    assert_eq!(counts.exchanges, saved.len() as u64);
    data.save(batch("after", 400), Vec::new()).await.expect("goes on");
    assert!(data.store().integrity_check().await.expect("check").is_clean());
    eprintln!("the server's disk was full after {} batches; all of them are there", saved.len());
    data.close().await;
    server.stop();
}

/// A file system in memory, until dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(server: &Path) -> Option<Self> {
        let path = server.join("small");
        std::fs::create_dir(&path).expect("made");
        // The server wants to own it.
        let owner = std::fs::metadata(server).expect("there").uid();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size=24m,mode=0700,uid={owner}"),
                "bartizan-test",
            ])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(path))
    }

    fn grow(&self) -> bool {
        let mut command = Command::new("mount");
        command.args(["-o", "remount,size=64m"]).arg(&self.0).status().is_ok_and(|s| s.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Saves until the disk is full; what was saved.
async fn fill(data: &DataDirectory) -> Vec<String> {
    let mut saved = Vec::new();
    let error = loop {
        let name = format!("full {}", saved.len());
        match data.save(batch(&name, 400), vec![exchange(saved.len() as u64)]).await {
            Ok(_) => saved.push(name),
            Err(error) => break error,
        }
        assert!(saved.len() < 1_000, "the disk does not fill");
    };
    assert!(matches!(error, StoreError::ServerFull { .. }), "{error:?}");
    assert!(error.to_string().contains("no space left") && error.help().contains("server"));
    assert!(!saved.is_empty());
    saved
}
