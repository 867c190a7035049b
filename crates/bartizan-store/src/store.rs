//! The store as its callers see it.

use std::path::Path;

use async_trait::async_trait;
use bartizan_model::{
    ActorId, ApiKey, ApiKeyId, Detection, DetectionId, Endpoint, EndpointId, Finding, FindingId,
    HashKey, Incident, IncidentId, OrganisationId, Scope, Timestamp, analysis::ActorSummary,
    source::Checkpoint,
};

use crate::{
    apart::Partings,
    api_keys::ApiKeyChange,
    audit::{AuditHead, AuditRecord, AuditReport},
    calls::Calls,
    changelog::ChangeLog,
    clients::ClientInventory,
    deliveries::DeliveryStore,
    error::Result,
    exchange_log::{
        BlockEntry, BlockPosition, ExchangeQuery, LogNumber, RemovedSegment, SegmentExtent,
    },
    facets::Facets,
    failed::FailedDeliveries,
    glance::Glance,
    journeys::Journeys,
    logins::Logins,
    orders::{ActorOrder, AuditOrder, DetectionOrder, EndpointOrder, FindingOrder, IncidentOrder},
    query::{
        ActorFilter, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, Page,
        PageRequest,
    },
    quotas::Quotas,
    records::{
        AliasEvent, AuditEntry, Batch, Counts, EndpointMerge, FindingEvent, IntegrityReport,
        LearnedState, Retention, RetentionReport, RunRecord, SaveReport, ServiceRecord,
        StateChange,
    },
    servicemap::ServiceMap,
    triage::Triage,
};

/// All shared state. Everything belongs to a scope; nothing of one scope shows in another.
///
/// A call that returned `Ok` is durable. A call that returned an error changed nothing, except that
/// after [`Uncertain`](crate::StoreError::Uncertain) it may have been done. Several processes may use
/// one PostgreSQL store; changes within a scope follow each other. No method reads a clock: times come
/// in. NUL in text is kept as U+FFFD.
#[async_trait]
pub trait Store:
    Logins
    + DeliveryStore
    + Glance
    + Calls
    + ChangeLog
    + ClientInventory
    + FailedDeliveries
    + Journeys
    + Partings
    + Quotas
    + ServiceMap
    + Triage
{
    /// Writes a batch in one transaction, and in it a delivery for each sink that wants an event that
    /// it makes.
    ///
    /// # Errors
    /// [`crate::StoreError::Full`], [`crate::StoreError::ReadOnly`], a missing or wrong key, or an
    /// impossible merge. Nothing of the batch is kept then.
    async fn save_batch(&self, scope: &Scope, batch: &Batch) -> Result<SaveReport>;

    /// Endpoints; merged ones are left out.
    async fn endpoints(
        &self,
        scope: &Scope,
        filter: &EndpointFilter,
        page: &PageRequest<EndpointOrder>,
    ) -> Result<Page<Endpoint>>;
    /// Endpoints by `host`, `method`, `protocol`, `service`, `owner`, `business_unit`, `stage`, `access`,
    /// `inventory_state`, `confirmed`, `data_class`, `known_by`, `drift` and `risk`.
    async fn endpoint_facets(&self, scope: &Scope, filter: &EndpointFilter) -> Result<Facets>;
    /// The endpoint that `id` leads to, with its aliases.
    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>>;
    /// The id that `id` leads to: itself when it is no alias.
    async fn resolve_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<EndpointId>;
    /// Makes aliases. Recorded and audited.
    ///
    /// # Errors
    /// [`crate::StoreError::InvalidChange`] when an endpoint would be merged into itself.
    async fn merge_endpoints(
        &self,
        scope: &Scope,
        merge: &EndpointMerge,
        who: &str,
        now: Timestamp,
    ) -> Result<AliasEvent>;
    /// Lets an alias stand for itself again. Recorded and audited. What was learned stays with the
    /// endpoint it led to; baselines of the split one start anew.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when it is no alias.
    async fn split_endpoint(
        &self,
        scope: &Scope,
        alias: &EndpointId,
        who: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<AliasEvent>;
    /// Takes a merge or split back. Recorded and audited.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`]; [`crate::StoreError::InvalidChange`] when a later event
    /// touched the same aliases: take that one back first.
    async fn undo_alias_event(
        &self,
        scope: &Scope,
        sequence: u64,
        who: &str,
        now: Timestamp,
    ) -> Result<AliasEvent>;
    /// The history of aliases, latest first.
    async fn alias_events(&self, scope: &Scope, page: &PageRequest) -> Result<Page<AliasEvent>>;

    /// Creates or replaces a service. Audited; nothing is written when it is the same already.
    async fn save_service(
        &self,
        scope: &Scope,
        service: &ServiceRecord,
        who: &str,
        now: Timestamp,
    ) -> Result<()>;
    /// All services by name.
    async fn services(&self, scope: &Scope) -> Result<Vec<ServiceRecord>>;

    /// Findings.
    async fn findings(
        &self,
        scope: &Scope,
        filter: &FindingFilter,
        page: &PageRequest<FindingOrder>,
    ) -> Result<Page<Finding>>;
    /// Findings by `state`, `severity`, `code` and `host`.
    async fn finding_facets(&self, scope: &Scope, filter: &FindingFilter) -> Result<Facets>;
    /// One finding.
    async fn finding(&self, scope: &Scope, id: &FindingId) -> Result<Option<Finding>>;
    /// What was decided about a finding, in order.
    async fn finding_history(&self, scope: &Scope, id: &FindingId) -> Result<Vec<FindingEvent>>;
    /// Decides about a finding. History and audit record are written in the same transaction.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`]; [`crate::StoreError::InvalidChange`] when reason or expiry
    /// do not fit, see [`StateChange`].
    async fn set_finding_state(&self, scope: &Scope, change: &StateChange) -> Result<FindingEvent>;
    /// Opens findings again whose decision lapsed at or before `now`; each is recorded and audited.
    async fn expire_finding_states(&self, scope: &Scope, now: Timestamp) -> Result<Vec<FindingId>>;

    /// Detections.
    async fn detections(
        &self,
        scope: &Scope,
        filter: &DetectionFilter,
        page: &PageRequest<DetectionOrder>,
    ) -> Result<Page<Detection>>;
    /// One detection.
    async fn detection(&self, scope: &Scope, id: &DetectionId) -> Result<Option<Detection>>;
    /// Incidents.
    async fn incidents(
        &self,
        scope: &Scope,
        filter: &IncidentFilter,
        page: &PageRequest<IncidentOrder>,
    ) -> Result<Page<Incident>>;
    /// Incidents by `severity`.
    async fn incident_facets(&self, scope: &Scope, filter: &IncidentFilter) -> Result<Facets>;
    /// One incident, also by the id of one that it took in ([`Incident::absorbed`]).
    async fn incident(&self, scope: &Scope, id: &IncidentId) -> Result<Option<Incident>>;
    /// Actors.
    async fn actors(
        &self,
        scope: &Scope,
        filter: &ActorFilter,
        page: &PageRequest<ActorOrder>,
    ) -> Result<Page<ActorSummary>>;
    /// Actors by `kind`.
    async fn actor_facets(&self, scope: &Scope, filter: &ActorFilter) -> Result<Facets>;
    /// One actor.
    async fn actor(&self, scope: &Scope, id: &ActorId) -> Result<Option<ActorSummary>>;
    /// Analysis runs, latest first.
    async fn runs(&self, scope: &Scope, page: &PageRequest) -> Result<Page<RunRecord>>;

    /// Where the source with this `input` stands.
    async fn checkpoint(&self, scope: &Scope, input: &str) -> Result<Option<Checkpoint>>;
    /// Forgets where a source stands, so that it is read from its beginning. `false` when nothing
    /// was known.
    async fn forget_checkpoint(&self, scope: &Scope, input: &str) -> Result<bool>;
    /// Learned state and when it was written.
    async fn learned(&self, scope: &Scope, name: &str)
    -> Result<Option<(LearnedState, Timestamp)>>;

    /// Adds an own API key. Audited.
    ///
    /// # Errors
    /// [`crate::StoreError::InvalidChange`] when it lacks owner or name, is there already, or there
    /// are [`crate::MAX_API_KEYS`] of them.
    async fn add_api_key(&self, scope: &Scope, key: &ApiKey, who: &str) -> Result<()>;
    /// All own API keys, oldest first.
    async fn api_keys(&self, scope: &Scope) -> Result<Vec<ApiKey>>;
    /// A number that rises with every key that is added or changes its state; 0 for no key.
    async fn api_keys_version(&self, scope: &Scope) -> Result<u64>;
    /// Disables, enables or revokes an own API key. Audited.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`]; [`crate::StoreError::InvalidChange`] when it was revoked or
    /// is in that state already.
    async fn set_api_key_state(&self, scope: &Scope, change: &ApiKeyChange) -> Result<ApiKey>;
    /// Writes down when own API keys were last used. Unknown ones are passed over.
    async fn record_api_key_use(&self, scope: &Scope, uses: &[(ApiKeyId, Timestamp)])
    -> Result<()>;

    /// Appends to the audit log.
    async fn append_audit(&self, scope: &Scope, entry: AuditEntry) -> Result<AuditRecord>;
    /// Audit records with a sequence number above `behind`.
    async fn audit_records(
        &self,
        scope: &Scope,
        behind: u64,
        page: &PageRequest<AuditOrder>,
    ) -> Result<Page<AuditRecord>>;
    /// The end of the audit chain, to be kept elsewhere.
    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead>;
    /// Walks the whole chain; with an exported head also shows whether its end was cut off.
    async fn verify_audit(
        &self,
        scope: &Scope,
        exported: Option<&AuditHead>,
    ) -> Result<AuditReport>;

    /// The key of an organisation. Created on first use, `now` being written down; never created
    /// where data exists already.
    ///
    /// # Errors
    /// [`crate::StoreError::MissingKey`], [`crate::StoreError::WrongKey`],
    /// [`crate::StoreError::ExposedKey`], [`crate::StoreError::MalformedKey`].
    async fn organisation_key(
        &self,
        organisation: &OrganisationId,
        now: Timestamp,
    ) -> Result<HashKey>;

    /// Index entries of exchange-log blocks that may hold what is asked for, in order of writing
    /// (without their subjects). At most `limit`, clamped to [`crate::MAX_PAGE`].
    async fn exchange_blocks(
        &self,
        scope: &Scope,
        query: &ExchangeQuery,
        after: Option<BlockPosition>,
        limit: u32,
    ) -> Result<Vec<BlockEntry>>;
    /// As [`Store::exchange_blocks`], newest first, of one log alone: those that were written before
    /// the one at `after`.
    async fn last_exchange_blocks(
        &self,
        scope: &Scope,
        log: LogNumber,
        query: &ExchangeQuery,
        after: Option<BlockPosition>,
        limit: u32,
    ) -> Result<Vec<BlockEntry>>;
    /// Whether the index has blocks of other exchange logs than this one.
    async fn has_other_exchanges(&self, scope: &Scope, log: LogNumber) -> Result<bool>;
    /// The endpoint that `id` leads to, and all ids that lead there.
    async fn endpoint_family(&self, scope: &Scope, id: &EndpointId) -> Result<Vec<EndpointId>>;
    /// How far each segment of an exchange log is indexed, in order.
    async fn exchange_segments(&self, scope: &Scope, log: LogNumber) -> Result<Vec<SegmentExtent>>;
    /// Highest segment number that an exchange log ever used; the one before its first for none.
    async fn last_exchange_segment(&self, scope: &Scope, log: LogNumber) -> Result<u64>;
    /// Forgets the blocks of one log's segments that exceed `budget`, oldest first, and writes down
    /// what is gone. The caller removes the files afterwards.
    async fn trim_exchanges(
        &self,
        scope: &Scope,
        budget: &crate::exchange_log::LogBudget,
        now: Timestamp,
    ) -> Result<Vec<RemovedSegment>>;
    /// Forgets the blocks of a log's oldest segment, unless it is the only one, and writes down that it is
    /// gone for [`Space`](crate::RemovalReason::Space). The caller removes the file afterwards.
    async fn remove_oldest_exchanges(
        &self,
        scope: &Scope,
        log: LogNumber,
        now: Timestamp,
    ) -> Result<Option<RemovedSegment>>;
    /// What was removed from the exchange log, oldest first.
    async fn removed_segments(&self, scope: &Scope) -> Result<Vec<RemovedSegment>>;

    /// How much is stored.
    async fn counts(&self, scope: &Scope) -> Result<Counts>;
    /// Deletes what is too old or too much. Audited when something was deleted.
    async fn retain(
        &self,
        scope: &Scope,
        retention: &Retention,
        who: &str,
        now: Timestamp,
    ) -> Result<RetentionReport>;
    /// Reads the whole database and reports damage.
    async fn integrity_check(&self) -> Result<IntegrityReport>;
    /// Writes a consistent copy of the database to a file that does not exist yet, while the store
    /// is in use: a SQLite database, whatever the store is on, that
    /// [`restore_store`](crate::restore_store) takes. Keys and the exchange log are not in it.
    ///
    /// # Errors
    /// [`crate::StoreError::AlreadyThere`], [`crate::StoreError::Full`].
    async fn backup(&self, target: &Path) -> Result<()>;
    /// Closes all connections. Also happens on drop, but then nobody waits for it.
    async fn close(&self);
}
