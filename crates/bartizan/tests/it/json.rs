//! `--format json` has the documented shape.

use bartizan::output::json;
use bartizan_model::analysis::Analysis;
use serde_json::Value;

use crate::sample;

fn has(value: &Value, keys: &str) {
    for key in keys.split(", ") {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
}

#[test]
fn field_names_are_those_of_the_contract() {
    let analysis = sample::analysis();
    let mut out = Vec::new();
    json::write(&analysis, &mut out).expect("memory");
    assert!(out.ends_with(b"}\n"));
    let root: Value = serde_json::from_slice(&out).expect("JSON");
    has(&root, "summary, endpoints, findings, detections, incidents, actors, input");
    has(&root["input"], "exchanges, skipped");
    has(&root["input"]["skipped"][0], "reason, count");
    let endpoint = &root["endpoints"][0];
    has(endpoint, "id, host, method, path, protocol, operation, service, access, inventory_state");
    has(endpoint, "confirmed, auth, requests, actors, first_seen, last_seen, parameters");
    has(endpoint, "data_classes, risk, auth_judged");
    has(&root["summary"], "exchanges, partly_inspected, not_inspected, noise, catch_all");
    has(&endpoint["auth"][0], "type, location, name, coverage");
    has(&endpoint["parameters"][0], "name, location, type, format, required, examples_redacted");
    has(&endpoint["data_classes"][0], "class, location, direction, count");
    has(&endpoint["risk"], "score, factors");
    let finding = &root["findings"][0];
    has(finding, "id, code, title, severity, confidence, owasp, cwe, endpoint_id, evidence");
    has(finding, "remediation, state, first_seen, last_seen, endpoints, endpoint_ids");
    let detection = &root["detections"][0];
    has(detection, "id, code, title, severity, confidence, time, actor, endpoint_id");
    has(detection, "exchange_ids, evidence, owasp, attack");
    has(&root["incidents"][0], "id, actor, severity, score, started, ended, stages");
    has(&root["incidents"][0], "detection_ids, summary");
    assert_eq!(serde_json::from_value::<Analysis>(root).expect("reads back"), analysis);
}
