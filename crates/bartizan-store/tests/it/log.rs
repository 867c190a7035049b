//! The exchange log on disk.

use std::{path::PathBuf, sync::Arc};

use bartizan_model::{ActorId, EndpointId};
use bartizan_store::{
    Batch, DATABASE_FILE, DataDirectory, DataOptions, ExchangeFacts, ExchangeQuery, LogOptions,
    Packed, PageRequest, RemovalReason, StoreError,
};

use crate::samples::{at, exchange, scope};

async fn open(options: &DataOptions) -> DataDirectory {
    DataDirectory::open(options, at(0)).await.expect("opens")
}

pub(crate) fn batch(now: i64) -> Batch {
    Batch { now: at(now), ..Batch::default() }
}

fn packed(number: u64) -> Arc<Packed> {
    Arc::new(Packed::of(vec![exchange(number)]).expect("packed"))
}

fn segments(options: &DataOptions) -> Vec<PathBuf> {
    let directory = options.directory.join("exchanges/default/default");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).expect("segments").map(|e| e.expect("entry").path()).collect();
    files.sort();
    files
}

pub(crate) async fn read_all(data: &DataDirectory, query: &ExchangeQuery) -> Vec<ExchangeFacts> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = data.exchanges(query, after, 3).await.expect("page");
        assert!(page.damaged.is_empty(), "{:?}", page.damaged);
        records.extend(page.records);
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

#[tokio::test]
async fn records_come_back_by_time_endpoint_and_actor() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions {
        log: LogOptions { segment_bytes: 20_000, max_bytes: None },
        ..DataOptions::new(directory.path())
    };
    let data = open(&options).await;
    let mut all = Vec::new();
    for part in 0..10u64 {
        let records: Vec<_> = (part * 50..part * 50 + 50).map(exchange).collect();
        all.extend(records.clone());
        data.save(batch(1), records).await.expect("saved");
    }
    assert!(segments(&options).len() > 2, "segments are closed at their size");
    data.close().await;

    let data = open(&options).await;
    let everything = ExchangeQuery::default();
    assert_eq!(read_all(&data, &everything).await, all);
    let query = ExchangeQuery { since: Some(at(95)), before: Some(at(105)), ..everything.clone() };
    assert_eq!(read_all(&data, &query).await, all[95..105]);
    let endpoint = EndpointId::derive(&scope(), &["GET", "/e7"]);
    let query = ExchangeQuery { endpoint: Some(endpoint.clone()), ..everything.clone() };
    let found = read_all(&data, &query).await;
    assert_eq!(found.iter().map(|r| r.sequence).collect::<Vec<_>>(), [7, 107, 207, 307, 407]);
    let actor = ActorId::derive(&scope(), &["a7"]);
    let query =
        ExchangeQuery { endpoint: Some(endpoint), actor: Some(actor), ..everything.clone() };
    assert_eq!(read_all(&data, &query).await, [all[7].clone()]);

    // A later process never writes into a segment of an earlier one.
    let before = segments(&options);
    data.save(batch(2), vec![exchange(500)]).await.expect("saved");
    assert_eq!(segments(&options).len(), before.len() + 1);
    assert_eq!(read_all(&data, &everything).await.len(), 501);
}

#[tokio::test]
async fn the_latest_come_first_in_pages() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions {
        log: LogOptions { segment_bytes: 20_000, max_bytes: None },
        ..DataOptions::new(directory.path())
    };
    let data = open(&options).await;
    for part in 0..10u64 {
        let records: Vec<_> = (part * 50..part * 50 + 50).map(exchange).collect();
        data.save(batch(1), records).await.expect("saved");
    }
    let any = ExchangeQuery::default();
    let read = async |query: &ExchangeQuery, hostile: bool, limit, blocks| {
        let wanted = |facts: &ExchangeFacts| {
            !hostile || facts.judged.as_ref().is_some_and(|judged| !judged.codes.is_empty())
        };
        let (mut found, mut page, mut pages) = (Vec::new(), PageRequest::first(limit), 0);
        loop {
            let part = data.latest_exchanges(query, &wanted, &page, blocks).await.expect("read");
            assert!(part.damaged.is_empty() && part.records.len() <= limit as usize);
            found.extend(part.records.iter().map(|facts| facts.sequence));
            pages += 1;
            match part.next {
                Some(next) => page.after = Some(next),
                None => return (found, pages),
            }
        }
    };
    let back: Vec<u64> = (0..500).rev().collect();
    for (limit, blocks) in [(1_000, 100), (7, 100), (50, 1), (49, 2), (1, 3)] {
        assert_eq!(read(&any, false, limit, blocks).await.0, back, "{limit} {blocks}");
    }
    let hostile: Vec<u64> = back.iter().copied().filter(|n| n % 10 == 3).collect();
    assert_eq!(read(&any, true, 10, 3).await.0, hostile);
    let query = ExchangeQuery { since: Some(at(95)), before: Some(at(105)), ..any.clone() };
    assert_eq!(read(&query, false, 4, 100).await.0, (95..105).rev().collect::<Vec<_>>());
    let endpoint = Some(EndpointId::derive(&scope(), &["GET", "/e7"]));
    let query = ExchangeQuery { endpoint, ..any.clone() };
    assert_eq!(read(&query, false, 2, 100).await.0, [407, 307, 207, 107, 7]);
    // What is written meanwhile is not in the pages that are left.
    let first = data.latest_exchanges(&any, &|_| true, &PageRequest::first(60), 9).await;
    let next = first.expect("read").next.expect("more");
    data.save(batch(2), vec![exchange(500)]).await.expect("saved");
    let page = PageRequest::after(1, next);
    let second = data.latest_exchanges(&any, &|_| true, &page, 9).await.expect("read");
    assert_eq!(second.records[0].sequence, 439);
    let foreign = PageRequest::after(1, bartizan_store::Cursor::from_text("5b5d"));
    let refused = data.latest_exchanges(&any, &|_| true, &foreign, 9).await;
    assert!(matches!(refused, Err(StoreError::InvalidCursor)));
    assert!(!data.has_exchanges_elsewhere().await.expect("read"));
}

#[tokio::test]
async fn nothing_readable_lies_on_disk() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    let mut record = exchange(1);
    record.method = "PROPFIND-MARK".to_owned();
    data.save(batch(1), vec![record]).await.expect("saved");
    let bytes = std::fs::read(&segments(&options)[0]).expect("segment");
    for text in ["PROPFIND-MARK", "body:/items", "email"] {
        assert!(!bytes.windows(text.len()).any(|w| w == text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn a_damaged_block_is_named_and_the_others_are_read() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    for n in 0..5 {
        data.save(batch(1), vec![exchange(n)]).await.expect("saved");
    }
    let entries = data
        .store()
        .exchange_blocks(&scope(), &ExchangeQuery::default(), None, 10)
        .await
        .expect("index");
    let path = &segments(&options)[0];
    let good = std::fs::read(path).expect("segment");
    let block = &entries[2];
    let start = usize::try_from(block.offset).expect("small");
    let length = usize::try_from(block.length).expect("small");
    for at_byte in [start, start + 4, start + 13, start + 17, start + 20, start + length - 1] {
        let mut bad = good.clone();
        bad[at_byte] ^= 0x40;
        std::fs::write(path, &bad).expect("damaged");
        let page = data.exchanges(&ExchangeQuery::default(), None, 10).await.expect("page");
        let read: Vec<_> = page.records.iter().map(|r| r.sequence).collect();
        assert_eq!(read, [0, 1, 3, 4], "byte {at_byte}");
        assert!(matches!(page.damaged[..], [StoreError::DamagedBlock { position: 2, .. }]));
        assert!(page.damaged[0].to_string().contains("0000000001.seg"));
    }
    // Two blocks of equal length exchanged: both are noticed, though each is authentic.
    let (one, two) = (&entries[0], &entries[1]);
    if one.length == two.length {
        let mut swapped = good.clone();
        let (a, b) = (
            usize::try_from(one.offset).expect("small"),
            usize::try_from(two.offset).expect("small"),
        );
        let n = usize::try_from(one.length).expect("small");
        swapped[a..a + n].copy_from_slice(&good[b..b + n]);
        swapped[b..b + n].copy_from_slice(&good[a..a + n]);
        std::fs::write(path, &swapped).expect("swapped");
        let page = data.exchanges(&ExchangeQuery::default(), None, 10).await.expect("page");
        assert_eq!(page.damaged.len(), 2);
    }
    std::fs::write(path, &good[..start + 5]).expect("cut");
    let page = data.exchanges(&ExchangeQuery::default(), None, 10).await.expect("page");
    assert_eq!((page.records.len(), page.damaged.len()), (2, 3));
    std::fs::remove_file(path).expect("removed");
    let page = data.exchanges(&ExchangeQuery::default(), None, 10).await.expect("page");
    assert_eq!((page.records.len(), page.damaged.len()), (0, 5));
}

#[tokio::test]
async fn what_was_not_acknowledged_is_cut_off() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    data.save(batch(1), vec![exchange(0)]).await.expect("saved");
    let length = std::fs::metadata(&segments(&options)[0]).expect("segment").len();
    // Written and synced, but the transaction never came.
    data.log().append(&packed(1)).await.expect("appended");
    data.close().await;
    assert!(std::fs::metadata(&segments(&options)[0]).expect("segment").len() > length);

    let data = open(&options).await;
    assert_eq!(std::fs::metadata(&segments(&options)[0]).expect("segment").len(), length);
    data.log().append(&packed(2)).await.expect("a whole segment without entries");
    assert_eq!(segments(&options).len(), 2);
    data.close().await;
    let data = open(&options).await;
    assert_eq!(segments(&options).len(), 1);
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(0)]);
}

#[tokio::test]
async fn budget_removes_whole_segments_and_says_so() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut options = DataOptions {
        log: LogOptions { segment_bytes: 4_000, max_bytes: None },
        ..DataOptions::new(directory.path())
    };
    let data = open(&options).await;
    for part in 0..8u64 {
        let records = (part * 20..part * 20 + 20).map(exchange).collect();
        data.save(batch(1), records).await.expect("saved");
    }
    let files = segments(&options).len();
    assert!(files >= 4);
    let total: u64 =
        segments(&options).iter().map(|p| std::fs::metadata(p).expect("segment").len()).sum();
    data.close().await;
    options.log.max_bytes = Some(total / 2);
    let data = open(&options).await;
    let removed = data.trim_exchanges(None, at(9)).await.expect("trimmed");
    assert!(!removed.is_empty());
    assert_eq!(segments(&options).len(), files - removed.len());
    let gone: u64 = removed.iter().map(|r| r.records).sum();
    let left = read_all(&data, &ExchangeQuery::default()).await;
    assert_eq!(left.len() as u64 + gone, 160);
    assert_eq!(left[0].sequence, gone, "the oldest went");
    // Also the segment that is being written can go; writing begins a new one.
    data.trim_exchanges(Some(at(1_000_000)), at(10)).await.expect("trimmed");
    assert_eq!(segments(&options).len(), 0);
    data.save(batch(2), vec![exchange(999)]).await.expect("saved");
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await, [exchange(999)]);
    data.close().await;
    assert_eq!(read_all(&open(&options).await, &ExchangeQuery::default()).await.len(), 1);
}

#[tokio::test]
async fn the_log_stays_within_its_budget_while_it_is_written() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let log = LogOptions { segment_bytes: 4_000, max_bytes: Some(20_000) };
    let options = DataOptions { log, ..DataOptions::new(directory.path()) };
    let data = open(&options).await;
    for part in 0..30u64 {
        let records = (part * 20..part * 20 + 20).map(exchange).collect();
        data.save(batch(1), records).await.expect("saved");
        let sizes =
            segments(&options).into_iter().map(|p| std::fs::metadata(p).expect("file").len());
        assert!(sizes.sum::<u64>() < 20_000 + 2 * 4_000, "a segment is begun before one goes");
    }
    let removed = data.store().removed_segments(&scope()).await.expect("read");
    assert!(removed.iter().all(|segment| segment.reason == RemovalReason::Bytes));
    let gone: u64 = removed.iter().map(|segment| segment.records).sum();
    assert!(gone > 0);
    let left = read_all(&data, &ExchangeQuery::default()).await;
    assert_eq!((left.len() as u64, left[0].sequence), (600 - gone, gone));
}

#[tokio::test]
async fn segments_of_another_database_are_left_alone() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    let data = open(&options).await;
    data.save(batch(1), vec![exchange(0)]).await.expect("saved");
    data.close().await;
    for name in
        [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal"), format!("{DATABASE_FILE}-shm")]
    {
        let _ = std::fs::remove_file(directory.path().join(name));
    }
    let error = DataDirectory::open(&options, at(1)).await.expect_err("lost database");
    assert!(matches!(error, StoreError::ForeignSegment { .. }), "{error:?}");
    assert!(error.help().contains("restore the database"));
    assert_eq!(segments(&options).len(), 1);
}

#[tokio::test]
async fn files_of_other_kinds_and_torn_headers_do_not_matter() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DataOptions::new(directory.path());
    open(&options).await.close().await;
    let log = directory.path().join("exchanges/default/default");
    std::fs::write(log.join("notes.txt"), "mine").expect("written");
    std::fs::write(log.join("0000000007.seg"), "BZXL").expect("written");
    std::fs::write(log.join("0000000008.seg"), [0; 200]).expect("written");
    let data = open(&options).await;
    assert_eq!(segments(&options), [log.join("notes.txt")]);
    data.save(batch(1), vec![exchange(0)]).await.expect("saved");
    assert_eq!(read_all(&data, &ExchangeQuery::default()).await.len(), 1);
}
