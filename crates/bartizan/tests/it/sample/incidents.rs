use bartizan_model::{
    ActorKind, ActorRef, Confidence, Detection, DetectionId, Endpoint, Evidence, EvidenceValue,
    ExchangeId, Incident, IncidentId, Location, Scope, Severity, Side, Stage,
    incident::ScoreFactor,
};

use super::{actor_id, at, key};

struct Act {
    code: &'static str,
    title: &'static str,
    severity: Severity,
    stage: Stage,
    path: &'static str,
    from: &'static str,
    to: &'static str,
    exchanges: u64,
    succeeded: u64,
    note: &'static str,
}

const PARTNER: [Act; 4] = [
    Act {
        code: "BZ-D004",
        title: "Paths guessed, specification asked for",
        severity: Severity::Low,
        stage: Stage::Reconnaissance,
        path: "",
        from: "08:52:04",
        to: "09:03:51",
        exchanges: 61,
        succeeded: 23,
        note: "38 of 61 paths are unknown to the inventory; threshold 20 in ten minutes.",
    },
    Act {
        code: "BZ-D001",
        title: "Order numbers outside of the caller’s own range",
        severity: Severity::Medium,
        stage: Stage::Probing,
        path: "/v1/orders/{order_id}",
        from: "09:04:10",
        to: "09:16:48",
        exchanges: 118,
        succeeded: 46,
        note: "72 of 118 numbers answered 404; others of this endpoint miss 0.4 % (n = 4,821 actors).",
    },
    Act {
        code: "BZ-D001",
        title: "Order numbers walked in sequence",
        severity: Severity::High,
        stage: Stage::Exploitation,
        path: "/v1/orders/{order_id}",
        from: "09:17:02",
        to: "09:28:55",
        exchanges: 96,
        succeeded: 63,
        note: "74 numbers in order, 11 a minute. Baseline: 3.1 orders a day per actor, n = 4,820; distance 24 times.",
    },
    Act {
        code: "BZ-D001",
        title: "Personal data read in bulk",
        severity: Severity::Critical,
        stage: Stage::Exfiltration,
        path: "/v1/orders/{order_id}",
        from: "09:29:13",
        to: "09:41:20",
        exchanges: 251,
        succeeded: 151,
        note: "Four classes, 151 records in 12 minutes; the 99.9th percentile of the baseline is 9.",
    },
];

const SPRAY: [Act; 2] = [
    Act {
        code: "BZ-D002",
        title: "One password tried on many accounts",
        severity: Severity::Medium,
        stage: Stage::Probing,
        path: "/v1/sessions",
        from: "07:10:00",
        to: "07:31:12",
        exchanges: 4_610,
        succeeded: 0,
        note: "4,102 accounts, 1.1 tries each, from 311 addresses with one fingerprint; usual share of failures 6 %, here 99.9 %.",
    },
    Act {
        code: "BZ-D002",
        title: "Two accounts opened",
        severity: Severity::High,
        stage: Stage::Exploitation,
        path: "/v1/sessions",
        from: "07:31:12",
        to: "07:36:40",
        exchanges: 202,
        succeeded: 2,
        note: "Two successes right after 41 and 57 failures by the same campaign.",
    },
];

const PROBE: [Act; 2] = [
    Act {
        code: "BZ-D004",
        title: "Administration paths probed",
        severity: Severity::Low,
        stage: Stage::Reconnaissance,
        path: "",
        from: "11:02:33",
        to: "11:10:09",
        exchanges: 512,
        succeeded: 0,
        note: "No path of 512 is in the inventory.",
    },
    Act {
        code: "BZ-D006",
        title: "SQL tried in the search",
        severity: Severity::Medium,
        stage: Stage::Probing,
        path: "/v1/search",
        from: "11:10:40",
        to: "11:49:02",
        exchanges: 128,
        succeeded: 0,
        note: "Reads as a UNION query after a closed string: `string, union, select, column list, from`.",
    },
];

const COUPON: [Act; 1] = [Act {
    code: "BZ-D001",
    title: "Coupon codes guessed one after another",
    severity: Severity::Medium,
    stage: Stage::Probing,
    path: "/v1/coupons/{code}/check",
    from: "10:58:00",
    to: "11:20:00",
    exchanges: 2_214,
    succeeded: 0,
    note: "2,214 codes, none valid; a usual session tries 1.6.",
}];

pub(super) fn all(endpoints: &[Endpoint]) -> (Vec<Detection>, Vec<Incident>) {
    use Severity::{Critical, High, Medium};
    let mut detections = Vec::new();
    let mut incidents = Vec::new();
    let mut story =
        |acts: &[Act], who: &ActorRef, severity, factors: &[(&str, i32)], summary: &str| {
            let of: Vec<Detection> =
                acts.iter().enumerate().map(|(i, a)| detection(endpoints, a, who, i)).collect();
            let mut stages: Vec<Stage> = of.iter().map(|d| d.stage).collect();
            stages.dedup();
            incidents.push(Incident {
                id: IncidentId::derive(&Scope::default(), &[summary]),
                actor: who.clone(),
                severity,
                score: u8::try_from(factors.iter().map(|f| f.1).sum::<i32>().clamp(0, 100))
                    .expect("clamped"),
                factors: factors
                    .iter()
                    .map(|(r, p)| ScoreFactor { reason: (*r).into(), points: *p })
                    .collect(),
                started: of.first().and_then(|d| d.time),
                ended: of.last().and_then(|d| d.last_time),
                stages,
                detection_ids: of.iter().map(|d| d.id.clone()).collect(),
                summary: summary.into(),
                linked: Vec::new(),
                absorbed: Vec::new(),
            });
            detections.extend(of);
        };
    story(
        &PARTNER,
        &who("partner-a91c", ActorKind::Principal, "api key pk_aaaa #a91c2d"),
        Critical,
        &[
            ("Objects of others read", 40),
            ("214 records reached", 18),
            ("Address, e-mail, card digits", 12),
            ("All four stages reached", 10),
            ("31 times its baseline, n = 90 days", 12),
        ],
        "A partner’s key, used from four networks, found the order route, walked its numbers and read 151 orders of other customers within 50 minutes.",
    );
    story(
        &SPRAY,
        &who("spray", ActorKind::Campaign, "311 addresses, one fingerprint"),
        High,
        &[
            ("Two accounts opened", 35),
            ("4,812 tries on 4,102 accounts", 18),
            ("311 addresses", 10),
            ("Stopped by itself after 27 minutes", -4),
        ],
        "Passwords were sprayed from 311 addresses; two accounts opened.",
    );
    story(
        &PROBE,
        &who("scanner", ActorKind::Address, "198.51.100.0/24 python-requests/2.31"),
        Medium,
        &[("Injection tried", 20), ("512 paths guessed", 8), ("Nothing gained", -10)],
        "A scanner asked for 512 unknown paths and tried SQL in the search; it gained nothing.",
    );
    let session = who("session-77e0", ActorKind::Session, "session aaaa9999 #77e0qx");
    detections.extend(COUPON.iter().map(|a| detection(endpoints, a, &session, 0)));
    detections.sort_by_key(|d| d.time);
    (detections, incidents)
}

fn who(id: &str, kind: ActorKind, label: &str) -> ActorRef {
    ActorRef { id: actor_id(id), kind, label: label.into() }
}

fn detection(endpoints: &[Endpoint], act: &Act, who: &ActorRef, index: usize) -> Detection {
    let endpoint = endpoints.iter().rfind(|e| e.path == act.path);
    let mut evidence = vec![Evidence::note(act.note)];
    if endpoint.is_some() {
        let value = EvidenceValue::of(&key(), "token", who.label.as_str());
        evidence.push(
            Evidence::at(Side::Request, Location::from_text("header.x-api-key"), "")
                .with_value(value)
                .in_exchange(&ExchangeId::from_text(format!("7f3a-{index}"))),
        );
    }
    Detection {
        id: DetectionId::derive(&Scope::default(), &[act.title]),
        code: act.code.into(),
        title: act.title.into(),
        class: if act.code == "BZ-D006" { "sql_injection" } else { "enumeration" }.into(),
        severity: act.severity,
        // What an injection is can be sure without any gain.
        confidence: match act.succeeded > 0 || act.code == "BZ-D006" {
            true => Confidence::High,
            false => Confidence::Medium,
        },
        time: Some(at(act.from)),
        last_time: Some(at(act.to)),
        actor: who.clone(),
        endpoint_id: endpoint.map(|e| e.id.clone()),
        exchange_ids: (0..act.exchanges.min(200))
            .map(|i| ExchangeId::from_text(format!("7f3a-{i}")))
            .collect(),
        exchanges: act.exchanges,
        succeeded: act.succeeded,
        refused: 0,
        would_refuse: 0,
        evidence,
        owasp: vec!["API1:2023".into()],
        attack: vec!["T1119".into()],
        stage: act.stage,
    }
}
