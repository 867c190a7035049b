//! What a batch costs apart from the disk.

use std::{path::Path, time::Instant};

use bartizan_model::Severity;
use bartizan_store::{Batch, DataDirectory, DataOptions};

use crate::{
    postgres::server,
    samples::{at, detection, endpoint, exchange, finding},
};

/// Generous: only to notice a change by an order of magnitude, on a busy machine too.
const LIMIT_MILLIS: u128 = 500;

#[tokio::test]
async fn a_thousand_exchanges_and_a_hundred_endpoints_are_cheap() {
    // In memory where there is such a file system, so that syncing costs nothing.
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() {
        tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
    } else {
        tempfile::tempdir()
    };
    let directory = directory.expect("temporary directory");
    let data = DataDirectory::open(&DataOptions::new(directory.path()), at(0)).await.expect("new");
    let mut taken = Vec::new();
    for round in 0..9u64 {
        let batch = Batch {
            now: at(1),
            endpoints: (0..100).map(|n| endpoint(&format!("/e{n}"), 1)).collect(),
            ..Batch::default()
        };
        let records: Vec<_> = (round * 1_000..round * 1_000 + 1_000).map(exchange).collect();
        let begin = Instant::now();
        data.save(batch, records).await.expect("saved");
        taken.push(begin.elapsed());
    }
    taken.sort_unstable();
    let counts = data.store().counts(data.scope()).await.expect("counts");
    let median = taken[taken.len() / 2];
    eprintln!(
        "batch of 1,000 exchanges (20 fields each) and 100 endpoints: median {:.1} ms, best {:.1} ms, \
         {} bytes per exchange in the log",
        median.as_secs_f64() * 1e3,
        taken[0].as_secs_f64() * 1e3,
        counts.exchange_bytes / counts.exchanges
    );
    assert!(median.as_millis() < LIMIT_MILLIS, "{median:?}");
}

/// With syncing, on the disk of temporary files: what one batch costs on each database.
#[tokio::test]
async fn a_batch_of_three_thousand_rows_is_bearable_on_both() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut stores = vec![("SQLite", DataOptions::new(directory.path().join("sqlite")))];
    if let Some(server) = server::shared() {
        let postgres = Some(server::options(&server.database()));
        let options = DataOptions { postgres, ..DataOptions::new(directory.path().join("p")) };
        stores.push(("PostgreSQL", options));
    }
    let names: Vec<_> = (0..1_000).map(|n| format!("/e{n}")).collect();
    let batch = Batch {
        now: at(1),
        endpoints: names.iter().map(|name| endpoint(name, 1)).collect(),
        findings: names.iter().map(|name| finding(name, Severity::High, 1)).collect(),
        detections: names.iter().map(|name| detection(name, "mallory", 1)).collect(),
        ..Batch::default()
    };
    for (name, options) in stores {
        let data = DataDirectory::open(&options, at(0)).await.expect("new");
        let mut taken = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            data.save(batch.clone(), Vec::new()).await.expect("saved");
            taken.push(begin.elapsed());
        }
        let first = taken[0].as_secs_f64() * 1e3;
        taken.sort_unstable();
        let median = taken[2].as_secs_f64() * 1e3;
        eprintln!(
            "{name}: 1,000 endpoints, findings and detections each: first {first:.0} ms, median \
             {median:.0} ms"
        );
        assert!(taken[2].as_secs() < 20, "{taken:?}");
    }
}
