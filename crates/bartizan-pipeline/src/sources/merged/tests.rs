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
