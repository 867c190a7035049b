//! A server with one of everything in two organisations, and users of every role.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
    response::Response,
};
use bartizan_analysis::classes::custom::ClassDefinition;
use bartizan_gateway::{
    Gateway, Running, handover,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::{
    Action, ActorId, ActorKind, ActorRef, ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState,
    ClientDetail, ClientForm, ClientId, ClientKind, ClientSummary, ClientTold, Confidence,
    Detection, DetectionId, Endpoint, EndpointId, ExchangeId, Finding, FindingId, FindingState,
    Grade, HashKey, Incident, IncidentId, Journey, JourneyId, LoginSecret, OrganisationId,
    PolicyOutcome, RelationId, Role, Scope, ScopeUse, ServiceId, Severity, Side, Stage, Surface,
    Timestamp,
    analysis::ActorSummary,
    change::SETTLED,
    client::{ClientOperation, ClientScope},
    journey::{CallerCount, JourneyMove, JourneyNode},
    relation::Relation,
};
use bartizan_pipeline::{
    live::Counters,
    sinks::Couriers,
    sources::receivers::{self, Inlet, Receivers},
};
use bartizan_store::{
    AccessToken, Batch, DataDirectory, DataOptions, ExchangeFacts, LearnedState, LoginSession,
    NewPassword, ServiceRecord, Store,
    exchange_log::{DecisionFact, JudgedFact},
};
use serde_json::Value;
use tokio::sync::Mutex;
use tower::ServiceExt as _;

use super::neighbours::{graph, third_party};
use crate::{
    api::{Api, Server, password},
    config::Config,
    serve::{InForce, Overrides, Watch},
};

/// The password of everybody.
pub(super) const PASSWORD: &str = "a sentence that is long enough";

/// A store with one of everything in two organisations, and users of every role.
pub(super) struct World {
    api: Api,
    pub(super) directory: Arc<DataDirectory>,
    pub(super) counters: Arc<Counters>,
    pub(super) watch: Watch,
    _gateway: Arc<Running>,
    _folder: tempfile::TempDir,
}

pub(super) fn here() -> Scope {
    Scope::default()
}

pub(super) fn elsewhere() -> Scope {
    Scope { organisation: OrganisationId::from_text("elsewhere"), ..Scope::default() }
}

/// The secret of the session of somebody.
pub(super) fn secret(scope: &Scope, user: &str) -> LoginSecret {
    let name = format!("{} {user}", scope.organisation);
    let mut bytes = [b'.'; 32];
    let length = name.len().min(32);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    LoginSecret::from_random(bytes)
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let options = DataOptions::new(folder.path());
        let directory = DataDirectory::open(&options, Timestamp::from_micros(0)).await;
        let directory = Arc::new(directory.expect("store"));
        let hash = password::hash(PASSWORD).expect("hash");
        for scope in [here(), elsewhere()] {
            fill(directory.store(), &scope).await;
            for role in Role::ALL {
                add_user(directory.store(), &scope, role.as_str(), *role, &hash).await;
            }
        }
        let batch = Batch { now: Timestamp::from_micros(1), ..Batch::default() };
        directory.save(batch, vec![exchange(1), exchange(2)]).await.expect("saved");
        let (gateway, server) = server(&directory).await;
        let (counters, watch) = (Arc::clone(&server.counters), server.watch.clone());
        let api = Api::new(&directory, here(), tokio::runtime::Handle::current(), server);
        Self { api, directory, counters, watch, _gateway: gateway, _folder: folder }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Response {
        self.api.router().oneshot(request).await.expect("infallible")
    }

    pub(super) async fn json(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.send(request).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("JSON")
        };
        (status, body)
    }
}

/// A client of an organisation.
fn client(org: &str, endpoint: &EndpointId) -> ClientDetail {
    ClientDetail {
        summary: ClientSummary {
            id: ClientId::from_text(format!("cli_{org}")),
            label: format!("billing of {org}").into(),
            form: ClientForm::Application,
            told_by: ClientTold::Token,
            grade: Grade::Accepted,
            issuer: None,
            kind: ClientKind::Server,
            kind_evidence: Vec::new(),
            users: 0,
            sources: 1,
            requests: 1,
            granted: 1,
            refused: 0,
            operations_used: 1,
            operations_unused: None,
            scopes_granted: 1,
            scopes_used: 0,
            scopes_unused: 1,
            first_seen: None,
            last_seen: None,
        },
        scopes: vec![ClientScope {
            name: "x".into(),
            claim: "scope".into(),
            usage: ScopeUse::Unused,
        }],
        operations: vec![ClientOperation {
            endpoint_id: endpoint.clone(),
            name: "GET a".to_owned(),
            requests: 1,
            needed: Vec::new(),
            lacking: Vec::new(),
            data: Vec::new(),
        }],
        operations_not_kept: 0,
        allowed: Vec::new(),
        fingerprints: Vec::new(),
        tls_versions: Vec::new(),
        absorbed: Vec::new(),
    }
}

/// Nobody wants them.
struct Nowhere;

impl Inlet for Nowhere {
    fn give(&self, _exchange: Box<bartizan_model::Exchange>) -> bool {
        false
    }

    fn gap(&self) {}
}

/// A gateway that listens and is asked nothing.
async fn server(directory: &DataDirectory) -> (Arc<Running>, Server) {
    let policies = PolicyConfig::with_defaults(Vec::new());
    let surroundings = Surroundings::embedded(HashKey::new([1; 32]));
    let enforcement = Arc::new(Enforcement::new(&policies, surroundings).expect("compiled"));
    let overrides = Overrides {
        listen: Some("127.0.0.1:0".to_owned()),
        upstream: Some("http://127.0.0.1:9".to_owned()),
    };
    let config = crate::serve::check(&Config::default(), &overrides).expect("usable");
    let (sender, _) = handover::channel(1, 1);
    let inline = Arc::clone(&enforcement) as Arc<_>;
    let gateway = Arc::new(Gateway::start(&config, inline, sender).await.expect("started"));
    let store = directory.shared_store();
    let handle = tokio::runtime::Handle::current();
    let couriers = Couriers::start(store, here(), Vec::new(), crate::serve::now, handle).await;
    let couriers = couriers.expect("started");
    let in_force = InForce::new(config, policies, enforcement);
    let in_force = in_force.with_exception(super::exceptions::made());
    let server = Server {
        started: Timestamp::from_micros(1),
        gateway: Arc::downgrade(&gateway),
        counters: Arc::default(),
        in_force: Arc::new(Mutex::new(in_force)),
        judging: super::apart::judging(&[own_class()]),
        watch: Watch::default(),
        couriers,
        receivers: Arc::new(Receivers::new(receivers::Surroundings {
            inlet: Arc::new(Nowhere),
            now: crate::serve::now,
            decoding: tokio::runtime::Handle::current(),
        })),
        closed: Arc::default(),
        traffic: tokio::runtime::Handle::current(),
        replays: Arc::default(),
    };
    (gateway, server)
}

/// The data class of the configuration.
fn own_class() -> ClassDefinition {
    serde_json::from_value(serde_json::json!({
        "name": "customer_number", "title": "Numbers of our customers", "group": "personal",
        "family": "national_id", "pattern": "C-[0-9]{6}",
        "examples": [{"field": "customer", "value": "C-123456"}],
        "counterexamples": [{"field": "customer", "value": "C-12345"}],
    }))
    .expect("a definition")
}

async fn add_user(store: &dyn Store, scope: &Scope, name: &str, role: Role, hash: &str) {
    let (now, password) =
        (crate::serve::now(), NewPassword { hash: hash.to_owned(), must_change: false });
    store.add_user(scope, name, role, &password, "test", now).await.expect("added");
    let expires = Timestamp::from_micros(now.micros() + 3_600_000_000);
    let session = LoginSession { user: name.to_owned(), created: now, used: now, expires };
    store.begin_session(scope, &secret(scope, name).digest(), &session).await.expect("begun");
}

pub(super) fn digest_of(scope: &Scope) -> bartizan_model::LoginDigest {
    secret(scope, "token").digest()
}

/// What is kept of an exchange of the default organisation; every odd one is hostile and refused.
pub(super) fn exchange(number: u64) -> ExchangeFacts {
    let is_hostile = number % 2 == 1;
    let decision = DecisionFact {
        policy: "<b>".to_owned(),
        kind: "detectors".to_owned(),
        outcome: PolicyOutcome::Enforced,
        action: Action::Deny,
        status: Some(403),
        reason: "sql-injection".to_owned(),
    };
    let limited = DecisionFact {
        policy: "default-rate".to_owned(),
        kind: "rate".to_owned(),
        outcome: PolicyOutcome::Monitored,
        action: Action::Throttle,
        status: Some(429),
        reason: "rate-exceeded".to_owned(),
    };
    ExchangeFacts {
        id: ExchangeId::from_text(format!("exc_default_{number}")),
        sequence: number,
        time: Some(Timestamp::from_micros(i64::try_from(number).expect("small"))),
        endpoint: Some(EndpointId::from_text("ep_default")),
        actor: Some(ActorId::from_text("act_default")),
        method: "GET".to_owned(),
        status: Some(if is_hostile { 403 } else { 200 }),
        decisions: if is_hostile { vec![decision, limited] } else { Vec::new() },
        judged: Some(JudgedFact {
            codes: if is_hostile { vec!["BZ-D001".to_owned()] } else { Vec::new() },
            severity: is_hostile.then_some(Severity::High),
            action: if is_hostile { Action::Deny } else { Action::Allow },
            applied: if is_hostile { Action::Deny } else { Action::Allow },
        }),
        ..ExchangeFacts::default()
    }
}

/// The endpoint answers callers without a credential, which it did not in the baseline.
async fn change(store: &dyn Store, scope: &Scope, endpoints: Vec<Endpoint>) {
    for anonymous in [false, true] {
        let surface = Surface {
            endpoint: endpoints[0].id.clone(),
            confirmed: true,
            requests: 30 + u64::from(anonymous),
            successes: SETTLED,
            anonymous: Some(anonymous),
            ..Surface::default()
        };
        let batch =
            Batch { endpoints: endpoints.clone(), surfaces: vec![surface], ..Batch::default() };
        store.save_batch(scope, &batch).await.expect("saved");
    }
}

/// The way of callers who go from the endpoint to itself.
fn journey(scope: &Scope, endpoint: &Endpoint) -> Journey {
    let here = endpoint.id.clone();
    let node = JourneyNode {
        endpoint_id: here.clone(),
        path: endpoint.path.clone(),
        visits: 50,
        sessions: 25,
        share: 1.0,
        starts: 25,
        ends: 25,
        callers: CallerCount::Several,
        ..JourneyNode::default()
    };
    let again = JourneyMove {
        from: here.clone(),
        to: here,
        count: 25,
        share: 0.5,
        callers: CallerCount::Several,
        ..JourneyMove::default()
    };
    Journey {
        id: JourneyId::from_text(format!("jny_{}", scope.organisation)),
        host: endpoint.host.clone(),
        role: "anonymous".into(),
        sessions: 25,
        actors: 5,
        nodes: vec![node],
        moves: vec![again],
        ..Journey::default()
    }
}

/// One of everything, of which ids and names say whose it is.
async fn fill(store: &dyn Store, scope: &Scope) {
    let org = scope.organisation.as_str();
    let actor = ActorRef {
        id: ActorId::from_text(format!("act_{org}")),
        kind: ActorKind::Address,
        label: "203.0.113.7".into(),
    };
    let endpoint = Endpoint {
        id: EndpointId::from_text(format!("ep_{org}")),
        host: format!("{org}.example"),
        path: "/v1/orders/{id}".to_owned(),
        ..Endpoint::default()
    };
    let detection = Detection {
        id: DetectionId::from_text(format!("det_{org}")),
        code: "BZ-D001".to_owned(),
        title: "SQL injection".to_owned(),
        class: "sql_injection".to_owned(),
        severity: Severity::High,
        confidence: Confidence::ALL[0],
        time: Some(Timestamp::from_micros(1)),
        last_time: Some(Timestamp::from_micros(2)),
        actor: actor.clone(),
        endpoint_id: Some(endpoint.id.clone()),
        exchange_ids: vec![ExchangeId::from_text(format!("exc_{org}_1"))],
        exchanges: 1,
        succeeded: 0,
        refused: 0,
        would_refuse: 0,
        evidence: Vec::new(),
        owasp: Vec::new(),
        attack: Vec::new(),
        stage: Stage::Probing,
    };
    let incident = Incident {
        id: IncidentId::from_text(format!("inc_{org}")),
        actor: actor.clone(),
        linked: Vec::new(),
        severity: Severity::High,
        score: 50,
        factors: Vec::new(),
        started: None,
        ended: None,
        stages: Vec::new(),
        detection_ids: vec![detection.id.clone()],
        summary: "one probe".to_owned(),
        absorbed: Vec::new(),
    };
    let finding = Finding {
        id: FindingId::from_text(format!("fnd_{org}")),
        code: "BZ-C001".to_owned(),
        title: "a weakness".to_owned(),
        severity: Severity::High,
        confidence: Confidence::ALL[0],
        owasp: Vec::new(),
        cwe: Vec::new(),
        endpoint_id: Some(endpoint.id.clone()),
        host: endpoint.host.clone(),
        endpoints: 1,
        endpoint_ids: Vec::new(),
        discriminator: String::new(),
        evidence: Vec::new(),
        failed: 1,
        passed: 0,
        remediation: "mend it".to_owned(),
        state: FindingState::Open,
        first_seen: None,
        last_seen: None,
    };
    let summary = ActorSummary {
        id: actor.id.clone(),
        kind: actor.kind,
        grade: None,
        label: actor.label.clone(),
        role: None,
        requests: 1,
        endpoints: 1,
        networks: Vec::new(),
        detections: 1,
        first_seen: None,
        last_seen: None,
    };
    let clients = vec![client(org, &endpoint.id)];
    let batch = Batch {
        endpoints: vec![endpoint.clone()],
        findings: vec![finding],
        detections: vec![detection],
        incidents: vec![incident],
        actors: vec![summary],
        clients,
        journeys: vec![journey(scope, &endpoint)],
        services: Some(graph(org)),
        egress: Some(vec![third_party(org)]),
        learned: vec![relations(org, &endpoint)],
        ..Batch::default()
    };
    let endpoints = batch.endpoints.clone();
    store.save_batch(scope, &batch).await.expect("saved");
    change(store, scope, endpoints).await;
    let service = ServiceRecord {
        id: ServiceId::from_text(format!("svc_{org}")),
        name: format!("orders of {org}"),
        ..ServiceRecord::default()
    };
    store.save_service(scope, &service, "test", Timestamp::from_micros(1)).await.expect("saved");
    let key = ApiKey {
        id: ApiKeyId::from_text(format!("key_{org}")),
        name: "key".to_owned(),
        owner: org.to_owned(),
        scopes: Vec::new(),
        state: ApiKeyState::Active,
        created: Timestamp::from_micros(1),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest: ApiKeySecret::from_random([org.len() as u8; 32]).digest(&HashKey::new([1; 32])),
    };
    store.add_api_key(scope, &key, "test").await.expect("added");
    let hash = NewPassword { hash: "none".to_owned(), must_change: false };
    let (now, owner) = (crate::serve::now(), "owner");
    store.add_user(scope, owner, Role::Admin, &hash, "test", now).await.expect("added");
    let token = AccessToken {
        id: format!("tok_{org}"),
        name: format!("token of {org}"),
        user: owner.to_owned(),
        role: Role::Viewer,
        created: now,
        expires: Timestamp::from_micros(now.micros() + 3_600_000_000),
        used: None,
    };
    store.add_token(scope, &digest_of(scope), &token).await.expect("added");
    super::webhooks::fail(store, scope).await;
}

/// What traffic shows to be its callers' own.
fn relations(org: &str, endpoint: &Endpoint) -> LearnedState {
    let relation = Relation {
        id: RelationId::from_text(format!("rel_{org}")),
        endpoint_id: endpoint.id.clone(),
        host: endpoint.host.clone(),
        method: "GET".to_owned(),
        path: endpoint.path.clone(),
        side: Side::Response,
        place: "body:/owner".to_owned(),
        claim: "sub".to_owned(),
        callers: 7,
        support: 90,
        exempt: Vec::new(),
    };
    let content = serde_json::to_vec(&[relation]).expect("JSON");
    LearnedState { name: bartizan_pipeline::keep::RELATIONS.to_owned(), content }
}
