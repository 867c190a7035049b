//! How often endpoints were called, over time.

use bartizan_model::{EndpointId, Timestamp};
use bartizan_store::{Batch, CallCount, CallsCompared, EndpointMerge, Period, Store};

use crate::samples::{at, endpoint, scope};

/// The beginning of a day.
const DAY: i64 = 86_400 * 20_000;

fn calls(path: &str, time: i64, requests: u64) -> CallCount {
    CallCount { endpoint: id(path), time: at(time), requests }
}

fn id(path: &str) -> EndpointId {
    endpoint(path, 1).id
}

async fn save(store: &dyn Store, now: i64, calls: Vec<CallCount>) {
    let batch = Batch { now: at(now), calls, ..Batch::default() };
    store.save_batch(&scope(), &batch).await.expect("saved");
}

/// What was called before and now, by path.
async fn compared(store: &dyn Store, period: Period, now: i64, paths: &[&str]) -> Vec<(u64, u64)> {
    let all = store.calls_compared(&scope(), &period.until(at(now))).await.expect("read");
    assert!(all.len() <= paths.len(), "{all:?}");
    let one = |path: &&str| {
        let CallsCompared { before, now } = all.get(&id(path)).copied().unwrap_or_default();
        (before, now)
    };
    paths.iter().map(one).collect()
}

async fn over_time(store: &dyn Store, period: Period, now: i64, path: &str) -> Vec<(usize, u64)> {
    let ids = [id(path)];
    let all = store.calls_over_time(&scope(), &period.until(at(now)), &ids).await.expect("read");
    let counts = &all[&ids[0]];
    assert_eq!(counts.len(), 2 * period.buckets() as usize);
    counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect()
}

pub(super) async fn calls_add_up_over_time_and_are_forgotten(store: &dyn Store) {
    let s = scope();
    assert_eq!(store.calls_since(&s).await.expect("read"), None);
    let now = DAY + 10 * 3_600 + 120;
    save(store, now, vec![calls("/a", now - 60, 1), calls("/a", now - 3_600, 2)]).await;
    save(store, now, vec![calls("/a", now - 60, 4), calls("/b", now - 7_300, 8)]).await;
    save(store, now, Vec::new()).await;
    let paths = ["/a", "/b", "/c"];
    // The last bucket begins at `now - 120`, so an hour ago is in the one before.
    assert_eq!(compared(store, Period::Hour, now, &paths).await, [(2, 5), (0, 0), (0, 0)]);
    for longer in [Period::Day, Period::Week, Period::Month] {
        assert_eq!(compared(store, longer, now, &paths).await, [(0, 7), (0, 8), (0, 0)]);
    }
    assert_eq!(over_time(store, Period::Hour, now, "/a").await, [(11, 2), (23, 5)]);
    assert_eq!(over_time(store, Period::Day, now, "/a").await, [(46, 2), (47, 5)]);
    assert_eq!(over_time(store, Period::Day, now, "/b").await, [(45, 8)]);
    assert_eq!(over_time(store, Period::Month, now, "/c").await, []);
    // The finest bucket that is still there says it best.
    let first = store.calls_since(&s).await.expect("read");
    assert_eq!(first.map(Timestamp::seconds), Some(DAY + 8 * 3_600));

    // A day later only the longer buckets know.
    let later = now + 86_400;
    save(store, later, vec![calls("/c", later, 16)]).await;
    assert_eq!(compared(store, Period::Hour, later, &paths).await, [(0, 0), (0, 0), (0, 16)]);
    assert_eq!(compared(store, Period::Day, later, &paths).await, [(7, 0), (8, 0), (0, 16)]);
    assert_eq!(compared(store, Period::Hour, now, &paths[..2]).await, [(0, 0), (0, 0)]);
    // What is too long ago is not even written; what comes from another time begins nothing anew.
    let much_later = now + 100 * 86_400;
    save(store, much_later, vec![calls("/c", much_later, 1), calls("/a", now, 1)]).await;
    assert_eq!(compared(store, Period::Month, much_later, &paths).await, [(0, 0), (0, 0), (0, 1)]);
    assert_eq!(compared(store, Period::Month, later, &[]).await, []);
}

pub(super) async fn calls_of_what_was_merged_count_for_what_stays(store: &dyn Store) {
    let s = scope();
    let now = DAY + 600;
    let endpoints = vec![endpoint("/x/1", 1), endpoint("/x/{id}", 1)];
    let merge =
        EndpointMerge { from: vec![id("/x/1")], into: id("/x/{id}"), reason: String::new() };
    let counted = vec![calls("/x/1", now, 1), calls("/x/{id}", now - 3_600, 2)];
    let batch = Batch { now: at(now), endpoints, calls: counted, ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let paths = ["/x/1", "/x/{id}"];
    assert_eq!(compared(store, Period::Day, now, &paths).await, [(0, 1), (0, 2)]);
    let batch = Batch { now: at(now), merges: vec![merge], ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    assert_eq!(compared(store, Period::Day, now, &paths).await, [(0, 0), (0, 3)]);
    for path in paths {
        assert_eq!(over_time(store, Period::Day, now, path).await, [(46, 2), (47, 1)]);
    }
    // What a person takes apart is apart again, with what each was called.
    store.split_endpoint(&s, &id("/x/1"), "somebody", "two things", at(now)).await.expect("split");
    assert_eq!(compared(store, Period::Day, now, &paths).await, [(0, 1), (0, 2)]);
}
