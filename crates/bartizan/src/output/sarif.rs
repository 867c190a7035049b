//! SARIF 2.1.0 (OASIS), as code hosts and editors read it.
//!
//! Rules are derived from the metadata of the checks. A result has the place, the sentence of its evidence and
//! a fingerprint: the id of the finding, which stays when lines move.

use std::path::{Component, Path};

use bartizan_model::{Confidence, Finding, ItemMeta, Severity};
use serde_json::{Value, json};

use super::visible::visible;
use crate::discover::{
    Inventory,
    checks::{CHECKS, CodeFinding},
};

/// Most results that are written: what code hosts take of one run. The worst come first.
pub const MAX_RESULTS: usize = 5_000;
/// Longest sentence, in characters.
const MAX_TEXT: usize = 1_000;

/// The findings in source code below `folder`, with a final line break.
#[must_use]
pub fn discovered(inventory: &Inventory, folder: &Path) -> String {
    let rules: Vec<Value> = CHECKS.iter().map(|check| rule(&check.meta)).collect();
    let results = inventory.findings.iter().take(MAX_RESULTS);
    let results: Vec<Value> = results.map(|one| result(one, folder)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Bartizan",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications(inventory),
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// What was not looked at, or not written here.
fn notifications(inventory: &Inventory) -> Vec<Value> {
    let skipped = inventory.input.skipped.iter();
    let mut out: Vec<String> =
        skipped.map(|(reason, count)| format!("Left out: {count} × {reason}.")).collect();
    let more = inventory.findings.len().saturating_sub(MAX_RESULTS);
    if more > 0 {
        out.push(format!("{more} more findings: `--format json` has them all."));
    }
    out.iter().map(|text| json!({ "level": "note", "message": { "text": text } })).collect()
}

fn rule(meta: &ItemMeta) -> Value {
    let mut tags = vec!["security".to_owned()];
    tags.extend(meta.owasp.iter().flat_map(|owasp| owasp.ids()).map(|id| format!("owasp/{id}")));
    tags.extend(meta.cwe.iter().map(|cwe| {
        // `CWE-306` as code hosts look for it.
        format!("external/cwe/{}", cwe.to_string().to_ascii_lowercase())
    }));
    tags.extend(meta.attack.iter().map(|attack| format!("attack/{}", attack.0)));
    let references = meta.references.join(", ");
    json!({
        "id": meta.code,
        "name": meta.name,
        "shortDescription": { "text": meta.title },
        "fullDescription": { "text": meta.what },
        "help": {
            "text": format!("{}\n\nWhat to do: {}\n\nReferences: {references}", meta.why, meta.fix),
            "markdown": format!("{}\n\n**What to do:** {}\n\nReferences: {references}", meta.why, meta.fix),
        },
        "defaultConfiguration": { "level": level(meta.severity) },
        "properties": {
            "tags": tags,
            "precision": precision(meta.confidence),
            "security-severity": score(meta.severity),
        },
    })
}

fn result(found: &CodeFinding, folder: &Path) -> Value {
    let CodeFinding { finding, place } = found;
    json!({
        "ruleId": finding.code,
        "ruleIndex": CHECKS.iter().position(|check| check.meta.code == finding.code),
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(folder, &place.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": place.line.max(1) },
        } }],
        "partialFingerprints": { "bartizanFinding/v1": finding.id },
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "security-severity": score(finding.severity),
        },
    })
}

fn message(finding: &Finding) -> String {
    let note = finding.evidence.first().map_or(finding.title.as_str(), |one| one.note.as_str());
    visible(note, MAX_TEXT).into_owned()
}

/// The path of a file from where the command was run, as a reference (RFC 3986 §4.2). Of a folder that is not
/// below that place, the path within the folder.
fn uri(folder: &Path, file: &str) -> String {
    let is_below =
        folder.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    let folder = folder.components().filter_map(|component| match component {
        Component::Normal(name) if is_below => Some(name.to_string_lossy()),
        _ => None,
    });
    let parts = folder.chain(file.split('/').map(Into::into));
    let encoded: Vec<String> = parts.map(|part| encoded(&part)).collect();
    encoded.join("/")
}

fn encoded(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "very-high",
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// A number of the range that code hosts sort by (that of CVSS), in the middle of its word.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references_from_where_the_command_ran() {
        for (folder, file, expected) in [
            ("shop", "src/app.js", "shop/src/app.js"),
            ("./shop/", "a b%.js", "shop/a%20b%25.js"),
            (".", "app.js", "app.js"),
            ("/home/x/shop", "app.js", "app.js"),
            ("../shop", "http:evil.js", "http%3Aevil.js"),
        ] {
            assert_eq!(uri(Path::new(folder), file), expected);
        }
    }

    #[test]
    fn rules_tell_what_the_checks_tell() {
        for check in CHECKS {
            let rule = rule(&check.meta);
            assert_eq!(rule["id"], check.meta.code);
            assert_eq!(rule["shortDescription"]["text"], check.meta.title);
            let tags = rule["properties"]["tags"].as_array().expect("a list");
            assert!(
                tags.iter().any(|tag| tag
                    .as_str()
                    .is_some_and(|tag| tag.starts_with("external/cwe/cwe-")))
            );
        }
    }
}
