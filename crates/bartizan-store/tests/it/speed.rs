//! What a batch costs apart from the disk.

use std::{path::Path, time::Instant};

use bartizan_store::{Batch, DataDirectory, DataOptions};

use crate::samples::{at, endpoint, exchange};

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
