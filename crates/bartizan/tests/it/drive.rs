//! The lab behind `serve`, driven by its player: attackers are seen, users are not, and gateway,
//! `analyze` and `inspect` agree about what they saw.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    command::{bartizan, home, result, run, stderr, write},
    serve::{Server, judged, until},
};

/// One folder of keys for all stores of a test, so that equal things have equal ids; and the player
/// may say from where its clients come.
pub(crate) const CONFIG: &str = r#"
store:
  keys: keys
gateway:
  trusted_proxies: ["127.0.0.0/8"]
  services:
    - {name: tracking, path_prefix: /quayside.v1.Tracking, upstreams: ["LAB"], protocol: http2}
    - {name: release, path_prefix: /quayside.v1.Release, upstreams: ["LAB"], protocol: http2}
    - {name: reflection, path_prefix: /grpc.reflection.v1, upstreams: ["LAB"], protocol: http2}
    - {name: lab, upstreams: ["LAB"]}
"#;

/// Detectors that look at more than one exchange.
const HISTORY: &[&str] = &["BZ-D001", "BZ-D002", "BZ-D003", "BZ-D004", "BZ-D005"];

/// The lab, until the test ends.
pub(crate) struct Lab(Child, String);

impl Lab {
    pub(crate) fn start(home: &TempDir) -> Self {
        let mut child = bartizan(home)
            .args(["lab", "--listen", "127.0.0.1:0", "--quiet"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut url = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut url).expect("UTF-8");
        Self(child, url.trim().to_owned())
    }

    pub(crate) fn url(&self) -> &str {
        &self.1
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Plays through a gateway, whose figures at the end are returned. Files: `played.jsonl` (as the
/// player saw it, in the time of the play), `truth.jsonl`, `captured.jsonl` (as the gateway saw it).
fn drive(home: &TempDir, play: &[&str], serve: &[&str]) -> String {
    let lab = Lab::start(home);
    write(home, "bartizan.yaml", CONFIG.replace("LAB", lab.url()).as_bytes());
    let mut arguments = vec!["--capture", "captured.jsonl"];
    arguments.extend(serve);
    let server = Server::start(home, &arguments);
    let target = format!("http://{}", server.gateway);
    let mut arguments = vec!["lab", "play", "--target", &target, "--truth", "truth.jsonl"];
    arguments.extend(["--capture", "played.jsonl"]);
    arguments.extend(play);
    let output = run(home, &arguments);
    let said = stderr(&output);
    assert!(output.status.success() && said.contains(" 0 unanswered"), "{said}");
    // What has no valid head is refused, and judged by nobody.
    let refused = lines(home, "truth.jsonl").iter().filter(|l| l["status"] == 400).count() as u64;
    let sent = lines(home, "truth.jsonl").len() as u64;
    until("judging", || judged(server.admin) + refused >= sent);
    server.stop()
}

fn lines(home: &TempDir, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path().join(name)).expect("written");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn analyzed(home: &TempDir, input: &str, data: &str) -> Value {
    let arguments = ["analyze", input, "--format", "json", "--no-report", "--quiet"];
    result(home, &[&arguments[..], &["--data", data]].concat())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Every attacker is seen by every detector that the truth file declares for its script, and no
/// detection names an exchange that was not hostile.
fn assert_seen(home: &TempDir, analysis: &Value, who: &str) {
    let played: BTreeMap<String, Value> = lines(home, "truth.jsonl")
        .into_iter()
        .map(|line| (text(&line["id"]).to_owned(), line))
        .collect();
    let mut seen = BTreeSet::new();
    for detection in list(&analysis["detections"]) {
        for id in list(&detection["exchange_ids"]) {
            let line = &played[text(id)];
            assert_eq!(line["label"], "hostile", "{who}: {} names {line}", detection["code"]);
            seen.insert((text(&line["actor"]).to_owned(), text(&detection["code"]).to_owned()));
        }
    }
    let truth = result(home, &["lab", "--truth"]);
    let mut declared = 0;
    for attack in list(&truth["attacks"]) {
        for number in 0..attack["attackers"].as_u64().expect("a number") {
            for detector in list(&attack["seen_by"]) {
                let actor = format!("{}-{number}", text(&attack["script"]));
                let code = text(&detector["detector"]).to_owned();
                declared += 1;
                assert!(
                    seen.contains(&(actor.clone(), code.clone())),
                    "{who}: {code} misses {actor}"
                );
            }
        }
    }
    assert!(declared >= 10, "the truth file declares next to nothing");
}

/// What `inspect --stateful` says line by line against what `analyze --annotate` says: ids, and codes
/// of detectors. The first says what was known at each exchange, the second what is known at the
/// end; so an earlier exchange may be named later, by a detector with history, but never the other
/// way round, and never by one that looks at single exchanges.
fn assert_inspected(home: &TempDir) {
    let arguments =
        ["inspect", "captured.jsonl", "--stateful", "--quiet", "--out", "verdicts.jsonl"];
    assert!(run(home, &arguments).status.success());
    let arguments = ["analyze", "captured.jsonl", "--format", "json", "--no-report", "--quiet"];
    result(home, &[&arguments[..], &["--annotate", "annotated.jsonl"]].concat());
    let codes = |line: &Value| -> BTreeSet<String> {
        let codes = list(&line["detections"]).iter();
        codes.map(|d| text(d.get("code").unwrap_or(d)).to_owned()).collect()
    };
    let inspected = lines(home, "verdicts.jsonl");
    let annotated = lines(home, "annotated.jsonl");
    assert_eq!(inspected.len(), annotated.len());
    let mut raised_later = BTreeSet::new();
    let mut hostile = 0;
    for (verdict, annotation) in inspected.iter().zip(&annotated).rev() {
        let id = text(&verdict["id"]);
        assert_eq!(id, text(&annotation["id"]));
        let (then, now) = (codes(verdict), codes(annotation));
        assert!(then.is_subset(&now), "{id}: {then:?} {now:?}");
        for code in now.difference(&then) {
            assert!(HISTORY.contains(&code.as_str()), "{id}: {code} needs no history");
            assert!(raised_later.contains(code), "{id}: {code} was never raised");
        }
        hostile += usize::from(!then.is_empty());
        raised_later.extend(then);
    }
    assert!(hostile > 100, "only {hostile} exchanges raised anything");
}

#[test]
fn attackers_are_seen_and_gateway_analyze_and_inspect_agree() {
    let home = home();
    let said = drive(&home, &["--minutes", "420"], &["--clear"]);
    // In real time as the gateway saw it, some hundred times faster than life.
    let captured = analyzed(&home, "captured.jsonl", "again");
    assert_seen(&home, &captured, "gateway");
    // In the time of the play, as the player saw it.
    assert_seen(&home, &analyzed(&home, "played.jsonl", "played"), "play");

    // In the clear nothing is missing, so everything that is kept is the same, ids and evidence
    // included: endpoints with their parameters, credentials, data classes and risk; findings;
    // incidents with the ids of their detections.
    for kind in ["catalog", "findings", "incidents"] {
        let of = |data| result(&home, &[kind, "--data", data, "--format", "json"]);
        let (served, read) = (of("data"), of("again"));
        assert!(!list(&served).is_empty(), "{kind}");
        assert_eq!(served, read, "{kind}");
    }
    let count = format!("{} detections", list(&captured["detections"]).len());
    assert!(said.contains(&count), "{said}");
    assert_inspected(&home);
}

#[test]
fn attackers_are_seen_and_users_are_not_when_requests_overlap() {
    let home = home();
    drive(&home, &["--minutes", "420", "--overlap", "8"], &["--clear"]);
    assert_seen(&home, &analyzed(&home, "captured.jsonl", "again"), "gateway");
    assert_seen(&home, &analyzed(&home, "played.jsonl", "played"), "play");
    let home = crate::command::home();
    let play = ["--minutes", "60", "--cast", "benign", "--overlap", "8"];
    let said = drive(&home, &play, &[]);
    assert!(said.contains(" 0 detections"), "{said}");
}

#[test]
fn an_hour_of_users_raises_nothing_and_tokens_keep_the_inventory() {
    let home = home();
    let play = ["--minutes", "60", "--cast", "benign"];
    let said = drive(&home, &play, &[]);
    assert!(said.contains(" 0 detections"), "{said}");
    assert!(list(&result(&home, &["incidents", "--data", "data", "--format", "json"])).is_empty());
    let played = analyzed(&home, "played.jsonl", "played");
    assert!(played["summary"]["exchanges"].as_u64() > Some(400));
    assert_eq!(played["detections"], Value::Array(Vec::new()));
    let read = analyzed(&home, "captured.jsonl", "again");
    assert_eq!(read["detections"], Value::Array(Vec::new()));

    // Tokens keep words, names, shapes and equality. So endpoints, how often each was asked, and
    // how callers prove who they are can be compared, except that a JWT is any bearer token then.
    // Data classes, formats and evidence cannot: check digits and meaning are in the values.
    let served = result(&home, &["catalog", "--data", "data", "--format", "json"]);
    assert!(list(&served).len() > 15);
    let served = inventory(&served);
    let is_call = |line: &String| line.contains(" /quayside.v1.Tracking/GetContainer, ");
    assert!(served.iter().any(is_call), "{served:?}");
    assert_eq!(served, inventory(&read["endpoints"]));
}

fn inventory(endpoints: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for endpoint in list(endpoints) {
        let [method, host, path] = ["method", "host", "path"].map(|key| text(&endpoint[key]));
        let mut line = format!("{method} {host} {path}, {} requests", endpoint["requests"]);
        for auth in list(&endpoint["auth"]) {
            let [kind, location, name] = ["type", "location", "name"].map(|key| text(&auth[key]));
            let kind = if kind == "jwt" { "bearer" } else { kind };
            line.push_str(&format!(", {kind} in {location} {name}"));
        }
        out.insert(line);
    }
    out
}
