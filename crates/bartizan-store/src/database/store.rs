//! The trait, method by method: take a connection, do the work, name the error.

use std::path::Path;

use async_trait::async_trait;
use bartizan_model::{
    ActorId, ApiKey, ApiKeyId, Detection, DetectionId, Endpoint, EndpointId, EnvironmentId,
    EventType, Finding, FindingId, HashKey, Incident, IncidentId, OrganisationId, Scope, Timestamp,
    analysis::ActorSummary, source::Checkpoint,
};

use super::{
    Database, SqlStore,
    aliases::{self, Act},
    api_keys, audit, batch, copy, facets, filters, findings, incidents, log_index, maintain,
    outbox, query, read, services,
};
use crate::{
    api_keys::ApiKeyChange,
    audit::{AuditHead, AuditRecord, AuditReport},
    error::{Result, StoreError},
    exchange_log::{
        BlockEntry, BlockPosition, ExchangeQuery, LogBudget, LogNumber, RemovedSegment,
        SegmentExtent,
    },
    facets::Facets,
    orders::{ActorOrder, AuditOrder, DetectionOrder, EndpointOrder, FindingOrder, IncidentOrder},
    query::{
        ActorFilter, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, Page,
        PageRequest,
    },
    records::{
        AliasEvent, AuditEntry, Batch, Counts, EndpointMerge, FindingEvent, IntegrityReport,
        LearnedState, Retention, RetentionReport, RunRecord, SaveReport, ServiceRecord,
        StateChange,
    },
    sql::statements as sql,
    store::Store,
};

/// Reads with a connection of the pool.
macro_rules! reading {
    ($self:ident, $connection:ident => $work:expr) => {{
        let mut pooled = $self.reader().await?;
        let $connection = &mut pooled;
        let result: $crate::database::Inner<_> = async { $work }.await;
        result.map_err(|fault| $self.name(fault))
    }};
}

/// How often a transaction is tried that others got in the way of.
pub(super) const ATTEMPTS: u32 = 5;

/// Writes in one transaction; once more when others got in the way.
macro_rules! writing {
    ($self:ident, $scope:expr, $connection:ident => $work:expr) => {{
        let mut attempt = 1;
        loop {
            let mut write = $self.begin($scope).await?;
            let result: $crate::database::Inner<_> = {
                let $connection = &mut write.connection;
                async { $work }.await
            };
            match $self.finish(write, result).await {
                Err(fault)
                    if attempt < $crate::database::store::ATTEMPTS
                        && $crate::database::is_passing(&fault) =>
                {
                    attempt += 1;
                }
                done => break done.map_err(|fault| $self.name(fault)),
            }
        }
    }};
}

pub(super) use {reading, writing};

#[async_trait]
impl Store for SqlStore {
    async fn save_batch(&self, scope: &Scope, batch: &Batch) -> Result<SaveReport> {
        writing!(self, scope, c => batch::save(self, c, scope, batch).await)
    }

    async fn endpoints(
        &self,
        scope: &Scope,
        filter: &EndpointFilter,
        page: &PageRequest<EndpointOrder>,
    ) -> Result<Page<Endpoint>> {
        reading!(self, c => read::endpoints(c, scope, filter, page).await)
    }

    async fn endpoint_facets(&self, scope: &Scope, filter: &EndpointFilter) -> Result<Facets> {
        reading!(self, c => facets::endpoints(c, scope, filter).await)
    }

    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>> {
        reading!(self, c => read::endpoint(c, scope, id).await)
    }

    async fn resolve_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<EndpointId> {
        reading!(self, c => aliases::resolve(c, scope, id).await)
    }

    async fn merge_endpoints(
        &self,
        scope: &Scope,
        merge: &EndpointMerge,
        who: &str,
        now: Timestamp,
    ) -> Result<AliasEvent> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            let act = Act { scope, key: &key, who, reason: &merge.reason, now };
            let event = aliases::merge(c, &act, merge, false).await?;
            event.ok_or_else(|| {
                let subject = format!("endpoint {}", merge.into);
                StoreError::InvalidChange { subject, reason: "there is nothing to merge" }.into()
            })
        })
    }

    async fn split_endpoint(
        &self,
        scope: &Scope,
        alias: &EndpointId,
        who: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<AliasEvent> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            aliases::split(c, &Act { scope, key: &key, who, reason, now }, alias).await
        })
    }

    async fn undo_alias_event(
        &self,
        scope: &Scope,
        sequence: u64,
        who: &str,
        now: Timestamp,
    ) -> Result<AliasEvent> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            let reason = "taken back";
            aliases::undo(c, &Act { scope, key: &key, who, reason, now }, sequence).await
        })
    }

    async fn alias_events(&self, scope: &Scope, page: &PageRequest) -> Result<Page<AliasEvent>> {
        reading!(self, c => read::alias_events(c, scope, page).await)
    }

    async fn save_service(
        &self,
        scope: &Scope,
        service: &ServiceRecord,
        who: &str,
        now: Timestamp,
    ) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            services::save(c, scope, &key, service, who, now).await
        })
    }

    async fn services(&self, scope: &Scope) -> Result<Vec<ServiceRecord>> {
        reading!(self, c => services::all(c, scope).await)
    }

    async fn findings(
        &self,
        scope: &Scope,
        filter: &FindingFilter,
        page: &PageRequest<FindingOrder>,
    ) -> Result<Page<Finding>> {
        reading!(self, c => read::findings(c, scope, filter, page).await)
    }

    async fn finding_facets(&self, scope: &Scope, filter: &FindingFilter) -> Result<Facets> {
        reading!(self, c => facets::findings(c, scope, filter).await)
    }

    async fn finding(&self, scope: &Scope, id: &FindingId) -> Result<Option<Finding>> {
        let list = &filters::FINDINGS;
        reading!(self, c => read::one(c, list, scope, id.as_str(), read::finding_row).await)
    }

    async fn finding_history(&self, scope: &Scope, id: &FindingId) -> Result<Vec<FindingEvent>> {
        reading!(self, c => findings::history(c, scope, id).await)
    }

    async fn set_finding_state(&self, scope: &Scope, change: &StateChange) -> Result<FindingEvent> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, change.now).await?;
            let event = findings::set_state(c, scope, &key, change).await?;
            let (kind, ids) = (EventType::FindingChanged, [change.finding.clone()]);
            outbox::note_findings(c, scope, kind, &ids, change.now).await?;
            Ok(event)
        })
    }

    async fn expire_finding_states(&self, scope: &Scope, now: Timestamp) -> Result<Vec<FindingId>> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            let expired = findings::expire(c, scope, &key, now).await?;
            outbox::note_findings(c, scope, EventType::FindingReopened, &expired, now).await?;
            Ok(expired)
        })
    }

    async fn detections(
        &self,
        scope: &Scope,
        filter: &DetectionFilter,
        page: &PageRequest<DetectionOrder>,
    ) -> Result<Page<Detection>> {
        reading!(self, c => read::detections(c, scope, filter, page).await)
    }

    async fn detection(&self, scope: &Scope, id: &DetectionId) -> Result<Option<Detection>> {
        let list = &filters::DETECTIONS;
        reading!(self, c => read::one(c, list, scope, id.as_str(), read::body_row("detection")).await)
    }

    async fn incidents(
        &self,
        scope: &Scope,
        filter: &IncidentFilter,
        page: &PageRequest<IncidentOrder>,
    ) -> Result<Page<Incident>> {
        reading!(self, c => read::incidents(c, scope, filter, page).await)
    }

    async fn incident_facets(&self, scope: &Scope, filter: &IncidentFilter) -> Result<Facets> {
        reading!(self, c => facets::incidents(c, scope, filter).await)
    }

    async fn incident(&self, scope: &Scope, id: &IncidentId) -> Result<Option<Incident>> {
        reading!(self, c => incidents::find(c, scope, id).await)
    }

    async fn actors(
        &self,
        scope: &Scope,
        filter: &ActorFilter,
        page: &PageRequest<ActorOrder>,
    ) -> Result<Page<ActorSummary>> {
        reading!(self, c => read::actors(c, scope, filter, page).await)
    }

    async fn actor_facets(&self, scope: &Scope, filter: &ActorFilter) -> Result<Facets> {
        reading!(self, c => facets::actors(c, scope, filter).await)
    }

    async fn actor(&self, scope: &Scope, id: &ActorId) -> Result<Option<ActorSummary>> {
        let list = &filters::ACTORS;
        reading!(self, c => read::one(c, list, scope, id.as_str(), read::actor_row).await)
    }

    async fn runs(&self, scope: &Scope, page: &PageRequest) -> Result<Page<RunRecord>> {
        reading!(self, c => read::runs(c, scope, page).await)
    }

    async fn checkpoint(&self, scope: &Scope, input: &str) -> Result<Option<Checkpoint>> {
        reading!(self, c => {
            let row = query(sql::CHECKPOINT)
                .bind(scope.organisation.as_str())
                .bind(scope.environment.as_str())
                .bind(input)
                .fetch_optional(c)
                .await?;
            match row {
                Some(row) => read::parse("checkpoint", input.to_owned(), row.try_get(0)?).map(Some),
                None => Ok(None),
            }
        })
    }

    async fn forget_checkpoint(&self, scope: &Scope, input: &str) -> Result<bool> {
        writing!(self, scope, c => {
            let done = query(sql::DELETE_CHECKPOINT)
                .bind(scope.organisation.as_str())
                .bind(scope.environment.as_str())
                .bind(input)
                .execute(c)
                .await?;
            Ok(done > 0)
        })
    }

    async fn learned(
        &self,
        scope: &Scope,
        name: &str,
    ) -> Result<Option<(LearnedState, Timestamp)>> {
        reading!(self, c => {
            let row = query(sql::LEARNED)
                .bind(scope.organisation.as_str())
                .bind(scope.environment.as_str())
                .bind(name)
                .fetch_optional(c)
                .await?;
            let Some(row) = row else { return Ok(None) };
            let state = LearnedState { name: name.to_owned(), content: row.try_get(0)? };
            Ok(Some((state, Timestamp::from_micros(row.try_get(1)?))))
        })
    }

    async fn add_api_key(&self, scope: &Scope, new: &ApiKey, who: &str) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, new.created).await?;
            api_keys::add(c, scope, &key, new, who).await
        })
    }

    async fn api_keys(&self, scope: &Scope) -> Result<Vec<ApiKey>> {
        reading!(self, c => api_keys::all(c, scope).await)
    }

    async fn api_keys_version(&self, scope: &Scope) -> Result<u64> {
        reading!(self, c => api_keys::version(c, scope).await)
    }

    async fn set_api_key_state(&self, scope: &Scope, change: &ApiKeyChange) -> Result<ApiKey> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, change.now).await?;
            api_keys::set_state(c, scope, &key, change).await
        })
    }

    async fn record_api_key_use(
        &self,
        scope: &Scope,
        uses: &[(ApiKeyId, Timestamp)],
    ) -> Result<()> {
        writing!(self, scope, c => api_keys::record_use(c, scope, uses).await)
    }

    async fn append_audit(&self, scope: &Scope, entry: AuditEntry) -> Result<AuditRecord> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, entry.time).await?;
            audit::append(c, scope, &key, entry.clone()).await
        })
    }

    async fn audit_records(
        &self,
        scope: &Scope,
        behind: u64,
        page: &PageRequest<AuditOrder>,
    ) -> Result<Page<AuditRecord>> {
        reading!(self, c => audit::records(c, scope, behind, page).await)
    }

    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead> {
        reading!(self, c => audit::head(c, scope).await)
    }

    async fn verify_audit(
        &self,
        scope: &Scope,
        exported: Option<&AuditHead>,
    ) -> Result<AuditReport> {
        reading!(self, c => {
            let key = self.key_for_reading(c, &scope.organisation).await?;
            audit::verify(c, scope, &key, exported).await
        })
    }

    async fn organisation_key(
        &self,
        organisation: &OrganisationId,
        now: Timestamp,
    ) -> Result<HashKey> {
        if self.is_read_only() {
            return reading!(self, c => self.key_for_reading(c, organisation).await);
        }
        let everything =
            Scope { organisation: organisation.clone(), environment: EnvironmentId::default() };
        writing!(self, &everything, c => self.key_for_writing(c, organisation, now).await)
    }

    async fn exchange_blocks(
        &self,
        scope: &Scope,
        query: &ExchangeQuery,
        after: Option<BlockPosition>,
        limit: u32,
    ) -> Result<Vec<BlockEntry>> {
        reading!(self, c => log_index::blocks(c, scope, query, after, limit).await)
    }

    async fn last_exchange_blocks(
        &self,
        scope: &Scope,
        log: LogNumber,
        query: &ExchangeQuery,
        after: Option<BlockPosition>,
        limit: u32,
    ) -> Result<Vec<BlockEntry>> {
        reading!(self, c => log_index::last_blocks(c, scope, log, query, after, limit).await)
    }

    async fn has_other_exchanges(&self, scope: &Scope, log: LogNumber) -> Result<bool> {
        reading!(self, c => log_index::has_others(c, scope, log).await)
    }

    async fn endpoint_family(&self, scope: &Scope, id: &EndpointId) -> Result<Vec<EndpointId>> {
        reading!(self, c => aliases::family(c, scope, id).await)
    }

    async fn exchange_segments(&self, scope: &Scope, log: LogNumber) -> Result<Vec<SegmentExtent>> {
        reading!(self, c => log_index::segments(c, scope, log).await)
    }

    async fn last_exchange_segment(&self, scope: &Scope, log: LogNumber) -> Result<u64> {
        reading!(self, c => log_index::last_segment(c, scope, log).await)
    }

    async fn trim_exchanges(
        &self,
        scope: &Scope,
        budget: &LogBudget,
        now: Timestamp,
    ) -> Result<Vec<RemovedSegment>> {
        writing!(self, scope, c => log_index::trim(c, scope, budget, now).await)
    }

    async fn remove_oldest_exchanges(
        &self,
        scope: &Scope,
        log: LogNumber,
        now: Timestamp,
    ) -> Result<Option<RemovedSegment>> {
        writing!(self, scope, c => log_index::remove_oldest(c, scope, log, now).await)
    }

    async fn removed_segments(&self, scope: &Scope) -> Result<Vec<RemovedSegment>> {
        reading!(self, c => log_index::removed(c, scope).await)
    }

    async fn counts(&self, scope: &Scope) -> Result<Counts> {
        reading!(self, c => maintain::counts(c, scope).await)
    }

    async fn retain(
        &self,
        scope: &Scope,
        retention: &Retention,
        who: &str,
        now: Timestamp,
    ) -> Result<RetentionReport> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            maintain::retain(c, scope, &key, retention, who, now).await
        })
    }

    async fn integrity_check(&self) -> Result<IntegrityReport> {
        match &self.database {
            Database::Sqlite(database) => database.integrity().await,
            Database::Postgres(database) => database.integrity().await,
        }
        .map_err(|fault| self.name(fault))
    }

    async fn backup(&self, target: &Path) -> Result<()> {
        copy::backup(self, target).await
    }

    async fn close(&self) {
        match &self.database {
            Database::Sqlite(database) => database.close().await,
            Database::Postgres(database) => database.close().await,
        }
    }
}
