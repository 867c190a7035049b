//! What several inputs tell of counts once, and a file that is no traffic says what to do with it.

use std::path::Path;

use crate::command::{home, result, run, stderr, write};

fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/shop.jsonl").display().to_string()
}

#[test]
fn a_file_that_is_named_twice_counts_once() {
    let home = home();
    let one = result(&home, &["analyze", &sample(), "--format", "json", "--no-report"]);
    let copy = write(&home, "copy.jsonl", &std::fs::read(sample()).expect("the sample"));
    let both = result(&home, &["analyze", &sample(), &copy, "--format", "json", "--no-report"]);
    let requests = |result: &serde_json::Value| {
        let endpoints = result["endpoints"].as_array().expect("a list").iter();
        endpoints.map(|one| (one["path"].clone(), one["requests"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(requests(&one), requests(&both));
    let exchanges = &one["input"]["exchanges"];
    assert_eq!(&both["input"]["exchanges"], exchanges);
    let skipped = both["input"]["skipped"].as_array().expect("a list");
    let seen = skipped.iter().find(|one| one["reason"] == "seen_already").expect("told");
    assert_eq!(&seen["count"], exchanges);
    assert!(seen["first"].as_str().is_some_and(|first| first.ends_with("exchange 1")), "{seen}");
    let text = run(&home, &["analyze", &sample(), &copy, "--no-report"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("Seen already"), "{text}");
}

#[test]
fn a_log_and_a_capture_with_the_same_request_ids_count_once() {
    let home = home();
    let har = |n: u32| {
        format!(
            r#"{{"startedDateTime":"2026-11-22T10:00:0{n}.400Z","time":3,"request":{{"method":"GET","url":"https://api.example.com/v1/items/{n}","headers":[{{"name":"X-Request-Id","value":"r-{n}"}}]}},"response":{{"status":200,"headers":[],"content":{{"size":8,"mimeType":"application/json","text":"{{\"id\":{n}}}"}}}}}}"#
        )
    };
    let entries: Vec<_> = (1..6).map(har).collect();
    let har = format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(","));
    let har = write(&home, "a.har", har.as_bytes());
    let entry = |n: u32| {
        format!(
            "{{\"time_iso8601\":\"2026-11-22T10:00:0{n}+00:00\",\"remote_addr\":\"192.0.2.7\",\"request_method\":\"GET\",\
             \"request_uri\":\"/v1/items/{n}\",\"status\":200,\"host\":\"api.example.com\",\"request_id\":\"r-{n}\"}}\n"
        )
    };
    let log: String = (1..8).map(entry).collect();
    let log = write(&home, "access.log", log.as_bytes());
    for inputs in [[&har, &log], [&log, &har]] {
        let found =
            result(&home, &["analyze", inputs[0], inputs[1], "--format", "json", "--no-report"]);
        assert_eq!(found["input"]["exchanges"], 7, "{}", found["input"]);
        let skipped = &found["input"]["skipped"][0];
        assert_eq!((&skipped["reason"], &skipped["count"]), (&"seen_already".into(), &5.into()));
        // The copy with bodies is the one that counts.
        let first = skipped["first"].as_str().expect("a place");
        assert!(first.contains("access.log"), "{first}");
    }
}

#[test]
fn what_is_no_traffic_says_what_it_is() {
    let home = home();
    for (name, bytes, says) in [
        ("api.yaml", &b"# ours\n---\nopenapi: 3.1.0\ninfo: {}\n"[..], "with --spec"),
        ("api.proto", b"syntax = \"proto3\";\nmessage A {}\n", "with --spec"),
        ("bad.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff", "gzip data is broken"),
    ] {
        let path = write(&home, name, bytes);
        let output = run(&home, &["analyze", &path, "--no-report"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{name}: {said}");
        assert!(said.contains(says) && !said.contains("is empty"), "{name}: {said}");
    }
}

#[test]
fn inspect_tells_anomalies_and_entities_of_xml() {
    let home = home();
    let line = |id: &str, body: &str| {
        let body = serde_json::to_string(body).expect("JSON");
        format!(
            r#"{{"id":"{id}","request":{{"method":"POST","url":"https://api.example.com/v1/import","headers":[["content-type","application/xml"]],"body":{body}}},"response":{{"status":200}}}}"#
        )
    };
    let level = |n: u32| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10));
    let levels: String = (1..10).map(level).collect();
    let bomb = format!("<!DOCTYPE a [<!ENTITY l0 'lol'>{levels}]><a>&l9;</a>");
    let plain = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \
                 \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\"><html><body>hi</body></html>";
    let lines = [line("bomb", &bomb), line("plain", plain), line("none", "<a>1</a>")].join("\n");
    let path = write(&home, "in.jsonl", lines.as_bytes());
    let output = run(&home, &["inspect", &path]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let anomalies: Vec<_> = said.iter().map(|line| line["anomalies"].to_string()).collect();
    let doctype = "\"request:xml_doctype\"";
    assert_eq!(
        anomalies,
        [format!("[{doctype},\"request:xml_entity\"]"), format!("[{doctype}]"), "[]".to_owned()]
    );
    let detected = |line: &serde_json::Value| {
        let all = line["detections"].as_array().expect("a list").iter();
        let mut ours = all.filter(|one| one["code"] == "BZ-D010");
        ours.next().map(|one| one["confidence"].clone())
    };
    assert_eq!((detected(&said[0]), &said[0]["action"]), (Some("high".into()), &"deny".into()));
    for line in &said[1..] {
        assert_eq!((detected(line), &line["action"]), (None, &"allow".into()));
    }
    let output = run(&home, &["inspect", &path, "--format", "text"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["xml_entity_injection", "(request:xml_doctype) (request:xml_entity)"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
