//! An invented analysis, rich enough to show every part of the outputs: a shop with a storefront,
//! accounts, a partner API and an old host.

pub mod docs;
mod endpoints;
mod findings;
mod incidents;

use bartizan_model::{
    ActorId, ActorKind, Grade, HashKey, Scope, Severity, Timestamp,
    analysis::{
        ActorSummary, Analysis, CheckTally, InputSummary, NamedCount, Skipped, SourceSummary,
        SpecSummary, Summary, TimeBucket,
    },
};

pub fn key() -> HashKey {
    HashKey::new([42; 32])
}

/// `hh:mm:ss` on the day of the sample.
pub fn at(clock: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-22T{clock}Z")).expect("a time of day")
}

pub fn actor_id(name: &str) -> ActorId {
    ActorId::derive(&Scope::default(), &[name])
}

fn named(list: &[(&str, u64)]) -> Vec<NamedCount> {
    list.iter()
        .map(|(name, count)| NamedCount { name: (*name).to_owned(), count: *count })
        .collect()
}

/// The whole sample.
pub fn analysis() -> Analysis {
    let endpoints = endpoints::all();
    let findings = findings::all(&endpoints);
    let (detections, incidents) = incidents::all(&endpoints);
    let tally = |severities: Vec<Severity>| {
        let mut out = [0; 5];
        for severity in severities {
            out[severity as usize] += 1;
        }
        out
    };
    let summary = Summary {
        exchanges: timeline().iter().map(|b| b.exchanges).sum(),
        started: Some(at("06:00:00")),
        ended: Some(at("12:09:41")),
        endpoints: endpoints.len() as u64,
        provisional: endpoints.iter().filter(|e| !e.confirmed).count() as u64,
        hosts: 4,
        noise: 412,
        catch_all: 318,
        findings_by_severity: tally(findings.iter().map(|f| f.severity).collect()),
        detections_by_severity: tally(detections.iter().map(|d| d.severity).collect()),
        checks: checks(),
        not_evaluated: named(&[("BZ-D003", 12_204), ("BZ-D005", 184_402)]),
        not_inspected: named(&[
            ("response:body_not_captured", 1_204),
            ("response:unknown_media_type", 388),
            ("request:limit_body_bytes", 12),
            ("response:limit_decoded_ratio", 1),
        ]),
        partly_inspected: 1_590,
        anomalies: named(&[("json_duplicate_key", 14), ("path_double_encoding", 31)]),
        timeline: timeline(),
        specs: vec![SpecSummary {
            name: "shop.yaml".into(),
            title: "Example Outfitters storefront, 4.18".into(),
            format: "OpenAPI 3.0.3".into(),
            operations: 27,
            seen: 21,
            not_compared: named(&[("webhook", 2)]),
            problems: vec!["line 418: `$ref` to shop-common.yaml was not followed".into()],
        }],
        orphans: 6,
    };
    Analysis {
        summary,
        endpoints,
        findings,
        detections,
        incidents,
        actors: actors(),
        input: input(),
        ..Analysis::default()
    }
}

/// Traffic was read, and nothing is wrong with it.
pub fn calm() -> Analysis {
    let rich = analysis();
    Analysis {
        summary: Summary {
            exchanges: 48,
            endpoints: 2,
            hosts: 1,
            started: Some(at("10:00:00")),
            ended: Some(at("10:04:00")),
            checks: checks()
                .into_iter()
                .map(|c| CheckTally { failed: 0, passed: 4, ..c })
                .collect(),
            not_evaluated: named(&[("BZ-D005", 48)]),
            ..Summary::default()
        },
        endpoints: rich.endpoints.into_iter().filter(|e| e.risk.score < 10).take(2).collect(),
        input: InputSummary { exchanges: 48, ..InputSummary::default() },
        ..Analysis::default()
    }
}

fn input() -> InputSummary {
    let source = |name: &str, format: &str, exchanges, bytes| SourceSummary {
        name: name.into(),
        format: format.into(),
        exchanges,
        bytes,
    };
    let skipped = |reason: &str, count, first: &str| Skipped {
        reason: reason.into(),
        count,
        first: first.into(),
    };
    InputSummary {
        exchanges: 184_402,
        resumed: 0,
        skipped: vec![
            skipped("not_an_api_exchange", 1_911, "entry 3"),
            skipped("invalid_json", 4, "line 90211"),
            skipped("truncated_entry", 1, "line 184410"),
        ],
        sources: vec![
            source("captures/gateway-1.jsonl", "exchanges", 172_198, 512_448_120),
            source("captures/checkout.har", "har", 12_204, 88_103_554),
        ],
    }
}

fn checks() -> Vec<CheckTally> {
    let rows: [(&str, &str, [u64; 4]); 15] = [
        ("BZ-C001", "missing-authentication", [38_410, 140_022, 5_970, 0]),
        ("BZ-C002", "credential-in-url", [212, 184_190, 0, 0]),
        ("BZ-C003", "token-without-expiry", [9_120, 101_044, 74_238, 0]),
        ("BZ-C004", "excessive-data-in-answer", [2_118, 118_004, 51_676, 12_604]),
        ("BZ-C005", "sequential-object-ids", [2, 11, 18, 0]),
        ("BZ-C006", "verbose-error", [88, 1_204, 181_906, 1_204]),
        ("BZ-C007", "cleartext-transport", [302, 184_100, 0, 0]),
        ("BZ-C008", "any-origin-with-credentials", [5_310, 90_002, 89_090, 0]),
        ("BZ-C009", "undocumented-operation", [6, 21, 0, 4]),
        ("BZ-C010", "deprecated-operation-in-use", [2, 25, 0, 4]),
        ("BZ-C011", "missing-rate-limit-headers", [120, 64_282, 120_000, 0]),
        ("BZ-C012", "server-version-disclosed", [41, 184_361, 0, 0]),
        ("BZ-C013", "cacheable-private-answer", [0, 71_230, 112_000, 1_172]),
        ("BZ-C014", "cookie-without-flags", [0, 12_010, 172_392, 0]),
        ("BZ-C015", "schema-violation", [0, 0, 0, 184_402]),
    ];
    rows.map(|(code, name, [failed, passed, not_applicable, not_evaluated])| CheckTally {
        code: code.into(),
        name: name.into(),
        failed,
        passed,
        not_applicable,
        not_evaluated,
    })
    .into()
}

fn timeline() -> Vec<TimeBucket> {
    (0..74u64)
        .map(|i| {
            let wave = 1_538 + u64::from(i == 73) * 31 + 20 * i + (i * 7919 % 13) * 35;
            let hostile = match i {
                14..=19 => 20 + (i * 31) % 40,
                34..=36 => 18,
                37..=40 => 60 + (i * 17) % 30,
                41..=44 => 90 + (i * 13) % 70,
                60..=70 => 8 + i % 5,
                _ => 0,
            };
            TimeBucket {
                time: Timestamp::from_seconds(at("06:00:00").seconds() + i as i64 * 300),
                seconds: 300,
                exchanges: wave + hostile,
                hostile,
                errors: if i == 50 { 412 } else { i % 7 },
            }
        })
        .collect()
}

/// Name, kind, grade, label, requests, endpoints, networks, detections.
type Caller =
    (&'static str, ActorKind, Option<Grade>, &'static str, u64, u64, &'static [&'static str], u64);

const CALLERS: [Caller; 9] = [
    (
        "storefront",
        ActorKind::Principal,
        Some(Grade::Accepted),
        "client aaaaaaaaaa #c0n4e1",
        84_120,
        22,
        &["203.0.113.0/24"],
        0,
    ),
    (
        "mobile",
        ActorKind::Principal,
        Some(Grade::Accepted),
        "client aaaaaa-aaa #7w3k0p",
        61_003,
        19,
        &["203.0.113.0/24", "192.0.2.0/24"],
        0,
    ),
    (
        "partner-c04e",
        ActorKind::Principal,
        Some(Grade::Verified),
        "api key pk_aaaa #c04e9v",
        12_044,
        6,
        &["198.51.100.0/24"],
        0,
    ),
    (
        "partner-a91c",
        ActorKind::Principal,
        Some(Grade::Accepted),
        "api key pk_aaaa #a91c2d",
        1_906,
        6,
        &["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "2001:db8:7::/48"],
        4,
    ),
    (
        "spray",
        ActorKind::Campaign,
        None,
        "311 addresses, one fingerprint",
        4_812,
        2,
        &[
            "198.51.100.0/24",
            "203.0.113.0/24",
            "192.0.2.0/24",
            "2001:db8:1::/48",
            "2001:db8:2::/48",
        ],
        2,
    ),
    (
        "session-77e0",
        ActorKind::Session,
        Some(Grade::Claimed),
        "session aaaa9999 #77e0qx",
        2_214,
        3,
        &["192.0.2.0/24"],
        1,
    ),
    (
        "scanner",
        ActorKind::Address,
        None,
        "198.51.100.0/24 python-requests/2.31",
        640,
        4,
        &["198.51.100.0/24"],
        2,
    ),
    (
        "support",
        ActorKind::Principal,
        Some(Grade::Verified),
        "subject aaaa@aaaaaaa.aaa #5e0b1c",
        4_118,
        14,
        &["192.0.2.0/24"],
        0,
    ),
    (
        "health",
        ActorKind::Address,
        None,
        "192.0.2.0/24 kube-probe/1.31",
        2_880,
        1,
        &["192.0.2.0/24"],
        0,
    ),
];

fn actors() -> Vec<ActorSummary> {
    CALLERS
        .map(|(id, kind, grade, label, requests, endpoints, networks, detections)| ActorSummary {
            id: actor_id(id),
            kind,
            grade,
            label: label.into(),
            role: None,
            requests,
            endpoints,
            networks: networks.iter().map(|n| (*n).to_owned()).collect(),
            detections,
            first_seen: Some(at("06:00:02")),
            last_seen: Some(at("12:09:41")),
        })
        .into()
}
