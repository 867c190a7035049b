//! Things to store.

use bartizan_model::{
    Access, Action, ActorId, ActorKind, ActorRef, Confidence, Detection, DetectionId, Direction,
    Endpoint, EndpointId, Evidence, ExchangeId, Finding, FindingId, FindingState, HashKey,
    Incident, IncidentId, InventoryState, KnownBy, Location, Method, PolicyOutcome, Protocol,
    Scope, Severity, Side, Stage, Timestamp,
    analysis::ActorSummary,
    endpoint::{DataClassCount, Risk},
};
use bartizan_store::{
    ExchangeFacts, FieldFact, FieldType,
    exchange_log::{DecisionFact, JudgedFact},
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(crate) fn scope() -> Scope {
    Scope::default()
}

pub(crate) fn endpoint(path: &str, seen: i64) -> Endpoint {
    Endpoint {
        id: EndpointId::derive(&scope(), &["GET", path]),
        host: "api.example.com".to_owned(),
        method: Method("GET".to_owned()),
        path: path.to_owned(),
        protocol: Protocol::Rest,
        operation: None,
        service: None,
        access: Access::Public,
        inventory_state: InventoryState::Unspecified,
        confirmed: true,
        auth: Vec::new(),
        auth_judged: 3,
        auth_anonymous: Some(1),
        requests: 10,
        actors: 2,
        first_seen: Some(at(seen)),
        last_seen: Some(at(seen)),
        statuses: vec![(200, 10)],
        bodies: Vec::new(),
        variants: Vec::new(),
        written: None,
        drift: Vec::new(),
        known_by: vec![KnownBy::Traffic],
        discovered: Vec::new(),
        sketch: None,
        parameters: Vec::new(),
        data_classes: vec![DataClassCount {
            class: "email".to_owned(),
            location: Location::from_text("body:/email"),
            direction: Direction::Response,
            count: 3,
            principals: Some(2),
        }],
        risk: Risk { score: 40, factors: Vec::new() },
        template_evidence: Vec::new(),
        aliases: Vec::new(),
        ..Endpoint::default()
    }
}

pub(crate) fn finding(name: &str, severity: Severity, seen: i64) -> Finding {
    Finding {
        id: FindingId::derive(&scope(), &[name]),
        code: "BZC001".to_owned(),
        title: format!("Finding {name}"),
        severity,
        confidence: Confidence::High,
        owasp: vec!["API2:2023".to_owned()],
        cwe: vec!["CWE-287".to_owned()],
        endpoint_id: Some(EndpointId::derive(&scope(), &["GET", "/a"])),
        host: "api.example.com".to_owned(),
        endpoints: 1,
        endpoint_ids: Vec::new(),
        discriminator: String::new(),
        evidence: vec![Evidence::note("seen three times")],
        failed: 3,
        passed: 1,
        remediation: "Ask for a token.".to_owned(),
        state: FindingState::Open,
        first_seen: Some(at(seen)),
        last_seen: Some(at(seen)),
    }
}

pub(crate) fn actor_ref(name: &str) -> ActorRef {
    ActorRef {
        id: ActorId::derive(&scope(), &[name]),
        kind: ActorKind::Principal,
        label: name.into(),
    }
}

pub(crate) fn detection(name: &str, actor: &str, seen: i64) -> Detection {
    Detection {
        id: DetectionId::derive(&scope(), &[name]),
        code: "BZD001".to_owned(),
        title: format!("Detection {name}"),
        class: "sql_injection".to_owned(),
        severity: Severity::High,
        confidence: Confidence::High,
        time: Some(at(seen)),
        last_time: Some(at(seen)),
        actor: actor_ref(actor),
        endpoint_id: Some(EndpointId::derive(&scope(), &["GET", "/a"])),
        exchange_ids: vec![ExchangeId::from_text("7")],
        exchanges: 1,
        succeeded: 0,
        refused: 0,
        would_refuse: 0,
        evidence: Vec::new(),
        owasp: Vec::new(),
        attack: Vec::new(),
        stage: Stage::Probing,
    }
}

pub(crate) fn incident(name: &str, score: u8, seen: i64) -> Incident {
    Incident {
        id: IncidentId::derive(&scope(), &[name]),
        actor: actor_ref("mallory"),
        severity: Severity::High,
        score,
        factors: Vec::new(),
        started: Some(at(seen)),
        ended: Some(at(seen + 10)),
        stages: vec![Stage::Probing],
        detection_ids: vec![DetectionId::derive(&scope(), &[name])],
        summary: "Somebody tried.".to_owned(),
        linked: Vec::new(),
        absorbed: Vec::new(),
    }
}

pub(crate) fn actor(name: &str, requests: u64, seen: i64) -> ActorSummary {
    let ActorRef { id, kind, label } = actor_ref(name);
    ActorSummary {
        id,
        kind,
        grade: None,
        label,
        role: Some("clerk".into()),
        requests,
        endpoints: 1,
        networks: vec!["203.0.113.0/24".to_owned()],
        detections: requests / 10,
        first_seen: Some(at(seen)),
        last_seen: Some(at(seen)),
    }
}

/// An exchange with twenty fields.
pub(crate) fn exchange(sequence: u64) -> ExchangeFacts {
    let key = HashKey::new([9; 32]);
    let fields = (0..20u64).map(|i| FieldFact {
        location: Location::from_text(format!("body:/items/*/field{i}")),
        side: if i < 5 { Side::Request } else { Side::Response },
        value_type: FieldType::String,
        length: 12,
        classes: if i == 3 { vec!["email".to_owned()] } else { Vec::new() },
        hash: key.hash("value", &(sequence * 31 + i).to_le_bytes()),
    });
    ExchangeFacts {
        id: ExchangeId::from_text(sequence.to_string()),
        sequence,
        time: Some(at(i64::try_from(sequence).expect("small"))),
        endpoint: Some(EndpointId::derive(&scope(), &["GET", &format!("/e{}", sequence % 100)])),
        actor: Some(ActorId::derive(&scope(), &[&format!("a{}", sequence % 37)])),
        method: "GET".to_owned(),
        status: Some(200),
        request_bytes: 400,
        response_bytes: Some(1_000),
        duration_micros: Some(12_345),
        anomalies: Vec::new(),
        not_inspected: Vec::new(),
        fields: fields.collect(),
        fields_left_out: 0,
        decisions: vec![DecisionFact {
            policy: "per-address".to_owned(),
            kind: "rate".to_owned(),
            outcome: PolicyOutcome::Monitored,
            action: Action::Throttle,
            status: Some(429),
            reason: "rate-limited".to_owned(),
        }],
        decisions_left_out: 0,
        judged: Some(JudgedFact {
            codes: if sequence % 10 == 3 { vec!["BZD001".to_owned()] } else { Vec::new() },
            severity: (sequence % 10 == 3).then_some(Severity::High),
            action: Action::Throttle,
            applied: Action::Allow,
        }),
    }
}
