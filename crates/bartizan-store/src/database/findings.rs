//! The workflow of findings: every change of state writes history and an audit record in the same
//! transaction.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{Finding, FindingId, FindingState, HashKey, Scope, Timestamp};

use super::{Connection, Inner, audit, query, read};
use crate::{
    error::StoreError,
    records::{AuditEntry, FindingEvent, PRODUCT, StateChange},
    sql::statements as sql,
    workflow::{self, Former, KnownEvidence},
};

/// State of a stored finding with what is known about its evidence; `None` when it is new.
pub(super) async fn known(
    connection: &mut Connection,
    scope: &Scope,
    id: &FindingId,
) -> Inner<Option<(FindingState, KnownEvidence)>> {
    let row = query(sql::FINDING_STATE)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let state = read::state("finding", id.as_str(), &row.try_get::<String, _>(0)?)?;
    let last_seen = row.try_get::<Option<i64>, _>(1)?.map(Timestamp::from_micros);
    let failed = audit::unsigned(row.try_get(2)?);
    Ok(Some((state, KnownEvidence { last_seen, failed })))
}

pub(super) async fn set_state(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    change: &StateChange,
) -> Inner<FindingEvent> {
    workflow::check(change)?;
    let Some((from, _)) = known(connection, scope, &change.finding).await? else {
        let id = change.finding.to_string();
        return Err(StoreError::NotFound { what: "finding", id }.into());
    };
    write_state(connection, scope, key, change, from).await
}

/// Writes a change that is known to be allowed.
pub(super) async fn write_state(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    change: &StateChange,
    from: FindingState,
) -> Inner<FindingEvent> {
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    let expiry = change.expiry.map(Timestamp::micros);
    query(sql::SET_FINDING_STATE)
        .bind(organisation)
        .bind(environment)
        .bind(change.finding.as_str())
        .bind(change.to.as_str())
        .bind(expiry)
        .execute(&mut *connection)
        .await?;
    query(sql::ADD_FINDING_HISTORY)
        .bind(organisation)
        .bind(environment)
        .bind(change.finding.as_str())
        .bind(change.now.micros())
        .bind(&change.who)
        .bind(from.as_str())
        .bind(change.to.as_str())
        .bind(&change.reason)
        .bind(expiry)
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: change.now,
        who: change.who.clone(),
        action: "finding.state".to_owned(),
        subject: change.finding.to_string(),
        details: serde_json::json!({
            "from": from, "to": change.to, "reason": change.reason, "expiry": change.expiry,
        }),
    };
    audit::append(connection, scope, key, entry).await?;
    let events = history(connection, scope, &change.finding).await?;
    events.into_iter().next_back().ok_or_else(|| {
        StoreError::corrupt_row("finding", change.finding.as_str(), "its history is empty").into()
    })
}

pub(super) async fn history(
    connection: &mut Connection,
    scope: &Scope,
    id: &FindingId,
) -> Inner<Vec<FindingEvent>> {
    let rows = query(sql::FINDING_HISTORY)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(id.as_str())
        .fetch_all(connection)
        .await?;
    let state = |text: String| read::state("finding history", id.as_str(), &text);
    rows.iter()
        .map(|row| {
            Ok(FindingEvent {
                sequence: audit::unsigned(row.try_get(0)?),
                time: Timestamp::from_micros(row.try_get(1)?),
                who: row.try_get(2)?,
                from: state(row.try_get(3)?)?,
                to: state(row.try_get(4)?)?,
                reason: row.try_get(5)?,
                expiry: row.try_get::<Option<i64>, _>(6)?.map(Timestamp::from_micros),
            })
        })
        .collect()
}

/// Opens what lapsed.
pub(super) async fn expire(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    now: Timestamp,
) -> Inner<Vec<FindingId>> {
    let rows = query(sql::EXPIRED_FINDINGS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(now.micros())
        .fetch_all(&mut *connection)
        .await?;
    let mut expired = Vec::with_capacity(rows.len());
    for row in rows {
        let id: String = row.try_get(0)?;
        let from = read::state("finding", &id, &row.try_get::<String, _>(1)?)?;
        let finding = FindingId::from_text(id);
        let change = reopening(finding.clone(), "the decision lapsed", now);
        write_state(connection, scope, key, &change, from).await?;
        expired.push(finding);
    }
    Ok(expired)
}

/// New findings of whole hosts take the place of those of single endpoints with the same check, host
/// and discriminator: what an earlier version reported once per endpoint. They stay, with their
/// history, in the state *replaced*; a new one inherits what was decided about all of its own.
/// Returns which were replaced.
pub(super) async fn replace(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    new: &[&Finding],
    now: Timestamp,
) -> Inner<Vec<FindingId>> {
    let mut replaced = Vec::new();
    let codes: BTreeSet<&str> = new.iter().map(|finding| finding.code.as_str()).collect();
    for code in codes {
        let mut formers = formers(connection, scope, code).await?;
        for finding in new.iter().filter(|finding| finding.code == code) {
            let subject = (finding.host.clone(), finding.discriminator.clone());
            let Some(own) = formers.remove(&subject) else { continue };
            inherit(connection, scope, key, finding, &own, now).await?;
            for former in own {
                let change = StateChange {
                    finding: former.id.clone(),
                    to: FindingState::Replaced,
                    who: PRODUCT.to_owned(),
                    reason: format!("{} stands for the whole host", finding.id),
                    expiry: None,
                    now,
                };
                write_state(connection, scope, key, &change, former.state).await?;
                replaced.push(former.id);
            }
        }
    }
    Ok(replaced)
}

/// Findings of single endpoints with one code, by host and discriminator.
async fn formers(
    connection: &mut Connection,
    scope: &Scope,
    code: &str,
) -> Inner<BTreeMap<(String, String), Vec<Former>>> {
    let rows = query(sql::FORMER_FINDINGS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(code)
        .fetch_all(&mut *connection)
        .await?;
    let mut out: BTreeMap<_, Vec<Former>> = BTreeMap::new();
    for row in rows {
        let id: String = row.try_get(0)?;
        let body: Finding = read::parse("finding", id.clone(), row.try_get(5)?)?;
        let former = Former {
            state: read::state("finding", &id, &row.try_get::<String, _>(1)?)?,
            expiry: row.try_get::<Option<i64>, _>(2)?.map(Timestamp::from_micros),
            evidence: KnownEvidence {
                last_seen: row.try_get::<Option<i64>, _>(3)?.map(Timestamp::from_micros),
                failed: audit::unsigned(row.try_get(4)?),
            },
            id: FindingId::from_text(id),
        };
        out.entry((body.host, body.discriminator)).or_default().push(former);
    }
    Ok(out)
}

/// Writes the decision that a finding inherits, when there is one.
async fn inherit(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    finding: &Finding,
    formers: &[Former],
    now: Timestamp,
) -> Inner<()> {
    let Some(former) = workflow::inherited(formers, finding) else { return Ok(()) };
    let last = history(connection, scope, &former.id).await?.pop();
    let reason = last.map(|event| event.reason).unwrap_or_default();
    let change = StateChange {
        finding: finding.id.clone(),
        to: former.state,
        who: PRODUCT.to_owned(),
        reason: format!("taken over from {}: {reason}", former.id),
        expiry: former.expiry,
        now,
    };
    write_state(connection, scope, key, &change, finding.state).await?;
    Ok(())
}

/// The change that the product makes by itself.
pub(super) fn reopening(finding: FindingId, reason: &str, now: Timestamp) -> StateChange {
    StateChange {
        finding,
        to: FindingState::Open,
        who: PRODUCT.to_owned(),
        reason: reason.to_owned(),
        expiry: None,
        now,
    }
}
