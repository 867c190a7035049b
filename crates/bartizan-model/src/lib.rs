//! Shared vocabulary of Bartizan: exchanges, endpoints, principals, findings, detections, limits,
//! redaction. Pure data: no IO, no clock, no randomness. Every other crate speaks these words.

pub mod actor;
pub mod address;
pub mod analysis;
pub mod api_key;
pub mod bodies;
pub mod change;
pub mod client;
pub mod conversation;
pub mod counters;
pub mod data_class;
pub mod deny;
pub mod detection;
pub mod discovered;
pub mod drift;
pub mod endpoint;
pub mod event;
pub mod evidence;
pub mod exchange;
pub mod fields;
pub mod finding;
pub mod hash;
pub mod host;
pub mod ids;
pub mod incident;
pub mod item;
pub mod journey;
pub mod key_terms;
pub mod limits;
pub mod location;
pub mod owners;
pub mod place;
pub mod policy;
pub mod probe;
pub mod protocol;
pub mod quota;
pub mod redact;
pub mod relation;
pub mod replay;
pub mod services;
pub mod severity;
pub mod sketch;
pub mod source;
pub mod taxonomy;
pub mod time;
pub mod user;
pub mod verdict;
pub mod webhook;
mod words;

pub use actor::{ActorKind, ActorRef, Grade, Principal, PrincipalKind, Session};
pub use api_key::{ApiKey, ApiKeyDigest, ApiKeySecret, ApiKeyState, ApiKeyStore, ApiKeys};
pub use change::{Change, ChangeGrade, ChangeKind, Surface};
pub use client::{ClientDetail, ClientForm, ClientKind, ClientSummary, ClientTold, ScopeUse};
pub use conversation::{Completed, CompletedBy, Conversation, MessageSeen};
pub use data_class::{DataClass, Direction};
pub use detection::Detection;
pub use discovered::{DeclaredInCode, Demanded, Discovered, KnownBy, ShownByServer};
pub use drift::{Drift, DriftGrade, DriftKind, Written};
pub use endpoint::{
    Access, Auth, AuthKnown, AuthType, Endpoint, InventoryState, Method, Parameter, Protocol,
    Variant,
};
pub use event::{Event, EventType};
pub use evidence::{Evidence, EvidenceValue};
pub use exchange::{
    BodyState, Client, Exchange, Flow, HeaderState, Headers, Message, Request, Response, Tls,
    is_success,
};
pub use fields::Fields;
pub use finding::{Finding, FindingState, Outcome};
pub use hash::{HashKey, KeyedHash};
pub use host::HostPattern;
pub use ids::{
    ActorId, ApiKeyId, ChangeId, ClientId, DetectionId, EndpointId, EnvironmentId, EventId,
    ExchangeId, FailedDeliveryId, FindingId, IncidentId, JourneyId, OrganisationId, PrincipalId,
    RelationId, Scope, ServiceId, SessionId,
};
pub use incident::{Incident, Stage};
pub use item::{Input, ItemMeta, Status, Subject};
pub use journey::{Journey, JourneySummary};
pub use key_terms::{ApiKeyRate, ApiKeyTerms, BoundCertificate};
pub use limits::{LimitName, Limits, NotInspected};
pub use location::{GeneralStep, Location, Root, Side};
pub use place::{Called, Fact, LifeStage, Reached, Resource, ResourceKind, Told, ToldBy, Way};
pub use policy::Mode;
pub use quota::{QuotaPeriod, QuotaStore, Reserved, Unused};
pub use redact::Redacted;
pub use services::{LinkBy, NodeKind, ServiceGraph, ServiceLink, ServiceNode, ThirdParty};
pub use severity::{Confidence, Severity};
pub use sketch::Sketch;
pub use taxonomy::{Attack, Cwe, Owasp};
pub use time::{Duration, Timestamp};
pub use user::{LoginDigest, LoginSecret, Role, User};
pub use verdict::{Action, PolicyDecision, PolicyOutcome, Verdict};
