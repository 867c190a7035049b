//! Files on a real file system.

use std::os::unix::fs::PermissionsExt as _;

use super::{super::tests::about, *};

fn lines(path: &Path, most: u64, keep: u32) -> Lines {
    Lines { path: path.to_owned(), most, keep, file: None }
}

fn sink(path: &Path) -> Box<dyn Sink> {
    let json = serde_json::json!({ "path": path });
    open(&serde_json::from_value(json).expect("settings")).expect("compiles")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("read")
}

#[tokio::test]
async fn events_are_whole_lines_that_only_the_owner_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.jsonl");
    let mut sink = sink(&path);
    let hostile = about("a\nb\r\u{0}\u{2028}\u{7f}\"}");
    assert_eq!(sink.send(&[hostile.clone(), about("two")]).await, [Answer::Taken, Answer::Taken]);
    assert_eq!(sink.send(&[about("three")]).await, [Answer::Taken]);
    let text = read(&path);
    assert_eq!(text.bytes().filter(|b| *b == b'\n').count(), 3);
    let first: bartizan_model::Event =
        serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first, hostile.event);
    assert!(text.as_bytes().starts_with(BEGINNING));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_costs_no_attempt() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().join("none/events"), folder.path().to_owned()] {
        let answers = sink(&path).send(&[about("a"), about("b")]).await;
        assert!(answers.iter().all(|a| matches!(a, Answer::Unreached(_))), "{answers:?}");
        assert!(answers[0].problem().contains(&path.display().to_string()));
    }
}

#[test]
fn torn_lines_are_cut_off_and_those_of_others_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events");
    let whole = "{\"version\":1,\"id\":\"a\"}\n";
    let line = "{\"version\":1,\"id\":\"b\"}\n";
    for cut in 0..line.len() {
        for before in ["", whole] {
            fs::write(&path, format!("{before}{}", &line[..cut])).expect("written");
            lines(&path, u64::MAX, 1).append(line.as_bytes()).expect("appended");
            assert_eq!(read(&path), format!("{before}{line}"), "cut at {cut}");
        }
    }
    fs::write(&path, "something else").expect("written");
    lines(&path, u64::MAX, 1).append(line.as_bytes()).expect("appended");
    assert_eq!(read(&path), format!("something else\n{line}"));
}

#[test]
fn files_are_rotated_and_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events");
    let mut lines = lines(&path, 10, 2);
    for number in 0..7 {
        lines.append(format!("line{number}\n").as_bytes()).expect("appended");
    }
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("listed")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    assert_eq!(names, ["events", "events.1", "events.2"]);
    assert_eq!(read(&path), "line6\n");
    assert_eq!(read(&folder.path().join("events.2")), "line4\n");
    // A line that is longer than a file is written all the same.
    lines.append(b"a line that is too long\n").expect("appended");
    assert_eq!(read(&path), "a line that is too long\n");
    lines.keep = 0;
    lines.append(b"x\n").expect("appended");
    assert_eq!(read(&path), "x\n");
}

#[test]
fn a_file_that_was_moved_away_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events");
    let mut lines = lines(&path, u64::MAX, 1);
    lines.append(b"one\n").expect("appended");
    fs::rename(&path, folder.path().join("moved")).expect("moved");
    lines.append(b"two\n").expect("appended");
    assert_eq!(
        (read(&path).as_str(), read(&folder.path().join("moved")).as_str()),
        ("two\n", "one\n")
    );
    fs::remove_file(&path).expect("removed");
    lines.append(b"three\n").expect("appended");
    assert_eq!(read(&path), "three\n");
}

#[test]
fn writers_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut lines = lines(path, u64::MAX, 1);
                for number in 0..10 {
                    let line = format!("{{\"version\":1,\"n\":\"{writer}-{number}\"}}\n");
                    lines.append(line.as_bytes()).expect("appended");
                }
            });
        }
    });
    let text = read(&path);
    let each: std::collections::BTreeSet<_> = text.lines().collect();
    assert_eq!((each.len(), text.lines().count()), (40, 40));
}
