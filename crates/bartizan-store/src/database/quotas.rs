//! Quotas in the database. Writers of a scope follow each other, so that what is read before it is written is
//! still true then.

use async_trait::async_trait;
use bartizan_model::{KeyedHash, QuotaPeriod, Reserved, Scope, Unused};

use super::{
    Connection, Inner, Query, SqlStore,
    audit::{signed, unsigned},
    query,
    store::writing,
};
use crate::{error::Result, quotas::Quotas, sql::quotas as sql};

#[async_trait]
impl Quotas for SqlStore {
    async fn reserve_quota(
        &self,
        scope: &Scope,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Result<Reserved> {
        writing!(self, scope, c => reserve(c, scope, (key, period), limit, amount).await)
    }

    async fn give_back_quotas(&self, scope: &Scope, unused: &[Unused]) -> Result<()> {
        writing!(self, scope, c => {
            for one in unused {
                let statement = about(sql::GIVE_BACK, scope, (one.key, one.period));
                statement.bind(signed(one.amount)).execute(c).await?;
            }
            Ok(())
        })
    }
}

fn about(
    text: &'static str,
    scope: &Scope,
    (key, period): (KeyedHash, QuotaPeriod),
) -> Query<'static> {
    query(text)
        .bind(scope.organisation.as_str().to_owned())
        .bind(scope.environment.as_str().to_owned())
        .bind(key.to_string())
        .bind(period.begins.micros())
        .bind(period.ends.micros())
}

async fn reserve(
    connection: &mut Connection,
    scope: &Scope,
    of: (KeyedHash, QuotaPeriod),
    limit: u64,
    amount: u64,
) -> Inner<Reserved> {
    let known = about(sql::RESERVED, scope, of).fetch_optional(connection).await?;
    let known = match known {
        Some(row) => unsigned(row.try_get(0)?),
        None => {
            let forget = query(sql::FORGET)
                .bind(scope.organisation.as_str())
                .bind(scope.environment.as_str())
                .bind(of.1.begins.micros());
            forget.execute(connection).await?;
            0
        }
    };
    let left = limit.saturating_sub(known);
    let granted = amount.min(left);
    if granted > 0 {
        let reserved = signed(known.saturating_add(granted));
        about(sql::RESERVE, scope, of).bind(reserved).execute(connection).await?;
    }
    Ok(Reserved { granted, left: left - granted })
}
