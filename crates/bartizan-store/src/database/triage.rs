//! Assignees of findings and comments on them, each change with its audit record in one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{FindingId, HashKey, Scope, Timestamp};

use super::{
    Connection, Inner, SqlStore, audit,
    glance::by_ids,
    logins, query,
    store::{reading, writing},
};
use crate::{
    error::{Result, StoreError},
    records::AuditEntry,
    sql::triage as sql,
    triage::{Assignment, FindingComment, NewComment, Triage, check_comment},
};

/// A query about a finding.
macro_rules! of_finding {
    ($sql:expr, $scope:expr, $finding:expr) => {
        query($sql)
            .bind($scope.organisation.as_str())
            .bind($scope.environment.as_str())
            .bind($finding.as_str())
    };
}

#[async_trait]
impl Triage for SqlStore {
    async fn assign_finding(&self, scope: &Scope, assignment: &Assignment) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, assignment.now).await?;
            assign(c, scope, &key, assignment).await
        })
    }

    async fn assignees(
        &self,
        scope: &Scope,
        ids: &[FindingId],
    ) -> Result<BTreeMap<FindingId, String>> {
        reading!(self, c => {
            let ids: Vec<&str> = ids.iter().map(FindingId::as_str).collect();
            let rows = by_ids(c, scope, sql::ASSIGNEES, &ids).await?;
            let read = |row: &super::Row| {
                let id: String = row.try_get(0)?;
                Ok((FindingId::from_text(id), row.try_get(1)?))
            };
            rows.iter().map(read).collect()
        })
    }

    async fn comment_on_finding(&self, scope: &Scope, new: &NewComment) -> Result<FindingComment> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, new.now).await?;
            comment(c, scope, &key, new).await
        })
    }

    async fn finding_comments(&self, scope: &Scope, id: &FindingId) -> Result<Vec<FindingComment>> {
        reading!(self, c => {
            let rows = of_finding!(sql::COMMENTS, scope, id).fetch_all(c).await?;
            let read = |row: &super::Row| Ok(FindingComment {
                sequence: audit::unsigned(row.try_get(0)?),
                time: Timestamp::from_micros(row.try_get(1)?),
                who: row.try_get(2)?,
                text: row.try_get(3)?,
            });
            rows.iter().map(read).collect()
        })
    }
}

async fn assign(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    assignment: &Assignment,
) -> Inner<()> {
    let Assignment { finding, to, who, now } = assignment;
    let before = assignee(connection, scope, finding).await?;
    if before == *to {
        return Ok(());
    }
    if let Some(name) = to {
        let user = logins::user(connection, scope, name).await?;
        if user.is_none_or(|(user, _)| user.disabled) {
            let subject = format!("finding {finding}");
            let reason = "who is to work on it is no user who may log in";
            return Err(StoreError::InvalidChange { subject, reason }.into());
        }
    }
    of_finding!(sql::SET_ASSIGNEE, scope, finding)
        .bind(to.as_deref())
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: *now,
        who: who.clone(),
        action: "finding.assign".to_owned(),
        subject: finding.to_string(),
        details: serde_json::json!({"from": before, "to": to}),
    };
    audit::append(connection, scope, key, entry).await?;
    Ok(())
}

/// Who works on a finding, which must be there.
async fn assignee(
    connection: &mut Connection,
    scope: &Scope,
    finding: &FindingId,
) -> Inner<Option<String>> {
    let row = of_finding!(sql::ASSIGNEE, scope, finding).fetch_optional(connection).await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(StoreError::NotFound { what: "finding", id: finding.to_string() }.into()),
    }
}

async fn comment(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    new: &NewComment,
) -> Inner<FindingComment> {
    assignee(connection, scope, &new.finding).await?;
    let counted = of_finding!(sql::COMMENT_COUNT, scope, new.finding).fetch_one(&mut *connection);
    let counted = counted.await?;
    check_comment(new, audit::unsigned(counted.try_get(0)?))?;
    let sequence = counted.try_get::<i64, _>(1)? + 1;
    of_finding!(sql::ADD_COMMENT, scope, new.finding)
        .bind(sequence)
        .bind(new.now.micros())
        .bind(&new.who)
        .bind(&new.text)
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: new.now,
        who: new.who.clone(),
        action: "finding.comment".to_owned(),
        subject: new.finding.to_string(),
        details: serde_json::json!({"sequence": sequence, "text": new.text}),
    };
    audit::append(connection, scope, key, entry).await?;
    Ok(FindingComment {
        sequence: audit::unsigned(sequence),
        time: new.now,
        who: new.who.clone(),
        text: new.text.clone(),
    })
}
