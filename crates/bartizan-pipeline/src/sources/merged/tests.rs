use std::path::PathBuf;

use super::{
    super::{
        OpenOptions,
        tests::{drain, gzip, split},
    },
    *,
};

fn line(second: u32, path: &str) -> String {
    format!("1.2.3.4 - - [22/Nov/2026:10:00:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 5\n")
}

/// A log in three pieces: rotated twice, the oldest compressed.
fn rotated(folder: &std::path::Path) -> Vec<PathBuf> {
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    };
    vec![
        write("a.log", format!("{}{}", line(30, "/5"), line(40, "/6")).into_bytes()),
        write("a.log.1", format!("{}x\n{}", line(20, "/3"), line(30, "/4")).into_bytes()),
        write("a.log.2.gz", gzip(format!("{}{}", line(1, "/1"), line(10, "/2")).as_bytes())),
    ]
}

#[test]
fn rotated_logs_come_in_order_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = rotated(folder.path());
    for _ in 0..3 {
        paths.rotate_left(1);
        let mut source = OpenOptions::new().open_all(&paths).expect("opens");
        let (exchanges, skipped) = split(drain(&mut *source));
        let mut targets: Vec<_> = exchanges.iter().map(|e| &*e.request.target).collect();
        // Of equal times, the input named first comes first.
        targets[3..5].sort_unstable();
        assert_eq!(targets, ["/1", "/2", "/3", "/4", "/5", "/6"]);
        assert_eq!(skipped.len(), 1);
        let mut ids: Vec<_> = exchanges.iter().map(|e| e.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["1:1", "1:2", "2:1", "2:2", "3:1", "3:2"]);
    }
}

#[test]
fn a_merged_source_goes_on_at_every_item() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = rotated(folder.path());
    let options = OpenOptions::new();
    let mut source = options.open_all(&paths).expect("opens");
    assert!(source.total().is_some_and(|total| total > 300));
    let mut checkpoints = vec![source.checkpoint()];
    let mut all = Vec::new();
    while let Some(item) = source.next() {
        all.push(format!("{item:?}"));
        assert!(source.input().starts_with(&*folder.path().display().to_string()));
        checkpoints.push(source.checkpoint());
    }
    for (taken, checkpoint) in checkpoints.iter().enumerate() {
        let mut resumed = options.resume_all(&paths, checkpoint).expect("goes on");
        let rest: Vec<_> = drain(&mut *resumed).iter().map(|item| format!("{item:?}")).collect();
        assert_eq!(rest, all[taken..], "after {taken}");
    }
    let fewer = options.resume_all(&paths[..2], &checkpoints[0]).err().map(|e| e.to_string());
    assert!(fewer.is_some_and(|e| e.contains("the checkpoint is of 3")));
}

#[test]
fn an_input_with_nothing_does_not_stop_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = rotated(folder.path());
    let path = folder.path().join("b.log");
    std::fs::write(&path, "nonsense\n").expect("writes");
    paths.insert(0, path);
    let mut source = OpenOptions::new().open_all(&paths).expect("opens");
    let items = drain(&mut *source);
    assert_eq!(items.iter().filter(|i| matches!(i, Ok(Item::Exchange(_)))).count(), 6);
    let errors: Vec<_> = items.iter().filter_map(|i| i.as_ref().err()).collect();
    assert!(errors.len() == 1 && errors[0].is_empty_input());
}

/// Opens inputs of these contents, and says of each exchange its input and target, and what was skipped.
fn merged(inputs: &[(&str, String)]) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<_> = inputs
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("writes");
            path
        })
        .collect();
    let mut source = OpenOptions::new().open_all(&paths).expect("opens");
    let mut exchanges = Vec::new();
    let mut skipped = Vec::new();
    while let Some(item) = source.next() {
        let input = source.input().rsplit('/').next().unwrap_or_default().to_owned();
        match item.expect("it can be read") {
            Item::Exchange(exchange) => {
                exchanges.push(format!("{input} {}", exchange.request.target));
            }
            Item::Skipped(one) => skipped.push(format!("{input} {} at {}", one.reason, one.at)),
        }
    }
    (exchanges, skipped)
}

/// An exchange as a JSON line; `more` are further members.
fn exchange(time: &str, path: &str, more: &str) -> String {
    format!(
        "{{\"time\":\"2026-11-22T{time}Z\",{more}\"request\":{{\"method\":\"GET\",\"url\":\
         \"https://a.test{path}\",\"headers\":[]}},\"response\":{{\"status\":200,\"body\":\"x\"}}}}\n"
    )
}

#[test]
fn the_same_input_twice_counts_once() {
    let lines = [
        exchange("10:00:00.100", "/1", ""),
        exchange("10:00:00.100", "/1", ""),
        exchange("10:00:01.200", "/2", ""),
    ]
    .concat();
    let (exchanges, skipped) = merged(&[("a.jsonl", lines.clone()), ("b.jsonl", lines.clone())]);
    assert_eq!(exchanges, ["a.jsonl /1", "a.jsonl /1", "a.jsonl /2"], "two in one input are two");
    let seen = |n: u32| format!("b.jsonl seen_already at exchange {n}");
    assert_eq!(skipped, [seen(1), seen(2), seen(3)]);
    // What differs in anything is another exchange.
    let other = exchange("10:00:01.201", "/2", "");
    let (exchanges, skipped) = merged(&[("a.jsonl", lines), ("b.jsonl", other)]);
    assert_eq!((exchanges.len(), skipped.len()), (4, 0));
}

#[test]
fn logs_of_servers_that_see_different_traffic_count_whole() {
    let log = |from: u32| (from..from + 50).map(|n| line(n % 60, &format!("/{n}"))).collect();
    let (exchanges, skipped) = merged(&[("a.log", log(0)), ("b.log", log(50))]);
    assert_eq!((exchanges.len(), skipped.len()), (100, 0));
    let (exchanges, skipped) = merged(&[("a.log", log(0)), ("b.log", log(25))]);
    assert_eq!((exchanges.len(), skipped.len()), (75, 25));
}

#[test]
fn the_whole_copy_counts_whichever_comes_first() {
    // A log entry without bodies, at a time rounded down, and the whole exchange with the same request id.
    let entry = |time: &str| {
        format!(
            "{{\"time\":\"2026-11-22T{time}Z\",\"request_id\":\"r-1\",\"request\":{{\"method\":\"GET\",\
             \"url\":\"https://a.test/1\",\"body_state\":\"not_captured\"}},\"response\":{{\"status\":200}}}}\n"
        )
    };
    let whole = exchange("10:00:00.900", "/1", "\"request_id\":\"r-1\",");
    for time in ["10:00:00", "10:00:01"] {
        let inputs = [("log.jsonl", entry(time)), ("whole.jsonl", whole.clone())];
        let (exchanges, skipped) = merged(&inputs);
        assert_eq!(exchanges, ["whole.jsonl /1"], "{time}");
        assert_eq!(skipped, ["log.jsonl seen_already at exchange 1"]);
    }
    // Without an id in common nothing says that they are the same.
    let other = whole.replace("r-1", "r-2");
    let (exchanges, _) = merged(&[("log.jsonl", entry("10:00:00")), ("whole.jsonl", other)]);
    assert_eq!(exchanges.len(), 2);
}
