//! Failed deliveries in the database.

mod sealed;

use async_trait::async_trait;
use bartizan_model::{
    FailedDeliveryId, HashKey, KeyedHash, Scope, Timestamp,
    webhook::{Delivered, DeliveryState, FailedDelivery, KeptDelivery, Replayed},
};

use super::{
    Connection, Fault, Inner, Row, SqlStore, Value,
    audit::{self, signed, unsigned},
    query, read,
    store::{reading, writing},
};
use crate::{
    error::{Result, StoreError},
    failed::{
        FailedDeliveries, FailedDeliveryChange, FailedDeliveryFilter, KeepReport, MAX_FAILED_BYTES,
        MAX_FAILED_DELIVERIES,
    },
    query::{Page, PageRequest},
    records::{AuditEntry, PRODUCT},
    sql::{
        failed as sql,
        select::{List, Select},
        sorted::{
            Key::{Int, Text},
            Sorted,
        },
    },
};

static FAILED: List = List {
    name: "failed deliveries",
    columns: "id, state, policy, service, first_at, last_at, until_at, exchange, failure, status, failures, replays, \
              bytes, missing",
    table: "failed_deliveries",
};
const LATEST: Sorted = Sorted::down("-last", &[Int("last_at"), Text("id")]);
/// Most ids that one entry of the audit log names.
const NAMED: usize = 100;

/// A statement with organisation and environment bound.
macro_rules! query {
    ($text:expr, $scope:expr $(, $value:expr)*) => {
        query($text)
            .bind($scope.organisation.as_str())
            .bind($scope.environment.as_str())
            $(.bind($value))*
    };
}

#[async_trait]
impl FailedDeliveries for SqlStore {
    async fn keep_failed_deliveries(
        &self,
        scope: &Scope,
        failed: &[FailedDelivery],
        now: Timestamp,
    ) -> Result<KeepReport> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            keep(c, scope, &key, failed, now).await
        })
    }

    async fn failed_deliveries_came(
        &self,
        scope: &Scope,
        keys: &[KeyedHash],
        now: Timestamp,
    ) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            came(c, scope, &key, keys, now).await
        })
    }

    async fn failed_delivery_keys(&self, scope: &Scope) -> Result<Vec<KeyedHash>> {
        reading!(self, c => {
            let rows = query!(sql::KEYS, scope).fetch_all(c).await?;
            let texts: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            Ok(texts.iter().filter_map(|text| KeyedHash::parse(text)).collect())
        })
    }

    async fn failed_deliveries(
        &self,
        scope: &Scope,
        filter: &FailedDeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<KeptDelivery>> {
        reading!(self, c => {
            let mut select = Select::new(&FAILED, scope);
            select.also_text("state", "= ?", filter.state.map(DeliveryState::as_str));
            select.also_text("policy", "= ?", filter.policy.as_deref());
            read::fetch(c, &select, LATEST, page, record).await
        })
    }

    async fn failed_delivery(
        &self,
        scope: &Scope,
        id: &FailedDeliveryId,
    ) -> Result<Option<(KeptDelivery, Option<Delivered>)>> {
        reading!(self, c => {
            let key = self.key_for_reading(c, &scope.organisation).await?;
            one(c, scope, &key, id).await
        })
    }

    async fn change_failed_delivery(
        &self,
        scope: &Scope,
        change: &FailedDeliveryChange,
    ) -> Result<KeptDelivery> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, change.now).await?;
            decide(c, scope, &key, change).await
        })
    }

    async fn take_failed_delivery(
        &self,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Option<(KeptDelivery, Delivered)>> {
        // Most of the time there is nothing to do, and looking needs no writer.
        let is_there =
            reading!(self, c => Ok(query!(sql::ASKED, scope).fetch_optional(c).await?.is_some()));
        if !is_there? {
            return Ok(None);
        }
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            take(c, scope, &key, now).await
        })
    }

    async fn settle_replay(
        &self,
        scope: &Scope,
        id: &FailedDeliveryId,
        replayed: &Replayed,
        now: Timestamp,
    ) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            settle(c, scope, &key, (id, replayed), now).await
        })
    }

    async fn tidy_failed_deliveries(
        &self,
        scope: &Scope,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64> {
        writing!(self, scope, c => {
            let given_up = query!(sql::GIVE_UP, scope, before.micros(), now.micros());
            given_up.execute(c).await?;
            Ok(query!(sql::FORGET, scope, now.micros()).execute(c).await?)
        })
    }
}

async fn keep(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    failed: &[FailedDelivery],
    now: Timestamp,
) -> Inner<KeepReport> {
    for one in failed {
        let id = FailedDeliveryId::derive(scope, &[&one.key.to_string()]);
        let (content, missing) = match &one.content {
            Ok(delivered) => (Some(sealed::seal(key, scope, &id, delivered)?), ""),
            Err(why) => (None, *why),
        };
        let content_bytes = content.as_ref().map_or(0, |content| signed(content.len() as u64));
        query!(sql::KEEP, scope, id.as_str(), one.key.to_string())
            .bind(one.policy.as_str())
            .bind(one.service.as_str())
            .bind(one.time.micros())
            .bind(one.until.micros())
            .bind(now.micros())
            .bind(one.exchange.as_str())
            .bind(one.failure.as_str())
            .bind(one.status.map(i64::from))
            .bind(signed(one.bytes))
            .bind(missing)
            .bind(Value::Bytes(content.map(Into::into)))
            .bind(content_bytes)
            .execute(&mut *connection)
            .await?;
    }
    let report = make_room(connection, scope).await?;
    let ids = failed.iter().map(|one| FailedDeliveryId::derive(scope, &[&one.key.to_string()]));
    let ids: Vec<_> = ids.take(NAMED).collect();
    let details = serde_json::json!({
        "failed": failed.len(), "ids": ids, "dropped": report.dropped, "emptied": report.emptied,
    });
    note(connection, scope, key, (PRODUCT, "webhook.keep", "webhooks", details), now).await?;
    Ok(report)
}

/// Drops what is too many, and the content of what is too much.
async fn make_room(connection: &mut Connection, scope: &Scope) -> Inner<KeepReport> {
    let rows = query!(sql::BY_AGE, scope).fetch_all(&mut *connection).await?;
    let (mut report, mut bytes) = (KeepReport::default(), 0);
    for (at, row) in rows.iter().enumerate() {
        let (id, size): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        bytes += unsigned(size);
        if at >= MAX_FAILED_DELIVERIES {
            query!(sql::DROP, scope, &id).execute(&mut *connection).await?;
            report.dropped += 1;
        } else if bytes > MAX_FAILED_BYTES && size > 0 {
            bytes -= unsigned(size);
            query!(sql::EMPTY, scope, &id, "no-room").execute(&mut *connection).await?;
            report.emptied += 1;
        }
    }
    Ok(report)
}

async fn came(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    keys: &[KeyedHash],
    now: Timestamp,
) -> Inner<()> {
    let mut ids = Vec::new();
    for one in keys {
        let text = one.to_string();
        let done = query!(sql::CAME, scope, &text, now.micros()).execute(&mut *connection).await?;
        if done > 0 {
            ids.push(FailedDeliveryId::derive(scope, &[&text]));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let came = ids.len();
    ids.truncate(NAMED);
    let details = serde_json::json!({ "taken": came, "ids": ids });
    note(connection, scope, key, (PRODUCT, "webhook.came_again", "webhooks", details), now).await
}

async fn one(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    id: &FailedDeliveryId,
) -> Inner<Option<(KeptDelivery, Option<Delivered>)>> {
    let Some(row) = query!(sql::ONE, scope, id.as_str()).fetch_optional(connection).await? else {
        return Ok(None);
    };
    let kept = record(&row)?;
    let content: Option<Vec<u8>> = row.try_get("content")?;
    let content = content.map(|bytes| sealed::open(key, scope, id, &bytes)).transpose()?;
    Ok(Some((kept, content)))
}

async fn decide(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    change: &FailedDeliveryChange,
) -> Inner<KeptDelivery> {
    let id = change.id.as_str();
    let found = query!(sql::ONE, scope, id).fetch_optional(&mut *connection).await?;
    let Some(found) = found else {
        let id = id.to_owned();
        return Err(StoreError::NotFound { what: "failed delivery", id }.into());
    };
    let mut kept = record(&found)?;
    change.check(&kept)?;
    let setting = query!(sql::SET_STATE, scope, id, change.to.as_str(), change.now.micros());
    setting.execute(&mut *connection).await?;
    let action = if change.to == DeliveryState::Discarded {
        query!(sql::EMPTY, scope, id, "settled").execute(&mut *connection).await?;
        (kept.is_whole, kept.missing) = (false, "settled".to_owned());
        "webhook.discard"
    } else {
        "webhook.replay"
    };
    let details = serde_json::json!({
        "policy": kept.policy, "service": kept.service, "reason": change.reason,
    });
    note(connection, scope, key, (&change.who, action, id, details), change.now).await?;
    kept.state = change.to;
    Ok(kept)
}

async fn take(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    now: Timestamp,
) -> Inner<Option<(KeptDelivery, Delivered)>> {
    let Some(row) = query!(sql::ASKED, scope).fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let id = FailedDeliveryId::from_text(row.try_get::<String, _>(0)?);
    let set = |state: DeliveryState| {
        query!(sql::SET_STATE, scope, id.as_str().to_owned(), state.as_str(), now.micros())
    };
    match one(connection, scope, key, &id).await {
        Ok(Some((mut kept, Some(delivered)))) => {
            set(DeliveryState::Replaying).execute(connection).await?;
            kept.state = DeliveryState::Replaying;
            Ok(Some((kept, delivered)))
        }
        // What there was no room for since, or what was damaged: others must not wait behind it.
        Ok(_) | Err(Fault::Store(StoreError::CorruptRow { .. })) => {
            set(DeliveryState::Failed).execute(connection).await?;
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

async fn settle(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    (id, replayed): (&FailedDeliveryId, &Replayed),
    now: Timestamp,
) -> Inner<()> {
    let state = if replayed.is_taken { DeliveryState::Taken } else { DeliveryState::Failed };
    let done = query!(sql::REPLAYED, scope, id.as_str(), state.as_str(), now.micros())
        .bind(replayed.outcome.as_str())
        .bind(replayed.status.map(i64::from))
        .bind(replayed.exchange.as_str())
        .execute(&mut *connection)
        .await?;
    if done == 0 {
        let id = id.to_string();
        return Err(StoreError::NotFound { what: "replayed delivery", id }.into());
    }
    if replayed.is_taken {
        query!(sql::EMPTY, scope, id.as_str(), "settled").execute(&mut *connection).await?;
    }
    let details = serde_json::json!({
        "taken": replayed.is_taken, "outcome": replayed.outcome, "status": replayed.status,
        "exchange": replayed.exchange,
    });
    note(connection, scope, key, (PRODUCT, "webhook.replayed", id.as_str(), details), now).await
}

async fn note(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    (who, action, subject, details): (&str, &str, &str, serde_json::Value),
    time: Timestamp,
) -> Inner<()> {
    let (who, action, subject) = (who.to_owned(), action.to_owned(), subject.to_owned());
    let entry = AuditEntry { time, who, action, subject, details };
    audit::append(connection, scope, key, entry).await?;
    Ok(())
}

fn record(row: &Row) -> Inner<KeptDelivery> {
    let id: String = row.try_get("id")?;
    let state: String = row.try_get("state")?;
    let state = DeliveryState::parse(&state)
        .ok_or_else(|| StoreError::corrupt_row("failed delivery", &id, "its state is unknown"))?;
    let time = |column: &str| row.try_get(column).map(Timestamp::from_micros);
    let number = |column: &str| row.try_get(column).map(unsigned);
    let status: Option<i64> = row.try_get("status")?;
    let missing: String = row.try_get("missing")?;
    Ok(KeptDelivery {
        id: FailedDeliveryId::from_text(id),
        state,
        policy: row.try_get("policy")?,
        service: row.try_get("service")?,
        first: time("first_at")?,
        last: time("last_at")?,
        until: time("until_at")?,
        exchange: row.try_get("exchange")?,
        failure: row.try_get("failure")?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        failures: number("failures")?,
        replays: number("replays")?,
        bytes: number("bytes")?,
        is_whole: missing.is_empty(),
        missing,
    })
}
