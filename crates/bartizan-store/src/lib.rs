//! What Bartizan keeps: inventory, findings and their workflow, detections, incidents, actors,
//! own API keys, users, events on their way to sinks, checkpoints, learned state and the audit log in
//! SQL ([`Store`], on SQLite or PostgreSQL: [`SqlStore`]), and
//! what was seen in every exchange beside it ([`ExchangeLog`]). [`DataDirectory`] opens all of it.
//!
//! Every row, key and file belongs to an organisation and environment. Nothing here reads a clock.

mod apart;
mod api_keys;
mod audit;
mod calls;
mod changelog;
mod clients;
mod database;
mod deliveries;
mod directory;
mod error;
pub mod exchange_log;
mod facets;
mod failed;
mod files;
mod glance;
mod journeys;
pub mod keys;
mod lock;
mod logins;
mod options;
mod orders;
mod postgres;
mod query;
mod quotas;
mod records;
mod servicemap;
mod sql;
mod sqlite;
mod store;
mod transfer;
mod triage;
mod workflow;

pub use apart::{MAX_APART_REASON, MAX_PATH_APART, MAX_PATHS_APART, Parting, Partings, PathApart};
pub use api_keys::{ApiKeyChange, MAX_API_KEYS, NewApiKey, StoredApiKeys, create_api_key};
pub use audit::{AuditHead, AuditProblem, AuditRecord, AuditReport};
pub use calls::{CallCount, Calls, CallsCompared, Period, PeriodPair};
pub use changelog::{
    CHANGES_KEPT, ChangeBaseline, ChangeFilter, ChangeLog, MAX_CHANGES, MAX_CHANGES_AT_ONCE,
};
pub use clients::{ClientFilter, ClientInventory, MAX_KEPT_CLIENTS};
pub use database::{CopyReport, SqlStore, schema::SCHEMA_VERSION};
pub use deliveries::{
    DeadLetterFilter, Delivery, DeliveryStore, Fate, MAX_DELIVERY_ERROR, MAX_TAKEN, Settled,
    SinkState, Subscription, Take,
};
pub use directory::{DATABASE_FILE, DataDirectory, ExchangePage, LatestExchanges, MOST_REMOVED};
pub use error::{Result, StoreError};
pub use exchange_log::{
    BlockEntry, BlockPosition, ExchangeFacts, ExchangeLog, ExchangeQuery, FieldFact, FieldType,
    FileExchangeLog, LogBudget, LogNumber, LogOptions, Packed, RemovalReason, RemovedSegment,
    SegmentExtent,
};
pub use facets::{Facet, FacetValue, Facets, MAX_FACET_VALUES};
pub use failed::{
    FailedDeliveries, FailedDeliveryChange, FailedDeliveryFilter, KeepReport, MAX_FAILED_BYTES,
    MAX_FAILED_DELIVERIES,
};
pub use files::MAX_NAME_BYTES;
pub use glance::{
    Changes, DataClassSpread, EndpointChange, EndpointName, Glance, MAX_ENDPOINT_CHANGES,
    Resolution, TrafficBucket,
};
pub use journeys::{JourneyFilter, Journeys};
pub use keys::KeyDirectory;
pub use lock::{DirectoryLock, LOCK_FILE};
pub use logins::{
    AccessToken, LoginSession, Logins, MAX_SESSIONS, MAX_TOKENS, MAX_USERS, NewPassword, UserChange,
};
pub use options::DataOptions;
pub use orders::{
    ActorOrder, AuditOrder, ChangeOrder, ClientOrder, DetectionOrder, EndpointOrder, FindingOrder,
    IncidentOrder, JourneyOrder, ThirdPartyOrder,
};
pub use postgres::PostgresOptions;
pub use query::{
    ActorFilter, Cursor, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, MAX_PAGE,
    Page, PageRequest,
};
pub use quotas::{Quotas, StoredQuotas};
pub use records::{
    AliasChange, AliasEvent, AliasEventKind, AuditEntry, Batch, Counts, EndpointMerge,
    FindingEvent, IntegrityReport, LearnedState, PRODUCT, Retention, RetentionReport, RunRecord,
    SaveReport, ServiceRecord, StateChange,
};
pub use servicemap::{ServiceMap, ThirdPartyFilter};
pub use store::Store;
pub use transfer::{move_store, restore_store};
pub use triage::{Assignment, FindingComment, MAX_COMMENT, MAX_COMMENTS, NewComment, Triage};
