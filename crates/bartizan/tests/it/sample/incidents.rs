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

pub(super) fn all(endpoints: &[Endpoint]) -> (Vec<Detection>, Vec<Incident>) {
    use Severity::{Critical, High, Low, Medium};
    use Stage::{Exfiltration, Exploitation, Probing, Reconnaissance};
    let act = |code, title, severity, stage, path, from, to, exchanges, succeeded, note| Act {
        code,
        title,
        severity,
        stage,
        path,
        from,
        to,
        exchanges,
        succeeded,
        note,
    };
    let partner = [
        act(
            "BZ-D004",
            "Paths guessed, specification asked for",
            Low,
            Reconnaissance,
            "",
            "08:52:04",
            "09:03:51",
            61,
            23,
            "38 of 61 paths are unknown to the inventory; threshold 20 in ten minutes.",
        ),
        act(
            "BZ-D001",
            "Order numbers outside of the caller’s own range",
            Medium,
            Probing,
            "/v1/orders/{order_id}",
            "09:04:10",
            "09:16:48",
            118,
            46,
            "72 of 118 numbers answered 404; others of this endpoint miss 0.4 % (n = 4,821 actors).",
        ),
        act(
            "BZ-D001",
            "Order numbers walked in sequence",
            High,
            Exploitation,
            "/v1/orders/{order_id}",
            "09:17:02",
            "09:28:55",
            96,
            63,
            "74 numbers in order, 11 a minute. Baseline: 3.1 orders a day per actor, n = 4,820; distance 24 times.",
        ),
        act(
            "BZ-D001",
            "Personal data read in bulk",
            Critical,
            Exfiltration,
            "/v1/orders/{order_id}",
            "09:29:13",
            "09:41:20",
            251,
            151,
            "Four classes, 151 records in 12 minutes; the 99.9th percentile of the baseline is 9.",
        ),
    ];
    let spray = [
        act(
            "BZ-D002",
            "One password tried on many accounts",
            Medium,
            Probing,
            "/v1/sessions",
            "07:10:00",
            "07:31:12",
            4_610,
            0,
            "4,102 accounts, 1.1 tries each, from 311 addresses with one fingerprint; usual share of failures 6 %, here 99.9 %.",
        ),
        act(
            "BZ-D002",
            "Two accounts opened",
            High,
            Exploitation,
            "/v1/sessions",
            "07:31:12",
            "07:36:40",
            202,
            2,
            "Two successes right after 41 and 57 failures by the same campaign.",
        ),
    ];
    let probe = [
        act(
            "BZ-D004",
            "Administration paths probed",
            Low,
            Reconnaissance,
            "",
            "11:02:33",
            "11:10:09",
            512,
            0,
            "No path of 512 is in the inventory.",
        ),
        act(
            "BZ-D006",
            "SQL tried in the search",
            Medium,
            Probing,
            "/v1/search",
            "11:10:40",
            "11:49:02",
            128,
            0,
            "Reads as a UNION query after a closed string: `string, union, select, column list, from`.",
        ),
    ];
    let coupon = [act(
        "BZ-D001",
        "Coupon codes guessed one after another",
        Medium,
        Probing,
        "/v1/coupons/{code}/check",
        "10:58:00",
        "11:20:00",
        2_214,
        0,
        "2,214 codes, none valid; a usual session tries 1.6.",
    )];
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
            });
            detections.extend(of);
        };
    story(
        &partner,
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
        &spray,
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
        &probe,
        &who("scanner", ActorKind::Address, "198.51.100.0/24 python-requests/2.31"),
        Medium,
        &[("Injection tried", 20), ("512 paths guessed", 8), ("Nothing gained", -10)],
        "A scanner asked for 512 unknown paths and tried SQL in the search; it gained nothing.",
    );
    let session = who("session-77e0", ActorKind::Session, "session aaaa9999 #77e0qx");
    detections.extend(coupon.iter().map(|a| detection(endpoints, a, &session, 0)));
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
        confidence: if act.succeeded > 0 { Confidence::High } else { Confidence::Medium },
        time: Some(at(act.from)),
        last_time: Some(at(act.to)),
        actor: who.clone(),
        endpoint_id: endpoint.map(|e| e.id.clone()),
        exchange_ids: (0..act.exchanges.min(200))
            .map(|i| ExchangeId::from_text(format!("7f3a-{i}")))
            .collect(),
        exchanges: act.exchanges,
        succeeded: act.succeeded,
        evidence,
        owasp: vec!["API1:2023".into()],
        attack: vec!["T1119".into()],
        stage: act.stage,
    }
}
