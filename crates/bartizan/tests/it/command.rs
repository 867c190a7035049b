//! The command as users meet it: messages, exit codes, files, interruption, memory.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/shop.jsonl")
}

pub(crate) fn bartizan(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
    command.current_dir(home.path()).env("HOME", home.path()).env("XDG_STATE_HOME", "");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BARTIZAN_") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn run(home: &TempDir, arguments: &[&str]) -> Output {
    bartizan(home).args(arguments).stdin(Stdio::null()).output().expect("the command starts")
}

pub(crate) fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn write(home: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = home.path().join(name);
    fs::write(&path, bytes).expect("written");
    path.display().to_string()
}

pub(crate) fn result(home: &TempDir, arguments: &[&str]) -> serde_json::Value {
    let output = run(home, arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_newcomer_gets_text_a_report_and_a_clean_exit() {
    let home = home();
    let output = run(&home, &["analyze", &sample().display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(text.contains("/v1/orders/{order_id}"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    assert!(stderr(&output).contains("HTML report: "));
    let html = fs::read_to_string(home.path().join("bartizan-report.html")).expect("report");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Content-Security-Policy"));
    // No value of the traffic in the clear, neither in text nor in HTML.
    for secret in ["4111111111111111", "ada.winter", "Mill Lane", "s3cret-export", "203.0.113.77"] {
        assert!(!text.contains(secret) && !html.contains(secret), "{secret}");
    }
}

#[test]
fn fail_on_decides_the_exit_code() {
    let home = home();
    let sample = sample().display().to_string();
    let with = |severity| {
        run(&home, &["analyze", &sample, "--no-report", "--fail-on", severity]).status.code()
    };
    assert_eq!((with("critical"), with("never")), (Some(1), Some(0)));
    assert_eq!(run(&home, &["analyze"]).status.code(), Some(2));
    assert_eq!(run(&home, &["nonsense"]).status.code(), Some(2));
    assert_eq!(run(&home, &["--help"]).status.code(), Some(0));
}

#[test]
fn unreadable_inputs_say_what_to_do_and_exit_with_3() {
    let home = home();
    let mut garbage = vec![0u8; 4096];
    garbage.iter_mut().enumerate().for_each(|(i, b)| *b = (i * 7919 % 251) as u8 ^ 0x80);
    let cases = [
        ("garbage.bin", &garbage[..], "not recognised"),
        ("empty.har", b"", "is empty"),
        ("no-entries.har", br#"{"log":{"entries":[]}}"#, "nothing to analyze"),
        ("invalid.log", b"\xff\xfe\xff\xff\xc0\xaf\n\xf0\x28\x8c\x28\n", "invalid.log"),
        ("capture.pcap", b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00 binary", "pcap"),
    ];
    for (name, bytes, says) in cases {
        let path = write(&home, name, bytes);
        let output = run(&home, &["analyze", &path, "--no-report"]);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{name}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{name}");
    }
    let output = run(&home, &["analyze", "absent.har"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("absent.har"), "{}", stderr(&output));
}

#[test]
fn a_truncated_har_keeps_what_came_before() {
    let home = home();
    let entry = r#"{"startedDateTime":"2026-11-22T10:00:00Z","time":3,"request":{"method":"GET","url":"https://api.example.com/v1/items/7","headers":[]},"response":{"status":200,"headers":[{"name":"Content-Type","value":"application/json"}],"content":{"size":8,"mimeType":"application/json","text":"{\"id\":7}"}}}"#;
    let har = format!(r#"{{"log":{{"entries":[{entry},{entry},{}"#, &entry[..200]);
    let path = write(&home, "cut.har", har.as_bytes());
    let json = result(&home, &["analyze", &path, "--format", "json"]);
    assert_eq!(json["input"]["exchanges"], 2);
    assert_eq!(json["input"]["skipped"][0]["reason"], "truncated");
    assert_eq!(json["endpoints"][0]["path"], "/v1/items/{item_id}");
}

#[test]
fn invalid_utf8_inside_an_input_is_an_anomaly_not_an_end() {
    let home = home();
    let mut log = b"198.51.100.7 - - [22/Nov/2026:10:00:00 +0000] \"GET /v1/a/\xff\xc0\xaf HTTP/1.1\" 200 5 \"-\" \"x\xfe\"\n".to_vec();
    log.extend(
        b"198.51.100.7 - - [22/Nov/2026:10:00:01 +0000] \"GET /v1/b HTTP/1.1\" 200 5 \"-\" \"x\"\n",
    );
    let path = write(&home, "access.log", &log);
    let json = result(&home, &["analyze", &path, "--format", "json"]);
    assert_eq!(json["input"]["exchanges"], 2, "{}", json["input"]);
}

#[test]
fn configuration_errors_name_file_line_key_and_nearest() {
    let home = home();
    write(&home, "bartizan.yaml", b"store:\n  exchange_day: 3\n");
    for arguments in [&["config", "check"][..], &["analyze", "x.har"], &["config", "show"]] {
        let output = run(&home, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let text = stderr(&output);
        assert!(text.contains("bartizan.yaml:2:"), "{text}");
        assert!(text.contains("`store.exchange_day`"), "{text}");
        assert!(text.contains("did you mean `exchange_days`"), "{text}");
    }
    write(&home, "bartizan.yaml", b"store:\n  exchange_days: 3\n");
    assert_eq!(run(&home, &["config", "check"]).status.code(), Some(0));
    let shown = run(&home, &["config", "show"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("exchange_days: 3"));
}

#[test]
fn data_folders_that_cannot_be_written_are_refused_clearly() {
    let home = home();
    let sample = sample().display().to_string();
    // A path below a file, and one in a file system that nobody can write to.
    write(&home, "file", b"x");
    for folder in ["file/data", "/proc/bartizan-data"] {
        let output = run(&home, &["analyze", &sample, "--no-report", "--data", folder]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(folder), "{}", stderr(&output));
    }
    let output = run(&home, &["analyze", &sample, "--out", "/proc/x", "--no-report"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let output = run(&home, &["findings", "--data", "nowhere"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("bartizan analyze INPUT --data nowhere"));
}

/// A limit on the size of files stands in for a full disk: writes fail in the middle.
#[test]
fn a_full_data_folder_loses_nothing_that_was_kept() {
    let home = home();
    let sample = sample().display().to_string();
    let first = run(&home, &["analyze", &sample, "--no-report", "--data", "kept"]);
    assert!(first.status.success(), "{}", stderr(&first));
    let before = result(&home, &["findings", "--data", "kept", "--format", "json"]);
    let binary = env!("CARGO_BIN_EXE_bartizan");
    let other = write(&home, "again.jsonl", &fs::read(&sample).expect("sample"));
    let script = format!(
        "ulimit -f 64; trap '' XFSZ; exec {binary} analyze {other} --no-report --data kept"
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(home.path())
        .env("HOME", home.path())
        .output()
        .expect("bash starts");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("help:"), "{}", stderr(&output));
    let after = result(&home, &["findings", "--data", "kept", "--format", "json"]);
    assert_eq!(before, after);
}

#[test]
fn kept_results_are_listed_changed_and_go_on() {
    let home = home();
    let sample = sample().display().to_string();
    let keep = ["analyze", &sample, "--no-report", "--data", "kept", "--format", "json"];
    let first = result(&home, &keep);
    // The same input again adds nothing; a grown one adds what is new.
    let again = result(&home, &keep);
    assert_eq!(again["input"]["exchanges"], 0);
    assert_eq!(first["summary"]["exchanges"], again["summary"]["exchanges"]);
    assert_eq!(first["findings"], again["findings"]);
    let catalog = result(&home, &["catalog", "--data", "kept", "--format", "json"]);
    assert_eq!(catalog.as_array().map(Vec::len), first["endpoints"].as_array().map(Vec::len));
    let findings = result(&home, &["findings", "--data", "kept", "--format", "json"]);
    let id = findings[0]["id"].as_str().expect("id").to_owned();
    let set = |more: &[&str]| {
        let mut arguments = vec!["findings", &id, "--data", "kept", "--set"];
        arguments.extend(more);
        run(&home, &arguments).status.code()
    };
    assert_eq!(set(&["nonsense"]), Some(2));
    assert_eq!(set(&["false_positive"]), Some(2), "a reason is needed");
    assert_eq!(set(&["false_positive", "--reason", "test card"]), Some(0));
    let changed = result(&home, &["findings", &id, "--data", "kept", "--format", "json"]);
    assert_eq!(changed[0]["state"], "false_positive");
    let after = result(&home, &keep);
    let kept = after["findings"].as_array().expect("list").iter().find(|f| f["id"] == id.as_str());
    assert_eq!(kept.expect("still there")["state"], "false_positive");
    for command in ["catalog", "findings", "incidents"] {
        let output = run(&home, &[command, "--data", "kept"]);
        assert!(output.status.success() && !output.stdout.is_empty(), "{}", stderr(&output));
    }
}

/// Killed at any moment, the next run goes on, and the result is that of a run in one go.
#[test]
fn a_killed_run_goes_on_where_it_was() {
    let home = home();
    let text = fs::read_to_string(sample()).expect("sample");
    let long = write(&home, "long.jsonl", text.repeat(4).as_bytes());
    let whole = result(&home, &["analyze", &long, "--data", "whole", "--format", "json"]);
    for milliseconds in [20, 60, 120, 250] {
        let mut child = bartizan(&home)
            .args(["analyze", &long, "--no-report", "--data", "cut"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }
    let cut = result(&home, &["analyze", &long, "--data", "cut", "--format", "json"]);
    for part in ["endpoints", "detections", "incidents", "actors"] {
        let count = |v: &serde_json::Value| v[part].as_array().map(Vec::len);
        assert_eq!(count(&whole), count(&cut), "{part}");
    }
    assert_eq!(whole["summary"]["exchanges"], cut["summary"]["exchanges"]);
    assert_eq!(whole["summary"]["timeline"], cut["summary"]["timeline"]);
}

/// 2 GiB that are one endless line between two good ones: streamed over, counted, little memory.
#[test]
fn two_gibibytes_need_little_memory() {
    let home = home();
    let path = home.path().join("huge.jsonl");
    let line = r#"{"request":{"method":"GET","url":"https://api.example.com/v1/a"},"response":{"status":200}}"#;
    let mut file = fs::File::create(&path).expect("created");
    writeln!(file, "{line}").expect("written");
    // A hole: takes no room on the disk.
    file.seek(SeekFrom::Start(2 * 1024 * 1024 * 1024)).expect("seeks");
    write!(file, "\n{line}\n").expect("written");
    drop(file);
    let mut child = bartizan(&home)
        .args(["analyze", "huge.jsonl", "--no-report", "--format", "json", "--out", "huge.json"])
        .spawn()
        .expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let (mut peak, begin) = (0u64, Instant::now());
    let code = loop {
        if let Some(code) = child.try_wait().expect("waits") {
            break code;
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("");
        let kibibytes = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
        peak = peak.max(kibibytes);
        assert!(begin.elapsed() < Duration::from_secs(120), "takes too long");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(code.success());
    assert!(peak > 0 && peak < 256 * 1024, "{peak} KiB");
    let json = fs::read(home.path().join("huge.json")).expect("result");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["input"]["exchanges"], 2);
    assert_eq!(json["input"]["skipped"][0]["reason"], "entry_too_large");
}

#[test]
fn inspect_answers_one_verdict_per_line_in_order() {
    let home = home();
    let attack = r#"{"id":"a","request":{"method":"GET","url":"https://api.example.com/v1/search?q=%27%20OR%201%3D1--"},"response":{"status":200}}"#;
    let benign = r#"{"id":"b","request":{"method":"GET","url":"https://api.example.com/v1/search?q=rain+jacket"},"response":{"status":200}}"#;
    let path = write(&home, "in.jsonl", format!("{attack}\nnot json\n{benign}\n").as_bytes());
    let output = run(&home, &["inspect", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0]["id"].as_str(), lines[1]["id"].as_str()), (Some("a"), Some("b")));
    assert_eq!(lines[0]["detections"][0]["class"], "sql_injection");
    assert_eq!(lines[1]["action"], "allow");
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
    let failing = run(&home, &["inspect", &path, "--fail-on", "high"]);
    assert_eq!(failing.status.code(), Some(1));
}

#[test]
fn everything_can_be_explained() {
    let home = home();
    let list = result(&home, &["explain", "--format", "json"]);
    let items = list.as_array().expect("list");
    assert!(items.len() > 50);
    for item in items.iter().filter_map(|i| i["code"].as_str()) {
        let output = run(&home, &["explain", item]);
        assert!(output.status.success() && !output.stdout.is_empty(), "{item}");
    }
    let output = run(&home, &["explain", "BZ-C0001"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `BZ-C001`"), "{}", stderr(&output));
    let bash = run(&home, &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&bash.stdout).contains("analyze"));
}
